"""The runs of imports as rows: opened, moved on with each command, resumed, finished; and uploads kept sealed until then."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, cast
from uuid import UUID

from sqlalchemy import ColumnElement, Table, insert, or_, select, update
from sqlalchemy.orm import Session

from govcloud.identity.importing.models import ImportChunk, ImportFinding, ImportRun
from govcloud.identity.importing.report import Finding, Summary
from govcloud.identity.importing.sources import Source
from govcloud.kernel.actor import Actor, ActorKind
from govcloud.kernel.errors import Conflict, GovcloudError, NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.pieces import Pieces
from govcloud.kernel.unit_of_work import Transaction

#: A run whose last sign of life is older was interrupted.
STALE = timedelta(minutes=2)
#: An upload that nobody confirmed is personal data without a purpose.
KEEP_UPLOADS = timedelta(days=1)
MOVED_ON = "import_moved_on"
_PAGE = 50
_MISSING = "missing"
_PIECES = Pieces(cast("Table", ImportChunk.__table__), "run_id")


@dataclass(frozen=True)
class Order:
    """How to import: which source keeps the people, within which department, whether the list is complete.

    ``allow_vanish`` is the share (in percent) of the source's people who may be gone from a complete list.
    """

    source: str
    department_id: UUID | None = None
    complete: bool = False
    allow_vanish: float = 2.0

    @property
    def mode(self) -> str:
        """Return how the run is called in the table."""
        return "sync" if self.complete else "import"


@dataclass(frozen=True)
class RunView:
    """An import as pages show it; ``missing`` are the first of those whom a checked complete list would disable."""

    id: UUID
    source: str
    name: str
    kind: str
    mode: str
    sha256: str
    size: int
    department_id: UUID | None
    state: str
    lines_done: int
    lines_total: int | None
    summary: Summary
    allow_vanish: float
    error: tuple[Message, ...]
    actor: Actor
    created_at: datetime
    updated_at: datetime
    finished_at: datetime | None
    missing: tuple[UUID, ...] = ()

    @property
    def percent(self) -> int:
        """Return how much of the file is done, as far as its length is known."""
        return min(100, self.lines_done * 100 // self.lines_total) if self.lines_total else 0

    @property
    def order(self) -> Order:
        """Return how it was asked for."""
        return Order(self.source, self.department_id, self.mode == "sync", self.allow_vanish)


def open_run(tx: Transaction, source: Source, order: Order, state: str) -> RunView:
    """Enter a run, or take up the one of the same file and order that was interrupted."""
    same = (
        ImportRun.sha256 == source.sha256,
        ImportRun.source == order.source,
        ImportRun.mode == order.mode,
        ImportRun.department_id == order.department_id if order.department_id else ImportRun.department_id.is_(None),
    )
    if state == "running":
        row = tx.session.scalar(
            select(ImportRun).where(*same, ImportRun.state == "running").order_by(ImportRun.created_at.desc()).limit(1).with_for_update()
        )
        if row is not None:
            return run_view(row)
    row = ImportRun(
        id=new_id(),
        source=order.source,
        name=source.name[:200],
        kind=source.kind,
        mode=order.mode,
        sha256=source.sha256,
        size=source.size,
        department_id=order.department_id,
        state=state,
        lines_done=0,
        summary=Summary().stored(),
        allow_vanish=order.allow_vanish,
        error=None,
        actor=actor_row(tx.actor),
        created_at=tx.now,
        updated_at=tx.now,
        finished_at=None,
    )
    tx.session.add(row)
    tx.session.flush()
    return run_view(row)


def advance(tx: Transaction, run_id: UUID, before: int, summary: Summary, findings: Sequence[Finding]) -> None:
    """Note that another command is done, in its own transaction.

    Raises:
        Conflict: somebody else moved the run on; nothing of this command is kept.
    """
    moved = update(ImportRun).where(ImportRun.id == run_id, ImportRun.lines_done == before, ImportRun.state == "running")
    values = {"lines_done": summary.lines, "summary": summary.stored(), "updated_at": tx.now}
    if tx.session.scalar(moved.values(**values).returning(ImportRun.id)) is None:
        raise Conflict(MOVED_ON, Message("另一个进程正在执行这次导入。"), remedy=Message("请稍候，在导入记录中查看进度。"))
    keep_findings(tx.session, run_id, findings, summary.findings - len(findings))


def keep_findings(session: Session, run_id: UUID, findings: Sequence[Finding], start: int) -> None:
    """Keep findings for the pages; those beyond what a run keeps are in the file that the command line writes."""
    rows = [
        {
            "run_id": run_id,
            "number": start + index,
            "line": found.line,
            "field": found.field,
            "value": found.value,
            **found.message.stored(),
        }
        for index, found in enumerate(findings)
    ]
    if rows:
        session.execute(insert(ImportFinding), rows)


def set_state(
    tx: Transaction,
    run_id: UUID,
    state: str,
    *,
    summary: Summary | None = None,
    missing: Sequence[UUID] = (),
    error: GovcloudError | None = None,
) -> None:
    """Move a run to another state; the upload goes when nothing more will be read of it."""
    over = state in {"done", "failed", "discarded"}
    said = {"said": [part.stored() for part in (error.message, error.remedy) if part]} if error else None
    values: dict[str, Any] = {"state": state, "updated_at": tx.now, "error": said, "finished_at": tx.now if over else None}
    if summary is not None:
        # Whom it would disable stands beside the counts, for as long as they are those of a dry run.
        gone = {_MISSING: [str(one) for one in missing]} if missing else {}
        values |= {"summary": summary.stored() | gone, "lines_total": summary.lines}
    tx.session.execute(update(ImportRun).where(ImportRun.id == run_id).values(**values))
    if over:
        _PIECES.forget(tx.session, run_id)


def keep_upload(session: Session, keys: KeyRing, run_id: UUID, path: Path) -> None:
    """Keep a file in sealed pieces: it holds ID numbers."""
    _PIECES.keep(session, keys, run_id, path)


def restore_upload(session: Session, keys: KeyRing, run_id: UUID, path: Path) -> None:
    """Write a kept file to ``path``; raises ``Conflict`` when it is gone."""
    _PIECES.restore(session, keys, run_id, path)


class ImportQueries:
    """Reads of imports."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def run(self, run_id: UUID) -> RunView:
        """Return one run.

        Raises:
            NotFound: there is none.
        """
        row = self._read().scalar(select(ImportRun).where(ImportRun.id == run_id).execution_options(populate_existing=True))
        if row is None:
            raise NotFound.of(Message("导入记录"), run_id)
        return run_view(row)

    def runs(self, *, after: UUID | None = None, official_id: UUID | None = None, limit: int = 20) -> tuple[RunView, ...]:
        """Return a page of runs, newest first; ``official_id`` leaves only those that one person started."""
        query = select(ImportRun).order_by(ImportRun.id.desc()).limit(limit).execution_options(populate_existing=True)
        if after is not None:
            query = query.where(ImportRun.id < after)
        if official_id is not None:
            query = query.where(ImportRun.actor["official_id"].astext == str(official_id))
        return tuple(run_view(row) for row in self._read().scalars(query))

    def findings(self, run_id: UUID, *, after: int = -1, limit: int = _PAGE) -> tuple[tuple[int, Finding], ...]:
        """Return a page of a run's findings with their numbers, in the order of the lines."""
        query = (
            select(ImportFinding)
            .where(ImportFinding.run_id == run_id, ImportFinding.number > after)
            .order_by(ImportFinding.number)
            .limit(limit)
        )
        return tuple(
            (row.number, Finding(row.line, row.field, Message(row.template, **row.values), row.value))
            for row in self._read().scalars(query)
        )

    def all_findings(self, run_id: UUID) -> Iterable[Finding]:
        """Give all kept findings, page by page."""
        after = -1
        while page := self.findings(run_id, after=after, limit=1000):
            yield from (found for _, found in page)
            after = page[-1][0]


