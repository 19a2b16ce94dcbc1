"""Every rule with the facts that it passes and the facts that it refuses; and how refusals become one error."""

from __future__ import annotations

from dataclasses import replace
from uuid import UUID

import pytest

from govcloud.access.facts import DecisionFacts, ItemFacts, PersonFacts, RequestFacts, Wanted
from govcloud.access.rules import APPROVE, REJECT, SUBMIT, Registry, check
from govcloud.access.rules.term import RequestedWithinCap
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, Scope
from govcloud.identity.ranks import rank_order
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid

XIHU, YUHANG, HANGZHOU = Scope(("330106000000",)), Scope(("330110000000",)), Scope(("330100000000",))
ITEM = ItemFacts(
    id=UUID(int=1),
    name="查询住房登记信息",
    tier="one",
    max_days=30,
    requires_case_number=True,
    scope_kind="division",
    integration_level=2,
    owner_path="/gov/housing/",
    live_version=1,
)


def person(number: int, path: str, rank: str, *, active: bool = True) -> PersonFacts:
    return PersonFacts(UUID(int=number), UUID(int=number + 100), f"人{number}", active, path, rank, rank_order(rank), posts=(path,))


WANG = person(1, "/gov/xihu/civil/", "一级科员")
COLLEAGUE = person(2, "/gov/xihu/civil/", "二级科员")
LI = person(3, "/gov/housing/", "县处级正职")
REQUEST = RequestFacts(
    item=ITEM,
    requester=WANG,
    beneficiary=WANG,
    wanted=Wanted(XIHU, 5),
    case_number="XH-2026-0117",
    open_line_number=None,
    has_decider=True,
)
DECISION = DecisionFacts(
    item=ITEM,
    requester_id=WANG.official_id,
    beneficiary=WANG,
    wanted=Wanted(HANGZHOU, 10),
    requested_version=1,
    decider=LI,
    authority=("/gov/housing/",),
    approved=Wanted(XIHU, 5),
)


def codes(error: GovcloudError) -> list[str]:
    return [refusal.code for refusal in error.refusals]


@pytest.mark.parametrize(
    "facts",
    [
        REQUEST,
        replace(REQUEST, beneficiary=COLLEAGUE),
        replace(REQUEST, wanted=Wanted(PROVINCE, 1)),
        replace(REQUEST, wanted=Wanted(XIHU, 30)),
        replace(REQUEST, item=replace(ITEM, requires_case_number=False), case_number=None),
        replace(REQUEST, item=replace(ITEM, scope_kind="none"), wanted=Wanted(PROVINCE, 5)),
        # Without rows there is nothing that a door could not keep.
        replace(REQUEST, item=replace(ITEM, integration_level=0), wanted=Wanted(PROVINCE, 5)),
    ],
)
def test_a_request_that_is_in_order_passes(facts: RequestFacts) -> None:
    check(SUBMIT, facts)


@pytest.mark.parametrize(
    ("facts", "code", "kind"),
    [
        (replace(REQUEST, item=replace(ITEM, live_version=None)), "not_requestable", Invalid),
        (replace(REQUEST, wanted=Wanted(XIHU, 0)), "beyond_cap", Invalid),
        (replace(REQUEST, wanted=Wanted(XIHU, -5)), "beyond_cap", Invalid),
        (replace(REQUEST, wanted=Wanted(XIHU, 31)), "beyond_cap", Invalid),
        (replace(REQUEST, wanted=Wanted(NOTHING, 5)), "scope_does_not_fit", Invalid),
        (replace(REQUEST, item=replace(ITEM, scope_kind="none")), "scope_does_not_fit", Invalid),
        (replace(REQUEST, item=replace(ITEM, integration_level=1)), "scope_not_enforceable", Conflict),
        (replace(REQUEST, item=replace(ITEM, integration_level=0)), "scope_not_enforceable", Conflict),
        (replace(REQUEST, case_number=None), "case_number_missing", Invalid),
        (replace(REQUEST, open_line_number="QX20261124-000001"), "duplicate_open_line", Conflict),
        (replace(REQUEST, has_decider=False), "nobody_decides", Conflict),
        (
            replace(REQUEST, requester=replace(WANG, active=False), beneficiary=replace(WANG, active=False)),
            "beneficiary_inactive",
            Conflict,
        ),
        (replace(REQUEST, beneficiary=person(4, "/gov/yuhang/civil/", "一级科员")), "beneficiary_elsewhere", Denied),
        (replace(REQUEST, beneficiary=person(4, "/gov/", "一级科员")), "beneficiary_elsewhere", Denied),
    ],
)
def test_what_stands_against_a_request(facts: RequestFacts, code: str, kind: type[GovcloudError]) -> None:
    with pytest.raises(kind) as caught:
        check(SUBMIT, facts)
    assert codes(caught.value) == [code]
    assert caught.value.code == code


