"""Evidence bundles: events with their inclusion proofs and a checkpoint in one JSON file that verifies without the database.

The format, ``govcloud-audit-bundle`` version 1, is described in docs/audit.md; its checks stand in ``evidence.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from govcloud.audit import merkle
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.errors import bundle_malformed, nothing_sealed, too_many_events
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditPersonal, AuditSequence
from govcloud.audit.tree import load_nodes

FORMAT = "govcloud-audit-bundle"
VERSION = 1
MOST_EVENTS = 10_000


def export_bundle(session: Session, *, chain: str | None, subject: str | None, since: Checkpoint | None) -> dict[str, Any]:
    """Return the bundle of the sealed events of ``chain`` and ``subject`` (``None``: any), under the newest checkpoint.

    With ``since`` it also proves that the checkpoint continues that one.

    Raises:
        NotFound: no sealed event matches.
        Invalid: more than ten thousand match, or ``since`` covers more events than the record has.
    """
    newest = session.execute(select(AuditCheckpoint).order_by(AuditCheckpoint.size.desc()).limit(1)).scalar_one_or_none()
    if newest is None:
        raise nothing_sealed()
    rows = session.execute(_sealed(newest.size, chain, subject)).all()
    if not rows:
        raise nothing_sealed()
    if len(rows) > MOST_EVENTS:
        raise too_many_events(MOST_EVENTS)
    ranges = {row.seq: merkle.inclusion_ranges(row.seq, newest.size) for row in rows}
    between = [] if since is None else _continuation(since, newest.size)
    node = _lookup(session, [*ranges.values(), between])
    personal = _personal(session, [row.id for row in rows])
    bundle: dict[str, Any] = {
        "format": FORMAT,
        "version": VERSION,
        "checkpoint": {"size": newest.size, "root": newest.root.hex(), "at": newest.at.isoformat()},
        "about": {"chain": chain, "subject": subject, "entries": len(rows)},
        "events": [
            {
                "seq": row.seq,
                "canonical": row.canonical.decode(),
                "proof": [part.hex() for part in merkle.proof(ranges[row.seq], node)],
                "personal": personal.get(row.id, []),
            }
            for row in rows
        ],
    }
    if since is not None:
        bundle["since"] = {"checkpoint": str(since), "proof": [part.hex() for part in merkle.proof(between, node)]}
    return bundle


def _continuation(since: Checkpoint, size: int) -> list[tuple[int, int]]:
    if since.size > size:
        raise bundle_malformed(f"--since {since.size} > {size}")
    return merkle.consistency_ranges(since.size, size)


def _sealed(size: int, chain: str | None, subject: str | None) -> Select[*tuple[Any, ...]]:
    query = select(AuditSequence.seq, AuditEvent.id, AuditEvent.canonical).join(AuditEvent, AuditEvent.id == AuditSequence.event_id)
    wanted = [AuditEvent.chain == chain] if chain is not None else []
    wanted += [AuditEvent.subject == subject] if subject is not None else []
    for condition in wanted:
        query = query.where(condition)
    return query.where(AuditSequence.seq < size).order_by(AuditSequence.seq).limit(MOST_EVENTS + 1)


def _lookup(session: Session, proofs: Sequence[Sequence[tuple[int, int]]]) -> merkle.NodeLookup:
    """Fetch every node that the proofs need, and return the lookup of them."""
    wanted: set[tuple[int, int]] = set()
    for ranges in proofs:
        wanted |= merkle.nodes_of(ranges)
    stored = load_nodes(session, wanted)
    return lambda level, position: stored[level, position]


def _personal(session: Session, event_ids: Sequence[UUID]) -> dict[UUID, list[dict[str, str]]]:
    found: dict[UUID, list[dict[str, str]]] = {}
    rows = session.execute(
        select(AuditPersonal.event_id, AuditPersonal.field, AuditPersonal.salt, AuditPersonal.value)
        .where(AuditPersonal.event_id.in_(event_ids))
        .order_by(AuditPersonal.event_id, AuditPersonal.field)
    )
    for row in rows:
        found.setdefault(row.event_id, []).append({"field": row.field, "salt": row.salt.hex(), "value": row.value})
    return found
