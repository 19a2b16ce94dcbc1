"""``govcloud clocks``: the rules of the clock, and the working calendar."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Invalid
from govcloud.services import Services
from govcloud.settings import Settings

Cli = Callable[..., Result]


@pytest.fixture
def cli(settings: Settings, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the test's clock."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")
    return lambda *words: CliRunner().invoke(main, ["clocks", *words], obj=lambda *_: assemble(settings, clock))


def test_the_rules_are_shown_and_set(cli: Cli, services: Services) -> None:
    assert "one_hours" in cli("show").output
    assert cli("set", "one_hours=20", "afternoon_to=18:00", "--reason", "延长时限").output.splitlines() == [
        "afternoon_to: 17:00 -> 18:00",
        "one_hours: 13 -> 20",
    ]
    assert "nothing changed" in cli("set", "one_hours=20", "--reason", "延长时限").output
    assert isinstance(cli("set", "one_hours=x", "--reason", "延长时限").exception, Invalid)
    assert "is not RULE=VALUE" in cli("set", "one_hours", "--reason", "延长时限").output


def test_the_calendar_is_shown_then_imported(cli: Cli, services: Services, tmp_path: Path) -> None:
    file = tmp_path / "2027.csv"
    file.write_text("date,day,name\n2027-01-01,holiday,元旦\n", encoding="utf-8")
    tried = cli("calendar", str(file)).output
    assert "2027 (new)" in tried
    assert "2027-01-01" in tried
    assert "nothing imported yet" in tried
    assert isinstance(cli("calendar", str(file), "--yes").exception, Invalid), "a reason is wanted"
    assert "within half a minute" in cli("calendar", str(file), "--yes", "--reason", "放假安排").output
    assert "2027-01-01" not in cli("calendar", str(file)).output
    file.write_bytes(b"\xff\xfe")
    assert cli("calendar", str(file)).exit_code == 1
