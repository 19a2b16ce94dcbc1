"""Identifiers: UUID version 7 as RFC 9562 section 5.7 lays it out."""

from __future__ import annotations

import threading
import time
from uuid import RFC_4122, UUID

import pytest

from govcloud.kernel.ids import fresh_ids, new_id


def test_version_and_variant() -> None:
    for _ in range(1000):
        made = new_id()
        assert made.version == 7
        assert made.variant == RFC_4122


def test_the_first_48_bits_are_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    # Ids made faster than the counter has room for run ahead of the clock by a little.
    assert before <= made.int >> 80 <= after + 5


def test_ids_are_unique_and_rise_even_within_a_millisecond() -> None:
    made = [new_id() for _ in range(20_000)]
    assert len(set(made)) == 20_000
    assert made == sorted(made)


def test_ids_rise_when_the_machines_clock_is_set_back(monkeypatch: pytest.MonkeyPatch) -> None:
    before = new_id()
    monkeypatch.setattr(time, "time_ns", lambda: 0)
    assert new_id() > before


def test_threads_never_share_an_id() -> None:
    made: list[UUID] = []
    threads = [threading.Thread(target=lambda: made.extend(new_id() for _ in range(5_000))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 20_000


def test_the_random_part_is_random() -> None:
    mask = (1 << 62) - 1
    assert len({made.int & mask for made in (new_id() for _ in range(1000))}) == 1000
    assert isinstance(new_id(), UUID)


def test_ids_in_stock_rise_like_any_other() -> None:
    stock = fresh_ids(at_once=7)
    ids = [next(stock) for _ in range(100)]
    assert ids == sorted(set(ids))
    assert {(item.version, item.variant) for item in ids} == {(7, new_id().variant)}
