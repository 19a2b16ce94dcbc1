"""How much care an item takes: one person, several, two departments, one after the other, or a rule signed in advance."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from tests.factories.deciders import end_offices, give_office, make_routine, new_rule, set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import HANGZHOU, XIHU, YUHANG, World

HANGZHOU_SCOPE = Scope((HANGZHOU,))


def test_a_quorum_opens_what_all_of_them_allow(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world, scope=HANGZHOU_SCOPE).line_id
    first = services.access.approve(world.li.actor(), line_id, 1, scope=Scope((XIHU, YUHANG)), days=9)
    assert (first.state, first.grant_id, first.given, first.needed) == (LineState.PENDING, None, 1, 2)
    assert not may_read(services, world.wang)
    # The same person again is the same word; another word of theirs is none.
    assert services.access.approve(world.li.actor(), line_id, 1, scope=Scope((XIHU, YUHANG)), days=9).replayed
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), line_id, 1)
    assert caught.value.code == "decided_already"
    second = services.access.approve(world.people["QIANWEI"].actor(), line_id, 1, scope=Scope((XIHU,)), days=10)
    assert (second.state, second.given, second.needed) == (LineState.APPROVED, 2, 2)
    grant = services.authorization_queries.grant_of_line(line_id)
    assert grant is not None
    assert (grant.scope.divisions, grant.ends_at - grant.starts_at) == ((XIHU,), timedelta(days=9))
    shown = services.access_queries.line(world.wang.actor(), line_id)
    assert shown.decision is not None
    assert (shown.decision.days, shown.decision.scope_names) == (9, ("西湖区",))
    assert [one.decided_by.name for one in shown.decisions] == ["李强", "钱伟"]


def test_approvals_with_no_row_in_common_open_nothing(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world, scope=HANGZHOU_SCOPE).line_id
    services.access.approve(world.li.actor(), line_id, 1, scope=Scope((XIHU,)))
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1, scope=Scope((YUHANG,)))
    assert caught.value.code == "nothing_in_common"
    assert services.access_queries.line(world.wang.actor(), line_id).state is LineState.PENDING


def test_one_refusal_ends_it(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    assert services.access.reject(world.people["QIANWEI"].actor(), line_id, 1, "other").state is LineState.REJECTED
    assert not may_read(services, world.wang)


def test_a_quorum_needs_enough_people_when_it_is_asked_for(services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 3})
    with pytest.raises(Conflict) as caught:
        ask(services, world)
    assert caught.value.code == "nobody_decides"
    give_office(services, world, "SHANXUEMEI", "government")
    assert ask(services, world).line_id


def test_two_departments_are_not_two_people_of_one(services: Services, world: World) -> None:
    set_tier(services, world, "two_units")
    above = give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world).line_id
    assert services.access_queries.line(world.wang.actor(), line_id).waits_for == ("浙江省住房和城乡建设厅", "浙江省人民政府")
    # Both levels are asked from the start.
    assert services.access_queries.inbox_count(above.actor()) == services.access_queries.inbox_count(world.li.actor()) == 1
    services.access.approve(world.li.actor(), line_id, 1)
    # Whose department has said yes is asked no more, and told why another yes would count for nothing.
    qian = world.people["QIANWEI"].actor()
    assert services.access_queries.inbox_count(qian) == 0
    page = services.access_queries.decision_page(qian, line_id)
    assert page.may_decide, "no is still theirs to say"
    assert [refusal.code for refusal in page.approval_refusals] == ["same_unit"]
    assert services.access_queries.decision_page(above.actor(), line_id).approval_refusals == ()
    with pytest.raises(Conflict) as caught:
        services.access.approve(qian, line_id, 1)
    assert caught.value.code == "same_unit"
    assert services.access.approve(above.actor(), line_id, 1).state is LineState.APPROVED


def test_steps_follow_one_another(services: Services, world: World) -> None:
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]})
    above = give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world).line_id
    assert services.access_queries.inbox_count(above.actor()) == 0
    assert services.access.approve(world.li.actor(), line_id, 1).state is LineState.PENDING
    shown = services.access_queries.line(world.wang.actor(), line_id)
    assert shown.task is not None
    assert (shown.task.step, shown.task.steps, shown.task.kind, shown.waits_for) == (2, 2, "superior", ("浙江省人民政府",))
    # The owner's own may look, not answer for the department above.
    with pytest.raises(Denied):
        services.access.approve(world.people["QIANWEI"].actor(), line_id, 1)
    page = services.access_queries.decision_page(world.people["QIANWEI"].actor(), line_id)
    assert not page.may_decide
    assert services.access_queries.inbox(world.people["QIANWEI"].actor(), below=True).entries == ()
    assert services.access_queries.inbox_count(above.actor()) == 1
    assert services.access.approve(above.actor(), line_id, 1).state is LineState.APPROVED
    assert may_read(services, world.wang)


def test_nobody_takes_two_steps(services: Services, world: World) -> None:
    set_tier(services, world, "serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "owner", "needed": 1}]})
    line_id = ask(services, world).line_id
    services.access.approve(world.li.actor(), line_id, 1)
    assert services.access.approve(world.li.actor(), line_id, 1).replayed
    assert services.access_queries.inbox_count(world.li.actor()) == 0
    assert services.access.approve(world.people["QIANWEI"].actor(), line_id, 1).state is LineState.APPROVED


@pytest.mark.parametrize(
    ("tier", "approval"),
    [
        ("quorum", {}),
        ("quorum", {"needed": 1}),
        ("quorum", {"needed": 6}),
        ("quorum", {"needed": True}),
        ("quorum", {"needed": "2"}),
        ("quorum", {"needed": 2, "of": 3}),
        ("one", {"needed": 2}),
        ("serial", {}),
        ("serial", {"steps": []}),
        ("serial", {"steps": [{"kind": "owner"}]}),
        ("serial", {"steps": [{"kind": "owner"}, {"kind": "anybody"}]}),
        ("serial", {"steps": [{"kind": "owner"}, "superior"]}),
        ("serial", {"steps": [{"kind": "owner"}, {"kind": "superior", "needed": 0}]}),
        ("serial", {"steps": [{"kind": "owner"}] * 5}),
    ],
)
def test_what_a_tier_leaves_open_is_checked_when_it_is_saved(
    services: Services, world: World, tier: str, approval: dict[str, object]
) -> None:
    with pytest.raises(Invalid) as caught:
        set_tier(services, world, tier, approval)
    assert caught.value.fields[0].field == "approval"


@pytest.fixture
def auto(services: Services, world: World) -> None:
    """Let the register be of the tier that rules grant, which sensitive functions may not be."""
    make_routine(services, world, "auto")


@pytest.mark.usefixtures("auto")
def test_within_a_rule_access_opens_at_once_in_its_signers_name(services: Services, world: World, clock: ManualClock) -> None:
    rule_id = services.approving.presigning.sign(world.li.actor(), new_rule(world, clock))
    submitted = ask(services, world)
    assert may_read(services, world.wang)
    shown = services.access_queries.line(world.wang.actor(), submitted.line_id)
    assert shown.state is LineState.APPROVED
    assert shown.decision is not None
    assert (shown.decision.decided_by.name, shown.decision.by_rule) == ("李强", True)
    [view] = services.approving.presigning.within(world.li.actor())
    assert (view.id, view.granted, view.live, view.signer) == (rule_id, 1, True, "李强")
    # What a rule granted is not the signer's list of decisions, nor a favour of theirs.
    assert services.access_queries.decided_by(world.li.actor()).entries == ()


@pytest.mark.usefixtures("auto")
@pytest.mark.parametrize("outside", ["days", "scope", "department", "late", "ended", "signer_left"])
def test_outside_a_rule_a_person_decides(services: Services, world: World, clock: ManualClock, outside: str) -> None:
    elsewhere: dict[str, object] = {"departments": (world.organisation.ids["yuhang_civil_affairs"],)}
    given = elsewhere if outside == "department" else {}
    rule_id = services.approving.presigning.sign(world.li.actor(), new_rule(world, clock, **given))
    if outside == "late":
        clock.advance(timedelta(days=90))
    if outside == "ended":
        assert services.approving.presigning.end(world.people["QIANWEI"].actor(), rule_id, "改为人工审批")
    if outside == "signer_left":
        end_offices(services, world, world.li)
    more: dict[str, dict[str, Any]] = {"days": {"days": 11}, "scope": {"scope": Scope((XIHU, "330200000000"))}}
    asked = more.get(outside, {})
    line_id = ask(services, world, **asked).line_id
    assert services.access_queries.line(world.wang.actor(), line_id).state is LineState.PENDING
    assert services.access.approve(world.people["QIANWEI"].actor(), line_id, 1).state is LineState.APPROVED


@pytest.mark.usefixtures("auto")
def test_a_rule_grants_nothing_to_its_signer(services: Services, world: World, clock: ManualClock) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    services.approving.presigning.sign(world.li.actor(), new_rule(world, clock, departments=(world.organisation.ids["government"],)))
    line_id = ask(services, world, world.li).line_id
    assert services.access_queries.line(world.li.actor(), line_id).state is LineState.PENDING


def test_who_may_sign_and_what(services: Services, world: World, clock: ManualClock) -> None:
    for person in (world.wang, world.zhao, world.people["HEWEI"], world.security_admin):
        with pytest.raises(Denied):
            services.approving.presigning.sign(person.actor(), new_rule(world, clock))
    with pytest.raises(Invalid) as caught:  # the item takes a person's word
        services.approving.presigning.sign(world.li.actor(), new_rule(world, clock))
    assert [field.field for field in caught.value.fields] == ["item_id"]
    wrong = {"departments": (), "max_days": 31, "ends_at": clock.now(), "reason": ""}
    for name, value in wrong.items():
        with pytest.raises(Invalid) as caught:
            services.approving.presigning.sign(world.li.actor(), new_rule(world, clock, **{name: value}))
        assert name in [field.field for field in caught.value.fields]


@pytest.mark.usefixtures("auto")
def test_no_rule_gives_back_what_somebody_took(services: Services, world: World, clock: ManualClock) -> None:
    services.approving.presigning.sign(world.li.actor(), new_rule(world, clock))
    grant = services.authorization_queries.grant_of_line(ask(services, world).line_id)
    assert grant is not None
    services.access.revoke(world.people["QIANWEI"].actor(), grant.id, "核查")
    again = ask(services, world, days=3).line_id
    assert not may_read(services, world.wang)
    assert services.access_queries.line(world.wang.actor(), again).state is LineState.PENDING
