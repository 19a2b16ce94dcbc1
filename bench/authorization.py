"""Decisions, timed: the engine beside stock Casbin, the decider with its reads, the wire (`python -m bench.authorization`)."""

from __future__ import annotations

import base64
import http.client
import itertools
import json
import os
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import casbin
import click

from bench._people import everybody
from bench._platform import Platform, filled
from bench._rows import Sheet, Target, finish
from bench._running import counting, percentile, say
from govcloud.authorization.asking import Asking
from govcloud.authorization.decisions import Question
from govcloud.authorization.document import DENY, RoleSpec, RuleSpec
from govcloud.authorization.engine import Engine, matcher_functions
from govcloud.authorization.policy import CompiledPolicy, all_of, compile_policy
from govcloud.authorization.shipped import model_text
from govcloud.authorization.snapshot import AssignmentFact, Snapshot, grant_role, instant, take_snapshot
from govcloud.entrypoints.authzen.blueprint import EVALUATION
from govcloud.identity.views import Subject
from govcloud.kernel.database import db
from govcloud.services import Services

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RULES = 20_000
RULES_PER_ROLE = 20
FUNCTIONS_PER_SUBSYSTEM = 12
ROLES_HELD = 3
SUBJECTS = 200
#: Enough connections to keep one worker with its four threads busy, few enough that waiting does not hide its own time.
CONNECTIONS = 8
OUTCOMES = ("allowed", "denied")
#: A function of another subsystem: the caller is authenticated, the question read, and refused before anything is decided.
FOREIGN = "assistance:case:read"
THOUSAND_TIMES_FASTER = Target("<=", 0.001, of="ratio")


@dataclass(frozen=True)
class Effort:
    """How much is measured: rounds of the engine's questions, questions to the peer, decisions, seconds of HTTP."""

    rounds: int
    peer_questions: int
    decisions: int
    seconds: float


FULL = Effort(rounds=100, peer_questions=100, decisions=2_000, seconds=10)
QUICK = Effort(rounds=5, peer_questions=5, decisions=100, seconds=1)


@click.command()
@click.option("--quick", is_flag=True, help="Ask a few questions only, and keep the last record.")
def main(*, quick: bool) -> None:
    """Time decisions in process, with the database, and over HTTP."""
    effort = QUICK if quick else FULL
    with filled("dev") as place:
        compare_engines(place.sheet, effort)
        with place.services() as services:
            questions = province_questions(services)
            time_decider(place, services, questions, effort)
        place.serve()
        time_wire(place, questions, effort)
    finish("authorization", place.sheet.rows, quick=quick)


# The engine beside stock Casbin


def cpu_microseconds(call: Callable[[], object]) -> float:
    """Return how long this thread works for ``call``: a decision in process waits for nobody."""
    begun = time.thread_time_ns()
    call()
    return (time.thread_time_ns() - begun) / 1e3


@dataclass(frozen=True)
class Synthetic:
    """A policy made up for the occasion, and the subjects that hold its roles."""

    policy: CompiledPolicy
    subjects: tuple[Snapshot, ...]


Pair = tuple[Snapshot, str]


def synthetic(chance: random.Random) -> Synthetic:
    """Return a policy whose rules are one in twenty a deny and one in four bounded by rows, and subjects with three roles each."""
    count = RULES // RULES_PER_ROLE
    roles = [RoleSpec(f"role{number}", f"role {number}") for number in range(count)]
    functions = [f"s{number // FUNCTIONS_PER_SUBSYSTEM}:thing{number % FUNCTIONS_PER_SUBSYSTEM}:read" for number in range(count)]
    made = [_rule(role.code, function, chance) for role in roles for function in chance.sample(functions, RULES_PER_ROLE)]
    policy = compile_policy(1, roles, made)
    subjects = tuple(
        take_snapshot(
            f"subject{number}",
            MappingProxyType({"division": "330106000000"}),
            [AssignmentFact(role.code, NOW) for role in chance.sample(roles, ROLES_HELD)],
            (),
            policy.closure,
        )
        for number in range(SUBJECTS)
    )
    return Synthetic(policy, subjects)


