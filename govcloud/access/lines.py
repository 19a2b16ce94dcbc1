"""Rows of request lines: read, locked, and moved by the table of the life cycle, each move on (state, version)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, CursorResult, and_, func, or_, select, update
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.lifecycle import BLOCKED, OPEN, WAITING, LineState, advance
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.tasks.standing import follow_lines, void_tasks
from govcloud.identity.extents import at_or_below
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.errors import Conflict
from govcloud.subsystems.offers.holding import hold_items


def read_line(session: Session, line_id: UUID) -> RequestLine:
    """Return a line as it stands.

    Raises:
        NotFound: there is no such line.
    """
    line = session.get(RequestLine, line_id)
    if line is None:
        raise errors.no_such_line(line_id)
    return line


def lock_line(session: Session, line_id: UUID) -> RequestLine:
    """Return a line as it stands, locked until the transaction ends; the person's lock must be held already.

    Raises:
        NotFound: there is no such line.
    """
    line = session.scalars(
        select(RequestLine).where(RequestLine.id == line_id).with_for_update().execution_options(populate_existing=True)
    ).one_or_none()
    if line is None:
        raise errors.no_such_line(line_id)
    return line


def lock_line_of_whole(session: Session, line: RequestLine) -> RequestLine:
    """Return a line as ``lock_line`` does, with the lines of its request that are held back: what becomes of it concerns them."""
    whole = (RequestLine.request_id == line.request_id, or_(RequestLine.id == line.id, RequestLine.held_days.is_not(None)))
    query = select(RequestLine).where(*whole).order_by(RequestLine.id).with_for_update()
    return next(row for row in session.scalars(query.execution_options(populate_existing=True)).all() if row.id == line.id)


def lock_line_to_open(session: Session, line: RequestLine) -> RequestLine:
    """Return a line as ``lock_line_of_whole`` does, for a command that may open it or the others of its request.

    Their items are held first. Items come before lines, so that whoever opens several lines, one after the other, waits for no item
    with a line in hand.
    """
    hold_items(session, select(RequestLine.item_id).where(RequestLine.request_id == line.request_id))
    return lock_line_of_whole(session, line)


def lock_blocked(session: Session, official_id: UUID, line_id: UUID | None = None) -> Sequence[RequestLine]:
    """Return the blocked lines of a person, whose lock must be held, or one of them, locked like those of ``lock_line_to_open``."""
    mine = [RequestLine.beneficiary_official_id == official_id, RequestLine.state.in_(BLOCKED)]
    if line_id is not None:
        mine.append(RequestLine.id == line_id)
    blocked = session.execute(select(RequestLine.id, RequestLine.request_id).where(*mine)).all()
    requests = {row.request_id for row in blocked}
    hold_items(session, select(RequestLine.item_id).where(RequestLine.request_id.in_(requests)))
    ids = {row.id for row in blocked}
    whole = (RequestLine.request_id.in_(requests), or_(RequestLine.id.in_(ids), RequestLine.held_days.is_not(None)))
    query = select(RequestLine).where(*whole).order_by(RequestLine.id).with_for_update().execution_options(populate_existing=True)
    return [line for line in session.scalars(query).all() if line.id in ids]


def lock_line_if_free(session: Session, line_id: UUID) -> RequestLine | None:
    """Return a line as it stands, locked until the transaction ends; nothing when another transaction has it, or there is none."""
    query = select(RequestLine).where(RequestLine.id == line_id).with_for_update(skip_locked=True)
    return session.scalars(query.execution_options(populate_existing=True)).one_or_none()


def decision_on(session: Session, line: RequestLine) -> Decision | None:
    """Return the decision that brought a line where it stands, if one did: the last of its round."""
    if line.state not in {LineState.APPROVED, LineState.REJECTED}:
        return None
    query = select(Decision).where(Decision.line_id == line.id, Decision.round == line.round)
    return session.scalars(query.order_by(Decision.at.desc(), Decision.id.desc()).limit(1)).one_or_none()


def approved_for(session: Session, decider_id: UUID, beneficiary_id: UUID, since: datetime) -> bool:
    """Return whether ``decider_id``, or a delegate in their right, approved anything for ``beneficiary_id`` since then.

    What a rule granted is no favour: whoever signed it did not know for whom.
    """
    return bool(approved_among(session, decider_id, [beneficiary_id], since))


def approved_among(session: Session, decider_id: UUID, beneficiaries: Collection[UUID], since: datetime) -> frozenset[UUID]:
    """Return those of ``beneficiaries`` for whom ``decider_id`` did a favour since then, as ``approved_for`` says it."""
    query = (
        select(RequestLine.beneficiary_official_id)
        .join(Decision, Decision.line_id == RequestLine.id)
        .where(_favour_of(decider_id, since), RequestLine.beneficiary_official_id.in_(beneficiaries))
    )
    return frozenset(session.scalars(query.distinct())) if beneficiaries else frozenset()


def _favour_of(decider_id: UUID, since: datetime) -> ColumnElement[bool]:
    """Return the condition that a decision is a yes of somebody's, or in their right; a rule did not know for whom it was signed."""
    theirs = or_(Decision.official_id == decider_id, Decision.principal_id == decider_id)
    return and_(theirs, Decision.rule_id.is_(None), Decision.outcome == "approved", Decision.at > since)


