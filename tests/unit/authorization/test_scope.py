"""Scopes: which division covers which, and the algebra as properties."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.scope import NOTHING, PROVINCE, Scope, division_covers, division_prefix

DIGITS = st.text("019", min_size=2, max_size=12).map(lambda text: ("3" + text)[:12].ljust(12, "0"))
SCOPES = st.one_of(st.just(PROVINCE), st.lists(DIGITS, max_size=4).map(lambda codes: Scope(tuple(codes))))


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


@given(SCOPES, SCOPES, DIGITS)
def test_intersection_and_union_are_those_of_sets(one: Scope, two: Scope, division: str) -> None:
    assert one.intersect(two).covers(division) == (one.covers(division) and two.covers(division))
    assert one.union(two).covers(division) == (one.covers(division) or two.covers(division))


@given(SCOPES, SCOPES)
def test_algebra(one: Scope, two: Scope) -> None:
    assert one.union(two) == two.union(one)
    assert one.intersect(two) == two.intersect(one)
    assert one.union(NOTHING) == one
    assert one.intersect(PROVINCE) == one
    assert one.covers(one.intersect(two))
    assert one.union(two).covers(two)


@given(SCOPES)
def test_json_round_trip(scope: Scope) -> None:
    assert Scope.from_json(scope.to_json()) == scope


@pytest.mark.parametrize("value", [{"divisions": "330106000000"}, {"divisions": [330106]}, {"divisions": ["33"]}])
def test_json_that_is_no_scope(value: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="divi"):
        Scope.from_json(value)
