"""The tables of the audit record: events, the personal values beside them, their sequence, the Merkle tree, checkpoints.

Rows are only ever added. ``protection.py`` holds what the first migration must run beside creating these tables: triggers
that refuse UPDATE, DELETE and TRUNCATE to everybody, the owner included, and the rights of the application's role.
``audit_pending`` is no part of the record: it is the queue from which the sequencer takes committed events.
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Identity, Index, SmallInteger, UniqueConstraint

from govcloud.kernel.database import Base, Mapped, mapped_column


class AuditEvent(Base):
    """One event, written in the transaction of its command.

    ``canonical`` (RFC 8785) is the record; the columns beside it repeat parts of it so that it can be searched, and
    verification compares them. ``prev_leaf`` is the leaf hash of the event before it in the same ``chain``.
    """

    __tablename__ = "audit_event"
    __table_args__ = (
        CheckConstraint("length(leaf_hash) = 32", name="leaf_hash"),
        CheckConstraint("(chain IS NULL) = (chain_position IS NULL)", name="chain"),
        CheckConstraint("(prev_leaf IS NOT NULL) = (chain_position IS NOT NULL AND chain_position > 1)", name="prev_leaf"),
        # The unique index also keeps a chain from forking, whatever the lock of the recorder does.
        UniqueConstraint("chain", "chain_position"),
        Index("ix_audit_event_at", "at", "id"),
        Index("ix_audit_event_subject", "subject", "at", "id"),
        # When a person or department last changed, among thousands of sign-ins (changes.py).
        Index("ix_audit_event_identity", "subject", "at", "id", postgresql_where="name LIKE 'identity:%'"),
        Index("ix_audit_event_actor", "actor_id", "actor_kind", "at", "id"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime]
    name: Mapped[str]
    actor_kind: Mapped[str]
    actor_id: Mapped[str]
    subject: Mapped[str]
    chain: Mapped[str | None]
    chain_position: Mapped[int | None]
    prev_leaf: Mapped[bytes | None]
    canonical: Mapped[bytes]
    leaf_hash: Mapped[bytes]


class AuditPersonal(Base):
    """A personal value of an event: the canonical bytes hold only ``SHA-256(salt || value)``, so erasing the row keeps proofs.

    ``value`` is the RFC 8785 form of the value.
    """

    __tablename__ = "audit_personal"
    __table_args__ = (CheckConstraint("length(salt) = 32", name="salt"),)

    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_event.id"), primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    salt: Mapped[bytes]
    value: Mapped[str]


class AuditPending(Base):
    """An event that waits for its place in the sequence; the sequencer deletes the row in the transaction that gives it one."""

    __tablename__ = "audit_pending"

    position: Mapped[int] = mapped_column(BigInteger, Identity(always=True), primary_key=True)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_event.id"), unique=True)


class AuditSequence(Base):
    """The place of an event in the tree: leaves are numbered 0, 1, 2 … without a gap."""

    __tablename__ = "audit_sequence"
    __table_args__ = (CheckConstraint("seq >= 0", name="seq"),)

    seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    event_id: Mapped[UUID] = mapped_column(ForeignKey("audit_event.id"), unique=True)
    leaf_hash: Mapped[bytes]


class AuditNode(Base):
    """The hash of a perfect subtree of height ``level`` (1 or more) over the leaves from ``position * 2**level`` on."""

    __tablename__ = "audit_node"
    __table_args__ = (CheckConstraint("level >= 1 AND position >= 0", name="place"),)

    level: Mapped[int] = mapped_column(SmallInteger, primary_key=True, autoincrement=False)
    position: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    hash: Mapped[bytes]


class AuditCheckpoint(Base):
    """The root of the tree over the first ``size`` events."""

    __tablename__ = "audit_checkpoint"
    __table_args__ = (CheckConstraint("size > 0", name="size"),)

    size: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    root: Mapped[bytes]
    at: Mapped[datetime]
