"""Which subsystems somebody may enter: the door of each published one, decided by the engine on the subject that was read once for all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from govcloud.authorization.answers.entries import State, SubsystemEntry, Subsystems
from govcloud.authorization.answers.judging import Asked, answerable, judge
from govcloud.authorization.answers.moments import Moments
from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.subsystems.levels import Traits
from govcloud.subsystems.views import SubsystemView

_Door: TypeAlias = tuple[SubsystemView, str, Traits]


class Doors:
    """Lists the subsystems that are open to somebody."""

    def __init__(self, decider: Decider, moments: Moments) -> None:
        """Take the decider, and what decides when."""
        self._decider = decider
        self._moments = moments

    def open(
        self, official_id: UUID | None, appointment_id: UUID | None, asked: Asked, *, at: datetime | None, min_epoch: int | None
    ) -> Subsystems:
        """Return the subsystems in ``asked``'s circumstances, of whatever function; see ``Answers.list_subsystems``.

        Now is read as a click reads it, from the machine's replica where there is one: the launcher stands on every workbench.
        """
        if at is None:
            doors = self._doors(None)
            about = [door for _, door, _ in doors]
            return self._decider.seeing(official_id, appointment_id, about, lambda seen: _listed(seen, asked, doors), min_epoch)
        moment = self._moments.of(at, min_epoch=min_epoch)
        snapshot = self._moments.snapshot(official_id, appointment_id, moment)
        return _listed(snapshot if isinstance(snapshot, Reason) else moment.seen(snapshot), asked, self._doors(at))

    def _doors(self, at: datetime | None) -> Sequence[_Door]:
        published = self._decider.subsystems.published_doors(at)
        return [(subsystem, door_of(subsystem.code), Traits(label)) for subsystem, label in published]


def _listed(seen: Seen | Reason, asked: Asked, doors: Sequence[_Door]) -> Subsystems:
    return Subsystems((), 0) if isinstance(seen, Reason) else Subsystems(tuple(_entries(seen, asked, doors)), seen.epoch)


def _entries(seen: Seen, asked: Asked, doors: Sequence[_Door]) -> Iterator[SubsystemEntry]:
    is_named = seen.naming()
    for subsystem, door, traits in doors:
        question = replace(asked, function=door)
        if is_named(door) and answerable(question, traits):
            judged = judge(question, traits, seen)
            if judged.state is not State.DENIED:
                yield SubsystemEntry(subsystem, judged.state, judged.missing)
