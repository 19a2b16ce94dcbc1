"""An official as a decision sees one in the replica: who acts, under what, and what the engine reads of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.replica.records import DepartmentRecord, PersonRecord, PlaceRecord, StandingRecord
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL, SINCE_EVER, HeldRoles
from govcloud.authorization.subjects.snapshot import MOST_GRACE, GrantFact, Snapshot, moment

PRIMARY, CONCURRENT = "primary", "concurrent"
#: In microseconds, as a record has its moments; grants that ended longer ago are not looked into.
_MOST_GRACE = MOST_GRACE // timedelta(microseconds=1)


class ReplicaActing:
    """An active official at one moment, and what duty rules read of the appointment (``Serving``)."""

    __slots__ = ("_department", "_departments", "_now", "_official", "_person", "_place", "in_place", "standing")

    def __init__(  # noqa: PLR0917 - called once, above, a million times a minute
        self,
        departments: Callable[[bytes, int], DepartmentRecord | None],
        official: Any,  # noqa: ANN401 - sixteen bytes
        person: PersonRecord,
        standing: StandingRecord,
        place: PlaceRecord | None,
        department: DepartmentRecord | None,
        now: int,
    ) -> None:
        """Take what was read, and what reads more departments."""
        self._departments = departments
        self._official = official
        self._person = person
        self.standing = standing
        # Of somebody in an appointment neither is None; what reads them is asked of nobody else.
        self._place: Any = place
        self.in_place = place is not None
        self._department: Any = department
        self._now = now

    # What duty rules read (``Serving``); only of somebody in an appointment

    @property
    def position(self) -> str:
        """Return the kind of position."""
        found: str = self._place.position
        return found

    @property
    def post(self) -> str:
        """Return the post's title."""
        found: str = self._place.post
        return found

    @property
    def rank(self) -> str:
        """Return the person's rank."""
        return self.standing.rank

    @property
    def kind(self) -> str:
        """Return what kind of appointment it is now."""
        return kind_of(self._place, self._now)

    @property
    def level(self) -> str:
        """Return the department's level."""
        found: str = self._department.level
        return found

    @property
    def business_lines(self) -> tuple[str, ...]:
        """Return the department's business lines."""
        found: tuple[str, ...] = self._department.lines
        return found

    @property
    def division(self) -> str:
        """Return the department's division."""
        found: str = self._department.division
        return found

    @property
    def department_path(self) -> str:
        """Return the department's path."""
        found: str = self._department.path
        return found

    @property
    def starts_at(self) -> datetime:
        """Return when the appointment begins."""
        return moment(self._place.since)

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends; of nobody's appointment, never."""
        place = self._place
        return None if place is None or place.until is None else moment(place.until)

    # What decisions ask for

    def snapshot(self, policy: CompiledPolicy, duties: CompiledDuties) -> Snapshot:
        """Bring the facts together that hold now, or will; their windows are made when the engine looks at a role."""
        now, person, place = self._now, self._person, self._place
        under = None if place is None else place.id
        held = HeldRoles(policy.closure)
        held.assign(EVERY_OFFICIAL, SINCE_EVER)
        for role in person.roles:
            if (role.place is None or role.place == under) and role.since <= now and (role.until is None or now < role.until):
                held.assign(role.role, role)
        if place is not None:
            duties.give(self, held)
        for grant in person.grants:
            if (
                (grant.place is None or grant.place == under)
                and (now < grant.ends or (now < grant.ends + _MOST_GRACE and now < grant.ends + grant.grace))
                and grant.opened <= now
                and (grant.closed is None or now < grant.closed)
                and not (grant.rests and grant.rests_at(now))
            ):
                held.grant(grant.function, grant)
                if grant.ends <= now:
                    held.finish(grant.function, grant)
        return Snapshot("official", Attributes(self, self._everywhere() if policy.asks_everywhere else None), held)

    def last_grant(self, function: str) -> GrantFact | None:
        """Return the newest grant of ``function``, closed or not."""
        under = None if self._place is None else self._place.id
        mine = [
            grant
            for grant in self._person.grants
            if grant.function == function and grant.opened <= self._now and (grant.place is None or grant.place == under)
        ]
        return max(mine, key=lambda grant: (grant.opened, grant.id)).fact(self._now) if mine else None

    def _everywhere(self) -> list[tuple[DepartmentRecord, PlaceRecord]]:
        """Return every live appointment with its department, the primary one first."""
        now = self._now
        found = [(self._departments(place.department, now), place) for place in self._person.places if holds(place, now)]
        known = [(department, place) for department, place in found if department is not None]
        return sorted(known, key=lambda pair: (kind_of(pair[1], now) != PRIMARY, pair[1].id))

    @property
    def official_id(self) -> str:
        """Return the official's id as conditions read it."""
        return str(UUID(bytes=bytes(self._official)))

    @property
    def department_id(self) -> str:
        """Return the department's id as conditions read it."""
        found: str = self._department.id
        return found

    @property
    def appointment_id(self) -> str:
        """Return the appointment's id as conditions read it."""
        return str(UUID(bytes=self._place.id))


