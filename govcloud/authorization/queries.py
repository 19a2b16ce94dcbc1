"""Reads of authorization for pages and for the domains above: grants, role assignments, who holds what; and decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, func, select
from sqlalchemy.orm import Session, aliased

from govcloud.authorization.answers.entries import FunctionPage, PeoplePage
from govcloud.authorization.answers.service import Answers
from govcloud.authorization.ceilings import departments_of
from govcloud.authorization.decider import Decider
from govcloud.authorization.decisions import Decision, Question
from govcloud.authorization.document import PolicyDocument, RoleSpec, parse_document
from govcloud.authorization.duty_queries import DutyQueries
from govcloud.authorization.explaining import AccessView, Explaining
from govcloud.authorization.facts import holding
from govcloud.authorization.following import delegated
from govcloud.authorization.giving import Giving
from govcloud.authorization.models import AccessGrant, GrantSuspension, PolicyVersion, RoleAssignment
from govcloud.authorization.policy import CompiledPolicy
from govcloud.authorization.scope import Scope
from govcloud.identity.queries import Wanted
from govcloud.kernel.clock import Clock
from govcloud.subsystems.views import SubsystemView

__all__ = ["AssignmentView", "AuthorizationQueries", "GrantView", "PolicyVersionView", "RoleHolder"]

_MOST_HOLDERS = 200


@dataclass(frozen=True, slots=True)
class GrantView:
    """A temporary grant; ``closed_at`` and ``close_reason`` are set when it was ended before its time."""

    id: UUID
    line_id: UUID | None
    official_id: UUID
    appointment_id: UUID | None
    subsystem_code: str
    function: str
    scope: Scope
    starts_at: datetime
    ends_at: datetime
    opened_at: datetime
    closed_at: datetime | None
    close_reason: str | None
    suspended: bool
    owner_department_id: UUID | None = None

    def state(self, now: datetime) -> str:
        """Return ``revoked``, ``expired``, ``suspended``, ``scheduled`` or ``active``: computed from the clock, never stored."""
        if self.closed_at is not None and self.closed_at <= now:
            return "revoked"
        if self.ends_at <= now:
            return "expired"
        if self.suspended:
            return "suspended"
        return "scheduled" if now < self.starts_at else "active"


@dataclass(frozen=True, slots=True)
class AssignmentView:
    """A role that an official holds, with its bounds."""

    id: UUID
    official_id: UUID
    appointment_id: UUID | None
    role_code: str
    department_path: str | None
    scope: Scope
    reason: str
    assigned_by: str
    starts_at: datetime
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class RoleHolder:
    """An official who holds a role within a department."""

    official_id: UUID
    appointment_id: UUID | None
    department_path: str


@dataclass(frozen=True, slots=True)
class PolicyVersionView:
    """One installation of a policy."""

    number: int
    source: str
    checksum: str
    installed_at: datetime
    installed_by: str


class AuthorizationQueries:
    """Answers questions about rights; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the source of reading sessions, the decider and the clock."""
        self._read = read
        self._decider = decider
        self._clock = clock
        self._explaining = Explaining(read, decider)
        self.duties = DutyQueries(read, decider, clock)
        self.giving = Giving(read, decider, self._explaining, clock)
        self.answers = Answers(read, decider, self._explaining)

    def decide(self, question: Question) -> Decision:
        """Return the engine's answer; see ``Decider.decide``."""
        return self._decider.decide(question)

    def list_people(
        self,
        function: str,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        at: datetime | None = None,
        department_id: UUID | None = None,
        every_appointment: bool = False,
        client_address: str | None = None,
        limit: int = 50,
        after: UUID | None = None,
    ) -> PeoplePage:
        """Return a page of who may use ``function``; see ``Answers.list_people``."""
        return self.answers.list_people(
            function,
            resource,
            context,
            at=at,
            department_id=department_id,
            every_appointment=every_appointment,
            client_address=client_address,
            limit=limit,
            after=after,
        )

    def list_functions(
        self,
        official_id: UUID | None,
        appointment_id: UUID | None,
        subsystem: str,
        resource: Mapping[str, Any],
        context: Mapping[str, Any],
        *,
        client_address: str | None = None,
        limit: int = 200,
        after: str | None = None,
    ) -> FunctionPage:
        """Return a page of what an official may use in a subsystem now; see ``Answers.list_functions``."""
        return self.answers.list_functions(
            official_id, appointment_id, subsystem, resource, context, client_address=client_address, limit=limit, after=after
        )

    def primary_appointment(self, official_id: UUID, min_epoch: int | None = None) -> UUID | None:
        """Return the appointment that an official acts under when none is named; see ``Decider.primary_appointment``."""
        return self._decider.primary_appointment(official_id, min_epoch)

    def open_functions(self, appointment_id: UUID, *, client_address: str | None = None) -> frozenset[str]:
        """Return every function that is open to the appointment now; see ``Decider.open_functions``."""
        return self._decider.open_functions(appointment_id, client_address=client_address)

    def open_subsystems(self, appointment_id: UUID, *, client_address: str | None = None) -> tuple[SubsystemView, ...]:
        """Return the subsystems whose door is open to the appointment now, in the order of their codes."""
        return self._decider.open_subsystems(appointment_id, client_address=client_address)

    def open_among(
        self, official_id: UUID, appointment_id: UUID | None, functions: Iterable[str], *, client_address: str | None = None
    ) -> frozenset[str]:
        """Return those of ``functions`` that are open to the subject now; see ``Decider.open_among``."""
        return self._decider.open_among(official_id, appointment_id, functions, client_address=client_address)

    def holders_in_department(self, function: str, department_id: UUID, limit: int = 50) -> frozenset[UUID]:
        """Return officials of the department who may use ``function`` now; see ``Decider.holders_in_department``."""
        return self._decider.holders_in_department(function, department_id, limit)

    def access_of(self, official_id: UUID, appointment_id: UUID | None, at: datetime | None = None) -> AccessView:
        """Return what an official may do under an appointment at ``at`` (aware; by default now), and why.

        Without an appointment the rights of the person alone count. Every function is in it that ``decide`` would allow then.
        """
        return self._explaining.access_of(official_id, appointment_id, self._at(at))

    def grant(self, grant_id: UUID) -> GrantView | None:
        """Return a grant, closed or not."""
        return self._one_grant(AccessGrant.id == grant_id)

    def grants_by_id(self, wanted: Iterable[UUID]) -> Mapping[UUID, GrantView]:
        """Return the grants ``wanted`` by id, closed or not."""
        return {grant.id: grant for grant in self._grants(AccessGrant.id.in_(set(wanted)))}

    def grant_of_line(self, line_id: UUID) -> GrantView | None:
        """Return the grant that a request's line led to."""
        return self._one_grant(AccessGrant.line_id == line_id)

    def grants_of_lines(self, line_ids: Iterable[UUID]) -> tuple[GrantView, ...]:
        """Return the grants that lines of requests led to."""
        return self._grants(AccessGrant.line_id.in_(set(line_ids)))

    def grants_of(self, official_id: UUID) -> tuple[GrantView, ...]:
        """Return all grants that an official ever had, those that end last first."""
        return self._grants(AccessGrant.official_id == official_id)

    def ran_out(self, functions: Iterable[str], since: datetime, until: datetime) -> tuple[GrantView, ...]:
        """Return the grants of ``functions`` that ended by themselves in ``(since, until]``, but where another goes on in its place."""
        later = aliased(AccessGrant)
        going_on = select(later.id).where(
            later.official_id == AccessGrant.official_id,
            later.function == AccessGrant.function,
            later.valid_to.is_(None),
            later.starts_at <= until,
            later.ends_at > until,
        )
        over = (AccessGrant.valid_to.is_(None), AccessGrant.ends_at > since, AccessGrant.ends_at <= until, ~going_on.exists())
        return self._grants(AccessGrant.function.in_(set(functions)), *over)

    def live_grants_of(self, functions: Iterable[str]) -> int:
        """Return how many grants of these functions have neither run out nor been closed."""
        now = self._clock.now()
        live = (AccessGrant.function.in_(set(functions)), holding(AccessGrant, now), AccessGrant.ends_at > now)
        return self._read().scalar(select(func.count()).select_from(AccessGrant).where(*live)) or 0

    def live_grants_by_function(self, subsystem_code: str) -> Mapping[str, int]:
        """Return how many live grants each function of a subsystem has; functions without any are left out."""
        now = self._clock.now()
        live = (AccessGrant.subsystem_code == subsystem_code, holding(AccessGrant, now), AccessGrant.ends_at > now)
        found = self._read().execute(select(AccessGrant.function, func.count()).where(*live).group_by(AccessGrant.function))
        return {row[0]: row[1] for row in found}

    def live_grants_owned_by(self, departments: Iterable[UUID], limit: int, after: UUID | None = None) -> tuple[GrantView, ...]:
        """Return grants that ``departments`` answer for and that have neither run out nor been closed, the newest first.

        ``after`` is the last one of the page before.
        """
        now = self._clock.now()
        live = (AccessGrant.owner_department_id.in_(set(departments)), holding(AccessGrant, now), AccessGrant.ends_at > now)
        older = () if after is None else (AccessGrant.id < after,)
        # Ids are made in the order of time (UUIDv7).
        ids = self._read().scalars(select(AccessGrant.id).where(*live, *older).order_by(AccessGrant.id.desc()).limit(limit)).all()
        found = self.grants_by_id(ids)
        return tuple(found[key] for key in ids)

    def assignments_of(self, official_id: UUID, at: datetime | None = None) -> tuple[AssignmentView, ...]:
        """Return the roles that an official holds at ``at``, under any appointment."""
        query = select(RoleAssignment).where(RoleAssignment.official_id == official_id, holding(RoleAssignment, self._at(at)))
        return tuple(_assignment_view(row) for row in self._read().scalars(query.order_by(RoleAssignment.role_code)))

    def assignment(self, assignment_id: UUID) -> AssignmentView | None:
        """Return a role assignment, ended or not."""
        row = self._read().get(RoleAssignment, assignment_id)
        return _assignment_view(row) if row else None

    def role_holders(self, role: str, department_paths: Sequence[str], at: datetime | None = None) -> tuple[RoleHolder, ...]:
        """Return who holds ``role``, itself or through one that includes it, by assignment or duty, over exactly one of these."""
        moment, closure = self._at(at), self.policy().closure
        roles = [code for code, included in closure.items() if role in included]
        path = RoleAssignment.scope["department_path"].astext
        query = select(RoleAssignment.official_id, RoleAssignment.appointment_id, path).where(
            RoleAssignment.role_code.in_(roles), path.in_(department_paths), holding(RoleAssignment, moment)
        )
        assigned = (RoleHolder(*row) for row in self._read().execute(query))
        holders = {*assigned, *self._holders_by_duty(roles, department_paths, moment)}
        return tuple(sorted(holders, key=lambda holder: (holder.official_id, holder.department_path, str(holder.appointment_id))))

    def department_paths(self, official_id: UUID, appointment_id: UUID | None, role: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return the departments below which an active official may act in ``role``, the widest only.

        ``("/",)`` is a role held without bounds, ``()`` one that is not held.
        """
        return self._decider.paths_of(official_id, appointment_id, role, self._at(at))

    def reach_of(self, official_id: UUID, appointment_id: UUID | None, function: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return the departments below which an active official's roles open ``function`` of the platform, the widest only.

        ``("/",)`` is a function held without bounds, ``()`` one that no role of the official names. Conditions of rules are not
        asked: what a page lists is bounded here, what a command may do is decided by the engine.
        """
        return self._decider.reach_of(official_id, appointment_id, function, self._at(at))

    def delegated(self, paths: Sequence[str], limit: int = 10) -> tuple[int, tuple[tuple[UUID, str], ...]]:
        """Return how many roles reach over departments at or below ``paths`` only, and the first as (official, role)."""
        return delegated(self._read(), paths, self._clock.now(), limit)

    def policy(self) -> CompiledPolicy:
        """Return the policy that decides now."""
        return self._decider.policy()

    def roles(self) -> tuple[RoleSpec, ...]:
        """Return the roles of the policy that decides now, in the order of their codes."""
        return tuple(sorted(self.policy().roles.values(), key=lambda role: role.code))

    def policy_versions(self) -> tuple[PolicyVersionView, ...]:
        """Return every installation, the newest first."""
        columns = (
            PolicyVersion.number,
            PolicyVersion.source,
            PolicyVersion.checksum,
            PolicyVersion.installed_at,
            PolicyVersion.installed_by,
        )
        found = self._read().execute(select(*columns).order_by(PolicyVersion.number.desc()))
        return tuple(PolicyVersionView(*row) for row in found)

    def installed_document(self) -> PolicyDocument | None:
        """Return the document in force as it was installed; ``None`` while none is and the shipped baseline decides."""
        query = select(PolicyVersion.document, PolicyVersion.source).order_by(PolicyVersion.number.desc()).limit(1)
        row = self._read().execute(query).one_or_none()
        return parse_document(row.document, row.source) if row else None

    # How the above read

    def _at(self, at: datetime | None) -> datetime:
        return self._clock.now() if at is None else at

    def _holders_by_duty(self, roles: Sequence[str], department_paths: Sequence[str], at: datetime) -> Iterator[RoleHolder]:
        """Return who holds one of ``roles`` by a duty in exactly one of these departments, over that department."""
        rules = tuple(duty.criteria for duty in self._decider.duties().giving(roles, at) if duty.bound)
        departments = tuple(departments_of(path)[0] for path in department_paths if path != "/")
        after: UUID | None = None
        while rules:
            page = self._decider.identity.subjects_wanted(Wanted(rules, departments=departments), _MOST_HOLDERS, after, at=at)
            yield from (RoleHolder(row.official_id, row.appointment_id, row.department_path) for row in page.rows)
            after = page.after
            if after is None:
                return

    def _one_grant(self, condition: ColumnElement[bool]) -> GrantView | None:
        found = self._grants(condition)
        return found[0] if found else None

    def _grants(self, *conditions: ColumnElement[bool]) -> tuple[GrantView, ...]:
        now = self._clock.now()
        resting = select(GrantSuspension.id).where(GrantSuspension.grant_id == AccessGrant.id, holding(GrantSuspension, now)).exists()
        columns = (
            AccessGrant.id,
            AccessGrant.line_id,
            AccessGrant.official_id,
            AccessGrant.appointment_id,
            AccessGrant.subsystem_code,
            AccessGrant.function,
            AccessGrant.scope,
            AccessGrant.starts_at,
            AccessGrant.ends_at,
            AccessGrant.valid_from,
            AccessGrant.valid_to,
            AccessGrant.close_reason,
            resting.label("suspended"),
            AccessGrant.owner_department_id,
        )
        query = select(*columns).where(*conditions).order_by(AccessGrant.ends_at.desc(), AccessGrant.id)
        return tuple(_grant_view(row) for row in self._read().execute(query))


def _grant_view(row: Row[*tuple[Any, ...]]) -> GrantView:
    return GrantView(
        id=row.id,
        line_id=row.line_id,
        official_id=row.official_id,
        appointment_id=row.appointment_id,
        subsystem_code=row.subsystem_code,
        function=row.function,
        scope=Scope.from_json(row.scope),
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        opened_at=row.valid_from,
        closed_at=row.valid_to,
        close_reason=row.close_reason,
        suspended=row.suspended,
        owner_department_id=row.owner_department_id,
    )


def _assignment_view(row: RoleAssignment) -> AssignmentView:
    scope = row.scope or {}
    return AssignmentView(
        id=row.id,
        official_id=row.official_id,
        appointment_id=row.appointment_id,
        role_code=row.role_code,
        department_path=scope.get("department_path"),
        scope=Scope.from_json(scope),
        reason=row.reason,
        assigned_by=row.assigned_by,
        starts_at=row.valid_from,
        ends_at=row.valid_to,
    )
