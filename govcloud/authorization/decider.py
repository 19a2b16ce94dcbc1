"""Answering questions: read the subject as it is now, let the engine decide, and say what stands behind the answer.

Inputs are read for every decision, from the node's replica where it is fresh and from the database otherwise (``inputs.py``), and
nothing is remembered but the compiled policy, which is chosen by the version that was read together with the subject; a decision
is never cached.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy.orm import Session

from govcloud.authorization.answering import Catalogue, Seen, answer, opens
from govcloud.authorization.clock_watch import ClockWatch
from govcloud.authorization.commands import DELEGATED, NOTHING, OFFICE
from govcloud.authorization.decisions import Decision, Question, Reason, refusal
from govcloud.authorization.duties import CompiledDuties
from govcloud.authorization.facts import DecisionFacts, PolicyState
from govcloud.authorization.holding import EVERY_OFFICIAL
from govcloud.authorization.inputs import (
    RETIRED,
    Acting,
    Inputs,
    Source,
    Standing,
    standing_of,
)
from govcloud.authorization.live import LiveEngine
from govcloud.authorization.live_duties import LiveDuties
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.authorization.policy import CompiledPolicy
from govcloud.authorization.remembering import Remembering, Until, always_on
from govcloud.authorization.snapshot import AssignmentFact, GrantFact, Snapshot, Window, instant, subsystem_of
from govcloud.authorization.sources import Sources
from govcloud.authorization.subjects import official_snapshot
from govcloud.authorization.surroundings import SHIPPED, Surroundings
from govcloud.identity.queries import AppointmentView, IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.subsystems.levels import OWN, Traits, asks_each_time, keeps_rows
from govcloud.subsystems.queries import SubsystemQueries

__all__ = ["PLATFORM", "Decider", "Standing"]

PLATFORM = "govcloud"
_OWN = f"{PLATFORM}:"
AnswerT = TypeVar("AnswerT")


class Known(NamedTuple):
    """A subject as it was seen, what a decision may ask beyond it, and until when the subject may act as it does."""

    seen: Seen
    catalogue: Catalogue
    until: datetime | None


class Decider:
    """Answers questions about officials; commands of the platform itself are asked through ``EngineAuthorizer``."""

    def __init__(
        self,
        read: Callable[[], Session],
        identity_queries: IdentityQueries,
        subsystem_queries: SubsystemQueries,
        clock: Clock,
        *,
        surroundings: Surroundings = SHIPPED,
        source: Source | None = None,
        watch: ClockWatch | None = None,
    ) -> None:
        """Take the reads that a decision needs, and what else it goes by.

        Args:
            read: gives the session to read with.
            identity_queries: reads people and departments.
            subsystem_queries: reads the catalogue.
            clock: says what moment it is.
            surroundings: the calendar and the networks that conditions ask about.
            source: this machine's replica, if it has one.
            watch: watches the clock, if anything does.
        """
        self.facts = DecisionFacts(read)
        self.live = LiveEngine(self.facts, surroundings)
        self.live_duties = LiveDuties(self.facts)
        self.identity = identity_queries
        self.lent_to: Callable[[Collection[UUID], datetime], Collection[UUID]] = lambda _officials, _now: ()
        """Of some officials those to whom somebody lent a right, now or later; domains above say so."""
        self.subsystems = subsystem_queries
        self._clock = clock
        self._sources = Sources(self.facts, identity_queries, subsystem_queries, source, watch)

    def decide(self, question: Question) -> Decision:
        """Return whether the subject may use the function on the resource, now.

        Raises:
            Unavailable: what the decision reads cannot be had, or not as new as ``question.min_epoch`` wants it.
        """
        return self._sources.answered(lambda inputs: self._decide(question, inputs), question.min_epoch)

    def decide_all(self, questions: Sequence[Question], until: Until = always_on) -> list[Decision]:
        """Answer questions in their order, at one state of the inputs, each subject read once; see ``decide``.

        Args:
            questions: what is asked.
            until: gives, for one round of answers, what says after each whether it is the last; there are as many answers as it took.
        """

        def work(inputs: Inputs) -> list[Decision]:
            once, is_last = Remembering(inputs), until()
            about = {question.function for question in questions}
            epoch = once.state.epoch
            known: dict[tuple[UUID | None, UUID | None], Known | Reason] = {}
            answered: list[Decision] = []
            official = appointment = current = None
            for question in questions:
                # Most often it is the subject of the question before, by the very same ids: those are told apart sooner than hashed.
                if current is None or question.official_id is not official or question.appointment_id is not appointment:
                    official, appointment = who = (question.official_id, question.appointment_id)
                    current = known.get(who)
                    if current is None:
                        current = known[who] = self._know(*who, once, about)
                decision = _decided(question, current, epoch)
                answered.append(decision)
                if is_last(decision):
                    break
            return answered

        least = max((question.min_epoch for question in questions if question.min_epoch is not None), default=None)
        return self._sources.answered(work, least) if questions else []

    def primary_appointment(self, official_id: UUID, min_epoch: int | None = None) -> UUID | None:
        """Return the appointment that an official acts under when none is named: the primary one, if there is one.

        ``min_epoch`` as in ``Question``: who must not miss a change must not miss it here either.
        """
        return self._sources.answered(lambda inputs: inputs.primary(official_id, self._clock.now()), min_epoch)

    def open_functions(self, appointment_id: UUID, *, client_address: str | None = None) -> frozenset[str]:
        """Return every function of every subsystem that is open to the appointment now, on some row at least.

        Equal to asking ``decide`` for each function in turn: the same engine answers on the same snapshot.
        """

        def look(inputs: Inputs) -> frozenset[str]:
            seen = self._seen(inputs, None, appointment_id)
            if isinstance(seen, Reason):
                return frozenset()
            is_named = seen.naming()
            retired = {subsystem.code for subsystem in self.subsystems.all() if subsystem.status == RETIRED}
            return frozenset(
                function.code
                for function in self.subsystems.functions(seen.now)
                if function.subsystem_code not in retired
                and is_named(function.code)
                and opens(function.code, function.traits, seen, client_address)
            )

        return self._sources.answered(look, whole=self.live)

    def seeing(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        about: Collection[str],
        work: Callable[[Seen | Reason], AnswerT],
        min_epoch: int | None = None,
    ) -> AnswerT:
        """Return what ``work`` makes of the subject as it is now, or of the reason why there is none.

        ``about`` are the functions that ``work`` asks the engine for, as in ``LiveEngine.of``; raises as ``decide``.
        """
        return self._sources.answered(lambda inputs: work(self._seen(inputs, official_id, appointment_id, about)), min_epoch)

    def open_among(
        self, official_id: UUID, appointment_id: UUID | None, functions: Iterable[str], *, client_address: str | None = None
    ) -> frozenset[str]:
        """Return those of ``functions`` that are open to the subject now, on some row at least; the subject is read once for all."""
        asked = tuple(functions)

        def look(inputs: Inputs) -> frozenset[str]:
            seen = self._seen(inputs, official_id, appointment_id, asked)
            if isinstance(seen, Reason):
                return frozenset()
            traits = _traits(asked, inputs, seen.now)
            return frozenset(function for function in asked if opens(function, traits.get(function, OWN), seen, client_address))

        return self._sources.answered(look)

    def duties(self) -> CompiledDuties:
        """Return the duty rules that decide now."""
        return self.live_duties.of(self.facts.state().duties, self._clock.now())

    def policy(self) -> CompiledPolicy:
        """Return the policy that decides now."""
        return self.live.of(self.facts.state().version_id).policy

    def standing(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> Standing | Reason:
        """Return who the subject is at ``at``: an active official, under a live appointment of that official if one is named."""
        return standing_of(self.identity, official_id, appointment_id, at)

    def paths_of(self, official_id: UUID, appointment_id: UUID | None, role: str, at: datetime) -> tuple[str, ...]:
        """Return the departments below which an active official may act in ``role`` at ``at``, the widest only.

        ``("/",)`` is a role held without bounds, ``()`` one that is not held.
        """
        return self._widest(official_id, appointment_id, at, lambda _policy: frozenset((role,)))

    def paths_by_role(
        self, official_id: UUID, appointment_id: UUID | None, roles: Collection[str], at: datetime
    ) -> Mapping[str, tuple[str, ...]]:
        """Return what ``paths_of`` does for several roles at once."""
        _, windows = self._windows(official_id, appointment_id, at)
        return {role: _widest(windows.get(role, ()), at) for role in roles}

    def reach_of(self, official_id: UUID, appointment_id: UUID | None, function: str, at: datetime) -> tuple[str, ...]:
        """Return the departments below which an active official's roles name ``function`` at ``at``, the widest only."""
        return self._widest(official_id, appointment_id, at, lambda policy: policy.roles_naming(function))

    # What the commands need to know

    def check_clock(self) -> None:
        """Refuse by a clock that is not to be believed: what a command writes would begin and end at wrong moments for everybody."""
        self._sources.check_clock()

    def now(self) -> datetime:
        """Return the moment: for what is looked at under locks that were waited for, and may have changed since the command began."""
        return self._clock.now()

    def place_of(self, official_id: UUID, appointment_id: UUID | None) -> AppointmentView | None:
        """Return the live appointment named, or the official's primary one: where a command on the person is aimed at."""
        found = self.identity.appointments_of(official_id, self._clock.now())
        return next((place for place in found if appointment_id in {None, place.id}), None)

    def entrusted(self, officials: Collection[UUID]) -> dict[UUID, str]:
        """Return what is entrusted to each of ``officials`` under any appointment, now or by what is planned.

        ``office`` is one of the three, ``delegated`` any command of the platform that not everybody has, else ``nothing``.
        """
        policy, now, duties = self.policy(), self._clock.now(), self.duties()
        roles = self.facts.roles_among(officials, now)
        for subject in self.identity.subjects_among(officials, now):
            roles[subject.official_id] |= {duty.role_code for duty in duties.matching(subject)}
        found = {official_id: _trust(policy, held) for official_id, held in roles.items()}
        # Whoever could act as a delegate could decide in the delegator's right.
        return found | {
            official_id: DELEGATED for official_id in self.lent_to(officials, now) if found.get(official_id, NOTHING) == NOTHING
        }

    def owner_path(self, subsystem_code: str, department_id: UUID | None) -> str | None:
        """Return the path of ``department_id``, by default of the department that owns the subsystem."""
        if department_id is None:
            subsystem = self.subsystems.subsystem(subsystem_code)
            department_id = subsystem.owner_department_id if subsystem else None
        department = self.identity.department(department_id, self._clock.now()) if department_id else None
        return department.path if department else None

    def keeps_rows(self, function: str) -> bool:
        """Return whether a grant of certain rows of a function is kept by its subsystem (integration level 2 or 3)."""
        view = self.subsystems.function(function, self._clock.now())
        return view is not None and keeps_rows(view.integration_level)

    def untold(self, function: str) -> tuple[str, ...]:
        """Return the clients by which people go on using a function after a grant has ended: nobody asks, and they cannot be told."""
        view = self.subsystems.function(function, self._clock.now())
        return () if view is None or asks_each_time(view.integration_level) else self.subsystems.untold_clients(view.subsystem_code)

    def in_catalogue(self, function: str) -> bool:
        """Return whether the catalogue has the function now, of a subsystem that is not retired."""
        return self.subsystems.traits_in_catalogue(function, self._clock.now()) is not None

    # How the above decide

    def _decide(self, question: Question, inputs: Inputs) -> Decision:
        """Decide by ``inputs``."""
        known = self._know(question.official_id, question.appointment_id, inputs, (question.function,))
        return _decided(question, known, inputs.state.epoch)

    def _know(self, official_id: UUID | None, appointment_id: UUID | None, inputs: Inputs, about: Collection[str]) -> Known | Reason:
        """Return the subject as it is now with what a decision may ask beyond it, or why there is nobody to decide about.

        Whoever is given it asks about the functions in ``about`` and no others.
        """
        now = self._clock.now()
        acting = inputs.acting(official_id, appointment_id, now)
        if isinstance(acting, Reason):
            return acting
        seen = self._see(acting, inputs.state, now, about)
        return Known(seen, self._catalogue(inputs, acting, seen), acting.ends_at)

    def _seen(self, inputs: Inputs, official_id: UUID | None, appointment_id: UUID | None, about: Collection[str] = ()) -> Seen | Reason:
        """Return the subject as it is now, or why there is nobody to see; ``about`` as in ``LiveEngine.of``."""
        now = self._clock.now()
        acting = inputs.acting(official_id, appointment_id, now)
        return acting if isinstance(acting, Reason) else self._see(acting, inputs.state, now, about)

    def _see(self, acting: Acting, state: PolicyState, now: datetime, about: Collection[str]) -> Seen:
        """Return the subject as it is now, under the policy and the duty rules of ``state``; ``about`` as in ``LiveEngine.of``."""
        engine = self.live.of(state.version_id, about)
        return Seen(acting.snapshot(engine.policy, self.live_duties.of(state.duties, now)), engine, state.epoch, now)

    def snapshot(  # noqa: PLR0917 - what a snapshot is made of
        self,
        standing: Standing,
        policy: CompiledPolicy,
        duties: CompiledDuties,
        assignments: Iterable[AssignmentFact],
        grants: Iterable[GrantFact],
        at: datetime,
    ) -> Snapshot:
        """Bring an official's facts together; the other appointments are read only when the policy asks about them."""
        everywhere = self.identity.subjects_of(standing.official_id, at) if policy.asks_everywhere else None
        return official_snapshot(
            standing.official_id, standing.subject, assignments, grants, policy.closure, duties=duties, everywhere=everywhere
        )

    def _widest(
        self, official_id: UUID, appointment_id: UUID | None, at: datetime, naming: Callable[[CompiledPolicy], frozenset[str]]
    ) -> tuple[str, ...]:
        """Return the widest departments over which the official holds one of the roles that ``naming`` picks from the policy."""
        policy, roles = self._windows(official_id, appointment_id, at)
        return _widest([window for role in naming(policy) for window in roles.get(role, ())], at) if policy else ()

    def _windows(
        self, official_id: UUID, appointment_id: UUID | None, at: datetime
    ) -> tuple[CompiledPolicy | None, Mapping[str, tuple[Window, ...]]]:
        """Return the policy, and over what and until when the official holds each role; no policy and none for who is not in office."""
        standing = self.standing(official_id, appointment_id, at)
        if isinstance(standing, Reason):
            return None, {}
        state = self.facts.state()
        policy, duties = self.live.of(state.version_id).policy, self.live_duties.of(state.duties, at)
        return policy, self.snapshot(standing, policy, duties, self.facts.assignments(official_id, appointment_id, at), (), at).roles

    def _catalogue(self, inputs: Inputs, acting: Acting, seen: Seen) -> Catalogue:
        """Return what a decision may ask beyond the subject."""
        return Catalogue(
            traits_of=lambda function: traits_known(function, seen.engine.policy, inputs, seen.now),
            last_grant=acting.last_grant,
            item_for=lambda function: inputs.item_for(function, seen.now),
        )


