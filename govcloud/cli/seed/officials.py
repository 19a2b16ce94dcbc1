"""The officials of a province, department by department: nothing is kept of one person when the next is made."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from govcloud.cli.seed.cast import CAST, CastMember
from govcloud.cli.seed.datafiles import document
from govcloud.cli.seed.departments import PlannedDepartment
from govcloud.cli.seed.names import Names
from govcloud.cli.seed.numbers import IdNumbers, Phones, is_woman, stream

_LEAST_STAFF = 5
_SIZE_SPREAD = 0.6
_STAFF_PER_OFFICE_HEAD = 5
_WITH_DEPUTIES = 40
_SECOND_APPOINTMENT = 0.05
_SECOND_KINDS = {"concurrent": 60, "attachment": 20, "secondment": 20}
_LEADERS_LABEL = 2


@dataclass(frozen=True)
class PlannedAppointment:
    """A place in a department; ``office`` names one of its internal offices, or none."""

    department_key: str
    kind: str
    post: str
    position: str
    office: str | None = None


@dataclass(frozen=True)
class PlannedOfficial:
    """A person with numbers that nobody alive has; ``appointments`` begin with the primary one."""

    employee_code: str
    name: str
    id_number: str
    phone: str
    rank: str
    staffing_type: str
    security_label: int
    appointments: tuple[PlannedAppointment, ...]
    cast: CastMember | None = None


@dataclass(frozen=True)
class _Slot:
    """A place that is to be filled in a department."""

    post: str
    position: str
    rank: str
    office: str | None
    label: int = 1


def headcounts(departments: Sequence[PlannedDepartment], officials: int, seed: int) -> list[int]:
    """Return how many officials each department has: lognormal, never fewer than five, ``officials`` in all."""
    rng = stream(seed, "headcounts")
    weights = [rng.lognormvariate(0, _SIZE_SPREAD) for _ in departments]
    free = officials - _LEAST_STAFF * len(departments)
    unit = free / sum(weights)
    counts = [_LEAST_STAFF + math.floor(weight * unit) for weight in weights]
    for index in range(officials - sum(counts)):
        counts[index % len(counts)] += 1
    return counts


def plan_officials(
    departments: Sequence[PlannedDepartment], officials: int, counties: Sequence[str], seed: int
) -> Iterator[PlannedOfficial]:
    """Return all officials, the staff of one department after that of another."""
    planner = _Planner(departments, counties, seed)
    for department, count in zip(departments, headcounts(departments, officials, seed), strict=True):
        yield from planner.staff(department, count)


class _Planner:
    """Fills departments one after another and counts the numbers that are given out."""

    def __init__(self, departments: Sequence[PlannedDepartment], counties: Sequence[str], seed: int) -> None:
        self._departments = departments
        self._seed = seed
        self._posts: Mapping[str, Any] = document("posts")
        self._names = Names()
        self._id_numbers = IdNumbers(counties, stream(seed, "id numbers"))
        self._phones = Phones(stream(seed, "phones"))
        self._given_out = 0
        self._cast: dict[str, list[CastMember]] = {}
        for member in CAST:
            self._cast.setdefault(member.department_key, []).append(member)

    def staff(self, department: PlannedDepartment, count: int) -> Iterator[PlannedOfficial]:
        """Return the people of one department: those of the story first, then its leaders, then the rest."""
        rng = stream(self._seed, "staff", department.key)
        members = self._cast.get(department.key, [])
        for member in members:
            yield self._member(member, rng)
        for slot in self._slots(department, count - len(members), rng):
            yield self._official(department, slot, rng)

    def _next_number(self, *, woman: bool | None = None) -> tuple[str, str]:
        """Return an ID number and a phone that were not given out yet."""
        while True:
            index = self._given_out
            self._given_out += 1
            id_number = self._id_numbers[index]
            if woman is None or is_woman(id_number) is woman:
                return id_number, self._phones[index]

    def _member(self, member: CastMember, rng: random.Random) -> PlannedOfficial:
        id_number, phone = self._next_number(woman=member.woman)
        first = PlannedAppointment(member.department_key, "primary", member.post, member.position, member.office)
        others = (PlannedAppointment(key, "concurrent", "", position) for key, position in member.also)
        staffing = self._weighted(self._posts["staffing_types"], rng) if not member.roles else "行政编制"
        return PlannedOfficial(
            member.login, member.name, id_number, phone, member.rank, staffing, member.security_label, (first, *others), member
        )

    def _official(self, department: PlannedDepartment, slot: _Slot, rng: random.Random) -> PlannedOfficial:
        id_number, phone = self._next_number()
        appointments = [PlannedAppointment(department.key, "primary", slot.post, slot.position, slot.office)]
        if rng.random() < _SECOND_APPOINTMENT:
            other = rng.choice(self._departments)
            if other.key != department.key:
                position = self._weighted(self._posts["staff_positions"][other.level], rng)
                appointments.append(PlannedAppointment(other.key, self._weighted(_SECOND_KINDS, rng), "", position))
        return PlannedOfficial(
            employee_code=f"ZJ{self._given_out:07d}",
            name=self._names.draw(rng, woman=is_woman(id_number)),
            id_number=id_number,
            phone=phone,
            rank=slot.rank,
            staffing_type=self._weighted(self._posts["staffing_types"], rng),
            security_label=slot.label,
            appointments=tuple(appointments),
        )

    def _slots(self, department: PlannedDepartment, count: int, rng: random.Random) -> Iterator[_Slot]:
        """Return ``count`` places: the head, deputies, heads and deputies of the offices, and the staff."""
        places = [*self._leaders(department, count), *self._office_leaders(department, count)][:count]
        yield from places
        for _ in range(count - len(places)):
            rank = self._weighted(self._posts["staff_ranks"][department.level], rng)
            position = self._weighted(self._posts["staff_positions"][department.level], rng)
            yield _Slot(self._posts["staff_post"], position, rank, rng.choice(department.offices))

    def _leaders(self, department: PlannedDepartment, count: int) -> list[_Slot]:
        ranks = self._posts["levels"][department.level]
        head = next(title for ending, title in self._posts["heads"] if department.name.endswith(ending))
        deputies = min(self._posts["deputies_at_most"], max(1, count // self._posts["deputies_per_staff"]))
        first = _Slot(head, self._posts["leader_position"], ranks["head_rank"], None, _LEADERS_LABEL)
        deputy = _Slot(f"副{head}", self._posts["deputy_position"], ranks["deputy_rank"], None, _LEADERS_LABEL)
        return [first, *[deputy] * deputies]

    def _office_leaders(self, department: PlannedDepartment, count: int) -> list[_Slot]:
        ranks = self._posts["levels"][department.level]
        position = self._posts["office_leader_position"]
        led = {member.office for member in self._cast.get(department.key, ()) if member.position == position}
        offices = [office for office in department.offices if office not in led][: max(1, count // _STAFF_PER_OFFICE_HEAD)]
        is_room = {office: office.endswith("室") for office in offices}
        heads = [
            _Slot("主任" if is_room[office] else ranks["office_head"], position, ranks["office_head_rank"], office) for office in offices
        ]
        if count < _WITH_DEPUTIES:
            return heads
        title = ranks["office_deputy"]
        return heads + [_Slot("副主任" if is_room[office] else title, position, ranks["office_deputy_rank"], office) for office in offices]

    @staticmethod
    def _weighted(weights: Mapping[str, int], rng: random.Random) -> str:
        return rng.choices(list(weights), weights=list(weights.values()))[0]
