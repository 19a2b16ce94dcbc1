"""The services of a running platform as one record; the composition root fills it, the ways in take it from there."""

from __future__ import annotations

from dataclasses import dataclass

from govcloud.access.asking.blocked import Blocked
from govcloud.access.asking.queries import AskingQueries
from govcloud.access.asking.service import Asking
from govcloud.access.clocks.clock_rules import ClockPolicies
from govcloud.access.clocks.escalating import Escalating
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.clocks.waiting import Waiting
from govcloud.access.deciding.approving import Approving
from govcloud.access.ending.service import Ending
from govcloud.access.evidence.receipts import Receipts
from govcloud.access.life.service import GrantLife
from govcloud.access.notices.announcing import Announcing
from govcloud.access.notices.desk import NoticeDesk
from govcloud.access.notices.forgetting import Forgetting
from govcloud.access.notices.queries import NoticeQueries
from govcloud.access.notices.telling import Telling
from govcloud.access.queries import AccessQueries
from govcloud.access.reports.service import AccessReports
from govcloud.access.service import Access
from govcloud.audit.queries import AuditQueries
from govcloud.audit.sequencer import Sequencer
from govcloud.audit.service import AuditTrail
from govcloud.authorization.apart.service import Apart
from govcloud.authorization.around.calendar_days import Calendars
from govcloud.authorization.decision_log.service import DecisionLog
from govcloud.authorization.drafting.queries import DraftQueries
from govcloud.authorization.drafting.service import Drafting
from govcloud.authorization.drafting.shadowing import Shadowing
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.rights.acknowledging import Acknowledgements
from govcloud.authorization.service import Authorization
from govcloud.identity.importing.runs import ImportQueries
from govcloud.identity.importing.service import Importing
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.service import Identity
from govcloud.identity.tree import TreeQueries
from govcloud.kernel.answered_calls import AnsweredCalls
from govcloud.kernel.clock import Clock
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.rates import Rates
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.queries import OutboxQueries
from govcloud.settings import Settings
from govcloud.signon.cas.service import Cas
from govcloud.signon.ceremony import Ceremony
from govcloud.signon.factors.service import SecondFactors
from govcloud.signon.forwarding.service import Forwarding
from govcloud.signon.launcher import Launcher
from govcloud.signon.logout.closed_doors import ClosedDoors
from govcloud.signon.logout.queries import LogoutQueries
from govcloud.signon.logout.service import Logout
from govcloud.signon.oauth.delegating import Delegating
from govcloud.signon.oauth.devices import Devices
from govcloud.signon.oauth.dpop import Dpop
from govcloud.signon.oauth.service import OAuth
from govcloud.signon.password_rules import PasswordRules
from govcloud.signon.policy import Policies
from govcloud.signon.service import SignOn
from govcloud.signon.step_up import StepUp
from govcloud.signon.throttle import FailureLimits
from govcloud.signon.trying import Trying
from govcloud.subsystems.probing.service import Probing
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.service import Subsystems


@dataclass(frozen=True, kw_only=True)
class KernelServices:
    """The ground that all stand on."""

    settings: Settings
    clock: Clock
    keys: KeyRing
    key_rotation: KeyRotation
    uow: UnitOfWork
    answered_calls: AnsweredCalls


@dataclass(frozen=True, kw_only=True)
class IdentityServices:
    """Who there is."""

    identity: Identity
    identity_queries: IdentityQueries
    tree_queries: TreeQueries
    importing: Importing
    import_queries: ImportQueries


@dataclass(frozen=True, kw_only=True)
class SubsystemServices:
    """What there is to use."""

    subsystems: Subsystems
    subsystem_queries: SubsystemQueries
    probing: Probing


@dataclass(frozen=True, kw_only=True)
class AuthorizationServices:
    """Who may use what."""

    authorization: Authorization
    authorization_queries: AuthorizationQueries
    decision_rates: Rates
    decision_log: DecisionLog
    drafting: Drafting
    draft_queries: DraftQueries
    shadowing: Shadowing
    given_out: GivenOut
    apart: Apart
    acknowledgements: Acknowledgements
    calendars: Calendars


@dataclass(frozen=True, kw_only=True)
class SignOnServices:
    """Who is here."""

    signon: SignOn
    signon_policies: Policies
    launcher: Launcher
    trying: Trying
    cas: Cas
    forwarding: Forwarding
    oauth: OAuth
    dpop: Dpop
    devices: Devices
    delegating: Delegating
    logout: Logout
    closed_doors: ClosedDoors
    logout_queries: LogoutQueries
    ceremony: Ceremony
    second_factors: SecondFactors
    step_up: StepUp
    password_rules: PasswordRules
    failure_limits: FailureLimits


@dataclass(frozen=True, kw_only=True)
class AccessServices:
    """Who asks for what, and who lets them."""

    access: Access
    access_queries: AccessQueries
    approving: Approving
    asking: Asking
    asking_queries: AskingQueries
    receipts: Receipts
    receipt_key_rotation: KeyRotation
    blocked: Blocked
    grant_life: GrantLife
    ending: Ending
    access_reports: AccessReports
    clock_policies: ClockPolicies
    clocks: Clocks
    escalating: Escalating
    waiting: Waiting
    notice_desk: NoticeDesk
    notice_queries: NoticeQueries
    announcing: Announcing
    telling: Telling
    notice_forgetting: Forgetting


@dataclass(frozen=True, kw_only=True)
class RecordServices:
    """What happened, and what was promised."""

    audit: AuditTrail
    audit_queries: AuditQueries
    sequencer: Sequencer
    delivery: Delivery
    outbox_queries: OutboxQueries


@dataclass(frozen=True, kw_only=True)
class Services(
    KernelServices,
    IdentityServices,
    SubsystemServices,
    AuthorizationServices,
    SignOnServices,
    AccessServices,
    RecordServices,
):
    """What entry points, jobs and commands of the command line work with."""
