"""Rows of tasks and the decisions on them: read, and closed, under the lock of the line."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, case, func, select, update
from sqlalchemy.orm import InstrumentedAttribute, Session

from govcloud.access import errors
from govcloud.access.facts import Wanted
from govcloud.access.models import Decision, RequestLine
from govcloud.access.tasks.models import OPEN_TASK, DecisionTask
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.extents import at_or_below
from govcloud.subsystems.approval import SUPERIOR

CLAIM_LASTS = timedelta(hours=8)
"""How long a claim keeps others from deciding; then it is forgotten, so that nothing waits for somebody who went home."""


def open_task(session: Session, line_id: UUID) -> DecisionTask | None:
    """Return the task that a line waits for now; the line's lock makes the answer last."""
    query = select(DecisionTask).where(DecisionTask.line_id == line_id, DecisionTask.state == OPEN_TASK)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def open_tasks_of(session: Session, line_ids: Iterable[UUID]) -> dict[UUID, DecisionTask]:
    """Return the tasks that lines wait for now, by line."""
    query = select(DecisionTask).where(DecisionTask.line_id.in_(list(line_ids)), DecisionTask.state == OPEN_TASK)
    return {task.line_id: task for task in session.scalars(query)}


def decisions_of_round(session: Session, line: RequestLine) -> Sequence[Decision]:
    """Return what was decided on a line since it was last put up for decision, the oldest first."""
    query = select(Decision).where(Decision.line_id == line.id, Decision.round == line.round)
    return session.scalars(query.order_by(Decision.at, Decision.id)).all()


def spent_in(decisions: Iterable[Decision]) -> frozenset[UUID]:
    """Return everybody who has had a part in these decisions: who made one, and in whose right."""
    return frozenset(person for row in decisions for person in (row.official_id, row.principal_id))


def close_task(session: Session, task: DecisionTask, state: str, now: datetime) -> None:
    """Let nobody decide on a task any more: it is ``done``, or ``void``."""
    task.state, task.closed_at = state, now
    session.flush()


def void_tasks(session: Session, line_id: UUID, now: datetime) -> None:
    """Cut short what a line waits for, if it waits for anything."""
    open_ = update(DecisionTask).where(DecisionTask.line_id == line_id, DecisionTask.state == OPEN_TASK)
    session.execute(open_.values(state="void", closed_at=now).execution_options(synchronize_session="fetch"))


def claimant(task: DecisionTask, now: datetime) -> UUID | None:
    """Return who holds a task now."""
    return task.claimed_by if task.claimed_at is not None and task.claimed_at + CLAIM_LASTS > now else None


def unit_agreed(task: DecisionTask, decisions: Iterable[Decision], unit: UUID | None) -> bool:
    """Return whether two departments have to agree and the department ``unit`` has: another yes of theirs counts for nothing."""
    return task.distinct_units and any(row.task_id == task.id and row.department_id == unit for row in decisions)


def approved_extent(approvals: Iterable[Decision]) -> Wanted:
    """Return what several people approved together: the rows that all of them allow, for the shortest of their terms.

    Raises:
        Conflict: they have no row in common, so that together they would approve nothing.
        ValueError: nobody approved anything.
    """
    extents = [Wanted(Scope.from_json(row.approved_scope), row.approved_days or 0) for row in approvals if row.outcome == "approved"]
    if not extents:
        raise ValueError("nobody approved anything")
    scope = extents[0].scope
    for extent in extents[1:]:
        scope = scope.intersect(extent.scope)
    if not scope.alternatives:
        raise errors.nothing_in_common()
    return Wanted(scope, min(extent.days for extent in extents))


def waiting_paths(session: Session, paths: Collection[str], path: InstrumentedAttribute[str]) -> Sequence[str]:
    """Return at which departments lines that belong at or below ``paths`` wait for somebody, by one of the paths of their tasks."""
    query = select(path).where(DecisionTask.state == OPEN_TASK, at_or_below(DecisionTask.path, list(paths)))
    return session.scalars(query.distinct()).all() if paths else ()


def follow_lines(session: Session, which: ColumnElement[bool]) -> None:
    """Let what lines wait for stand where their owners stand now, after the lines of ``which`` went to another owner or place."""
    parent = func.nullif(func.regexp_replace(RequestLine.owner_path, "[^/]+/$", ""), "/")
    path = case((DecisionTask.kind == SUPERIOR, func.coalesce(parent, RequestLine.owner_path)), else_=RequestLine.owner_path)
    waiting = (DecisionTask.line_id == RequestLine.id, DecisionTask.state == OPEN_TASK)
    # Nobody holds on to a line that is another department's by now.
    values = {"path": path, "asked_path": path, "claimed_by": None, "claimed_at": None}
    session.execute(update(DecisionTask).where(*waiting, which).values(values).execution_options(synchronize_session=False))
