"""The inbox of an approver: which lines wait for them, as conditions of a query, never as a copied list.

By default it shows what the reader is asked for: what waits at their own department and has nobody nearer, and what the clock carried
up to them. Everything else below them is a filter away, and may be decided by them as well.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, exists, false, func, literal, or_, select, true
from sqlalchemy.orm import InstrumentedAttribute, Session

from govcloud.access.deciding.routing import (
    DECIDING_ROLE,
    DEPUTIES_FROM,
    DEPUTY_ROLE,
    SUPERIOR_FROM,
    Authority,
    ids_of,
    levels,
    nearer_levels,
)
from govcloud.access.facts import Office, PersonFacts
from govcloud.access.lifecycle import WAITING
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.tasks.models import OPEN_TASK, DecisionTask
from govcloud.access.tasks.standing import CLAIM_LASTS, waiting_paths
from govcloud.identity.extents import at_or_below, may_direct
from govcloud.identity.ranks import not_above


@dataclass(frozen=True)
class _Group:
    """The departments over which the reader decides in one person's right: their own, what the clock gives them as a deputy, or lent."""

    principal: PersonFacts
    paths: tuple[str, ...]
    deputy: bool


class Inbox:
    """Makes the queries of one reader at one moment; made for a page and thrown away with it."""

    def __init__(self, session: Session, facts: FactsLoader, reader: PersonFacts, now: datetime) -> None:
        """Take the reading session, the loader of facts, who reads, and the moment."""
        self._session = session
        self._facts = facts
        self._reader = reader
        self._now = now
        self._rights = facts.authority(reader, now)

    @property
    def decides(self) -> bool:
        """Return whether the reader may decide on anything, in whatever right."""
        return bool(self._rights)

    @property
    def in_office(self) -> bool:
        """Return whether the reader holds the office themselves, and not only as a deputy."""
        return any(right.principal_id == self._reader.official_id and not right.deputy for right in self._rights)

    def count(self) -> int:
        """Return for how many lines the reader is asked now, at most ``MOST_COUNTED``: every page shows it."""
        if not self._rights:
            return 0
        found = self._joined(select(RequestLine.id)).where(self._answerable(), self._asked()).limit(MOST_COUNTED)
        return self._session.scalar(select(func.count()).select_from(found.subquery())) or 0

    def rows(self, after: UUID | None, limit: int, *, below: bool = False) -> Sequence[tuple[RequestLine, AccessRequest]]:
        """Return lines that the reader is asked for, the oldest first; with ``below`` all that they may answer."""
        if not self._rights:
            return ()
        query = self._joined(select(RequestLine, AccessRequest)).where(self._answerable(), true() if below else self._asked())
        if after is not None:
            query = query.where(RequestLine.id > after)
        return [(row[0], row[1]) for row in self._session.execute(query.order_by(RequestLine.id).limit(limit))]

    def lines_of(self, request_id: UUID) -> Sequence[RequestLine]:
        """Return the lines of one request that the reader may answer now."""
        if not self._rights:
            return ()
        query = self._joined(select(RequestLine)).where(RequestLine.request_id == request_id, self._answerable())
        return self._session.scalars(query.order_by(RequestLine.id)).all()

    def _joined(self, query: Select[*tuple[Any, ...]]) -> Select[*tuple[Any, ...]]:
        """Return the query over lines that wait, with their requests and tasks."""
        query = query.join(AccessRequest, AccessRequest.id == RequestLine.request_id)
        query = query.join(DecisionTask, and_(DecisionTask.line_id == RequestLine.id, DecisionTask.state == OPEN_TASK))
        return query.where(RequestLine.state.in_(WAITING))

    @cached_property
    def _groups(self) -> Sequence[_Group]:
        """Return the reader's rights by whose they are, each lender as in the office from which they lent."""
        found: dict[tuple[UUID, UUID | None, bool], list[str]] = {}
        for right in self._rights:
            own = right.principal_id == self._reader.official_id
            found.setdefault((right.principal_id, None if own else right.appointment_id, right.deputy), []).append(right.path)
        return [
            _Group(self._reader if office is None else self._facts.person(official_id, office, self._now), tuple(paths), deputy)
            for (official_id, office, deputy), paths in found.items()
        ]

    def _answerable(self) -> ColumnElement[bool]:
        """Return the condition that the reader may answer a line: in somebody's right, who has no part in it so far."""
        me = self._reader.official_id
        return and_(or_(false(), *map(self._reaching, self._groups)), _foreign(me), ~_part_of(me))

    def _reaching(self, group: _Group) -> ColumnElement[bool]:
        """Return the condition that a line can be answered in somebody's right."""
        reach, principal_id = at_or_below(DecisionTask.path, group.paths), group.principal.official_id
        if group.deputy:
            reach = and_(reach, RequestLine.escalation >= DEPUTIES_FROM)
        return reach if principal_id == self._reader.official_id else and_(reach, _foreign(principal_id), ~_part_of(principal_id))

    def _asked(self) -> ColumnElement[bool]:
        """Return the condition that the reader has taken a line on; or that nobody has, and they are among those who are asked."""
        held = and_(DecisionTask.claimed_by.is_not(None), DecisionTask.claimed_at > self._now - CLAIM_LASTS)
        groups = self._groups
        offices = [group for group in groups if not group.deputy]
        nearer = self._nearer(offices, DECIDING_ROLE, DecisionTask.asked_path)
        nearer_deputies = self._nearer([group for group in groups if group.deputy], DEPUTY_ROLE, DecisionTask.path)
        depth = 1 + cast(RequestLine.escalation >= SUPERIOR_FROM, Integer) + cast(DecisionTask.distinct_units, Integer)
        asked = [and_(self._fit(group), _within(DecisionTask.asked_path, levels, depth)) for group, levels in nearer]
        asked += [and_(self._fit(group), _within(DecisionTask.path, levels, literal(1))) for group, levels in nearer_deputies]
        free = and_(held.is_not(True), ~self._directed_by(self._reader), or_(false(), *asked))
        return or_(and_(held, DecisionTask.claimed_by == self._reader.official_id), free)

    def _fit(self, group: _Group) -> ColumnElement[bool]:
        """Return the condition that a yes in this right could count: not for the lender's superior, nor twice from one department."""
        conditions = [self._reaching(group), or_(DecisionTask.distinct_units.is_(False), ~_agreed(group.principal))]
        if group.principal.official_id != self._reader.official_id:
            conditions.append(~self._directed_by(group.principal))
        return and_(*conditions)

    def _directed_by(self, person: PersonFacts) -> ColumnElement[bool]:
        """Return the condition that somebody stands below the beneficiary, as ``rules/subordinate.py`` says of two people."""
        departments = ids_of({level for post in person.posts for level in levels(post)})
        return AccessRequest.beneficiary_official_id.in_(may_direct(departments, not_above(person.rank_order), self._now))

    def _nearer(self, groups: Sequence[_Group], role: str, path: InstrumentedAttribute[str]) -> Sequence[tuple[_Group, Mapping[str, int]]]:
        """Return for each group the paths at which lines wait below it, each with how many levels nearer to it have anybody."""
        mine = sorted({path for group in groups for path in group.paths})
        waiting = waiting_paths(self._session, mine, path)
        below = {level for path in waiting for level in levels(path) if any(level.startswith(one) for one in mine)}
        offices = self._facts.offices(role, below, self._now)
        held = {office.path for office in offices}
        return [(group, nearer_levels(waiting, {*group.paths, *_held_by(group, offices)}, held)) for group in groups]


