"""What every test stands on: a throw-away PostgreSQL, a template database, a clone of it for each test, one manual clock."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import hypothesis
import pytest
from sqlalchemy import event, make_url

from govcloud.kernel import schema
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.crypto import create_master_key, read_master_key
from govcloud.kernel.provisioning import engine_url, role_of, with_database
from govcloud.settings import Environment, Settings, load_settings
from tests.factories import databases, hashing

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.world import World

# The same examples at every run, and no limit by the clock: how long an example takes says how busy the machine is, not whether
# the property holds. New ones are looked for on purpose, with `make test ARGS="--hypothesis-profile=search"`.
hypothesis.settings.register_profile("suite", derandomize=True, deadline=None)
hypothesis.settings.register_profile("search", deadline=None, print_blob=True)
hypothesis.settings.load_profile("suite")

#: A Tuesday morning in China; every test begins here unless it says otherwise.
START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def _server_url() -> str:
    return databases.server().superuser_url


def pytest_configure() -> None:
    """Have each password checked once, and nothing collected while all modules are read: next to nothing of that is garbage."""
    hashing.remember()
    gc.disable()


def pytest_collection_finish() -> None:
    """Spare the garbage collector what lives to the end: modules and seven thousand tests, gone through at each of its rounds.

    Each test makes some ten thousand objects, of which next to nothing is garbage before its end: by its usual measure the collector
    took a tenth of the suite's time to find that out.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 20)
    gc.enable()


def pytest_unconfigure() -> None:
    """Stop the throw-away server of this process."""
    databases.stop_server()


@pytest.fixture(scope="session")
def template_database() -> str:
    """Run the real migrations once a process and return the name of the database to clone."""
    server = databases.server()
    schema.upgrade(server.owner_url, role_of(server.app_url))
    return str(make_url(server.app_url).database)


@pytest.fixture(scope="session")
def usual_settings(template_database: str, master_key_file: Path) -> Settings:
    """Return the settings of a platform on the template, read once a process: to read them takes longer than many a test."""
    return load_settings(
        environment=Environment.TEST,
        DATABASE_URL=databases.app_url(template_database),
        master_key_file=master_key_file,
        public_url="http://localhost",
    )


@pytest.fixture(scope="session")
def province_template(template_database: str, usual_settings: Settings) -> Iterator[tuple[str, World]]:
    """Build the small province once a process; return the database to clone and what is in it. Everybody has a password."""
    from tests.factories.world import small_province  # noqa: PLC0415

    with databases.clone(template_database, "province") as name:
        with _assembled(_on(usual_settings, databases.app_url(name)), ManualClock(START)) as app:
            world = small_province(_services(app), passwords=None)
        yield name, world


@pytest.fixture
def world(province_template: tuple[str, World]) -> World:
    """Return the small province; a test that asks for it runs on a clone of the province, which costs no more than an empty one."""
    return deepcopy(province_template[1])


@pytest.fixture
def database_url(request: pytest.FixtureRequest, template_database: str) -> Iterator[str]:
    """Return the address of a fresh clone of the template, for the role that the platform works under."""
    in_province = "province_template" in request.fixturenames
    template = request.getfixturevalue("province_template")[0] if in_province else template_database
    with databases.clone(template) as name:
        yield databases.app_url(name)


@pytest.fixture
def superuser_url(database_url: str) -> str:
    """Return the address of the same clone for a superuser, who looks and breaks things where the platform may not."""
    return with_database(databases.server().superuser_url, str(make_url(database_url).database))


