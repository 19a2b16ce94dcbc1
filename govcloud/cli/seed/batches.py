"""Cuts a stream into pieces that one command takes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    """Return ``rows`` in lists of ``size``; the last may be shorter, and none is empty."""
    stream = iter(rows)
    while batch := list(islice(stream, size)):
        yield batch
