"""Reads of temporary grants: one, those of a request, of a person, of functions, and those that a department answers for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, DateTime, Row, Select, bindparam, func, or_, select
from sqlalchemy.orm import Session, aliased

from govcloud.authorization.models import AccessGrant, GrantSuspension
from govcloud.authorization.rights.closing import among
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.subjects.snapshot import grace_of
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look


@dataclass(frozen=True, slots=True)
class GrantView:
    """A temporary grant; ``closed_at`` and ``close_reason`` are set when it was ended before its time.

    ``case_number`` is set when it is for one case alone.
    """

    id: UUID
    line_id: UUID | None
    official_id: UUID
    appointment_id: UUID | None
    subsystem_code: str
    function: str
    scope: Scope
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    suspended: bool
    owner_department_id: UUID | None = None
    case_number: str | None = None
    grace: timedelta = timedelta()
    """How long after its end work in progress may be finished."""

    def finishing(self, now: datetime) -> bool:
        """Return whether the grant has ended by itself, and what it opened may still be finished."""
        return self.closed_at is None and not self.suspended and self.ends_at <= now < self.ends_at + self.grace

    def state(self, now: datetime) -> str:
        """Return ``revoked``, ``expired``, ``suspended``, ``scheduled`` or ``active``: computed from the clock, never stored."""
        if self.closed_at is not None and self.closed_at <= now:
            return "revoked"
        if self.ends_at <= now:
            return "expired"
        if self.suspended:
            return "suspended"
        return "scheduled" if now < self.starts_at else "active"


class GrantReads:
    """Answers questions about grants; it never writes."""

    def __init__(self, read: Callable[[], Session], clock: Clock) -> None:
        """Take the source of reading sessions and the clock."""
        self._read = read
        self._clock = clock

    def grant(self, grant_id: UUID) -> GrantView | None:
        """Return a grant, closed or not."""
        return next(iter(self._prepared(_BY_ID, grant_id)), None)

    def grants_by_id(self, wanted: Iterable[UUID]) -> Mapping[UUID, GrantView]:
        """Return the grants ``wanted`` by id, closed or not."""
        return {grant.id: grant for grant in self._grants(AccessGrant.id.in_(set(wanted)))}

    def grant_of_line(self, line_id: UUID) -> GrantView | None:
        """Return the grant that a request's line led to."""
        return next(iter(self._prepared(_OF_LINE, line_id)), None)

    def grants_of_lines(self, line_ids: Iterable[UUID]) -> tuple[GrantView, ...]:
        """Return the grants that lines of requests led to."""
        return self._grants(AccessGrant.line_id.in_(set(line_ids)))

    def grants_of(self, official_id: UUID) -> tuple[GrantView, ...]:
        """Return all grants that an official ever had, those that end last first."""
        return self._prepared(_OF_OFFICIAL, official_id)

    def ran_out(self, functions: Iterable[str], since: datetime, until: datetime) -> tuple[GrantView, ...]:
        """Return the grants of ``functions`` that ended by themselves in ``(since, until]``, but where another goes on in its place."""
        later = aliased(AccessGrant)
        going_on = select(later.id).where(
            later.official_id == AccessGrant.official_id,
            later.function == AccessGrant.function,
            later.valid_to.is_(None),
            later.starts_at <= until,
            later.ends_at > until,
        )
        over = (AccessGrant.valid_to.is_(None), AccessGrant.ends_at > since, AccessGrant.ends_at <= until, ~going_on.exists())
        return self._grants(AccessGrant.function.in_(set(functions)), *over)

    def ending(self, since: datetime, until: datetime, *, at_least: timedelta) -> tuple[GrantView, ...]:
        """Return the live grants that end in ``(since, until]``, last at least so long, and have no other that goes on in their place."""
        later = aliased(AccessGrant)
        going_on = select(later.id).where(
            later.official_id == AccessGrant.official_id,
            later.function == AccessGrant.function,
            later.valid_to.is_(None),
            later.starts_at <= AccessGrant.ends_at,
            later.ends_at > AccessGrant.ends_at,
        )
        soon = (AccessGrant.valid_to.is_(None), AccessGrant.ends_at > since, AccessGrant.ends_at <= until)
        lasting = AccessGrant.ends_at - AccessGrant.starts_at >= at_least
        return tuple(grant for grant in self._grants(*soon, lasting, ~going_on.exists()) if not grant.suspended)

    def held_besides(self, grants: Iterable[UUID]) -> frozenset[UUID]:
        """Return those of ``grants`` whose end takes nothing away now: they had not begun, or another one opens the same.

        The other one is of the same function, under the same appointment or under any, and neither closed nor resting.
        """
        now, other = self._clock.now(), aliased(AccessGrant)
        resting = select(GrantSuspension.id).where(GrantSuspension.grant_id == other.id, live_at(GrantSuspension, now)).exists()
        same = select(other.id).where(
            other.official_id == AccessGrant.official_id,
            other.function == AccessGrant.function,
            other.id != AccessGrant.id,
            or_(other.appointment_id.is_(None), other.appointment_id == AccessGrant.appointment_id),
            other.valid_to.is_(None),
            other.starts_at <= now,
            other.ends_at > now,
            ~resting,
        )
        found = select(AccessGrant.id).where(among(AccessGrant.id, list(grants)), or_(AccessGrant.starts_at > now, same.exists()))
        return frozenset(self._read().scalars(found))

    def live_grants_of(self, functions: Iterable[str]) -> int:
        """Return how many grants of these functions have neither run out nor been closed."""
        now = self._clock.now()
        live = (AccessGrant.function.in_(set(functions)), live_at(AccessGrant, now), AccessGrant.ends_at > now)
        return self._read().scalar(select(func.count()).select_from(AccessGrant).where(*live)) or 0

    def live_grants_of_rows(self, functions: Iterable[str]) -> Mapping[str, int]:
        """Return how many grants of certain rows of each function have neither run out nor been closed; those without any are left out."""
        now = self._clock.now()
        live = (AccessGrant.function.in_(set(functions)), live_at(AccessGrant, now), AccessGrant.ends_at > now)
        columns = (AccessGrant.function, AccessGrant.scope)
        found = self._read().execute(select(*columns, func.count()).where(*live).group_by(*columns))
        counted: Counter[str] = Counter()
        for function, scope, count in found:
            if not Scope.from_json(scope).whole:
                counted[function] += count
        return counted

    def live_grants_by_function(self, subsystem_code: str) -> Mapping[str, int]:
        """Return how many live grants each function of a subsystem has; functions without any are left out."""
        now = self._clock.now()
        live = (AccessGrant.subsystem_code == subsystem_code, live_at(AccessGrant, now), AccessGrant.ends_at > now)
        found = self._read().execute(select(AccessGrant.function, func.count()).where(*live).group_by(AccessGrant.function))
        return {row[0]: row[1] for row in found}

    def live_grants_owned_by(self, departments: Iterable[UUID], limit: int, after: UUID | None = None) -> tuple[GrantView, ...]:
        """Return grants that ``departments`` answer for and that have neither run out nor been closed, the newest first.

        ``after`` is the last one of the page before.
        """
        now = self._clock.now()
        live = (AccessGrant.owner_department_id.in_(set(departments)), live_at(AccessGrant, now), AccessGrant.ends_at > now)
        older = () if after is None else (AccessGrant.id < after,)
        # Ids are made in the order of time (UUIDv7).
        ids = self._read().scalars(select(AccessGrant.id).where(*live, *older).order_by(AccessGrant.id.desc()).limit(limit)).all()
        found = self.grants_by_id(ids)
        return tuple(found[key] for key in ids)

    # How the above read

    def _prepared(self, query: Look, key: UUID) -> tuple[GrantView, ...]:
        return tuple(_grant_view(row) for row in query.within(self._read(), {"key": key, "at": self._clock.now()}))

    def _grants(self, *conditions: ColumnElement[bool]) -> tuple[GrantView, ...]:
        return tuple(_grant_view(row) for row in self._read().execute(_selected(self._clock.now()).where(*conditions)))


