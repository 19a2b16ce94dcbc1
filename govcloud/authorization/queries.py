"""Reads of authorization for pages and for the domains above: grants, role assignments, who holds what; and decisions."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Text, and_, any_, bindparam, literal_column, or_, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from govcloud.authorization.answers.service import Answers
from govcloud.authorization.apart.queries import ApartQueries
from govcloud.authorization.deciding.colleagues import holders_in_department
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.deciding.enforcing import Bounded, bounded_by_rules
from govcloud.authorization.deciding.explaining import AccessView, Explaining
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.decision_log.last_use import last_allowed
from govcloud.authorization.epochs import Reduced, last_epoch, reduced_after
from govcloud.authorization.models import PolicyVersion, RoleAssignment
from govcloud.authorization.policies.document import PolicyDocument, RoleSpec, parse_document
from govcloud.authorization.rights.ceilings import departments_of
from govcloud.authorization.rights.duty_queries import DutyQueries
from govcloud.authorization.rights.following import delegated
from govcloud.authorization.rights.giving import Giving
from govcloud.authorization.rights.grant_reads import GrantReads, GrantView
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.queries import Wanted
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Look, one_of
from govcloud.subsystems.usage import Promised

__all__ = ["AssignmentView", "AuthorizationQueries", "GrantView", "PolicyVersionView", "RoleHolder"]

_MOST_HOLDERS = 200


_PATH = RoleAssignment.scope["department_path"].astext
_ASKED = any_(bindparam("paths", type_=ARRAY(Text())))
#: Every request and every notice asks who decides.
_HOLDERS = Look(
    select(RoleAssignment.official_id, RoleAssignment.appointment_id, _PATH.label("path")).where(
        one_of(RoleAssignment.role_code, "roles", Text),
        # A role without bounds is held over everything.
        or_(_ASKED == _PATH, and_(_PATH.is_(None), literal_column("'/'") == _ASKED)),
        live_at(RoleAssignment, bindparam("at", type_=DateTime(timezone=True))),
    )
)


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


class AuthorizationQueries(GrantReads):
    """Answers questions about rights; it never writes. Grants: ``grant_reads.py``; lists and explanations: ``answers``."""

    def __init__(self, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the source of reading sessions, the decider and the clock."""
        super().__init__(read, clock)
        self._decider = decider
        self._explaining = Explaining(read, decider)
        self.duties = DutyQueries(read, decider, clock)
        self.giving = Giving(read, decider, self._explaining, clock)
        self.answers = Answers(read, decider, self._explaining)
        self.apart = ApartQueries(read, decider, clock)

    def decide(self, question: Question) -> Decision:
        """Return the engine's answer; see ``Decider.decide``."""
        return self._decider.decide(question)

    def last_epoch(self) -> int:
        """Return the number of the last change that decisions may not miss."""
        return last_epoch(self._read())

    def reduced_after(self, epoch: int) -> Reduced:
        """Return whom changes after ``epoch`` touched that let somebody do less; see ``epochs.py``."""
        return reduced_after(self._read(), epoch)

    def promised(self, functions: Collection[str]) -> Mapping[str, Promised]:
        """Return what rules and live grants bound about functions, by their codes; those about which nothing is bounded are left out."""
        if not functions:
            return {}
        rules, grants = bounded_by_rules(self._decider.policy(), functions), self.live_grants_of_rows(functions)
        nothing = Bounded((), ())
        return {
            code: Promised(rules.get(code, nothing).rows, rules.get(code, nothing).fields, grants.get(code, 0))
            for code in rules.keys() | grants.keys()
        }

    def last_allowed(self, official_id: UUID, function: str, before: datetime) -> datetime | None:
        """Return when the decision log last let somebody use a function; ``None``: not known. See ``last_use.py``."""
        return last_allowed(self._read(), official_id, function, before)

    def primary_appointment(self, official_id: UUID, min_epoch: int | None = None) -> UUID | None:
        """Return the appointment that an official acts under when none is named; see ``Decider.primary_appointment``."""
        return self._decider.primary_appointment(official_id, min_epoch)

    def open_functions(self, appointment_id: UUID, *, client_address: str | None = None) -> frozenset[str]:
        """Return every function that is open to the appointment now; see ``Decider.open_functions``."""
        return self._decider.open_functions(appointment_id, client_address=client_address)

    def open_among(
        self, official_id: UUID, appointment_id: UUID | None, functions: Iterable[str], *, client_address: str | None = None
    ) -> frozenset[str]:
        """Return those of ``functions`` that are open to the subject now; see ``Decider.open_among``."""
        return self._decider.open_among(official_id, appointment_id, functions, client_address=client_address)

    def holders_in_department(self, function: str, department_id: UUID, limit: int = 50) -> frozenset[UUID]:
        """Return officials of the department who may use ``function`` now; see ``colleagues.py``."""
        return holders_in_department(self._decider, function, department_id, limit)

    def access_of(self, official_id: UUID, appointment_id: UUID | None, at: datetime | None = None) -> AccessView:
        """Return what an official may do under an appointment at ``at`` (aware; by default now), and why.

        Without an appointment the rights of the person alone count. Every function is in it that ``decide`` would allow then.
        """
        return self._explaining.access_of(official_id, appointment_id, self._at(at))

    def assignments_of(self, official_id: UUID, at: datetime | None = None) -> tuple[AssignmentView, ...]:
        """Return the roles that an official holds at ``at``, under any appointment."""
        query = select(RoleAssignment).where(RoleAssignment.official_id == official_id, live_at(RoleAssignment, self._at(at)))
        return tuple(_assignment_view(row) for row in self._read().scalars(query.order_by(RoleAssignment.role_code)))

    def withheld_of(self, official_id: UUID, undone: Collection[UUID]) -> tuple[AssignmentView, ...]:
        """Return the roles that ended with one of the ``undone`` leaves and were neither given back then nor given anew since."""
        again = aliased(RoleAssignment)
        anew = select(again.id).where(
            again.official_id == official_id,
            again.role_code == RoleAssignment.role_code,
            again.valid_from >= RoleAssignment.valid_to,
            again.ended_with.is_distinct_from(RoleAssignment.ended_with),
        )
        lasting = or_(RoleAssignment.planned_end.is_(None), RoleAssignment.planned_end > self._at(None))
        mine = (RoleAssignment.official_id == official_id, RoleAssignment.ended_with.in_(undone), lasting, ~anew.exists())
        return tuple(_assignment_view(row) for row in self._read().scalars(select(RoleAssignment).where(*mine).order_by(RoleAssignment.id)))

    def assignment(self, assignment_id: UUID) -> AssignmentView | None:
        """Return a role assignment, ended or not."""
        row = self._read().get(RoleAssignment, assignment_id)
        return _assignment_view(row) if row else None

    def role_holders(self, role: str, department_paths: Sequence[str], at: datetime | None = None) -> tuple[RoleHolder, ...]:
        """Return who holds ``role``, itself or through one that includes it, by assignment or duty, over exactly one of these.

        A role without bounds is held over ``"/"``.
        """
        moment, closure = self._at(at), self.policy().closure
        roles = [code for code, included in closure.items() if role in included]
        asked = {"roles": roles, "paths": list(department_paths), "at": moment}
        assigned = (RoleHolder(row.official_id, row.appointment_id, row.path or "/") for row in _HOLDERS.within(self._read(), asked))
        holders = {*assigned, *self._holders_by_duty(roles, department_paths, moment)}
        return tuple(sorted(holders, key=lambda holder: (holder.official_id, holder.department_path, str(holder.appointment_id))))

    def department_paths(self, official_id: UUID, appointment_id: UUID | None, role: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return the departments below which an active official may act in ``role``, the widest only.

        ``("/",)`` is a role held without bounds, ``()`` one that is not held.
        """
        return self._decider.paths_of(official_id, appointment_id, role, self._at(at))

    def paths_by_role(
        self, official_id: UUID, appointment_id: UUID | None, roles: Collection[str], at: datetime | None = None
    ) -> Mapping[str, tuple[str, ...]]:
        """Return what ``department_paths`` does for several roles at once."""
        return self._decider.paths_by_role(official_id, appointment_id, roles, self._at(at))

    def reach_of(self, official_id: UUID, appointment_id: UUID | None, function: str, at: datetime | None = None) -> tuple[str, ...]:
        """Return the departments below which an active official's roles open ``function`` of the platform, the widest only.

        ``("/",)`` is a function held without bounds, ``()`` one that no role of the official names. Conditions of rules are not
        asked: what a page lists is bounded here, what a command may do is decided by the engine.
        """
        return self._decider.reach_of(official_id, appointment_id, function, self._at(at))

    def entrusted(self, official_id: UUID) -> str:
        """Return what is entrusted to an official under any appointment: ``OFFICE``, ``DELEGATED`` or ``NOTHING``."""
        return self._decider.entrusted([official_id])[official_id]

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
