"""``govcloud doctor``: looks at everything that a start depends on, one line each, and says what to do about what is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import click
import psycopg
from sqlalchemy import NullPool, create_engine, make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from govcloud.access.clocks.working_time import missing_year
from govcloud.authorization.errors import PolicyError
from govcloud.authorization.policies.document import parse_document
from govcloud.authorization.replica.place import Place, ReplicaError
from govcloud.authorization.replica.status import status_of
from govcloud.authorization.shipped import baseline
from govcloud.cli.context import settings_of
from govcloud.kernel import schema
from govcloud.kernel.clock import SystemClock
from govcloud.kernel.crypto import Cipher, MasterKeyError, derive, read_master_key
from govcloud.kernel.embedded_postgres import EmbeddedPostgresError
from govcloud.kernel.keys import COLUMNS, sealing_context
from govcloud.kernel.privileges import HELD, declared
from govcloud.kernel.provisioning import MINIMUM_VERSION
from govcloud.kernel.signing import ALGORITHMS
from govcloud.settings import Environment, Settings, SettingsError
from govcloud.signon.breached import PasswordList
from govcloud.wiring import base_calendar, surroundings


class _Wrong(Exception):
    """A check failed; the text says what is wrong and what to do."""


class _Soon(Exception):
    """Nothing is wrong yet; the text says what is to be done before long."""


@dataclass(frozen=True)
class _Check:
    """One line of the report: its name, and what returns a detail or raises ``_Wrong``."""

    name: str
    look: Callable[[Settings], str]


@click.command()
def doctor() -> None:
    """Check settings, database, keys, privileges, policy, lists, clocks and replica; exit code 1 when something is wrong."""
    try:
        settings = settings_of()
    except (SettingsError, EmbeddedPostgresError) as error:
        _line("settings", str(error), mark="WRONG", colour="red")
        sys.exit(1)
    _line("settings", f"{settings.environment}, {settings.public_url}")
    well = True
    for check in _CHECKS:
        try:
            _line(check.name, check.look(settings))
        except _Soon as soon:
            _line(check.name, str(soon), mark="soon ", colour="yellow")
        except _Wrong as wrong:
            _line(check.name, str(wrong), mark="WRONG", colour="red")
            well = False
    sys.exit(0 if well else 1)


def _line(name: str, text: str, *, mark: str = "ok   ", colour: str = "green") -> None:
    click.echo(f"{click.style(mark, fg=colour)}  {name:<12}  {text}")


def _connect(settings: Settings) -> psycopg.Connection[tuple[Any, ...]]:
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    try:
        return psycopg.connect(url, connect_timeout=5, autocommit=True)
    except psycopg.OperationalError as error:
        raise _Wrong(f"the database cannot be reached: {str(error).splitlines()[0]}") from error


def _database(settings: Settings) -> str:
    with _connect(settings) as connection:
        version = connection.info.server_version // 10_000
        if version < MINIMUM_VERSION:
            raise _Wrong(f"PostgreSQL {version} is too old, {MINIMUM_VERSION} or newer is needed")
        return f"PostgreSQL {version} answers, database {connection.info.dbname}"


def _tables(settings: Settings) -> str:
    _connect(settings).close()
    current, head = schema.current_revision(settings.database_url), schema.head_revision()
    if current != head:
        raise _Wrong(f"the tables are at revision {current or 'empty'}, the program needs {head}; run: govcloud db upgrade")
    return f"revision {current}"


def _rights(settings: Settings) -> str:
    with _connect(settings) as connection:
        role = connection.info.user
        if connection.execute("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").fetchone() == (True,):
            raise _Wrong(f"{role!r} is a superuser, so nothing protects the record; use two roles: govcloud db prepare")
        held = set(connection.execute(HELD).fetchall())
    if not held:
        raise _Wrong(f"there is no table that {role!r} may read; let the owner run: govcloud db upgrade")
    for wrong, rights in (("must not", held - declared()), ("may not", declared() - held)):
        if rights:
            table, right = min(rights)
            others = f" (and {len(rights) - 1} more)" if len(rights) > 1 else ""
            raise _Wrong(f"{role!r} {wrong} {right} on {table}{others}; let the owner run: govcloud db upgrade")
    return f"{role!r} adds to the record and cannot change it"


def _master_key(settings: Settings) -> str:
    try:
        read_master_key(settings.master_key_file)
    except MasterKeyError as error:
        raise _Wrong(str(error)) from error
    return str(settings.master_key_file)


#: The keys that have not stopped, with how long each has signed (below zero: it waits); of an algorithm, the newest counts and comes last.
_KEYS = """
SELECT kid, private_sealed, algorithm, now() - signs_from FROM signing_key k
 WHERE NOT EXISTS (SELECT FROM signing_key_end e WHERE e.kid = k.kid AND e.at <= now()) ORDER BY signs_from
