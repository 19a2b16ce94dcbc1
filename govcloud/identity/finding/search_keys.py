"""The keys by which people are found, each an index range of its own: employee code, name, pinyin, initials."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_

from govcloud.identity.models import Appointment, Official

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


KEYS = {"code": "employee_code", "name": "name", "pinyin": "pinyin", "initials": "initials"}
"""The branches, with the column of each one's key: of the person, and of each of the person's appointments."""


@dataclass(frozen=True)
class Branch:
    """One key and the beginning that is looked for in it."""

    name: str
    beginning: str

    def column(self, people: type[Official | Appointment] = Official) -> ColumnElement[str]:
        """Return the key's column."""
        column: ColumnElement[str] = getattr(people, KEYS[self.name])
        return column

    def matches(self, people: type[Official | Appointment] = Official) -> ColumnElement[bool]:
        """Return the range of the key's index that begins so; a range says it plainly, whatever the plan knows of the parameters."""
        column, end = self.column(people), _after(self.beginning)
        begun: ColumnElement[bool] = column >= self.beginning
        return and_(begun, column < end) if end else begun


def branches_of(text: str) -> list[Branch]:
    """Return the keys that could begin with ``text``, the most exact first; everybody is listed by pinyin."""
    if not text:
        return [Branch("pinyin", "")]
    branches = []
    if text.isascii():
        branches.append(Branch("code", text.upper()))
    branches.append(Branch("name", text))
    letters = "".join(text.lower().split())
    if letters.isascii() and letters.isalpha():
        branches += [Branch("pinyin", letters), Branch("initials", letters)]
    return branches


def _after(beginning: str) -> str:
    """Return the first text, in the order of code points, behind everything that begins so; empty when there is none."""
    kept = beginning
    while kept:
        point = ord(kept[-1]) + 1
        kept = kept[:-1]
        if point in _SURROGATES:
            point = _SURROGATES.stop
        if point <= _LAST:
            return kept + chr(point)
    return ""
