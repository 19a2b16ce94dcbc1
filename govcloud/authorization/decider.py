"""Answering questions: read the subject as it is now, let the engine decide, and say what stands behind the answer.

Inputs are read for every decision and nothing is remembered but the compiled policy, which is chosen by the version that was
read together with the subject; a decision is never cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.answering import Catalogue, Seen, answer, opens
from govcloud.authorization.decisions import Decision, Question, Reason, refusal
from govcloud.authorization.facts import DecisionFacts
from govcloud.authorization.live import LiveEngine
from govcloud.authorization.policy import CompiledPolicy, all_of
from govcloud.authorization.snapshot import door_of, grant_role, subsystem_of
from govcloud.authorization.subjects import official_snapshot
from govcloud.identity.queries import AppointmentView, IdentityQueries, Subject
from govcloud.kernel.clock import Clock
from govcloud.subsystems.queries import SubsystemQueries

PLATFORM = "govcloud"


@dataclass(frozen=True, slots=True)
class Standing:
    """An active official, and the subject under one appointment (``None``: under no appointment)."""

    official_id: UUID
    subject: Subject | None

    @property
    def appointment_id(self) -> UUID | None:
        """Return the appointment that the official acts under."""
        return self.subject.appointment_id if self.subject else None


class Decider:
    """Answers questions about officials; commands of the platform itself are asked through ``EngineAuthorizer``."""

    def __init__(
        self, read: Callable[[], Session], identity_queries: IdentityQueries, subsystem_queries: SubsystemQueries, clock: Clock
    ) -> None:
        """Take the reads that a decision needs."""
        self.facts = DecisionFacts(read)
        self.live = LiveEngine(self.facts)
        self._identity = identity_queries
        self._subsystems = subsystem_queries
        self._clock = clock

    def decide(self, question: Question) -> Decision:
        """Return whether the subject may use the function on the resource, now."""
        now = self._clock.now()
        standing = self.standing(question.official_id, question.appointment_id, now)
        if isinstance(standing, Reason):
            return refusal(standing, self.facts.state().epoch)
        seen = self._see(standing, now)
        decision = answer(question, seen, self._catalogue(standing, seen))
        until = standing.subject.ends_at if standing.subject else None
        if decision.allowed and until is not None:
            # What hangs on a duty lasts no longer than the duty.
            return replace(decision, ends_at=until if decision.ends_at is None else min(until, decision.ends_at))
        return decision

    def may_enter(self, appointment_id: UUID, subsystem_code: str) -> Decision:
        """Return whether the subsystem's door is open: function ``<subsystem>:door:enter``, or any live grant in it."""
        return self.decide(Question(appointment_id=appointment_id, function=door_of(subsystem_code)))

    def open_functions(self, appointment_id: UUID) -> frozenset[str]:
        """Return every function of every subsystem that is open to the appointment now, on some row at least.

        Equal to asking ``decide`` for each function in turn: the same engine answers on the same snapshot.
        """
        now = self._clock.now()
        standing = self.standing(None, appointment_id, now)
        if isinstance(standing, Reason):
            return frozenset()
        seen = self._see(standing, now)
        held = seen.snapshot.roles
        named = seen.engine.policy.functions_of(held)
        retired = {subsystem.code for subsystem in self._subsystems.all() if subsystem.status == "retired"}
        return frozenset(
            function.code
            for function in self._subsystems.functions(now)
            if function.subsystem_code not in retired
            and (function.code in named or all_of(function.code) in named or grant_role(function.code) in held)
            and opens(function.code, seen)
        )

    def open_subsystems(self, appointment_id: UUID) -> frozenset[str]:
        """Return the codes of the published subsystems whose door is open to the appointment now."""
        now = self._clock.now()
        standing = self.standing(None, appointment_id, now)
        if isinstance(standing, Reason):
            return frozenset()
        seen = self._see(standing, now)
        codes = (subsystem.code for subsystem in self._subsystems.all() if subsystem.status == "published")
        return frozenset(code for code in codes if opens(door_of(code), seen))

    def open_among(self, official_id: UUID, appointment_id: UUID | None, functions: Iterable[str]) -> frozenset[str]:
        """Return those of ``functions`` that are open to the subject now, on some row at least; the subject is read once for all."""
        now = self._clock.now()
        standing = self.standing(official_id, appointment_id, now)
        if isinstance(standing, Reason):
            return frozenset()
        seen = self._see(standing, now)
        return frozenset(function for function in functions if opens(function, seen))

    def holders_in_department(self, function: str, department_path: str, limit: int = 50) -> frozenset[UUID]:
        """Return up to ``limit`` officials at or below the department who may use ``function`` now, each asked of the engine.

        Rules on the role of every official are left out: who holds what everybody holds says nothing.
        """
        now = self._clock.now()
        roles = self.policy().roles_naming(function)
        candidates = self.facts.holders_of_roles(sorted(roles), now) | self.facts.holders_of_grants(function, now)
        found: set[UUID] = set()
        for subject in self._identity.subjects_under(department_path, now) if candidates else ():
            if len(found) == limit:
                break
            if subject.official_id in candidates and self.decide(Question(function, subject.appointment_id)).allowed:
                found.add(subject.official_id)
        return frozenset(found)

    def policy(self) -> CompiledPolicy:
        """Return the policy that decides now."""
        return self.live.of(self.facts.state().version_id).policy

    def standing(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> Standing | Reason:
        """Return who the subject is at ``at``: an active official, under a live appointment of that official if one is named."""
        if appointment_id is not None:
            subject = self._identity.subject(appointment_id, at)
            if subject is None or official_id not in {None, subject.official_id}:
                return Reason.UNKNOWN_SUBJECT
            return Standing(subject.official_id, subject) if subject.active else Reason.SUBJECT_INACTIVE
        official = self._identity.official(official_id, at) if official_id is not None else None
        if official is None:
            return Reason.UNKNOWN_SUBJECT
        return Standing(official.id, None) if official.active else Reason.SUBJECT_INACTIVE

    # What the commands need to know

    def place_of(self, official_id: UUID, appointment_id: UUID | None) -> AppointmentView | None:
        """Return the live appointment named, or the official's primary one: where a command on the person is aimed at."""
        found = self._identity.appointments_of(official_id, self._clock.now())
        return next((place for place in found if appointment_id in {None, place.id}), None)

    def owner_path(self, subsystem_code: str, department_id: UUID | None) -> str | None:
        """Return the path of ``department_id``, by default of the department that owns the subsystem."""
        if department_id is None:
            subsystem = self._subsystems.subsystem(subsystem_code)
            department_id = subsystem.owner_department_id if subsystem else None
        department = self._identity.department(department_id, self._clock.now()) if department_id else None
        return department.path if department else None

    def in_catalogue(self, function: str) -> bool:
        """Return whether the catalogue has the function now, of a subsystem that is not retired."""
        subsystem = self._subsystems.subsystem(subsystem_of(function))
        if subsystem is None or subsystem.status == "retired":
            return False
        return function == door_of(subsystem.code) or self._subsystems.function(function, self._clock.now()) is not None

    # How the above decide

    def _see(self, standing: Standing, now: datetime) -> Seen:
        """Return the subject as it is now, with the policy that was in force at the same moment."""
        state = self.facts.state()
        engine = self.live.of(state.version_id)
        who = (standing.official_id, standing.appointment_id, now)
        snapshot = official_snapshot(
            standing.official_id, standing.subject, self.facts.assignments(*who), self.facts.grants(*who), engine.policy.closure
        )
        return Seen(snapshot, engine, state.epoch, now)

    def _catalogue(self, standing: Standing, seen: Seen) -> Catalogue:
        """Return what a decision may ask beyond the subject."""

        def knows(function: str) -> bool:
            if subsystem_of(function) == PLATFORM:
                return seen.engine.policy.knows(function)
            return self.in_catalogue(function)

        def item_for(function: str) -> UUID | None:
            item = self._subsystems.item_for_function(function, seen.now)
            return item.id if item else None

        return Catalogue(
            knows=knows,
            last_grant=lambda function: self.facts.last_grant(standing.official_id, standing.appointment_id, function, seen.now),
            item_for=item_for,
        )
