"""The composition root: it alone knows every room, wires them together and makes the application."""

from __future__ import annotations

from pathlib import Path

from flask import Flask
from sqlalchemy import MetaData

from govcloud.access.asking.attachments import MOST_FILES
from govcloud.access.asking.models import MOST_BYTES
from govcloud.cli.main import run
from govcloud.entrypoints.api.blueprint import api
from govcloud.entrypoints.api.file_bodies import MOST_UPLOAD
from govcloud.entrypoints.api.organisation.feeds import feeds
from govcloud.entrypoints.api.routes import UPLOADS
from govcloud.entrypoints.authzen.blueprint import authzen
from govcloud.entrypoints.cas import cas
from govcloud.entrypoints.console.setup import init_console
from govcloud.entrypoints.forward_auth import forward_auth
from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.scim.blueprint import scim
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.kernel.connections import NOTICING, keep_prepared, notice_closed
from govcloud.kernel.crypto import read_master_key
from govcloud.kernel.database import Base, db, keep_values_out_of_errors
from govcloud.settings import Settings, load_settings
from govcloud.web.setup import configure_web
from govcloud.web.uploads import declare_upload
from govcloud.wiring import make_policies_beside, wire


def metadata() -> MetaData:
    """Return the tables of every domain; importing this module has imported them all."""
    return Base.metadata


def create_app(settings: Settings | None = None, clock: Clock | None = None) -> Flask:
    """Return the platform as a WSGI application, with every way in; takes and raises what ``assemble`` does."""
    app = assemble(settings, clock)
    register_entrypoints(app)
    return app


def serve_app() -> Flask:
    """Return the platform as a process that serves it for long needs it: with policies that are compiled beside the questions."""
    app = create_app()
    services = app.extensions["govcloud"]
    make_policies_beside(services, services.settings)
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
        notice_closed(db.engine)
        keep_prepared(db.engine)
        services = wire(settings, clock, master)
    app.extensions["govcloud"] = services
    configure_web(app, settings, services.keys.derived("web/forms"))
    return app


def _engine_options(settings: Settings) -> dict[str, object]:
    """Return how the platform keeps its connections: what went away is noticed within seconds, and no value gets into a log."""
    return {
        "pool_size": settings.database_pool_size,
        "max_overflow": 4,
        "hide_parameters": True,
        "connect_args": NOTICING,
    }


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
    declare_upload(app, "portal.ask", MOST_FILES * MOST_BYTES)
    declare_upload(app, "portal.resubmit", MOST_FILES * MOST_BYTES)
    for endpoint in UPLOADS:
        declare_upload(app, endpoint, MOST_UPLOAD)


def main() -> None:
    """Run the command line ``govcloud``."""
    run(assemble)
