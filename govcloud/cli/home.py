"""What ``govcloud run`` needs before anything can serve: database, tables, keys, a province, and the examples' secrets."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from govcloud.cli.context import operator, platform
from govcloud.cli.seed.cast import CAST
from govcloud.cli.seed.command import keep_secrets
from govcloud.cli.seed.history.playing import BEGINNING, live
from govcloud.cli.seed.loader import seed
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.report import SampleAccount, SeedReport
from govcloud.cli.seed.sizes import SHAPES
from govcloud.kernel import schema
from govcloud.kernel.clock import ManualClock, SystemClock
from govcloud.kernel.crypto import create_master_key
from govcloud.kernel.embedded_postgres import EmbeddedPostgres, default_root
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services

EXAMPLES = ("housing", "assistance")
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Home:
    """Where the data of this run is kept, and the addresses of its database for both roles."""

    root: Path
    database_url: str
    owner_url: str

    @property
    def secrets_file(self) -> Path:
        """Return the file with the client secrets of the examples."""
        return self.root / "client-secrets.json"


@contextmanager
def home() -> Iterator[Home]:
    """Start the embedded database, unless ``DATABASE_URL`` names another, and stop it in the end.

    Raises:
        EmbeddedPostgresError: it cannot start.
    """
    if given := os.environ.get("DATABASE_URL"):
        yield Home(default_root(), given, os.environ.get("DATABASE_OWNER_URL", given))
        return
    embedded = EmbeddedPostgres()
    with embedded as addresses:
        yield Home(embedded.root, addresses.app_url, addresses.owner_url)


def migrate(place: Home) -> None:
    """Bring the tables to the program's version."""
    schema.upgrade(place.owner_url, role_of(place.database_url))


@dataclass(frozen=True)
class Furnished:
    """What the first look shows: accounts that can sign in, and the secrets that the examples start with."""

    accounts: tuple[SampleAccount, ...]
    client_secrets: Mapping[str, str]


def furnish(context: click.Context, place: Home, size: str, launch_urls: Mapping[str, str], progress: Progress) -> Furnished:
    """Make the keys; fill an empty platform, or give the sample accounts of a filled one fresh passwords.

    Passwords are stored nowhere in clear, so each run makes its own. An empty platform is given some weeks of history; one on whose
    record something stands already is not, as its events follow one another in time.
    """
    create_master_key(Path(os.environ["GOVCLOUD_MASTER_KEY_FILE"]))
    with platform(context) as services:
        untouched = not services.audit_queries.newest(limit=1)
        if not untouched:
            _make_keys(services)
        if services.identity_queries.search_officials("", limit=1).rows:
            return Furnished(tuple(_fresh_passwords(services)), _client_secrets(services, place.secrets_file))
        if not untouched:
            report = seed(services, size, progress=progress, launch_urls=launch_urls)
    if untouched:
        report = _lived_in(context, size, launch_urls, progress)
    keep_secrets(report, place.secrets_file)
    return Furnished(report.sample_accounts, report.client_secrets)


def _lived_in(context: click.Context, size: str, launch_urls: Mapping[str, str], progress: Progress) -> SeedReport:
    """Fill an untouched platform with a province and its last weeks, by a clock that is set back and comes up to now."""
    until = SystemClock().now()
    clock = ManualClock(until - BEGINNING)
    with platform(context, clock) as services:
        _make_keys(services)
        return live(services, clock, until, Plan(SHAPES[size], 1), progress=progress, launch_urls=launch_urls)


def _make_keys(services: Services) -> None:
    for rotation in (services.key_rotation, services.receipt_key_rotation):
        rotation.ensure(operator())


def _fresh_passwords(services: Services) -> Iterator[SampleAccount]:
    for member in CAST:
        account = services.identity_queries.account_by_login(member.login)
        # A platform that was filled by other means has none of them, and one who left gets no password.
        if account is not None and account.active:
            password = services.signon.issue_password(operator(), account.id)
            yield SampleAccount(account.login, member.name, member.description, account.official_id, password)


def _client_secrets(services: Services, file: Path) -> Mapping[str, str]:
    """Return the kept secrets of the examples; those that are lost are made anew."""
    try:
        kept: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError:
        kept = {}
    secrets = {}
    for client_id in EXAMPLES:
        if client_id in kept:
            secrets[client_id] = kept[client_id]
        elif services.subsystem_queries.client_by_client_id(client_id) is not None:
            secrets[client_id] = services.subsystems.rotate_client_secret(operator(), client_id).secret or ""
    return secrets
