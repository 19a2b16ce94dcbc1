"""AuthZEN over HTTP: single evaluations beside a route that only authenticates the client, and batches of a hundred.

``serve`` starts the platform with that route; ``measure`` takes the rows. By itself: ``python -m bench._authzen [--quick]``.
"""

from __future__ import annotations

import base64
import itertools
import json
import os
import statistics
from collections.abc import Callable, Iterator, Sequence
from functools import partial

import click

from bench._constant import CONSTANT
from bench._load import Operation, rounds, warm, window
from bench._platform import Platform, filled
from bench._rows import Sheet, Target, finish
from bench._running import percentile, say
from bench._wire import Wire
from govcloud.authorization.decisions import Question
from govcloud.entrypoints.authzen.paths import EVALUATION, EVALUATIONS, SEARCH_ACTION, SEARCH_RESOURCE, SEARCH_SUBJECT

#: Enough connections to keep one worker with its four threads busy, few enough that waiting does not hide its own time.
CONNECTIONS = 8
IN_A_BATCH = 100
AT_LEAST_OF_THE_CONSTANT = Target(">=", 0.6, of="ratio")
DECISIONS_A_SECOND = Target(">=", 15_000)
Questions = dict[str, list[Question]]


def serve(place: Platform) -> None:
    """Serve the platform of ``place``, with the constant route, in one worker; instead of ``place.serve()``."""
    say("starting the platform with a constant route, one worker")
    place.start("platform", ["bench._constant", str(place.ports.platform)], f"{place.url}/readyz")


def measure(place: Platform, sheet: Sheet, questions: Questions, seconds: float, count: int) -> None:
    """Add the rows of single evaluations, batches and searches.

    Args:
        place: the platform, served by ``serve``.
        sheet: takes the rows.
        questions: questions about housing functions by outcome (``allowed``, ``denied``), each about another official.
        seconds: how long one window lasts.
        count: how many windows each operation gets, in turn with the others.
    """
    mixed = [question for pair in zip(questions["allowed"], questions["denied"], strict=False) for question in pair]
    _single(place, sheet, mixed, seconds, count)
    _batches(place, sheet, mixed, seconds, count)
    _searches(place, sheet, questions["allowed"], count)


def _single(place: Platform, sheet: Sheet, asked: Sequence[Question], seconds: float, count: int) -> None:
    bodies = [json.dumps(_evaluation(question)).encode() for question in asked]
    servers = {
        "evaluation": _operations(place, EVALUATION, bodies),
        "allowed": _operations(place, EVALUATION, bodies[::2]),
        "constant": _operations(place, CONSTANT, bodies),
    }
    for name, operations in servers.items():
        say(f"{name} over {CONNECTIONS} connections")
        warm(name, operations, seconds / 2)
    found = rounds(servers, count, seconds)
    peer = "a route with the same client authentication that returns a constant"
    label = f"POST {EVALUATION}, 1 worker, {CONNECTIONS} connections"
    for name, what, target in (("evaluation", "half denied", AT_LEAST_OF_THE_CONSTANT), ("allowed", "all allowed", None)):
        sheet.add(f"{label}, {what}, throughput", found[name].rate, "requests/s", target, peer=(peer, found["constant"].rate))
        sheet.add(f"{label}, {what}, p99", found[name].p99, "ms", peer=(peer, found["constant"].p99))


def _batches(place: Platform, sheet: Sheet, asked: Sequence[Question], seconds: float, count: int) -> None:
    """Ask about a hundred rows of one subject in one request, half of the subjects denied; by work and by the clock."""
    bodies = [json.dumps(_batch(question)).encode() for question in asked]
    operations = _operations(place, EVALUATIONS, bodies)
    warm("batches", operations, seconds / 2)
    rates, worked = [], []
    for _ in range(count):
        taken: list[float] = []
        lap = place.stopwatch().lap(partial(_window_into, taken, operations, seconds))
        rates.append(taken[0] * IN_A_BATCH)
        worked.append(taken[1] * IN_A_BATCH / (lap.work / 1000))
    label = f"POST {EVALUATIONS}, {IN_A_BATCH} questions about one subject, half of the subjects denied, 1 worker"
    sheet.add(f"{label}, decisions a second of work of platform and database", statistics.median(worked), "decisions/s", DECISIONS_A_SECOND)
    sheet.add(f"{label}, decisions a second by the clock", statistics.median(rates), "decisions/s")


