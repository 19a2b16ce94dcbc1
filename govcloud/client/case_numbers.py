"""Numbers of cases as the platform tells them apart: brackets, dashes, widths and spaces do not make another case.

The platform gives them in one form (六角括号〔〕, a hyphen); a subsystem may keep its own rows in another.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_BRACKETS = ("〔〕", "[]", "()", "（）", "【】", "［］")
_DASHES = "-－—–"
_MINUS = "\u2212"


@lru_cache(maxsize=4_096)
def case_key(number: str) -> str:
    """Return by what case numbers are told apart, the same as on the platform."""
    plain = number
    for _ in range(2):
        plain = unicodedata.normalize("NFKC", "".join(character for character in plain if not _invisible(character)))
    key = ""
    for character in plain:
        kind = unicodedata.category(character)
        kept = {"Ps": "〔", "Pe": "〕", "Pd": "-"}.get(kind, "-" if character == _MINUS else character)
        if not _invisible(kept) and not (kept == "-" and key.endswith("-")):
            key += kept
    return key.casefold()


def spellings(number: str) -> list[str]:
    """Return how a number may stand in a column: as it was given, and with each kind of brackets and dashes throughout.

    A database compares texts as they are; a column that mixes kinds within one number needs a column of keys instead.
    """
    found = {number}
    for pair in _BRACKETS:
        for dash in _DASHES:
            found.add("".join(_spelled(character, pair[0], pair[1], dash) for character in number))
    return sorted(found)


def _spelled(character: str, opening: str, closing: str, dash: str) -> str:
    return {"Ps": opening, "Pe": closing, "Pd": dash}.get(unicodedata.category(character), character)


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}
