"""Every service, made once and tied to the others: the part of the composition root that knows the domains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, NullPool, create_engine, func, select
from sqlalchemy.orm import Session

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
from govcloud.access.notices.parts import Known, NoticeParts
from govcloud.access.parts import Parts as AccessParts
from govcloud.access.queries import AccessQueries
from govcloud.access.reports.service import AccessReports
from govcloud.access.service import Access
from govcloud.access.tasks.lending import lent_among
from govcloud.audit.queries import AuditQueries
from govcloud.audit.recorder import AuditRecorder
from govcloud.audit.sequencer import Sequencer
from govcloud.audit.service import AuditTrail
from govcloud.authorization.acknowledging import Acknowledgements, note_received, note_refused
from govcloud.authorization.apart.service import Apart
from govcloud.authorization.authorizer import EngineAuthorizer
from govcloud.authorization.calendar_days import Calendars, LiveCalendar
from govcloud.authorization.clock_watch import ClockWatch
from govcloud.authorization.decider import Decider
from govcloud.authorization.decision_log.service import DecisionLog
from govcloud.authorization.drafting.queries import DraftQueries
from govcloud.authorization.drafting.service import Drafting
from govcloud.authorization.drafting.shadowing import Shadowing
from govcloud.authorization.given_out import GivenOut
from govcloud.authorization.network_zones import zones_of
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.replica.database import known_identity
from govcloud.authorization.replica.reading import Replica
from govcloud.authorization.service import Authorization
from govcloud.authorization.surroundings import Surroundings
from govcloud.authorization.work_calendar import WorkCalendar, WorkCalendarError, read_calendar, shipped_calendar
from govcloud.identity.importing.runs import ImportQueries
from govcloud.identity.importing.service import Importing
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.reorganisation import MOST_NAMED, Affected, Elsewhere
from govcloud.identity.service import Identity
from govcloud.identity.tree import TreeQueries
from govcloud.identity.views import DepartmentView
from govcloud.kernel.answered_calls import AnsweredCalls
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.kernel.connections import NOTICING
from govcloud.kernel.database import db, looking_on
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import RECEIPTS, KeyRing
from govcloud.kernel.languages import words_in
from govcloud.kernel.prepared import Look, Looker
from govcloud.kernel.rates import Rates
from govcloud.kernel.signing import ES256
from govcloud.kernel.turn import Turn
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.queries import OutboxQueries
from govcloud.outbox.recorder import OutboxRecorder
from govcloud.outbox.webhooks import StandardWebhooks
from govcloud.reactions import subscribe_reactions
from govcloud.services import Services
from govcloud.settings import Environment, Settings, SettingsError
from govcloud.signon.cas.service import Cas
from govcloud.signon.factors.service import SecondFactors
from govcloud.signon.forwarding.service import Forwarding
from govcloud.signon.imported import accept_hashes
from govcloud.signon.launcher import Launcher
from govcloud.signon.logout.closed_doors import SWEEP, ClosedDoors
from govcloud.signon.logout.leaving import Leaving
from govcloud.signon.logout.queries import LogoutQueries
from govcloud.signon.logout.service import Logout
from govcloud.signon.logout.telling import LogoutNotices
from govcloud.signon.oauth.delegating import Delegating
from govcloud.signon.oauth.devices import Devices
from govcloud.signon.oauth.dpop import Dpop
from govcloud.signon.oauth.issuing import Issuing
from govcloud.signon.oauth.service import OAuth
from govcloud.signon.oauth.user_codes import Guesses
from govcloud.signon.parts import Parts
from govcloud.signon.policy import Policies, SignOnPolicy
from govcloud.signon.service import SignOn
from govcloud.signon.sessions import Sessions
from govcloud.signon.step_up import StepUp, StepUpAuthorizer
from govcloud.signon.throttle import FailureLimits
from govcloud.signon.tokens import Tokens
from govcloud.signon.trying import Trying
from govcloud.subsystems.probing.service import Probing
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.sensitive import sensitive_functions
from govcloud.subsystems.service import Subsystems
from govcloud.subsystems.usage import CountUsage, Usage
from govcloud.subsystems.webhooks import Webhooks

_DATABASE_TIME = Look(select(func.clock_timestamp().label("at")))


def _looker(engine: Engine) -> Callable[[], AbstractContextManager[Connection]]:
    """Return what gives the connection of a single read: that of the request's reading session if it holds one, else another."""
    looking = looking_on(engine)

    def looker() -> AbstractContextManager[Connection]:
        held = db.session.registry.has() and db.session().in_transaction()
        return nullcontext(db.session.connection()) if held else looking()

    return looker


