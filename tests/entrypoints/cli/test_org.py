"""``govcloud org``: the tree is read and reorganised from the command line, and a dry run changes nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from govcloud.app import assemble
from govcloud.cli.main import main
from govcloud.identity.inputs import NewOffice
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.people import a_department
from tests.factories.world import SEED, World

Cli = Callable[..., Result]


@pytest.fixture
def cli(world: World, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Cli:
    """Return the command line on the small province; a refused command keeps its error in ``exception``."""
    monkeypatch.setenv("DATABASE_URL", settings.database_url)
    monkeypatch.setenv("GOVCLOUD_MASTER_KEY_FILE", str(settings.master_key_file))
    monkeypatch.setenv("GOVCLOUD_ENVIRONMENT", "test")

    def run(*words: str) -> Result:
        return CliRunner().invoke(main, ["org", *words], obj=assemble)

    return run


@pytest.fixture
def codes(services: Services, world: World) -> dict[str, str]:
    """Return the credit codes of the small province's departments by key."""
    views = services.identity_queries.departments(world.organisation.ids.values())
    return {key: views[department].uscc for key, department in world.organisation.ids.items()}


def output_of(result: Result) -> str:
    assert result.exit_code == 0, (result.output, result.exception)
    return result.output


def test_the_tree_is_listed_found_and_shown(cli: Cli, codes: dict[str, str]) -> None:
    assert output_of(cli("tree")).startswith("+ 浙江省人民政府\t")
    assert len(output_of(cli("tree", codes["government"])).splitlines()) == 6
    assert codes["xihu_civil_affairs"] in output_of(cli("search", "xhqmzj"))
    assert "no department" in output_of(cli("search", "nothing"))
    shown = output_of(cli("show", codes["xihu_civil_affairs"]))
    assert "浙江省人民政府 / 杭州市西湖区人民政府" in shown
    missing = cli("show", codes["xihu_civil_affairs"], "--at", "2020-01-01")
    assert missing.exit_code == 1
    assert "no department" in missing.output


def test_departments_are_reorganised_after_a_dry_run(cli: Cli, codes: dict[str, str], services: Services, world: World) -> None:
    ids = world.organisation.ids
    services.identity.open_offices(SEED, [NewOffice(ids["xihu_civil_affairs"], "救助科")])
    words = ("merge", codes["xihu_civil_affairs"], "--into", codes["xihu_housing"], "--reason", "机构改革")
    told = output_of(cli(*words, "--dry-run"))
    assert "would touch: 杭州市西湖区民政局" in told
    assert "people of 2 appointments would gain, lose or keep functions on other rows" in told
    assert "王芳" in told
    assert codes["xihu_civil_affairs"] in output_of(cli("search", "西湖区民政局"))

    new = a_department().uscc
    split = (
        "split",
        codes["xihu_civil_affairs"],
        "--new-uscc",
        new,
        "--name",
        "西湖区社会救助局",
        "--office",
        "救助科",
        "--person",
        "WANGFANG",
    )
    assert "done: 西湖区社会救助局" in output_of(cli(*split, "--reason", "职能调整"))
    assert "杭州市西湖区人民政府" in output_of(cli("show", new))
    assert "done" in output_of(cli("rename", new, "西湖区救助管理局"))
    assert "done" in output_of(cli("move", new, "--below", codes["data"]))
    assert "done" in output_of(cli("move", new, "--root"))
    joined = ("merge", codes["xihu_civil_affairs"], new, "--into", a_department().uscc, "--name", "西湖区民生局", "--reason", "机构改革")
    assert "done: 西湖区民生局" in output_of(cli(*joined))
    assert "done: 杭州市西湖区住房和城乡建设局" in output_of(
        cli("abolish", codes["data"], "--successor", codes["xihu_housing"], "--reason", "职能并入")
    )
    refused = cli("abolish", codes["housing"], "--reason", "撤销", "--dry-run")
    assert isinstance(refused.exception, Conflict)
    assert cli("move", codes["housing"]).exit_code == 2
    for wrong in (("--office", "没有的科"), ("--person", "NOBODY"), ("--child", "nothing")):
        asked = ("split", codes["housing"], "--new-uscc", a_department().uscc, "--name", "新厅", "--reason", "职能调整", *wrong)
        assert cli(*asked).exit_code == 1


def test_departments_are_registered_changed_and_ordered(cli: Cli, codes: dict[str, str], services: Services, clock: ManualClock) -> None:
    new = a_department().uscc
    words = ("register", new, "西湖区医保局", "--below", codes["xihu"], "--division", "330106000000", "--level", "county", "--line", "医保")
    assert "registered 西湖区医保局" in output_of(cli(*words))
    assert isinstance(cli(*words).exception, Conflict)
    assert "would touch" in output_of(cli("change", new, "--line", "医疗保障", "--dry-run"))
    output_of(cli("change", new, "--line", "医疗保障", "--lead", codes["civil_affairs"]))
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    view = services.identity_queries.department_by_uscc(new)
    assert view is not None
    assert (view.business_lines, view.level, view.division) == (("医疗保障",), "county", "330106000000")
    assert view.lead_department_id is not None
    output_of(cli("change", new, "--unled"))
    order = (new, codes["xihu_housing"], codes["xihu_civil_affairs"])
    output_of(cli("reorder", *order, "--below", codes["xihu"]))
    listed = output_of(cli("tree", codes["xihu"])).splitlines()
    assert [line.split("\t")[1] for line in listed] == list(order)


def test_offices_are_opened_renamed_and_closed(cli: Cli, codes: dict[str, str]) -> None:
    output_of(cli("open-office", codes["housing"], "审批处", "法规处"))
    output_of(cli("rename-office", codes["housing"], "法规处", "政策法规处"))
    assert "审批处, 政策法规处" in output_of(cli("show", codes["housing"]))
    assert "closed" in output_of(cli("close-office", codes["housing"], "审批处"))
    missing = cli("close-office", codes["housing"], "审批处")
    assert (missing.exit_code, "has 0 offices" in missing.output) == (1, True)


def test_divisions_are_entered_from_a_file_once(cli: Cli, services: Services, tmp_path: Path, clock: ManualClock) -> None:
    file = tmp_path / "divisions.csv"
    file.write_text("# 2026 年\n330212000000,鄞州区\n330200000000\t宁波市\n330106000000,西湖区\n", encoding="utf-8")
    assert "2 divisions entered, 1 were there" in output_of(cli("divisions", str(file)))
    assert "0 divisions entered, 3 were there" in output_of(cli("divisions", str(file)))
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    view = services.identity_queries.division("330212000000")
    assert view is not None
    assert view.parent_code == "330200000000"
    file.write_bytes("330300000000,温州市".encode("gb18030"))
    assert "is not in UTF-8" in cli("divisions", str(file)).output
    file.write_text("330300000000\n", encoding="utf-8")
    assert "line 1: expected a code and a name" in cli("divisions", str(file)).output
    file.write_text("3303,温州市\n", encoding="utf-8")
    assert isinstance(cli("divisions", str(file)).exception, Invalid)
