"""The integration level of a row's function, looked up once for all rows of a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from flask import g

from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.words import level_words


class NamesFunction(Protocol):
    """A row that names a function by its code."""

    function: str


def keep_levels(rows: Sequence[NamesFunction]) -> None:
    """Look the levels of the rows' functions up."""
    g.console_levels = services().subsystem_queries.levels({row.function for row in rows})


def level_of(_view: Any, _context: Any, row: NamesFunction, _name: str) -> str:  # noqa: ANN401 - Flask-Admin's signature
    """Format the level; a function that was withdrawn has none any more."""
    levels: Mapping[str, int] = g.get("console_levels", {})
    level = levels.get(row.function)
    return "—" if level is None else f"L{level} {say(level_words(level).text)}"
