"""Makes the two roles and the database on a PostgreSQL server: one role owns the tables, the other only works in them."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg
from psycopg import sql
from sqlalchemy import URL, make_url

DATABASE = "govcloud"
OWNER_ROLE = "govcloud_owner"
APP_ROLE = "govcloud_app"
MINIMUM_VERSION = 15


class ProvisioningError(Exception):
    """The server cannot take the platform's database; the text says why and what to do."""


def server_url(role: str, password: str, database: str, socket_directory: Path) -> str:
    """Return the address of ``database`` for ``role`` over a unix socket."""
    url = URL.create("postgresql", role, password, database=database, query={"host": str(socket_directory), "port": "5432"})
    return url.render_as_string(hide_password=False)


def with_database(url: str, database: str, *, role: str | None = None, password: str | None = None) -> str:
    """Return ``url`` for another database of the same server, and for another role if one is given."""
    changed = make_url(url).set(drivername="postgresql", database=database)
    if role is not None:
        changed = changed.set(username=role, password=password)
    return changed.render_as_string(hide_password=False)


def engine_url(url: str) -> URL:
    """Return ``url`` as SQLAlchemy wants it, with the driver named."""
    return make_url(url).set(drivername="postgresql+psycopg")


def role_of(url: str) -> str:
    """Return the role that an address signs in as; the application's role is told to the migrations by this.

    Raises:
        ProvisioningError: the address names no role.
    """
    name = urlsplit(url).username
    if not name:
        raise ProvisioningError("the database's address names no role; write postgresql://role:password@host/database")
    return unquote(name)


def prepare_database(
    admin_url: str,
    *,
    owner_password: str,
    app_password: str,
    database: str = DATABASE,
    owner: str = OWNER_ROLE,
    app: str = APP_ROLE,
) -> None:
    """Make or mend the roles and the database; running it again changes nothing but the passwords.

    Args:
        admin_url: a superuser's address, or that of a role with CREATEDB and CREATEROLE.
        owner_password: of the role that owns the database (migrations).
        app_password: of the role that the platform works under; what it may do, the migrations grant.
        database: name of the database.
        owner: name of the owner's role.
        app: name of the application's role.

    Raises:
        ProvisioningError: the server is older than 15, or the names are not apart.
    """
    if owner == app:
        raise ProvisioningError(f"owner and application need two roles, both are {owner!r}")
    with psycopg.connect(admin_url, autocommit=True) as connection:
        if connection.info.server_version < MINIMUM_VERSION * 10_000:
            found = connection.info.parameter_status("server_version")
            raise ProvisioningError(f"PostgreSQL {MINIMUM_VERSION} or newer is needed, this is {found}")
        for role, password in ((owner, owner_password), (app, app_password)):
            _ensure_role(connection, role, password)
        # A transaction that a broken client leaves open must not hold locks for ever.
        connection.execute(sql.SQL("ALTER ROLE {} SET idle_in_transaction_session_timeout = '60s'").format(sql.Identifier(app)))
        _ensure_database(connection, database, owner, app)


def _ensure_role(connection: psycopg.Connection[tuple[object, ...]], role: str, password: str) -> None:
    exists = connection.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", (role,)).fetchone()
    verb = sql.SQL("ALTER" if exists else "CREATE")
    # Client-side encoding keeps the clear password out of the server's log and of pg_stat_activity.
    secret = connection.pgconn.encrypt_password(password.encode(), role.encode(), b"scram-sha-256").decode("ascii")
    connection.execute(sql.SQL("{} ROLE {} LOGIN PASSWORD {}").format(verb, sql.Identifier(role), sql.Literal(secret)))


def _ensure_database(connection: psycopg.Connection[tuple[object, ...]], database: str, owner: str, app: str) -> None:
    name = sql.Identifier(database)
    if connection.execute("SELECT 1 FROM pg_database WHERE datname = %s", (database,)).fetchone() is None:
        # template0 and C: the same order and the same encoding everywhere, whatever the server's default.
        create = "CREATE DATABASE {} OWNER {} ENCODING 'UTF8' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0"
        connection.execute(sql.SQL(create).format(name, sql.Identifier(owner)))
    connection.execute(sql.SQL("REVOKE ALL ON DATABASE {} FROM PUBLIC").format(name))
    connection.execute(sql.SQL("GRANT CONNECT ON DATABASE {} TO {}").format(name, sql.Identifier(app)))
