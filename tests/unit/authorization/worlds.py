"""Small random worlds for the engine's tests: policies, subjects and questions, all made from a seed.

Conditions and scopes stand beside what they mean, written plainly in Python: what a reference works out with, and the engine never sees.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from ipaddress import ip_network
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from govcloud.authorization.around.network_zones import zones_of
from govcloud.authorization.around.surroundings import Surroundings
from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.engine import Engine, Verdict
from govcloud.authorization.deciding.policy import compile_policy
from govcloud.authorization.policies.document import RoleSpec, RuleSpec
from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule
from govcloud.authorization.shipped import model_text
from govcloud.authorization.subjects.holding import take_snapshot
from govcloud.authorization.subjects.snapshot import AssignmentFact, GrantFact
from govcloud.subsystems.levels import FILTER, Traits

#: A Tuesday that is worked, 08:00 in China.
START = datetime(2026, 11, 24, tzinfo=UTC)
ROLES = ("alpha", "beta", "gamma", "delta")
FUNCTIONS = ("housing:register:read", "housing:register:export", "assistance:case:read")
NAMED = (*FUNCTIONS, FUNCTIONS[0], FUNCTIONS[0], "housing:*", "housing:*", "assistance:*")
DIVISIONS = ("330000000000", "330100000000", "330106000000", "330110000000", "330111000000")
PATHS = ("/a/", "/a/b/", "/a/b/c/", "/c/", "/ab/")
CASES = ("XH-1", "XH-2", "XH-3")
RANKS = ("县处级正职", "县处级副职", "一级科员", "警长")
FIELDS = (ALL_FIELDS, ALL_FIELDS, FieldRule(frozenset({"phone"}), frozenset({"id_number"})), FieldRule(frozenset({"id_number"})))
SURROUNDINGS = Surroundings(zones=zones_of({"office": (ip_network("10.0.0.0/8"),)}))

Facts = Mapping[str, Mapping[str, Any]]
Truth = bool | None


def both(one: Truth, two: Truth) -> Truth:
    """Return Kleene's *and*."""
    if one is False or two is False:
        return False
    return None if one is None or two is None else True


def either(one: Truth, two: Truth) -> Truth:
    """Return Kleene's *or*."""
    return None if (met := both(_not(one), _not(two))) is None else not met


def _not(value: Truth) -> Truth:
    return None if value is None else not value


def _level(facts: Facts, holds: Callable[[int], bool]) -> Truth:
    level = facts["resource"].get("level")
    return holds(level) if type(level) is int else None


def _same_division(facts: Facts) -> Truth:
    one, two = facts["resource"].get("division"), facts["subject"].get("division")
    return None if one is None or two is None else one == two


def _is(facts: Facts, name: str, value: str) -> Truth:
    found = facts["resource"].get(name)
    return found == value if isinstance(found, str) else None


def _below(facts: Facts) -> Truth:
    path, own = facts["resource"].get("department_path"), facts["subject"].get("department_path")
    return None if path is None or own is None else path.startswith(own)


def _cleared(facts: Facts, least: int) -> Truth:
    label = facts["subject"].get("label")
    return None if label is None else label >= least


def _zone(facts: Facts) -> Truth:
    zone = facts["context"]["network_zone"]
    return None if zone is None else zone == "office"


def _ranked(facts: Facts) -> Truth:
    rank = facts["subject"].get("rank")
    return None if rank not in RANKS[:3] else rank in RANKS[:2]


#: Conditions, each with its meaning.
CONDITIONS: Mapping[str, Callable[[Facts], Truth]] = {
    "": lambda _facts: True,
    "resource.level > 2": lambda facts: _level(facts, lambda level: level > 2),
    "not (resource.level > 2)": lambda facts: _level(facts, lambda level: level <= 2),
    "resource.division == subject.division": _same_division,
    'context.time < "12:00"': lambda facts: facts["context"]["time"] < "12:00",
    'resource.a == "x, y" or resource.level == 1': lambda facts: either(_is(facts, "a", "x, y"), _level(facts, lambda level: level == 1)),
    "resource.level > 2 and subject.label >= 2": lambda facts: both(_level(facts, lambda level: level > 2), _cleared(facts, 2)),
    'subject.rank >= "县处级副职"': _ranked,
    "context.workday and context.weekday in [1, 2, 3]": lambda facts: (
        facts["context"]["workday"] and facts["context"]["weekday"] in {1, 2, 3}
    ),
    'context.network_zone == "office"': _zone,
    "under(resource.department_path, subject.department_path)": _below,
}
_CONDITIONS = ("", "", "", *CONDITIONS)

