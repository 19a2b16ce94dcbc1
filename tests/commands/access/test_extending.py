"""Longer without a gap: the extension begins where the grant ends, and what was taken away does not come back by it."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.access.ending.targets import Kind
from govcloud.access.facts import ItemFacts, PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import GrantState
from govcloud.access.rules.registry import Ok
from govcloud.access.rules.term import RequestedWithinCap
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.requests import REGISTER, ask, granted, may_read
from tests.factories.world import HANGZHOU, XIHU, World

SECOND = timedelta(seconds=1)
WHY = "案件尚未办结"
CASE = "XH-2026-0100"


def extended(services: Services, world: World, grant_id: UUID, days: int = 3) -> UUID:
    """Extend a grant by 王芳, let 李强 approve it, and return the new grant."""
    line_id = services.grant_life.extend(world.wang.actor(), grant_id, days, WHY).line_id
    decided = services.access.approve(world.li.actor(), line_id, 1)
    assert decided.grant_id is not None
    return decided.grant_id


def test_an_extension_begins_where_the_grant_ends(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=2)
    clock.advance(timedelta(days=1))
    second = extended(services, world, first)
    one, two = services.authorization_queries.grant(first), services.authorization_queries.grant(second)
    assert one is not None
    assert two is not None
    assert (two.starts_at, two.ends_at - two.starts_at) == (one.ends_at, timedelta(days=3))
    assert (two.scope, two.appointment_id) == (one.scope, one.appointment_id)
    for moment in (one.ends_at - SECOND, one.ends_at, one.ends_at + SECOND, two.ends_at - SECOND):
        clock.advance(moment - clock.now())
        assert may_read(services, world.wang), moment
    clock.advance(SECOND)
    assert not may_read(services, world.wang)


def test_the_request_goes_on_with_case_and_matter(services: Services, world: World) -> None:
    first = granted(services, world, matter_id=world.matter_id)
    submitted = services.grant_life.extend(world.wang.actor(), first, 3, WHY)
    request = services.access_queries.request(world.wang.actor(), submitted.request_id)
    assert (request.case_number, request.matter_id, request.reason) == ("XH-2026-0100", world.matter_id, WHY)
    assert request.lines[0].extends is not None
    assert services.grant_life.extended_in([request.lines[0].extends])[request.lines[0].extends].waiting


def test_an_approval_after_the_end_begins_at_the_approval(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=1)
    line_id = services.grant_life.extend(world.wang.actor(), first, 3, WHY).line_id
    clock.advance(timedelta(days=2))
    assert not may_read(services, world.wang)
    decided = services.access.approve(world.li.actor(), line_id, 1)
    assert decided.starts_at == clock.now()
    assert may_read(services, world.wang)


def test_the_cap_counts_what_it_goes_on_from(services: Services, world: World) -> None:
    first = granted(services, world, days=10)
    with pytest.raises(Invalid) as refused:
        services.grant_life.extend(world.wang.actor(), first, 21, WHY)
    assert "beyond_cap" in {refusal.code for refusal in refused.value.refusals}
    second = extended(services, world, first, 15)
    offer = services.grant_life.offer(second)
    assert offer is not None
    assert offer.most == 5
    third = extended(services, world, second, 5)
    with pytest.raises(Invalid) as full:
        services.grant_life.extend(world.wang.actor(), third, 1, WHY)
    assert "已用满" in str(full.value)


@given(cap=st.integers(1, 366), carried=st.integers(0, 400), days=st.integers(-2, 400))
def test_all_together_stay_within_the_cap(cap: int, carried: int, days: int) -> None:
    nobody = UUID(int=0)
    item = ItemFacts(
        nobody, "x", "one", cap, requires_case_number=False, scope_kind="none", integration_level=2, owner_path="/", live_version=1
    )
    person = PersonFacts(nobody, nobody, "x", active=True, department_path="/", rank="", rank_order=None)
    facts = RequestFacts(item, person, person, Wanted(PROVINCE, days), None, None, has_decider=True, carried_days=carried)
    assert isinstance(RequestedWithinCap().check(facts), Ok) == (days >= 1 and days + carried <= cap)


def test_only_the_holder_extends_and_only_what_lasts(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=1)
    for person in (world.people["SUNLI"], world.li, world.security_admin):
        with pytest.raises(NotFound):
            services.grant_life.extend(person.actor(), first, 1, WHY)
    clock.advance(timedelta(days=1) - SECOND)
    services.access.withdraw(world.wang.actor(), services.grant_life.extend(world.wang.actor(), first, 1, WHY).line_id, 1)
    clock.advance(SECOND)
    with pytest.raises(Conflict) as over:
        services.grant_life.extend(world.wang.actor(), first, 1, WHY)
    assert over.value.code == "grant_over"


def test_a_grant_is_extended_once(services: Services, world: World) -> None:
    first = granted(services, world, days=2)
    second = extended(services, world, first)
    with pytest.raises(Conflict) as again:
        services.grant_life.extend(world.wang.actor(), first, 1, WHY)
    assert again.value.code == "extended_already"
    assert services.authorization_queries.grant(extended(services, world, second)) is not None


def test_what_was_taken_away_does_not_come_back(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=2)
    second = extended(services, world, first)
    third = extended(services, world, second)
    services.access.revoke(world.li.actor(), first, "核查")
    for grant_id in (first, second, third):
        grant = services.authorization_queries.grant(grant_id)
        assert grant is not None
        assert grant.closed_at == clock.now()
    clock.advance(timedelta(days=2))
    assert not may_read(services, world.wang)


def test_a_waiting_extension_of_what_was_revoked_is_refused(services: Services, world: World) -> None:
    first = granted(services, world, days=2)
    line_id = services.grant_life.extend(world.wang.actor(), first, 1, WHY).line_id
    services.access.revoke(world.security_admin.actor(), first, "核查")
    page = services.access_queries.decision_page(world.li.actor(), line_id)
    assert "parent_closed" in {refusal.code for refusal in page.approval_refusals}
    with pytest.raises(Conflict) as refused:
        services.access.approve(world.li.actor(), line_id, 1)
    assert refused.value.code == "parent_closed"
    services.access.reject(world.li.actor(), line_id, 1, "not_needed")


def test_handing_back_hands_back_the_extension(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=2)
    second = extended(services, world, first)
    services.access.relinquish(world.wang.actor(), first)
    grant = services.authorization_queries.grant(second)
    assert grant is not None
    assert (grant.close_reason, grant.closed_at) == ("relinquished", clock.now())


def test_ending_the_extension_leaves_the_grant(services: Services, world: World) -> None:
    first = granted(services, world, days=2)
    second = extended(services, world, first)
    services.access.relinquish(world.wang.actor(), second)
    assert may_read(services, world.wang)
    # What was handed back stands in nobody's way.
    assert extended(services, world, first)


def test_what_no_request_led_to_is_not_extended(services: Services, world: World) -> None:
    from tests.factories.joint import many_grants  # noqa: PLC0415 - beside the one test that needs it

    (grant_id,) = many_grants(services, world, [world.wang.official_id], 1)
    assert services.grant_life.offer(grant_id) is None
    with pytest.raises(Conflict) as refused:
        services.grant_life.extend(world.wang.actor(), grant_id, 1, WHY)
    assert refused.value.code == "not_requested"


def test_suspended_and_resumed_by_those_who_answer_for_it(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    for person in (world.wang, world.zhao, world.system_admin):
        with pytest.raises(Denied):
            services.grant_life.suspend(person.actor(), grant_id, "核查")
    with pytest.raises(Invalid):
        services.grant_life.suspend(world.li.actor(), grant_id, " ")
    assert not services.grant_life.suspend(world.li.actor(), grant_id, "核查").replayed
    assert services.grant_life.suspend(world.security_admin.actor(), grant_id, "再核查").replayed
    assert not may_read(services, world.wang)
    held = services.access_queries.my_access(world.wang.official_id)[0]
    assert (held.grant.state, held.is_live) == (GrantState.SUSPENDED, True)
    assert not services.grant_life.resume(world.li.actor(), grant_id, "已查清").replayed
    assert may_read(services, world.wang)
    services.access.revoke(world.li.actor(), grant_id, "结束")
    with pytest.raises(Conflict):
        services.grant_life.suspend(world.li.actor(), grant_id, "核查")


def test_a_request_beside_it_is_no_extension(services: Services, world: World) -> None:
    granted(services, world, days=2)
    assert ask(services, world).line_id


def test_what_extends_a_grant_rests_with_it(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=2)
    extended(services, world, first)
    services.grant_life.suspend(world.li.actor(), first, "核查")
    clock.advance(timedelta(days=2))
    assert not may_read(services, world.wang), "the extension does not begin awake"


def test_nobody_extends_what_rests(services: Services, world: World) -> None:
    first = granted(services, world, days=2)
    line_id = services.grant_life.extend(world.wang.actor(), first, 1, WHY).line_id
    services.grant_life.suspend(world.li.actor(), first, "核查")
    with pytest.raises(Conflict) as refused:
        services.access.approve(world.li.actor(), line_id, 1)
    assert refused.value.code == "parent_closed"


def test_ending_many_ends_what_was_extended_after_the_preview(services: Services, world: World, clock: ManualClock) -> None:
    first = granted(services, world, days=2)
    preview = services.ending.preview(world.li.actor(), Kind.PERSON, str(world.wang.official_id))
    clock.advance(timedelta(seconds=1))
    extended(services, world, first)
    order = services.ending.order(
        world.li.actor(), Kind.PERSON, str(world.wang.official_id), "核查", confirmed=preview.grants, seen_at=preview.seen_at
    )
    services.ending.go_on(world.li.actor(), order.id)
    clock.advance(timedelta(days=2))
    assert not may_read(services, world.wang)


def asked_from(services: Services, world: World, begins: datetime, days: int, case_number: str = CASE) -> UUID:
    """Ask for the register anew, from a moment on; return the line."""
    wanted = WantedItem(world.items[REGISTER], days, Scope((XIHU,)))
    new = NewSubmission((wanted,), WHY, starts_at=begins, case_number=case_number)
    return services.asking.submit(world.wang.actor(), new).requests[0].lines[0].line_id


def test_a_request_that_goes_on_where_a_grant_ends_counts_like_an_extension(services: Services, world: World, clock: ManualClock) -> None:
    """What may last thirty days in a row lasts no longer for being asked for anew."""
    grant = services.authorization_queries.grant(granted(services, world, days=20, case_number=CASE))
    assert grant is not None
    for begins in (grant.ends_at, grant.ends_at + timedelta(hours=23), grant.ends_at - timedelta(days=1)):
        with pytest.raises(Invalid) as refused:
            asked_from(services, world, begins, 12)
        assert {refusal.code for refusal in refused.value.refusals} == {"beyond_cap"}
    line_id = asked_from(services, world, grant.ends_at, 10)
    services.access.withdraw(world.wang.actor(), line_id, 1)
    assert asked_from(services, world, grant.ends_at + timedelta(days=1), 30), "a day between is a break"


def test_what_was_approved_meanwhile_counts_when_it_is_decided(services: Services, world: World, clock: ManualClock) -> None:
    """It was within the cap when it was asked for; begun three days later, beside what stands, the whole would be too long."""
    granted(services, world, days=20, case_number=CASE)
    line_id = ask(services, world, days=30, case_number=CASE, scope=Scope((HANGZHOU,))).line_id
    clock.advance(timedelta(days=3))
    assert services.access_queries.decision_page(world.li.actor(), line_id).max_days == 27
    with pytest.raises(Invalid) as refused:
        services.access.approve(world.li.actor(), line_id, 1)
    assert refused.value.code == "beyond_cap"
    assert services.access.approve(world.li.actor(), line_id, 1, days=27).grant_id is not None


def test_another_case_is_a_row_of_its_own_where_the_item_is_tied_to_cases(services: Services, world: World) -> None:
    grant = services.authorization_queries.grant(granted(services, world, days=20, case_number=CASE))
    assert grant is not None
    assert asked_from(services, world, grant.ends_at, 30, case_number="XH-2026-0999")


def test_after_the_end_it_is_asked_for_afresh(services: Services, world: World, clock: ManualClock) -> None:
    granted(services, world, days=30, case_number=CASE)
    clock.advance(timedelta(days=30))
    line_id = ask(services, world, days=30, case_number=CASE).line_id
    assert services.access.approve(world.li.actor(), line_id, 1).grant_id is not None
