"""A province of any size, made up and written straight into a replica: what the engine is timed against at full scale.

A policy of 100,000 rules over 30,000 functions: one rule in ten a deny, more than a third under two conditions, a quarter bounded by
rows, a quarter with fields that are masked and hidden. Every official has one appointment and three of 5,000 roles; a fifth have three
temporary grants besides.
"""

from __future__ import annotations

import random
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from pathlib import Path
from uuid import UUID

from bench._running import say
from govcloud.authorization.around.surroundings import SHIPPED
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.deciding.facts import DecisionFacts, PolicyRoles, PolicyState
from govcloud.authorization.deciding.live import LiveEngine
from govcloud.authorization.deciding.live_duties import LiveDuties
from govcloud.authorization.policies.document import ALLOW, DENY, RoleSpec, RuleSpec
from govcloud.authorization.replica.head import Head, now_ns
from govcloud.authorization.replica.place import Place, create
from govcloud.authorization.replica.reading import Replica
from govcloud.authorization.replica.records import (
    DepartmentRecord,
    FunctionRecord,
    GrantRecord,
    PersonRecord,
    PlaceRecord,
    RoleRecord,
    StandingRecord,
    encode,
)
from govcloud.authorization.replica.writing import Writing
from govcloud.authorization.scopes.fields import ALL_FIELDS, FieldRule
from govcloud.authorization.subjects.duties import Duty
from govcloud.authorization.subjects.snapshot import instant
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.kernel.clock import SystemClock
from govcloud.subsystems.levels import FILTER

OFFICIALS, FEW_OFFICIALS = 2_000_000, 10_000
ROLES, RULES, FUNCTIONS, FUNCTIONS_PER_SUBSYSTEM = 5_000, 100_000, 30_000, 12
ROLES_HELD, GRANTS_HELD, WITH_GRANTS = 3, 3, 5
OFFICIALS_PER_DEPARTMENT = 50
DIVISIONS = ("330106000000", "330110000000", "330108000000", "330200000000", "330300000000")
RANKS = ("一级科员", "二级科员", "一级主任科员", "四级调研员", "县处级副职")
POSITIONS = ("窗口受理员", "内设机构负责人", "数据管理员", "法制审核员", "综合岗")
LINES = ("民政", "住房和城乡建设", "人力资源和社会保障", "卫生健康", "综合政务")
VERSION = UUID(int=1)
IDENTITY = b"benchmark".ljust(32, b"\0")
SINCE = datetime(2026, 1, 1, tzinfo=UTC)
_YEAR = instant(SINCE + timedelta(days=3650))
_FIRST = instant(SINCE)
_FUNCTION = FunctionRecord("published", is_door=False, versions=((0, None, 1, FILTER, False),), items=((0, None, UUID(int=7).bytes),))


