"""Finding people by the beginning of employee code, name, pinyin or initials, a page at a time, among a million and a half.

Four prefixes joined by OR would make the server walk one order and test everybody. Instead each key is a branch of its own: an
index range that is already in the order of the page. The branches run in turn until the page is full, each leaving out whom an
earlier one found; the cursor names the branch and the last key. Nothing is counted and nothing sorted.

Where few people can match at all (a small subtree, everybody suspended), walking an order in search of them would test the whole
province: then those few are taken first, and sorted. Which of the two it is, the first page decides and the cursor says.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, tuple_
from sqlalchemy.orm import Session

from govcloud.identity.models import Official, OfficialVersion
from govcloud.identity.reach import EVERYWHERE, Reach, people_within, within
from govcloud.kernel.database import live_at

FEW = 6_000
"""Up to this many people are taken out and sorted rather than looked for in the order of everybody."""

_LAST = 0x10FFFF
_SURROGATES = range(0xD800, 0xE000)


@dataclass(frozen=True)
class Wanted:
    """What is searched: the beginning of a key (empty: everybody), within a reach, of one status (empty: any)."""

    text: str = ""
    reach: Reach = field(default=EVERYWHERE)
    status: str = ""


@dataclass(frozen=True)
class Asked:
    """What one page is asked for: what is searched, at which moment, and how many rows it takes."""

    wanted: Wanted
    at: datetime
    limit: int


@dataclass(frozen=True)
class Place:
    """Where a page ended: the branch, and the last row's key and id; they are empty at the beginning of a branch."""

    branch: str
    key: str = ""
    id: UUID | None = None

    def to_text(self) -> str:
        """Return the place as it stands in an address."""
        raw = json.dumps([self.branch, self.key, self.id.hex if self.id else ""], ensure_ascii=False)
        return base64.urlsafe_b64encode(raw.encode()).decode().rstrip("=")

    @classmethod
    def from_text(cls, text: str) -> Place | None:
        """Read a place; what is none is ``None``, the beginning."""
        try:
            branch, key, last = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
            known = branch in {*_KEYS, _PICKED} and isinstance(key, str) and isinstance(last, str)
            return cls(branch, key, UUID(last) if last else None) if known else None
        except (ValueError, TypeError, binascii.Error):
            return None


_KEYS: dict[str, ColumnElement[str]] = {
    "code": Official.employee_code.expression,
    "name": Official.name.expression,
    "pinyin": Official.pinyin.expression,
    "initials": Official.initials.expression,
}
_PICKED = "picked"


@dataclass(frozen=True)
class _Branch:
    """One key and the beginning that is looked for in it."""

    name: str
    beginning: str

    @property
    def column(self) -> ColumnElement[str]:
        """The key's column."""
        return _KEYS[self.name]

    @property
    def matches(self) -> ColumnElement[bool]:
        """The range of the key's index that begins so; a range says it plainly, whatever the plan knows of the parameters."""
        end = _after(self.beginning)
        begun: ColumnElement[bool] = self.column >= self.beginning
        return and_(begun, self.column < end) if end else begun


def page_of_ids(session: Session, asked: Asked, after: Place | None) -> tuple[list[UUID], Place | None]:
    """Return the ids of a page, and where to go on (``None``: nothing is left)."""
    branches, limit = _branches(asked.wanted.text), asked.limit
    if after is None or after.branch == _PICKED:
        few = _few(session, asked)
        if few is not None:
            return _picked(session, asked, branches, few, after)
    found: list[UUID] = []
    for branch, place, earlier in _from(branches, after):
        rows = session.execute(_walk(branch, earlier, asked, place).limit(limit + 1 - len(found))).all()
        taken = rows[: limit - len(found)]
        found += [row.id for row in taken]
        if len(rows) > len(taken):
            last = taken[-1] if taken else None
            return found, Place(branch.name, last.key, last.id) if last else Place(branch.name)
    return found, None