@pytest.mark.parametrize(
    "facts",
    [
        DECISION,
        replace(DECISION, approved=DECISION.wanted),
        replace(DECISION, authority=("/gov/",)),
        replace(DECISION, authority=("/",)),
        replace(DECISION, authority=("/gov/other/", "/gov/housing/")),
        # The same department, but not below the beneficiary; and a superior of another department.
        replace(DECISION, beneficiary=person(4, "/gov/housing/", "县处级副职")),
        replace(DECISION, beneficiary=person(4, "/gov/housing/", "县处级正职")),
        replace(DECISION, beneficiary=person(4, "/gov/xihu/civil/", "厅局级正职")),
    ],
)
def test_an_approval_that_is_in_order_passes(facts: DecisionFacts) -> None:
    check(APPROVE, facts)


@pytest.mark.parametrize(
    ("facts", "code", "kind"),
    [
        (replace(DECISION, requester_id=LI.official_id), "own_request", Denied),
        (replace(DECISION, beneficiary=replace(LI, appointment_id=UUID(int=999))), "own_request", Denied),
        (replace(DECISION, authority=()), "no_authority", Denied),
        (replace(DECISION, authority=("/gov/civil/",)), "no_authority", Denied),
        (replace(DECISION, authority=("/gov/housing/office/",)), "no_authority", Denied),
        (replace(DECISION, decider=replace(LI, active=False)), "no_authority", Denied),
        (replace(DECISION, beneficiary=person(4, "/gov/housing/", "厅局级副职")), "subordinate", Denied),
        (replace(DECISION, beneficiary=person(4, "/gov/", "厅局级正职")), "subordinate", Denied),
        (replace(DECISION, beneficiary=person(4, "/gov/housing/", "没有这个职级")), "subordinate", Denied),
        (replace(DECISION, beneficiary=replace(person(4, "/gov/x/", "厅局级正职"), posts=("/gov/x/", "/gov/"))), "subordinate", Denied),
        (replace(DECISION, decider=replace(LI, posts=("/gov/housing/", "/gov/xihu/civil/"), rank_order=None)), "subordinate", Denied),
        (replace(DECISION, owed=True), "reciprocal", Denied),
        (replace(DECISION, item=replace(ITEM, scope_kind="none")), "scope_does_not_fit", Invalid),
        (replace(DECISION, item=replace(ITEM, integration_level=1)), "scope_not_enforceable", Conflict),
        (replace(DECISION, beneficiary=replace(WANG, active=False)), "beneficiary_moved", Conflict),
        (replace(DECISION, item=replace(ITEM, live_version=2)), "item_changed", Conflict),
        (replace(DECISION, item=replace(ITEM, live_version=None)), "item_changed", Conflict),
        (replace(DECISION, approved=Wanted(PROVINCE, 5)), "wider_than_requested", Invalid),
        (replace(DECISION, approved=Wanted(NOTHING, 5)), "wider_than_requested", Invalid),
        (replace(DECISION, approved=Wanted(XIHU, 11)), "wider_than_requested", Invalid),
        (replace(DECISION, wanted=Wanted(YUHANG, 10)), "wider_than_requested", Invalid),
        (replace(DECISION, approved=Wanted(XIHU, 0)), "beyond_cap", Invalid),
        (replace(DECISION, item=replace(ITEM, max_days=3)), "beyond_cap", Invalid),
    ],
)
def test_what_stands_against_an_approval(facts: DecisionFacts, code: str, kind: type[GovcloudError]) -> None:
    with pytest.raises(kind) as caught:
        check(APPROVE, facts)
    assert codes(caught.value) == [code]


def test_a_refusal_asks_less_than_an_approval() -> None:
    facts = replace(DECISION, approved=None, beneficiary=replace(WANG, active=False), item=replace(ITEM, live_version=None))
    check(REJECT, facts)
    with pytest.raises(Denied) as caught:
        check(REJECT, replace(facts, authority=(), requester_id=LI.official_id))
    assert codes(caught.value) == ["own_request", "no_authority"]


def test_all_refusals_are_shown_together_and_the_weightiest_names_the_error() -> None:
    facts = replace(
        REQUEST,
        case_number=None,
        wanted=Wanted(XIHU, 90),
        open_line_number="QX20261124-000001",
        beneficiary=person(4, "/gov/yuhang/civil/", "一级科员"),
    )
    with pytest.raises(Denied) as caught:
        check(SUBMIT, facts)
    assert caught.value.code == "beneficiary_elsewhere"
    assert codes(caught.value) == ["beneficiary_elsewhere", "duplicate_open_line", "beyond_cap", "case_number_missing"]
    assert [field.field for field in caught.value.fields] == ["beneficiary_appointment_id", "days", "case_number"]
    assert "4 项" in str(caught.value)


def test_a_registry_refuses_two_rules_of_one_key() -> None:
    with pytest.raises(ValueError, match="'beyond_cap' is registered twice"):
        Registry(RequestedWithinCap(), RequestedWithinCap())


@pytest.mark.parametrize("registry", [SUBMIT, APPROVE, REJECT], ids=["submit", "approve", "reject"])
def test_every_rule_is_a_frozen_record(registry: Registry[object]) -> None:
    for rule in registry:
        assert type(rule).__dataclass_params__.frozen  # type: ignore[attr-defined]
        assert type(rule).__doc__
