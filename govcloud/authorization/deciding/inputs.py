"""What a decision reads, whichever source it comes from: the database, or the node's replica of it (``replica/``).

Both give the same answers; tests compare them. The engine never learns which of them it was.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID

from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.facts import DecisionFacts, PolicyState
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.snapshot import GrantFact, Snapshot
from govcloud.authorization.subjects.subjects import official_snapshot
from govcloud.identity.queries import IdentityQueries, Subject
from govcloud.subsystems.levels import Traits
from govcloud.subsystems.queries import SubsystemQueries

RETIRED = "retired"


class Acting(Protocol):
    """An active official at one moment, under one appointment or under none."""

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends that the official acts under."""
        ...

    def snapshot(self, policy: CompiledPolicy, duties: CompiledDuties) -> Snapshot:
        """Return what the engine reads of the official."""
        ...

    def last_grant(self, function: str) -> GrantFact | None:
        """Return the official's newest grant of ``function``, closed or not, so that a refusal can say what became of it."""
        ...


class Inputs(Protocol):
    """All that decisions read, as it was at one moment."""

    @property
    def state(self) -> PolicyState:
        """Return which policy and duty rules decide, and the last change that is in here."""
        ...

    def acting(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> Acting | Reason:
        """Return who the subject is at ``at``: an active official, under a live appointment of that official if one is named."""
        ...

    def primary(self, official_id: UUID, at: datetime) -> UUID | None:
        """Return the official's primary appointment at ``at``, if there is one."""
        ...

    def traits_of(self, function: str, at: datetime) -> Traits | None:
        """Return what a function in the catalogue is like; ``None``: there is none, or its subsystem is retired."""
        ...

    def traits(self, functions: Collection[str], at: datetime) -> Mapping[str, Traits]:
        """Return what functions are like, whatever the state of their subsystems; those that are not live are left out."""
        ...

    def item_for(self, function: str, at: datetime) -> UUID | None:
        """Return the item that a refusal of this function points to."""
        ...


class Look(Inputs, Protocol):
    """Inputs that are held open for one question."""

    def close(self) -> None:
        """Let them go."""
        ...


class Source(Protocol):
    """Something beside the database that inputs can be read from."""

    def look(self, min_epoch: int | None) -> Look | None:
        """Return inputs of epoch ``min_epoch`` or later, or ``None``: they have to be read from the database."""
        ...


class SourceError(Exception):
    """A source turned out to be damaged while it was read; the question has to be asked of the database."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An active official, and the subject under one appointment (``None``: under no appointment)."""

    official_id: UUID
    subject: Subject | None

    @property
    def appointment_id(self) -> UUID | None:
        """Return the appointment that the official acts under."""
        return self.subject.appointment_id if self.subject else None


@dataclass(frozen=True, slots=True)
class DatabaseInputs:
    """Inputs read from the database, each when it is asked for, after ``state``: whatever a change of that epoch wrote is seen."""

    facts: DecisionFacts
    identity: IdentityQueries
    subsystems: SubsystemQueries
    state: PolicyState

    def acting(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> DatabaseActing | Reason:
        """Return who the subject is at ``at``."""
        found = standing_of(self.identity, official_id, appointment_id, at)
        return found if isinstance(found, Reason) else DatabaseActing(self.facts, self.identity, found, at)

    def primary(self, official_id: UUID, at: datetime) -> UUID | None:
        """Return the official's primary appointment; ``None``: there is none."""
        found = self.identity.appointments_of(official_id, at)
        return next((appointment.id for appointment in found if appointment.kind == "primary"), None)

    def traits_of(self, function: str, at: datetime) -> Traits | None:
        """Return what a function in the catalogue is like."""
        return self.subsystems.traits_in_catalogue(function, at)

    def traits(self, functions: Collection[str], at: datetime) -> Mapping[str, Traits]:
        """Return what functions are like."""
        return self.subsystems.function_traits(functions, at) if functions else {}

    def item_for(self, function: str, at: datetime) -> UUID | None:
        """Return the item that a refusal points to."""
        item = self.subsystems.item_for_function(function, at)
        return item.id if item else None


@dataclass(frozen=True, slots=True)
class DatabaseActing:
    """An active official, read from the database."""

    facts: DecisionFacts
    identity: IdentityQueries
    standing: Standing
    at: datetime

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends."""
        return self.standing.subject.ends_at if self.standing.subject else None

    def snapshot(self, policy: CompiledPolicy, duties: CompiledDuties) -> Snapshot:
        """Bring the official's facts together; the other appointments are read only when the policy asks about them."""
        who = (self.standing.official_id, self.standing.appointment_id, self.at)
        everywhere = self.identity.subjects_of(self.standing.official_id, self.at) if policy.asks_everywhere else None
        return official_snapshot(
            self.standing.official_id,
            self.standing.subject,
            self.facts.assignments(*who),
            self.facts.grants(*who),
            policy.closure,
            duties=duties,
            everywhere=everywhere,
        )

    def last_grant(self, function: str) -> GrantFact | None:
        """Return the newest grant of ``function``."""
        return self.facts.last_grant(self.standing.official_id, self.standing.appointment_id, function, self.at)


def standing_of(identity: IdentityQueries, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> Standing | Reason:
    """Return who the subject is at ``at``: an active official, under a live appointment of that official if one is named."""
    if appointment_id is not None:
        subject = identity.subject(appointment_id, at)
        if subject is None or official_id not in {None, subject.official_id}:
            return Reason.UNKNOWN_SUBJECT
        return Standing(subject.official_id, subject) if subject.active else Reason.SUBJECT_INACTIVE
    official = identity.official(official_id, at) if official_id is not None else None
    if official is None:
        return Reason.UNKNOWN_SUBJECT
    return Standing(official.id, None) if official.active else Reason.SUBJECT_INACTIVE
