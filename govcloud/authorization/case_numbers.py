"""Numbers of cases (办件编号): the one form in which they are kept, and by what they are told apart.

People write one number in many ways: 浙建〔2026〕12号 with square, round or full-width brackets, with a hyphen, a dash or a full-width
one, in full-width digits, with spaces or none. All of these are the same case; what is kept has the brackets of GB/T 9704-2012 (六角括号)
and a plain hyphen.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

_OPENING, _CLOSING, _DASH = "〔", "〕", "-"
_BRACKETS = ("〔〕", "[]", "()", "（）", "【】", "［］")
_DASHES = "-－—–"
#: What looks like a dash and is none to Unicode: the minus sign.
_MINUS = "\u2212"


@lru_cache(maxsize=4_096)
def written(number: str) -> str:
    """Return a case number in its one form; ``""`` where nothing is left of it.

    Compatibility characters become plain ones (NFKC), spaces and invisible characters go, every bracket becomes 〔 or 〕, every dash a
    hyphen, a row of dashes one. Small and capital letters stay as they are.
    """
    # What goes may stand between characters that belong together, and what comes may be a space: twice, and nothing changes any more.
    plain = number
    for _ in range(2):
        plain = unicodedata.normalize("NFKC", "".join(character for character in plain if not _invisible(character)))
    found: list[str] = []
    for character in plain:
        kept = _kept(character)
        if kept and not (kept == _DASH and found and found[-1] == _DASH):
            found.append(kept)
    return "".join(found)


@lru_cache(maxsize=4_096)
def case_key(number: str) -> str:
    """Return by what case numbers are told apart: written otherwise, or with other capitals, it is the same case."""
    return written(number).casefold()


def same_case(one: str | None, other: str | None) -> bool:
    """Return whether two numbers name the same case; no number names none."""
    return one is not None and other is not None and case_key(one) == case_key(other)


@lru_cache(maxsize=4_096)
def spellings(number: str) -> frozenset[str]:
    """Return how a case may be written in a row of a subsystem: as it was given, and with each kind of brackets and dashes throughout.

    Databases compare texts as they are; one row is looked at the same way, so that a list shows exactly what is opened one by one.
    """
    spelled = {"".join(_spelled(character, pair[0], pair[1], dash) for character in number) for pair in _BRACKETS for dash in _DASHES}
    return frozenset({number} | spelled)


def _spelled(character: str, opening: str, closing: str, dash: str) -> str:
    return {"Ps": opening, "Pe": closing, "Pd": dash}.get(unicodedata.category(character), character)


def _invisible(character: str) -> bool:
    return character.isspace() or unicodedata.category(character) in {"Cc", "Cf", "Zs", "Zl", "Zp"}


def _kept(character: str) -> str:
    """Return as what a character is kept; nothing for one that is not seen."""
    match unicodedata.category(character):
        case "Ps":
            return _OPENING
        case "Pe":
            return _CLOSING
        case "Pd":
            return _DASH
        case _:
            return "" if _invisible(character) else _DASH if character == _MINUS else character
