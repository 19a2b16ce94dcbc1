"""Correction: a line goes back with what is missing, comes again as another round, and at most twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import text

from govcloud.access.clocks.line_clock import LEFT_LYING
from govcloud.access.commands import Correction, NewSubmission, WantedItem
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from tests.factories.deciders import set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import XIHU, World


def corrected(**given: object) -> Correction:
    """Return a correction that is in order."""
    usual: dict[str, object] = {"reason": "补充：救助对象名单见附页", "days": 5, "scope": Scope((XIHU,)), "case_number": "XH-2026-0200"}
    return Correction(**{**usual, **given})  # type: ignore[arg-type]


def test_a_line_goes_back_and_comes_again(services: Services, world: World) -> None:
    submitted = ask(services, world)
    line_id = submitted.line_id
    returned = services.approving.returning.send_back(world.li.actor(), line_id, 1, "请写明办件编号")
    assert returned.version == 2
    shown = services.access_queries.line(world.wang.actor(), line_id)
    assert (shown.state, shown.missing, shown.task, shown.closed_at) == (LineState.RETURNED, "请写明办件编号", None, None)
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    for act in (
        lambda: services.access.approve(world.li.actor(), line_id, 2),
        lambda: services.approving.returning.send_back(world.li.actor(), line_id, 2, "再补"),
        lambda: services.approving.handling.claim(world.li.actor(), line_id),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "line_returned"
    again = services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected())
    assert again.version == 3
    shown = services.access_queries.line(world.wang.actor(), line_id)
    assert (shown.state, shown.round, shown.requested_days) == (LineState.PENDING, 2, 5)
    request = services.access_queries.request(world.wang.actor(), submitted.request_id)
    assert (request.reason, request.case_number) == ("补充：救助对象名单见附页", "XH-2026-0200")
    decided = services.access.approve(world.li.actor(), line_id, 3)
    assert decided.state is LineState.APPROVED
    assert may_read(services, world.wang)
    said = services.approving.discussing.remarks(line_id)
    assert [(remark.by.name, remark.text, remark.returned) for remark in said] == [("李强", "请写明办件编号", True)]


def test_what_was_approved_before_no_longer_counts(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    services.approving.returning.send_back(world.people["QIANWEI"].actor(), line_id, 1, "缺附件")
    services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected())
    assert services.access.approve(world.people["QIANWEI"].actor(), line_id, 3).state is LineState.PENDING
    assert services.access.approve(world.li.actor(), line_id, 3).state is LineState.APPROVED


def test_at_most_twice(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    version = 1
    for _ in range(2):
        version = services.approving.returning.send_back(world.li.actor(), line_id, version, "再补").version
        version = services.approving.returning.resubmit(world.wang.actor(), line_id, version, corrected()).version
    with pytest.raises(Conflict) as caught:
        services.approving.returning.send_back(world.li.actor(), line_id, version, "再补")
    assert caught.value.code == "returned_often"


def test_who_may_send_back_and_put_up_again(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    for person in (world.wang, world.zhao, world.people["HEWEI"]):
        with pytest.raises(Denied):
            services.approving.returning.send_back(person.actor(), line_id, 1, "缺")
    with pytest.raises(Invalid):
        services.approving.returning.send_back(world.li.actor(), line_id, 1, " ")
    with pytest.raises(Conflict) as caught:
        services.approving.returning.resubmit(world.wang.actor(), line_id, 1, corrected())
    assert caught.value.code == "line_not_returned"
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺")
    for person in (world.li, world.people["SUNLI"]):
        with pytest.raises(Denied):
            services.approving.returning.resubmit(person.actor(), line_id, 2, corrected())
    for wrong in ({"days": 0}, {"days": 31}, {"reason": ""}, {"scope": Scope(())}, {"case_number": None}):
        with pytest.raises(Invalid):
            services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected(**wrong))
    assert services.access_queries.line(world.wang.actor(), line_id).state is LineState.RETURNED
    # The rules of asking are asked anew, of the item as it is now.
    set_tier(services, world, "quorum", {"needed": 5})
    with pytest.raises(Conflict) as caught:
        services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected())
    assert caught.value.code == "nobody_decides"


def test_an_item_that_changed_is_put_up_as_it_is_now(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    set_tier(services, world, "quorum", {"needed": 2})
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "item_changed"
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "目录已调整，请确认后重新提交")
    services.approving.returning.resubmit(world.wang.actor(), line_id, 2, corrected())
    assert services.access.approve(world.li.actor(), line_id, 3).needed == 2


def test_a_returned_line_can_be_taken_back_and_runs_out(services: Services, world: World, clock: ManualClock) -> None:
    first = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), first, 1, "缺")
    services.access.withdraw(world.wang.actor(), first, 2)
    second = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), second, 1, "缺")
    clock.advance(LEFT_LYING - timedelta(seconds=1))
    assert services.escalating.run(Actor.system("jobs")) == 0
    clock.advance(timedelta(seconds=1))
    assert services.escalating.run(Actor.system("jobs")) == 1
    assert services.uow.read().scalar(text("SELECT count(*) FROM line_wait")) == 0, "no department let it wait"
    assert services.access_queries.line(world.wang.actor(), second).state is LineState.LAPSED


def test_a_correction_changes_neither_reason_nor_case_while_other_lines_rest_on_them(services: Services, world: World) -> None:
    items = (WantedItem(world.items["housing:register:read"], 5, Scope((XIHU,))), WantedItem(world.items["assistance:case:read"], 5))
    [request] = services.asking.submit(world.wang.actor(), NewSubmission(items, "办理救助", case_number="XH-2026-0117")).requests
    first, second = (line.line_id for line in request.lines)
    services.approving.returning.send_back(world.li.actor(), first, 1, "请缩小范围")
    other = Correction("办理救助", 5, Scope((XIHU,)), "XH-2026-9999")
    with pytest.raises(Conflict) as caught:
        services.approving.returning.resubmit(world.wang.actor(), first, 2, other)
    assert caught.value.code == "others_rest_on_it"
    services.access.withdraw(world.wang.actor(), second, 1)
    assert services.approving.returning.resubmit(world.wang.actor(), first, 2, other).version == 3
