"""Numbers of cases as they stand in rows: the platform gives them in one form (六角括号〔〕, a hyphen), a subsystem may keep another."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_BRACKETS = ("〔〕", "[]", "()", "（）", "【】", "［］")
_DASHES = "-－—–"


@lru_cache(maxsize=4_096)
def spellings(number: str) -> frozenset[str]:
    """Return how a number may stand in a column: as it was given, and with each kind of brackets and dashes throughout.

    A database compares texts as they are, and one row is looked at the same way, so that lists show what is opened one by one. A column
    that mixes kinds within one number, or small and capital letters, has to be brought to one form.
    """
    found = {number}
    for pair in _BRACKETS:
        for dash in _DASHES:
            found.add("".join(_spelled(character, pair[0], pair[1], dash) for character in number))
    return frozenset(found)


def _spelled(character: str, opening: str, closing: str, dash: str) -> str:
    return {"Ps": opening, "Pe": closing, "Pd": dash}.get(unicodedata.category(character), character)
