"""The clock: always aware, always UTC, by hand in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from govcloud.kernel.clock import ManualClock, SystemClock


def test_the_systems_clock_is_aware_and_in_utc() -> None:
    before = datetime.now(UTC)
    now = SystemClock().now()
    assert now.tzinfo is UTC
    assert before <= now <= datetime.now(UTC)


def test_a_manual_clock_moves_only_when_told() -> None:
    start = datetime(2026, 11, 24, 1, 30, tzinfo=UTC)
    clock = ManualClock(start)
    assert clock.now() == clock.now() == start
    assert clock.advance(timedelta(hours=24)) == clock.now() == start + timedelta(hours=24)


def test_a_manual_clock_shows_utc() -> None:
    beijing = timezone(timedelta(hours=8))
    now = ManualClock(datetime(2026, 11, 24, 9, 30, tzinfo=beijing)).now()
    assert now.tzinfo is UTC
    assert now.hour == 1


def test_a_manual_clock_refuses_a_time_without_a_zone() -> None:
    with pytest.raises(ValueError, match="aware"):
        ManualClock(datetime(2026, 11, 24))  # noqa: DTZ001 - that is what is refused