def why_closed(session: Session, line: RequestLine, identity: IdentityQueries) -> Conflict:
    """Return the error for whoever comes second: where the line stands now, who brought it there, and when."""
    if line.state == LineState.RETURNED:
        return errors.line_returned()
    decision = decision_on(session, line)
    if decision is None:
        return errors.line_closed(LineState(line.state), line.closed_at or line.submitted_at)
    name = identity.official_names([decision.official_id])[decision.official_id]
    return errors.decided_by_another(LineState(line.state), name, decision.at)


def move_line(session: Session, line: RequestLine, move: str, now: datetime) -> None:
    """Move a locked line, if it still stands at the state and version that were read.

    When it no longer waits for an approver, its open task is cut short (one that is blocked keeps it for later); when it waits for
    nobody, it is closed.

    Raises:
        IllegalMove: the life cycle has no such move from the line's state; callers look first.
        Conflict: the row changed although it was locked.
    """
    target = advance(move, LineState(line.state))
    statement = (
        update(RequestLine)
        .where(RequestLine.id == line.id, RequestLine.state == line.state, RequestLine.version == line.version)
        .values(state=target, version=line.version + 1, closed_at=None if target in OPEN else now)
        .execution_options(synchronize_session=False)
    )
    shown = line.version
    moved = session.execute(statement)
    if target not in WAITING | BLOCKED:
        void_tasks(session, line.id, now)
    session.refresh(line)
    if not isinstance(moved, CursorResult) or moved.rowcount != 1:
        raise errors.line_changed(shown, line.version)


def _hold_open(session: Session, which: ColumnElement[bool]) -> None:
    """Hold those of the lines of ``which`` that others may hold as well, in the order of their ids, before all of them are changed.

    An UPDATE alone takes rows as it finds them, and so might wait in a circle with somebody who decides on several lines of a request.
    """
    alive = or_(RequestLine.state.in_(OPEN), RequestLine.held_days.is_not(None))
    session.execute(select(RequestLine.id).where(which, alive).order_by(RequestLine.id).with_for_update()).all()


def change_owner(session: Session, department_id: UUID, successor_id: UUID) -> None:
    """Let the lines of a department be its successor's."""
    _hold_open(session, RequestLine.owner_department_id == department_id)
    mine = update(RequestLine).where(RequestLine.owner_department_id == department_id)
    session.execute(mine.values(owner_department_id=successor_id).execution_options(synchronize_session=False))


