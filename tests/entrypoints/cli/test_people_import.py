"""``govcloud people import | sync | template | activation-codes``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.imports import a_row, uscc_of, write_csv
from tests.factories.people import id_number
from tests.factories.world import World

Cli = Callable[..., Result]


@pytest.fixture
def cli(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the small province."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")
    return lambda *words: CliRunner().invoke(main, ["people", *map(str, words)], obj=assemble)


def table(path: Path) -> list[list[str]]:
    """Return the cells of a CSV."""
    return list(csv.reader(path.read_text("utf-8-sig").splitlines()))


def test_dry_run_then_apply_with_a_report(cli: Cli, services: Services, tmp_path: Path) -> None:
    wrong = id_number(30_002)[:-1] + "A"
    file = write_csv(tmp_path / "a.csv", [a_row(1), a_row(2, id_number=wrong, post="=1")])
    dry = cli("import", file, "--report", tmp_path / "report.csv")
    assert dry.exit_code == 2
    assert "new:                           1" in dry.output
    assert "nothing was written" in dry.output
    assert services.identity_queries.official_by_code("IM00001", datetime.now(UTC)) is None
    rows = table(tmp_path / "report.csv")
    assert [(row[0], row[1]) for row in rows[1:]] == [("3", "职务"), ("3", "证件号码")]
    assert rows[1][2] == "'=1"
    assert wrong not in str(rows)
    applied = cli("import", file, "--apply")
    assert applied.exit_code == 2
    assert "new:                           1" in applied.output, applied.output
    # The command line goes by the machine's clock, which is ahead of the test's.
    assert services.identity_queries.official_by_code("IM00001", datetime.now(UTC)) is not None
    assert services.audit_queries.waiting() == 0
    again = cli("import", write_csv(tmp_path / "b.csv", [a_row(1)]), "--apply", "--no-seal")
    assert again.exit_code == 0
    assert "unchanged:                     1" in again.output


def test_sync_refuses_until_the_share_is_allowed(cli: Cli, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(4)]
    assert cli("sync", write_csv(tmp_path / "a.csv", rows), "--source", "hr", "--apply").exit_code == 0
    fewer = write_csv(tmp_path / "b.csv", rows[:3])
    dry = cli("sync", fewer, "--source", "hr")
    assert "would be disabled:             1" in dry.output
    refused = cli("sync", fewer, "--source", "hr", "--apply")
    assert isinstance(refused.exception, Conflict)
    assert cli("sync", fewer, "--source", "hr", "--apply", "--allow-vanish", "x").exit_code == 2
    done = cli("sync", fewer, "--source", "hr", "--apply", "--allow-vanish", "25%")
    assert "disabled:                      1" in done.output


def test_a_broken_file_is_one_line(cli: Cli, tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_text("x,y\n1,2\n", "utf-8")
    assert isinstance(cli("import", path).exception, Invalid)
    assert cli("import", path, "--department", "nothing").exit_code == 1


def test_templates_and_codes(cli: Cli, services: Services, tmp_path: Path, clock: ManualClock) -> None:
    assert cli("template", tmp_path / "t.xlsx").exit_code == 0
    assert cli("template", tmp_path / "t.csv").exit_code == 0
    assert (tmp_path / "t.csv").read_text("utf-8-sig").startswith("工号")
    cli("import", write_csv(tmp_path / "a.csv", [a_row(1), a_row(2, at="xihu_housing")]), "--apply")
    out = tmp_path / "codes.csv"
    assert cli("activation-codes", "--department", uscc_of("xihu_civil_affairs"), "--out", out).exit_code == 0
    assert out.stat().st_mode & 0o777 == 0o600
    rows = table(out)
    assert [row[0] for row in rows[1:]] == ["IM00001"]
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    services.signon.activate("IM00001", rows[1][2], "Qiantang-2026-tide", None)
    assert "WANGFANG" in cli("activation-codes", "--code", "wangfang").output
    assert cli("activation-codes").exit_code == 2
    assert cli("activation-codes", "--code", "nobody").exit_code == 1