class Attributes(Mapping[str, Any]):
    """What conditions may read of an official (``subject.<name>``), each made when it is read: most are not."""

    __slots__ = ("_acting", "_everywhere")

    def __init__(self, acting: ReplicaActing, everywhere: list[tuple[DepartmentRecord, PlaceRecord]] | None) -> None:
        """Take the official, and every live appointment when the policy asks about all of them."""
        self._acting = acting
        self._everywhere = everywhere

    def get(self, name: str, default: Any = None) -> Any:  # noqa: ANN401 - as Mapping has it
        """Return an attribute, or ``default`` when the official has none of that name."""
        reads = _OF_PLACE.get(name)
        if reads is not None and self._acting.in_place:
            return reads(self._acting)
        reads = _OF_PERSON.get(name)
        if reads is not None:
            return reads(self._acting)
        if self._everywhere is not None:
            if name == "all_department_ids":
                return tuple(department.id for department, _ in self._everywhere)
            if name == "all_positions":
                return tuple(place.position for _, place in self._everywhere)
        return default

    def __getitem__(self, name: str) -> Any:  # noqa: ANN401 - as Mapping has it
        if name not in self._names():
            raise KeyError(name)
        return self.get(name)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names())

    def __len__(self) -> int:
        return len(self._names())

    def _names(self) -> tuple[str, ...]:
        place = tuple(_OF_PLACE) if self._acting.in_place else ()
        return (*_OF_PERSON, *place, *(() if self._everywhere is None else ("all_department_ids", "all_positions")))


_OF_PERSON: Mapping[str, Callable[[ReplicaActing], Any]] = {
    "kind": lambda _acting: "official",
    "active_appointment": lambda acting: acting.in_place,
    "official_id": lambda acting: acting.official_id,
}
_OF_PLACE: Mapping[str, Callable[[ReplicaActing], Any]] = {
    "appointment_id": lambda acting: acting.appointment_id,
    "department_id": lambda acting: acting.department_id,
    "department_path": lambda acting: acting.department_path,
    "division": lambda acting: acting.division,
    "business_lines": lambda acting: acting.business_lines,
    "level": lambda acting: acting.level,
    "rank": lambda acting: acting.standing.rank,
    "post": lambda acting: acting.post,
    "position": lambda acting: acting.position,
    "appointment_kind": lambda acting: acting.kind,
    "label": lambda acting: acting.standing.label,
}


def holds(place: PlaceRecord, at: int) -> bool:
    """Return whether an appointment holds at ``at``."""
    return place.since <= at and (place.until is None or at < place.until)


def kind_of(place: PlaceRecord, at: int) -> str:
    """Return what kind an appointment is of at ``at``: one that is handed over is beside another."""
    return CONCURRENT if place.handover is not None and place.handover <= at else place.kind
