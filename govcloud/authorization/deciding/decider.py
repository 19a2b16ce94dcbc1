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

from govcloud.authorization.deciding.answering import Catalogue, Seen, answer, opens
from govcloud.authorization.deciding.decision_reads import PLATFORM, DecisionReads
from govcloud.authorization.deciding.decisions import Decision, Question, Reason, refusal
from govcloud.authorization.deciding.facts import PolicyState
from govcloud.authorization.deciding.inputs import RETIRED, Acting, Inputs, Standing
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.deciding.remembering import Remembering, Until, always_on
from govcloud.subsystems.levels import OWN, Traits

__all__ = ["PLATFORM", "Decider", "Standing"]

_OWN = f"{PLATFORM}:"
AnswerT = TypeVar("AnswerT")


class Known(NamedTuple):
    """A subject as it was seen, what a decision may ask beyond it, and until when the subject may act as it does."""

    seen: Seen
    catalogue: Catalogue
    until: datetime | None


class Decider(DecisionReads):
    """Answers questions about officials; commands of the platform itself are asked through ``EngineAuthorizer``."""

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