Row = tuple[str | None, str | None, str | None]
#: Every row that anything here could tell apart: division, department and case, each of them or none.
UNIVERSE: tuple[Row, ...] = tuple((d, p, c) for d in (None, *DIVISIONS) for p in (None, *PATHS) for c in (None, *CASES))
PLACE: Mapping[Row, int] = {row: place for place, row in enumerate(UNIVERSE)}
EVERY_ROW = (1 << len(UNIVERSE)) - 1


def rows_where(holds: Callable[[Row], bool]) -> int:
    """Return a set of rows as a number, one bit a row of the universe."""
    return sum(1 << place for place, row in enumerate(UNIVERSE) if holds(row))


def _significant(code: str) -> str:
    while code.endswith("00"):
        code = code[:-2]
    return code


def _in_division(code: str) -> int:
    return rows_where(lambda row: row[0] is not None and row[0].startswith(_significant(code)))


def _in_department(path: str) -> int:
    return rows_where(lambda row: row[1] is not None and row[1].startswith(path))


def _of_case(case: str) -> int:
    return rows_where(lambda row: row[2] == case)


IN_DIVISION = {code: _in_division(code) for code in DIVISIONS}
IN_DEPARTMENT = {path: _in_department(path) for path in PATHS}
OF_CASE = {case: _of_case(case) for case in CASES}


def _own_division(attributes: Mapping[str, Any], _cases: frozenset[str]) -> int:
    return IN_DIVISION.get(attributes.get("division", ""), 0)


def _own_department(attributes: Mapping[str, Any], _cases: frozenset[str]) -> int:
    return IN_DEPARTMENT.get(attributes.get("department_path", ""), 0)


def _my_cases(_attributes: Mapping[str, Any], cases: frozenset[str]) -> int:
    return sum(OF_CASE[case] for case in cases)


Rows = Callable[[Mapping[str, Any], frozenset[str]], int]
#: Scope expressions, each with the rows that it means.
SCOPES: Mapping[str, Rows] = {
    "": lambda _attributes, _cases: EVERY_ROW,
    "own_division": _own_division,
    "own_department": _own_department,
    "divisions: 330106000000, 330111000000": lambda _a, _c: IN_DIVISION["330106000000"] | IN_DIVISION["330111000000"],
    "division under 3301": lambda _a, _c: IN_DIVISION["330100000000"],
    "case in my matters": _my_cases,
    "own_department and division under 330106": lambda a, c: _own_department(a, c) & IN_DIVISION["330106000000"],
    "own_division or case in my matters": lambda a, c: _own_division(a, c) | _my_cases(a, c),
}
_SCOPES = ("", "", "", "", *SCOPES)


@dataclass(frozen=True)
class Person:
    """Somebody: attributes, standing roles and grants."""

    name: str
    attributes: Mapping[str, Any]
    assignments: tuple[AssignmentFact, ...]
    grants: tuple[GrantFact, ...]


@dataclass(frozen=True)
class Asked:
    """A question; ``address`` is the trusted address of the device."""

    function: str
    label: int
    resource: Mapping[str, Any]
    address: str | None
    bounded: bool
    level: int = FILTER


@dataclass(frozen=True)
class World:
    """A policy, people, and questions that each of them asks at one moment."""

    seed: int
    includes: Mapping[str, tuple[str, ...]]
    rules: tuple[RuleSpec, ...]
    people: tuple[Person, ...]
    questions: tuple[Asked, ...]
    hour: int

    @property
    def now(self) -> datetime:
        """Return the moment of the questions."""
        return START + timedelta(hours=self.hour)

    @cached_property
    def engine(self) -> Engine:
        """Return the engine of the world's policy."""
        roles = [RoleSpec(code, code, includes=self.includes.get(code, ())) for code in ROLES]
        return Engine(model_text(), compile_policy(1, roles, self.rules), SURROUNDINGS)

    def seen(self, person: Person) -> Seen:
        """Return the person as decisions see it."""
        closure = self.engine.policy.closure
        return Seen(take_snapshot(person.name, person.attributes, person.assignments, person.grants, closure), self.engine, 0, self.now)

    def asking(self, seen: Seen, asked: Asked) -> Asking:
        """Return the question as the engine takes it."""
        return seen.asking(
            asked.function, Traits(asked.label, asked.level), resource=asked.resource, client_address=asked.address, bounded=asked.bounded
        )

    def verdict(self, seen: Seen, asked: Asked) -> Verdict:
        """Return what the engine says."""
        return self.engine.decide(self.asking(seen, asked), asked.function)


def _hours(value: int) -> datetime:
    return START + timedelta(hours=value)


