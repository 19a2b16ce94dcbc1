"""The engine beside stock Casbin and Cedar on the same made-up policy of 20,000 rules, in process."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

import casbin
import cedarpy

from bench._rows import Sheet, Target
from bench._running import counting, percentile, say
from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.engine import Engine, matcher_functions
from govcloud.authorization.deciding.policy import CompiledPolicy, all_of, compile_policy
from govcloud.authorization.policies.document import ALLOW, DENY, RoleSpec, RuleSpec
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.holding import take_snapshot
from govcloud.authorization.subjects.snapshot import AssignmentFact, Snapshot, grant_role, instant

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
RULES = 20_000
RULES_PER_ROLE = 20
FUNCTIONS_PER_SUBSYSTEM = 12
ROLES_HELD = 3
SUBJECTS = 200
_CEDARS = {ALLOW: "permit", DENY: "forbid"}
OUTCOMES = ("allowed", "denied")
THOUSAND_TIMES_FASTER = Target("<=", 0.001, of="ratio")


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


class Cedar:
    """Cedar on the same rules, one policy for each; of a question it is told the one subject with its roles."""

    NAME = f"cedarpy {version('cedarpy')}"

    def __init__(self, made: Synthetic) -> None:
        """Write the rules as policies and read them once: reading them again for each question would be all that is measured."""
        rules = made.policy.rules[1:]
        text = "\n".join(
            f'{_CEDARS[rule.effect]}(principal in Role::"{rule.role}", action == Action::"{rule.function}", resource);' for rule in rules
        )
        self._policies = cedarpy.PolicySet.from_str(text)
        self._entities: dict[str, list[dict[str, Any]]] = {}
        for subject in made.subjects:
            held = [{"type": "Role", "id": role} for role in subject.roles if role in made.policy.roles]
            person = {"uid": {"type": "User", "id": subject.id}, "attrs": {}, "parents": held}
            self._entities[subject.id] = [person, *({"uid": role, "attrs": {}, "parents": []} for role in held)]

    def ask(self, pair: Pair) -> bool:
        """Return Cedar's answer."""
        subject, function = pair
        request = {
            "principal": f'User::"{subject.id}"',
            "action": f'Action::"{function}"',
            "resource": 'Thing::"any"',
            "context": {},
        }
        return bool(cedarpy.is_authorized(request, self._policies, self._entities[subject.id]).allowed)


def compare_engines(sheet: Sheet, rounds: int, peer_questions: int) -> None:
    """Time the engine and its peers on the same questions, after all of them have answered alike."""
    say(f"comparing engines over {RULES:,} rules")
    chance = random.Random(1)
    made = synthetic(chance)
    engine, stock, cedar = Engine(model_text(), made.policy), Stock(made), Cedar(made)
    for outcome, pairs in zip(OUTCOMES, _pairs(made, engine, chance), strict=True):
        ours = [cpu_microseconds(partial(ask, engine, pair)) for _ in range(rounds) for pair in pairs]
        for peer, target in ((stock, THOUSAND_TIMES_FASTER), (cedar, None)):
            theirs = []
            for pair in counting(pairs[:peer_questions], f"{peer.NAME}, {outcome}"):
                assert peer.ask(pair) == (outcome == "allowed"), "all must answer alike"
                theirs.append(cpu_microseconds(partial(peer.ask, pair)))
            beside = "" if peer is stock else ", beside Cedar"
            for percent in (50, 99):
                sheet.add(
                    f"engine in process, {RULES:,} rules, {outcome}, work, p{percent}{beside}",
                    percentile(ours, percent),
                    "µs",
                    target if percent == 50 else None,  # noqa: PLR2004 - the median
                    peer=(peer.NAME, percentile(theirs, percent)),
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