def _rule(role: str, function: str, chance: random.Random) -> RuleSpec:
    if chance.random() < 1 / 20:
        return RuleSpec(role, function, effect=DENY)
    return RuleSpec(role, function, scope_expr="own_division" if chance.random() < 1 / 4 else "")


def ask(engine: Engine, pair: Pair) -> bool:
    """Return the engine's answer; taking the question apart is part of the work."""
    subject, function = pair
    asking = Asking(subject, function, instant(NOW), label=0, resource={}, context={}, bounded=False)
    return engine.decide(asking, function).allowed


class Stock:
    """Stock ``casbin.Enforcer`` on the same model and rules: no slice, Casbin's own role manager and expressions.

    It knows only the subjects that are asked about, which is in its favour.
    """

    NAME = f"stock casbin.Enforcer, pycasbin {version('pycasbin')}"

    def __init__(self, made: Synthetic) -> None:
        """Load every rule and every subject's roles."""
        self._asking: Asking | None = None
        model = casbin.Enforcer.new_model(text=model_text())
        self._enforcer = casbin.Enforcer(model)
        for number, rule in enumerate(made.policy.rules):
            model["p"]["p"].policy.append([rule.role, rule.function, rule.condition, rule.scope_expr, rule.effect, number])
        roles = self._enforcer.get_role_manager()
        for subject in made.subjects:
            for role in subject.roles:
                roles.add_link(subject.id, role)
        for name, function in matcher_functions(made.policy).items():
            self._enforcer.add_function(name, self._for_subject(function))

    def _for_subject(self, function: Callable[..., object]) -> Callable[..., object]:
        """Return the engine's own function, for a matcher whose ``r.sub`` is a name."""
        return lambda _name, *rest: function(self._asking, *rest)

    def ask(self, pair: Pair) -> bool:
        """Return Casbin's answer."""
        subject, function = pair
        self._asking = Asking(subject, function, instant(NOW), label=0, resource={}, context={}, bounded=False)
        return bool(self._enforcer.enforce(subject.id, function, all_of(function), grant_role(function), 0))


def compare_engines(sheet: Sheet, effort: Effort) -> None:
    """Time the engine and stock Casbin on the same questions, after both have answered them once."""
    say(f"comparing engines over {RULES:,} rules")
    chance = random.Random(1)
    made = synthetic(chance)
    engine, stock = Engine(model_text(), made.policy), Stock(made)
    for outcome, pairs in zip(OUTCOMES, _pairs(made, engine, chance), strict=True):
        ours = [cpu_microseconds(partial(ask, engine, pair)) for _ in range(effort.rounds) for pair in pairs]
        theirs = []
        for pair in counting(pairs[: effort.peer_questions], f"stock casbin, {outcome}"):
            assert stock.ask(pair) == (outcome == "allowed"), "both must answer alike"
            theirs.append(cpu_microseconds(partial(stock.ask, pair)))
        for percent in (50, 99):
            sheet.add(
                f"engine in process, {RULES:,} rules, {outcome}, work, p{percent}",
                percentile(ours, percent),
                "µs",
                THOUSAND_TIMES_FASTER if percent == 50 else None,  # noqa: PLR2004 - the median
                peer=(Stock.NAME, percentile(theirs, percent)),
            )


def _pairs(made: Synthetic, engine: Engine, chance: random.Random) -> tuple[list[Pair], list[Pair]]:
    """Return as many allowed as denied questions, one of each for every subject."""
    functions = sorted({rule.function for rule in made.policy.rules[1:]})
    pairs: tuple[list[Pair], list[Pair]] = ([], [])
    for subject in made.subjects:
        named = sorted(made.policy.functions_of(subject.roles))
        pairs[0].append(next(pair for pair in _endless(subject, named, chance) if ask(engine, pair)))
        pairs[1].append(next(pair for pair in _endless(subject, functions, chance) if not ask(engine, pair)))
    return pairs


def _endless(subject: Snapshot, functions: Sequence[str], chance: random.Random) -> Iterator[Pair]:
    while True:
        yield subject, chance.choice(functions)


# The decider with its reads


Questions = dict[str, list[Question]]


