"""Gives committed events their place: a dense sequence, the nodes of the Merkle tree over it, and checkpoints.

One sequencer works at a time, by an advisory lock. It takes events from the queue ``audit_pending``, whose rows are written
with the event and become visible when its transaction commits: an event that commits late is simply found later, so
neither a gap nor a watermark has to be reasoned about, and a run costs what is new, not what there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.orm import Session

from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.merkle import Frontier, Node
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditPending
from govcloud.audit.tree import load_frontier
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import UnitOfWork

COMMAND = "govcloud:audit:seal"
BATCH = 1_000
#: Where all that waits is to be sequenced, fewer and larger batches find less of what was taken before them still lying in the queue.
MANY = 5_000
CHECKPOINT_EVERY = timedelta(seconds=1)
# Whole columns as arrays: one statement of one shape however many rows, where a thousand rows of values are planned each time.
_INSERT_SEQUENCE = text(
    "INSERT INTO audit_sequence (seq, event_id, leaf_hash)"
    " SELECT * FROM unnest(CAST(:numbers AS bigint[]), CAST(:ids AS uuid[]), CAST(:leaves AS bytea[]))"
)
_INSERT_NODES = text(
    "INSERT INTO audit_node (level, position, hash)"
    " SELECT * FROM unnest(CAST(:levels AS smallint[]), CAST(:positions AS bigint[]), CAST(:hashes AS bytea[]))"
)
# The triggers of the record keep their plans for as long as a connection lives. Planned while the record is small they would walk
# through all of it, and go on so while an import makes it large: every event would cost as much as there are.
_HOLD = text("SELECT pg_try_advisory_xact_lock(hashtext('govcloud audit sequencer')) FROM set_config('enable_seqscan', 'off', true) AS off")
_DELETE_PENDING = text("DELETE FROM audit_pending WHERE position = ANY(CAST(:positions AS bigint[]))")


@dataclass(frozen=True)
class Sealed:
    """What one run did: events sequenced, the size of the tree now, and the checkpoint if one was written."""

    events: int
    size: int
    checkpoint: Checkpoint | None


class Sequencer:
    """Runs the sequence on; several processes may try, one succeeds at a time."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Take the unit of work."""
        self._uow = uow

    def run_once(self, actor: Actor, *, checkpoint_now: bool = False, most: int | None = None) -> Sealed | None:
        """Sequence up to ``most`` (a thousand) waiting events in one transaction; ``None``: another sequencer is at work.

        A checkpoint is written when the last one is a second old or a full batch was taken, or at once for ``checkpoint_now``.

        Raises:
            Denied: the actor may not seal the record.
        """
        with self._uow.begin(actor, COMMAND) as tx:
            if not tx.session.scalar(_HOLD):
                return None
            # The lock comes in a statement of its own: the next one sees all that its former holder committed.
            frontier = load_frontier(tx.session)
            most = BATCH if most is None else most
            taken = _take(tx.session, most)
            nodes = _sequence(tx.session, frontier, taken)
            if nodes:
                columns = {
                    "levels": [node.level for node in nodes],
                    "positions": [node.position for node in nodes],
                    "hashes": [node.hash for node in nodes],
                }
                tx.session.execute(_INSERT_NODES, columns)
            checkpoint = None
            if frontier.size and (checkpoint_now or len(taken) == most or _checkpoint_is_old(tx.session, tx.now)):
                checkpoint = _write_checkpoint(tx.session, frontier, tx.now)
            return Sealed(len(taken), frontier.size, checkpoint)

    def run_until_empty(self, actor: Actor) -> Sealed | None:
        """Sequence all that waits and write a checkpoint; ``None``: another sequencer is at work."""
        events = 0
        while True:
            run = self.run_once(actor, checkpoint_now=True, most=MANY)
            if run is None:
                return None
            events += run.events
            if run.events < MANY:
                return Sealed(events, run.size, run.checkpoint)


def _take(session: Session, most: int) -> list[tuple[UUID, bytes]]:
    """Return id and leaf hash of the events that waited longest, and take them from the queue."""
    # The hash is looked up for each: joined, the server may walk through the whole record to find some thousands.
    leaf = select(AuditEvent.leaf_hash).where(AuditEvent.id == AuditPending.event_id).scalar_subquery()
    waiting = select(AuditPending.position, AuditPending.event_id, leaf.label("leaf_hash")).order_by(AuditPending.position)
    rows = session.execute(waiting.limit(most)).all()
    if rows:
        session.execute(_DELETE_PENDING, {"positions": [row.position for row in rows]})
    return [(row.event_id, row.leaf_hash) for row in rows]


def _sequence(session: Session, frontier: Frontier, taken: list[tuple[UUID, bytes]]) -> list[Node]:
    """Write the next numbers for ``taken`` and return the nodes that they complete."""
    if not taken:
        return []
    numbered = enumerate(taken, start=frontier.size)
    numbers, places = zip(*numbered, strict=True)
    columns = {"numbers": list(numbers), "ids": [event_id for event_id, _ in places], "leaves": [leaf for _, leaf in places]}
    session.execute(_INSERT_SEQUENCE, columns)
    return [node for _, leaf in taken for node in frontier.append(leaf)]


def _checkpoint_is_old(session: Session, now: datetime) -> bool:
    """Say whether the last checkpoint is a second old, or none was written yet."""
    last = session.scalar(select(AuditCheckpoint.at).order_by(AuditCheckpoint.size.desc()).limit(1))
    return last is None or now - last >= CHECKPOINT_EVERY


def _write_checkpoint(session: Session, frontier: Frontier, now: datetime) -> Checkpoint:
    """Write the checkpoint of the tree as it stands, unless it stands already."""
    checkpoint = Checkpoint(frontier.size, frontier.root())
    if session.get(AuditCheckpoint, frontier.size) is None:
        session.execute(insert(AuditCheckpoint), {"size": checkpoint.size, "root": checkpoint.root, "at": now})
    return checkpoint
