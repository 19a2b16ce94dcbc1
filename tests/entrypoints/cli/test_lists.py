"""``govcloud lists import | export | template | history``."""

from __future__ import annotations

import csv
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.listing.columns import POWER
from tests.factories.imports import uscc_of
from tests.factories.lists import Row, power, service, table
from tests.factories.world import World

Cli = Callable[..., Result]


@pytest.fixture
def cli(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the small province."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")
    return lambda *words: CliRunner().invoke(main, ["lists", *map(str, words)], obj=assemble)


def written(path: Path, rows: list[Row]) -> Path:
    """Write rows of the power list."""
    path.write_text(table(POWER, rows), encoding="utf-8", newline="")
    return path


def test_dry_run_report_apply_and_history(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    file = written(tmp_path / "a.csv", [power(1), power(2) | {"kind": "=9"}, power(3)])
    dry = cli("import", "power", file, "--report", tmp_path / "report.csv")
    assert (dry.exit_code, "nothing was written" in dry.output, "rows with findings:" in dry.output) == (2, True, True)
    rows = list(csv.reader((tmp_path / "report.csv").read_text("utf-8-sig").splitlines()))
    assert [row[:3] for row in rows[1:]] == [["3", "事项类型", "'=9"]]
    refused = cli("import", "power", file, "--apply")
    assert (refused.exit_code, "--skip-wrong" in refused.output) == (2, True)
    assert services.subsystem_queries.editions("power").rows == ()
    done = cli("import", "power", file, "--apply", "--skip-wrong", "--title", "2026 年第一版", "--note", "浙政办〔2026〕1 号")
    assert (done.exit_code, "written as edition '2026 年第一版'" in done.output) == (0, True), done.output
    changed = written(tmp_path / "b.csv", [power(1, name="住房租赁补贴"), power(3)])
    assert "~ 330530001000 事项名称: 公租房租赁补贴 1 → 住房租赁补贴" in cli("import", "power", changed).output
    assert cli("import", "power", changed, "--apply").exit_code == 0
    assert "no edition was made" in cli("import", "power", changed, "--apply").output
    editions = cli("history", "power").output
    assert "2026 年第 2 版" in editions
    versions = cli("history", "power", "--code", "330530001000").output
    assert all(name in versions for name in ("住房租赁补贴", "公租房租赁补贴 1", "2026 年第一版"))


def test_a_complete_list_of_one_department(cli: Cli, services: Services, world: World, tmp_path: Path) -> None:
    rows = [power(1), power(2), power(1, at="xihu_housing")]
    assert cli("import", "power", written(tmp_path / "a.csv", rows), "--apply").exit_code == 0
    own = ("--department", uscc_of("housing"), "--complete")
    less = written(tmp_path / "b.csv", [power(1)])
    dry = cli("import", "power", less, *own)
    assert ("- 330530002000 公租房租赁补贴 2" in dry.output, "50.0% would leave" in dry.output) == (True, True)
    with pytest.raises(Conflict):
        raise cli("import", "power", less, *own, "--apply").exception or AssertionError
    assert cli("import", "power", less, *own, "--apply", "--allow-vanish", "50%").exit_code == 0
    now = datetime.now(UTC)
    assert [item.code for item in services.subsystem_queries.power_items(world.organisation.ids["xihu_housing"], now)] == [power(1)["code"]]
    assert "no department" in cli("import", "power", less, "--department", "x").output
    assert cli("import", "nothing", less).exit_code == 2


def test_what_is_exported_can_be_imported(cli: Cli, tmp_path: Path) -> None:
    assert cli("import", "power", written(tmp_path / "a.csv", [power(1), power(2, at="xihu_housing")]), "--apply").exit_code == 0
    rest = tmp_path / "s.csv"
    rest.write_text(f"实施编码,事项名称\n{service(1)['code']},申领\n", encoding="utf-8")
    assert cli("import", "implementation", rest, "--apply").exit_code == 0
    for kind in ("power", "implementation"):
        for name in ("out.csv", "out.xlsx"):
            assert cli("export", kind, tmp_path / name).exit_code == 0
            again = cli("import", kind, tmp_path / name, "--complete", "--apply")
            assert "no edition was made" in again.output, again.output
        assert cli("template", kind, tmp_path / "t.xlsx").exit_code == 0
        assert cli("template", kind, tmp_path / "t.csv").exit_code == 0
    assert cli("export", "power", tmp_path / "old.csv", "--at", "2020-01-01").exit_code == 0
    assert len((tmp_path / "old.csv").read_text("utf-8-sig").splitlines()) == 1
    assert cli("export", "power", tmp_path / "own.csv", "--department", uscc_of("xihu_housing")).exit_code == 0
    assert len((tmp_path / "own.csv").read_text("utf-8-sig").splitlines()) == 2
