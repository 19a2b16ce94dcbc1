"""Importing people from a CSV with the command line, timed: the rate, whether it stays, the memory peak (a part of `bench.identity`)."""

from __future__ import annotations

import csv
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from bench._platform import Platform
from bench._rows import Target
from bench._running import say
from govcloud.cli.seed.departments import PlannedDepartment
from govcloud.cli.seed.names import Names
from govcloud.cli.seed.numbers import IdNumbers, Phones, is_woman, stream
from govcloud.cli.seed.plan import Plan
from govcloud.cli.seed.sizes import SHAPES
from govcloud.identity.importing.columns import HEADINGS

_SEED = 1
#: The seeded people of the platform have the first numbers of the same order, so these meet none of them.
_FIRST = 20_000_000
_SECOND_APPOINTMENT = 0.05
#: 1.5 million officials in fifteen minutes.
LEAST_RATE = 1_700.0
FLAT = 0.8
_COLUMNS = (
    "employee_code",
    "name",
    "id_number",
    "phone",
    "rank",
    "staffing_type",
    "security_label",
    "department_uscc",
    "office",
    "kind",
    "post",
    "position",
)


@dataclass(frozen=True)
class Imported:
    """What one import took: people, seconds on the wall, and the most memory that its process had, in MB."""

    people: int
    seconds: float
    megabytes: float

    @property
    def rate(self) -> float:
        """Return people a second, all included: checks, sealing, accounts, appointments, audit events and their sealing."""
        return self.people / self.seconds


def rows(plan: Plan, first: int, count: int) -> Iterator[tuple[object, ...]]:
    """Give rows of ``count`` people, department by department; the same numbers give the same people, born before 1900."""
    names, rng = Names(), stream(_SEED, "bench", first)
    id_numbers = IdNumbers(plan.divisions.county_codes, stream(_SEED, "id numbers"))
    phones = Phones(stream(_SEED, "phones"))
    departments = plan.departments
    for number in range(first, first + count):
        department = departments[(number - first) * len(departments) // count]
        id_number = id_numbers[_FIRST + number]
        name = names.draw(rng, woman=is_woman(id_number))
        who = (f"B{number:08d}", name, id_number, phones[_FIRST + number], "一级科员", "行政编制", "1")
        yield (*who, department.uscc, _office(department, number), "主职", "科员", "窗口受理员")
        if rng.random() < _SECOND_APPOINTMENT:
            yield (*who, rng.choice(departments).uscc, "", "兼职", "", "数据管理员")


def _office(department: PlannedDepartment, number: int) -> str:
    return department.offices[number % len(department.offices)]


def write(path: Path, plan: Plan, first: int, count: int) -> Path:
    """Write a CSV of ``count`` people and return its path."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([HEADINGS[key] for key in _COLUMNS])
        writer.writerows(rows(plan, first, count))
    return path


def imported(path: Path, people: int, *words: str) -> Imported:
    """Import ``path`` with the command line, as an operator would, and watch its process."""
    command = [sys.executable, "-m", "govcloud", "people", "import", str(path), *words]
    begun = time.monotonic()
    # Its own output is the table of counts; what is measured here goes to the sheet.
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 - our own program
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"the import ended with {process.returncode}"
    return Imported(people, time.monotonic() - begun, usage.ru_maxrss / 1024)


def measure(place: Platform, size: str, base: int, people: int) -> None:
    """Import ``base`` people, the same again, then ``people`` more on top."""
    plan = Plan(SHAPES[size], _SEED)
    with tempfile.TemporaryDirectory(prefix="govcloud-bench-") as folder:
        say(f"writing {base:,} people")
        path = write(Path(folder) / "base.csv", plan, 0, base)
        say(f"importing {base:,} people")
        small = imported(path, base, "--apply")
        at = f"people/s at {base:,}"
        place.sheet.add("import: CSV, all included", small.rate, at, Target(">=", LEAST_RATE))
        place.sheet.add(f"import: memory peak at {base:,}", small.megabytes, "MB")
        say("the same file again")
        again = imported(path, base, "--apply")
        place.sheet.add("import: nothing changed", again.rate, at)
        if people > base:
            say(f"writing {people:,} people")
            path = write(Path(folder) / "more.csv", plan, base, people)
            say(f"importing {people:,} people")
            large = imported(path, people, "--apply")
            flat = Target(">=", FLAT, of="ratio")
            place.sheet.add("import: flat", large.rate, f"people/s at {people:,}", flat, peer=(f"rate at {base:,}", small.rate))
            place.sheet.add(f"import: memory peak at {people:,}", large.megabytes, "MB", peer=(f"peak at {base:,}", small.megabytes))
