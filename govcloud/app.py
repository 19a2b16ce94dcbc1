"""The composition root: it alone knows every room, wires them together and makes the application."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from flask import Flask
from sqlalchemy import MetaData
from sqlalchemy.orm import Session

from govcloud.access.queries import AccessQueries
from govcloud.access.service import Access
from govcloud.audit.queries import AuditQueries
from govcloud.audit.recorder import AuditRecorder
from govcloud.audit.sequencer import Sequencer
from govcloud.audit.service import AuditTrail
from govcloud.authorization.authorizer import EngineAuthorizer
from govcloud.authorization.decider import Decider
from govcloud.authorization.events import GrantClosed, GrantSuspended
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.service import Authorization
from govcloud.cli.main import run
from govcloud.entrypoints.api.blueprint import api
from govcloud.entrypoints.api.feeds import feeds
from govcloud.entrypoints.authzen.blueprint import authzen
from govcloud.entrypoints.cas import cas
from govcloud.entrypoints.console.setup import init_console
from govcloud.entrypoints.forward_auth import forward_auth
from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.scim.blueprint import scim
from govcloud.identity.events import (
    AppointmentEnded,
    AppointmentRescheduled,
    DepartmentAbolished,
    DepartmentMerged,
    DepartmentMoved,
    DepartmentSplit,
    LeaveUndone,
    OfficialDisabled,
    OfficialLeft,
    OfficialRejoined,
    OfficialRestored,
    PersonnelChangeRecorded,
    PersonnelChangeSettled,
)
from govcloud.identity.importing.runs import ImportQueries
from govcloud.identity.importing.service import Importing
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.reorganisation import MOST_NAMED, Affected, Elsewhere
from govcloud.identity.service import Identity
from govcloud.identity.tree import TreeQueries
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.kernel.crypto import read_master_key
from govcloud.kernel.database import Base, db, keep_values_out_of_errors
from govcloud.kernel.key_rotation import KeyRotation
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.queries import OutboxQueries
from govcloud.outbox.recorder import OutboxRecorder
from govcloud.outbox.webhooks import StandardWebhooks
from govcloud.services import Services
from govcloud.settings import Environment, Settings, load_settings
from govcloud.signon.cas.service import Cas
from govcloud.signon.factors import models as _factors  # noqa: F401 - its tables
from govcloud.signon.factors.service import SecondFactors
from govcloud.signon.forwarding.service import Forwarding
from govcloud.signon.imported import accept_hashes
from govcloud.signon.launcher import Launcher
from govcloud.signon.logout import models as _logout  # noqa: F401 - its tables
from govcloud.signon.logout.leaving import Leaving
from govcloud.signon.logout.queries import LogoutQueries
from govcloud.signon.logout.service import Logout
from govcloud.signon.logout.telling import LogoutNotices
from govcloud.signon.logout.views import GrantEnding
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
from govcloud.subsystems.events import ClientDisabled, SubsystemHandedOver, SubsystemRetired
from govcloud.subsystems.probing.service import Probing
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.service import Subsystems
from govcloud.subsystems.usage import CountUsage, Usage
from govcloud.subsystems.webhooks import Webhooks
from govcloud.web.setup import configure_web
from govcloud.web.uploads import declare_upload


def metadata() -> MetaData:
    """Return the tables of every domain; importing this module has imported them all."""
    return Base.metadata


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Return the platform as a WSGI application, with every way in; takes and raises what ``assemble`` does."""
    app = assemble(settings, clock)
    register_entrypoints(app)
    return app


