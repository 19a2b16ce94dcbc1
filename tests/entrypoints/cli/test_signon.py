"""``govcloud signon``: the rules, a person's sessions, the delivery record."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.commands.signon.conftest import sign_in
from tests.factories.receiving import JOBS, Listener, a_client, enter, listening, told_at
from tests.factories.world import World

Cli = Callable[..., Result]


@pytest.fixture
def cli(settings: Settings, services: Services, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the test's clock, by which its sessions are live."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")
    return lambda *words: CliRunner().invoke(main, ["signon", *words], obj=lambda *_: assemble(settings, clock))


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


def test_the_rules_are_shown_and_set(cli: Cli, world: World) -> None:
    shown = cli("policy", "show").output
    assert "session_idle_minutes" in shown
    assert "1-240" in shown
    done = cli("policy", "set", "session_idle_minutes=20", "when_exceeded=refuse", "--reason", "收紧时限")
    assert done.output.splitlines() == ["session_idle_minutes: 30 -> 20", "when_exceeded: end_oldest -> refuse"]
    assert isinstance(cli("policy", "set", "session_idle_minutes=0", "--reason", "收紧时限").exception, Invalid)
    assert "is not RULE=VALUE" in cli("policy", "set", "session_idle_minutes", "--reason", "收紧时限").output
    assert "nothing changed" in cli("policy", "set", "session_idle_minutes=20", "--reason", "收紧时限").output


def test_sessions_are_listed_and_ended_and_clients_hear_of_it(cli: Cli, services: Services, world: World, listener: Listener) -> None:
    assert "is not signed in" in cli("sessions", "WANGFANG").output
    session = sign_in(services)
    enter(services, session, a_client(services, "archive-web", told_at(listener, "/bye")))
    listed = cli("sessions", "WANGFANG").output
    assert str(session.session_id) in listed
    assert "archive-web" in listed
    assert cli("end", "WANGFANG", "--reason", "设备遗失").output.startswith("ended 1 session(s)")
    listener.status = 500
    services.delivery.deliver_due(JOBS)
    assert cli("retry", "archive-web").output == "1 notice(s) will be sent again\n"
    listener.status = 200
    services.delivery.deliver_due(JOBS)
    assert "archive-web" in cli("logouts").output
    assert "there is nobody" in cli("sessions", "NOBODY").output
