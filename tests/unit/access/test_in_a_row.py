"""How long somebody has an item in a row: a pure question of windows, against the plainest way of counting."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from govcloud.access.life.in_a_row import BREAK, Held, days_beside

ZERO = datetime(2026, 1, 1, tzinfo=UTC)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LONG_AGO = ZERO - 1000 * DAY


def held(begins: float, ends: float) -> Held:
    return Held(ZERO + begins * DAY, ZERO + ends * DAY)


def beside(windows: list[Held], begins: float, days: int, at: datetime = LONG_AGO) -> int:
    start = ZERO + begins * DAY
    return days_beside(windows, start, start + days * DAY, at)


def test_what_meets_counts_and_what_lies_apart_does_not() -> None:
    assert beside([held(0, 10)], 10, 5) == 10
    assert beside([held(0, 10)], 10.9, 5) == 10, "a start wished for a little later is no break"
    assert beside([held(0, 10)], 11, 5) == 0
    assert beside([held(0, 10), held(10, 20)], 20, 5) == 20, "one that is over counts with what went on from it"
    assert beside([held(10, 20)], 0, 10) == 10, "and one that is still to come"
    assert beside([held(0, 10)], 4, 10) == 4, "beside another it counts by how much longer the whole is"
    assert beside([held(0, 30)], 4, 10) == 20


def test_what_is_asked_for_when_all_is_over_is_a_row_of_its_own() -> None:
    assert beside([held(0, 10)], 10.5, 5, at=ZERO + 10 * DAY) == 0
    assert beside([held(0, 10)], 10.5, 5, at=ZERO + 10 * DAY - HOUR) == 10


@given(st.lists(st.tuples(st.integers(0, 400), st.integers(0, 200)), max_size=6), st.integers(0, 400), st.integers(1, 30))
def test_the_row_is_all_that_is_reached_over_less_than_a_break(spans: list[tuple[int, int]], begins: int, days: int) -> None:
    windows = [Held(ZERO + start * HOUR, ZERO + (start + length) * HOUR) for start, length in spans if length]
    own = Held(ZERO + begins * HOUR, ZERO + begins * HOUR + days * DAY)
    row = {own}
    for _ in windows:  # as often as there are windows, each step reaches one further
        row |= {one for one in windows if any(one.begins - other.ends < BREAK and other.begins - one.ends < BREAK for other in row)}
    length = max(one.ends for one in row) - min(one.begins for one in row)
    assert days_beside(windows, own.begins, own.ends, LONG_AGO) == (length - days * DAY) // DAY