def change_owner_of(session: Session, subsystem_code: str, department_id: UUID, successor_id: UUID, path: str) -> None:
    """Let the lines of one subsystem that were a department's be another's, which lies at ``path``.

    Closed lines go along: who answers for the subsystem may revoke what came of them.
    """
    which = (RequestLine.subsystem_code == subsystem_code) & (RequestLine.owner_department_id == department_id)
    _hold_open(session, which)
    mine = update(RequestLine).where(which)
    values = {"owner_department_id": successor_id, "owner_path": path}
    session.execute(mine.values(values).execution_options(synchronize_session=False))
    follow_lines(session, (RequestLine.subsystem_code == subsystem_code) & (RequestLine.owner_department_id == successor_id))


def change_owner_of_item(session: Session, item_id: UUID, department_id: UUID, path: str) -> int:
    """Let the open lines of an item be the department's that owns it now and lies at ``path``; return how many.

    What was closed stays with whoever decided it.
    """
    _hold_open(session, RequestLine.item_id == item_id)
    mine = update(RequestLine).where(RequestLine.item_id == item_id, RequestLine.state.in_(OPEN))
    values = {"owner_department_id": department_id, "owner_path": path}
    moved = session.execute(mine.values(values).execution_options(synchronize_session=False))
    follow_lines(session, RequestLine.item_id == item_id)
    return moved.rowcount if isinstance(moved, CursorResult) else 0


def carry_appointments(session: Session, appointments: Mapping[UUID, UUID]) -> None:
    """Let requests that still wait be made under the appointments that go on with those they were made under."""
    waiting = select(RequestLine.request_id).where(RequestLine.state.in_(OPEN))
    for name in ("requester_appointment_id", "beneficiary_appointment_id"):
        column = getattr(AccessRequest, name)
        found = select(AccessRequest.id, column.label("held")).where(column.in_(appointments), AccessRequest.id.in_(waiting))
        rows = session.execute(found.order_by(AccessRequest.id).with_for_update()).all()
        for old in {row.held for row in rows}:
            mine = update(AccessRequest).where(AccessRequest.id.in_([row.id for row in rows if row.held == old]))
            session.execute(mine.values({name: appointments[old]}).execution_options(synchronize_session=False))


def open_lines_within(session: Session, paths: Sequence[str], limit: int) -> tuple[int, tuple[str, ...]]:
    """Return how many lines wait for departments at or below ``paths``, and the numbers of the first requests."""
    within = at_or_below(RequestLine.owner_path, paths)
    query = select(AccessRequest.number).join(RequestLine, RequestLine.request_id == AccessRequest.id)
    query = query.where(RequestLine.state.in_(OPEN), within)
    names = session.scalars(query.order_by(AccessRequest.number).limit(limit)).all()
    return session.scalar(select(func.count()).select_from(query.subquery())) or 0, tuple(names)


def open_lines_of(session: Session, functions: Iterable[str]) -> int:
    """Return how many lines wait for an answer about these functions."""
    query = select(func.count()).select_from(RequestLine).where(RequestLine.state.in_(OPEN), RequestLine.function.in_(set(functions)))
    return session.scalar(query) or 0


def open_lines_naming(session: Session, matter_id: UUID) -> int:
    """Return how many lines wait for an answer of requests that name this matter."""
    named = select(AccessRequest.id).where(AccessRequest.matter_id == matter_id)
    query = select(func.count()).select_from(RequestLine).where(RequestLine.state.in_(OPEN), RequestLine.request_id.in_(named))
    return session.scalar(query) or 0


def follow_department(session: Session, old_path: str, new_path: str) -> int:
    """Put every line of a department that moved, and of those below it, under the new path; return how many there were.

    Closed lines follow too: who answers for a department now also sees what it decided and may revoke what came of it.
    """
    _hold_open(session, at_or_below(RequestLine.owner_path, [old_path]))
    statement = (
        update(RequestLine)
        .where(at_or_below(RequestLine.owner_path, [old_path]))
        .values(owner_path=func.concat(new_path, func.substr(RequestLine.owner_path, len(old_path) + 1)))
        .execution_options(synchronize_session=False)
    )
    moved = session.execute(statement)
    follow_lines(session, at_or_below(RequestLine.owner_path, [new_path]))
    return moved.rowcount if isinstance(moved, CursorResult) else 0
