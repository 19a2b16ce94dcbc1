"""Counts of rights for reports: temporary grants by subsystem and by the day of their end, roles given by role."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import Date, cast, distinct, func, select
from sqlalchemy.orm import Session

from govcloud.authorization.models import AccessGrant, DutyRule, RoleAssignment
from govcloud.authorization.rights.selecting import Counted, GrantSelection
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at

_ZONE = "Asia/Shanghai"


class GrantCounts:
    """Counts; it never writes. What is counted is bounded by a selection, so that a report shows what its reader answers for."""

    def __init__(self, read: Callable[[], Session], clock: Clock) -> None:
        """Take the source of reading sessions and the clock."""
        self._read = read
        self._clock = clock

    def by_subsystem(self, selection: GrantSelection) -> Mapping[str, Counted]:
        """Return how many open grants there are in each subsystem, and of how many people."""
        columns = (AccessGrant.subsystem_code, func.count(), func.count(distinct(AccessGrant.official_id)))
        query = select(*columns).where(*selection.conditions(self._clock.now())).group_by(AccessGrant.subsystem_code)
        return {row[0]: Counted(row[1], row[2]) for row in self._read().execute(query)}

    def by_end(self, selection: GrantSelection, until: datetime) -> Mapping[date, int]:
        """Return how many open grants end on each day (in China) before ``until``."""
        day = cast(func.timezone(_ZONE, AccessGrant.ends_at), Date).label("day")
        ending = (*selection.conditions(self._clock.now()), AccessGrant.ends_at < until)
        return {row[0]: row[1] for row in self._read().execute(select(day, func.count()).where(*ending).group_by(day).order_by(day))}

    def next_to_end(self, selection: GrantSelection, until: datetime, limit: int) -> Sequence[UUID]:
        """Return the open grants that end before ``until``, the next one first."""
        ending = (*selection.conditions(self._clock.now()), AccessGrant.ends_at < until)
        query = select(AccessGrant.id).where(*ending).order_by(AccessGrant.ends_at, AccessGrant.id).limit(limit)
        return self._read().scalars(query).all()

    def duties_by_role(self) -> Mapping[str, int]:
        """Return how many rules of duty give each role now."""
        query = select(DutyRule.role_code, func.count()).where(live_at(DutyRule, self._clock.now()))
        return {row[0]: row[1] for row in self._read().execute(query.group_by(DutyRule.role_code))}

    def assignments_by_role(self) -> Mapping[str, int]:
        """Return how often each role is given to somebody now."""
        query = select(RoleAssignment.role_code, func.count()).where(live_at(RoleAssignment, self._clock.now()))
        return {row[0]: row[1] for row in self._read().execute(query.group_by(RoleAssignment.role_code))}
