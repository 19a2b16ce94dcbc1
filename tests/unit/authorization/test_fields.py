"""Fields and obligations: views, how a field of a row is shown, and the JSON form both ways."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.authorization.deciding.decisions import MESSAGES, Decision, Reason, refusal
from govcloud.authorization.deciding.obligations import Obligations, obligations_in, obligations_of
from govcloud.authorization.scopes.fields import ALL_FIELDS, MAX_FIELDS, FieldRule, Shown, View, is_field_name, shown, views_of
from govcloud.authorization.scopes.scope import NOTHING, PROVINCE, RowCondition, Scope
from tests.unit.authorization.test_scope import SCOPES, rows

NAMES = ("phone", "id_number", "name")
FIELDS = st.builds(
    lambda masked, hidden: FieldRule(frozenset(masked) - frozenset(hidden), frozenset(hidden)),
    st.sets(st.sampled_from(NAMES)),
    st.sets(st.sampled_from(NAMES)),
)
OPENED = st.lists(st.tuples(SCOPES, FIELDS), min_size=1, max_size=5)
XIHU = Scope(("330106000000",))
MASKED = FieldRule(frozenset({"phone"}), frozenset({"id_number"}))
ROW = {"division": "330106001000"}


def allowed(*views: View, label: int | None = None) -> Decision:
    rows_ = Scope.union_of(view.rows for view in views)
    return Decision(
        allowed=True, code=Reason.ALLOWED, message=MESSAGES[Reason.ALLOWED], epoch=1, scope=rows_, views=views, label_at_most=label
    )


@pytest.mark.parametrize(
    ("views", "states"),
    [
        ((View(PROVINCE),), ("clear", "clear", "clear")),
        ((View(XIHU, MASKED),), ("masked", "hidden", "clear")),
        # The best of the views that cover this very row counts …
        ((View(XIHU, MASKED), View(PROVINCE)), ("clear", "clear", "clear")),
        ((View(XIHU, MASKED), View(XIHU, FieldRule(frozenset({"id_number"})))), ("clear", "masked", "clear")),
        # … and what opens other rows does not make this one clear.
        ((View(XIHU, MASKED), View(Scope(("330110000000",)))), ("masked", "hidden", "clear")),
        ((View(Scope(("330110000000",))),), (None, None, None)),
        ((View(NOTHING),), (None, None, None)),
        ((), (None, None, None)),
    ],
)
def test_how_a_field_is_shown(views: tuple[View, ...], states: tuple[str | None, ...]) -> None:
    assert tuple(shown(views, ROW, name) for name in NAMES) == states


def test_what_is_both_masked_and_hidden_is_hidden() -> None:
    assert FieldRule(frozenset({"phone"}), frozenset({"phone"})).shows("phone") is Shown.HIDDEN


@given(OPENED, rows(), st.sampled_from(NAMES))
def test_views_show_what_the_best_rule_for_the_row_shows(opened: list[tuple[Scope, FieldRule]], row: dict[str, Any], name: str) -> None:
    views = views_of(opened)
    states = [fields.shows(name) for scope, fields in opened if scope.covers(row)]
    assert shown(views, row, name) == next((state for state in Shown if state in states), None)
    assert len({view.fields for view in views}) == len(views)
    assert views_of(opened[::-1]) == views or len(views) == 1


# JSON


@pytest.mark.parametrize(
    ("decision", "found"),
    [
        (allowed(View(PROVINCE)), {}),
        (allowed(View(XIHU)), {"rows": {"divisions": ["330106000000"]}}),
        (allowed(View(NOTHING)), {"rows": {"divisions": []}}),
        (
            allowed(View(PROVINCE, MASKED)),
            {"views": [{"rows": {"divisions": None}, "fields": {"mask": ["phone"], "hide": ["id_number"]}}]},
        ),
        (
            allowed(View(Scope(any_of=[RowCondition("330106000000", "/a/", "XH-1")]))),
            {"rows": {"any": [{"division": "330106000000", "department_path": "/a/", "case_number": "XH-1"}]}},
        ),
        (
            allowed(View(XIHU), View(Scope(("330108000000",)), MASKED)),
            {
                "rows": {"divisions": ["330106000000", "330108000000"]},
                "views": [
                    {"rows": {"divisions": ["330106000000"]}, "fields": {"mask": [], "hide": []}},
                    {"rows": {"divisions": ["330108000000"]}, "fields": {"mask": ["phone"], "hide": ["id_number"]}},
                ],
            },
        ),
        (allowed(View(PROVINCE), label=0), {"label_at_most": 0}),
        (allowed(View(XIHU), label=4), {"rows": {"divisions": ["330106000000"]}, "label_at_most": 4}),
        (refusal(Reason.NO_PERMISSION), {}),
    ],
)
def test_obligations_as_json(decision: Decision, found: dict[str, Any]) -> None:
    assert obligations_of(decision) == found


@given(OPENED, st.none() | st.integers(0, 4))
def test_obligations_round_trip(opened: list[tuple[Scope, FieldRule]], label: int | None) -> None:
    views = views_of(opened)
    assert obligations_in(obligations_of(allowed(*views, label=label))) == Obligations(views, label)


@pytest.mark.parametrize(
    "obligations",
    [
        {"row": {}},
        {"label": 1},
        {"label_at_most": None},
        {"label_at_most": True},
        {"label_at_most": "1"},
        {"label_at_most": -1},
        {"label_at_most": 5},
        {"rows": []},
        {"rows": None},
        {"rows": {"any": None}},
        {"rows": {}, "views": [{}]},
        {"rows": {}, "views": {}},
        {"rows": {}, "views": "x"},
        {"rows": {}, "views": [{"rows": {}}]},
        {"views": [{"rows": {}, "fields": {"mask": ["a"], "blur": ["b"]}}]},
        {"views": [{"rows": {}, "fields": {"mask": "phone"}}]},
        {"views": [{"rows": {}, "fields": {"mask": [1]}}]},
        {"views": [{"rows": {}, "fields": []}]},
        {"views": [{"rows": {}, "fields": {"mask": ["x"] * (MAX_FIELDS + 1)}}]},
        # The rows of the views are not those that are said beside them.
        {"rows": {"divisions": ["330106000000"]}, "views": [{"rows": {}, "fields": {"mask": ["phone"], "hide": []}}]},
        {"views": [{"rows": {"divisions": []}, "fields": {"mask": ["phone"], "hide": []}}]},
    ],
)
def test_what_is_not_understood_is_never_taken_for_less(obligations: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"rows|view|scope|fields|obligations|any|label"):
        obligations_in(obligations)


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("phone", True),
        ("ID_number2", True),
        ("_x", True),
        ("", False),
        ("2x", False),
        ("a b", False),
        ("电话", False),
        ("a.b", False),
        ("x" * 65, False),
        ("a\n", False),
    ],
)
def test_names_of_fields(name: str, *, good: bool) -> None:
    assert is_field_name(name) is good


def test_no_rule_on_fields_shows_everything() -> None:
    assert ALL_FIELDS.names == frozenset()
    assert ALL_FIELDS.shows("anything") is Shown.CLEAR
