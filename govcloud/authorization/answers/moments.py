"""The moment that a question is about: now, or another one with the policy and the duty rules that decide then."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from uuid import UUID

from govcloud.authorization.deciding.answering import Catalogue, Seen
from govcloud.authorization.deciding.decider import PLATFORM, Decider, Standing
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.engine import Engine
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.errors import inputs_behind, min_epoch_of_the_past
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.snapshot import GrantFact, Snapshot, door_of, subsystem_of
from govcloud.subsystems.levels import OWN, Traits


@dataclass(frozen=True, slots=True)
class Moment:
    """What decides at ``at``; ``epoch`` is that of the newest change (0 for a moment that was asked for)."""

    at: datetime
    engine: Engine
    duties: CompiledDuties
    epoch: int

    @property
    def policy(self) -> CompiledPolicy:
        """Return the policy that decides."""
        return self.engine.policy

    def seen(self, snapshot: Snapshot) -> Seen:
        """Return a subject as it is at this moment."""
        return Seen(snapshot, self.engine, self.epoch, self.at)


class Moments:
    """Says what decides when, and how a subject stood then."""

    def __init__(self, decider: Decider) -> None:
        """Take the decider, whose engines are shared."""
        self._decider = decider

    def of(
        self,
        at: datetime | None,
        version_id: UUID | None = None,
        engine: Engine | None = None,
        *,
        min_epoch: int | None = None,
        about: Collection[str] = (),
    ) -> Moment:
        """Return what decides at ``at`` (``None``: now, read as a decision reads it), by ``version_id`` or ``engine`` if one is given.

        ``about`` names the functions that it will be asked about, if nothing else; as in ``LiveEngine.of``.

        Raises:
            Unavailable: the database has not come as far as ``min_epoch``; or it is about now, and this node's clock is astray.
            Invalid: ``min_epoch`` is given for another moment than now: the past does not change.
        """
        decider = self._decider
        if at is not None and min_epoch is not None:
            raise min_epoch_of_the_past(min_epoch)
        if at is None:
            decider.check_clock()
            # The policy's number first, then the moment, then all else: see ``Decider``.
            state = decider.facts.state()
            if min_epoch is not None and state.epoch < min_epoch:
                raise inputs_behind(min_epoch, state.epoch)
            now = decider.now()
            engine = engine or (decider.live.of(state.version_id, about) if version_id is None else decider.live.as_of(version_id, about))
            return Moment(now, engine, decider.live_duties.of(state.duties, now), state.epoch)
        engine = engine or decider.live.as_of(decider.facts.version_at(at) if version_id is None else version_id, about)
        return Moment(at, engine, decider.live_duties.as_of(at), 0)

    def snapshot(self, official_id: UUID | None, appointment_id: UUID | None, moment: Moment) -> Snapshot | Reason:
        """Return what an official held then under an appointment, or why nobody asks."""
        standing = self._decider.standing(official_id, appointment_id, moment.at)
        return standing if isinstance(standing, Reason) else self.held(standing, moment)

    def held(self, standing: Standing, moment: Moment) -> Snapshot:
        """Return what somebody who stands so held then."""
        who = (standing.official_id, standing.appointment_id, moment.at)
        facts = self._decider.facts
        return self._decider.snapshot(standing, moment.policy, moment.duties, facts.assignments(*who), facts.grants(*who), moment.at)

    def traits_of(self, function: str, moment: Moment) -> Traits | None:
        """Return what a function was like then; ``None``: there was none, or its subsystem had been retired."""
        code = subsystem_of(function)
        if code == PLATFORM:
            return OWN if moment.policy.knows(function) else None
        subsystem = self._decider.subsystems.subsystem(code)
        if subsystem is None or code in self._decider.subsystems.retired_at(moment.at):
            return None
        view = self._decider.subsystems.function(function, moment.at)
        # A door is there even where nobody has registered it as a function.
        return view.traits if view is not None else Traits() if function == door_of(code) else None

    def catalogue(self, standing: Standing, moment: Moment) -> Catalogue:
        """Return what answers may ask beyond the subject; what was asked once is not asked again, so it serves many answers."""
        return self.catalogues(moment)(standing)

    def catalogues(self, moment: Moment) -> Callable[[Standing], Catalogue]:
        """Return what gives the ``catalogue`` of each of several subjects; what is alike for all of them is asked once."""
        facts, subsystems = self._decider.facts, self._decider.subsystems

        @cache
        def traits_of(function: str) -> Traits | None:
            return self.traits_of(function, moment)

        @cache
        def item_for(function: str) -> UUID | None:
            item = subsystems.item_for_function(function, moment.at)
            return item.id if item else None

        def of(standing: Standing) -> Catalogue:
            @cache
            def last_grant(function: str) -> GrantFact | None:
                return facts.last_grant(standing.official_id, standing.appointment_id, function, moment.at)

            return Catalogue(traits_of=traits_of, last_grant=last_grant, item_for=item_for)

        return of
