"""Scopes: which row condition covers which row, and the algebra as properties on sets of random rows."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.scopes.scope import (
    MAX_ALTERNATIVES,
    NOTHING,
    PROVINCE,
    ROW_KEYS,
    RowCondition,
    Scope,
    department_scope,
    division_covers,
    division_prefix,
    division_scope,
)

DIGITS = st.text("019", min_size=2, max_size=12).map(lambda text: ("3" + text)[:12].ljust(12, "0"))
PATHS = st.lists(st.sampled_from("ab"), max_size=3).map(lambda parts: "/" + "".join(f"{part}/" for part in parts))
CASES = st.sampled_from(("XH-1", "XH-2"))


def maybe(strategy: st.SearchStrategy[str]) -> st.SearchStrategy[str | None]:
    return st.one_of(st.none(), strategy)


CONDITIONS = st.builds(RowCondition, maybe(DIGITS), maybe(PATHS), maybe(CASES))
BY_DIVISIONS = st.one_of(st.just(PROVINCE), st.lists(DIGITS, max_size=4).map(Scope))
SCOPES = st.one_of(BY_DIVISIONS, st.lists(CONDITIONS, max_size=4).map(lambda found: Scope(any_of=found)))


@st.composite
def rows(draw: st.DrawFn) -> dict[str, Any]:
    """Return a row that says all, some or nothing of where it stands; a key may be there with nothing in it."""
    row = {"division": draw(maybe(DIGITS)), "department_path": draw(maybe(PATHS)), "case_number": draw(maybe(CASES))}
    return {key: value for key, value in row.items() if value is not None or draw(st.booleans())} | {"other": 1}


@pytest.mark.parametrize(
    ("outer", "inner", "covered"),
    [
        ("330000000000", "330106000000", True),
        ("330100000000", "330106001002", True),
        ("330106000000", "330106000000", True),
        ("330106000000", "330100000000", False),
        ("330110000000", "330111000000", False),
        ("330100000000", "330200000000", False),
        ("330106001000", "330106002000", False),
        ("330106001000", "330106001200", True),
    ],
)
def test_covers_whole_levels(outer: str, inner: str, *, covered: bool) -> None:
    assert division_covers(outer, inner) is covered


@pytest.mark.parametrize("code", ["", "33", "33010600000x", "000000000000", "3301060000000", "３３０１０６００００００"])
def test_a_code_has_twelve_digits(code: str) -> None:
    with pytest.raises(ValueError, match="12 digits"):
        division_prefix(code)


@pytest.mark.parametrize(
    ("condition", "row", "covered"),
    [
        ({}, {}, True),
        ({"division": "330106000000"}, {"division": "330106001000"}, True),
        ({"division": "330106000000"}, {}, False),
        ({"division": "330106000000"}, {"division": None}, False),
        ({"division": "330106000000"}, {"division": 330106000000}, False),
        ({"department_path": "/a/"}, {"department_path": "/a/b/"}, True),
        ({"department_path": "/a/"}, {"department_path": "/ab/"}, False),
        ({"department_path": "/a/b/"}, {"department_path": "/a/"}, False),
        ({"department_path": "/"}, {"department_path": "/a/"}, True),
        ({"department_path": "/"}, {"division": "330106000000"}, False),
        ({"case_number": "XH-1"}, {"case_number": "XH-1"}, True),
        ({"case_number": "XH-1"}, {"case_number": "XH-10"}, False),
        ({"division": "330106000000", "case_number": "XH-1"}, {"division": "330106000000"}, False),
        ({"division": "330106000000", "case_number": "XH-1"}, {"division": "330106000000", "case_number": "XH-1"}, True),
    ],
)
def test_a_row_has_to_meet_all_that_a_condition_names(condition: dict[str, str], row: dict[str, Any], *, covered: bool) -> None:
    assert Scope(any_of=[RowCondition(**condition)]).covers(row) is covered


@pytest.mark.parametrize(
    "given",
    [
        {"division": "33"},
        {"division": ""},
        {"department_path": ""},
        {"department_path": "a/"},
        {"department_path": "/a"},
        {"case_number": ""},
        {"case_number": " XH-1"},
        {"case_number": "x" * 101},
    ],
)
def test_conditions_that_are_none(given: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"division|path|case"):
        RowCondition(**given)


# The algebra agrees with sets of rows


@given(SCOPES, SCOPES, rows())
def test_intersection_and_union_are_those_of_sets(one: Scope, two: Scope, row: Mapping[str, Any]) -> None:
    assert one.intersect(two).covers(row) == (one.covers(row) and two.covers(row))
    assert one.union(two).covers(row) == (one.covers(row) or two.covers(row))


@given(SCOPES, SCOPES, rows())
def test_what_is_covered_holds_no_row_that_its_cover_has_not(one: Scope, two: Scope, row: Mapping[str, Any]) -> None:
    if one.covers(two) and two.covers(row):
        assert one.covers(row)


@given(SCOPES, SCOPES)
def test_what_is_not_covered_holds_a_row_to_show_it(one: Scope, two: Scope) -> None:
    """A row that says exactly what an alternative names is in it, and in nothing that does not cover the alternative."""
    witnesses = [dict(item.to_json().items()) for item in two.alternatives]
    assert one.covers(two) == all(one.covers(witness) for witness in witnesses)


@given(SCOPES, SCOPES)
def test_scopes_of_the_same_rows_are_equal(one: Scope, two: Scope) -> None:
    assert (one == two) == (one.covers(two) and two.covers(one))


@given(SCOPES, SCOPES, SCOPES)
def test_algebra(one: Scope, two: Scope, three: Scope) -> None:
    assert one.union(two) == two.union(one)
    assert one.intersect(two) == two.intersect(one)
    assert one.union(one) == one.intersect(one) == one
    assert one.union(NOTHING) == one.intersect(PROVINCE) == one
    assert one.intersect(NOTHING) == NOTHING
    assert one.union(PROVINCE) == PROVINCE
    assert one.union(two).union(three) == Scope.union_of((one, two, three)) == one.union(two.union(three))
    assert one.intersect(two).intersect(three) == one.intersect(two.intersect(three))
    assert one.intersect(two.union(three)) == one.intersect(two).union(one.intersect(three))
    assert one.covers(one.intersect(two))
    assert one.union(two).covers(two)


@given(SCOPES, rows())
def test_what_a_row_lacks_is_what_would_have_it_covered(scope: Scope, row: dict[str, Any]) -> None:
    lacking = scope.lacks(row)
    if lacking is None:
        assert not scope.covers(row)
        return
    assert (lacking == frozenset()) == scope.covers(row)
    assert all(row.get(key) is None for key in lacking)
    # With the values of some alternative in the places that it did not speak of, the row is covered.
    told = [row | {key: getattr(item, key) for key in lacking} for item in scope.alternatives]
    assert any(scope.covers(candidate) for candidate in told)


@given(SCOPES)
def test_normal_form(scope: Scope) -> None:
    places = [item.place for item in scope.alternatives]
    assert places == sorted(set(places))
    assert not any(one is not two and one.within(two) for one in scope.alternatives for two in scope.alternatives)


# By divisions alone, as before


@given(BY_DIVISIONS)
def test_divisions_alone_say_it_all(scope: Scope) -> None:
    assert scope.by_divisions
    assert Scope(scope.divisions) == scope
    assert scope.to_json() == {"divisions": None if scope.divisions is None else list(scope.divisions)}


@given(SCOPES)
def test_divisions_never_say_more_than_the_scope(scope: Scope) -> None:
    assert scope.covers(Scope(scope.divisions))
    assert (scope.divisions is None) == (scope == PROVINCE)


def test_scopes_of_one_division_and_one_department_are_made_once() -> None:
    assert division_scope("330106000000") is division_scope("330106000000") == Scope(("330106000000",))
    assert department_scope("/a/") is department_scope("/a/") == Scope(any_of=[RowCondition(department_path="/a/")])


# JSON


@given(SCOPES)
def test_json_round_trip(scope: Scope) -> None:
    assert Scope.from_json(scope.to_json()) == scope


@pytest.mark.parametrize(
    "value", [None, {}, {"divisions": None}, {"any": [{}]}, {"department_path": "/a/"}, {"any": [{}, {"division": "330000000000"}]}]
)
def test_every_row(value: dict[str, Any] | None) -> None:
    assert Scope.from_json(value) == PROVINCE


@pytest.mark.parametrize("value", [{"divisions": []}, {"any": []}])
def test_no_row(value: dict[str, Any]) -> None:
    assert Scope.from_json(value) == NOTHING


@pytest.mark.parametrize(
    "value",
    [
        {"divisions": "330106000000"},
        {"divisions": [330106]},
        {"divisions": ["33"]},
        {"any": None},
        {"any": {}},
        {"any": "x"},
        {"any": [None]},
        {"any": ["330106000000"]},
        {"any": [{"division": None}]},
        {"any": [{"division": 330106000000}]},
        {"any": [{"divsion": "330106000000"}]},
        {"any": [{"division": "330106000000", "owner": "me"}]},
        {"any": [{"case_number": ""}]},
        {"any": [{}], "divisions": []},
        {"any": [{}] * (MAX_ALTERNATIVES + 1)},
        [],
        ["330106000000"],
        "330106000000",
    ],
)
def test_json_that_is_no_scope_is_never_taken_for_a_wider_one(value: Any) -> None:  # noqa: ANN401 - what comes from outside
    with pytest.raises(ValueError, match=r"divi|any|row condition|case|scope"):
        Scope.from_json(value)


def test_a_great_many_alternatives_are_brought_into_form_quickly() -> None:
    many = [
        RowCondition(f"33{number % 90 + 10:02d}{number % 80 + 10:02d}000000", f"/a/{number}/", f"XH-{number}") for number in range(2_000)
    ]
    began = time.thread_time()
    assert len(Scope(any_of=[*many, *many]).alternatives) == 2_000
    assert time.thread_time() - began < 1


def test_row_keys_are_the_fields_of_a_condition() -> None:
    assert tuple(RowCondition.__dataclass_fields__) == ROW_KEYS