def _decided(question: Question, known: Known | Reason, epoch: int) -> Decision:
    """Return the decision on ``question`` by a subject that is known."""
    if isinstance(known, Reason):
        return refusal(known, epoch)
    decision = answer(question, known.seen, known.catalogue)
    if decision.allowed and known.until is not None:
        # What hangs on a duty lasts no longer than the duty.
        return msgspec.structs.replace(decision, ends_at=known.until if decision.ends_at is None else min(known.until, decision.ends_at))
    return decision


def _traits(functions: Iterable[str], inputs: Inputs, at: datetime) -> Mapping[str, Traits]:
    """Return what functions are like, read only for those of subsystems: those of the platform itself are all alike."""
    return inputs.traits([function for function in functions if not function.startswith(_OWN)], at)


def traits_known(function: str, policy: CompiledPolicy, inputs: Inputs, at: datetime) -> Traits | None:
    """Return what a function is like: the platform's own are all alike, others as the catalogue has them; ``None``: there is none."""
    if function.startswith(_OWN):
        return OWN if policy.knows(function) else None
    return inputs.traits_of(function, at)


def _trust(policy: CompiledPolicy, roles: Iterable[str]) -> str:
    """Return what is entrusted to whoever holds ``roles``."""
    held: set[str] = set()
    for role in roles:
        held |= policy.closure.get(role, frozenset((role,)))
    if not held.isdisjoint(OFFICER_ROLES):
        return OFFICE
    everybody = policy.functions_of(policy.closure.get(EVERY_OFFICIAL, frozenset((EVERY_OFFICIAL,))))
    beyond = policy.functions_of(held) - everybody
    return DELEGATED if any(subsystem_of(function) == PLATFORM for function in beyond) else NOTHING


def _widest(windows: Iterable[Window], at: datetime) -> tuple[str, ...]:
    """Return the widest departments of the windows that are open at ``at``."""
    paths = {window.department_path or "/" for window in windows if window.live(instant(at))}
    return tuple(sorted(path for path in paths if not any(path != other and path.startswith(other) for other in paths)))
