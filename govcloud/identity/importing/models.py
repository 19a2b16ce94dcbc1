"""The tables of imports: runs with their progress, sealed uploads, findings, and which source keeps which person."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, CheckConstraint, ForeignKey, Index

from govcloud.kernel.database import Base, Mapped, mapped_column


class ImportRun(Base):
    """One import of one file; ``lines_done`` is where it goes on when it was interrupted.

    ``actor`` is whoever confirmed it, under the appointment of that moment: what a job does for them, it does with their rights.
    """

    __tablename__ = "import_run"
    __table_args__ = (
        CheckConstraint("state IN ('uploaded', 'checking', 'checked', 'queued', 'running', 'done', 'failed', 'discarded')", name="state"),
        CheckConstraint("kind IN ('csv', 'xlsx', 'json')", name="kind"),
        CheckConstraint("mode IN ('import', 'sync')", name="mode"),
        CheckConstraint("lines_done >= 0", name="lines_done"),
        Index("ix_import_run_sha256", "sha256", "created_at"),
        Index("ix_import_run_waiting", "created_at", postgresql_where="state IN ('uploaded', 'checking', 'queued', 'running')"),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    mode: Mapped[str]
    sha256: Mapped[str]
    size: Mapped[int] = mapped_column(BigInteger)
    department_id: Mapped[UUID | None] = mapped_column(ForeignKey("department.id"))
    state: Mapped[str]
    lines_done: Mapped[int] = mapped_column(default=0)
    lines_total: Mapped[int | None]
    summary: Mapped[dict[str, Any]]
    allow_vanish: Mapped[float]
    error: Mapped[dict[str, Any] | None]
    actor: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


class ImportChunk(Base):
    """A piece of an uploaded file, sealed: it holds ID numbers. It goes when the run is over."""

    __tablename__ = "import_chunk"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    sealed: Mapped[bytes]


class ImportFinding(Base):
    """What is wrong with one field of one line: the sentence as a template with its values, so that it can be translated."""

    __tablename__ = "import_finding"

    run_id: Mapped[UUID] = mapped_column(ForeignKey("import_run.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    line: Mapped[int]
    field: Mapped[str]
    value: Mapped[str]
    template: Mapped[str]
    values: Mapped[dict[str, Any]]


class ImportMember(Base):
    """That a person was last seen in a source, and in which run: who vanishes from a complete list is found by it."""

    __tablename__ = "import_member"

    official_id: Mapped[UUID] = mapped_column(ForeignKey("official.id"), primary_key=True)
    source: Mapped[str]
    run_id: Mapped[UUID]
