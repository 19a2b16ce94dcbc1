"""A value that is read again after a while: how long it is good, and what a change in between does to it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from itertools import count

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.recent import Recent

LIFE = timedelta(seconds=30)


@pytest.fixture
def numbers() -> Iterator[int]:
    return count(1)


def test_it_is_read_again_when_its_life_is_over(clock: ManualClock, numbers: Iterator[int]) -> None:
    recent = Recent(lambda: next(numbers), clock, LIFE)
    assert [recent.get(), recent.get()] == [1, 1]
    clock.advance(LIFE - timedelta(microseconds=1))
    assert recent.get() == 1
    clock.advance(timedelta(microseconds=1))
    assert recent.get() == 2


def test_a_clock_that_was_set_back_makes_nothing_last_longer(clock: ManualClock, numbers: Iterator[int]) -> None:
    recent = Recent(lambda: next(numbers), clock, LIFE)
    assert recent.get() == 1
    clock.advance(-timedelta(days=1))
    assert recent.get() == 2


def test_what_is_forgotten_is_read_again_and_what_is_kept_is_not(clock: ManualClock, numbers: Iterator[int]) -> None:
    recent = Recent(lambda: next(numbers), clock, LIFE)
    assert recent.get() == 1
    recent.forget()
    assert recent.get() == 2
    recent.keep(7)
    assert recent.get() == 7


def test_what_changed_while_it_was_read_is_not_kept(clock: ManualClock, numbers: Iterator[int]) -> None:
    def read() -> int:
        found = next(numbers)
        if found == 1:
            recent.forget()
        return found

    recent = Recent(read, clock, LIFE)
    assert [recent.get(), recent.get(), recent.get()] == [1, 2, 2]


def test_what_cannot_be_read_leaves_nothing_behind(clock: ManualClock) -> None:
    answers = iter((None, 5))

    def read() -> int:
        found = next(answers)
        if found is None:
            raise ConnectionError
        return found

    recent = Recent(read, clock, LIFE)
    with pytest.raises(ConnectionError):
        recent.get()
    assert recent.get() == 5
