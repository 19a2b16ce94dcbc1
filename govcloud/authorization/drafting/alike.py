"""Who is decided alike by both policies: departments in sets, appointments in classes, classes in profiles.

Everybody in one profile gets the same answers, so a province of millions is a few hundred decisions. Nothing is assumed here: a set of
departments is alike for every criterion of every relevant duty rule and every relevant comparison; a profile is the same roles with the
same bounds, and the same values of all that relevant conditions read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.drafting.changes import Changes
from govcloud.authorization.drafting.reads import OF_PERSON, Reads
from govcloud.authorization.scopes.scope import division_prefix
from govcloud.authorization.subjects.duties import CompiledDuties, Duty, compile_duties
from govcloud.identity.finding.grouping import BY, Grouping, Key, Place
from govcloud.identity.queries import Subject

#: Stands for anybody: no person and no appointment has this id.
ANYBODY = UUID(int=0)
_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Alike:
    """How the province is divided at one moment; ``of_set`` is one department of each set, which stands for all of them."""

    grouping: Grouping
    duties: CompiledDuties
    reads: Reads
    of_set: Mapping[int, Place]

    def subject(self, key: Key) -> Subject:
        """Return somebody of the class ``key``."""
        place, values = self.of_set[key[0]], dict(zip(self.grouping.by, key[1:], strict=True))
        return Subject(
            official_id=ANYBODY,
            appointment_id=ANYBODY,
            name="",
            employee_code="",
            status="active",
            kind=str(values.get("appointment_kind", "")),
            post=str(values.get("post", "")),
            position=str(values.get("position", "")),
            rank=str(values.get("rank", "")),
            label=int(values.get("label", 0)),
            department_id=place.id,
            department_name="",
            department_path=place.path,
            division=place.division,
            level=place.level,
            business_lines=place.business_lines,
            starts_at=_LONG_AGO,
            ends_at=None,
        )

    def profile(self, subject: Subject) -> tuple[object, ...]:
        """Return what decides for the subject, its own assignments and grants apart."""
        at = self.grouping.at
        held = frozenset((duty.role_code, duty.bound, duty.starts_at > at) for duty in self.duties.matching(subject))
        return (held, subject.label, tuple(values_of(subject, self.reads).items()), self.reads.of_place(place_of(subject)))


def divide(places: Iterable[Place], duties: Iterable[Duty], changes: Changes, reads: Reads, at: datetime) -> Alike:
    """Divide the province for everything that can make a difference between two policies.

    Args:
        places: every department.
        duties: the duty rules that hold or will hold.
        changes: what differs between the policies.
        reads: what the conditions on it read.
        at: the moment.
    """
    relevant = [duty for duty in duties if duty.role_code in changes.holding and (duty.ends_at is None or duty.ends_at > at)]
    tell = _Telling(relevant, reads)
    numbers: dict[UUID, int] = {}
    known: dict[tuple[object, ...], int] = {}
    of_set: dict[int, Place] = {}
    for place in places:
        number = known.setdefault(tell.apart(place), len(known))
        numbers[place.id] = number
        of_set.setdefault(number, place)
    by = {"label"} | reads.attributes
    for name, criterion in (("position", "positions"), ("post", "posts"), ("rank", "ranks"), ("appointment_kind", "kinds")):
        if any(getattr(duty.criteria, criterion) for duty in relevant):
            by.add(name)
    return Alike(Grouping(tuple(name for name in BY if name in by), numbers, at), compile_duties(relevant), reads, of_set)


class _Telling:
    """Tells departments apart by what relevant duty rules and conditions ask of them."""

    def __init__(self, duties: Iterable[Duty], reads: Reads) -> None:
        criteria = [duty.criteria for duty in duties]
        self._levels = any(item.levels for item in criteria)
        self._lines = frozenset(line for item in criteria for line in item.business_lines)
        self._roots = frozenset(item.department_id.hex for item in criteria if item.department_id)
        self._prefixes = frozenset(division_prefix(item.division_code) for item in criteria if item.division_code)
        self._lengths = sorted({len(prefix) for prefix in self._prefixes})
        self._reads = reads

    def apart(self, place: Place) -> tuple[object, ...]:
        """Return the same for departments that nothing tells apart."""
        return (
            place.level if self._levels else None,
            self._lines & frozenset(place.business_lines),
            self._roots & frozenset(place.path.split("/")),
            self._prefixes & frozenset(place.division[:length] for length in self._lengths),
            self._reads.of_place(_attributes(place.id, place.path, place.division, place.level, place.business_lines)),
        )


def place_of(subject: Subject) -> dict[str, Any]:
    """Return the attributes of the department that a subject serves in."""
    return _attributes(subject.department_id, subject.department_path, subject.division, subject.level, subject.business_lines)


def values_of(subject: Subject, reads: Reads) -> dict[str, str]:
    """Return the attributes of a subject that conditions read, those of the department apart."""
    values = {"appointment_kind": subject.kind, "label": str(subject.label)}
    values |= {"position": subject.position, "post": subject.post, "rank": subject.rank}
    return {name: values[name] for name in sorted(reads.attributes & OF_PERSON)}


def _attributes(department_id: UUID, path: str, division: str, level: str, lines: tuple[str, ...]) -> dict[str, Any]:
    """Return the attributes of a department as ``official_snapshot`` names them."""
    return {
        "department_id": str(department_id),
        "department_path": path,
        "division": division,
        "level": level,
        "business_lines": lines,
    }
