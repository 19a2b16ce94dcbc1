"""The inbox of an approver: which lines wait for them, as conditions of a query, never as a copied list.

By default it shows what the reader is asked for: what waits at their own department and has nobody nearer, and what the clock carried
up to them. Everything else below them is a filter away, and may be decided by them as well.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Integer, Select, and_, cast, exists, false, func, or_, select, true
from sqlalchemy.orm import Session

from govcloud.access.deciding.routing import DEPUTIES_FROM, SUPERIOR_FROM, Authority, ids_of, levels, nearer_levels
from govcloud.access.facts import PersonFacts
from govcloud.access.lifecycle import WAITING
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.tasks.models import OPEN_TASK, DecisionTask
from govcloud.access.tasks.standing import CLAIM_LASTS, waiting_paths
from govcloud.identity.extents import at_or_below


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

    def _answerable(self) -> ColumnElement[bool]:
        """Return the condition that the reader may answer a line: in somebody's right, who has no part in it so far."""
        me = self._reader.official_id
        by_principal: dict[tuple[UUID, bool], list[str]] = {}
        for right in self._rights:
            by_principal.setdefault((right.principal_id, right.deputy), []).append(right.path)
        reaching = or_(false(), *(self._reaching(principal, paths, deputy=deputy) for (principal, deputy), paths in by_principal.items()))
        return and_(reaching, _foreign(me), ~_part_of(me))

    def _reaching(self, principal_id: UUID, paths: Sequence[str], *, deputy: bool) -> ColumnElement[bool]:
        """Return the condition that a line can be answered in somebody's right."""
        reach = at_or_below(DecisionTask.path, paths)
        if deputy:
            reach = and_(reach, RequestLine.escalation >= DEPUTIES_FROM)
        return reach if principal_id == self._reader.official_id else and_(reach, _foreign(principal_id), ~_part_of(principal_id))

    def _asked(self) -> ColumnElement[bool]:
        """Return the condition that the reader is among those who are asked, and nobody else has taken the line on."""
        mine = {right.path for right in self._rights if not right.deputy}
        levels_between = self._nearer(mine)
        by_count: dict[int, list[str]] = {}
        for path, count in levels_between.items():
            by_count.setdefault(count, []).append(path)
        depth = 1 + cast(RequestLine.escalation >= SUPERIOR_FROM, Integer) + cast(DecisionTask.distinct_units, Integer)
        near = or_(
            false(), *(and_(DecisionTask.asked_path.in_(paths), depth > count) for count, paths in by_count.items() if count <= _DEEPEST)
        )
        deputies = at_or_below(DecisionTask.path, sorted({right.path for right in self._rights if right.deputy}))
        taken = and_(DecisionTask.claimed_by != self._reader.official_id, DecisionTask.claimed_at > self._now - CLAIM_LASTS)
        return and_(or_(near, deputies), func.coalesce(taken, false()).is_(False), ~_unit_agreed(self._reader.department_path))

    def _nearer(self, mine: Collection[str]) -> dict[str, int]:
        """Return the paths at which lines wait below the reader, each with how many levels nearer to it have anybody."""
        waiting = waiting_paths(self._session, sorted(mine))
        between = {level for path in waiting for level in levels(path) if level not in mine and any(level.startswith(one) for one in mine)}
        return dict(nearer_levels(waiting, mine, self._facts.held_at(between, self._now)))


MOST_COUNTED = 100
_DEEPEST = 2
"""No line asks more than three levels: the nearest, one more for two departments, one more after escalation."""


def visible_paths(rights: Sequence[Authority]) -> tuple[str, ...]:
    """Return the departments whose lines somebody with these rights may look at."""
    return tuple(sorted({right.path for right in rights}))


def _unit_agreed(path: str) -> ColumnElement[bool]:
    """Return the condition that two departments have to agree on a line and the one at ``path`` has: it is for others to answer then."""
    theirs = exists().where(Decision.task_id == DecisionTask.id, Decision.department_id.in_(ids_of([path]) if path else ()))
    return and_(DecisionTask.distinct_units, theirs)


def _foreign(official_id: UUID) -> ColumnElement[bool]:
    """Return the condition that a request is neither somebody's own nor made for them."""
    return and_(AccessRequest.requester_official_id != official_id, AccessRequest.beneficiary_official_id != official_id)


def _part_of(official_id: UUID) -> ColumnElement[bool]:
    """Return the condition that somebody has had a part in the present round of a line."""
    theirs = or_(Decision.official_id == official_id, Decision.principal_id == official_id)
    return exists().where(Decision.line_id == RequestLine.id, Decision.round == RequestLine.round, theirs)
