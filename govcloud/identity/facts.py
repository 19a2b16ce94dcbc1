"""What decisions read of identity, as facts with their windows: all that hold or will, in the order of people, to be copied.

A copy that compares the windows itself gives at every moment what the queries give then (``IdentityQueries.subject``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.identity.models import Appointment, DepartmentVersion, OfficialVersion
from govcloud.kernel.database import lasts_beyond

#: Rows that are fetched at a time where everybody is read.
BATCH = 10_000


class StandingFact(NamedTuple):
    """An official's standing in ``[valid_from, valid_to)``."""

    official_id: UUID
    status: str
    rank: str
    label: int
    valid_from: datetime
    valid_to: datetime | None


class PlaceFact(NamedTuple):
    """An appointment; from ``handover_from`` on it is held only to hand over."""

    official_id: UUID
    id: UUID
    department_id: UUID
    kind: str
    post: str
    position: str
    valid_from: datetime
    valid_to: datetime | None
    handover_from: datetime | None


class DepartmentFact(NamedTuple):
    """Where a department stands in ``[valid_from, valid_to)``."""

    department_id: UUID
    path: str
    division: str
    level: str
    business_lines: list[str]
    valid_from: datetime
    valid_to: datetime | None


class IdentityFacts:
    """Reads the facts that have not ended by a moment, of everybody or of some."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions; what is read of everybody is streamed, within one transaction."""
        self._read = read

    def standings(self, since: datetime, officials: Collection[UUID] | None = None) -> Iterator[StandingFact]:
        """Give the standings that last beyond ``since``, in the order of people and of time."""
        table = OfficialVersion
        query = select(table.official_id, table.status, table.rank, table.security_label, table.valid_from, table.valid_to)
        if officials is not None:
            query = query.where(table.official_id.in_(officials))
        ordered = query.where(lasts_beyond(table, since)).order_by(table.official_id, table.valid_from)
        for row in self._read().execute(ordered, execution_options={"yield_per": BATCH}):
            yield StandingFact(*row)

    def places(self, since: datetime, officials: Collection[UUID] | None = None) -> Iterator[PlaceFact]:
        """Give the appointments that last beyond ``since``, in the order of people and of their ids."""
        table = Appointment
        query = select(
            table.official_id,
            table.id,
            table.department_id,
            table.kind,
            table.post,
            table.position,
            table.valid_from,
            table.valid_to,
            table.handover_from,
        )
        if officials is not None:
            query = query.where(table.official_id.in_(officials))
        ordered = query.where(lasts_beyond(table, since)).order_by(table.official_id, table.id)
        for row in self._read().execute(ordered, execution_options={"yield_per": BATCH}):
            yield PlaceFact(*row)

    def departments(self, since: datetime, touched: Collection[UUID] | None = None) -> Iterator[DepartmentFact]:
        """Give where departments stand, in the order of departments and of time.

        Args:
            since: what ended by then is left out.
            touched: only these departments and all that stand, stood lately or will stand below one of them.
        """
        table = DepartmentVersion
        query = select(
            table.department_id, table.path, table.division_code, table.level, table.business_lines, table.valid_from, table.valid_to
        )
        if touched is not None:
            below = or_(*(table.path.contains(f"/{department_id.hex}/", autoescape=True) for department_id in touched))
            query = query.where(table.department_id.in_(select(table.department_id).where(below, lasts_beyond(table, since))))
        ordered = query.where(lasts_beyond(table, since)).order_by(table.department_id, table.valid_from)
        for row in self._read().execute(ordered, execution_options={"yield_per": BATCH}):
            yield DepartmentFact(*row)
