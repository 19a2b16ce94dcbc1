"""What cells of the console's tables show: the name of an id, a link to its own page, a stored scope in words."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any
from uuid import UUID

from flask import g

from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say


def scope_words(scope: Mapping[str, Any]) -> str:
    """Return a stored scope as people read it."""
    divisions = scope.get("divisions")
    if divisions:
        names = g.get("console_divisions") or services().identity_queries.division_names(divisions)
        return "、".join(names.get(code, code) for code in divisions)
    if path := scope.get("department_path"):
        ids = [UUID(part) for part in path.split("/") if part][-1:]
        return "、".join(view.name for view in services().identity_queries.departments(ids).values())
    return say(Message("不限"))


def name_of(attribute: str) -> Callable[[Any, Any, Any, str], str]:
    """Return a column formatter that shows the looked-up name of the id in ``attribute``."""

    def show(_view: Any, _context: Any, row: Any, _name: str) -> str:  # noqa: ANN401 - Flask-Admin's signature
        return looked_up(getattr(row, attribute))

    return show


def looked_up(key: UUID | None) -> str:
    """Return the name that was looked up for the rows of the page."""
    names: Mapping[UUID, str] = g.get("console_names", {})
    return names.get(key, "—") if key else "—"


def function_words(codes: Iterable[str]) -> str:
    """Return functions as people call them, by the names that the page looked up at once; what has none stands by its code."""
    names: Mapping[str, str] = g.get("console_functions", {})
    return "、".join(names.get(code, code) for code in codes)
