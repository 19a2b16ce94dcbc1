"""``govcloud subsystem``: the whole way into service on the command line, dry runs, and what stands in the way."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from click.testing import Result

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.subsystems import a_service_item
from tests.factories.world import World

__all__ = ["cli"]


def test_from_registration_to_retirement(cli: Cli, services: Services, world: World) -> None:
    housing = services.identity_queries.department(world.organisation.ids["housing"])
    assert housing is not None
    words = ["subsystem", "register", "archive", "--name", "住房档案系统", "--owner", housing.uscc, "--level", "3"]
    assert "registered archive" in output_of(cli(*words, "--launch-url", "https://archive.zj.example/"))
    found = cli("subsystem", "check", "archive")
    assert found.exit_code == 1
    assert "BLOCKS\tdoor" in found.output
    refused: Result = cli("subsystem", "submit", "archive")
    assert isinstance(refused.exception, Conflict)
    door = ["subsystem", "function", "archive:door:enter", "--name", "进入"]
    assert "nothing was written" in output_of(cli(*door, "--dry-run"))
    assert services.subsystem_queries.function("archive:door:enter") is None
    output_of(cli(*door))
    output_of(cli("subsystem", "function", "archive:record:read", "--name", "查看档案", "--level", "3", "--sensitive"))
    item = ["subsystem", "item", "archive:record:read", "--name", "查看档案", "--exposes", "题名"]
    assert "nothing was written" in output_of(cli(*item, "--dry-run"))
    output_of(cli(*item))
    code = a_service_item(services, world)
    assert "1 new" in output_of(cli("subsystem", "bind", "archive:record:read", code, "--dry-run"))
    assert "bound 1" in output_of(cli("subsystem", "bind", "archive:record:read", code))
    output_of(cli("client", "register", "archive", "archive", "--name", "档案", "--redirect-uri", "https://archive.zj.example/cb"))
    assert "submitted" in output_of(cli("subsystem", "submit", "archive", "--note", "材料齐全"))
    assert "registered" in output_of(cli("subsystem", "return", "archive", "--reason", "补充说明"))
    assert "submitted" in output_of(cli("subsystem", "submit", "archive"))
    assert "ok\tdoor" in output_of(cli("subsystem", "check", "archive"))
    assert "checked" in output_of(cli("subsystem", "check", "archive", "--confirm"))
    assert "published" in output_of(cli("subsystem", "publish", "archive"))
    shown = output_of(cli("subsystem", "show", "archive"))
    for text in ("补充说明", "publish", code, "查看档案 (one, 30 d, v1)"):
        assert text in shown, text
    assert "住房档案系统" in output_of(cli("subsystem", "list", "--status", "published"))
    assert "2 functions, 1 items, 1 clients" in output_of(cli("subsystem", "retire", "archive", "--reason", "下线", "--dry-run"))
    assert cli("subsystem", "retire", "archive", "--reason", "下线", typed="n\n").exit_code != 0
    assert "retired" in output_of(cli("subsystem", "retire", "archive", "--reason", "下线", "--yes"))


def test_what_stands_is_changed_by_what_is_named(cli: Cli, services: Services, world: World, clock: ManualClock) -> None:
    queries = services.subsystem_queries
    before = queries.subsystem("housing")
    assert before is not None
    assert "changed" in output_of(cli("subsystem", "change", "housing", "--description", "住房保障业务"))
    assert "so already" in output_of(cli("subsystem", "change", "housing", "--description", "住房保障业务"))
    after = queries.subsystem("housing")
    assert after is not None
    assert (after.name, after.launch_url, after.description) == (before.name, before.launch_url, "住房保障业务")

    function = queries.function("housing:register:read")
    assert function is not None
    assert "changed" in output_of(cli("subsystem", "change-function", function.code, "--name", "住房登记", "--reason", "更名"))
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    changed = queries.function(function.code)
    assert changed is not None
    assert (changed.name, changed.sensitive, changed.integration_level) == ("住房登记", function.sensitive, function.integration_level)

    item_id = str(world.items["housing:register:read"])
    assert item_id in output_of(cli("subsystem", "show", "housing"))
    assert "version 2" in output_of(cli("subsystem", "change-item", item_id, "--max-days", "20", "--reason", "收紧"))
    assert "so already" in output_of(cli("subsystem", "change-item", item_id, "--max-days", "20", "--reason", "收紧"))
    code = a_service_item(services, world)
    output_of(cli("subsystem", "bind", function.code, code))
    assert "no longer serves" in output_of(cli("subsystem", "unbind", function.code, code))
    assert isinstance(cli("subsystem", "withdraw-function", function.code, "--reason", "停用").exception, Conflict)
    assert isinstance(cli("subsystem", "withdraw-item", item_id, "--reason", "停用").exception, Conflict), "a matter asks for it"
    output_of(cli("subsystem", "function", "housing:note:read", "--name", "便签", "--level", "3", "--label", "2"))
    output_of(cli("subsystem", "item", "housing:note:read", "--name", "便签", "--exposes", "题名"))
    clock.advance(datetime.now(UTC) - clock.now())
    [note] = queries.items_for_function("housing:note:read")
    traits = queries.function_traits(["housing:note:read", function.code])
    assert {code: found.label for code, found in traits.items()} == {"housing:note:read": 2, function.code: 0}
    assert "withdrew" in output_of(cli("subsystem", "withdraw-item", str(note.id), "--reason", "停用"))
    assert "withdrew" in output_of(cli("subsystem", "withdraw-function", "housing:note:read", "--reason", "停用"))


def test_a_level_is_not_lowered_below_what_rules_bound(cli: Cli, services: Services, world: World) -> None:
    result = cli("subsystem", "change-function", "assistance:case:accept", "--level", "1", "--reason", "调低")
    assert isinstance(result.exception, Conflict)
    [refusal] = result.exception.refusals
    assert refusal.code == "promises"
    assert "窗口受理" in str(refusal.message)
    function = services.subsystem_queries.function("assistance:case:accept")
    assert function is not None
    assert function.integration_level == 3


def test_a_subsystem_goes_to_another_department(cli: Cli, services: Services, world: World) -> None:
    data = services.identity_queries.department(world.organisation.ids["data"])
    assert data is not None
    words = ("subsystem", "hand-over", "housing", data.uscc, "--reason", "职能调整")
    assert "to 浙江省数据局: 4 functions, 2 items" in output_of(cli(*words, "--dry-run"))
    assert cli(*words, typed="n\n").exit_code != 0
    view = services.subsystem_queries.subsystem("housing")
    assert view is not None
    assert view.owner_department_id == world.organisation.ids["housing"]
    assert "belongs to 浙江省数据局" in output_of(cli(*words, "--yes"))
    shown = output_of(cli("subsystem", "show", "housing"))
    assert "浙江省住房和城乡建设厅 → 浙江省数据局" in shown


@pytest.mark.parametrize(
    "words",
    [
        ("show", "nothing"),
        ("change", "nothing"),
        ("change-function", "housing:a:b", "--reason", "x"),
        ("change-item", "019a0000-0000-7000-8000-000000000000", "--reason", "x"),
        ("register", "x1", "--name", "甲", "--owner", "nothing"),
    ],
)
def test_what_is_not_there_is_said(cli: Cli, words: tuple[str, ...]) -> None:
    answer = cli("subsystem", *words)
    assert answer.exit_code == 1
    assert "there is no" in answer.output


def test_whom_a_label_touches_is_shown_before_it_is_set(cli: Cli, services: Services, world: World, clock: ManualClock) -> None:
    words = ["subsystem", "change-function", "housing:register:read", "--label", "4", "--reason", "定级"]
    told = output_of(cli(*words, "--dry-run"))
    assert "陈杰" in told
    assert "- housing:register:read" in told
    refused = cli(*words, typed="n\n")
    assert refused.exit_code == 1
    clock.advance(datetime.now(UTC) - clock.now())
    function = services.subsystem_queries.function("housing:register:read")
    assert function is not None
    assert function.label == 0
    assert "changed" in output_of(cli(*words, "--yes"))
    clear = ["people", "change", "CHENJIE", "--security-label", "4"]
    told = output_of(cli(*clear, "--dry-run"))
    assert "陈杰" in told
    assert "+ housing:register:read" in told
    assert "so already" not in told
    assert "changed 陈杰" in output_of(cli(*clear, typed="y\n"))
    assert world.people
