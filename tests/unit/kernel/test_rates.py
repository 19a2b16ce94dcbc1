"""Shares of callers: what a bucket holds, how it fills, and that no caller takes another's."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from govcloud.kernel.rates import Rates

NOW = datetime(2026, 11, 24, tzinfo=UTC)


def test_a_burst_and_then_its_rate() -> None:
    rates = Rates(10, 20)
    assert [rates.take("a", 1, NOW) for _ in range(21)] == [None] * 20 + [1]
    assert rates.take("b", 20, NOW) is None
    assert rates.take("a", 1, NOW + timedelta(milliseconds=99)) == 1
    assert rates.take("a", 1, NOW + timedelta(milliseconds=100)) is None


def test_a_refusal_takes_nothing_and_says_how_long() -> None:
    rates = Rates(10, 20)
    assert rates.take("a", 15, NOW) is None
    assert rates.take("a", 20, NOW) == 2
    assert rates.take("a", 5, NOW) is None


def test_more_than_a_bucket_waits_for_a_full_one() -> None:
    rates = Rates(10, 20)
    assert rates.take("a", 500, NOW) is None
    assert rates.take("a", 500, NOW + timedelta(seconds=1)) == 1
    assert rates.take("a", 500, NOW + timedelta(seconds=2)) is None


def test_a_clock_that_is_set_back_gives_nothing() -> None:
    rates = Rates(10, 20)
    assert rates.take("a", 20, NOW) is None
    assert rates.take("a", 1, NOW - timedelta(hours=1)) == 1


@given(st.lists(st.tuples(st.integers(1, 30), st.integers(0, 5_000)), max_size=60))
def test_nobody_gets_more_than_burst_and_rate(steps: list[tuple[int, int]]) -> None:
    rates, now, taken = Rates(10, 20), NOW, 0
    for cost, milliseconds in steps:
        now += timedelta(milliseconds=milliseconds)
        if rates.take("a", cost, now) is None:
            taken += min(cost, 20)
    assert taken <= 20 + 10 * (now - NOW).total_seconds() + 1e-6
