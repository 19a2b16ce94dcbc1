"""``govcloud roles`` and the facts of ``govcloud people``: given, listed, explained, bounded and ended from the command line."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.people import id_number
from tests.factories.requests import may_read
from tests.factories.world import World

__all__ = ["cli"]


@pytest.fixture
def codes(services: Services, world: World) -> dict[str, str]:
    """Return the credit codes of the small province's departments by key."""
    views = services.identity_queries.departments(world.organisation.ids.values())
    return {key: views[department].uscc for key, department in world.organisation.ids.items()}


def test_a_role_is_given_explained_and_ended(cli: Cli, services: Services, world: World, codes: dict[str, str], clock: ManualClock) -> None:
    words = ("roles", "give", "WANGFANG", "housing_clerk", "--under", codes["xihu_civil_affairs"], "--reason", "一窗通办")
    assert cli(*words, typed="n\n").exit_code != 0
    assert not may_read(services, world.wang)
    given = output_of(cli(*words, "--until", "2027-06-01", "--yes"))
    assert "housing:register:read" in given, "what it opens is shown"
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    assert may_read(services, world.wang)
    rows = [line.split("\t") for line in output_of(cli("roles", "list", "WANGFANG")).splitlines()]
    [listed] = [row for row in rows if row[1] == "housing_clerk"]
    assert listed[1:4] == ["housing_clerk", "杭州市西湖区民政局 · 窗口受理员", ""]
    assert listed[4].startswith("2027-06-01T00:00:00+08:00")
    why = output_of(cli("roles", "access", "WANGFANG"))
    assert "assignment housing_clerk" in why
    assert "一窗通办" in why
    assert "housing:register:read" not in output_of(cli("roles", "access", "WANGFANG", "--at", "2026-01-01"))
    assert "ended" in output_of(cli("roles", "end", listed[0], "--reason", "不再承担"))
    assert "already" in output_of(cli("roles", "end", listed[0], "--reason", "不再承担"))
    clock.advance(datetime.now(UTC) - clock.now())
    assert not may_read(services, world.wang)


def test_a_delegated_role_reaches_over_a_department(
    cli: Cli, services: Services, world: World, codes: dict[str, str], clock: ManualClock
) -> None:
    words = ("roles", "give", "WANGFANG", "department_admin", "--over", codes["xihu"], "--reason", "代管", "--yes")
    output_of(cli(*words))
    assert "杭州市西湖区人民政府" in output_of(cli("roles", "list", "WANGFANG"))
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    paths = services.authorization_queries.department_paths(world.wang.official_id, world.wang.appointment_id, "department_admin")
    assert paths == (world.organisation.paths["xihu"],)


def test_what_is_wrong_with_a_role_is_said(cli: Cli, codes: dict[str, str]) -> None:
    reason = ("--reason", "x", "--yes")
    assert isinstance(cli("roles", "give", "WANGFANG", "no_such_role", *reason).exception, Invalid)
    assert isinstance(cli("roles", "give", "ZHOUJIANJUN", "audit_admin", *reason).exception, Conflict)
    away = cli("roles", "give", "WANGFANG", "housing_clerk", "--under", codes["housing"], *reason)
    assert (away.exit_code, "has 0 appointments" in away.output) == (1, True)
    for words in (("list", "NOBODY"), ("access", "NOBODY"), ("give", "NOBODY", "housing_clerk", *reason), ("ceiling", "nothing")):
        answer = cli("roles", *words)
        assert (answer.exit_code, "no " in answer.output) == (1, True), words


def test_a_ceiling_is_set_inherited_and_shown(cli: Cli, codes: dict[str, str]) -> None:
    below, above = codes["xihu_civil_affairs"], codes["xihu"]
    assert "set" in output_of(cli("roles", "ceiling", above, "--role", "housing_clerk", "--reason", "一窗通办"))
    shown = output_of(cli("roles", "ceiling", below))
    assert "杭州市西湖区民政局: housing_clerk" in shown
    assert "set on 杭州市西湖区人民政府" in shown
    assert "nothing may be given" in output_of(cli("roles", "ceiling", below, "--nothing", "--reason", "收回"))
    assert "set on 杭州市西湖区人民政府" in output_of(cli("roles", "ceiling", below, "--inherit", "--reason", "沿用"))
    assert "already" in output_of(cli("roles", "ceiling", below, "--inherit", "--reason", "沿用"))
    assert isinstance(cli("roles", "ceiling", below, "--nothing").exception, Invalid)
    assert cli("roles", "ceiling", below, "--nothing", "--inherit").exit_code == 2


def test_facts_are_changed_and_an_appointment_ended(
    cli: Cli, services: Services, world: World, codes: dict[str, str], clock: ManualClock
) -> None:
    assert "changed 王芳" in output_of(cli("people", "change", "WANGFANG", "--rank", "二级科员"))
    assert "so already" in output_of(cli("people", "change", "WANGFANG", "--rank", "二级科员"))
    assert "corrected" in output_of(cli("people", "correct-id-number", "WANGFANG", typed=f"{id_number(9100)}\n"))
    assert isinstance(cli("people", "correct-id-number", "WANGFANG", typed="1\n").exception, Invalid)
    added = (
        "people",
        "appoint",
        "WANGFANG",
        "--kind",
        "concurrent",
        "--department",
        codes["data"],
        "--position",
        "联络员",
        "--reason",
        "兼",
    )
    output_of(cli(*added))
    wrong = cli("people", "end-appointment", "WANGFANG", codes["data"], "--position", "别的", "--reason", "止")
    assert (wrong.exit_code, "0 such appointments" in wrong.output) == (1, True)
    assert "浙江省数据局 · 联络员" in output_of(cli("people", "end-appointment", "WANGFANG", codes["data"], "--reason", "止"))
    # The command line goes by the machine's clock, which is ahead of the test's.
    clock.advance(datetime.now(UTC) - clock.now())
    assert len(services.identity_queries.appointments_of(world.wang.official_id)) == 1
