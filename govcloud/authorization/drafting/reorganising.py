"""What a reorganisation would do to what people may use, before it is applied: they are looked at within its rehearsal, before and after.

Nothing is guessed: the rehearsal really moves people, roles, grants and duties, and what it wrote is rolled back. A page looks at a
bounded number of appointments, because the department tree is locked meanwhile; the next page is another rehearsal.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.deciding.answering import Seen
from govcloud.authorization.deciding.decider import PLATFORM, Decider, Standing
from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect, Outcome, Reach, between
from govcloud.authorization.drafting.sides import Side
from govcloud.authorization.rights.following import delegated
from govcloud.authorization.subjects.snapshot import door_of, instant, subsystem_of
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.queries import Subject, Wanted
from govcloud.identity.views import DepartmentView
from govcloud.subsystems.levels import OWN, Traits

#: How many appointments a page looks at.
AT_ONCE = 200
#: How many roles over the departments, held by people who serve elsewhere, are looked at beside them.
_MOST_DELEGATED = 50
_CLOSED = Outcome(Reach.CLOSED)
_ORDER = (Reach.CLOSED, Reach.CONDITIONAL, Reach.OPEN)


@dataclass(frozen=True, slots=True)
class Affected:
    """What becomes of the functions of one person, under whichever appointment; ``place``, ``paths``: where they serve before."""

    official_id: UUID
    name: str
    place: str
    paths: frozenset[str]
    effects: Mapping[str, Effect]

    @property
    def gained(self) -> tuple[str, ...]:
        """Return the functions that the person gains, or may gain."""
        return self._touched(GAINS)

    @property
    def lost(self) -> tuple[str, ...]:
        """Return the functions that the person loses, or may lose."""
        return self._touched(LOSSES)

    @property
    def altered(self) -> tuple[str, ...]:
        """Return the functions that stay open, on other rows."""
        return self._touched((Effect.ALTERED,))

    def _touched(self, effects: Collection[Effect]) -> tuple[str, ...]:
        return tuple(sorted(code for code, effect in self.effects.items() if effect in effects))


@dataclass(frozen=True, slots=True)
class Regranted:
    """One page: the people to whom something happens, out of how many that were looked at; ``after`` asks for the next page."""

    people: tuple[Affected, ...]
    looked_at: int
    after: UUID | None

    def counts(self) -> tuple[tuple[str, int, int, int], ...]:
        """Return for each function how many gain it, lose it, and keep it on other rows."""
        found: dict[str, list[int]] = {}
        for person in self.people:
            for place, codes in enumerate((person.gained, person.lost, person.altered)):
                for code in codes:
                    found.setdefault(code, [0, 0, 0])[place] += 1
        return tuple((code, gains, losses, altered) for code, (gains, losses, altered) in sorted(found.items()))


_Outcomes = Mapping[UUID, Mapping[str, Outcome]]


class Watched:
    """Looks at a rehearsal: called with the departments before it, it gives what is to be called after it. ``found`` is the page then.

    Everything is read from the open transaction, as every read in a command is.
    """

    def __init__(self, read: Callable[[], Session], decider: Decider, after: UUID | None = None) -> None:
        """Take the source of reading sessions, the decider, and where the page begins."""
        self._read = read
        self._decider = decider
        self._after = after
        self.found: Regranted | None = None

    def __call__(self, departments: Sequence[DepartmentView], at: datetime) -> Callable[[], None]:
        """Look at people as they are before the change."""
        identity = self._decider.identity
        wanted = Wanted(tuple(AppointmentCriteria(department_id=view.id) for view in departments))
        page = identity.subjects_wanted(wanted, AT_ONCE, self._after, at=at)
        people = {subject.official_id for subject in page.rows}
        _, held = delegated(self._read(), [view.path for view in departments], at, _MOST_DELEGATED)
        overseers = {official for official, _ in held}
        # Everybody stands on one page: who has a role over the departments on the first.
        if self._after is None:
            people |= overseers
        else:
            people -= overseers | self._seen_already(people, departments, self._after, at)
        subjects = self._subjects(people, at)
        before = self._outcomes(people, subjects, at)

        def look_again() -> None:
            after = self._outcomes(people, self._subjects(people, at), at)
            names = identity.official_names(people)
            rows = (
                Affected(
                    official,
                    names.get(official, ""),
                    _place(subjects.get(official, ())),
                    frozenset(subject.department_path for subject in subjects.get(official, ())),
                    _effects(before[official], after[official]),
                )
                for official in sorted(people)
            )
            self.found = Regranted(tuple(row for row in rows if row.effects), len(page.rows), page.after)

        return look_again

    def _seen_already(self, people: Collection[UUID], departments: Sequence[DepartmentView], after: UUID, at: datetime) -> set[UUID]:
        """Return those of ``people`` who stood on an earlier page, under another of their appointments there."""
        paths = tuple(view.path for view in departments)
        found = self._decider.identity.subjects_among(people, at)
        return {subject.official_id for subject in found if subject.appointment_id <= after and subject.department_path.startswith(paths)}

    def _subjects(self, people: Iterable[UUID], at: datetime) -> dict[UUID, list[Subject]]:
        found: dict[UUID, list[Subject]] = {}
        for subject in self._decider.identity.subjects_among(people, at):
            if subject.active:
                found.setdefault(subject.official_id, []).append(subject)
        return found

    def _outcomes(self, people: Collection[UUID], subjects: Mapping[UUID, Sequence[Subject]], at: datetime) -> _Outcomes:
        """Return how far each function is open to each person, under the appointment under which it is open furthest."""
        decider = self._decider
        engine = decider.live.of(decider.facts.state().version_id)
        policy = engine.policy
        # Never the shared rules: what a rehearsal made of them is known to nobody else, and rolled back.
        duties, side = decider.live_duties.as_of(at), Side(policy)
        assignments, grants = decider.facts.assignments_of_all(people, at), decider.facts.grants_of_all(people, at)
        catalogue = self._catalogue(at)
        # Which functions are named depends on nothing but the roles, and many people have the same.
        named: dict[frozenset[str], tuple[tuple[str, Traits], ...]] = {}
        found: dict[UUID, Mapping[str, Outcome]] = {}
        for official in people:
            mine: dict[str, Outcome] = {}
            for subject in subjects.get(official, ()):
                who = (official, subject.appointment_id)
                standing = Standing(official, subject)
                snapshot = decider.snapshot(standing, policy, duties, assignments.of(*who), grants.of(*who), at)
                roles = frozenset(snapshot.roles)
                if roles not in named:
                    named[roles] = tuple(_named(Seen(snapshot, engine, 0, at), catalogue))
                for code, traits in named[roles]:
                    mine[code] = _wider(mine.get(code, _CLOSED), side.outcome(snapshot, code, instant(at), traits))
            found[official] = mine
        return found

    def _catalogue(self, at: datetime) -> dict[str, Traits]:
        """Return the functions of the catalogue with what they are like, every door among them."""
        subsystems = self._decider.subsystems
        retired = subsystems.retired_at(at)
        live = [view.code for view in subsystems.all() if view.code not in retired and view.code != PLATFORM]
        listed = {view.code: view.traits for view in subsystems.functions(at) if view.subsystem_code in live}
        return {door_of(code): Traits() for code in live} | listed


def _named(seen: Seen, catalogue: Mapping[str, Traits]) -> Iterator[tuple[str, Traits]]:
    is_named, policy = seen.naming(), seen.engine.policy
    yield from ((code, traits) for code, traits in catalogue.items() if is_named(code))
    own = policy.functions_of(seen.snapshot.roles)
    yield from ((code, OWN) for code in own if subsystem_of(code) == PLATFORM and policy.knows(code))


def _wider(one: Outcome, other: Outcome) -> Outcome:
    """Return what two appointments open together."""
    reach = max(one.reach, other.reach, key=_ORDER.index)
    return Outcome(reach, one.rests_on | other.rests_on)


def _effects(before: Mapping[str, Outcome], after: Mapping[str, Outcome]) -> dict[str, Effect]:
    found = ((code, between(before.get(code, _CLOSED), after.get(code, _CLOSED))) for code in sorted(before.keys() | after.keys()))
    return {code: effect for code, effect in found if effect is not None}


def _place(subjects: Sequence[Subject]) -> str:
    return "; ".join(f"{subject.department_name} {subject.position}" for subject in subjects)
