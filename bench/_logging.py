"""What the decision log costs a check: denials, each of which is kept, beside the same ones unlogged, while the log is written."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Sequence

from bench._rows import Sheet, Target
from bench._running import counting, percentile
from govcloud.authorization.deciding.decisions import Question
from govcloud.kernel.database import db
from govcloud.services import Services

#: So many decisions in a row are taken with and without the log, by turns, so that what else the machine does meets both alike.
_TURN = 50
_CLIENT = "bench"


def measure(sheet: Sheet, services: Services, denied: Sequence[Question], most: int) -> None:
    """Time decisions that are denied, so that each is kept, with and without noting; the writer copies them meanwhile.

    The work is that of the thread that decides: what the writer's thread does beside it is no part of a check. The clock has both.
    """
    log = services.decision_log
    log.flush()
    before = log.writer.dropped

    def decide(question: Question) -> None:
        services.authorization.decide(question)
        db.session.remove()

    def decide_and_note(question: Question) -> None:
        log.note(question, services.authorization.decide(question), _CLIENT)
        db.session.remove()

    taken: dict[str, tuple[list[float], list[float]]] = {"unlogged": ([], []), "logged": ([], [])}
    ways: tuple[tuple[str, Callable[[Question], None]], ...] = (("unlogged", decide), ("logged", decide_and_note))
    asked = itertools.cycle(denied)
    for _ in counting(list(range(max(1, most // _TURN))), "decisions beside the log"):
        turn = list(itertools.islice(asked, _TURN))
        for name, call in ways:
            for question in turn:
                work, clock = _timed(call, question)
                taken[name][0].append(work)
                taken[name][1].append(clock)
    log.flush()
    for place, hand in enumerate(("work of the deciding thread", "clock")):
        for percent in (50, 99):
            logged, unlogged = (percentile(taken[name][place], percent) for name in ("logged", "unlogged"))
            target = Target("<=", 1.1, of="ratio") if (place, percent) == (0, 50) else None
            label = f"a denial that is logged, read from the database, {hand}, p{percent}"
            sheet.add(label, logged, "ms", target, peer=("the same, unlogged", unlogged))
    sheet.add("decisions that the log lost meanwhile", float(log.writer.dropped - before), "rows", Target("<=", 0))


def _timed(call: Callable[[Question], None], question: Question) -> tuple[float, float]:
    """Return the work of this thread and the time by the clock, in milliseconds."""
    worked, begun = time.thread_time_ns(), time.perf_counter_ns()
    call(question)
    return (time.thread_time_ns() - worked) / 1e6, (time.perf_counter_ns() - begun) / 1e6
