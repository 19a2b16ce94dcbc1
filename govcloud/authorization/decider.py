"""Answering questions: read the subject as it is now, let the engine decide, and say what stands behind the answer.

Inputs are read for every decision and nothing is remembered but the compiled policy, which is chosen by the version that was
read together with the subject; a decision is never cached.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.asking import Asking
from govcloud.authorization.decisions import MENDABLE, MESSAGES, Decision, Question, Reason, refusal
from govcloud.authorization.engine import Engine, Verdict
from govcloud.authorization.facts import DecisionFacts
from govcloud.authorization.live import LiveEngine
from govcloud.authorization.policy import CompiledPolicy, all_of
from govcloud.authorization.reasons import why_denied
from govcloud.authorization.scope import division_prefix
from govcloud.authorization.snapshot import Snapshot, Window, door_of, is_function, grant_role, instant, moment, subsystem_of
from govcloud.authorization.subjects import moment_context, official_snapshot
from govcloud.identity.queries import AppointmentView, IdentityQueries, Subject
from govcloud.kernel.clock import Clock
from govcloud.subsystems.queries import SubsystemQueries

PLATFORM = "govcloud"


@dataclass(frozen=True, slots=True)
class Seen:
    """A subject as it is at one moment, with the engine and the epoch that were read together with it."""

    snapshot: Snapshot
    engine: Engine
    epoch: int
    now: datetime
    official_id: UUID
    appointment_id: UUID | None


@dataclass(frozen=True, slots=True)
class Standing:
    """An active official, and the subject under one appointment (``None``: under no appointment)."""

    official_id: UUID
    subject: Subject | None


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
        seen = self._see(question.official_id, question.appointment_id)
        if not isinstance(seen, Seen):
            return refusal(seen, self.facts.state().epoch)
        reason = self._unanswerable(question, seen)
        if reason is not None:
            return refusal(reason, seen.epoch)
        asking = Asking(
            seen.snapshot,
            question.function,
            instant(seen.now),
            resource=question.resource,
            context=moment_context(seen.now, question.context),
            bounded=bool(question.resource),
        )
        verdict = seen.engine.decide(asking, question.function)
        return _allowed(verdict, seen) if verdict.allowed else self._denied(verdict, asking, question, seen)

    def may_enter(self, appointment_id: UUID, subsystem_code: str) -> Decision:
        """Return whether the subsystem's door is open: function ``<subsystem>:door:enter``, or any live grant in it."""
        return self.decide(Question(appointment_id=appointment_id, function=door_of(subsystem_code)))

    def open_functions(self, appointment_id: UUID) -> frozenset[str]:
        """Return every function of every subsystem that is open to the appointment now, on some row at least.

        Equal to asking ``decide`` for each function in turn: the same engine answers on the same snapshot.
        """
        seen = self._see(None, appointment_id)
        if not isinstance(seen, Seen):
            return frozenset()
        named = seen.engine.policy.functions_of(seen.snapshot.roles)
        candidates = [
            function.code
            for function in self._subsystems.functions(seen.now)
            if function.code in named or all_of(function.code) in named or grant_role(function.code) in seen.snapshot.roles
        ]
        return frozenset(self._open(seen, candidates))

    def open_subsystems(self, appointment_id: UUID) -> frozenset[str]:
        """Return the codes of the published subsystems whose door is open to the appointment now."""
        seen = self._see(None, appointment_id)
        if not isinstance(seen, Seen):
            return frozenset()
        codes = (subsystem.code for subsystem in self._subsystems.all() if subsystem.status == "published")
        return frozenset(subsystem_of(door) for door in self._open(seen, (door_of(code) for code in codes)))

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
            if subject.official_id in candidates and self._may(subject, function):
                found.add(subject.official_id)
        return frozenset(found)

    def policy(self) -> CompiledPolicy:
        """Return the policy that decides now."""
        return self.live.of(self.facts.state().version_id).policy

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
        """Return whether the catalogue has the function now."""
        return self._subsystems.function(function, self._clock.now()) is not None

    # How the above decide

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

    def _see(self, official_id: UUID | None, appointment_id: UUID | None) -> Seen | Reason:
        """Return the subject as it is now, or why there is none."""
        now = self._clock.now()
        state = self.facts.state()
        standing = self.standing(official_id, appointment_id, now)
        if isinstance(standing, Reason):
            return standing
        engine = self.live.of(state.version_id)
        snapshot = official_snapshot(
            standing.official_id,
            standing.subject,
            self.facts.assignments(standing.official_id, appointment_id, now),
            self.facts.grants(standing.official_id, appointment_id, now),
            engine.policy.closure,
        )
        return Seen(snapshot, engine, state.epoch, now, standing.official_id, appointment_id)

    def _unanswerable(self, question: Question, seen: Seen) -> Reason | None:
        """Return why the question itself cannot be answered with yes: no such function, or a division that is none."""
        if not self._known(question.function, seen):
            return Reason.UNKNOWN_FUNCTION
        for name in ("division", "department_path"):
            value = question.resource.get(name)
            if value is not None and (not isinstance(value, str) or (name == "division" and not _is_division(value))):
                return Reason.BAD_RESOURCE
        return None

    def _known(self, function: str, seen: Seen) -> bool:
        if not is_function(function):
            return False
        subsystem_code = subsystem_of(function)
        if subsystem_code == PLATFORM:
            return seen.engine.policy.knows(function)
        if function == door_of(subsystem_code):
            subsystem = self._subsystems.subsystem(subsystem_code)
            return subsystem is not None and subsystem.status != "retired"
        return self._subsystems.function(function, seen.now) is not None

    def _open(self, seen: Seen, functions: Iterable[str]) -> list[str]:
        """Return those of ``functions`` that the engine opens to the subject, on some row at least."""
        now, context = instant(seen.now), moment_context(seen.now, {})
        return [
            function
            for function in functions
            if seen.engine.decide(Asking(seen.snapshot, function, now, resource={}, context=context, bounded=False), function).allowed
        ]

    def _may(self, subject: Subject, function: str) -> bool:
        return self.decide(Question(function, subject.appointment_id)).allowed

    def _denied(self, verdict: Verdict, asking: Asking, question: Question, seen: Seen) -> Decision:
        """Say what stands nearest to an allow, and which item would open a request for it."""
        last = self.facts.last_grant(seen.official_id, seen.appointment_id, question.function, seen.now)
        reason = why_denied(seen.engine.policy, verdict, asking, question.function, last)
        item = self._subsystems.item_for_function(question.function, seen.now) if reason in MENDABLE else None
        return Decision(
            allowed=False,
            code=reason,
            message=MESSAGES[reason],
            epoch=seen.epoch,
            role=verdict.rule.role if verdict.rule else None,
            rule=verdict.rule.label if verdict.rule else None,
            remedy_item_id=item.id if item else None,
        )


def _allowed(verdict: Verdict, seen: Seen) -> Decision:
    """Return the yes, with the rows and the end that its windows give, and the grant if Casbin explains it with one."""
    rule = verdict.rule
    ends = [window.ends_at for window in verdict.windows]
    last = None if not ends or None in ends else max(end for end in ends if end is not None)
    return Decision(
        allowed=True,
        code=Reason.ALLOWED,
        message=MESSAGES[Reason.ALLOWED],
        epoch=seen.epoch,
        role=rule.role if rule else None,
        rule=rule.label if rule else None,
        grant_id=_lasting_grant(verdict.windows),
        scope=verdict.rows,
        ends_at=None if last is None else moment(last),
    )


def _lasting_grant(windows: Iterable[Window]) -> UUID | None:
    """Return the grant that lasts longest, if temporary grants alone opened this."""
    found = list(windows)
    if any(window.grant_id is None for window in found):
        return None
    return max(found, key=lambda window: window.ends_at or 0).grant_id if found else None


def _is_division(code: str) -> bool:
    try:
        division_prefix(code)
    except ValueError:
        return False
    return True