@dataclass(frozen=True)
class Province:
    """A made-up province; everything in it follows from the number of an official."""

    officials: int

    @property
    def departments(self) -> int:
        """Return how many departments there are."""
        return max(1, self.officials // OFFICIALS_PER_DEPARTMENT)

    @cached_property
    def functions(self) -> list[str]:
        """Return the functions of all subsystems."""
        return [f"s{number // FUNCTIONS_PER_SUBSYSTEM}:thing{number % FUNCTIONS_PER_SUBSYSTEM}:read" for number in range(FUNCTIONS)]

    @cached_property
    def policy(self) -> tuple[list[RoleSpec], list[RuleSpec]]:
        """Return roles and rules."""
        chance = random.Random(1)
        roles = [RoleSpec(f"role{number}", f"role {number}") for number in range(ROLES)]
        rules = [_rule(role.code, function, chance) for role in roles for function in chance.sample(self.functions, RULES // ROLES)]
        return roles, rules

    @cached_property
    def by_role(self) -> dict[str, list[str]]:
        """Return the functions that each role's rules name."""
        found: dict[str, list[str]] = {}
        for rule in self.policy[1]:
            found.setdefault(rule.role, []).append(rule.function)
        return found

    def official(self, number: int) -> PersonRecord:
        """Return what is known of the official of a number."""
        chance = random.Random(number)
        place = place_of(number).bytes
        roles = tuple(
            RoleRecord(
                f"role{role}", place if under else None, _FIRST, None, _SCOPES[role % len(_SCOPES)], (number * 10 + at).to_bytes(16, "big")
            )
            for at, (role, under) in enumerate(zip(chance.sample(range(ROLES), ROLES_HELD), (True, True, False), strict=True))
        )
        grants: tuple[GrantRecord, ...] = ()
        if number % WITH_GRANTS == 0:
            asked = chance.sample(self.functions, GRANTS_HELD)
            grants = tuple(
                GrantRecord(function, place, _FIRST, None, _FIRST, _YEAR, _SCOPES[at], (number * 10 + at).to_bytes(16, "big"), ())
                for at, function in enumerate(asked)
            )
        standing = StandingRecord("active", RANKS[number % 5], number % 5, _FIRST, None)
        department = department_of(number // OFFICIALS_PER_DEPARTMENT % self.departments)
        record = PlaceRecord(place, department.bytes, "primary", "科员", POSITIONS[number % 5], _FIRST, None, None)
        return PersonRecord((standing,), (record,), roles, grants)

    def question(self, chance: random.Random) -> Question:
        """Return a question of a uniformly random official: about a function that a role or a grant names, or, one time in ten, any."""
        number = chance.randrange(self.officials)
        person = self.official(number)
        named = [grant.function for grant in person.grants] + [function for role in person.roles for function in self.by_role[role.role]]
        function = chance.choice(self.functions if chance.random() < 1 / 10 else named)
        own = DIVISIONS[number // OFFICIALS_PER_DEPARTMENT % self.departments % len(DIVISIONS)]
        division = own if chance.random() < 4 / 5 else chance.choice(DIVISIONS)
        resource = {"division": division, "level": chance.randrange(5)} if chance.random() < 1 / 2 else {}
        return Question(function, place_of(number), official_of(number), resource)


def official_of(number: int) -> UUID:
    """Return the id of an official; ids rise with numbers, as a replica is written in their order."""
    return UUID(int=(number + 1) << 64)


def place_of(number: int) -> UUID:
    """Return the id of an official's appointment."""
    return UUID(int=(number + 1) << 64 | 1)


def department_of(number: int) -> UUID:
    """Return the id of a department."""
    return UUID(int=(number + 1) << 96)


_SCOPES = (None, '{"divisions":["330106000000"]}', None, '{"divisions":["330000000000"]}')


_MASKS = FieldRule(frozenset({"phone"}), frozenset({"id_number"}))


def _rule(role: str, function: str, chance: random.Random) -> RuleSpec:
    effect = DENY if chance.random() < 1 / 10 else ALLOW
    condition = ""
    if chance.random() < 0.35:  # noqa: PLR2004 - more than the 30 % that the target speaks of
        condition = chance.choice(
            (
                "subject.label >= 1 and resource.level != 9",
                'subject.rank != "见习" and "00:00" <= context.time',
                'under(subject.department_path, "/") and subject.label <= 4',
            )
        )
    scope = "own_division" if effect == ALLOW and chance.random() < 1 / 4 else ""
    fields = _MASKS if effect == ALLOW and chance.random() < 1 / 4 else ALL_FIELDS
    return RuleSpec(role, function, condition, effect, scope, fields=fields)


def write(province: Province, folder: Path) -> Place:
    """Write the province's replica below ``folder``."""
    say(f"writing a replica of {province.officials:,} officials")
    place = Place(folder)
    place.prepare()
    store = create(place.building)
    writing = Writing(store)
    writing.people((official_of(number), province.official(number)) for number in range(province.officials))
    with store.env.begin(write=True) as txn:
        for number in range(province.departments):
            key = department_of(number)
            path = f"/{department_of(0).hex}/{department_of(number // 20).hex}/{key.hex}/"
            record = DepartmentRecord(str(key), path, DIVISIONS[number % 5], "county", (LINES[number % 5],), _FIRST, None)
            txn.put(key.bytes, encode((record,)), db=store.departments)
        for function in province.functions:
            txn.put(
                function.encode(),
                encode(_FUNCTION),
                db=store.functions,
            )
    writing.begin(Head(now_ns(), IDENTITY, PolicyState(VERSION, 1, 1), 0))
    store.env.close()
    place.put_in_force()
    return place


class _Facts(DecisionFacts):
    """The province's policy and a dozen duty rules, without a database."""

    def __init__(self, province: Province) -> None:
        self._province = province

    def policy_roles(self, version_id: UUID) -> PolicyRoles:
        """Return the roles."""
        assert version_id == VERSION
        return PolicyRoles(1, SINCE, self._province.policy[0])

    def policy_rules(self, at: datetime, functions: Collection[str] | None = None) -> list[RuleSpec]:
        """Return the rules, all of them: here nobody waits for them."""
        assert at == SINCE
        assert functions is None
        return self._province.policy[1]

    def duty_rules(self, now: datetime) -> tuple[int, list[Duty]]:
        """Return the duty rules."""
        assert now
        duties = [
            Duty(
                UUID(int=number),
                f"role{number}",
                "岗位职责",
                AppointmentCriteria(positions=(position,), levels=("county",)),
                starts_at=SINCE,
                bound=False,
            )
            for number, position in enumerate(POSITIONS)
        ]
        return 1, duties


def decider_over(province: Province, place: Place) -> Decider:
    """Return the platform's own decider over a replica and nothing else."""
    replica = Replica(place.folder, 1e9, identity=lambda: IDENTITY, busy=lambda: False)
    decider = Decider(_nothing, _nothing, _nothing, SystemClock(), source=replica)  # type: ignore[arg-type]
    facts = _Facts(province)
    decider.facts, decider.live, decider.live_duties = facts, LiveEngine(facts, SHIPPED), LiveDuties(facts)
    return decider


def _nothing() -> None:
    raise AssertionError("the replica must answer, not the database")


@contextmanager
def replica_of(officials: int) -> Iterator[tuple[Province, Place]]:
    """Give a province and its replica, and leave nothing behind."""
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        province = Province(officials)
        yield province, write(province, Path(folder) / "replica")