def base_calendar(settings: Settings) -> WorkCalendar:
    """Return the working calendar of the installation, to which imported days are added.

    Raises:
        SettingsError: the file of days is wrong.
    """
    if settings.work_calendar_file is None:
        return shipped_calendar()
    try:
        return shipped_calendar().amended_by(read_calendar(settings.work_calendar_file))
    except WorkCalendarError as error:
        raise SettingsError(f"GOVCLOUD_WORK_CALENDAR_FILE: {error}") from error


def surroundings(settings: Settings) -> Surroundings:
    """Return the working calendar of the installation and the network zones by which the platform decides.

    Raises:
        SettingsError: the file of days or the networks are wrong.
    """
    try:
        return Surroundings(base_calendar(settings), zones_of(settings.network_zones))
    except ValueError as error:
        raise SettingsError(f"GOVCLOUD_NETWORK_ZONES: {error}") from error


def wire(settings: Settings, clock: Clock, master: bytes) -> Services:
    """Make every service and tie the knots between the domains; needs an application context."""
    engine = db.engine

    def read() -> Session:
        return uow.read()

    def look(query: Look, **values: Any) -> list[Any]:  # noqa: ANN401 - what its parameters take
        return uow.look(query, **values)

    def rules() -> SignOnPolicy:
        return policies.current()

    keys = KeyRing(master, read, clock)
    identity_queries = IdentityQueries(read, keys, clock)
    subsystem_queries = SubsystemQueries(read, look, keys, clock)
    webhooks = Webhooks(subsystem_queries, keys)
    calendar = LiveCalendar(look, clock, base_calendar(settings))
    decider = Decider(
        read,
        identity_queries,
        subsystem_queries,
        clock,
        surroundings=replace(surroundings(settings), calendar=calendar),
        source=_replica(settings, read, lambda: uow.at_work()),  # noqa: PLW0108 - it is made below
        watch=_watch(settings, clock, look),
    )
    uow = UnitOfWork(
        sessions=lambda: Session(bind=engine, expire_on_commit=False),
        reader=db.session,
        release_reader=db.session.remove,
        authorizer=StepUpAuthorizer(EngineAuthorizer(decider), rules),
        clock=clock,
        recorders=(AuditRecorder(), OutboxRecorder(webhooks.destinations)),
        looker=_looker(engine),
    )
    decider.lent_to = lambda officials, now: lent_among(read(), officials, now)
    authorization = Authorization(uow, decider, clock)
    authorization_queries = AuthorizationQueries(read, decider, clock)
    clock_policies = ClockPolicies(uow, read, clock)
    clocks = Clocks(clock_policies.current, calendar.current)
    access_queries = AccessQueries(read, identity_queries, subsystem_queries, authorization_queries, clock=clock, clocks=clocks)
    known = Known(identity_queries, subsystem_queries, authorization_queries)
    notices = NoticeParts.build(
        uow, read, look, clock=clock, keys=keys, settings=settings, known=known, words=words_in, years=lambda: calendar.current().years
    )
    receipt_keys = KeyRotation(uow, keys, timedelta(days=settings.signing_key_days), RECEIPTS, (ES256,))
    receipts = Receipts(uow, read, keys, receipt_keys, identity_queries, authorization_queries, settings.public_url)
    access_parts = AccessParts.build(
        uow, identity_queries, subsystem_queries, authorization, authorization_queries, clock=clock, clocks=clocks, receipts=receipts
    )
    elsewhere = count_holdings(identity_queries, subsystem_queries, authorization_queries, access_queries)
    policies = Policies(uow, read, clock, settings)
    leaving = Leaving(subsystem_queries)
    sessions = Sessions(uow, identity_queries, keys, clock, policies, leaving)
    issuing = Issuing(identity_queries, keys, Tokens(keys, clock, settings), policies, settings)
    decision_log = DecisionLog(
        uow,
        read,
        engine,
        clock,
        sensitive_functions,
        sample=settings.decision_log_sample,
        keep=timedelta(days=settings.decision_log_days),
        follow=note_refused,
    )
    shadowing = Shadowing(uow, decider, clock)
    given_out = GivenOut(decision_log, shadowing)
    parts = Parts.build(uow, identity_queries, authorization, keys, clock, settings, policies, sessions, given_out)
    signon = SignOn(uow, identity_queries, subsystem_queries, authorization, keys, settings, clock, issuing, parts)
    outbox_queries = OutboxQueries(read)
    step_up = StepUp(uow, identity_queries, parts, policies, clock)
    identity = Identity(uow, keys, clock, elsewhere)
    access = Access(access_parts, authorization)
    asking_queries = AskingQueries(read, access_parts.facts, clock, clocks)
    services = Services(
        settings=settings,
        clock=clock,
        keys=keys,
        key_rotation=KeyRotation(uow, keys, timedelta(days=settings.signing_key_days)),
        uow=uow,
        answered_calls=AnsweredCalls(uow),
        identity=identity,
        identity_queries=identity_queries,
        tree_queries=TreeQueries(read, clock),
        importing=Importing(uow, keys, clock, identity, partial(accept_hashes, authorization)),
        import_queries=ImportQueries(read),
        subsystems=Subsystems(
            uow,
            keys,
            clock,
            count_usage(authorization_queries, access_queries),
            authorization_queries.promised,
            loopback_allowed=settings.environment is not Environment.PRODUCTION,
        ),
        subsystem_queries=subsystem_queries,
        probing=Probing(
            uow,
            subsystem_queries,
            identity_queries,
            clock,
            public_url=settings.public_url,
            loopback_allowed=settings.environment is not Environment.PRODUCTION,
        ),
        authorization=authorization,
        authorization_queries=authorization_queries,
        decision_rates=Rates(settings.decision_rate, 2 * settings.decision_rate),
        decision_log=decision_log,
        drafting=Drafting(uow, read, decider, clock),
        draft_queries=DraftQueries(read, decider, clock),
        shadowing=shadowing,
        given_out=given_out,
        signon=signon,
        signon_policies=policies,
        launcher=Launcher(uow, subsystem_queries, clock),
        trying=Trying(identity_queries, authorization, clock, settings),
        cas=Cas(
            uow=uow,
            entering=parts.entering,
            sessions=sessions,
            identity=identity_queries,
            subsystems=subsystem_queries,
            keys=keys,
            clock=clock,
            settings=settings,
        ),
        forwarding=Forwarding(
            uow=uow,
            sessions=sessions,
            entering=parts.entering,
            authorization=authorization,
            given_out=given_out,
            identity=identity_queries,
            subsystems=subsystem_queries,
            keys=keys,
            clock=clock,
            settings=settings,
            strong=step_up.strong,
        ),
        oauth=OAuth(uow, subsystem_queries, keys, clock, settings, sessions, issuing),
        dpop=Dpop(uow, keys, clock),
        devices=Devices(uow, sessions, parts.entering, keys, Guesses(keys, parts.throttle), issuing),
        delegating=Delegating(
            uow=uow,
            subsystems=subsystem_queries,
            authorization=authorization,
            given_out=given_out,
            sessions=sessions,
            issuing=issuing,
            clock=clock,
        ),
        logout=Logout(uow, identity_queries, subsystem_queries, sessions, leaving, settings.public_url),
        closed_doors=ClosedDoors(uow, subsystem_queries, authorization, authorization_queries, leaving, clock, Turn(engine, SWEEP)),
        logout_queries=LogoutQueries(read, subsystem_queries, outbox_queries, clock),
        ceremony=parts.ceremony,
        second_factors=SecondFactors(uow, identity_queries, parts, step_up),
        step_up=step_up,
        password_rules=parts.rules,
        failure_limits=FailureLimits(uow, parts.throttle),
        access=access,
        approving=Approving.build(access_parts),
        access_queries=access_queries,
        asking=Asking(uow, access.submitting, access_parts.facts, asking_queries, keys),
        asking_queries=asking_queries,
        receipts=receipts,
        receipt_key_rotation=receipt_keys,
        apart=Apart(uow, decider),
        blocked=Blocked(uow, clock, authorization_queries.apart, access_parts.placing.begin),
        grant_life=GrantLife(uow, access, authorization, clock),
        ending=Ending(uow, access, authorization, authorization_queries, clock),
        acknowledgements=Acknowledgements(read),
        access_reports=AccessReports(read, access.facts, clock),
        audit=AuditTrail(uow),
        audit_queries=AuditQueries(read),
        sequencer=Sequencer(uow),
        delivery=Delivery(
            uow,
            {
                "subsystem": StandardWebhooks(webhooks.endpoint, lambda: decider.facts.state().epoch, note_received),
                "client": LogoutNotices(subsystem_queries, issuing.tokens, keys),
                "mail": notices.letters,
            },
            notices.server,
        ),
        outbox_queries=outbox_queries,
        calendars=Calendars(uow, calendar),
        clock_policies=clock_policies,
        clocks=clocks,
        escalating=Escalating(uow, clock, access_parts.opening, access_parts.rules),
        waiting=Waiting(read, identity_queries, authorization_queries, clocks, clock),
        notice_desk=notices.desk,
        notice_queries=notices.queries,
        announcing=notices.announcing,
        telling=notices.telling,
        notice_forgetting=notices.forgetting,
    )
    subscribe_reactions(services)
    return services


