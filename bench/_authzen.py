"""AuthZEN over HTTP beyond single evaluations: batches of a hundred, and the three searches.

``measure`` takes the rows of a platform that is served. By itself: ``python -m bench._authzen [--quick]``.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import click

from bench._evaluations import CONNECTIONS, CONSTANT, Load
from bench._load import Operation, warm, window
from bench._platform import Platform, filled
from bench._questions import province_questions
from bench._rows import Sheet, Target, finish
from bench._running import percentile
from bench._wire import Wire
from govcloud.authorization.deciding.decisions import Question
from govcloud.entrypoints.authzen.paths import EVALUATIONS, SEARCH_ACTION, SEARCH_RESOURCE, SEARCH_SUBJECT

IN_A_BATCH = 100
DECISIONS_A_SECOND = Target(">=", 15_000)
#: Whoever may use a function of housing may go through its door, of which the decision log keeps a sample.
ORDINARY = "housing:door:enter"
#: Searches of each kind, for each window of a batch.
_SEARCHES = 20
Questions = Mapping[str, Sequence[Question]]


def measure(place: Platform, sheet: Sheet, questions: Questions, seconds: float, count: int) -> None:
    """Add the rows of batches and searches.

    Args:
        place: the platform, served with one worker, with a ``GOVCLOUD_DECISION_RATE`` that is out of the way.
        sheet: takes the rows.
        questions: questions about housing functions by outcome (``allowed``, ``denied``), each about another official.
        seconds: how long one window lasts.
        count: how many windows there are; medians count.
    """
    ordinary = [replace(question, function=ORDINARY) for question in questions["allowed"]]
    for what, asked, target in (
        ("allowed, an ordinary function", ordinary, DECISIONS_A_SECOND),
        ("allowed, a sensitive function, each one logged", questions["allowed"], None),
        ("denied, each one logged", questions["denied"], None),
    ):
        _batches(place, sheet, what, asked, seconds, count, target)
    _searches(place, sheet, questions["allowed"], count)


def _batches(  # noqa: PLR0917 - what a row is made of
    place: Platform, sheet: Sheet, what: str, asked: Sequence[Question], seconds: float, count: int, target: Target | None
) -> None:
    """Ask about a hundred rows of one subject in one request; by work (what a core would do) and by the clock."""
    operations = _operations(place, EVALUATIONS, [_batch(question) for question in asked])
    for operation in operations:
        said = {item["decision"] for item in json.loads(cast("bytes", operation()))["evaluations"]}
        assert said == {what.startswith("allowed")}, f"batches, {what}: {said}"
    warm(f"batches, {what}", operations, seconds / 2)
    rates, worked = [], []
    for _ in range(count):
        taken: list[float] = []
        lap = place.stopwatch().lap(partial(_window_into, taken, operations, seconds))
        rates.append(taken[0] * IN_A_BATCH)
        worked.append(taken[1] * IN_A_BATCH / (lap.work / 1000))
    label = f"POST {EVALUATIONS}, {IN_A_BATCH} questions about one official, {what}, 1 worker"
    sheet.add(f"{label}, a second of work of platform and database", statistics.median(worked), "decisions/s", target)
    sheet.add(f"{label}, a second by the clock", statistics.median(rates), "decisions/s")


def _window_into(taken: list[float], operations: Sequence[Operation], seconds: float) -> None:
    """Work for a while; note the rate and how many there were."""
    found = window(operations, seconds)
    taken += [found.rate, float(len(found.seconds))]


def _searches(place: Platform, sheet: Sheet, asked: Sequence[Question], count: int) -> None:
    """Time each search alone, one after the other."""
    resource = {"type": "register", "id": "*"}
    divisions = {"type": "govcloud:division"}
    bodies: dict[str, list[dict[str, object]]] = {
        SEARCH_SUBJECT: [{"subject": {"type": "official"}, "action": _action(question), "resource": resource} for question in asked],
        SEARCH_ACTION: [{"subject": _subject(question), "resource": resource} for question in asked],
        SEARCH_RESOURCE: [{"subject": _subject(question), "action": _action(question), "resource": divisions} for question in asked],
    }
    stopwatch = place.stopwatch()
    for path, found in bodies.items():
        [operation] = _operations(place, path, found, connections=1)
        operation()
        laps = [stopwatch.lap(operation) for _ in range(_SEARCHES * count)]
        sheet.add(f"POST {path}, one page, work, p50", percentile([lap.work for lap in laps], 50), "ms")
        sheet.add(f"POST {path}, one page, p99", percentile([lap.clock for lap in laps], 99), "ms")


def _operations(place: Platform, path: str, bodies: Sequence[object], connections: int = CONNECTIONS) -> list[Operation]:
    """Return one operation for each connection; each begins at another body."""
    credentials = base64.b64encode(f"housing:{place.client_secrets['housing']}".encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {credentials}"}
    encoded = [json.dumps(body).encode() for body in bodies]

    def operation(wire: Wire, turn: Iterator[bytes]) -> bytes:
        return wire.ask("POST", path, headers, next(turn)).expect(200).body

    starts = [len(encoded) * number // connections for number in range(connections)]
    turns = [itertools.cycle([*encoded[start:], *encoded[:start]]) for start in starts]
    return [partial(operation, Wire(place.ports.platform), turn) for turn in turns]


def _subject(question: Question) -> dict[str, str]:
    return {"type": "official", "id": str(question.official_id)}


def _action(question: Question) -> dict[str, str]:
    return {"name": question.function}


def _batch(question: Question) -> dict[str, object]:
    items = [{"resource": {"type": "register", "id": str(number)}} for number in range(IN_A_BATCH)]
    return {"subject": _subject(question), "action": _action(question), "evaluations": items}


@click.command()
@click.option("--quick", is_flag=True, help="Take short windows.")
def main(*, quick: bool) -> None:
    """Measure batches and searches alone, beside single evaluations, and print them; the record is that of ``bench.authorization``."""
    seconds = 2 if quick else 5
    os.environ["GOVCLOUD_DECISION_RATE"] = "1000000"
    with filled("dev") as place:
        with place.services() as services:
            questions = province_questions(services)
        place.keep_replica()
        place.serve_with_constant(CONSTANT)
        resource = {"type": "register", "id": "*"}
        bodies = {
            outcome: [json.dumps({"subject": _subject(item), "action": _action(item), "resource": resource}).encode() for item in asked]
            for outcome, asked in questions.items()
        }
        nothing = Load(place, bodies["allowed"], CONSTANT).run(seconds, "a constant")
        for outcome, found in bodies.items():
            load = Load(place, found).run(seconds, outcome)
            peer = ("a constant behind the same client authentication", nothing.per_second)
            place.sheet.add(f"single evaluations, {outcome}, throughput", load.per_second, "requests/s", peer=peer)
            place.sheet.add(f"single evaluations, {outcome}, work for each", load.work, "ms", peer=(peer[0], nothing.work))
        measure(place, place.sheet, questions, seconds, count=2 if quick else 5)
    finish("authorization", place.sheet.rows, quick=True)


if __name__ == "__main__":
    main()
