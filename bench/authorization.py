"""Decisions, timed: beside stock Casbin and Cedar, at the scale of a province, with the database, over HTTP, and after a revocation.

``python -m bench.authorization``; ``--part`` measures one part and leaves the rows of the others as they are.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import click

from bench import _authzen, _cut_off, _logging, _policy_change, _revoking
from bench._engines import compare_engines
from bench._evaluations import CONNECTIONS, CONSTANT, Load
from bench._platform import Platform, filled
from bench._questions import Questions, primary_subjects, province_questions
from bench._rows import Row, Target, finish, kept
from bench._running import counting, percentile, say
from bench._scale import FEW_OFFICIALS, FUNCTIONS, GRANTS_HELD, OFFICIALS, RULES, WITH_GRANTS, replica_of
from govcloud.authorization.deciding.decisions import Question
from govcloud.entrypoints.authzen.blueprint import EVALUATION
from govcloud.identity.views import Subject
from govcloud.kernel.database import db
from govcloud.services import Services

ENGINES, SCALE, DATABASE, LOGGING, CUT_OFF, REVOKING, WIRE, POLICY = PARTS = (
    "engines",
    "scale",
    "database",
    "logging",
    "cut_off",
    "revoking",
    "wire",
    "policy",
)
#: One question in ten is denied in what has a target over HTTP.
DENIED_OF = 10


@dataclass(frozen=True)
class Effort:
    """How much is measured.

    Rounds of the engine's questions, questions to peers, decisions, decisions at scale, officials, revocations, seconds of HTTP, windows of
    batches, changes of the policy.
    """

    rounds: int
    peer_questions: int
    decisions: int
    at_scale: int
    officials: int
    revocations: int
    seconds: float
    windows: int
    changes: int


FULL = Effort(100, 100, 2_000, 100_000, OFFICIALS, 200, 10, 5, 3)
QUICK = Effort(5, 5, 100, 5_000, 50_000, 5, 1, 2, 1)


@click.command()
@click.option("--quick", is_flag=True, help="Little of everything, and keep the last record.")
@click.option("--part", type=click.Choice(PARTS), help="Only this part; the rows of the others stay as they are.")
def main(*, quick: bool, part: str | None) -> None:
    """Time decisions."""
    effort = QUICK if quick else FULL
    parts = PARTS if part is None else (part,)
    # Nobody is turned away who is measured.
    os.environ["GOVCLOUD_DECISION_RATE"] = "1000000"
    with filled("dev") as place:
        if ENGINES in parts:
            compare_engines(place.sheet, effort.rounds, effort.peer_questions)
        if SCALE in parts:
            at_scale(place, effort)
        if set(parts) - {ENGINES, SCALE}:
            with_database(place, effort, parts)
    rows: list[Row] = place.sheet.rows
    finish("authorization", rows if part is None else [*kept("authorization", rows), *rows], quick=quick)


def with_database(place: Platform, effort: Effort, parts: Sequence[str]) -> None:
    """Time what is asked of a platform with a database, part by part."""
    with place.services() as services:
        questions = province_questions(services)
        if DATABASE in parts:
            time_decider(place, services, questions, effort)
        if LOGGING in parts:
            _logging.measure(place.sheet, services, questions["denied"], effort.decisions)
        chosen = primary_subjects(services)[0]
        # Nothing of this process waits in a transaction for what takes its time.
        db.session.remove()
        if {CUT_OFF, REVOKING, WIRE, POLICY} & set(parts):
            place.keep_replica()
        if CUT_OFF in parts:
            _cut_off.measure(place, services, questions, effort.decisions)
        if REVOKING in parts:
            _revoking.measure(place, services, chosen, effort.revocations)
    if WIRE in parts:
        time_wire(place, questions, effort)
    if POLICY in parts:
        # Last: nothing else is to be measured under so many rules.
        with place.services() as services:
            _policy_change.measure(place, services, questions["allowed"][0], effort.changes)


# At the scale of a province


def at_scale(place: Platform, effort: Effort) -> None:
    """Time decisions of uniformly random officials, in a process of their own, over replicas that were made up."""
    grants = effort.officials // WITH_GRANTS * GRANTS_HELD
    label = f"decision in process, {effort.officials:,} officials, {grants:,} live grants, {RULES:,} rules, {FUNCTIONS:,} functions"
    with replica_of(effort.officials) as (_, replica):
        many, cold = (_worker(replica.folder, effort.officials, effort.at_scale, mode) for mode in ("warm", "cold"))
    with replica_of(FEW_OFFICIALS) as (_, replica):
        few = _worker(replica.folder, FEW_OFFICIALS, effort.at_scale, "warm")
    add = place.sheet.add
    add(f"{label}, random official, clock, p50", many["p50"], "µs", Target("<=", 30))
    add(f"{label}, random official, clock, p99", many["p99"], "µs", Target("<=", 100))
    add(f"a loop that does nothing, p50 {many['idle_p50']:.1f} µs, in the same process, clock, p99", many["idle_p99"], "µs")
    add(f"{label}, cold official, clock, p50", cold["p50"], "µs")
    add(f"{label}, cold official, clock, p99", cold["p99"], "µs", Target("<=", 3_000))
    add(f"{label}, share allowed", many["allowed"] * 100, "%")
    few_name = f"the same with {FEW_OFFICIALS:,} officials"
    add(
        "decision in process, p50 at scale beside few officials",
        many["p50"],
        "µs",
        Target("<=", 1.3, of="ratio"),
        peer=(few_name, few["p50"]),
    )
    add(f"index of {RULES:,} rules in a worker, memory", many["index"], "MB", Target("<=", 100))
    add(f"index of {RULES:,} rules in a worker, time to build", many["index_seconds"], "s", Target("<=", 3))
    add(f"worker with that index after {effort.at_scale:,} decisions, memory of its own", many["worker"], "MB")
    add(f"replica of {effort.officials:,} officials, file that the node's workers share", many["file"], "MB")
    add(f"replica of {effort.officials:,} officials, part of it that a worker has mapped", many["mapped"], "MB")


def _worker(folder: object, officials: int, decisions: int, mode: str) -> dict[str, float]:
    """Return what a worker of its own process measured."""
    say(f"deciding, {officials:,} officials, {mode}")
    command = [sys.executable, "-m", "bench._scale_worker", str(folder), str(officials), str(decisions), mode]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603 - our own program
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


# With the database


def time_decider(place: Platform, services: Services, questions: Questions, effort: Effort) -> None:
    """Time one decision after the other; each reads its subject anew, in a transaction of its own, as a request without a replica does."""

    def decide(question: Question) -> None:
        services.authorization.decide(question)
        db.session.remove()

    stopwatch = place.stopwatch(os.getpid())
    for outcome, asked in questions.items():
        repeated = list(itertools.islice(itertools.cycle(asked), effort.decisions))
        laps = [stopwatch.lap(partial(decide, question)) for question in counting(repeated, f"decider, {outcome}")]
        for hand, taken in (("work", [lap.work for lap in laps]), ("clock", [lap.clock for lap in laps])):
            for percent in (50, 99):
                workload = f"decider with the database, subject read every time, {outcome}, {hand}, p{percent}"
                place.sheet.add(workload, percentile(taken, percent), "ms")


# The wire


def time_wire(place: Platform, questions: Questions, effort: Effort) -> None:
    """Ask over HTTP with the credentials of a client, beside a route that authenticates it likewise and says always the same."""
    place.serve_with_constant(CONSTANT)
    chance = random.Random(3)
    denied = questions["denied"][: len(questions["allowed"]) // (DENIED_OF - 1) + 1]
    mixed = [*questions["allowed"], *denied]
    chance.shuffle(mixed)
    bodies = [_body(question) for question in mixed]
    loads = {path: Load(place, bodies, path) for path in (EVALUATION, CONSTANT)}
    asked, constant = (loads[path].run(effort.seconds, path) for path in (EVALUATION, CONSTANT))
    name = "a route with the same client authentication that says always the same"
    label = f"POST {EVALUATION}, 1 worker, {CONNECTIONS} connections, one in {DENIED_OF} denied"
    place.sheet.add(f"{label}, throughput", asked.per_second, "requests/s", Target(">=", 0.6, of="ratio"), peer=(name, constant.per_second))
    place.sheet.add(f"{label}, work for each", asked.work, "ms", peer=(name, constant.work))
    for percent in (50, 99):
        figures = (percentile(load.milliseconds, percent) for load in (asked, constant))
        place.sheet.add(f"{label}, p{percent}", next(figures), "ms", peer=(name, next(figures)))
    _authzen.measure(place, place.sheet, questions, effort.seconds / 2, effort.windows)
    time_launcher(place, effort)


def time_launcher(place: Platform, effort: Effort) -> None:
    """Time the list of the subsystems that are open to one person, in this process."""
    with place.services() as services:
        subjects = primary_subjects(services)
        stopwatch = place.stopwatch(os.getpid())

        def look(subject: Subject) -> None:
            services.authorization_queries.answers.list_subsystems(None, subject.appointment_id, {}, {})
            db.session.remove()

        chosen = list(itertools.islice(itertools.cycle(subjects), effort.decisions))
        laps = [stopwatch.lap(partial(look, subject)) for subject in counting(chosen, "launcher list")]
    place.sheet.add("launcher list of one person, clock, p50", percentile([lap.clock for lap in laps], 50), "ms", Target("<=", 5))
    place.sheet.add("launcher list of one person, clock, p99", percentile([lap.clock for lap in laps], 99), "ms")


def _body(question: Question) -> bytes:
    content: dict[str, Any] = {
        "subject": {"type": "official", "id": str(question.official_id)},
        "action": {"name": question.function},
        "resource": {"type": "register", "id": "*"},
    }
    return json.dumps(content).encode()


if __name__ == "__main__":
    main()
