"""Who is looked at one by one when policies are compared: whoever holds by name what can matter, or is named by a condition."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.drafting.changes import Changes
from govcloud.authorization.drafting.comparison import Facts
from govcloud.authorization.drafting.reads import Reads
from govcloud.authorization.models import AccessGrant, RoleAssignment
from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.identity.finding.grouping import GroupQueries
from govcloud.identity.queries import Subject
from govcloud.kernel.database import live_at

FactsOf = Callable[[UUID, UUID | None], Facts]


@dataclass(frozen=True)
class Apart:
    """What sets people apart: roles and grants that can matter, ids that conditions name, and (``everywhere``) several places."""

    roles: frozenset[str]
    functions: frozenset[str]
    subsystems: frozenset[str]
    named: frozenset[UUID]
    everywhere: bool

    @classmethod
    def of(cls, what: Changes, reads: Reads) -> Apart:
        """Return it for a change of policy."""
        return cls(what.holding, frozenset(what.functions), what.subsystems, reads.named, reads.everywhere)

    def facts(self, facts: Facts) -> Facts:
        """Return those of somebody's facts that can matter."""
        return Facts(
            tuple(fact for fact in facts.assignments if fact.role_code in self.roles),
            tuple(fact for fact in facts.grants if fact.function in self.functions or subsystem_of(fact.function) in self.subsystems),
        )

    def named_here(self, official_id: UUID, appointment_id: UUID | None) -> bool:
        """Say whether a condition names the person, or the appointment."""
        return official_id in self.named or appointment_id in self.named

    def stands(self, subject: Subject, facts: Facts, places: int) -> bool:
        """Say whether a subject is looked at by itself; ``facts`` are those that can matter, ``places`` counts the appointments."""
        return bool(facts) or self.named_here(subject.official_id, subject.appointment_id) or (self.everywhere and places > 1)

    def to_json(self) -> dict[str, Any]:
        """Return it as it is kept beside an impact."""
        return {
            "roles": sorted(self.roles),
            "functions": sorted(self.functions),
            "subsystems": sorted(self.subsystems),
            "named": sorted(str(one) for one in self.named),
            "everywhere": self.everywhere,
        }

    @classmethod
    def from_json(cls, value: Mapping[str, Any]) -> Apart:
        """Read what ``to_json`` wrote."""
        roles, functions, subsystems = (frozenset(value[name]) for name in ("roles", "functions", "subsystems"))
        return cls(roles, functions, subsystems, frozenset(UUID(one) for one in value["named"]), bool(value["everywhere"]))


class People:
    """Reads whoever stands apart, and what they hold."""

    def __init__(self, read: Callable[[], Session], decider: Decider, groups: GroupQueries) -> None:
        """Take the source of reading sessions, the decider, for its facts, and the reader of groups."""
        self._read = read
        self._decider = decider
        self._groups = groups

    def all(self, apart: Apart, at: datetime) -> list[UUID]:
        """Return everybody who may have to be looked at one by one, in the order of their ids."""
        assigned = select(RoleAssignment.official_id).where(RoleAssignment.role_code.in_(apart.roles), live_at(RoleAssignment, at))
        granted = select(AccessGrant.official_id).where(
            or_(AccessGrant.function.in_(apart.functions), AccessGrant.subsystem_code.in_(apart.subsystems)),
            live_at(AccessGrant, at),
            AccessGrant.ends_at > at,
        )
        found = {*self._read().scalars(assigned.distinct()), *self._read().scalars(granted.distinct())}
        if apart.named:
            found |= set(self._groups.people(apart.named))
            found |= set(self._decider.identity.owners_of(apart.named, at).values())
        if apart.everywhere:
            found |= self._groups.serving_twice(at)
        return sorted(found)

    def facts_of(self, officials: Sequence[UUID], apart: Apart, at: datetime) -> FactsOf:
        """Return what gives somebody's relevant facts under an appointment; they are read for all of ``officials`` at once."""
        assignments = self._decider.facts.assignments_of_all(officials, at)
        grants = self._decider.facts.grants_of_all(officials, at)
        return lambda official, place: apart.facts(Facts(tuple(assignments.of(official, place)), tuple(grants.of(official, place))))

    def subjects_of(self, officials: Sequence[UUID], at: datetime) -> Mapping[UUID, tuple[Subject, ...]]:
        """Return each active official's appointments as subjects; those who serve nowhere are left out."""
        found: dict[UUID, tuple[Subject, ...]] = {}
        for subject in self._decider.identity.subjects_among(officials, at):
            if subject.active:
                found[subject.official_id] = (*found.get(subject.official_id, ()), subject)
        return found