def _replica(settings: Settings, read: Callable[[], Session], busy: Callable[[], bool]) -> Replica | None:
    """Return this machine's replica of what decisions read, if it is to have one."""
    if settings.replica_dir is None:
        return None
    return Replica(settings.replica_dir, settings.replica_bound_seconds, identity=partial(known_identity, read), busy=busy)


def _watch(settings: Settings, clock: Clock, look: Looker) -> ClockWatch | None:
    """Return what compares this machine's clock with the database's; a clock that is set by hand belongs to no machine."""
    if not isinstance(clock, SystemClock):
        return None
    return ClockWatch(clock, lambda: look(_DATABASE_TIME)[0].at, timedelta(seconds=settings.clock_bound_seconds))


def make_policies_beside(services: Services, settings: Settings) -> None:
    """Let a server compile new policies on threads of their own, each on a connection of its own."""
    engine = create_engine(settings.database_url, poolclass=NullPool, hide_parameters=True, connect_args=NOTICING)
    services.authorization.make_policies_beside(lambda: Session(engine))


def count_holdings(
    identity: IdentityQueries, subsystems: SubsystemQueries, authorization: AuthorizationQueries, access: AccessQueries
) -> Elsewhere:
    """Return what counts the roles, catalogue entries and open lines that hang on departments, for previews of identity."""

    def count(departments: Sequence[DepartmentView], below: bool) -> Sequence[Affected]:  # noqa: FBT001 - the port's signature
        paths = [view.path for view in departments]
        roles, holders = authorization.delegated(paths, MOST_NAMED)
        names, known = identity.official_names({official for official, _ in holders}), authorization.policy().roles
        lines, numbers = access.open_lines_within(paths, MOST_NAMED)
        # What departments own stays theirs when they move with all below them.
        owned = {} if below else subsystems.owned(view.id for view in departments)
        found = [
            Affected("roles", roles, tuple(f"{names[who]}（{known[role].name if role in known else role}）" for who, role in holders)),
            *(Affected(kind, *counted) for kind, counted in owned.items()),
            Affected("lines", lines, numbers),
        ]
        return [item for item in found if item.count]

    return count


def count_usage(authorization: AuthorizationQueries, access: AccessQueries) -> CountUsage:
    """Return what counts the grants and waiting requests that hang on functions, for the catalogue's commands."""

    def count(functions: Sequence[str]) -> Usage:
        return Usage(authorization.live_grants_of(functions), access.open_lines_of(functions)) if functions else Usage(0, 0)

    return count
