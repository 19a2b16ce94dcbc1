"""What a yes obliges to, as JSON: the rows, their labels and the fields that may be seen, written and read in this one place.

::

    {"rows": {"divisions": ["330106000000"]}}                       rows of one division, every field
    {}                                                              every row, every field
    {"label_at_most": 1}                                            every row that carries no security label above 1
    {"rows": {"any": [{"department_path": "/…/"}]},
     "views": [{"rows": {"any": [{"department_path": "/…/"}]}, "fields": {"mask": ["phone"], "hide": ["id_number"]}}]}

``rows`` is the union of the rows of the views, and absent when it is every row. ``views`` is absent when every row in ``rows`` shows
every field. ``label_at_most`` bounds all of them by the security label that a row itself carries; it is absent where nobody keeps to
rows (integration levels 0 and 1, doors). A reader that does not know one of these has to take the yes for a no.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from govcloud.authorization.deciding.asking import BEYOND
from govcloud.authorization.deciding.decisions import Decision
from govcloud.authorization.scopes.fields import FieldRule, View
from govcloud.authorization.scopes.scope import PROVINCE, Scope


class Obligations(NamedTuple):
    """What a yes obliges to: ``views``, and up to which security label of a row they hold (``None``: nothing is said of labels)."""

    views: tuple[View, ...]
    label_at_most: int | None = None


def obligations_of(decision: Decision) -> dict[str, Any]:
    """Return what ``decision`` obliges to; nothing for a denial, which opens nothing."""
    if not decision.allowed:
        return {}
    rows = decision.scope if decision.scope is not None else PROVINCE
    found: dict[str, Any] = {} if rows.whole else {"rows": rows.to_json()}
    if any(view.fields.names for view in decision.views):
        found["views"] = [{"rows": view.rows.to_json(), "fields": view.fields.to_json()} for view in decision.views]
    if decision.label_at_most is not None:
        found["label_at_most"] = decision.label_at_most
    return found


def obligations_in(obligations: Mapping[str, Any]) -> Obligations:
    """Return what ``obligations_of`` wrote down.

    Raises:
        ValueError: it is none of its, or something in it is not understood: that is never taken for less of an obligation.
    """
    if not obligations.keys() <= {"rows", "views", "label_at_most"}:
        msg = f"obligations are rows, views and label_at_most, got {sorted(obligations)}"
        raise ValueError(msg)
    return Obligations(_views(obligations), _label(obligations["label_at_most"]) if "label_at_most" in obligations else None)


def _views(obligations: Mapping[str, Any]) -> tuple[View, ...]:
    rows = PROVINCE if "rows" not in obligations else Scope.from_json(_mapping(obligations["rows"]))
    if "views" not in obligations:
        return (View(rows),)
    if not isinstance(obligations["views"], list | tuple):
        msg = f"views are a list, got {obligations['views']!r}"
        raise ValueError(msg)  # noqa: TRY004 - what is read is a value, from outside
    views = tuple(_view(item) for item in obligations["views"])
    if Scope.union_of(view.rows for view in views) != rows:
        msg = "the rows of the views are not the rows of the obligations"
        raise ValueError(msg)
    return views


def _label(value: object) -> int:
    if type(value) is not int or not 0 <= value < BEYOND:
        msg = f"label_at_most is a label from 0 to {BEYOND - 1}, got {value!r}"
        raise ValueError(msg)
    return value


def _view(value: object) -> View:
    view = _mapping(value)
    if view.keys() != {"rows", "fields"}:
        msg = f"a view has rows and fields, got {value!r}"
        raise ValueError(msg)
    return View(Scope.from_json(_mapping(view["rows"])), FieldRule.from_json(_mapping(view["fields"])))


def _mapping(value: object) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        msg = f"rows, views and fields are mappings, got {value!r}"
        raise ValueError(msg)  # noqa: TRY004 - what is read is a value, from outside
    return value