def _from(branches: Sequence[_Branch], after: Place | None) -> Iterator[tuple[_Branch, Place | None, Sequence[_Branch]]]:
    """Go through the branches from the place on: each with where to begin in it, and the branches before it."""
    names = [branch.name for branch in branches]
    first = names.index(after.branch) if after is not None and after.branch in names else 0
    for number in range(first, len(branches)):
        yield branches[number], after if number == first else None, branches[:number]


def _branches(text: str) -> list[_Branch]:
    """Return the keys that could begin with ``text``, the most exact first; everybody is listed by pinyin."""
    if not text:
        return [_Branch("pinyin", "")]
    branches = []
    if text.isascii():
        branches.append(_Branch("code", text.upper()))
    branches.append(_Branch("name", text))
    letters = "".join(text.lower().split())
    if letters.isascii() and letters.isalpha():
        branches += [_Branch("pinyin", letters), _Branch("initials", letters)]
    return branches


def _walk(branch: _Branch, earlier: Sequence[_Branch], asked: Asked, place: Place | None) -> Select[UUID, str]:
    """Select the next rows of one branch, in the order of its key."""
    query = select(Official.id, branch.column.label("key")).where(branch.matches, *(~other.matches for other in earlier))
    query = query.where(*_filters(asked))
    if branch.name == "code":
        # Nobody shares a code, so the key alone is an order, and the index that keeps it so serves it.
        beyond = query if place is None or place.id is None else query.where(branch.column > place.key)
        return beyond.order_by(branch.column)
    if place is not None and place.id is not None:
        query = query.where(tuple_(branch.column, Official.id) > tuple_(place.key, place.id))
    return query.order_by(branch.column, Official.id)


def _filters(asked: Asked) -> list[ColumnElement[bool]]:
    wanted, at = asked.wanted, asked.at
    filters = [] if wanted.reach.everywhere else [within(wanted.reach, at)]
    if wanted.status:
        filters.append(_with_status(wanted.status, at).where(OfficialVersion.official_id == Official.id).correlate(Official).exists())
    return filters


def _with_status(status: str, at: datetime) -> Select[UUID]:
    return select(OfficialVersion.official_id).where(OfficialVersion.status == status, live_at(OfficialVersion, at))


def _few(session: Session, asked: Asked) -> Select[UUID] | None:
    """Return the selection by which so few can match, whatever the text, that they are better taken out first."""
    return next((people for people in _sources(asked) if _up_to(session, people) <= FEW), None)


def _sources(asked: Asked) -> list[Select[UUID]]:
    """Return the selections that bound the result, as far as they can be small."""
    wanted, at = asked.wanted, asked.at
    sources = [] if wanted.reach.everywhere else [people_within(wanted.reach, at)]
    if wanted.status == "suspended":
        sources.append(_with_status("suspended", at))
    return sources


def _up_to(session: Session, people: Select[UUID]) -> int:
    """Count ``people``, no further than matters."""
    return session.scalar(select(func.count()).select_from(people.limit(FEW + 1).subquery())) or 0


def _picked(
    session: Session, asked: Asked, branches: Sequence[_Branch], few: Select[UUID], after: Place | None
) -> tuple[list[UUID], Place | None]:
    """Return a page of the few that can match, by pinyin."""
    limit = asked.limit
    query = select(Official.id, Official.pinyin.label("key")).where(or_(*(branch.matches for branch in branches)), *_filters(asked))
    # Materialised, so that the few are fetched by their ids and the order of everybody is never walked.
    taken = few.cte("few").prefix_with("MATERIALIZED", dialect="postgresql")
    query = query.where(Official.id.in_(select(taken.c.official_id)))
    if after is not None and after.id is not None:
        query = query.where(tuple_(Official.pinyin, Official.id) > tuple_(after.key, after.id))
    rows = session.execute(query.order_by(Official.pinyin, Official.id).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return [row.id for row in rows[:limit]], Place(_PICKED, last.key, last.id) if last else None


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
