"""What every test stands on: a throw-away PostgreSQL, a template database, a clone of it for each test, one manual clock."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from uuid import uuid4

import psycopg
import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.crypto import create_master_key
from govcloud.settings import Environment, Settings, load_settings

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from govcloud.services import Services

#: A Tuesday morning in China; every test begins here unless it says otherwise.
START = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)


def _server_url() -> str:
    return os.environ.get("TEST_POSTGRES_URL", "postgresql://postgres@127.0.0.1:54329/postgres")


@pytest.fixture(scope="session")
def template_database() -> Iterator[str]:
    """Make the template database once a process and return its name."""
    name = f"template_{uuid4().hex[:12]}"
    with psycopg.connect(_server_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")  # type: ignore[call-overload]  # a name made above
    _create_schema(_server_url().rsplit("/", 1)[0] + f"/{name}")
    yield name
    with psycopg.connect(_server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]


def _create_schema(url: str) -> None:
    from sqlalchemy import create_engine, text  # noqa: PLC0415

    from govcloud.app import metadata  # noqa: PLC0415

    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    with engine.begin() as connection:
        connection.execute(text("CREATE TYPE uuid_range AS RANGE (subtype = uuid)"))
        metadata().create_all(connection)
    engine.dispose()


@pytest.fixture
def database_url(template_database: str) -> Iterator[str]:
    """Return the address of a fresh clone of the template."""
    name = f"test_{uuid4().hex[:12]}"
    with psycopg.connect(_server_url(), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {template_database}")  # type: ignore[call-overload]
    yield _server_url().rsplit("/", 1)[0] + f"/{name}"
    with psycopg.connect(_server_url(), autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")  # type: ignore[call-overload]


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
def settings(database_url: str, master_key_file: Path) -> Settings:
    """Return the settings of the platform of the test."""
    return load_settings(
        environment=Environment.TEST, DATABASE_URL=database_url, master_key_file=master_key_file, public_url="http://localhost"
    )


def _own_context_client() -> type[FlaskClient]:
    from flask.testing import FlaskClient  # noqa: PLC0415

    class OwnContextClient(FlaskClient):
        """A browser whose requests share nothing with the test's own application context, as in service.

        Flask would run a request in the context that is open already, and ``g`` would carry one request's session into the next.
        """

        def open(self, *args: Any, **kwargs: Any) -> TestResponse:
            with self.application.app_context():
                return super().open(*args, **kwargs)

    return OwnContextClient


@pytest.fixture
def app(settings: Settings, clock: ManualClock) -> Iterator[Flask]:
    """Return the platform on the clone, with its first signing key; its application context is open."""
    from govcloud.app import create_app  # noqa: PLC0415
    from govcloud.kernel.actor import Actor  # noqa: PLC0415
    from govcloud.kernel.database import db  # noqa: PLC0415

    app = create_app(settings, clock)
    app.testing = True
    app.test_client_class = _own_context_client()
    with app.app_context():
        services = cast("Services", app.extensions["govcloud"])
        services.keys.ensure_signing_key(services.uow, Actor.system("operator"))
        yield app
        db.session.remove()
        db.engine.dispose()


@pytest.fixture
def services(app: Flask) -> Services:
    """Return the services of the platform of the test."""
    return cast("Services", app.extensions["govcloud"])


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """Return a browser without cookies yet."""
    return app.test_client()
