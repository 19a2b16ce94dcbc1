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
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select, true, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from govcloud.identity.extents import department_ids_within
from govcloud.identity.models import Official, OfficialVersion
from govcloud.identity.reach import EVERYWHERE, Reach, people_within, places_within, serves_in, within
from govcloud.identity.search_keys import KEYS, Branch, branches_of
from govcloud.kernel.database import live_at

FEW = 9_000
"""Up to this many people are taken out and sorted rather than looked for in the order of everybody."""
BUDGET = 6_000
"""So many in the order of everybody are tested for one page, where not everybody matches; then those who match are taken out after all.

With a million and a half people both numbers mean about as much work: among 9,000 of them, a page of 20 is found after 3,500 tests.
Only where the order and the reach go together (codes that begin alike in a department far away) are more tests in vain.
"""

MANY_DEPARTMENTS = 2_000
"""Up to so many departments (a city has 800) are looked up once and handed over, instead of being found anew for each one tested."""


@dataclass(frozen=True)
class Wanted:
    """What is searched: the beginning of a key (empty: everybody), within a reach, of one status (empty: any)."""

    text: str = ""
    reach: Reach = field(default=EVERYWHERE)
    status: str = ""


@dataclass(frozen=True)
class Asked:
    """What one page is asked for: what is searched, at which moment, and how many rows it takes.

    ``departments`` are those within reach, once they were looked up and are not too many.
    """

    wanted: Wanted
    at: datetime
    limit: int
    departments: tuple[UUID, ...] | None = None

    @property
    def unbounded(self) -> bool:
        """Say whether everybody may be found, so that nobody has to be tested."""
        return self.wanted.reach.everywhere and not self.wanted.status


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
            known = branch in {*KEYS, _PICKED} and isinstance(key, str) and isinstance(last, str)
            return cls(branch, key, UUID(last) if last else None) if known else None
        except (ValueError, TypeError, binascii.Error):
            return None


_PICKED = "picked"
Filters: TypeAlias = Callable[[ColumnElement[UUID]], list[ColumnElement[bool]]]
"""Gives the conditions on a person, by the column with the person's id."""


def page_of_ids(session: Session, asked: Asked, after: Place | None) -> tuple[list[UUID], Place | None]:
    """Return the ids of a page, and where to go on (``None``: nothing is left)."""
    branches, limit = branches_of(asked.wanted.text), asked.limit
    if after is None or after.branch == _PICKED:
        few = _few(session, asked)
        if few is not None:
            return _picked(session, asked, branches, few, after)
    asked = _placed(session, asked)
    found: list[UUID] = []
    wide, held = _Wide(session, branches), _held(session, branches)
    for branch, place, earlier in _from(branches, after):
        if branch.name not in held:
            continue
        walk, most = _walk(branch, [other for other in earlier if other.name in held], place), limit + 1 - len(found)
        rows = _next(session, walk, asked, most)
        if len(rows) < most and not asked.unbounded and branch.name in wide:
            rows = _rest(session, walk, asked, most)
        taken = rows[: limit - len(found)]
        found += [row.id for row in taken]
        if len(rows) > len(taken):
            last = taken[-1] if taken else None
            return found, Place(branch.name, last.key, last.id) if last else Place(branch.name)
    return found, None


def _placed(session: Session, asked: Asked) -> Asked:
    """Look the departments within reach up, if people will be tested for it and it has not too many."""
    reach = asked.wanted.reach
    if reach.everywhere:
        return asked
    ids = session.scalars(department_ids_within(reach.paths, asked.at).limit(MANY_DEPARTMENTS + 1)).all()
    return asked if len(ids) > MANY_DEPARTMENTS else replace(asked, departments=tuple(ids))


def _held(session: Session, branches: Sequence[Branch]) -> frozenset[str]:
    """Return the branches that hold anybody at all: the others are not walked, nor need anybody be kept out who stands in them."""
    if len(branches) == 1:
        return frozenset(branch.name for branch in branches)
    first = [select(literal(branch.name)).where(branch.matches()).order_by(branch.column()).limit(1).subquery() for branch in branches]
    return frozenset(session.scalars(union_all(*(select(found) for found in first))))


def _from(branches: Sequence[Branch], after: Place | None) -> Iterator[tuple[Branch, Place | None, Sequence[Branch]]]:
    """Go through the branches from the place on: each with where to begin in it, and the branches before it."""
    names = [branch.name for branch in branches]
    first = names.index(after.branch) if after is not None and after.branch in names else 0
    for number in range(first, len(branches)):
        yield branches[number], after if number == first else None, branches[:number]


def _walk(branch: Branch, earlier: Sequence[Branch], place: Place | None) -> Select[UUID, str]:
    """Select the next rows of one branch, in the order of its key."""
    key = branch.column()
    query = select(Official.id, key.label("key")).where(branch.matches(), *(~other.matches() for other in earlier))
    if branch.name == "code":
        # Nobody shares a code, so the key alone is an order, and the index that keeps it so serves it.
        beyond = query if place is None or place.id is None else query.where(key > place.key)
        return beyond.order_by(key)
    if place is not None and place.id is not None:
        query = query.where(tuple_(key, Official.id) > tuple_(place.key, place.id))
    return query.order_by(key, Official.id)


