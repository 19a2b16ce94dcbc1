"""Selections of open grants, for whoever ends many at once: how many they are, whose, what each opens; read a part at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, distinct, func, or_, select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.facts import not_over
from govcloud.authorization.models import AccessGrant
from govcloud.authorization.rights.closing import among
from govcloud.authorization.rights.grant_reads import GrantReads, GrantView
from govcloud.identity.extents import department_ids_within, serving_within
from govcloud.kernel.clock import Clock


@dataclass(frozen=True, slots=True)
class Overseen:
    """Whose grants somebody answers for: those of departments at or below ``paths``, and of ``subsystems`` where no department is named."""

    paths: tuple[str, ...]
    subsystems: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class GrantSelection:
    """Open grants; whatever is given must hold.

    ``lines`` are those of requests that led to them, ``holders_within`` a department's path in or below which the holder serves,
    ``opened_until`` the latest moment of their opening, ``overseen`` who answers for them (``None``: anybody).
    """

    official_id: UUID | None = None
    subsystem_code: str | None = None
    function: str | None = None
    lines: tuple[UUID, ...] | None = None
    holders_within: str | None = None
    opened_until: datetime | None = None
    overseen: Overseen | None = None

    def conditions(self, now: datetime) -> list[ColumnElement[bool]]:
        """Return the selection as conditions on ``AccessGrant``, those included that it is open at ``now``."""
        found = [AccessGrant.valid_to.is_(None), not_over(now)]
        if self.official_id is not None:
            found.append(AccessGrant.official_id == self.official_id)
        if self.subsystem_code is not None:
            found.append(AccessGrant.subsystem_code == self.subsystem_code)
        if self.function is not None:
            found.append(AccessGrant.function == self.function)
        if self.lines is not None:
            found.append(among(AccessGrant.line_id, self.lines))
        if self.holders_within is not None:
            found.append(AccessGrant.official_id.in_(serving_within([self.holders_within], now)))
        if self.opened_until is not None:
            found.append(AccessGrant.valid_from <= self.opened_until)
        if self.overseen is not None:
            theirs = AccessGrant.owner_department_id.in_(department_ids_within(self.overseen.paths, now))
            unnamed = and_(AccessGrant.owner_department_id.is_(None), AccessGrant.subsystem_code.in_(self.overseen.subsystems))
            found.append(or_(theirs, unnamed))
        return found


@dataclass(frozen=True, slots=True)
class FunctionCount:
    """How many grants of a function there are among those selected, and how many people hold them."""

    subsystem_code: str
    function: str
    grants: int
    people: int


@dataclass(frozen=True, slots=True)
class Counted:
    """How many grants are selected, and how many people hold them."""

    grants: int
    people: int


class SelectedGrants:
    """Reads selections; it never writes."""

    def __init__(self, read: Callable[[], Session], reads: GrantReads, clock: Clock) -> None:
        """Take the source of reading sessions, the reads of grants, and the clock."""
        self._read = read
        self._reads = reads
        self._clock = clock

    def count(self, selection: GrantSelection) -> Counted:
        """Return how many there are."""
        query = select(func.count(), func.count(distinct(AccessGrant.official_id))).where(*self._of(selection))
        grants, people = self._read().execute(query).one()
        return Counted(grants, people)

    def by_function(self, selection: GrantSelection, limit: int) -> tuple[FunctionCount, ...]:
        """Return what they open, the most frequent first."""
        count = func.count()
        columns = (AccessGrant.subsystem_code, AccessGrant.function, count, func.count(distinct(AccessGrant.official_id)))
        query = select(*columns).where(*self._of(selection)).group_by(AccessGrant.subsystem_code, AccessGrant.function)
        rows = self._read().execute(query.order_by(count.desc(), AccessGrant.function).limit(limit))
        return tuple(FunctionCount(*row) for row in rows)

    def holders(self, selection: GrantSelection, officials: Sequence[UUID]) -> frozenset[UUID]:
        """Return those of ``officials`` who hold one of them."""
        query = select(AccessGrant.official_id).where(*self._of(selection), among(AccessGrant.official_id, officials)).distinct()
        return frozenset(self._read().scalars(query))

    def first(self, selection: GrantSelection, limit: int) -> tuple[GrantView, ...]:
        """Return the oldest of them."""
        ids = [key for key, _ in self.part(selection, limit)]
        found = self._reads.grants_by_id(ids)
        return tuple(found[key] for key in ids)

    def lines(self, selection: GrantSelection) -> Sequence[UUID]:
        """Return the lines of requests that led to them."""
        query = select(AccessGrant.line_id).where(*self._of(selection), AccessGrant.line_id.is_not(None))
        return [line_id for line_id in self._read().scalars(query) if line_id is not None]

    def part(self, selection: GrantSelection, limit: int) -> Sequence[tuple[UUID, UUID]]:
        """Return the ids of the oldest of them, each with its holder's."""
        query = select(AccessGrant.id, AccessGrant.official_id).where(*self._of(selection)).order_by(AccessGrant.id).limit(limit)
        return [(row.id, row.official_id) for row in self._read().execute(query)]

    def _of(self, selection: GrantSelection) -> list[ColumnElement[bool]]:
        return selection.conditions(self._clock.now())