def _held_by(group: _Group, offices: Iterable[Office]) -> Iterator[str]:
    """Give the paths of the offices that are the group's too, though another one of theirs reaches over them."""
    for office in offices:
        if office.person.official_id == group.principal.official_id and group.principal.appointment_id in office.units:
            yield office.path


def _within(path: InstrumentedAttribute[str], nearer: Mapping[str, int], depth: ColumnElement[int]) -> ColumnElement[bool]:
    """Return the condition that fewer levels with anybody lie nearer to a line than are asked."""
    by_count: dict[int, list[str]] = {}
    for place, count in nearer.items():
        if count <= _DEEPEST:
            by_count.setdefault(count, []).append(place)
    return or_(false(), *(and_(path.in_(places), depth > count) for count, places in by_count.items()))


MOST_COUNTED = 100
_DEEPEST = 2
"""No line asks more than three levels: the nearest, one more for two departments, one more after escalation."""


def visible_paths(rights: Sequence[Authority]) -> tuple[str, ...]:
    """Return the departments whose lines somebody with these rights may look at."""
    return tuple(sorted({right.path for right in rights}))


def _foreign(official_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a request is neither somebody's own nor made for them."""
    return and_(AccessRequest.requester_official_id != official_id, AccessRequest.beneficiary_official_id != official_id)


def _agreed(person: PersonFacts) -> ColumnElement[bool]:
    """Return the condition that somebody's department has said yes to the task."""
    unit = ids_of([person.department_path])[0] if person.department_path else None
    theirs = (Decision.task_id == DecisionTask.id, Decision.round == RequestLine.round, Decision.department_id == unit)
    return exists().where(Decision.line_id == RequestLine.id, *theirs)


def _part_of(official_id: UUID) -> ColumnElement[bool]:
    """Return the condition that somebody has had a part in the present round of a line."""
    theirs = or_(Decision.official_id == official_id, Decision.principal_id == official_id)
    return exists().where(Decision.line_id == RequestLine.id, Decision.round == RequestLine.round, theirs)
