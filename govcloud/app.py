"""The composition root: it alone knows every room, wires them together and makes the application."""

from __future__ import annotations

from pathlib import Path

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
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.authorization.service import Authorization
from govcloud.cli.main import run
from govcloud.entrypoints.api.blueprint import api
from govcloud.entrypoints.api.feeds import feeds
from govcloud.entrypoints.authzen.blueprint import authzen
from govcloud.entrypoints.console.setup import init_console
from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.identity.events import AppointmentEnded, DepartmentMoved, OfficialDisabled
from govcloud.identity.importing.runs import ImportQueries
from govcloud.identity.importing.service import Importing
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.service import Identity
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.kernel.crypto import read_master_key
from govcloud.kernel.database import Base, db
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.outbox.deliver import Delivery
from govcloud.outbox.queries import OutboxQueries
from govcloud.outbox.recorder import OutboxRecorder
from govcloud.services import Services
from govcloud.settings import Settings, load_settings
from govcloud.signon.imported import accept_hashes
from govcloud.signon.service import SignOn
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.service import Subsystems
from govcloud.subsystems.webhooks import Webhooks
from govcloud.web.setup import configure_web
from govcloud.web.uploads import declare_upload


def metadata() -> MetaData:
    """Return the tables of every domain; importing this module has imported them all."""
    return Base.metadata


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Return the platform as a WSGI application.

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
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = {"pool_size": settings.database_pool_size, "pool_pre_ping": True, "max_overflow": 4}
    db.init_app(app)
    with app.app_context():
        services = wire(settings, clock, master)
    app.extensions["govcloud"] = services
    configure_web(app, settings, services.keys.derived("web/forms"))
    register_entrypoints(app)
    return app


def wire(settings: Settings, clock: Clock, master: bytes) -> Services:
    """Make every service and tie the knots between the domains; needs an application context."""
    engine = db.engine

    def read() -> Session:
        return uow.read()

    keys = KeyRing(master, read, clock)
    identity_queries = IdentityQueries(read, keys, clock)
    subsystem_queries = SubsystemQueries(read, keys, clock)
    webhooks = Webhooks(subsystem_queries, keys)
    decider = Decider(read, identity_queries, subsystem_queries, clock)
    uow = UnitOfWork(
        sessions=lambda: Session(bind=engine, expire_on_commit=False),
        reader=db.session,
        release_reader=db.session.remove,
        authorizer=EngineAuthorizer(decider),
        clock=clock,
        recorders=(AuditRecorder(), OutboxRecorder(webhooks.destinations)),
    )
    authorization = Authorization(uow, decider)
    authorization_queries = AuthorizationQueries(read, decider, clock)
    signon = SignOn(uow, identity_queries, subsystem_queries, authorization, keys, clock, settings)
    identity = Identity(uow, keys, clock)
    services = Services(
        settings=settings,
        clock=clock,
        keys=keys,
        uow=uow,
        identity=identity,
        identity_queries=identity_queries,
        importing=Importing(uow, keys, clock, identity, accept_hashes),
        import_queries=ImportQueries(read),
        subsystems=Subsystems(uow, keys, clock),
        subsystem_queries=subsystem_queries,
        authorization=authorization,
        authorization_queries=authorization_queries,
        signon=signon,
        access=Access(uow, identity_queries, subsystem_queries, authorization, authorization_queries, clock=clock),
        access_queries=AccessQueries(read, identity_queries, subsystem_queries, authorization_queries, clock),
        audit=AuditTrail(uow),
        audit_queries=AuditQueries(read),
        sequencer=Sequencer(uow),
        delivery=Delivery(uow, webhooks.endpoint),
        outbox_queries=OutboxQueries(read),
    )
    subscribe_reactions(services)
    return services


def subscribe_reactions(services: Services) -> None:
    """Say what follows from what, across domains: each runs in the transaction of its cause and fails it when it fails."""
    reaction = Actor.system("reaction")

    def end_all(_tx: Transaction, event: OfficialDisabled) -> None:
        services.signon.end_sessions_of(reaction, event.official_id, "official_disabled")
        services.authorization.close_grants_of(reaction, event.official_id, "disabled")

    def leave(_tx: Transaction, event: AppointmentEnded) -> None:
        services.signon.leave_appointment(reaction, event.appointment_id)
        services.authorization.close_grants_of(reaction, event.official_id, "mover", appointment_id=event.appointment_id)

    def follow(tx: Transaction, event: DepartmentMoved) -> None:
        services.authorization.follow_department(tx, event.old_path, event.new_path)
        services.access.follow_department(tx, event.old_path, event.new_path)

    services.uow.subscribe(OfficialDisabled, end_all)
    services.uow.subscribe(AppointmentEnded, leave)
    services.uow.subscribe(DepartmentMoved, follow)


def register_entrypoints(app: Flask) -> None:
    """Put every way in on the application."""
    app.register_blueprint(portal)
    app.register_blueprint(oidc)
    app.register_blueprint(authzen)
    app.register_blueprint(api)
    app.register_blueprint(feeds)
    init_console(app)
    declare_upload(app, "feeds.import_people")


def main() -> None:
    """Run the command line ``govcloud``."""
    run(create_app)