"""


def _signing_key(settings: Settings) -> str:
    with _connect(settings) as connection:
        if connection.execute("SELECT to_regclass('signing_key') IS NOT NULL").fetchone() != (True,):
            raise _Wrong("there is no table signing_key; run: govcloud db upgrade")
        rows = connection.execute(_KEYS).fetchall()
    try:
        cipher = Cipher(derive(read_master_key(settings.master_key_file), COLUMNS))
        for kid, sealed, _, _ in rows:
            cipher.open(bytes(sealed), sealing_context(kid))
    except MasterKeyError as error:
        raise _Wrong(f"{error}; nothing that is sealed in this database opens without the key that sealed it: restore that file") from error
    newest = {algorithm: age for _, _, algorithm, age in rows if age >= timedelta(0)}
    if missing := [algorithm for algorithm in ALGORITHMS if algorithm not in {row[2] for row in rows}]:
        raise _Wrong(f"there is no key for {' and '.join(missing)}; run: govcloud keys init")
    oldest = max((age.days for age in newest.values()), default=0)
    # The job has until the second day after; then nobody runs it.
    if oldest > settings.signing_key_days + 1:
        raise _Wrong(f"a key has signed for {oldest} days, {settings.signing_key_days} were set: is `govcloud jobs` running?")
    return f"{len(rows)} in use, open with this master key, the oldest has signed for {oldest} days"


_POLICY = "SELECT number, document, source FROM policy_version ORDER BY number DESC LIMIT 1"
_OFFICERS = """
SELECT count(DISTINCT r.official_id) FROM role_assignment r JOIN official_version v ON v.official_id = r.official_id
 WHERE r.role_code = 'security_admin' AND r.valid_from <= now() AND (r.valid_to IS NULL OR r.valid_to > now())
   AND v.status = 'active' AND v.valid_from <= now() AND (v.valid_to IS NULL OR v.valid_to > now())
