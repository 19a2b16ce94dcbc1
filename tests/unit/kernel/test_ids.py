"""Identifiers: UUID version 7 as RFC 9562 section 5.7 lays it out."""

from __future__ import annotations

import time
from uuid import RFC_4122, UUID

from govcloud.kernel.ids import new_id


def test_version_and_variant() -> None:
    for _ in range(1000):
        made = new_id()
        assert made.version == 7
        assert made.variant == RFC_4122


def test_the_first_48_bits_are_milliseconds() -> None:
    before = time.time_ns() // 1_000_000
    made = new_id()
    after = time.time_ns() // 1_000_000
    assert before <= made.int >> 80 <= after


def test_ids_are_unique_and_later_ones_sort_later() -> None:
    made = [new_id() for _ in range(1000)]
    assert len(set(made)) == 1000
    time.sleep(0.002)
    assert all(earlier < new_id() for earlier in made)


def test_the_random_part_is_random() -> None:
    mask = (1 << 62) - 1
    assert len({made.int & mask for made in (new_id() for _ in range(1000))}) == 1000
    assert isinstance(new_id(), UUID)
