"""What a search for a part of a name looks at: columns that stand beside the name, and are made from it whenever a row is added."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, and_
from sqlalchemy.engine.default import DefaultExecutionContext

from govcloud.identity.names import department_keys, grams_of
from govcloud.kernel.database import Mapped, mapped_column


def sought(name: str) -> dict[str, Any]:
    """Return the values of the columns for a thing called ``name``; whoever changes the name in place writes them as well."""
    pinyin, initials, grams = department_keys(name, "")
    return {"search_text": f"{name.lower()}\n{pinyin}\n{initials}", "search_grams": grams}


def _of(context: DefaultExecutionContext) -> dict[str, Any]:
    parameters: dict[str, Any] = context.get_current_parameters()  # type: ignore[no-untyped-call]
    return sought(parameters["name"])


def _text(context: DefaultExecutionContext) -> str:
    text: str = _of(context)["search_text"]
    return text


def _grams(context: DefaultExecutionContext) -> list[str]:
    grams: list[str] = _of(context)["search_grams"]
    return grams


class Sought:
    """A row with a ``name`` that is found by parts of it, of its pinyin and of its initials.

    ``search_grams`` are pairs of neighbouring characters, on which an index (GIN) stands; ``search_text`` says whether what has all the
    pairs of a word really holds the word.
    """

    name: Mapped[str]
    search_text: Mapped[str] = mapped_column(default=_text, server_default="", deferred=True)
    search_grams: Mapped[list[str]] = mapped_column(default=_grams, server_default="{}", deferred=True)


def holds(table: type[Sought], text: str) -> ColumnElement[bool]:
    """Return the condition that a row of ``table`` holds every word of ``text``, which has at least one."""
    words = text.lower().split()
    narrowed = (table.search_grams.contains(grams_of(word)) for word in words)
    return and_(*narrowed, *(table.search_text.contains(word, autoescape=True) for word in words))
