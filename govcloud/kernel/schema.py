"""Brings the database's tables to the program's version and says where they stand; the steps lie in ``migrations/``."""

from __future__ import annotations

import io
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import NullPool, create_engine, inspect, text

from govcloud.kernel.provisioning import engine_url

_PLACES = (Path(__file__).parents[2] / "migrations", Path(sys.prefix) / "share" / "govcloud" / "migrations")


class SchemaError(Exception):
    """The migrations cannot run, or the tables are not what the program expects; one line says which and what to do."""


def migrations_folder() -> Path:
    """Return ``migrations/`` of a checkout, or the one of an installed package.

    Raises:
        SchemaError: the installation is incomplete.
    """
    for place in _PLACES:
        if (place / "env.py").is_file():
            return place
    raise SchemaError(f"the migrations are missing; looked in {', '.join(str(place) for place in _PLACES)}")


def upgrade(owner_url: str, app_role: str, revision: str = "head") -> None:
    """Bring the tables to ``revision`` and the rights of ``app_role`` to what ``privileges.py`` says; harmless to repeat.

    Raises:
        SchemaError: the database stands at a revision that this program does not know.
    """
    _run(owner_url, app_role, "upgrade", revision)


def downgrade(owner_url: str, app_role: str, revision: str) -> None:
    """Take the tables back to ``revision`` (``base`` is the empty database).

    Raises:
        SchemaError: the revision is unknown.
    """
    _run(owner_url, app_role, "downgrade", revision)


def check(owner_url: str, app_role: str) -> None:
    """Compare the tables with the models.

    Raises:
        SchemaError: they differ, or the tables are not at the newest revision.
    """
    _run(owner_url, app_role, "check")


def head_revision() -> str:
    """Return the newest revision that the program knows.

    Raises:
        SchemaError: there is not exactly one.
    """
    heads = ScriptDirectory.from_config(_config()).get_heads()
    if len(heads) != 1:
        raise SchemaError(f"the migrations have {len(heads)} heads ({', '.join(heads)}); one must follow the other")
    return heads[0]


def current_revision(url: str) -> str | None:
    """Return the revision of the database, None when it is empty; any role that may read will do."""
    engine = create_engine(engine_url(url), poolclass=NullPool)
    try:
        with engine.connect() as connection:
            if not inspect(connection).has_table("alembic_version"):
                return None
            revision: str | None = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
            return revision
    finally:
        engine.dispose()


def _config() -> Config:
    folder = migrations_folder()
    config = Config(str(folder / "alembic.ini"), stdout=io.StringIO())
    config.set_main_option("script_location", str(folder))
    return config


def _run(owner_url: str, app_role: str, step: str, *arguments: str) -> None:
    config = _config()
    config.attributes["owner_url"] = owner_url
    config.attributes["app_role"] = app_role
    config.attributes["mend_rights"] = step == "upgrade"
    try:
        getattr(command, step)(config, *arguments)
    except CommandError as error:
        raise SchemaError(f"migrations: {error}") from error
