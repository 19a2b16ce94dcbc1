"""A person's standing over time: another status from a moment on, and the same facts in every window that follows.

Windows may begin ahead. Whoever asks "may this person act" compares the clock, so a standing that was written today for next
month needs nobody to switch it.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, or_, select, update
from sqlalchemy.orm import Session

from govcloud.identity import errors
from govcloud.identity.models import OfficialVersion
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id

ACTIVE, SUSPENDED, LEFT = "active", "suspended", "left"
_FACTS = ("status", "rank", "staffing_type", "security_label")


@dataclass(frozen=True)
class Stretch:
    """A status in ``[since, until)``; an open end is ``None``."""

    status: str
    since: datetime
    until: datetime | None


def status_at(session: Session, official_id: UUID, at: datetime) -> str | None:
    """Return the status that holds, or will hold, at ``at``."""
    mine = (OfficialVersion.official_id == official_id, live_at(OfficialVersion, at))
    return session.scalar(select(OfficialVersion.status).where(*mine))


def status_before(session: Session, official_id: UUID, at: datetime) -> str | None:
    """Return the status that holds up to ``at``."""
    query = select(OfficialVersion.status).where(
        OfficialVersion.official_id == official_id, OfficialVersion.valid_from < at, _not_empty(), _lasts_beyond(at, equal=True)
    )
    return session.scalar(query.order_by(OfficialVersion.valid_from.desc()).limit(1))


def stretches(session: Session, official_id: UUID, since: datetime) -> list[Stretch]:
    """Return what was and will be from ``since`` on, in order."""
    return [Stretch(row.status, max(row.valid_from, since), row.valid_to) for row in _rows(session, official_id, since, None)]


def restate(
    session: Session, official_id: UUID, stretch: Stretch, *, keeping: Collection[str] = (), facts: Mapping[str, Any] | None = None
) -> bool:
    """Let the status of ``stretch`` hold in its window, in place of every other but those of ``keeping``; return whether any changed.

    The rows that it touches are closed, and others that differ follow; the caller holds the person's lock. With ``facts`` the
    status stays and those facts change instead.
    """
    closed: list[OfficialVersion] = []
    opened: list[dict[str, Any]] = []
    for row in _rows(session, official_id, stretch.since, stretch.until):
        change = dict(facts) if facts is not None else {"status": stretch.status}
        if row.status in keeping or all(getattr(row, name) == value for name, value in change.items()):
            continue
        begin, end = max(row.valid_from, stretch.since), _earlier(row.valid_to, stretch.until)
        kept = {name: getattr(row, name) for name in _FACTS}
        opened.append({**kept, **change, "valid_from": begin, "valid_to": end})
        if end != row.valid_to:
            opened.append({**kept, "valid_from": end, "valid_to": row.valid_to})
        row.valid_to = begin
        closed.append(row)
    if not closed:
        return False
    session.flush()
    with explained(errors.CONSTRAINTS):
        session.execute(insert(OfficialVersion), [{"id": new_id(), "official_id": official_id, **values} for values in opened])
    return True


def suspend_all(session: Session, officials: Collection[UUID], now: datetime) -> tuple[UUID, ...]:
    """Suspend from ``now`` on, without end, those of ``officials`` who are active without end; return them.

    The caller holds their locks. Nothing is planned for them, so one window closes for each and one begins.
    """
    active = (OfficialVersion.official_id.in_(officials), OfficialVersion.status == ACTIVE)
    open_ended = (OfficialVersion.valid_from <= now, OfficialVersion.valid_to.is_(None))
    rows = session.execute(select(OfficialVersion.__table__).where(*active, *open_ended).with_for_update()).mappings().all()
    if not rows:
        return ()
    close = update(OfficialVersion).where(OfficialVersion.id.in_([row["id"] for row in rows])).values(valid_to=now)
    session.execute(close.execution_options(synchronize_session=False))
    changed = {"status": SUSPENDED, "valid_from": now, "valid_to": None}
    with explained(errors.CONSTRAINTS):
        session.execute(insert(OfficialVersion), [dict(row) | changed | {"id": new_id()} for row in rows])
    session.expire_all()
    return tuple(sorted(row["official_id"] for row in rows))


def _rows(session: Session, official_id: UUID, since: datetime, until: datetime | None) -> list[OfficialVersion]:
    """Return the windows that reach into ``[since, until)``, held until the transaction ends."""
    query = select(OfficialVersion).where(OfficialVersion.official_id == official_id, _not_empty(), _lasts_beyond(since))
    if until is not None:
        query = query.where(OfficialVersion.valid_from < until)
    found = query.order_by(OfficialVersion.valid_from).with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(found))


def _not_empty() -> Any:  # noqa: ANN401 - a condition of SQLAlchemy
    return or_(OfficialVersion.valid_to.is_(None), OfficialVersion.valid_to > OfficialVersion.valid_from)


def _lasts_beyond(at: datetime, *, equal: bool = False) -> Any:  # noqa: ANN401 - a condition of SQLAlchemy
    later = OfficialVersion.valid_to >= at if equal else OfficialVersion.valid_to > at
    return or_(OfficialVersion.valid_to.is_(None), later)


def _earlier(one: datetime | None, other: datetime | None) -> datetime | None:
    """Return the earlier of two ends; ``None`` is never."""
    if one is None or other is None:
        return one or other
    return min(one, other)