def province_questions(services: Services) -> Questions:
    """Return questions about functions of the housing subsystem by outcome, each about another official of the province."""
    functions = [function.code for function in services.subsystem_queries.functions_of("housing")]
    found: Questions = {outcome: [] for outcome in OUTCOMES}
    for subject in counting(_subjects(services), "sorting questions"):
        opened = services.authorization_queries.open_among(subject.official_id, subject.appointment_id, functions)
        for outcome, fitting in (("allowed", opened), ("denied", set(functions) - opened)):
            found[outcome] += [Question(function, subject.appointment_id, subject.official_id) for function in sorted(fitting)[:1]]
        db.session.remove()
    return found


def _subjects(services: Services) -> list[Subject]:
    """Return the primary subjects of every fourth official."""
    return [subject for subject in everybody(services) if subject.kind == "primary"][::4]


def time_decider(place: Platform, services: Services, questions: Questions, effort: Effort) -> None:
    """Time one decision after the other; each reads its subject anew, in a transaction of its own, as a request does."""

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
    """Ask over HTTP with the credentials of a client, half allowed and half denied, beside a refusal that decides nothing."""
    pairs = zip(questions["allowed"], questions["denied"], strict=False)
    bodies = [_body(question, question.function) for pair in pairs for question in pair]
    foreign = [_body(question, FOREIGN) for question in questions["denied"]]
    asked = Load(place, bodies, 200).run(effort.seconds, "evaluations")
    refused = Load(place, foreign, 403).run(effort.seconds, "refusals before deciding")
    name = "same route and client authentication, refused before deciding"
    label = f"POST {EVALUATION}, 1 worker, {CONNECTIONS} connections, half denied"
    place.sheet.add(f"{label}, throughput", asked.per_second, "requests/s", peer=(name, refused.per_second))
    place.sheet.add(f"{label}, work for each", asked.work, "ms", peer=(name, refused.work))
    for percent in (50, 99):
        figures = (percentile(load.milliseconds, percent) for load in (asked, refused))
        place.sheet.add(f"{label}, p{percent}", next(figures), "ms", peer=(name, next(figures)))


def _body(question: Question, function: str) -> bytes:
    content: dict[str, Any] = {
        "subject": {"type": "official", "id": str(question.official_id)},
        "action": {"name": function},
        "resource": {"type": "register", "id": "*"},
    }
    return json.dumps(content).encode()


class Load:
    """Several connections that each ask as soon as they have their answer."""

    def __init__(self, place: Platform, bodies: Sequence[bytes], expected: int) -> None:
        """Take what is asked, in turn, and the status that every answer must have."""
        self.milliseconds: list[float] = []
        self.per_second = 0.0
        self.work = 0.0
        self._place = place
        self._bodies = itertools.cycle(bodies)
        self._expected = expected
        self._until = 0.0
        self._wrong: list[int] = []
        credentials = base64.b64encode(f"housing:{place.client_secrets['housing']}".encode()).decode()
        self._headers = {"Content-Type": "application/json", "Authorization": f"Basic {credentials}"}

    def run(self, seconds: float, what: str) -> Load:
        """Warm up for a tenth of the time, then measure; return the load with its figures."""
        say(f"{what} over {CONNECTIONS} connections for {seconds:g} s")
        self._spend(seconds / 10)
        self.milliseconds.clear()
        lap = self._place.stopwatch().lap(partial(self._spend, seconds))
        self.per_second = len(self.milliseconds) / lap.clock * 1000
        self.work = lap.work / len(self.milliseconds)
        assert not self._wrong, f"answers with status {set(self._wrong)}, expected {self._expected}"
        return self

    def _spend(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        threads = [threading.Thread(target=self._ask) for _ in range(CONNECTIONS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _ask(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._place.ports.platform, timeout=30)
        while time.monotonic() < self._until:
            begun = time.perf_counter_ns()
            connection.request("POST", EVALUATION, next(self._bodies), self._headers)
            answer = connection.getresponse()
            answer.read()
            self.milliseconds.append((time.perf_counter_ns() - begun) / 1e6)
            if answer.status != self._expected:
                self._wrong.append(answer.status)
        connection.close()


if __name__ == "__main__":
    main()