def _next(session: Session, walk: Select[UUID, str], asked: Asked, most: int) -> Sequence[Row[UUID, str]]:
    """Return the next ``most`` rows of a walk that match: all there are, or those among the first that are tested."""
    if asked.unbounded:
        return session.execute(walk.limit(most)).all()
    tested = walk.limit(BUDGET).subquery("tested")
    matching = select(tested.c.id, tested.c.key).where(*_filters(asked)(tested.c.id))
    return session.execute(matching.order_by(tested.c.key, tested.c.id).limit(most)).all()


def _rest(session: Session, walk: Select[UUID, str], asked: Asked, most: int) -> Sequence[Row[UUID, str]]:
    """Return the same, from all who match: taken out at once and sorted, as so many were tested in vain.

    Here the planner chooses by itself whether to begin with the key or with the reach.
    """
    everybody = walk.order_by(None).subquery("everybody")
    free = _filters(replace(asked, departments=None))
    matching = select(everybody.c.id, everybody.c.key).where(*free(everybody.c.id)).cte("matching")
    materialised = matching.prefix_with("MATERIALIZED", dialect="postgresql")
    return session.execute(select(materialised.c.id, materialised.c.key).order_by(materialised.c.key, materialised.c.id).limit(most)).all()


class _Wide:
    """The branches that hold more than are tested for one page; it is looked up once, and only when a page is not filled."""

    def __init__(self, session: Session, branches: Sequence[Branch]) -> None:
        self._session = session
        self._branches = branches
        self._names: frozenset[str] | None = None

    def __contains__(self, name: str) -> bool:
        if self._names is None:
            beyond = [
                select(literal(branch.name)).where(branch.matches()).order_by(branch.column()).offset(BUDGET).limit(1).subquery()
                for branch in self._branches
            ]
            self._names = frozenset(self._session.scalars(union_all(*(select(found) for found in beyond))))
        return name in self._names


def _filters(asked: Asked) -> Filters:
    """Return what must hold of everybody who is found."""
    return lambda person: [*_in_reach(asked)(person), *_in_status(asked)(person)]


def _in_reach(asked: Asked) -> Filters:
    reach, departments = asked.wanted.reach, asked.departments
    if reach.everywhere:
        return lambda _: []
    if departments is not None:
        return lambda person: [serves_in(departments, asked.at, person)]
    return lambda person: [within(reach, asked.at, person)]


def _in_status(asked: Asked) -> Filters:
    wanted = asked.wanted
    return lambda person: [_of_status(wanted.status, asked.at, person)] if wanted.status else []


def _of_status(status: str, at: datetime, person: ColumnElement[UUID]) -> ColumnElement[bool]:
    return _with_status(status, at).where(OfficialVersion.official_id == person).correlate_except(OfficialVersion).exists()


def _with_status(status: str, at: datetime) -> Select[UUID]:
    return select(OfficialVersion.official_id).where(OfficialVersion.status == status, live_at(OfficialVersion, at))


@dataclass(frozen=True)
class _Few:
    """A selection that bounds the result: the people, what to count of them, and what else must hold of each."""

    people: Select[UUID]
    counted: Select[UUID]
    others: Filters


def _few(session: Session, asked: Asked) -> _Few | None:
    """Return the selection by which so few can match, whatever the text, that they are better taken out first."""
    return next((few for few in _sources(asked) if _up_to(session, few.counted) <= FEW), None)


def _sources(asked: Asked) -> list[_Few]:
    """Return the selections that bound the result, as far as they can be small."""
    wanted, at = asked.wanted, asked.at
    sources = []
    if not wanted.reach.everywhere:
        sources.append(_Few(people_within(wanted.reach, at), places_within(wanted.reach, at), _in_status(asked)))
    if wanted.status == "suspended":
        suspended = _with_status("suspended", at)
        sources.append(_Few(suspended, suspended, _in_reach(asked)))
    return sources


def _up_to(session: Session, people: Select[UUID]) -> int:
    """Count ``people``, no further than matters."""
    return session.scalar(select(func.count()).select_from(people.limit(FEW + 1).subquery())) or 0


def _picked(session: Session, asked: Asked, branches: Sequence[Branch], few: _Few, after: Place | None) -> tuple[list[UUID], Place | None]:
    """Return a page of the few that can match, by pinyin."""
    limit = asked.limit
    # Each of the few is fetched by its id. The fences (MATERIALIZED, OFFSET 0) keep the planner from turning to what the text
    # matches in the whole province, or to all of it: it cannot know how few they are.
    taken = few.people.distinct().cte("few").prefix_with("MATERIALIZED", dialect="postgresql")
    each = select(Official).where(Official.id == taken.c.official_id).offset(0).correlate(taken).lateral("official")
    person = aliased(Official, each)
    query = select(person.id, person.pinyin.label("key")).select_from(taken.join(each, true()))
    query = query.where(or_(*(branch.matches(person) for branch in branches)), *few.others(each.c.id))
    if after is not None and after.id is not None:
        query = query.where(tuple_(person.pinyin, person.id) > tuple_(after.key, after.id))
    rows = session.execute(query.order_by(person.pinyin, person.id).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return [row.id for row in rows[:limit]], Place(_PICKED, last.key, last.id) if last else None
