"""The state machines of access as tables: every move from every state, what a request's state follows from, a grant's clock."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.lifecycle import (
    LINE,
    OPEN,
    GrantState,
    IllegalMove,
    LineState,
    Move,
    RequestState,
    Role,
    advance,
    allowed_moves,
    grant_state,
    request_state,
)
from govcloud.kernel.moves import moves

P, A, R, W, L = LineState.PENDING, LineState.APPROVED, LineState.REJECTED, LineState.WITHDRAWN, LineState.LAPSED
C, B = LineState.RETURNED, LineState.BLOCKED_SOD
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("state", "move", "target"),
    [
        (P, "approve", A),
        (P, "reject", R),
        (P, "return", C),
        (P, "withdraw", W),
        (P, "lapse", L),
        (C, "resubmit", P),
        (C, "resubmit_blocked", B),
        (C, "withdraw", W),
        (C, "lapse", L),
        (B, "unblock", P),
        (B, "withdraw", W),
        (B, "lapse", L),
    ],
)
def test_an_open_line_moves_by_the_table(state: LineState, move: str, target: LineState) -> None:
    assert advance(move, state) is target


@pytest.mark.parametrize("state", [C, B])
@pytest.mark.parametrize("move", ["approve", "reject", "return"])
def test_nobody_decides_on_a_line_that_does_not_wait_for_an_approver(move: str, state: LineState) -> None:
    with pytest.raises(IllegalMove):
        advance(move, state)


def test_an_approval_that_is_held_back_can_be_taken_back() -> None:
    """That it has not opened yet stands on the line, not in its state."""
    assert advance("retract", A) is R


@pytest.mark.parametrize("state", [A, R, W, L])
@pytest.mark.parametrize("move", sorted(LINE.keys() - {"retract"}))
def test_a_closed_line_moves_no_more(move: str, state: LineState) -> None:
    with pytest.raises(IllegalMove) as caught:
        advance(move, state)
    assert (caught.value.move, caught.value.state) == (move, state)


def test_an_unknown_move_is_illegal() -> None:
    with pytest.raises(IllegalMove):
        advance("escalate", P)


def test_who_may_move() -> None:
    assert allowed_moves(P, Role.APPROVER) == ("approve", "reject", "return")
    assert allowed_moves(C, Role.REQUESTER) == ("resubmit", "resubmit_blocked", "withdraw")
    assert allowed_moves(P, Role.REQUESTER) == ("withdraw",)
    assert allowed_moves(P, Role.SYSTEM) == ("lapse",)
    assert allowed_moves(A, Role.APPROVER) == ("retract",)


def test_two_moves_of_one_name_are_refused() -> None:
    move = Move("approve", OPEN, A, by=Role.APPROVER)
    with pytest.raises(ValueError, match="'approve' stands twice"):
        moves(move, move)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([P], RequestState.PENDING),
        ([P, W], RequestState.PENDING),
        ([P, A], RequestState.PARTLY_DECIDED),
        ([P, R], RequestState.PARTLY_DECIDED),
        ([A], RequestState.APPROVED),
        ([A, W], RequestState.APPROVED),
        ([A, R], RequestState.PARTLY_APPROVED),
        ([A, L], RequestState.PARTLY_APPROVED),
        ([R], RequestState.REJECTED),
        ([R, W], RequestState.REJECTED),
        ([R, L], RequestState.REJECTED),
        ([L, W], RequestState.LAPSED),
        ([W], RequestState.WITHDRAWN),
    ],
)
def test_a_request_follows_its_lines(lines: list[LineState], expected: RequestState) -> None:
    assert request_state(lines) is expected


def test_a_request_without_lines_has_no_state() -> None:
    with pytest.raises(ValueError, match="at least one line"):
        request_state([])


@given(st.lists(st.sampled_from(LineState), min_size=1, max_size=8))
def test_a_requests_state_does_not_depend_on_the_order_of_lines(lines: list[LineState]) -> None:
    assert request_state(lines) is request_state(reversed(lines))


@given(st.lists(st.sampled_from(LineState), min_size=1, max_size=8))
def test_a_request_waits_exactly_while_a_line_does(lines: list[LineState]) -> None:
    waits = request_state(lines) in {RequestState.PENDING, RequestState.PARTLY_DECIDED}
    assert waits == any(line in OPEN for line in lines)


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (timedelta(0), GrantState.ACTIVE),
        (DAY - timedelta(microseconds=1), GrantState.ACTIVE),
        (DAY, GrantState.EXPIRED),
        (-timedelta(microseconds=1), GrantState.SCHEDULED),
    ],
)
def test_a_grant_is_live_in_a_half_open_window(after: timedelta, expected: GrantState) -> None:
    state = grant_state(starts_at=NOON, ends_at=NOON + DAY, closed_at=None, suspended=False, now=NOON + after)
    assert state is expected


def test_a_closed_grant_stays_closed_and_a_suspended_one_expires() -> None:
    closed = grant_state(starts_at=NOON, ends_at=NOON + DAY, closed_at=NOON, suspended=False, now=NOON + 2 * DAY)
    assert closed is GrantState.CLOSED
    resting = grant_state(starts_at=NOON, ends_at=NOON + DAY, closed_at=None, suspended=True, now=NOON)
    assert resting is GrantState.SUSPENDED
    over = grant_state(starts_at=NOON, ends_at=NOON + DAY, closed_at=None, suspended=True, now=NOON + DAY)
    assert over is GrantState.EXPIRED
