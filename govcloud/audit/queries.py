"""Reads of the record: the trail of a subject, of a request's chain, of an actor, or of all; the newest checkpoint."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, bindparam, func, select, tuple_
from sqlalchemy.orm import Session

from govcloud.audit.canonical import read_canonical, restored
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditPending, AuditPersonal, AuditSequence
from govcloud.kernel.paging import Cursor
from govcloud.kernel.prepared import Look

MOST = 500


@dataclass(frozen=True)
class AuditEntry:
    """One event as people read it.

    ``seq`` is ``None`` until it is sealed; ``actor_name`` and ``source_address`` are ``None`` when they were erased. ``data`` holds
    the event's own fields, with those personal values that are still kept.
    """

    seq: int | None
    id: UUID
    at: datetime
    name: str
    command: str
    actor_kind: str
    actor_id: str
    actor_name: str | None
    source_address: str | None
    trace_id: str | None
    subject: str
    chain: str | None
    data: dict[str, Any]
    leaf_hash: str

    @property
    def cursor(self) -> Cursor:
        """Return the place after which the next page begins."""
        return Cursor(self.at, self.id)


class AuditQueries:
    """Reads without asking who asks: pages show what their own rules allow; people who search go through ``AuditTrail``."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def by_subject(self, subject: str, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return the events of ``subject`` (``"official:<uuid>"``), newest first, at most ``limit`` (500)."""
        return self._newest(_entries().where(AuditEvent.subject == subject), after, limit)

    def by_actor(self, actor_kind: str, actor_id: str, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return what an actor did, newest first."""
        return self._newest(_entries().where(AuditEvent.actor_id == actor_id, AuditEvent.actor_kind == actor_kind), after, limit)

    def newest(self, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return all events, newest first."""
        return self._newest(_entries(), after, limit)

    def by_chain(self, chain: str, *, after_position: int = 0, limit: int = MOST) -> list[AuditEntry]:
        """Return the events of one request in their order; ``after_position`` is how many were read already."""
        query = _entries().where(AuditEvent.chain == chain, AuditEvent.chain_position > after_position)
        return self._load(query.order_by(AuditEvent.chain_position).limit(_bounded(limit)))

    def event(self, event_id: UUID) -> AuditEntry | None:
        """Return one event."""
        return next(iter(self._load(_entries().where(AuditEvent.id == event_id))), None)

    def newest_checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint; ``None`` before the first."""
        row = self._read().execute(select(AuditCheckpoint.size, AuditCheckpoint.root).order_by(AuditCheckpoint.size.desc()).limit(1))
        found = row.one_or_none()
        return None if found is None else Checkpoint(found.size, found.root)

    def waiting(self) -> int:
        """Return how many events wait to be sealed."""
        return self._read().scalar(select(func.count()).select_from(AuditPending)) or 0

    def _newest(self, query: Select[*tuple[Any, ...]], after: Cursor | None, limit: int) -> list[AuditEntry]:
        if after is not None:
            query = query.where(tuple_(AuditEvent.at, AuditEvent.id) < tuple_(after.at, after.id))
        return self._load(query.order_by(AuditEvent.at.desc(), AuditEvent.id.desc()).limit(_bounded(limit)))

    def _load(self, query: Select[*tuple[Any, ...]]) -> list[AuditEntry]:
        rows = self._read().execute(query).all()
        personal = self._personal([row.id for row in rows])
        return [_entry(row, personal.get(row.id, {})) for row in rows]

    def _personal(self, event_ids: Sequence[UUID]) -> dict[UUID, dict[str, str]]:
        found: dict[UUID, dict[str, str]] = {}
        query = select(AuditPersonal.event_id, AuditPersonal.field, AuditPersonal.value).where(AuditPersonal.event_id.in_(event_ids))
        for row in self._read().execute(query) if event_ids else ():
            found.setdefault(row.event_id, {})[row.field] = row.value
        return found


def _entries() -> Select[*tuple[Any, ...]]:
    columns = (AuditEvent.id, AuditEvent.at, AuditEvent.canonical, AuditEvent.leaf_hash)
    return select(AuditSequence.seq, *columns).outerjoin(AuditSequence, AuditSequence.event_id == AuditEvent.id)


def _bounded(limit: int) -> int:
    return max(1, min(limit, MOST))


def _entry(row: Row[Any], personal: dict[str, str]) -> AuditEntry:
    """Read the entry from the canonical bytes, which are the record; the columns only served to find it."""
    document = read_canonical(row.canonical)
    actor = document["actor"]
    readable = restored(document, personal)
    return AuditEntry(
        seq=row.seq,
        id=row.id,
        at=row.at,
        name=document["name"],
        command=document["command"],
        actor_kind=actor["kind"],
        actor_id=actor["id"],
        actor_name=readable.actor_name,
        source_address=readable.source_address,
        trace_id=actor["trace_id"],
        subject=document["subject"],
        chain=document["chain"] and document["chain"]["id"],
        data=readable.data,
        leaf_hash=row.leaf_hash.hex(),
    )


_LAST_LEAF = Look(
    select(AuditEvent.leaf_hash).where(AuditEvent.chain == bindparam("chain")).order_by(AuditEvent.chain_position.desc()).limit(1)
)


def last_leaf(session: Session, chain: str) -> bytes | None:
    """Return the leaf hash of the latest event of a chain, as far as this transaction sees; ``None`` for a chain without events."""
    return next((row.leaf_hash for row in _LAST_LEAF.within(session, {"chain": chain})), None)
