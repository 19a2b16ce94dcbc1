"""``govcloud people transfer``, ``appoint``, ``suspend``, ``leave`` and their way back: now and on a day that lies ahead."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from govcloud.kernel.errors import Conflict, Invalid, NotFound
from govcloud.services import Services
from tests.entrypoints.cli.test_people_and_client import Cli, cli, output_of
from tests.factories.world import World

__all__ = ["cli"]

WHY = ("--reason", "组织决定")


def test_a_working_life_on_the_command_line(cli: Cli, services: Services, world: World) -> None:
    department = services.identity_queries.department(world.organisation.ids["yuhang_civil_affairs"])
    assert department is not None
    place = ("--department", department.uscc, "--position", "受理员")
    # The command line goes by the machine's clock, not by that of the tests.
    ahead = f"{datetime.now(UTC) + timedelta(days=40):%Y-%m-%d}"

    assert "planned for" in output_of(cli("people", "transfer", "WANGFANG", *place, "--handover-days", "3", "--at", ahead, *WHY))
    listed = output_of(cli("people", "planned", "WANGFANG")).splitlines()
    change_id, code, _, kind, since = listed[1].split("\t")[:5]
    assert (code, kind, since) == ("WANGFANG", "transfer", f"{ahead}T00:00:00+08:00")
    assert "cancelled" in output_of(cli("people", "cancel", change_id, *WHY))
    assert "nothing is planned" in output_of(cli("people", "planned"))

    term = ("--kind", "secondment", "--until", ahead)
    assert "appointed (secondment) 王芳" in output_of(cli("people", "appoint", "WANGFANG", *place, *term, *WHY))
    assert "suspended 王芳" in output_of(cli("people", "suspend", "WANGFANG", *WHY))
    assert isinstance(cli("people", "suspend", "WANGFANG", *WHY).exception, Conflict)
    assert "reinstated 王芳" in output_of(cli("people", "reinstate", "WANGFANG", *WHY))
    assert "left 王芳" in output_of(cli("people", "leave", "WANGFANG", *WHY))
    assert "left" in output_of(cli("people", "show", "WANGFANG"))
    assert "goes on as before" in output_of(cli("people", "undo-leave", "WANGFANG", *WHY))
    assert "secondment" in output_of(cli("people", "show", "WANGFANG"))
    assert "left 王芳" in output_of(cli("people", "leave", "WANGFANG", *WHY))
    assert "rejoined 王芳" in output_of(cli("people", "rejoin", "WANGFANG", *place, *WHY))
    assert isinstance(cli("people", "rejoin", "WANGFANG", *place, *WHY).exception, Conflict)


def test_what_is_planned_can_be_narrowed(cli: Cli, services: Services, world: World) -> None:
    department = services.identity_queries.department(world.organisation.ids["yuhang_civil_affairs"])
    assert department is not None
    day, next_day = (f"{datetime.now(UTC) + timedelta(days=days):%Y-%m-%d}" for days in (40, 41))
    output_of(cli("people", "leave", "WANGFANG", "--at", day, *WHY))
    output_of(cli("people", "suspend", "SHANXUEMEI", "--at", next_day, *WHY))

    def listed(*options: str) -> list[str]:
        return [line.split("\t")[1] for line in output_of(cli("people", "planned", *options)).splitlines()[1:]]

    assert listed() == ["WANGFANG", "SHANXUEMEI"]
    assert listed("--kind", "suspend") == listed("--department", department.uscc) == listed("--since", next_day) == ["SHANXUEMEI"]
    assert listed("--until", next_day) == listed("--limit", "1") == ["WANGFANG"]
    assert "no department" in cli("people", "planned", "--department", "nothing").output


def test_what_is_wrong_is_said_in_a_line(cli: Cli, world: World) -> None:
    place = ("--department", "nothing", "--position", "受理员")
    assert "no department" in cli("people", "transfer", "WANGFANG", *place, *WHY).output
    assert "no official" in cli("people", "leave", "NOBODY", *WHY).output
    assert "neither a date" in cli("people", "leave", "WANGFANG", "--at", "tomorrow", *WHY).output
    assert isinstance(cli("people", "leave", "WANGFANG", "--reason", " ").exception, Invalid)
    assert isinstance(cli("people", "cancel", "01a21833-6163-77da-b301-bd39d23e6ef7", *WHY).exception, NotFound)
