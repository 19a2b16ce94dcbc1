"""What another security label would do, before it is set: whom that of a function touches, and what that of a person opens and closes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from uuid import UUID

from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.deciding.decider import Decider, Standing
from govcloud.authorization.deciding.explaining import Explaining
from govcloud.authorization.drafting.effects import Effect, between
from govcloud.authorization.drafting.measuring import Measured, Measuring, Progress, unheard
from govcloud.authorization.drafting.sides import Side
from govcloud.authorization.subjects.snapshot import Snapshot, instant
from govcloud.identity.queries import Subject
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message


@dataclass(frozen=True, slots=True)
class Relabelled:
    """What becomes of the functions of a person under one appointment."""

    subject: Subject
    effects: Mapping[str, Effect]


class Relabelling:
    """Works out what a security label would do; reads only, and nothing of it is kept."""

    def __init__(self, decider: Decider, measuring: Measuring, explaining: Explaining) -> None:
        """Take the decider's reads, what measures changes, and what knows which functions somebody could have."""
        self._decider = decider
        self._moments = Moments(decider)
        self._measuring = measuring
        self._explaining = explaining

    def of_function(self, code: str, label: int, progress: Progress = unheard) -> Measured:
        """Return who gains and who loses the function ``code`` if its label were ``label`` from now on.

        Raises:
            NotFound: the catalogue has no such function.
        """
        at = self._decider.now()
        view = self._decider.subsystems.function(code, at)
        if view is None:
            raise NotFound.of(Message("功能"), code)
        return self._measuring.relabelled(self._decider.policy(), code, (view.traits, view.traits._replace(label=label)), at, progress)

    def of_person(self, official_id: UUID, label: int) -> tuple[Relabelled, ...]:
        """Return what an official's label would change, by appointment; those under which nothing changes are left out."""
        now = self._moments.of(None)
        side = Side(now.policy)
        subjects = [subject for subject in self._decider.identity.subjects_among([official_id], now.at) if subject.active]
        found = (Relabelled(subject, self._effects(subject, label, side, now)) for subject in subjects)
        return tuple(item for item in found if item.effects)

    def _effects(self, subject: Subject, label: int, side: Side, now: Moment) -> dict[str, Effect]:
        before, after = (self._held(one, now) for one in (subject, replace(subject, label=label)))
        found: dict[str, Effect] = {}
        for code, _, own in self._explaining.catalogue(before, now.engine, now.at):
            outcomes = (side.outcome(snapshot, code, instant(now.at), own) for snapshot in (before, after))
            effect = between(*outcomes)
            if effect is not None:
                found[code] = effect
        return found

    def _held(self, subject: Subject, now: Moment) -> Snapshot:
        return self._moments.held(Standing(subject.official_id, subject), now)
