"""Scope expressions of rules: what each means for a subject, and errors that name the column and the remedy."""

from __future__ import annotations

from typing import Any

import pytest

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.errors import ConditionError
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.policies.scope_rules import compile_scope
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, RowCondition, Scope
from govcloud.authorization.subjects.snapshot import Snapshot, Window, grant_role
from tests.unit.authorization.asking import READ, engine_of

WANG = {"division": "330106000000", "department_path": "/gov/xihu/"}
HERE = RowCondition("330106000000")
OWN = RowCondition(department_path="/gov/xihu/")


def rows(*conditions: RowCondition) -> Scope:
    return Scope(any_of=conditions)


@pytest.mark.parametrize(
    ("text", "subject", "found"),
    [
        ("", WANG, PROVINCE),
        ("province", WANG, PROVINCE),
        ("own_division", WANG, rows(HERE)),
        ("own_division", {}, NOTHING),
        ("own_department", WANG, rows(OWN)),
        ("own_department", {}, NOTHING),
        ("own_department", {"department_path": None}, NOTHING),
        ("division under 33", WANG, Scope(("330000000000",))),
        ("division under 3301", WANG, Scope(("330100000000",))),
        ("division under 330106", WANG, rows(HERE)),
        ("division under 330106001", WANG, Scope(("330106001000",))),
        ("division under 330106000000", WANG, rows(HERE)),
        ("divisions: 330106000000, 330108000000", WANG, Scope(("330106000000", "330108000000"))),
        ("case in my matters", WANG, rows(RowCondition(case_number="XH-1"), RowCondition(case_number="XH-2"))),
        ("own_department and division under 330106", WANG, rows(RowCondition("330106000000", "/gov/xihu/"))),
        ("own_division or division under 330108", WANG, Scope(("330106000000", "330108000000"))),
        ("division under 330106 and division under 330108", WANG, NOTHING),
        ("division under 3301 and division under 330106", WANG, rows(HERE)),
        # "and" binds closer than "or".
        (
            "division under 330108 or own_department and division under 330106",
            WANG,
            rows(RowCondition("330108000000"), RowCondition("330106000000", "/gov/xihu/")),
        ),
        ("own_division or province", WANG, PROVINCE),
        ("own_division and province", WANG, rows(HERE)),
        ("  own_division   or\n  own_department ", WANG, rows(HERE, OWN)),
        ("own_department and case in my matters", {}, NOTHING),
    ],
)
def test_meaning(text: str, subject: dict[str, Any], found: Scope) -> None:
    assert compile_scope(text).of(subject, ("XH-1", "XH-2")) == found


def test_without_live_grants_there_are_no_matters() -> None:
    assert compile_scope("case in my matters").of(WANG) == NOTHING


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("  own_division   or  own_department ", "own_division or own_department"),
        ("divisions:330106000000,330108000000", "divisions: 330106000000, 330108000000"),
        ("division  under  330106", "division under 330106"),
    ],
)
def test_one_way_to_write_it(text: str, canonical: str) -> None:
    assert compile_scope(text).text == canonical
    assert compile_scope(canonical).text == canonical


@pytest.mark.parametrize(
    ("text", "column"),
    [
        ("everywhere", 1),
        ("own_division and", 17),
        ("own_division or", 16),
        ("own_division own_department", 14),
        ("own_division, own_department", 1),
        ("own_division and everything", 18),
        ("division under", 15),
        ("division under 3", 16),
        ("division under 33010", 16),
        ("division under 330106 and division under 00", 42),
        ("division under xihu", 16),
        ("division in 330106", 1),
        ("case in my matter", 1),
        ("case in my", 1),
        ("and own_division", 1),
        ("(own_division)", 1),
        ("not own_division", 1),
        ("divisions: 33", 11),
        ("divisions:", 11),
        ("own_division or " * 100 + "own_division", 1),
    ],
)
def test_mistakes_are_named_with_their_column(text: str, column: int) -> None:
    with pytest.raises(ConditionError) as refused:
        compile_scope(text)
    assert refused.value.column == column


def test_the_remedy_names_what_can_be_written() -> None:
    with pytest.raises(ConditionError, match=r"own_department.*case in my matters"):
        compile_scope("everywhere")
    with pytest.raises(ConditionError, match="330106"):
        compile_scope("division under xihu")


# My matters: the cases that live grants name


def grant(case_number: str | None, starts_at: int = 0, ends_at: int | None = 100) -> Window:
    return Window(starts_at, ends_at, case_number=case_number)


@pytest.mark.parametrize(
    ("windows", "cases"),
    [
        ((grant("XH-1"),), {"XH-1"}),
        ((grant("XH-1"), grant("XH-2"), grant(None)), {"XH-1", "XH-2"}),
        ((grant("XH-1", ends_at=10),), set()),
        ((grant("XH-1", starts_at=11),), set()),
        ((grant("XH-1", starts_at=10),), {"XH-1"}),
        ((grant(None),), set()),
        ((), set()),
    ],
)
def test_my_matters_are_those_of_grants_that_live_now(windows: tuple[Window, ...], cases: set[str]) -> None:
    engine = engine_of(RuleSpec("clerk", READ, scope_expr="case in my matters"))
    roles = {"clerk": (Window(0),), grant_role("assistance:case:read"): windows}
    snapshot = Snapshot("someone", {}, roles)
    asking = Asking(snapshot, READ, 10, label=0, resource={}, context={}, bounded=False)
    verdict = engine.decide(asking, READ)
    assert verdict.allowed is bool(cases)
    assert verdict.rows == Scope(any_of=[RowCondition(case_number=case) for case in cases])
    for case in ("XH-1", "XH-2"):
        one = Asking(snapshot, READ, 10, label=0, resource={"case_number": case}, context={}, bounded=True)
        assert engine.decide(one, READ).allowed is (case in cases)
