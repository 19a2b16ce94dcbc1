"""Rules signed in advance are bound to the item as their signer saw it, and to the signer's office; successors sign again."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from govcloud.access.deciding.presigning import SignedAgain
from govcloud.access.deciding.rule_lists import RuleView
from govcloud.access.lifecycle import LineState
from govcloud.access.tasks.presigned import RuleState
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange, ItemChange
from tests.factories.deciders import end_offices, make_routine, new_rule, set_tier
from tests.factories.requests import REGISTER, ask
from tests.factories.world import Person, World


@pytest.fixture
def rule_id(services: Services, world: World, clock: ManualClock) -> UUID:
    """Return a rule of 李强's about an item that opens at once."""
    make_routine(services, world, "auto")
    return services.approving.presigning.sign(world.li.actor(), new_rule(world, clock))


def shown(services: Services, person: Person) -> RuleView:
    return services.approving.presigning.within(person.actor())[0]


def opens(services: Services, world: World) -> bool:
    """Return whether a new request opens at once."""
    line_id = ask(services, world).line_id
    return services.access_queries.line(world.wang.actor(), line_id).state is LineState.APPROVED


def again(services: Services, clock: ManualClock, person: Person, rule_id: UUID, **given: object) -> UUID:
    usual: dict[str, object] = {
        "item_version": shown(services, person).current_version,
        "ends_at": clock.now() + timedelta(days=30),
        "reason": "已核对变更",
    }
    return services.approving.presigning.sign_again(person.actor(), rule_id, SignedAgain(**{**usual, **given}))  # type: ignore[arg-type]


def change(services: Services, world: World, what: str) -> None:
    hewei = world.people["HEWEI"].actor()
    item = services.subsystem_queries.items([world.items[REGISTER]])[world.items[REGISTER]]
    if what == "label":
        labelled = FunctionChange(item.function_name, sensitive=False, integration_level=3, label=1)
        services.subsystems.change_function(hewei, REGISTER, labelled, "定级")
    elif what == "function renamed":
        services.subsystems.change_function(hewei, REGISTER, FunctionChange("查询住房", sensitive=False, integration_level=3), "改名")
    else:
        exposes = "住房登记信息与产权人" if what == "exposes" else item.exposes
        days = item.max_days + 10 if what == "term" else item.max_days
        number = not item.requires_case_number if what == "case number" else item.requires_case_number
        new = ItemChange(item.name, exposes, item.tier, days, number, item.scope_kind)
        services.subsystems.change_item(hewei, item.id, item.version, new, "调整")


@pytest.mark.parametrize("what", ["exposes", "term", "case number"])
def test_a_rule_signed_under_other_circumstances_grants_nothing(
    services: Services, world: World, rule_id: UUID, clock: ManualClock, what: str
) -> None:
    change(services, world, what)
    view = shown(services, world.li)
    assert (view.id, view.state, view.live, view.waits) == (rule_id, RuleState.ITEM_CHANGED, False, True)
    assert not opens(services, world)
    for person in (world.li, world.people["QIANWEI"]):
        [notice] = [one for one in services.notice_queries.page(person.official_id).entries if one.kind == "rule_unbound"]
        assert (notice.link, "查询住房登记信息" in str(notice.sentence.values)) == ("/approval-rules", True)
    names = services.uow.read().scalars(text("SELECT name FROM audit_event WHERE name LIKE 'access:approval_rule:%' ORDER BY id")).all()
    assert names == ["access:approval_rule:signed", "access:approval_rule:unbound"]
    # Signed again, for what it is now, it grants again.
    new = again(services, clock, world.people["QIANWEI"], rule_id)
    [first, old] = services.approving.presigning.within(world.li.actor())
    assert (first.id, first.state, first.signer, old.state) == (new, RuleState.LIVE, "钱伟", RuleState.ENDED)
    line_id = ask(services, world, world.people["SUNLI"]).line_id
    decision = services.access_queries.line(world.people["SUNLI"].actor(), line_id).decision
    assert decision is not None
    assert decision.decided_by.name == "钱伟"


def test_a_rule_stops_when_the_function_is_labelled(services: Services, world: World, rule_id: UUID) -> None:
    change(services, world, "label")
    assert (shown(services, world.li).id, shown(services, world.li).state) == (rule_id, RuleState.ITEM_CHANGED)


def test_what_changes_nothing_about_the_yes_keeps_the_rule(services: Services, world: World, rule_id: UUID) -> None:
    change(services, world, "function renamed")
    assert (shown(services, world.li).id, shown(services, world.li).state) == (rule_id, RuleState.LIVE)
    assert opens(services, world)


