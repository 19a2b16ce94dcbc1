"""The state machines of access, as tables: a line moves, a request follows its lines, a grant follows the clock.

Nothing here reads a database or a clock; callers hand in the facts.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from govcloud.kernel.moves import moves


class LineState(StrEnum):
    """Where one line of a request stands; stored."""

    PENDING = "pending"
    RETURNED = "returned"
    BLOCKED_SOD = "blocked_sod"
    APPROVED = "approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class Mode(StrEnum):
    """When what is approved of a request opens: each line at once, or all lines together once the last is approved."""

    PROGRESSIVE = "progressive"
    ATOMIC = "atomic"


class RequestState(StrEnum):
    """Where a whole request stands; derived from its lines, never stored."""

    PENDING = "pending"
    PARTLY_DECIDED = "partly_decided"
    APPROVED = "approved"
    PARTLY_APPROVED = "partly_approved"
    REJECTED = "rejected"
    WITHDRAWN = "withdrawn"
    LAPSED = "lapsed"


class GrantState(StrEnum):
    """Where a grant stands; only the facts are stored, the state is computed from the clock."""

    SCHEDULED = "scheduled"
    ACTIVE = "active"
    SUSPENDED = "suspended"
    EXPIRED = "expired"
    CLOSED = "closed"


class Role(StrEnum):
    """In which part somebody moves a line."""

    REQUESTER = "requester"
    APPROVER = "approver"
    SYSTEM = "system"


class IllegalMove(ValueError):
    """The line cannot be moved that way from where it stands."""

    def __init__(self, move: str, state: LineState) -> None:
        """Name the move and the state."""
        super().__init__(f"a line that is {state} cannot {move}")
        self.move = move
        self.state = state


@dataclass(frozen=True)
class Move:
    """One allowed transition: its name, from which states, to which, and in which part."""

    name: str
    sources: frozenset[LineState]
    target: LineState
    by: Role


RELINQUISHED = "relinquished"
"""The close reason of a grant that its holder gave back; that of a revoked one is the text that was given."""
WAITING = frozenset({LineState.PENDING})
"""A line in one of these states waits for an approver: it stands in an inbox, and its clock runs."""
RETURNED = frozenset({LineState.RETURNED})
BLOCKED = frozenset({LineState.BLOCKED_SOD})
HELD = frozenset({LineState.APPROVED})
OPEN = WAITING | RETURNED | BLOCKED
"""A line in one of these states still waits for somebody; a person has at most one open line per item."""

PROGRESSIVE, ATOMIC = "progressive", "atomic"
"""The modes of a request: each line opens by itself, or all that were not withdrawn together."""

LINE = moves(
    Move("approve", WAITING, LineState.APPROVED, by=Role.APPROVER),
    Move("reject", WAITING, LineState.REJECTED, by=Role.APPROVER),
    Move("return", WAITING, LineState.RETURNED, by=Role.APPROVER),
    Move("resubmit", RETURNED, LineState.PENDING, by=Role.REQUESTER),
    Move("resubmit_blocked", RETURNED, LineState.BLOCKED_SOD, by=Role.REQUESTER),
    Move("withdraw", OPEN, LineState.WITHDRAWN, by=Role.REQUESTER),
    Move("lapse", OPEN, LineState.LAPSED, by=Role.SYSTEM),
    Move("unblock", BLOCKED, LineState.PENDING, by=Role.SYSTEM),
    # Only while it is held back for the others of its request (``deciding/retracting.py``): what has been opened is revoked.
    Move("retract", HELD, LineState.REJECTED, by=Role.APPROVER),
)


def advance(move: str, state: LineState) -> LineState:
    """Return the state that ``move`` leads to from ``state``.

    Raises:
        IllegalMove: the table has no such move from there.
    """
    known = LINE.get(move)
    if known is None or state not in known.sources:
        raise IllegalMove(move, state)
    return known.target


def allowed_moves(state: LineState, by: Role) -> tuple[str, ...]:
    """Return the names of the moves that somebody in the part ``by`` may make from ``state``, in the table's order."""
    return tuple(move.name for move in LINE.values() if state in move.sources and move.by is by)


def request_state(lines: Iterable[LineState]) -> RequestState:
    """Return the state of a request whose lines stand at ``lines``.

    While a line waits the request is pending, or partly decided once an approver has answered another one. When none waits,
    it is approved if all lines that were not withdrawn are, partly approved if some are, else it takes the weightiest of
    what is left: rejected, then lapsed, then withdrawn.

    Raises:
        ValueError: there is no line.
    """
    states = list(lines)
    if not states:
        raise ValueError("a request has at least one line")
    decided = [state for state in states if state in {LineState.APPROVED, LineState.REJECTED}]
    if any(state in OPEN for state in states):
        return RequestState.PARTLY_DECIDED if decided else RequestState.PENDING
    if LineState.APPROVED in states:
        asked = [state for state in states if state is not LineState.WITHDRAWN]
        return RequestState.APPROVED if all(state is LineState.APPROVED for state in asked) else RequestState.PARTLY_APPROVED
    for state, verdict in (
        (LineState.REJECTED, RequestState.REJECTED),
        (LineState.LAPSED, RequestState.LAPSED),
    ):
        if state in states:
            return verdict
    return RequestState.WITHDRAWN


def never_opens(lines: Iterable[LineState]) -> bool:
    """Return whether a request that opens as a whole will not open any more: one of its lines was refused, or lapsed."""
    return any(state in {LineState.REJECTED, LineState.LAPSED} for state in lines)


def grant_state(*, starts_at: datetime, ends_at: datetime, closed_at: datetime | None, suspended: bool, now: datetime) -> GrantState:
    """Return the state at ``now`` of a grant over ``[starts_at, ends_at)``.

    A closed grant (revoked, relinquished, …) is closed for good; then the end counts, so that a suspended grant expires too.
    """
    if closed_at is not None and closed_at <= now and closed_at < ends_at:
        return GrantState.CLOSED
    if now >= ends_at:
        return GrantState.EXPIRED
    if suspended:
        return GrantState.SUSPENDED
    return GrantState.SCHEDULED if now < starts_at else GrantState.ACTIVE
