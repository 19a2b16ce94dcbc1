"""What the decider reads from the database, in few and narrow statements; columns only, so nothing stale is ever remembered."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, and_, case, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from govcloud.authorization.document import RoleSpec, RuleSpec
from govcloud.authorization.models import (
    AccessGrant,
    EpochChange,
    GrantSuspension,
    PolicyRule,
    PolicyVersion,
    Role,
    RoleAssignment,
    RoleLink,
)
from govcloud.authorization.snapshot import AssignmentFact, GrantFact

_Temporal = type[Role] | type[RoleLink] | type[PolicyRule] | type[RoleAssignment] | type[AccessGrant] | type[GrantSuspension]


@dataclass(frozen=True, slots=True)
class PolicyState:
    """Which policy decides (``None``: none is installed), and the last change that decisions may not miss.

    No lower epoch appears later: numbers become visible in their order (``epochs.py``).
    """

    version_id: UUID | None
    epoch: int


def holding(table: _Temporal, at: datetime) -> ColumnElement[bool]:
    """Return the condition that a fact holds at ``at``."""
    return and_(table.valid_from <= at, or_(table.valid_to.is_(None), table.valid_to > at))


class DecisionFacts:
    """Reads policy, assignments and grants for the decider."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def state(self) -> PolicyState:
        """Return the policy in force and the epoch, in one statement."""
        version = select(PolicyVersion.id).order_by(PolicyVersion.number.desc()).limit(1).scalar_subquery()
        epoch = select(func.coalesce(func.max(EpochChange.epoch), 0)).scalar_subquery()
        row = self._read().execute(select(version.label("version_id"), epoch.label("epoch"))).one()
        return PolicyState(row.version_id, row.epoch)

    def policy(self, version_id: UUID) -> tuple[int, Sequence[RoleSpec], Sequence[RuleSpec]]:
        """Return number, roles and rules of one version of the policy.

        The rows are those that held when it was installed, so the answer is the same even while the next one is installed.
        """
        session = self._read()
        version = select(PolicyVersion.number, PolicyVersion.installed_at).where(PolicyVersion.id == version_id)
        number, at = session.execute(version).one()
        includes: dict[str, list[str]] = {}
        for link in session.execute(select(RoleLink.role_code, RoleLink.includes_code).where(holding(RoleLink, at))):
            includes.setdefault(link.role_code, []).append(link.includes_code)
        roles = [
            RoleSpec(row.code, row.name, row.description, tuple(sorted(includes.get(row.code, ()))))
            for row in session.execute(select(Role.code, Role.name, Role.description).where(holding(Role, at)).order_by(Role.code))
        ]
        columns = (
            PolicyRule.role_code,
            PolicyRule.function,
            PolicyRule.condition,
            PolicyRule.effect,
            PolicyRule.scope_expr,
            PolicyRule.label,
        )
        found = session.execute(select(*columns).where(holding(PolicyRule, at)).order_by(PolicyRule.position, PolicyRule.id))
        return number, roles, [RuleSpec(*row) for row in found]

    def assignments(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> list[AssignmentFact]:
        """Return the standing roles of a person under one appointment: those of the person, and those of that appointment."""
        own = _under(RoleAssignment.appointment_id, appointment_id)
        columns = (RoleAssignment.role_code, RoleAssignment.valid_from, RoleAssignment.valid_to, RoleAssignment.scope)
        query = select(*columns).where(RoleAssignment.official_id == official_id, own, holding(RoleAssignment, at))
        return [AssignmentFact(row.role_code, row.valid_from, row.valid_to, row.scope) for row in self._read().execute(query)]

    def grants(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> list[GrantFact]:
        """Return the grants that are not closed and have not run out; the decision compares their windows itself."""
        query = _grant_facts(at).where(
            AccessGrant.official_id == official_id,
            _under(AccessGrant.appointment_id, appointment_id),
            holding(AccessGrant, at),
            AccessGrant.ends_at > at,
        )
        return [GrantFact(*row) for row in self._read().execute(query)]

    def last_grant(self, official_id: UUID, appointment_id: UUID | None, function: str, at: datetime) -> GrantFact | None:
        """Return the newest grant of ``function``, closed or not, so that a refusal can say what became of it."""
        query = (
            _grant_facts(at)
            .where(
                AccessGrant.official_id == official_id,
                _under(AccessGrant.appointment_id, appointment_id),
                AccessGrant.function == function,
                AccessGrant.valid_from <= at,
            )
            .order_by(AccessGrant.valid_from.desc(), AccessGrant.id.desc())
            .limit(1)
        )
        row = self._read().execute(query).one_or_none()
        return GrantFact(*row) if row else None

    def roles_of(self, official_id: UUID, at: datetime) -> set[str]:
        """Return every role assigned to a person, under whatever appointment, that has not ended at ``at``."""
        not_over = or_(RoleAssignment.valid_to.is_(None), RoleAssignment.valid_to > at)
        return set(self._read().scalars(select(RoleAssignment.role_code).where(RoleAssignment.official_id == official_id, not_over)))

    def holders_of_roles(self, roles: Sequence[str], at: datetime) -> set[UUID]:
        """Return the officials to whom one of ``roles`` is assigned at ``at``."""
        query = select(RoleAssignment.official_id).where(RoleAssignment.role_code.in_(roles), holding(RoleAssignment, at))
        return set(self._read().scalars(query))

    def holders_of_grants(self, function: str, at: datetime) -> set[UUID]:
        """Return the officials with a live grant of ``function``."""
        query = select(AccessGrant.official_id).where(
            AccessGrant.function == function, holding(AccessGrant, at), AccessGrant.starts_at <= at, AccessGrant.ends_at > at
        )
        return set(self._read().scalars(query))


def _under(column: InstrumentedAttribute[UUID | None], appointment_id: UUID | None) -> ColumnElement[bool]:
    """Return the condition that a fact hangs on the person, or on the appointment that the person acts under."""
    return column.is_(None) if appointment_id is None else or_(column.is_(None), column == appointment_id)


def _grant_facts(at: datetime) -> Select[tuple[UUID, str, datetime, datetime, dict[str, Any] | None, datetime | None, bool]]:
    """Return the columns of ``GrantFact``, in its order."""
    resting = exists().where(GrantSuspension.grant_id == AccessGrant.id, holding(GrantSuspension, at))
    closed = case((AccessGrant.valid_to <= at, AccessGrant.valid_to), else_=None)
    return select(AccessGrant.id, AccessGrant.function, AccessGrant.starts_at, AccessGrant.ends_at, AccessGrant.scope, closed, resting)
