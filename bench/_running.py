"""What benchmarks do while they run: say what they are at, show how far they are, and name percentiles."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Any, TypeVar

import click

T = TypeVar("T")
Progress = Callable[[str, int, int], None]


def say(text: str) -> None:
    """Tell the terminal what begins now; results go to standard output, this does not."""
    click.echo(f"· {text}", err=True)


def counting(items: Sequence[T], label: str) -> Iterator[T]:
    """Go through ``items`` with a bar that says how far it is."""
    with click.progressbar(items, label=f"  {label}", file=sys.stderr, show_eta=False) as bar:
        yield from bar


@contextmanager
def stages() -> Iterator[Progress]:
    """Give what draws one bar after the other, for work that reports ``(stage, done, total)``."""
    with ExitStack() as shown:
        bars: dict[str, Any] = {}

        def report(stage: str, done: int, total: int) -> None:
            if stage not in bars:
                shown.close()
                bars[stage] = shown.enter_context(click.progressbar(length=total, label=f"  {stage}", file=sys.stderr, show_eta=False))
            bars[stage].update(done - bars[stage].pos)

        yield report


def percentile(samples: Sequence[float], percent: float) -> float:
    """Return the smallest sample that at least ``percent`` of them do not exceed (nearest rank: a value that was measured).

    Raises:
        ValueError: there are no samples, or ``percent`` is not in (0, 100].
    """
    if not samples or not 0 < percent <= 100:  # noqa: PLR2004 - per cent
        raise ValueError(f"no percentile {percent} of {len(samples)} samples")
    return sorted(samples)[math.ceil(len(samples) * percent / 100) - 1]
