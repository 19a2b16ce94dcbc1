"""Finding people by the beginning of employee code, name, pinyin or initials, a page at a time, among a million and a half.

Four prefixes joined by OR would make the server walk one order and test everybody. Instead each key is a branch of its own: an
index range that is already in the order of the page. The branches run in turn until the page is full, each leaving out whom an
earlier one found; the cursor names the branch and the last key. Nothing is counted and nothing sorted but the page.

Within a reach the next rows of a branch are found in one of two ways, which give the same rows in the same order. Of a few
departments each is asked for its own next rows, on indexes that begin with the department (``models.Appointment``), and these are
merged: what lies outside is never met. Of many departments, which hold a good part of everybody, the order of everybody is
followed and each person tested; if that leads nowhere, the departments are asked after all.

Where only the suspended are wanted, following any order in search of them would test the whole province: they are taken first,
and sorted by pinyin.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, func, literal, or_, select, true, tuple_, union_all
from sqlalchemy.orm import Session, aliased

from govcloud.identity.extents import at_or_below, department_ids_within
from govcloud.identity.finding.reach import EVERYWHERE, Reach, counting, within
from govcloud.identity.finding.search_keys import KEYS, Branch, branches_of
from govcloud.identity.models import Appointment, DepartmentVersion, Official, OfficialVersion
from govcloud.kernel.database import live_at

NEAR = 200
"""Up to so many departments (a county has 100, a city 1,000) are each asked for their own next rows."""
FEW = 9_000
"""Up to so many suspended are taken out and sorted rather than looked for in the order of everybody."""
BUDGET = 2_000
"""So many in the order of everybody are tested for one page, where not everybody matches: a page of 20 is full when one in a hundred
does. What is left is then found in another way."""


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
    if asked.wanted.status == "suspended" and (after is None or after.branch == _PICKED) and _are_few(session, asked):
        return _picked(session, asked, branches, after)
    found: list[UUID] = []
    next_of = _by_department if _is_near(session, asked) else _Ordered(branches)
    held = _held(session, branches)
    for branch, place, earlier in _from(branches, after):
        if branch.name not in held:
            continue
        step = Step(branch, [other for other in earlier if other.name in held], place, limit + 1 - len(found))
        rows = next_of(session, asked, step)
        taken = rows[: limit - len(found)]
        found += [row.id for row in taken]
        if len(rows) > len(taken):
            last = taken[-1] if taken else None
            return found, Place(branch.name, last.key, last.id) if last else Place(branch.name)
    return found, None


def _is_near(session: Session, asked: Asked) -> bool:
    """Say whether the reach has so few departments that each is better asked by itself."""
    reach = asked.wanted.reach
    return not reach.everywhere and _up_to(session, department_ids_within(reach.paths, asked.at), NEAR) <= NEAR


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
        yield branches[number], after if after is not None and after.branch == names[number] else None, branches[:number]


@dataclass(frozen=True)
class Step:
    """The next rows of one branch: who stood in an earlier one is left out, where to go on from, and how many at most."""

    branch: Branch
    earlier: Sequence[Branch]
    place: Place | None
    most: int


def _walk(step: Step) -> Select[UUID, str]:
    """Select the next rows of a branch among everybody, in the order of its key."""
    key, place = step.branch.column(), step.place
    query = select(Official.id, key.label("key")).where(*_matching(step))
    if step.branch.name == "code":
        # Nobody shares a code, so the key alone is an order, and the index that keeps it so serves it.
        beyond = query if place is None or place.id is None else query.where(key > place.key)
        return beyond.order_by(key)
    return query.where(*_beyond(step, key, Official.id.expression)).order_by(key, Official.id)


def _matching(step: Step, people: type[Official | Appointment] = Official) -> list[ColumnElement[bool]]:
    return [step.branch.matches(people), *(~other.matches(people) for other in step.earlier)]


def _beyond(step: Step, key: ColumnElement[str], person: ColumnElement[UUID]) -> list[ColumnElement[bool]]:
    """Return what holds of the rows behind the place where the last page ended."""
    place = step.place
    return [] if place is None or place.id is None else [tuple_(key, person) > tuple_(place.key, place.id)]


def _by_department(session: Session, asked: Asked, step: Step) -> Sequence[Row[UUID, str]]:
    """Return the next rows of a branch from those that each department within reach has, on an index that begins with it.

    Somebody with two duties in a department comes once from it, so that ``most`` rows of each are enough; with duties in two, once
    of both.
    """
    reach, at, person = asked.wanted.reach, asked.at, Appointment.official_id.expression
    key = step.branch.column(Appointment)
    own = select(person.label("id"), key.label("key")).where(Appointment.department_id == DepartmentVersion.department_id)
    own = own.where(*_matching(step, Appointment), *_beyond(step, key, person), *counting(at), *_in_status(asked)(person))
    each = own.distinct().order_by(key, person).limit(step.most).correlate(DepartmentVersion).lateral("own")
    merged = select(each.c.id, each.c.key).select_from(DepartmentVersion).join(each, true())
    within_reach = at_or_below(DepartmentVersion.path, reach.paths), live_at(DepartmentVersion, at)
    return session.execute(merged.where(*within_reach).distinct().order_by(each.c.key, each.c.id).limit(step.most)).all()


class _Ordered:
    """Finds the next rows in the order of everybody."""

    def __init__(self, branches: Sequence[Branch]) -> None:
        self._branches = branches
        self._wide: frozenset[str] | None = None

    def __call__(self, session: Session, asked: Asked, step: Step) -> Sequence[Row[UUID, str]]:
        """Return the next rows of a branch: those that match among the first that are tested, or else found in another way."""
        walk = _walk(step)
        if asked.unbounded:
            return session.execute(walk.limit(step.most)).all()
        tested = walk.limit(BUDGET).subquery("tested")
        matching = select(tested.c.id, tested.c.key).where(*_filters(asked, one_by_one=True)(tested.c.id))
        rows = session.execute(matching.order_by(tested.c.key, tested.c.id).limit(step.most)).all()
        if len(rows) == step.most or not self._is_wide(session, step.branch):
            return rows
        # The departments would have to test everybody for a status that few have.
        return self._of_status(session, walk, asked, step.most) if asked.wanted.status else _by_department(session, asked, step)

    @staticmethod
    def _of_status(session: Session, walk: Select[UUID, str], asked: Asked, most: int) -> Sequence[Row[UUID, str]]:
        """Return the same, from all who match: taken out at once and sorted.

        Here the planner chooses by itself whether to begin with the key, the status or the reach.
        """
        everybody = walk.order_by(None).subquery("everybody")
        matching = select(everybody.c.id, everybody.c.key).where(*_filters(asked)(everybody.c.id)).cte("matching")
        materialised = matching.prefix_with("MATERIALIZED", dialect="postgresql")
        return session.execute(
            select(materialised.c.id, materialised.c.key).order_by(materialised.c.key, materialised.c.id).limit(most)
        ).all()

    def _is_wide(self, session: Session, branch: Branch) -> bool:
        """Say whether a branch holds more than are tested for one page; looked up once, and only when a page is not filled."""
        if self._wide is None:
            beyond = [
                select(literal(branch.name)).where(branch.matches()).order_by(branch.column()).offset(BUDGET).limit(1).subquery()
                for branch in self._branches
            ]
            self._wide = frozenset(session.scalars(union_all(*(select(found) for found in beyond))))
        return branch.name in self._wide


def _filters(asked: Asked, *, one_by_one: bool = False) -> Filters:
    """Return what must hold of everybody who is found."""
    wanted, at = asked.wanted, asked.at

    def conditions(person: ColumnElement[UUID]) -> list[ColumnElement[bool]]:
        bounds = [] if wanted.reach.everywhere else [within(wanted.reach, at, person, one_by_one=one_by_one)]
        return [*bounds, *_in_status(asked)(person)]

    return conditions


def _in_status(asked: Asked) -> Filters:
    wanted = asked.wanted
    return lambda person: [_of_status(wanted.status, asked.at, person)] if wanted.status else []


def _of_status(status: str, at: datetime, person: ColumnElement[UUID]) -> ColumnElement[bool]:
    return _with_status(status, at).where(OfficialVersion.official_id == person).correlate_except(OfficialVersion).exists()


def _with_status(status: str, at: datetime) -> Select[UUID]:
    return select(OfficialVersion.official_id).where(OfficialVersion.status == status, live_at(OfficialVersion, at))


def _up_to(session: Session, ids: Select[UUID], most: int) -> int:
    """Count ``ids``, no further than matters."""
    return session.scalar(select(func.count()).select_from(ids.limit(most + 1).subquery())) or 0


def _are_few(session: Session, asked: Asked) -> bool:
    """Say whether so few have the status that is wanted that they are better taken out first."""
    return _up_to(session, _with_status(asked.wanted.status, asked.at), FEW) <= FEW


def _picked(session: Session, asked: Asked, branches: Sequence[Branch], after: Place | None) -> tuple[list[UUID], Place | None]:
    """Return a page of the few who have the status that is wanted, by pinyin."""
    limit, reach, at = asked.limit, asked.wanted.reach, asked.at
    # Each of the few is fetched by its id. The fences (MATERIALIZED, OFFSET 0) keep the planner from turning to what the text
    # matches in the whole province, or to all of it: it cannot know how few they are.
    taken = _with_status(asked.wanted.status, at).cte("few").prefix_with("MATERIALIZED", dialect="postgresql")
    each = select(Official).where(Official.id == taken.c.official_id).offset(0).correlate(taken).lateral("official")
    person = aliased(Official, each)
    query = select(person.id, person.pinyin.label("key")).select_from(taken.join(each, true()))
    query = query.where(or_(*(branch.matches(person) for branch in branches)), within(reach, at, each.c.id))
    if after is not None and after.id is not None:
        query = query.where(tuple_(person.pinyin, person.id) > tuple_(after.key, after.id))
    rows = session.execute(query.order_by(person.pinyin, person.id).limit(limit + 1)).all()
    last = rows[limit - 1] if len(rows) > limit else None
    return [row.id for row in rows[:limit]], Place(_PICKED, last.key, last.id) if last else None
