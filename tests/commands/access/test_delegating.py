"""Deciding in somebody's right: for a while, one step deep, once together; and who may take a line on."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.access.commands import RejectReason
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.lifecycle import LineState
from govcloud.access.tasks.lending import stood_in_for
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange
from tests.factories.deciders import end_offices, escalate, give_office, set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import Person, World


def lend(services: Services, clock: ManualClock, who: Person, to: Person, **given: object) -> UUID:
    """Let ``who`` lend to ``to`` from now on for five days, with what a test wants otherwise; return the id."""
    usual: dict[str, object] = {
        "delegate_appointment_id": to.appointment_id,
        "starts_at": clock.now(),
        "ends_at": clock.now() + timedelta(days=5),
        "reason": "出差",
    }
    return services.approving.delegating.delegate(who.actor(), NewDelegation(**{**usual, **given}))  # type: ignore[arg-type]


def test_a_delegate_decides_in_the_delegators_right(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    line_id = ask(services, world).line_id
    with pytest.raises(Denied):
        services.access.approve(chen.actor(), line_id, 1)
    lend(services, clock, world.li, chen)
    assert services.access_queries.inbox_count(chen.actor()) == services.access_queries.inbox_count(world.li.actor()) == 1
    page = services.access_queries.decision_page(chen.actor(), line_id)
    assert (page.may_decide, page.principal) == (True, "李强")
    decided = services.access.approve(chen.actor(), line_id, 1)
    assert decided.grant_id is not None
    assert may_read(services, world.wang)
    shown = services.access_queries.line(world.wang.actor(), line_id).decision
    assert shown is not None
    assert shown.principal is not None
    assert (shown.decided_by.name, shown.principal.name) == ("陈杰", "李强")


def test_delegator_and_delegate_count_once(services: Services, world: World, clock: ManualClock) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    chen = world.people["CHENJIE"]
    lend(services, clock, world.li, chen)
    line_id = ask(services, world).line_id
    services.access.approve(chen.actor(), line_id, 1)
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "counted_already"
    assert not services.access_queries.decision_page(world.li.actor(), line_id).may_decide
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    # Nor does one delegate of two people make two.
    lend(services, clock, world.people["QIANWEI"], chen)
    with pytest.raises(Conflict) as caught:
        services.access.approve(chen.actor(), line_id, 1, days=2)
    assert caught.value.code == "decided_already"
    assert services.access.approve(world.people["QIANWEI"].actor(), line_id, 1).state is LineState.APPROVED


def test_a_delegation_has_dates_and_ends_with_the_office(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    line_id = ask(services, world).line_id

    def answers() -> bool:
        return services.access_queries.inbox_count(chen.actor()) == 1

    lend(services, clock, world.li, chen, starts_at=clock.now() + timedelta(hours=1))
    assert not answers()
    clock.advance(timedelta(hours=1))
    assert answers()
    clock.advance(timedelta(days=4, hours=23))
    assert not answers()
    lent = lend(services, clock, world.li, chen)
    assert answers()
    assert services.approving.delegating.end(chen.actor(), lent)
    assert not answers()
    lend(services, clock, world.li, chen)
    end_offices(services, world, world.li)
    assert not answers()
    with pytest.raises(Denied):
        services.access.approve(chen.actor(), line_id, 1)


def test_it_ends_for_good_when_one_of_the_two_is_suspended(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    lend(services, clock, world.li, chen)
    services.identity.disable_official(world.security_admin.actor(), chen.official_id, "调查")
    [view] = services.approving.delegating.of(world.li.official_id)
    assert view.ended_at is not None


def test_it_goes_one_step_and_to_nobody_who_could_not_hold_the_office(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    lend(services, clock, world.li, chen)
    for who, to in (
        (chen, world.people["HEWEI"]),  # what was lent is not lent on
        (world.wang, chen),  # nothing to lend
        (world.li, world.li),
        (world.li, world.security_admin),
    ):
        with pytest.raises(Invalid) as caught:
            lend(services, clock, who, to)
        assert [field.field for field in caught.value.fields] == ["delegate"]
    for wrong in ({"ends_at": clock.now()}, {"ends_at": clock.now() + timedelta(days=181)}, {"reason": " "}):
        with pytest.raises(Invalid):
            lend(services, clock, world.li, chen, **wrong)


def test_nobody_is_helped_by_a_delegate(services: Services, world: World, clock: ManualClock) -> None:
    """A delegate of the beneficiary, or of their subordinate, decides nothing for them; nor a beneficiary for themselves."""
    chen, above = world.people["CHENJIE"], give_office(services, world, "SHANXUEMEI", "government")
    lend(services, clock, world.li, chen)
    own = ask(services, world, world.li).line_id
    with pytest.raises(Denied) as caught:
        services.access.approve(chen.actor(), own, 1)
    assert "no_authority" in [refusal.code for refusal in caught.value.refusals] or caught.value.code == "no_authority"
    lend(services, clock, world.people["QIANWEI"], chen)
    with pytest.raises(Denied) as caught:
        services.access.approve(chen.actor(), own, 1)
    assert caught.value.code == "subordinate"
    for_chen = ask(services, world, chen).line_id
    with pytest.raises(Denied) as caught:
        services.access.approve(chen.actor(), for_chen, 1)
    assert "own_request" in {caught.value.code, *(refusal.code for refusal in caught.value.refusals)}
    assert services.access.approve(above.actor(), own, 1).state is LineState.APPROVED


def test_who_is_out_of_office_is_stood_in_for(services: Services, world: World, clock: ManualClock) -> None:
    chen = world.people["CHENJIE"]
    lend(services, clock, world.li, chen, out_of_office=True)
    both = [world.li.official_id, world.zhao.official_id]
    assert stood_in_for(services.uow.read(), both, clock.now()) == {world.li.official_id}


def test_a_claim_keeps_others_away_for_a_while(services: Services, world: World, clock: ManualClock) -> None:
    handling, qian = services.approving.handling, world.people["QIANWEI"]
    line_id = ask(services, world).line_id
    handling.claim(world.li.actor(), line_id)
    handling.claim(world.li.actor(), line_id)
    assert services.access_queries.inbox_count(qian.actor()) == 0
    page = services.access_queries.decision_page(qian.actor(), line_id)
    assert (page.may_decide, page.held_by) == (False, "李强")
    for act in (
        lambda: handling.claim(qian.actor(), line_id),
        lambda: services.access.approve(qian.actor(), line_id, 1),
        lambda: services.access.reject(qian.actor(), line_id, 1, RejectReason.OTHER),
        lambda: services.approving.returning.send_back(qian.actor(), line_id, 1, "缺"),
    ):
        with pytest.raises(Conflict) as caught:
            act()
        assert caught.value.code == "claimed"
    with pytest.raises(Conflict) as caught:
        handling.release(qian.actor(), line_id)
    assert caught.value.code == "not_claimed"
    clock.advance(timedelta(hours=8))
    assert services.access_queries.inbox_count(qian.actor()) == 1
    handling.claim(qian.actor(), line_id)
    handling.release(qian.actor(), line_id)
    assert services.access.approve(world.li.actor(), line_id, 1).state is LineState.APPROVED


def test_a_line_is_given_to_another_candidate_only(services: Services, world: World) -> None:
    handling, qian = services.approving.handling, world.people["QIANWEI"]
    line_id = ask(services, world).line_id
    handling.claim(world.li.actor(), line_id)
    assert [one.name for one in handling.candidates(line_id)] == ["李强", "钱伟"]
    for person in (world.wang, world.zhao, world.people["HEWEI"]):
        with pytest.raises(Conflict) as caught:
            handling.reassign(qian.actor(), line_id, person.official_id, "急件")
        assert caught.value.code == "no_candidate"
    with pytest.raises(Invalid):
        handling.reassign(qian.actor(), line_id, qian.official_id, "")
    with pytest.raises(Denied):
        handling.reassign(world.zhao.actor(), line_id, world.zhao.official_id, "急件")
    handling.reassign(qian.actor(), line_id, qian.official_id, "李强外出，急件")
    with pytest.raises(Conflict):
        services.access.approve(world.li.actor(), line_id, 1)
    assert services.access.approve(qian.actor(), line_id, 1).state is LineState.APPROVED


def test_what_several_answer_is_not_taken_on_alone(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    with pytest.raises(Conflict) as caught:
        services.approving.handling.claim(world.li.actor(), line_id)
    assert caught.value.code == "several_needed"


def test_deputies_and_the_department_above_are_asked_as_the_clock_says(services: Services, world: World) -> None:
    deputy = give_office(services, world, "HEWEI", "housing", "deputy_senior_admin")
    above = give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world).line_id
    for level, deputies, superiors in ((0, 0, 0), (1, 0, 0), (2, 1, 0), (3, 1, 1)):
        escalate(services, line_id, level)
        assert services.access_queries.inbox_count(deputy.actor()) == deputies, level
        assert services.access_queries.inbox_count(above.actor()) == superiors, level
        assert services.access_queries.inbox_count(world.li.actor()) == 1
        if not deputies:
            with pytest.raises(Denied) as caught:
                services.access.approve(deputy.actor(), line_id, 1)
            assert caught.value.code == "no_authority"
            with pytest.raises(NotFound):
                services.access_queries.decision_page(world.zhao.actor(), line_id)
    assert services.access.approve(deputy.actor(), line_id, 1).state is LineState.APPROVED


def test_where_the_nearest_are_gone_the_next_above_are_asked(services: Services, world: World) -> None:
    above = give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world).line_id
    assert services.access_queries.inbox_count(above.actor()) == 0
    end_offices(services, world, world.li)
    assert services.access_queries.inbox_count(above.actor()) == 0
    services.identity.disable_official(world.security_admin.actor(), world.people["QIANWEI"].official_id, "调查")
    assert services.access_queries.inbox_count(above.actor()) == 1
    assert services.access_queries.line(world.wang.actor(), line_id).waits_for == ("浙江省人民政府",)


def test_who_stands_below_the_beneficiary_is_not_the_one_who_is_asked(services: Services, world: World) -> None:
    above = give_office(services, world, "SHANXUEMEI", "government")
    ask(services, world, world.li)
    assert services.access_queries.inbox_count(above.actor()) == 1


def test_open_lines_follow_an_item_that_goes_to_another_owner(services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    item = services.subsystem_queries.items([world.items["housing:register:read"]])[world.items["housing:register:read"]]
    change = ItemChange(
        item.name, item.exposes, "one", 30, item.requires_case_number, item.scope_kind, world.organisation.ids["civil_affairs"]
    )
    services.subsystems.change_item(world.system_admin.actor(), item.id, item.version, change, "职能划转")
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    assert services.access_queries.inbox_count(world.zhao.actor()) == 1
    with pytest.raises(Denied):
        services.access.reject(world.li.actor(), line_id, 1, "other")
    assert services.access.reject(world.zhao.actor(), line_id, 1, "wrong_item").state is LineState.REJECTED


def test_whoever_administers_the_delegates_department_cannot_become_the_delegate(
    services: Services, world: World, clock: ManualClock
) -> None:
    """A department's administrator gives out no password of somebody who may decide in a senior administrator's right."""
    assert services.authorization.entrusted(world.wang.official_id) == "nothing"
    new = NewDelegation(world.wang.appointment_id, clock.now() + timedelta(days=1), clock.now() + timedelta(days=2), "出差")
    lent = services.approving.delegating.delegate(world.li.actor(), new)
    assert services.authorization.entrusted(world.wang.official_id) == "delegated"
    services.approving.delegating.end(world.li.actor(), lent)
    assert services.authorization.entrusted(world.wang.official_id) == "nothing"


def test_a_step_of_the_department_above_follows_a_move(services: Services, world: World) -> None:
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]})
    government, data = give_office(services, world, "SHANXUEMEI", "government"), give_office(services, world, "SUNLI", "data")
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    assert services.access_queries.inbox_count(government.actor()) == 1
    services.identity.move_department(world.system_admin.actor(), world.organisation.ids["housing"], world.organisation.ids["data"])
    assert services.access_queries.inbox_count(government.actor()) == 0
    assert services.access_queries.inbox_count(data.actor()) == 1
    with pytest.raises(Denied):
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    assert services.access.approve(data.actor(), line_id, 1).state is LineState.APPROVED
