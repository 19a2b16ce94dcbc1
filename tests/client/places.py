"""Rows and views made by chance, and what they mean, written down once more in the plainest way: the measure of the client."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import product
from typing import Any

from hypothesis import strategies as st

#: Provinces, cities, counties and below, with neighbours that differ in a digit only.
DIVISIONS = (
    "330000000000",
    "330100000000",
    "330106000000",
    "330106001000",
    "330106001002",
    "330110000000",
    "330109000000",
    "999999999999",
    None,
)
#: Departments and those below, with neighbours whose names begin alike or sort close to the slash.
PATHS = ("/aa/", "/aa/bb/", "/aab/", "/a/", "/aa0/", "/AA/", "/aa/b/", None)
CASES = ("XH2026001", "xh2026001", "XH2026%", "' OR 1=1 --", None)
#: Security labels of rows: none, those that there are, and one that is none of them. Seven, so that they go through all places.
LABELS = (None, 0, 1, 2, 3, 4, 5)
ROWS: list[dict[str, Any]] = [
    {"id": number, "division": division, "department_path": path, "case_number": case, "label": LABELS[number % len(LABELS)]}
    for number, (division, path, case) in enumerate(product(DIVISIONS, PATHS, CASES))
]
FIELDS = ("id_number", "phone", "name", "income", "note")

_named = st.fixed_dictionaries(
    {},
    optional={
        "division": st.sampled_from([code for code in DIVISIONS if code]),
        "department_path": st.sampled_from([path for path in PATHS if path]),
        "case_number": st.sampled_from([case for case in CASES if case]),
    },
).filter(bool)
scopes = st.one_of(
    st.just({"divisions": None}),
    st.lists(st.sampled_from([code for code in DIVISIONS if code]), max_size=3).map(lambda codes: {"divisions": codes}),
    st.lists(_named, max_size=4).map(lambda items: {"any": items}),
)
_fields = st.fixed_dictionaries(
    {"mask": st.lists(st.sampled_from(FIELDS), unique=True), "hide": st.lists(st.sampled_from(FIELDS), unique=True)}
)
views = st.lists(st.fixed_dictionaries({"rows": scopes, "fields": _fields}), min_size=1, max_size=4)
#: Up to which label an answer opens rows; ``None``: it says nothing of labels.
bounds = st.none() | st.integers(0, 4)


def union(found: list[dict[str, Any]]) -> dict[str, Any] | None:
    """Return the rows of all views as one scope of the wire; ``None``: every row."""
    scopes = [view["rows"] for view in found]
    if any("any" not in scope and scope["divisions"] is None for scope in scopes):
        return None
    return {"any": [item for scope in scopes for item in scope.get("any", [{"division": code} for code in scope.get("divisions", [])])]}


def covers(scope: Mapping[str, Any], row: Mapping[str, Any]) -> bool:
    """Return whether a scope of the wire covers a row."""
    if "any" in scope:
        return any(all(_meets(key, value, row[key]) for key, value in item.items()) for item in scope["any"])
    return scope["divisions"] is None or any(_meets("division", code, row["division"]) for code in scope["divisions"])


def cleared(bound: int | None, row: Mapping[str, Any]) -> bool:
    """Return whether the label of a row is within a bound."""
    return row["label"] in {None, *range((bound or 0) + 1)}


def _meets(key: str, wanted: str, value: str | None) -> bool:
    if value is None:
        return False
    if key == "division":
        levels = [slice(0, 2), slice(2, 4), slice(4, 6), slice(6, 9), slice(9, 12)]
        last = max(place for place, level in enumerate(levels) if wanted[level].strip("0"))
        return all(wanted[level] == value[level] for level in levels[: last + 1])
    if key == "department_path":
        return value.split("/")[1:-1][: wanted.count("/") - 1] == wanted.split("/")[1:-1]
    return value == wanted


def state(found: list[dict[str, Any]], row: Mapping[str, Any], field: str) -> str:
    """Return how much of a field is shown of a row, as the rules of the platform say it."""
    states = set()
    for view in found:
        if covers(view["rows"], row):
            hidden, masked = field in view["fields"]["hide"], field in view["fields"]["mask"]
            states.add("hidden" if hidden else "masked" if masked else "shown")
    return next((one for one in ("shown", "masked", "hidden") if one in states), "hidden")
