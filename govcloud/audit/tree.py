"""The stored Merkle tree: its size, its nodes, and the right edge on which it grows."""

from __future__ import annotations

from sqlalchemy import func, select, tuple_
from sqlalchemy.orm import Session

from govcloud.audit import merkle
from govcloud.audit.merkle import Frontier
from govcloud.audit.models import AuditNode, AuditSequence

_AT_ONCE = 5_000
"""Nodes asked for in one statement; PostgreSQL takes 65,535 values."""


def tree_size(session: Session) -> int:
    """Return how many events have their place."""
    last = session.scalar(select(func.max(AuditSequence.seq)))
    return 0 if last is None else last + 1


def load_nodes(session: Session, wanted: set[tuple[int, int]]) -> dict[tuple[int, int], bytes]:
    """Return the stored hashes of ``wanted`` perfect subtrees; level 0 comes from the sequence. Missing ones are left out."""
    leaves = sorted(position for level, position in wanted if level == 0)
    inner = sorted(place for place in wanted if place[0] > 0)
    found: dict[tuple[int, int], bytes] = {}
    for start in range(0, len(leaves), _AT_ONCE):
        sequence = AuditSequence.seq.in_(leaves[start : start + _AT_ONCE])
        rows = session.execute(select(AuditSequence.seq, AuditSequence.leaf_hash).where(sequence))
        found |= {(0, row.seq): row.leaf_hash for row in rows}
    for start in range(0, len(inner), _AT_ONCE):
        place = tuple_(AuditNode.level, AuditNode.position).in_(inner[start : start + _AT_ONCE])
        nodes = session.execute(select(AuditNode.level, AuditNode.position, AuditNode.hash).where(place))
        found |= {(row.level, row.position): row.hash for row in nodes}
    return found


def load_frontier(session: Session, size: int | None = None) -> Frontier:
    """Return the right edge of the tree (of its first ``size`` events), from at most ``log2(size)`` stored hashes.

    Raises:
        KeyError: a stored hash is missing: the record was damaged.
    """
    size = tree_size(session) if size is None else size
    places = list(merkle.perfect_subtrees(0, size))
    stored = load_nodes(session, set(places))
    return Frontier(size, [stored[place] for place in places])