"""


def _policy(settings: Settings) -> str:
    """Find a policy of an older version: what this one has learned since is closed to everybody until it is merged and installed."""
    with _connect(settings) as connection:
        if connection.execute("SELECT to_regclass('policy_version') IS NOT NULL").fetchone() != (True,):
            raise _Wrong("there is no table policy_version; run: govcloud db upgrade")
        row = connection.execute(_POLICY).fetchone()
        officers = connection.execute(_OFFICERS).fetchone() or (0,)
    if row is None:
        return "none is installed, the one that ships decides"
    number, document, source = row
    try:
        installed = parse_document(document, source)
    except PolicyError as error:
        remedy = "bring one back: govcloud policy rollback NUMBER --emergency"
        raise _Wrong(f"policy {number} ({source}) cannot be read: {error.message}; {remedy}") from error
    missing = sorted(set(baseline().functions) - set(installed.functions))
    if missing:
        raise _Wrong(
            f"policy {number} ({source}) does not know {len(missing)} functions of this version, {missing[0]} for one, so they are closed; "
            "see: govcloud policy diff; begin with: govcloud policy show --source"
        )
    try:
        parse_document(document, source, surroundings(settings).zones.names)
    except SettingsError as error:
        raise _Wrong(str(error)) from error
    except PolicyError as error:
        raise _Wrong(f"policy {number} ({source}) names a network zone that is not set; the rule never matches: {error.message}") from error
    count = officers[0]
    alone = "" if count > 1 else f"; nobody can approve another one: security officers {count}, needed 2 (govcloud roles give)"
    return f"policy {number} ({source}) knows every function of this version{alone}"


def _password_list(settings: Settings) -> str:
    if settings.breached_passwords_file is None:
        return "the short list that ships; a longer one: GOVCLOUD_BREACHED_PASSWORDS_FILE"
    try:
        PasswordList(settings.breached_passwords_file)
    except SettingsError as error:
        raise _Wrong(str(error)) from error
    return f"{settings.breached_passwords_file} is sorted, beside the short list that ships"


def _clock(settings: Settings) -> str:
    """Compare this machine's clock with the database's: what one machine closes, another with a clock behind would still hold open."""
    with _connect(settings) as connection:
        row = connection.execute("SELECT clock_timestamp()").fetchone()
    apart = abs((SystemClock().now() - row[0]).total_seconds()) if row is not None else 0.0
    if apart > settings.clock_bound_seconds:
        raise _Wrong(
            f"this machine and the database are {apart:.0f} s apart; grants and their ends are compared with clocks, "
            "so nothing is decided: set both by NTP"
        )
    return f"within {settings.clock_bound_seconds:g} s of the database's"


def _surroundings(settings: Settings) -> str:
    try:
        surroundings(settings)
        calendar = base_calendar(settings)
    except SettingsError as error:
        raise _Wrong(str(error)) from error
    years = sorted(calendar.years)
    zones = f"{len(settings.network_zones)} network zones" if settings.network_zones else "no network zones"
    known = f"working days of {years[0]} to {years[-1]}"
    other = "beyond what was imported (govcloud clocks calendar), rules on other years open nothing, and clocks suppose Monday to Friday"
    return f"{known}; {other}; {zones}"


_IMPORTED_YEARS = "SELECT DISTINCT extract(year FROM day)::int FROM calendar_day WHERE valid_to IS NULL AND extract(doy FROM day) = 1"


def _calendar(settings: Settings) -> str:
    with _connect(settings) as connection:
        try:
            imported = {row[0] for row in connection.execute(_IMPORTED_YEARS)}
        except psycopg.errors.UndefinedTable as error:
            raise _Wrong("there are no tables yet: govcloud db upgrade") from error
    try:
        shipped = base_calendar(settings).years
    except SettingsError as error:
        raise _Wrong(str(error)) from error
    missing = missing_year(shipped | imported, SystemClock().now())
    if missing is not None:
        raise _Soon(f"the working days of {missing} are not known; when they are announced: govcloud clocks calendar FILE --reason …")
    return "the working days of this year, and of the next from November on, are known"


def _transport(settings: Settings) -> str:
    if settings.environment is Environment.PRODUCTION and settings.trusted_proxies == 0:
        raise _Wrong("GOVCLOUD_TRUSTED_PROXIES is 0: behind nginx every client would seem to have one address; set it to 1")
    kind = "https" if settings.secure else "http, for this machine only"
    return f"{kind}; clients' certificates in {header}" if (header := settings.client_certificate_header) else kind


def _replica(settings: Settings) -> str:
    if settings.replica_dir is None:
        return "none: decisions read the database; one makes them a hundred times faster: GOVCLOUD_REPLICA_DIR"
    place = Place(settings.replica_dir)
    if not place.folder.exists():
        return "none yet: `govcloud replica keep` builds it"
    engine = create_engine(settings.database_url, poolclass=NullPool, hide_parameters=True, connect_args={"connect_timeout": 5})
    try:
        with Session(engine) as session:
            found = status_of(place, session)
    except ReplicaError as error:
        raise _Wrong(f"{error}; is `govcloud replica keep` running?") from error
    except OperationalError as error:
        raise _Wrong("the database cannot be reached") from error
    finally:
        engine.dispose()
    if (fault := found.fault(settings.replica_bound_seconds)) is not None:
        raise _Wrong(fault)
    return f"{found.people} people, {found.bytes / 2**20:.0f} MiB, change {found.epoch} of {found.database_epoch}"


_CHECKS = (
    _Check("master key", _master_key),
    _Check("database", _database),
    _Check("tables", _tables),
    _Check("rights", _rights),
    _Check("signing key", _signing_key),
    _Check("policy", _policy),
    _Check("passwords", _password_list),
    _Check("clock", _clock),
    _Check("surroundings", _surroundings),
    _Check("calendar", _calendar),
    _Check("transport", _transport),
    _Check("replica", _replica),
)