@pytest.fixture(scope="session")
def master_key_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the file of a master key made for this run."""
    path = tmp_path_factory.mktemp("keys") / "master.key"
    create_master_key(path)
    return path


@pytest.fixture
def clock() -> ManualClock:
    """Return the clock that the platform of the test goes by."""
    return ManualClock(START)


@pytest.fixture
def settings(database_url: str, usual_settings: Settings) -> Settings:
    """Return the settings of the platform of the test."""
    return _on(usual_settings, database_url)


def _on(settings: Settings, database_url: str) -> Settings:
    """Return the same settings for another database."""
    return settings.model_copy(update={"database_url": engine_url(database_url).render_as_string(hide_password=False)})


def _own_context_client() -> type[FlaskClient]:
    from flask.testing import FlaskClient  # noqa: PLC0415

    class OwnContextClient(FlaskClient):
        """A browser whose requests share nothing with the test's own application context, as in service.

        Flask would run a request in the context that is open already, and ``g`` would carry one request's session into the next.
        """

        def open(self, *args: Any, **kwargs: Any) -> TestResponse:  # noqa: ANN401 - as Flask has it
            with self.application.app_context():
                return super().open(*args, **kwargs)

    return OwnContextClient


@dataclass
class Standing:
    """The platform with every way in, built once a process for its settings; its connections go to ``database``."""

    app: Flask
    settings: Settings
    database: str

    def suits(self, settings: Settings) -> bool:
        """Return whether these are its settings, whatever the database."""
        return settings.model_copy(update={"database_url": self.settings.database_url}) == self.settings


#: So many platforms stand: the usual one, and those of the last few files with settings of their own.
_MOST_STANDING = 3


@pytest.fixture(scope="session")
def standing(usual_settings: Settings) -> list[Standing]:
    """Return the platforms that stand: the usual one, then the others, the one that was built last at the end."""
    return [_built(usual_settings)]


@pytest.fixture
def app(standing: list[Standing], settings: Settings, clock: ManualClock) -> Iterator[Flask]:
    """Return the platform on the clone with every way in, and its first signing key; its application context is open.

    To build one takes a fifth of a second, so that of the same settings stands and gets new services, which hold all that a platform
    remembers.
    """
    from govcloud.wiring import wire  # noqa: PLC0415

    platform = next((one for one in standing if one.suits(settings)), None)
    if platform is None:
        platform = _built(settings)
        del standing[1 : len(standing) - _MOST_STANDING + 2]
        standing.append(platform)
    platform.database = str(make_url(settings.database_url).database)
    with platform.app.app_context():
        platform.app.extensions["govcloud"] = wire(settings, clock, read_master_key(settings.master_key_file))
    with _opened(platform.app) as app:
        yield app


def _built(settings: Settings) -> Standing:
    from govcloud.app import create_app  # noqa: PLC0415
    from govcloud.kernel.database import db  # noqa: PLC0415

    app = create_app(settings, ManualClock(START))
    app.test_client_class = _own_context_client()
    built = Standing(app, settings, str(make_url(settings.database_url).database))

    def lead_on(_dialect: object, _record: object, _args: object, parameters: dict[str, Any]) -> None:
        parameters["dbname"] = built.database

    with app.app_context():
        event.listen(db.engine, "do_connect", lead_on)
    return built


@pytest.fixture
def services(app: Flask) -> Services:
    """Return the services of the platform of the test.

    They come with the standing platform though the test may ask for no way in: its engine knows every statement already, and to put
    one into SQL for the first time costs more than to run it.
    """
    return _services(app)


@contextmanager
def _assembled(settings: Settings, clock: ManualClock) -> Iterator[Flask]:
    from govcloud.app import assemble  # noqa: PLC0415

    with _opened(assemble(settings, clock)) as app:
        yield app


@contextmanager
def _opened(app: Flask) -> Iterator[Flask]:
    from govcloud.kernel.actor import Actor  # noqa: PLC0415
    from govcloud.kernel.database import db  # noqa: PLC0415
    from govcloud.kernel.signing import ES256  # noqa: PLC0415 - one of RSA takes a tenth of a second to make

    app.testing = True
    with app.app_context():
        services = _services(app)
        services.key_rotation.ensure(Actor.system("operator"), (ES256,))
        yield app
        # What waits to be written down goes to the database of this test, before it is gone.
        services.decision_log.close()
        db.session.remove()
        db.engine.dispose()


def _services(app: Flask) -> Services:
    return cast("Services", app.extensions["govcloud"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without cookies yet."""
    return app.test_client()