@pytest.mark.parametrize("how", ["office", "disabled"])
def test_a_rule_stops_with_the_office_of_its_signer(services: Services, world: World, rule_id: UUID, clock: ManualClock, how: str) -> None:
    qian = world.people["QIANWEI"]
    if how == "office":
        end_offices(services, world, world.li)
    else:
        services.identity.disable_official(world.security_admin.actor(), world.li.official_id, "调查")
    assert shown(services, qian).state is RuleState.SIGNER_GONE
    assert not opens(services, world)
    again(services, clock, qian, rule_id)
    assert shown(services, qian).state is RuleState.LIVE


def test_only_who_could_sign_it_signs_it_again_and_only_what_they_saw(
    services: Services, world: World, rule_id: UUID, clock: ManualClock
) -> None:
    change(services, world, "exposes")
    signing = services.approving.presigning
    later = clock.now() + timedelta(days=30)
    for person in (world.wang, world.zhao, world.people["HEWEI"], world.security_admin):
        with pytest.raises(Denied):
            signing.sign_again(person.actor(), rule_id, SignedAgain(shown(services, world.li).current_version, later, "x"))
    with pytest.raises(Conflict) as caught:
        again(services, clock, world.li, rule_id, item_version=shown(services, world.li).current_version - 1)
    assert caught.value.code == "item_changed"
    for wrong in ({"ends_at": clock.now()}, {"ends_at": clock.now() + timedelta(days=367)}, {"reason": " "}, {"reason": "长" * 501}):
        with pytest.raises(Invalid):
            again(services, clock, world.li, rule_id, **wrong)
    with pytest.raises(NotFound):
        signing.sign_again(world.li.actor(), world.items[REGISTER], SignedAgain(1, later, "x"))
    signing.end(world.li.actor(), rule_id, "不再需要")
    with pytest.raises(Conflict) as caught:
        again(services, clock, world.li, rule_id)
    assert caught.value.code == "rule_ended"


def test_a_rule_whose_bounds_are_too_wide_by_now_is_not_signed_again(
    services: Services, world: World, rule_id: UUID, clock: ManualClock
) -> None:
    item = services.subsystem_queries.items([world.items[REGISTER]])[world.items[REGISTER]]
    new = ItemChange(item.name, item.exposes, item.tier, 5, item.requires_case_number, item.scope_kind)
    services.subsystems.change_item(world.people["HEWEI"].actor(), item.id, item.version, new, "缩短")
    with pytest.raises(Invalid) as caught:
        again(services, clock, world.li, rule_id)
    assert [field.field for field in caught.value.fields] == ["max_days"]
    set_tier(services, world, "one")
    with pytest.raises(Invalid) as caught:
        again(services, clock, world.li, rule_id)
    assert "item_id" in [field.field for field in caught.value.fields]


def test_a_rule_from_before_waits_to_be_signed_again(
    services: Services, world: World, rule_id: UUID, clock: ManualClock, superuser_url: str
) -> None:
    """It does not say for what it was signed."""
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("UPDATE approval_rule SET scope = scope - 'signed_for'")
    assert shown(services, world.li).state is RuleState.ITEM_CHANGED
    assert not opens(services, world)
    again(services, clock, world.li, rule_id)
    assert shown(services, world.li).state is RuleState.LIVE


def test_an_item_that_goes_to_another_owner_takes_its_rules_to_who_may_sign_them(
    services: Services, world: World, rule_id: UUID, clock: ManualClock
) -> None:
    item = services.subsystem_queries.items([world.items[REGISTER]])[world.items[REGISTER]]
    owner = world.organisation.ids["civil_affairs"]
    new = ItemChange(item.name, item.exposes, item.tier, item.max_days, item.requires_case_number, item.scope_kind, owner)
    services.subsystems.change_item(world.system_admin.actor(), item.id, item.version, new, "划转")
    assert shown(services, world.zhao).state is RuleState.ITEM_CHANGED
    with pytest.raises(Denied):
        again(services, clock, world.li, rule_id)
    again(services, clock, world.zhao, rule_id)
    assert (shown(services, world.zhao).state, shown(services, world.zhao).signer) == (RuleState.LIVE, world.zhao.name)


def test_it_is_said_once_that_a_rule_waits(services: Services, world: World, rule_id: UUID) -> None:
    for what in ("exposes", "term", "term"):
        change(services, world, what)
    assert shown(services, world.li).id == rule_id
    told = [one for one in services.notice_queries.page(world.li.official_id).entries if one.kind == "rule_unbound"]
    assert len(told) == 1