def make_world(seed: int, *, most_rules: int = 60, people: int = 5, questions: int = 10) -> World:
    """Make a world; roles include only later ones, so that no circle arises."""
    chance = random.Random(seed)  # noqa: S311 - a seeded world, no secret
    count = min(most_rules, chance.choice((0, 2, 5, 8, 12, 20, 30, 60)))
    return World(
        seed=seed,
        includes={role: tuple(chance.sample(ROLES[at + 1 :], chance.randint(0, len(ROLES) - at - 1))) for at, role in enumerate(ROLES)},
        rules=tuple(_rule(chance) for _ in range(count)),
        people=tuple(_person(chance, f"person{number}") for number in range(people)),
        questions=tuple(_question(chance) for _ in range(questions)),
        hour=chance.randint(-3, 8),
    )


def worlds() -> st.SearchStrategy[World]:
    """Return a strategy of small worlds; a failing one is told by its seed."""
    return st.integers(0, 2**32).map(lambda seed: make_world(seed, most_rules=12, people=2, questions=4))


def _rule(chance: random.Random) -> RuleSpec:
    denies = chance.random() < 1 / 8
    condition = chance.choice(_CONDITIONS)
    scope = "" if denies else chance.choice(_SCOPES)
    fields = ALL_FIELDS if denies else chance.choice(FIELDS)
    effect = "deny" if denies else "allow"
    return RuleSpec(chance.choice(ROLES), chance.choice(NAMED), condition, effect, scope, f"rule {scope}{condition}", fields)


def _person(chance: random.Random, name: str) -> Person:
    attributes: dict[str, Any] = {"kind": "official"}
    if chance.random() < 3 / 4:
        attributes |= {
            "division": chance.choice(DIVISIONS),
            "department_path": chance.choice(PATHS),
            "rank": chance.choice(RANKS),
            "label": chance.randint(0, 4),
        }
    assignments = tuple(_assignment(chance) for _ in range(chance.choice((0, 1, 2, 2, 4))))
    return Person(name, attributes, assignments, tuple(_grant(chance) for _ in range(chance.choice((0, 0, 1, 3)))))


def _assignment(chance: random.Random) -> AssignmentFact:
    end = chance.choice((None, None, chance.randint(-3, 9)))
    return AssignmentFact(chance.choice(ROLES), _hours(chance.randint(-4, 1)), None if end is None else _hours(end), _bounds(chance))


def _bounds(chance: random.Random) -> dict[str, Any] | None:
    """Return the scope of an assignment: none, divisions (perhaps none at all), a department, or both."""
    scope: dict[str, Any] = {}
    if chance.random() < 1 / 4:
        scope["divisions"] = chance.sample(DIVISIONS, chance.randint(0, 2))
    if chance.random() < 1 / 4:
        scope["department_path"] = chance.choice(PATHS)
    return scope or None


def _grant(chance: random.Random) -> GrantFact:
    scope: dict[str, Any] = {}
    match chance.randint(0, 3):
        case 0:
            scope = {"divisions": chance.sample(DIVISIONS, chance.randint(1, 2))}
        case 1:
            scope = {
                "any": [
                    {"division": chance.choice(DIVISIONS), "department_path": chance.choice(PATHS)},
                    {"case_number": chance.choice(CASES)},
                ]
            }
    if chance.random() < 1 / 2:
        scope["case_number"] = chance.choice(CASES)
    closed = _hours(0) if chance.random() < 1 / 6 else None
    start = chance.randint(-4, 2)
    end = _hours(start + chance.randint(1, 12))
    number = UUID(int=chance.getrandbits(128))
    return GrantFact(number, chance.choice(FUNCTIONS), _hours(start), end, scope or None, closed, suspended=chance.random() < 1 / 6)


def _question(chance: random.Random) -> Asked:
    resource: dict[str, Any] = {}
    for name, values in (("division", DIVISIONS), ("department_path", PATHS), ("case_number", CASES), ("a", ("x", "x, y"))):
        if chance.random() < 1 / 3:
            resource[name] = chance.choice(values)
    if chance.random() < 1 / 2:
        resource["level"] = chance.choice((1, 2, 3, 4, "3"))
    if chance.random() < 1 / 5:
        resource["label"] = chance.randint(0, 4)
    if chance.random() < 1 / 3:
        resource = {}
    address = chance.choice((None, "10.1.2.3", "192.0.2.1"))
    label = chance.choice((0, 0, 0, 1, 3))
    bounded = bool(resource) or chance.random() < 1 / 8
    level = chance.choice((FILTER,) * 6 + (2, 1, 0))
    return Asked(chance.choice((FUNCTIONS[0], *FUNCTIONS)), label, resource, address, bounded, level)
