"""A worker of its own process over a made-up replica: ``python -m bench._scale_worker FOLDER OFFICIALS DECISIONS MODE``.

It prints one line of JSON. Modes: ``warm`` times decisions one after the other by the wall clock; ``cold`` drops the file from the page
cache and asks each official for the first time.
"""

from __future__ import annotations

import gc
import json
import os
import random
import sys
import time
from pathlib import Path

from bench._running import percentile
from bench._scale import VERSION, Province, decider_over
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.replica.place import Place

_WARM_UP = 5_000
_COLD = 1_000


def private() -> float:
    """Return what this process alone takes, in MB: memory that stands for no file."""
    gc.collect()
    lines = Path("/proc/self/smaps_rollup").read_text(encoding="ascii").splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Anonymous:")) / 1024


def mapped(file: Path) -> float:
    """Return how much of ``file`` this process has mapped, in MB; whoever else maps it shares that."""
    found, inside = 0, False
    for line in Path("/proc/self/smaps").read_text(encoding="utf-8").splitlines():
        if not line.split(" ", 1)[0].endswith(":"):
            inside = line.endswith(str(file))
        elif inside and line.startswith("Rss:"):
            found += int(line.split()[1])
    return found / 1024


def timed(decider: Decider, questions: list[Question]) -> tuple[list[float], int]:
    """Return the microseconds of each decision, and how many were allowed."""
    taken: list[float] = []
    allowed = 0
    for question in questions:
        begun = time.perf_counter_ns()
        decision = decider.decide(question)
        taken.append((time.perf_counter_ns() - begun) / 1e3)
        allowed += decision.allowed
    return taken, allowed


def idle(lasting: float, times: int) -> list[float]:
    """Return the microseconds of ``times`` loops that do nothing for about ``lasting``; what goes beyond is the machine's doing."""
    enough = 200_000
    shortest = min(_loop(enough) for _ in range(5))
    rounds = max(1, int(enough * lasting / shortest))
    return [_loop(rounds) for _ in range(times)]


def _loop(rounds: int) -> float:
    """Return the microseconds that ``rounds`` of nothing take."""
    begun = time.perf_counter_ns()
    for _ in range(rounds):
        pass
    return (time.perf_counter_ns() - begun) / 1e3


def main() -> None:
    folder, officials, count, mode = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
    province, place = Province(officials), Place(folder)
    before = private()
    province.policy  # noqa: B018 - made here, so that the rules count as part of the index
    begun = time.perf_counter()
    decider = decider_over(province, place)
    decider.live.of(VERSION)
    seconds = time.perf_counter() - begun
    index = private() - before
    chance = random.Random(2)
    questions = [province.question(chance) for _ in range(_WARM_UP + count)]
    if mode == "cold":
        forget(place)
        taken, allowed = timed(decider, questions[:_COLD])
    else:
        timed(decider, questions[:_WARM_UP])
        gc.collect()
        taken, allowed = timed(decider, questions[_WARM_UP:])
    nothing = idle(percentile(taken, 50), len(taken))
    figures = {
        "p50": percentile(taken, 50),
        "p99": percentile(taken, 99),
        "mean": sum(taken) / len(taken),
        "allowed": allowed / len(taken),
        "idle_p50": percentile(nothing, 50),
        "idle_p99": percentile(nothing, 99),
        "index_seconds": seconds,
        "index": index,
        "worker": private(),
        "mapped": mapped(place.current / "data.mdb"),
        "file": (place.current / "data.mdb").stat().st_size / 2**20,
    }
    print(json.dumps(figures))


def forget(place: Place) -> None:
    """Drop the replica's file from the page cache, before anybody has it mapped."""
    descriptor = os.open(place.current / "data.mdb", os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)


if __name__ == "__main__":
    main()
