"""The power list and the service items of every department: base codes of 12 and implementation codes of 31 characters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from govcloud.cli.seed.datafiles import document
from govcloud.cli.seed.departments import PlannedDepartment

# GB/T 39554.1: the level that exercises the power.
_EXERCISE_LEVELS = {"province": "2", "city": "3", "county": "4", "township": "5"}
_PROVINCE = "33"


@dataclass(frozen=True)
class PlannedPower:
    """A power item of a department with its service item; ``kind`` is two digits of GB/T 39554.1."""

    department_key: str
    code: str
    name: str
    kind: str
    service_code: str


def plan_powers(departments: Sequence[PlannedDepartment]) -> Iterator[PlannedPower]:
    """Return the items of all departments.

    A base code is province 2 + kind 2 + department 2 + item 3 + sub-item 3; an implementation code is credit code 18 +
    exercise level 1 + base code 12 (GB/T 39554.1).
    """
    powers: dict[str, list[tuple[str, str]]] = document("powers")
    for department in departments:
        for number, (kind, name) in enumerate(powers.get(department.kind, ()), 1):
            base = f"{_PROVINCE}{kind}{department.code}{number:03d}000"
            service = department.uscc + _EXERCISE_LEVELS[department.level] + base
            yield PlannedPower(department.key, base, name, kind, service)
