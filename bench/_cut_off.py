"""A worker whose keeper is silent: how fast it answers once it reads the database itself, and the first answer after the bound."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import cycle, islice

from bench._platform import Platform
from bench._running import counting, percentile, say
from govcloud.authorization.deciding.decisions import Question
from govcloud.kernel.database import db
from govcloud.services import Services


def measure(place: Platform, services: Services, questions: Mapping[str, Sequence[Question]], decisions: int) -> None:
    """Stop the keeper, wait until its replica is too old to be used, and time decisions that read through; let it go on."""

    def decide(question: Question) -> None:
        services.authorization.decide(question)
        # As at the end of a request.
        db.session.remove()

    bound = services.settings.replica_bound_seconds
    with place.keeper_stopped():
        say(f"waiting {bound:g} s for the replica to be too old")
        time.sleep(bound + 1)
        stopwatch = place.stopwatch(os.getpid())
        first = stopwatch.lap(partial(decide, questions["allowed"][0]))
        place.sheet.add("worker cut off from its feed, first answer, clock", first.clock, "ms")
        for outcome, asked in questions.items():
            laps = [stopwatch.lap(partial(decide, question)) for question in counting(list(islice(cycle(asked), decisions)), outcome)]
            for hand, taken in (("work", [lap.work for lap in laps]), ("clock", [lap.clock for lap in laps])):
                for percent in (50, 99):
                    label = f"worker cut off from its feed reads through, {outcome}, {hand}, p{percent}"
                    place.sheet.add(label, percentile(taken, percent), "ms")