def assemble(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Return the platform with its services (``app.extensions["govcloud"]``) and no way in yet, as the command line uses it.

    Args:
        settings: typed settings; by default those of the environment.
        clock: the one clock; tests hand in one that they move themselves.

    Raises:
        SettingsError: a setting is missing or unsafe.
        MasterKeyError: the master key cannot be used.
    """
    settings = settings or load_settings()
    clock = clock or SystemClock()
    master = read_master_key(settings.master_key_file)
    app = Flask("govcloud", root_path=str(Path(__file__).parent), static_folder=None)
    app.config["SQLALCHEMY_DATABASE_URI"] = settings.database_url
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = _engine_options(settings)
    db.init_app(app)
    with app.app_context():
        keep_values_out_of_errors(db.engine)
        services = wire(settings, clock, master)
    app.extensions["govcloud"] = services
    configure_web(app, settings, services.keys.derived("web/forms"))
    return app


def _engine_options(settings: Settings) -> dict[str, object]:
    """Return how the platform keeps its connections: what went away is noticed within seconds, and no value gets into a log."""
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": 4,
        "pool_pre_ping": True,
        "hide_parameters": True,
        # Without these, a server that vanished from the network would hold a worker for minutes.
        "connect_args": {"connect_timeout": 5, "tcp_user_timeout": 10_000},
    }


def wire(settings: Settings, clock: Clock, master: bytes) -> Services:
    """Make every service and tie the knots between the domains; needs an application context."""
    engine = db.engine

    def read() -> Session:
        return uow.read()

    def rules() -> SignOnPolicy:
        return policies.current()

    keys = KeyRing(master, read, clock)
    identity_queries = IdentityQueries(read, keys, clock)
    subsystem_queries = SubsystemQueries(read, keys, clock)
    webhooks = Webhooks(subsystem_queries, keys)
    decider = Decider(read, identity_queries, subsystem_queries, clock)
    uow = UnitOfWork(
        sessions=lambda: Session(bind=engine, expire_on_commit=False),
        reader=db.session,
        release_reader=db.session.remove,
        authorizer=StepUpAuthorizer(EngineAuthorizer(decider), rules),
        clock=clock,
        recorders=(AuditRecorder(), OutboxRecorder(webhooks.destinations)),
    )
    authorization = Authorization(uow, decider)
    authorization_queries = AuthorizationQueries(read, decider, clock)
    access_queries = AccessQueries(read, identity_queries, subsystem_queries, authorization_queries, clock)
    elsewhere = count_holdings(identity_queries, subsystem_queries, authorization_queries, access_queries)
    policies = Policies(uow, read, clock, settings)
    leaving = Leaving(subsystem_queries)
    sessions = Sessions(uow, identity_queries, keys, clock, policies, leaving)
    issuing = Issuing(identity_queries, keys, Tokens(keys, clock, settings), policies, settings)
    parts = Parts.build(uow, identity_queries, authorization, keys, clock, settings, policies, sessions)
    signon = SignOn(uow, identity_queries, subsystem_queries, authorization, keys, settings, clock, issuing, parts)
    outbox_queries = OutboxQueries(read)
    step_up = StepUp(uow, identity_queries, parts, policies, clock)
    identity = Identity(uow, keys, clock, elsewhere)
    services = Services(
        settings=settings,
        clock=clock,
        keys=keys,
        key_rotation=KeyRotation(uow, keys, timedelta(days=settings.signing_key_days)),
        uow=uow,
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
        signon=signon,
        signon_policies=policies,
        launcher=Launcher(uow, subsystem_queries, clock),
        trying=Trying(identity_queries, authorization, clock, settings),
        cas=Cas(
            uow=uow,
            signon=signon,
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
            authorization=authorization,
            identity=identity_queries,
            subsystems=subsystem_queries,
            keys=keys,
            clock=clock,
            settings=settings,
        ),
        oauth=OAuth(uow, subsystem_queries, keys, clock, settings, sessions, issuing),
        dpop=Dpop(uow, keys, clock),
        devices=Devices(uow, sessions, keys, Guesses(keys, parts.throttle), issuing),
        delegating=Delegating(
            uow=uow, subsystems=subsystem_queries, authorization=authorization, sessions=sessions, issuing=issuing, clock=clock
        ),
        logout=Logout(uow, identity_queries, subsystem_queries, sessions, leaving, settings.public_url),
        logout_queries=LogoutQueries(read, subsystem_queries, outbox_queries, clock),
        ceremony=parts.ceremony,
        second_factors=SecondFactors(uow, identity_queries, parts, step_up),
        step_up=step_up,
        password_rules=parts.rules,
        failure_limits=FailureLimits(uow, parts.throttle),
        access=Access(uow, identity_queries, subsystem_queries, authorization, authorization_queries, clock=clock),
        access_queries=access_queries,
        audit=AuditTrail(uow),
        audit_queries=AuditQueries(read),
        sequencer=Sequencer(uow),
        delivery=Delivery(
            uow,
            {
                "subsystem": StandardWebhooks(webhooks.endpoint),
                "client": LogoutNotices(subsystem_queries, issuing.tokens, keys),
            },
        ),
        outbox_queries=outbox_queries,
    )
    subscribe_reactions(services)
    return services


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


def subscribe_reactions(services: Services) -> None:
    """Say what follows from what, across domains: each runs in the transaction of its cause and fails it when it fails."""
    subscribe_endings(services)
    subscribe_lifecycle(services)
    subscribe_grants(services)

    def follow(tx: Transaction, event: DepartmentMoved) -> None:
        services.authorization.advance_epoch(tx, "department")
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    def carry(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
        services.authorization.advance_epoch(tx, "department")
        appointments = services.identity_queries.continued(department_id, successor_id)
        services.signon.carry_appointments(tx, appointments)
        services.authorization.carry_appointments(tx, appointments)
        services.access.carry_appointments(tx, appointments)

    def absorb(tx: Transaction, event: DepartmentMerged) -> None:
        carry(tx, event.department_id, event.successor_id)
        services.subsystems.change_owner(tx, event.department_id, event.successor_id)
        services.authorization.change_owner(tx, event.department_id, event.successor_id)
        services.access.change_owner(tx, event.department_id, event.successor_id)
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    def entrust(tx: Transaction, event: SubsystemHandedOver) -> None:
        # Lines first: a decision that is being written down holds its line, and its grant is seen once that is let go.
        services.access.change_owner_of(tx, event.code, event.old_department_id, event.department_id, event.department_path)
        services.authorization.change_owner_of(tx, event.code, event.old_department_id, event.department_id)

    def divide(tx: Transaction, event: DepartmentSplit) -> None:
        carry(tx, event.department_id, event.successor_id)

    def abandon(tx: Transaction, event: DepartmentAbolished) -> None:
        services.authorization.advance_epoch(tx, "department")
        services.authorization.end_delegations(tx, event.old_path, event.reason)

    services.uow.subscribe(DepartmentMoved, follow)
    services.uow.subscribe(DepartmentMerged, absorb)
    services.uow.subscribe(SubsystemHandedOver, entrust)
    services.uow.subscribe(DepartmentSplit, divide)
    services.uow.subscribe(DepartmentAbolished, abandon)


def subscribe_endings(services: Services) -> None:
    """Say what follows when people may no longer act, or may again, and when appointments end."""
    reaction = Actor.system("reaction")

    def end_all(tx: Transaction, events: Sequence[OfficialDisabled]) -> None:
        officials = [event.official_id for event in events]
        for official_id in officials:
            services.authorization.advance_epoch(tx, "official", official_id=official_id)
        services.signon.end_sessions_of(reaction, officials, "official_disabled")
        services.authorization.close_grants_of(reaction, officials, "disabled")

    def restore(tx: Transaction, event: OfficialRestored) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)

    def leave(tx: Transaction, events: Sequence[AppointmentEnded]) -> None:
        officials, appointments = sorted({event.official_id for event in events}), [event.appointment_id for event in events]
        for official_id in officials:
            services.authorization.advance_epoch(tx, "appointment", official_id=official_id)
        services.signon.leave_appointments(reaction, appointments)
        services.authorization.close_grants_of(reaction, officials, "mover", appointments=appointments)

    # An import disables and ends by the thousand, so what follows is done for all of a command at once.
    services.uow.subscribe_set(OfficialDisabled, end_all)
    services.uow.subscribe_set(AppointmentEnded, leave)
    services.uow.subscribe(OfficialRestored, restore)


def subscribe_grants(services: Services) -> None:
    """Say what follows when a grant ends or rests, or when a client or a subsystem goes: whoever cannot ask by itself is told."""
    reaction = Actor.system("reaction")

    def sign_out(_tx: Transaction, events: Sequence[GrantClosed] | Sequence[GrantSuspended], cause: str) -> None:
        named = [GrantEnding(item.grant_id, item.official_id, item.subsystem_code, item.function) for item in events]
        services.logout.end_stays(reaction, named, cause)

    def close_client(_tx: Transaction, event: ClientDisabled) -> None:
        services.logout.end_stays_in(reaction, [event.client_id], "client_disabled")

    def close_subsystem(_tx: Transaction, event: SubsystemRetired) -> None:
        clients = services.subsystem_queries.clients_of(event.subsystem_id)
        services.logout.end_stays_in(reaction, [client.client_id for client in clients if not client.disabled], "subsystem_retired")

    services.uow.subscribe(ClientDisabled, close_client)
    services.uow.subscribe(SubsystemRetired, close_subsystem)
    services.uow.subscribe_set(GrantClosed, partial(sign_out, cause="grant_closed"))
    services.uow.subscribe_set(GrantSuspended, partial(sign_out, cause="grant_suspended"))


def subscribe_lifecycle(services: Services) -> None:
    """Say what follows from changes in a person's working life."""
    reaction = Actor.system("reaction")

    def end_for_good(tx: Transaction, event: OfficialLeft) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id)
        services.signon.end_sessions_of(reaction, [event.official_id], "official_left")
        services.authorization.close_grants_of(reaction, [event.official_id], "leaver")
        services.authorization.end_roles_of(reaction, event.official_id, "leaver", cause=event.change_id)

    def give_back(tx: Transaction, event: LeaveUndone) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)
        services.authorization.restore_roles_of(reaction, event.official_id, cause=event.change_id, followed=event.restored)

    def begin_anew(tx: Transaction, event: OfficialRejoined) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id, reduces=False)
        services.signon.withdraw_password(tx, event.official_id)

    def reschedule(tx: Transaction, event: AppointmentRescheduled) -> None:
        services.authorization.advance_epoch(tx, "appointment", official_id=event.official_id)
        services.signon.reschedule_appointment(tx, event.appointment_id, event.ends_at)

    def look_ahead(tx: Transaction, event: PersonnelChangeRecorded) -> None:
        if event.planned and event.kind in {"leave", "suspend"}:
            services.signon.cap_sessions(tx, event.official_id, event.effective_at)

    def take_note(tx: Transaction, event: PersonnelChangeSettled) -> None:
        services.authorization.advance_epoch(tx, "official", official_id=event.official_id)

    services.uow.subscribe(OfficialLeft, end_for_good)
    services.uow.subscribe(LeaveUndone, give_back)
    services.uow.subscribe(OfficialRejoined, begin_anew)
    services.uow.subscribe(AppointmentRescheduled, reschedule)
    services.uow.subscribe(PersonnelChangeRecorded, look_ahead)
    services.uow.subscribe(PersonnelChangeSettled, take_note)


def register_entrypoints(app: Flask) -> None:
    """Put every way in on the application."""
    app.register_blueprint(portal)
    app.register_blueprint(oidc)
    app.register_blueprint(cas)
    app.register_blueprint(forward_auth)
    app.register_blueprint(authzen)
    app.register_blueprint(api)
    app.register_blueprint(scim)
    app.register_blueprint(feeds)
    init_console(app)
    declare_upload(app, "feeds.import_people")


def main() -> None:
    """Run the command line ``govcloud``."""
    run(assemble)