def waiting(now: datetime) -> ColumnElement[bool]:
    """Return the condition that a job may take a run up: uploaded, confirmed, or interrupted with its upload still kept."""
    stale = ImportRun.state.in_(("checking", "running")) & (ImportRun.updated_at < now - STALE)
    return or_(ImportRun.state.in_(("uploaded", "queued")), stale) & kept()


def forgotten(now: datetime) -> ColumnElement[bool]:
    """Return the condition that an upload was checked and nobody confirmed it in time."""
    return (ImportRun.state == "checked") & (ImportRun.updated_at < now - KEEP_UPLOADS) & kept()


def kept() -> ColumnElement[bool]:
    """Return the condition that a run's upload is still there."""
    return select(ImportChunk.run_id).where(ImportChunk.run_id == ImportRun.id, ImportChunk.position == 0).exists()


def run_view(row: ImportRun) -> RunView:
    """Translate one row."""
    return RunView(
        id=row.id,
        source=row.source,
        name=row.name,
        kind=row.kind,
        mode=row.mode,
        sha256=row.sha256,
        size=row.size,
        department_id=row.department_id,
        state=row.state,
        lines_done=row.lines_done,
        lines_total=row.lines_total,
        summary=Summary(**{name: count for name, count in row.summary.items() if name != _MISSING}),
        allow_vanish=row.allow_vanish,
        error=tuple(Message.of_stored(part) for part in row.error["said"]) if row.error else (),
        actor=_actor(row.actor),
        created_at=row.created_at,
        updated_at=row.updated_at,
        finished_at=row.finished_at,
        missing=tuple(UUID(one) for one in row.summary.get(_MISSING, ())),
    )


def actor_row(actor: Actor) -> dict[str, Any]:
    """Return an actor as a run keeps it."""
    return {
        "kind": actor.kind.value,
        "id": actor.id,
        "name": actor.name,
        "official_id": str(actor.official_id) if actor.official_id else None,
        "appointment_id": str(actor.appointment_id) if actor.appointment_id else None,
        "roles": list(actor.roles),
    }


def _actor(row: dict[str, Any]) -> Actor:
    """Return who started a run; session and address were of that moment."""
    official, appointment = (UUID(row[key]) if row[key] else None for key in ("official_id", "appointment_id"))
    return Actor(ActorKind(row["kind"]), row["id"], row["name"], official, appointment, roles=tuple(row["roles"]))
