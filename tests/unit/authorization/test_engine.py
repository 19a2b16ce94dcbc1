"""The engine itself: labels, views, and that nothing changes one that answers; Casbin's own defects stand in ``test_defects.py``."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given, settings

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule, View
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.authorization.subjects.snapshot import Giver, Snapshot, Window, grant_role
from tests.unit.authorization.asking import READ, ask, engine_of, verdict
from tests.unit.authorization.worlds import World, worlds

GRANT = UUID("01a20be4-d9fa-76bd-858d-e3b505a433d2")
MASKED = FieldRule(frozenset({"phone"}), frozenset({"id_number"}))


def test_a_grant_of_the_whole_subsystem_is_not_one_of_its_functions() -> None:
    snapshot = Snapshot("someone", {}, {grant_role("housing:*"): (Window(0, giver=Giver.GRANT, giver_id=GRANT),)})
    asking = Asking(snapshot, READ, 10, label=0, resource={}, context={}, bounded=False)
    assert not engine_of().decide(asking, READ).allowed


def test_a_role_that_is_called_like_the_fixed_rule_opens_nothing() -> None:
    assert not ask(engine_of(), "grant:*")


@settings(max_examples=200)
@given(worlds())
def test_a_question_changes_neither_engine_nor_answer(world: World) -> None:
    engine = world.engine
    before = dict(engine._casbin.__dict__)
    for person in world.people:
        seen = world.seen(person)
        for asked in world.questions:
            first = world.verdict(seen, asked)
            assert world.verdict(seen, asked) == first
    assert engine._casbin.__dict__ == before


# Labels


@pytest.mark.parametrize(
    ("clearance", "function", "data", "allowed"),
    [
        (None, 0, None, True),
        (None, 1, None, False),
        (0, 0, 0, True),
        (2, 2, None, True),
        (2, 1, 2, True),
        (2, 3, 0, False),
        (2, 0, 3, False),
        (4, 4, 4, True),
        # What is no label is kept from everybody; a clearance that is none clears nobody.
        (4, 0, "secret", False),
        (4, 0, True, False),
        (4, 0, 5, False),
        (4, 0, -1, False),
        (True, 1, None, False),
        ("4", 1, None, False),
    ],
)
def test_the_subject_has_to_be_cleared_for_function_and_data(clearance: object, function: int, data: object, *, allowed: bool) -> None:
    attributes = {} if clearance is None else {"label": clearance}
    resource = {} if data is None else {"label": data}
    found = verdict(engine_of(RuleSpec("clerk", READ)), "clerk", label=function, attributes=attributes, resource=resource)
    assert found.allowed is allowed


def test_no_grant_lifts_a_label() -> None:
    snapshot = Snapshot("someone", {"label": 1}, {grant_role(READ): (Window(0, giver=Giver.GRANT, giver_id=GRANT),)})
    answers = [
        engine_of().decide(Asking(snapshot, READ, 10, label=label, resource={}, context={}, bounded=False), READ).allowed
        for label in (1, 2)
    ]
    assert answers == [True, False]


def test_a_low_clearance_never_lifts_a_deny() -> None:
    engine = engine_of(RuleSpec("clerk", READ), RuleSpec("barred", READ, effect="deny"))
    found = verdict(engine, "clerk", "barred", label=4, attributes={"label": 0})
    assert found.rule == RuleSpec("barred", READ, effect="deny")


# Views


def test_one_view_for_each_rule_on_fields_with_the_rows_of_all_that_have_it() -> None:
    engine = engine_of(
        RuleSpec("clerk", READ, scope_expr="division under 330106", fields=MASKED),
        RuleSpec("clerk", READ, scope_expr="division under 330108", fields=MASKED),
        RuleSpec("barred", READ, scope_expr="division under 330110"),
    )
    found = verdict(engine, "clerk", "barred")
    assert found.views == (View(Scope(("330110000000",)), ALL_FIELDS), View(Scope(("330106000000", "330108000000")), MASKED))
    assert found.rows == Scope(("330106000000", "330108000000", "330110000000"))


def test_a_denial_opens_no_view() -> None:
    engine = engine_of(RuleSpec("clerk", READ, fields=MASKED), RuleSpec("barred", READ, effect="deny"))
    assert verdict(engine, "clerk", "barred").views == ()


def test_only_rules_that_reach_the_row_count_for_it() -> None:
    engine = engine_of(RuleSpec("clerk", READ, scope_expr="division under 330106"), RuleSpec("clerk", READ, fields=MASKED))
    here, elsewhere = (verdict(engine, "clerk", resource={"division": code}).views for code in ("330106001000", "330110000000"))
    assert [view.fields for view in here] == [ALL_FIELDS, MASKED]
    assert elsewhere == (View(PROVINCE, MASKED),)
