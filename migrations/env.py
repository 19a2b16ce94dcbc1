"""Runs migrations as the role that owns the tables: one migrator at a time, in one transaction, never waiting long for a lock.

A migration that waits for a lock makes every later query of the platform wait behind it; after ``LOCK_TIMEOUT`` it gives up
instead and leaves nothing behind, to be started again at a quieter moment.
"""

from __future__ import annotations

import os

from alembic import context
from alembic.util import CommandError
from sqlalchemy import URL, Connection, NullPool, create_engine, text

from govcloud.app import metadata
from govcloud.kernel.privileges import grant_rights
from govcloud.kernel.provisioning import engine_url, role_of

LOCK_TIMEOUT = "5s"
STATEMENT_TIMEOUT = "15min"
#: Any fixed number: two migrators meet at it (pg_advisory_lock).
MIGRATOR_LOCK = 0x676F7663_6C6F7564


def owner_url() -> URL:
    """Return the owner's address: handed over by ``govcloud.kernel.schema``, or from the environment for Alembic's own command."""
    given = context.config.attributes.get("owner_url") or os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL")
    if not given:
        raise CommandError("DATABASE_OWNER_URL is not set: migrations need the address of the role that owns the tables")
    return engine_url(given)


def name_application_role() -> None:
    """Tell the migrations whom to grant to: the role of ``DATABASE_URL``."""
    attributes = context.config.attributes
    attributes.setdefault("app_role", role_of(os.environ.get("DATABASE_URL") or str(owner_url())))


def run_migrations() -> None:
    """Connect as the owner and run what was asked for."""
    if context.is_offline_mode():
        raise CommandError("the migrations read the database (roles, versions), so --sql has nothing to work on")
    name_application_role()
    engine = create_engine(owner_url(), poolclass=NullPool)
    with engine.connect() as connection:
        wait_for_other_migrators(connection)
        moved: list[bool] = []
        context.configure(
            connection=connection,
            target_metadata=metadata(),
            compare_type=True,
            compare_server_default=True,
            on_version_apply=lambda *, step, **_: moved.append(step.is_upgrade),
        )
        with context.begin_transaction():
            context.run_migrations()
            # At the end, as the rights name the tables and columns of every migration; `govcloud db upgrade` always mends them.
            if any(moved) or context.config.attributes.get("mend_rights"):
                grant_to_application(connection)
    engine.dispose()


def grant_to_application(connection: Connection) -> None:
    """Give the application's role its rights, unless owner and application are one (a server for trying things out)."""
    role: str = context.config.attributes["app_role"]
    if role != connection.scalar(text("SELECT current_user")):
        grant_rights(connection, role)


def wait_for_other_migrators(connection: Connection) -> None:
    """Take the migrators' lock; it ends with the connection."""
    connection.execute(text(f"SET statement_timeout = '{STATEMENT_TIMEOUT}'"))
    connection.execute(text(f"SELECT pg_advisory_lock({MIGRATOR_LOCK})"))
    connection.execute(text(f"SET lock_timeout = '{LOCK_TIMEOUT}'"))
    connection.commit()


run_migrations()
