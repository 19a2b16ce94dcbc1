"""Approvals that are held back: taken back before anything opens, and given up when the whole can no longer open."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from govcloud.access.lifecycle import LineState
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange
from govcloud.subsystems.inputs import NewItem
from tests.factories.apart import in_force
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER, may_read
from tests.factories.world import World

EXPORT = "housing:register:export"


def lines_of(services: Services, world: World) -> dict[str, Any]:
    """Return the lines of 王芳's last request, as its page shows them, by function."""
    db.session.remove()
    return {line.function: line for line in services.access_queries.my_requests(world.wang.official_id).entries[0].lines}


def events_of(services: Services, world: World, name: str) -> list[dict[str, Any]]:
    db.session.remove()
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    return [dict(event.data) for event in services.audit_queries.by_chain(str(request.id)) if event.name == name]


def retract(services: Services, who: Actor, line_id: UUID, version: int = 2, reason: str = "not_needed") -> Any:  # noqa: ANN401 - Decided
    return services.approving.retracting.retract(who, line_id, version, reason, "对方已改由本厅办理")


def ask_for_three(services: Services, world: World) -> dict[str, UUID]:
    """Ask for three items that open together; 李强 decides on two of them."""
    offered = NewItem(EXPORT, "导出少量住房登记信息", "姓名、房屋坐落，不超过十条", tier="one")
    world.items[EXPORT] = services.subsystems.offer_item(Actor.system("operator"), offered)
    return ask_jointly(services, world, functions=(REGISTER, EXPORT, CASES))


def test_withdrawing_is_not_refused_for_the_sake_of_the_others(services: Services, world: World) -> None:
    """What waited for the line alone may no longer open as it was approved; then it stays shut, and the line is withdrawn."""
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    change = ItemChange("查询住房登记信息", "姓名、房屋坐落", max_days=30, requires_case_number=True)
    services.subsystems.change_item(Actor.system("operator"), world.items[REGISTER], 1, change, "内容缩减")
    done = services.access.withdraw(world.wang.actor(), lines[CASES], 1)
    assert done.not_opened is not None
    assert done.not_opened.code == "together_changed"
    assert not may_read(services, world.wang)
    shown = lines_of(services, world)
    assert shown[CASES].state is LineState.WITHDRAWN
    assert (shown[REGISTER].state, shown[REGISTER].held_back) == (LineState.APPROVED, "given_up")
    [event] = events_of(services, world, "access:request:not_opened")
    assert (event["cause"], event["line_ids"]) == ("together_changed", [str(lines[REGISTER])])
    assert services.access.withdraw(world.wang.actor(), lines[CASES], 1).replayed


def test_a_conflict_that_came_up_meanwhile_opens_neither_and_nothing_by_half(services: Services, world: World) -> None:
    """Three lines, the last one withdrawn: the first of the others could open, the second may not stand beside it; so neither opens."""
    lines = ask_for_three(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    services.access.approve(world.li.actor(), lines[EXPORT], 1)
    in_force(services, world, "apart", REGISTER, EXPORT)
    done = services.access.withdraw(world.wang.actor(), lines[CASES], 1)
    assert done.not_opened is not None
    assert done.not_opened.code == "sod_conflict"
    assert services.authorization_queries.grants_of_lines(lines.values()) == ()
    assert not events_of(services, world, "authorization:grant:opened")
    shown = lines_of(services, world)
    assert [shown[function].held_back for function in (REGISTER, EXPORT)] == ["given_up", "given_up"]
    notices = services.notice_queries.page(world.wang.official_id).entries
    assert sum(notice.kind == "not_opened" for notice in notices) == 2


def test_what_waits_for_nobody_any_more_opens(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    assert services.access.withdraw(world.wang.actor(), lines[CASES], 1).not_opened is None
    assert may_read(services, world.wang)


def test_whoever_approved_takes_it_back_before_it_opens(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    done = retract(services, world.li.actor(), lines[REGISTER])
    assert done.state is LineState.REJECTED
    shown = lines_of(services, world)[REGISTER]
    assert shown.decision.outcome == "rejected"
    assert shown.decision.reason_code == "not_needed"
    assert [one.outcome for one in shown.decisions] == ["approved", "rejected"], "the approval stays on record"
    assert shown.decision.has_receipt
    assert approve(services, world, CASES, lines[CASES]).grant_id is None
    assert lines_of(services, world)[CASES].held_back == "given_up"
    assert not may_read(services, world.wang)
    assert len(events_of(services, world, "access:line:retracted")) == 1
    assert retract(services, world.li.actor(), lines[REGISTER]).replayed, "the same once more"


def test_what_is_held_beside_it_is_given_up(services: Services, world: World) -> None:
    lines = ask_for_three(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    approve(services, world, CASES, lines[CASES])
    retract(services, world.li.actor(), lines[REGISTER])
    [event] = events_of(services, world, "access:request:not_opened")
    assert (event["cause"], event["line_ids"]) == ("not_approved", [str(lines[CASES])])
    kinds = {notice.kind for notice in services.notice_queries.page(world.wang.official_id).entries}
    assert {"retracted", "not_opened"} <= kinds


def test_a_superior_takes_it_back_and_nobody_else(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    for other in (world.zhao, world.wang):
        with pytest.raises(Denied):
            retract(services, other.actor(), lines[REGISTER])
    assert retract(services, world.people["QIANWEI"].actor(), lines[REGISTER]).state is LineState.REJECTED


def test_only_what_is_held_back_is_taken_back(services: Services, world: World) -> None:
    lines = ask_jointly(services, world)
    with pytest.raises(Conflict) as caught:
        retract(services, world.li.actor(), lines[REGISTER], 1)
    assert caught.value.code == "line_not_held_back"
    approve(services, world, REGISTER, lines[REGISTER])
    with pytest.raises(Conflict) as caught:
        retract(services, world.li.actor(), lines[REGISTER], 1)
    assert caught.value.code == "line_changed"
    with pytest.raises(Invalid):
        retract(services, world.li.actor(), lines[REGISTER], reason="because")
    approve(services, world, CASES, lines[CASES])
    with pytest.raises(Conflict) as caught:
        retract(services, world.li.actor(), lines[REGISTER])
    assert caught.value.code == "line_not_held_back", "what is open is revoked"


def test_the_department_is_not_counted_twice(services: Services, world: World, clock: ManualClock) -> None:
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    clock.advance(timedelta(hours=1))
    retract(services, world.li.actor(), lines[REGISTER])
    report = services.waiting.report(world.security_admin.actor())
    assert (report.total.closed, report.total.lapsed) == (1, 0)
