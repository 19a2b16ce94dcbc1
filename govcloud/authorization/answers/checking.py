"""Many checks at once, now or as of a moment: each the decision that ``decide`` gives, with what a denial lacks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from govcloud.authorization.answers.entries import State
from govcloud.authorization.answers.judging import Asked, answerable, decided, judge
from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.deciding.answering import Catalogue, Seen
from govcloud.authorization.deciding.decider import Decider, Standing
from govcloud.authorization.deciding.decisions import Decision, Reason, refusal

#: How many questions are answered at once.
MOST_CHECKS = 500


class Subjected(NamedTuple):
    """A question about one person, under an appointment (``None``: the rights of the person alone)."""

    official_id: UUID | None
    appointment_id: UUID | None
    asked: Asked


class Checked(NamedTuple):
    """An answer: the decision, and when it is ``conditional`` the attributes that would settle it."""

    decision: Decision
    state: State
    missing: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Known:
    """A person as seen at one moment, with what a decision may ask beyond it."""

    standing: Standing
    seen: Seen
    catalogue: Catalogue


class Checks:
    """Answers checks at one state of the inputs, each person read once; reads only."""

    def __init__(self, decider: Decider, moments: Moments) -> None:
        """Take the decider's reads, and what decides when."""
        self._decider = decider
        self._moments = moments

    def all(self, questions: Sequence[Subjected], when: Moment) -> tuple[Checked, ...]:
        """Return the answers in the order of the questions."""
        known: dict[tuple[UUID | None, UUID | None], _Known | Reason] = {}
        catalogue = self._moments.catalogues(when)
        found: list[Checked] = []
        for question in questions:
            who = (question.official_id, question.appointment_id)
            if who not in known:
                known[who] = self._know(*who, when, catalogue)
            found.append(self._checked(question.asked, known[who], when))
        return tuple(found)

    def _know(
        self, official_id: UUID | None, appointment_id: UUID | None, when: Moment, catalogue: Callable[[Standing], Catalogue]
    ) -> _Known | Reason:
        standing = self._decider.standing(official_id, appointment_id, when.at)
        if isinstance(standing, Reason):
            return standing
        return _Known(standing, when.seen(self._moments.held(standing, when)), catalogue(standing))

    @staticmethod
    def _checked(asked: Asked, known: _Known | Reason, when: Moment) -> Checked:
        if isinstance(known, Reason):
            return Checked(refusal(known, when.epoch), State.DENIED)
        decision = decided(asked, known.seen, known.standing, known.catalogue)
        if decision.allowed:
            return Checked(decision, State.ALLOWED)
        traits = known.catalogue.traits_of(asked.function)
        if traits is None or not answerable(asked, traits):
            return Checked(decision, State.DENIED)
        judged = judge(asked, traits, known.seen)
        return Checked(decision, judged.state, judged.missing)
