"""Verification of the record in the database, from the stored bytes up: leaves, sequence, tree, checkpoints, chains.

It only reads, so it runs as well on a restored backup or a standby. What it cannot show is written in docs/audit.md: whoever
rewrites all of it consistently is found only by a checkpoint that was kept elsewhere, which ``since`` takes in.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, Select, and_, func, or_, select
from sqlalchemy.orm import Session

from govcloud.audit.canonical import PersonalValue
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.findings import Finding, Kind, Report, StoredEvent, check_event
from govcloud.audit.merkle import Frontier, Node
from govcloud.audit.models import AuditCheckpoint, AuditEvent, AuditNode, AuditPending, AuditPersonal, AuditSequence
from govcloud.audit.protection import broken_guards
from govcloud.audit.times import Times
from govcloud.audit.tree import load_frontier, tree_size

PAGE = 2_000
SEALED_WITHIN = timedelta(minutes=5)
"""An event older than this that waits for its place, or for a checkpoint over it, is a finding; the sequencer needs a second, a
long command more."""

_EVENT_COLUMNS = tuple(getattr(AuditEvent, item.name) for item in fields(StoredEvent))
_PERSONAL = select(AuditPersonal.event_id, AuditPersonal.field, AuditPersonal.salt, AuditPersonal.value)


class Verifier:
    """One verification of one database."""

    def __init__(self, session: Session, now: datetime, progress: Callable[[int, int], None] | None = None) -> None:
        """Read through ``session``; ``progress`` is told how many of how many events are done."""
        self._session = session
        self._now = now
        self._progress = progress
        self._report = Report()
        self._since: Checkpoint | None = None
        self._times = Times(now, self._report)

    def run(self, since: Checkpoint | None = None, *, full: bool = False) -> Report:
        """Verify everything, or with ``since`` that the record continues that checkpoint, and what came after it.

        Args:
            since: a checkpoint kept outside this database.
            full: verify also what ``since`` covers, event by event.
        """
        self._since = since
        self._report.anchored = since is not None
        self._guards()
        size = tree_size(self._session)
        frontier = self._start(size, since, full=full)
        first = frontier.size
        end = self._walk(frontier, size)
        if end is not None:
            self._report.checkpoint = Checkpoint(end.size, end.root()) if end.size else None
            self._beyond_the_tree()
        self._not_covered(size)
        self._not_sequenced()
        self._chains(first)
        return self._report

    def _guards(self) -> None:
        """Find triggers of the record that were dropped, switched off or rewritten: what happened meanwhile was unguarded."""
        for table, name in broken_guards(self._session):
            self._found(Kind.GUARD_MISSING, f"table {table}", f"the trigger {name} is gone, switched off or rewritten")

    def _start(self, size: int, since: Checkpoint | None, *, full: bool) -> Frontier:
        """Return the tree to go on from: that of ``since`` as the stored nodes have it, or an empty one to check everything."""
        if since is None:
            return Frontier()
        if size < since.size:
            self._found(Kind.TRUNCATED, f"seq {size}", f"the record ends after {size} events, the checkpoint {since} covers {since.size}")
            return Frontier()
        if full:
            return Frontier()
        try:
            frontier = load_frontier(self._session, since.size)
        except KeyError as error:
            self._found(Kind.NODE_WRONG, f"node {error}", "a node under the checkpoint is missing")
            return Frontier()
        self._continues(frontier)
        return frontier

    def _continues(self, frontier: Frontier) -> None:
        """Compare the tree with the checkpoint that was kept elsewhere, once it has its size."""
        if self._since is not None and frontier.size == self._since.size and frontier.root() != self._since.root:
            detail = f"the root of the first {frontier.size} events is {frontier.root().hex()}, the checkpoint has {self._since.root.hex()}"
            self._found(Kind.HISTORY_REWRITTEN, f"seq 0–{frontier.size - 1}", detail)

    def _walk(self, start: Frontier, size: int) -> Frontier | None:
        """Check the events after ``start`` and grow the tree over them; ``None``: a gap leaves it without a shape."""
        frontier: Frontier | None = start
        first = expected = start.size
        for page in self._pages(first, size):
            self._check_events(page)
            completed: list[Node] = []
            roots: dict[int, bytes] = {}
            wanted = self._checkpoints(page[0].seq, page[-1].seq + 1)
            for row in page:
                if row.at is not None:
                    self._times.event(row.at, f"seq {row.seq}")
                if (stored := wanted.get(row.seq + 1)) is not None:
                    self._times.checkpoint(stored.at, f"checkpoint {stored.size}")
                if row.seq != expected:
                    self._found(
                        Kind.SEQUENCE_GAP, f"seq {expected}–{row.seq - 1}", "no event has this place; the tree cannot be followed on"
                    )
                    frontier = None
                expected = row.seq + 1
                if frontier is not None:
                    completed += frontier.append(row.sequenced_leaf)
                    self._continues(frontier)
                    if frontier.size in wanted:
                        roots[frontier.size] = frontier.root()
            self._compare_nodes(completed)
            self._compare_checkpoints(wanted, roots)
            if self._progress is not None:
                self._progress(expected - first, size - first)
        return frontier

    def _pages(self, first: int, size: int) -> Iterator[Sequence[Row[Any]]]:
        """Give the sequence from ``first`` to ``size`` with its events, page by page."""
        query = (
            select(AuditSequence.seq, AuditSequence.event_id, AuditSequence.leaf_hash.label("sequenced_leaf"), *_EVENT_COLUMNS)
            .outerjoin(AuditEvent, AuditEvent.id == AuditSequence.event_id)
            .order_by(AuditSequence.seq)
            .limit(PAGE)
        )
        after = first - 1
        while page := self._session.execute(query.where(AuditSequence.seq > after, AuditSequence.seq < size)).all():
            yield page
            after = page[-1].seq

    def _check_events(self, page: Sequence[Row[Any]]) -> None:
        """Check each event of a page by itself and against its place."""
        personal = self._personal(
            _PERSONAL.join(AuditSequence, AuditSequence.event_id == AuditPersonal.event_id).where(
                AuditSequence.seq.between(page[0].seq, page[-1].seq)
            )
        )
        for row in page:
            where = f"seq {row.seq}"
            self._report.events += 1
            if row.id is None:
                self._found(Kind.EVENT_MISSING, where, f"event {row.event_id} is gone")
                continue
            event = _stored(row)
            if event.leaf_hash != row.sequenced_leaf:
                self._found(Kind.SEQUENCE_EDITED, where, f"event {event.id} has another leaf hash than its place in the sequence")
            check_event(event, personal.get(event.id, ()), where, self._report)

    def _personal(self, query: Select[*tuple[Any, ...]]) -> dict[UUID, list[PersonalValue]]:
        """Return the personal values that ``query`` selects, by event."""
        found: dict[UUID, list[PersonalValue]] = {}
        for event_id, field, salt, value in self._session.execute(query):
            found.setdefault(event_id, []).append(PersonalValue(field, salt, value))
        return found

    def _compare_nodes(self, completed: Sequence[Node]) -> None:
        """Compare the nodes that the leaves give with the stored ones."""
        levels: dict[int, list[Node]] = {}
        for node in completed:
            levels.setdefault(node.level, []).append(node)
        if not levels:
            return
        ranges = [
            and_(AuditNode.level == level, AuditNode.position.between(nodes[0].position, nodes[-1].position))
            for level, nodes in levels.items()
        ]
        rows = self._session.execute(select(AuditNode.level, AuditNode.position, AuditNode.hash).where(or_(*ranges)))
        stored = {(row.level, row.position): row.hash for row in rows}
        for node in completed:
            if stored.get((node.level, node.position)) != node.hash:
                place = f"seq {node.position << node.level}–{(node.position + 1 << node.level) - 1}"
                what = "differs from" if (node.level, node.position) in stored else "is missing over"
                self._found(Kind.NODE_WRONG, place, f"the node at level {node.level}, position {node.position} {what} these leaves")

    def _checkpoints(self, after: int, end: int) -> dict[int, Row[int, bytes, datetime]]:
        """Return the stored checkpoints of sizes ``after + 1 … end``."""
        query = select(AuditCheckpoint.size, AuditCheckpoint.root, AuditCheckpoint.at)
        rows = self._session.execute(query.where(AuditCheckpoint.size > after, AuditCheckpoint.size <= end))
        return {row.size: row for row in rows}

    def _compare_checkpoints(self, wanted: dict[int, Row[int, bytes, datetime]], roots: dict[int, bytes]) -> None:
        for size, root in roots.items():
            self._report.checkpoints += 1
            if wanted[size].root != root:
                detail = f"the stored root is {wanted[size].root.hex()}, the first {size} events give {root.hex()}"
                self._found(Kind.CHECKPOINT_WRONG, f"checkpoint {size}", detail)

    def _beyond_the_tree(self) -> None:
        """Find checkpoints and nodes over events that are gone: the newest part was cut off, or nodes were added."""
        beyond = self._session.scalar(select(func.max(AuditCheckpoint.size))) or 0
        nodes = self._session.execute(select(AuditNode.level, func.count().label("count")).group_by(AuditNode.level)).all()
        # Read last: the sequencer works on meanwhile, and what it adds comes with its events.
        size = tree_size(self._session)
        if beyond > size:
            self._found(Kind.TRUNCATED, f"seq {size}", f"the record ends after {size} events, a stored checkpoint covers {beyond}")
        for row in nodes:
            surplus = row.count - (size >> row.level)
            if surplus > 0:
                self._found(Kind.TRUNCATED, f"seq {size}", f"{surplus} nodes at level {row.level} stand over events that are gone")

    def _not_covered(self, size: int) -> None:
        """Find the newest checkpoints taken away: the first run of the sequencer writes one, and no event waits long for the next."""
        covered = self._session.scalar(select(func.max(AuditCheckpoint.size)))
        if size and covered is None:
            self._found(Kind.CHECKPOINT_MISSING, f"seq 0–{size - 1}", "there is no checkpoint at all")
            return
        # Only the newest events can be uncovered; the very next one has waited longest.
        query = select(AuditEvent.at).join(AuditSequence, AuditSequence.event_id == AuditEvent.id)
        first = self._session.scalar(query.where(AuditSequence.seq == covered))
        if first is not None and first < self._now - SEALED_WITHIN:
            detail = f"the event at seq {covered}, recorded at {first.isoformat()}, and those after it are under no checkpoint"
            self._found(Kind.CHECKPOINT_MISSING, f"seq {covered}–{size - 1}", detail)

    def _not_sequenced(self) -> None:
        """Check the events without a place: one that waits too long, or does not even wait, was kept from it or added behind its back."""
        query = (
            # One statement, so that an event is not seen in neither place while it moves from one to the other.
            select(AuditPending.position.label("waits"), *_EVENT_COLUMNS)
            .outerjoin(AuditSequence, AuditSequence.event_id == AuditEvent.id)
            .outerjoin(AuditPending, AuditPending.event_id == AuditEvent.id)
            .where(AuditSequence.seq.is_(None))
            .order_by(AuditEvent.at)
        )
        for page in self._session.execute(query.execution_options(yield_per=PAGE)).partitions():
            personal = self._personal(_PERSONAL.where(AuditPersonal.event_id.in_([row.id for row in page])))
            for row in page:
                event = _stored(row)
                self._report.waiting += 1
                where = f"event {event.id}"
                if row.waits is None:
                    self._found(Kind.NOT_SEQUENCED, where, f"recorded at {event.at.isoformat()}, has no place and does not wait for one")
                elif event.at < self._now - SEALED_WITHIN:
                    self._found(Kind.NOT_SEQUENCED, where, f"recorded at {event.at.isoformat()} and still without a place in the sequence")
                self._times.waiting(event.at, where)
                check_event(event, personal.get(event.id, ()), where, self._report)

    def _chains(self, first: int) -> None:
        """Check that the events of a request follow one another without a gap, each naming the leaf of the one before."""
        touched = select(AuditEvent.chain).outerjoin(AuditSequence, AuditSequence.event_id == AuditEvent.id)
        touched = touched.where(AuditEvent.chain.is_not(None), or_(AuditSequence.seq >= first, AuditSequence.seq.is_(None)))
        position_before = func.lag(AuditEvent.chain_position).over(partition_by=AuditEvent.chain, order_by=AuditEvent.chain_position)
        leaf_before = func.lag(AuditEvent.leaf_hash).over(partition_by=AuditEvent.chain, order_by=AuditEvent.chain_position)
        linked = select(
            AuditEvent.id,
            AuditEvent.chain,
            AuditEvent.chain_position,
            AuditEvent.prev_leaf,
            func.coalesce(position_before, 0).label("position_before"),
            leaf_before.label("leaf_before"),
        ).where(AuditEvent.chain.in_(touched) if first else AuditEvent.chain.is_not(None))
        link = linked.subquery()
        broken = or_(link.c.chain_position != link.c.position_before + 1, link.c.prev_leaf.is_distinct_from(link.c.leaf_before))
        for row in self._session.execute(select(link).where(broken).order_by(link.c.chain, link.c.chain_position)):
            detail = f"event {row.id} at position {row.chain_position} does not follow position {row.position_before}"
            self._found(Kind.CHAIN_BROKEN, f"chain {row.chain}", detail)

    def _found(self, kind: Kind, where: str, detail: str) -> None:
        self._report.add(Finding(kind, where, detail))


def _stored(row: Row[Any]) -> StoredEvent:
    """Return the event at the end of a row."""
    return StoredEvent(*row[-len(_EVENT_COLUMNS) :])
