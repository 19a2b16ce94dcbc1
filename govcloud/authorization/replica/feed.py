"""What has changed since an epoch: the rows of the feed, read as what has to be read again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.epochs import CATALOGUE, DEPARTMENT, DUTY, PEOPLE, POLICY
from govcloud.authorization.models import EpochChange
from govcloud.authorization.subjects.snapshot import instant

#: More than these at once are read faster with all the others.
MANY, MANY_DEPARTMENTS = 200_000, 100


@dataclass
class Touched:
    """What changes touched; ``None`` stands for all of them."""

    officials: set[UUID] | None = field(default_factory=set)
    departments: set[UUID] | None = field(default_factory=set)
    subsystems: set[str] | None = field(default_factory=set)

    @property
    def everybody(self) -> bool:
        """Return whether so much is touched that everything has to be built anew."""
        return self.officials is None or len(self.officials) > MANY


@dataclass(frozen=True, slots=True)
class News:
    """What the feed says: the last change, its instant, and what all of them touched."""

    epoch: int
    tail: int
    touched: Touched


def news_after(session: Session, epoch: int) -> News | None:
    """Return what changed after ``epoch``; ``None``: nothing."""
    table = EpochChange
    columns = (
        table.epoch,
        table.kind,
        table.official_id,
        table.official_ids,
        table.department_ids,
        table.subsystem_code,
        table.at,
    )
    rows = session.execute(select(*columns).where(table.epoch > epoch).order_by(table.epoch)).all()
    if not rows:
        return None
    touched = Touched()
    for row in rows:
        _TOUCHES.get(row.kind, _everything)(touched, row)
    if touched.departments is not None and len(touched.departments) > MANY_DEPARTMENTS:
        touched.departments = None
    return News(rows[-1].epoch, instant(rows[-1].at), touched)


def instant_of(session: Session, epoch: int) -> int:
    """Return the instant of a change, 0 when the database has none of that number."""
    at = session.scalar(select(EpochChange.at).where(EpochChange.epoch == epoch))
    return 0 if at is None else instant(at)


def _nothing(_touched: Touched, _row: Any) -> None:  # noqa: ANN401 - a row of the feed
    """The state says it: which policy, which duty rules."""


def _people(touched: Touched, row: Any) -> None:  # noqa: ANN401 - the same
    named = {row.official_id} if row.official_id is not None else set(row.official_ids or ())
    touched.officials = touched.officials | named if named and touched.officials is not None else None


def _departments(touched: Touched, row: Any) -> None:  # noqa: ANN401 - the same
    named = set(row.department_ids or ())
    touched.departments = touched.departments | named if named and touched.departments is not None else None


def _catalogue(touched: Touched, row: Any) -> None:  # noqa: ANN401 - the same
    named = {row.subsystem_code} if row.subsystem_code is not None else set()
    touched.subsystems = touched.subsystems | named if named and touched.subsystems is not None else None


def _everything(touched: Touched, _row: Any) -> None:  # noqa: ANN401 - the same
    """Be on the safe side of a kind that this program does not know."""
    touched.officials = None


_TOUCHES: Mapping[str, Callable[[Touched, Any], None]] = {
    POLICY: _nothing,
    DUTY: _nothing,
    **dict.fromkeys(PEOPLE, _people),
    DEPARTMENT: _departments,
    CATALOGUE: _catalogue,
}