def _window_into(taken: list[float], operations: Sequence[Operation], seconds: float) -> None:
    """Work for a while; note the rate and how many there were."""
    found = window(operations, seconds)
    taken += [found.rate, float(len(found.seconds))]


def _searches(place: Platform, sheet: Sheet, asked: Sequence[Question], count: int) -> None:
    """Time each search alone, one after the other."""
    resource = {"type": "register", "id": "*"}
    bodies = {
        SEARCH_SUBJECT: [
            {"subject": {"type": "official"}, "action": {"name": question.function}, "resource": resource} for question in asked
        ],
        SEARCH_ACTION: [{"subject": _subject(question), "resource": resource} for question in asked],
        SEARCH_RESOURCE: [
            {"subject": _subject(question), "action": {"name": question.function}, "resource": {"type": "govcloud:division"}}
            for question in asked
        ],
    }
    stopwatch = place.stopwatch()
    for path, found in bodies.items():
        [operation] = _operations(place, path, [json.dumps(body).encode() for body in found], connections=1)
        operation()
        laps = [stopwatch.lap(operation) for _ in range(20 * count)]
        sheet.add(f"POST {path}, one page, work, p50", percentile([lap.work for lap in laps], 50), "ms")
        sheet.add(f"POST {path}, one page, p99", percentile([lap.clock for lap in laps], 99), "ms")


def _operations(place: Platform, path: str, bodies: Sequence[bytes], connections: int = CONNECTIONS) -> list[Operation]:
    """Return one operation for each connection; each begins at another body."""
    credentials = base64.b64encode(f"housing:{place.client_secrets['housing']}".encode()).decode()
    headers = {"content-type": "application/json", "authorization": f"Basic {credentials}"}

    def operation(wire: Wire, turn: Iterator[bytes]) -> None:
        wire.ask("POST", path, headers, next(turn)).expect(200)

    starts = [len(bodies) * number // connections for number in range(connections)]
    turns = [itertools.cycle([*bodies[start:], *bodies[:start]]) for start in starts]
    made: list[Callable[[], object]] = [partial(operation, Wire(place.ports.platform), turn) for turn in turns]
    return made


def _subject(question: Question) -> dict[str, str]:
    return {"type": "official", "id": str(question.official_id)}


def _evaluation(question: Question) -> dict[str, object]:
    return {"subject": _subject(question), "action": {"name": question.function}, "resource": {"type": "register", "id": "*"}}


def _batch(question: Question) -> dict[str, object]:
    items = [{"resource": {"type": "register", "id": str(number)}} for number in range(IN_A_BATCH)]
    return {"subject": _subject(question), "action": {"name": question.function}, "evaluations": items}


@click.command()
@click.option("--quick", is_flag=True, help="Take short windows, and keep the last record.")
def main(*, quick: bool) -> None:
    """Measure AuthZEN alone, and print it; the record is that of ``bench.authorization``."""
    from bench.authorization import province_questions  # noqa: PLC0415 - it hooks this file in

    os.environ["GOVCLOUD_DECISION_RATE"] = "1000000"
    with filled("dev") as place:
        with place.services() as services:
            questions = province_questions(services)
        serve(place)
        measure(place, place.sheet, questions, seconds=1 if quick else 5, count=2 if quick else 5)
    finish("authorization", place.sheet.rows, quick=True)


if __name__ == "__main__":
    main()