def _selected(at: datetime | ColumnElement[datetime]) -> Select[*tuple[Any, ...]]:
    """Select all grants as they stand at ``at``, those that end last first."""
    resting = select(GrantSuspension.id).where(GrantSuspension.grant_id == AccessGrant.id, live_at(GrantSuspension, at)).exists()
    columns = (
        AccessGrant.id,
        AccessGrant.line_id,
        AccessGrant.official_id,
        AccessGrant.appointment_id,
        AccessGrant.subsystem_code,
        AccessGrant.function,
        AccessGrant.scope,
        AccessGrant.starts_at,
        AccessGrant.ends_at,
        AccessGrant.valid_from,
        AccessGrant.valid_to,
        AccessGrant.close_reason,
        resting.label("suspended"),
        AccessGrant.owner_department_id,
    )
    return select(*columns).order_by(AccessGrant.ends_at.desc(), AccessGrant.id)


# What every decision on a request looks up.
_NOW = _selected(bindparam("at", type_=DateTime(timezone=True)))
_BY_ID = Look(_NOW.where(AccessGrant.id == bindparam("key")))
_OF_LINE = Look(_NOW.where(AccessGrant.line_id == bindparam("key")))
_OF_OFFICIAL = Look(_NOW.where(AccessGrant.official_id == bindparam("key")))


def _grant_view(row: Row[*tuple[Any, ...]]) -> GrantView:
    return GrantView(
        id=row.id,
        line_id=row.line_id,
        official_id=row.official_id,
        appointment_id=row.appointment_id,
        subsystem_code=row.subsystem_code,
        function=row.function,
        scope=Scope.from_json(row.scope),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        opened_at=row.valid_from,
        closed_at=row.valid_to,
        close_reason=row.close_reason,
        suspended=row.suspended,
        owner_department_id=row.owner_department_id,
        case_number=(row.scope or {}).get("case_number"),
        grace=timedelta(microseconds=grace_of(row.scope)),
    )
