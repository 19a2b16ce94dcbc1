"""What commands and answers ask beside a decision: the rules in force, who holds what and where, and what the catalogue says of functions.

All of it is read from the database: who is about to write goes by the facts themselves, never by the node's replica.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.around.clock_watch import ClockWatch
from govcloud.authorization.around.surroundings import SHIPPED, Surroundings
from govcloud.authorization.commands import DELEGATED, NOTHING, OFFICE
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.deciding.inputs import Source, Standing, standing_of
from govcloud.authorization.deciding.live import LiveEngine
from govcloud.authorization.deciding.live_duties import LiveDuties
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.deciding.sources import Sources
from govcloud.authorization.models import OFFICER_ROLES
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL
from govcloud.authorization.subjects.snapshot import MOST_GRACE, AssignmentFact, GrantFact, Snapshot, Window, instant, subsystem_of
from govcloud.authorization.subjects.subjects import official_snapshot
from govcloud.identity.queries import AppointmentView, IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.subsystems.levels import asks_each_time, keeps_rows
from govcloud.subsystems.queries import SubsystemQueries

#: The subsystem that the platform itself is in its own catalogue.
PLATFORM = "govcloud"


class DecisionReads:
    """Reads what decisions rest on; the decider adds the decisions."""

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

    def grace(self, function: str, minutes: int) -> int:
        """Return for how many minutes work may be finished after a grant of ``function`` has ended, of the ``minutes`` that are wished for.

        Never of what is sensitive; and nowhere but where the subsystem asks at each use (integration level 2 and 3), for only there is
        there a difference between beginning something and finishing it.
        """
        view = self.subsystems.function(function, self._clock.now())
        allowed = view is not None and not view.sensitive and asks_each_time(view.integration_level)
        return max(0, min(minutes, MOST_GRACE // timedelta(minutes=1))) if allowed else 0

    def untold(self, function: str) -> tuple[str, ...]:
        """Return the clients by which people go on using a function after a grant has ended: nobody asks, and they cannot be told."""
        view = self.subsystems.function(function, self._clock.now())
        return () if view is None or asks_each_time(view.integration_level) else self.subsystems.untold_clients(view.subsystem_code)

    def in_catalogue(self, function: str) -> bool:
        """Return whether the catalogue has the function now, of a subsystem that is not retired."""
        return self.subsystems.traits_in_catalogue(function, self._clock.now()) is not None

    # How the above read

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
