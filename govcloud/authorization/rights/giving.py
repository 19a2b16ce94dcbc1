"""What an administrator may give somebody directly and take again, and what either would change; the commands say the last word.

A page that offers a role asks here first, so that it offers nothing that would be refused, and names what is gained before it is
given. Reads only.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.deciding.answering import Seen, command_refusal
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.engine import Verdict
from govcloud.authorization.deciding.explaining import Explaining
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.authorization.policies.document import RoleSpec
from govcloud.authorization.rights.ceilings import CeilingFacts, is_bounded
from govcloud.authorization.rights.duty_inputs import may_be_given
from govcloud.authorization.subjects.snapshot import AssignmentFact, Snapshot, subsystem_of
from govcloud.identity.queries import AppointmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.subsystems.levels import Traits

Key = TypeVar("Key")
ASSIGN, END = "govcloud:role:assign", "govcloud:role:end"


@dataclass(frozen=True, slots=True)
class Offer:
    """The roles that may be given at one place, in the order of their codes; ``bounded``: within a ceiling, and for a term only."""

    roles: tuple[RoleSpec, ...]
    bounded: bool


@dataclass(frozen=True, slots=True)
class Held:
    """A directly given role, as the question who may end it needs it."""

    id: UUID
    appointment_id: UUID | None
    role_code: str


@dataclass(frozen=True, slots=True)
class Touched:
    """A function that opens or closes; ``partly``: it is open both before and after, on other rows."""

    function: str
    name: str
    subsystem_code: str
    partly: bool


class Giving:
    """Answers what may be given and ended, and what either does."""

    def __init__(self, read: Callable[[], Session], decider: Decider, explaining: Explaining, clock: Clock) -> None:
        """Take the source of reading sessions, the decider, the catalogue's reader and the clock."""
        self._decider = decider
        self._explaining = explaining
        self._clock = clock
        self._ceilings = CeilingFacts(read)

    def offer(self, giver: Actor, official_id: UUID, place: AppointmentView | None) -> Offer:
        """Return what ``giver`` may give to an official under the appointment ``place`` (``None``: under every one).

        No roles: the command is not open to the giver there, or the ceiling has none.
        """
        now, policy = self._clock.now(), self._decider.policy()
        bounded = is_bounded(self._decider, giver, now)
        given = [role for role in policy.roles.values() if may_be_given(role.code)]
        if bounded:
            open_here = self._ceilings.at(place.department_path, now).roles if place else frozenset[str]()
            given = [role for role in given if role.code in open_here and not policy.closure[role.code] & set(OFFICER_ROLES)]
        targets = {role.code: _target(official_id, place, role.code) for role in given}
        allowed = self._open_to(giver, ASSIGN, targets, now)
        return Offer(tuple(sorted((role for role in given if role.code in allowed), key=lambda role: role.code)), bounded)

    def endable(self, giver: Actor, official_id: UUID, held: Iterable[Held], places: Iterable[AppointmentView]) -> frozenset[UUID]:
        """Return which of an official's directly given roles ``giver`` may end; ``places`` are the live appointments."""
        now, policy, rows = self._clock.now(), self._decider.policy(), list(held)
        known = {place.id: place for place in places}
        # A role of the person stands, for the command, where the primary appointment does.
        main = next(iter(known.values()), None)
        where = {row.id: known.get(row.appointment_id) if row.appointment_id else main for row in rows}
        if is_bounded(self._decider, giver, now):
            rows = [
                row for row in rows if row.appointment_id in known and not policy.closure.get(row.role_code, _NONE) & set(OFFICER_ROLES)
            ]
            paths = {place.department_path for row in rows if (place := where[row.id])}
            open_there = {path: self._ceilings.at(path, now).roles for path in paths}
            rows = [row for row in rows if (place := where[row.id]) and row.role_code in open_there[place.department_path]]
        targets = {row.id: _target(official_id, where[row.id], row.role_code) for row in rows}
        return self._open_to(giver, END, targets, now)

    def gained(
        self, official_id: UUID, appointment_id: UUID | None, role_code: str, scope: Mapping[str, Any] | None
    ) -> tuple[Touched, ...] | None:
        """Return what a role would open to an official under an appointment; ``None``: the official may use nothing at all now."""
        now = self._clock.now()
        extra = AssignmentFact(role_code, now, None, scope)
        return self._between(official_id, appointment_id, lambda held: held, lambda held: [*held, extra], now)

    def lost(self, official_id: UUID, appointment_id: UUID | None, assignment_id: UUID) -> tuple[Touched, ...] | None:
        """Return what would close if an assignment ended; what another role or a duty opens as well is left out."""

        def without(held: Sequence[AssignmentFact]) -> Sequence[AssignmentFact]:
            return [fact for fact in held if fact.id != assignment_id]

        return self._between(official_id, appointment_id, without, lambda held: held, self._clock.now())

    # How the above find out

    def _open_to(self, giver: Actor, command: str, targets: Mapping[Key, Mapping[str, Any]], now: datetime) -> frozenset[Key]:
        """Return which targets the command is open on to ``giver``, who is read once for all of them."""
        if giver.official_id is None or not targets:
            return frozenset()
        seen = self._seen(giver.official_id, giver.appointment_id, lambda held: held, now, grants=False)
        if seen is None:
            return frozenset()
        return frozenset(key for key, resource in targets.items() if _runs(command, resource, seen, giver))

    def _between(
        self, official_id: UUID, appointment_id: UUID | None, fewer: _Choice, more: _Choice, now: datetime
    ) -> tuple[Touched, ...] | None:
        """Return the functions that separate two states of an official's direct roles."""
        before, after = (self._seen(official_id, appointment_id, choose, now) for choose in (fewer, more))
        if before is None or after is None:
            return None
        found = []
        for code, name, traits in self._explaining.catalogue(after.snapshot, after.engine, now):
            had, has = _verdict(code, traits, before), _verdict(code, traits, after)
            if has.allowed and not (had.allowed and had.views == has.views):
                found.append(Touched(code, name, subsystem_of(code), partly=had.allowed))
        return tuple(found)

    def _seen(self, official_id: UUID, appointment_id: UUID | None, choose: _Choice, now: datetime, *, grants: bool = True) -> Seen | None:
        """Return an official with a choice of the direct roles; ``None`` when nothing at all is open."""
        decider = self._decider
        state = decider.facts.state()
        standing = decider.standing(official_id, appointment_id, now)
        if isinstance(standing, Reason):
            return None
        engine, duties = decider.live.of(state.version_id), decider.live_duties.of(state.duties, now)
        assignments = choose(decider.facts.assignments(official_id, appointment_id, now))
        lent = decider.facts.grants(official_id, appointment_id, now) if grants else ()
        snapshot: Snapshot = decider.snapshot(standing, engine.policy, duties, assignments, lent, now)
        return Seen(snapshot, engine, state.epoch, now)


_NONE = frozenset[str]()
_Choice = Callable[[Sequence[AssignmentFact]], Sequence[AssignmentFact]]


def _target(official_id: UUID, place: AppointmentView | None, role: str) -> dict[str, Any]:
    """Return what the command will be aimed at, as conditions read it."""
    target = {"type": "official", "id": str(official_id), "official_id": str(official_id), "role": role}
    if place is not None:
        target |= {"department_path": place.department_path, "division": place.division}
    return target


def _runs(command: str, resource: Mapping[str, Any], seen: Seen, giver: Actor) -> bool:
    return command_refusal(command, resource, seen, client_address=giver.source_address) is None


def _verdict(function: str, traits: Traits, seen: Seen) -> Verdict:
    return seen.engine.decide(seen.asking(function, traits), function)
