"""What the decider reads from the database, in few and narrow statements; columns only, so nothing stale is ever remembered."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Generic, TypeVar
from uuid import UUID

from sqlalchemy import (
    BindParameter,
    ColumnElement,
    DateTime,
    Integer,
    ScalarSelect,
    Select,
    Text,
    Uuid,
    and_,
    bindparam,
    case,
    cast,
    exists,
    func,
    null,
    or_,
    select,
)
from sqlalchemy.orm import InstrumentedAttribute, Session

from govcloud.authorization.epochs import DUTY
from govcloud.authorization.models import (
    AccessGrant,
    DutyRule,
    EpochChange,
    GrantSuspension,
    PolicyRule,
    PolicyVersion,
    Role,
    RoleAssignment,
    RoleLink,
)
from govcloud.authorization.policies.document import RoleSpec, RuleSpec
from govcloud.authorization.scopes.fields import FieldRule
from govcloud.authorization.subjects.duties import Duty
from govcloud.authorization.subjects.snapshot import GRACE, MOST_GRACE, AssignmentFact, GrantFact
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.kernel.database import lasts_beyond, live_at
from govcloud.kernel.looking import streaming
from govcloud.kernel.prepared import Look, one_of

_GRACE = timedelta(hours=1)
#: Rules that are read at once.
_PIECE = 1_000


@dataclass(frozen=True, slots=True)
class PolicyState:
    """Which policy decides (``None``: none is installed), the last change that decisions may not miss, and that of duty rules.

    No lower epoch appears later: numbers become visible in their order (``epochs.py``).
    """

    version_id: UUID | None
    epoch: int
    duties: int


@dataclass(frozen=True, slots=True)
class PolicyRoles:
    """The roles of one version of the policy; its rules are those that held at ``installed_at``."""

    number: int
    installed_at: datetime
    roles: Sequence[RoleSpec]


def not_over(at: datetime | BindParameter[datetime]) -> ColumnElement[bool]:
    """Return the condition that a grant has not ended at ``at``, or is in the grace after its end."""
    minutes = func.coalesce(cast(AccessGrant.scope[GRACE].astext, Integer), 0)
    # The first of the two serves the index.
    finishing = and_(AccessGrant.ends_at > at - MOST_GRACE, AccessGrant.ends_at + func.make_interval(0, 0, 0, 0, 0, minutes) > at)
    return or_(AccessGrant.ends_at > at, finishing)


_ASSIGNMENT_COLUMNS = (
    RoleAssignment.role_code,
    RoleAssignment.valid_from,
    RoleAssignment.valid_to,
    RoleAssignment.scope,
    RoleAssignment.id,
)
FactT = TypeVar("FactT")


class HeldByMany(Generic[FactT]):
    """Facts of several people, to be asked for one person under one appointment as the reads for one are."""

    def __init__(self, rows: Iterable[tuple[UUID, UUID | None, FactT]]) -> None:
        """Take (person, appointment or none, fact)."""
        self._by_person: dict[UUID, list[tuple[UUID | None, FactT]]] = {}
        for official_id, appointment_id, fact in rows:
            self._by_person.setdefault(official_id, []).append((appointment_id, fact))

    def of(self, official_id: UUID, appointment_id: UUID | None) -> list[FactT]:
        """Return what hangs on the person, or on the appointment that the person acts under."""
        return [fact for place, fact in self._by_person.get(official_id, ()) if place is None or place == appointment_id]


class DecisionFacts:
    """Reads policy, assignments and grants for the decider."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def state(self) -> PolicyState:
        """Return the policy in force, the epoch and the state of the duty rules, in one statement."""
        row = _STATE.within(self._read(), {})[0]
        return PolicyState(row.version_id, row.epoch, row.duties)

    def version_at(self, at: datetime) -> UUID | None:
        """Return the version of the policy that decided at ``at``."""
        query = select(PolicyVersion.id).where(PolicyVersion.installed_at <= at).order_by(PolicyVersion.number.desc()).limit(1)
        return self._read().scalars(query).one_or_none()

    def duty_rules(self, now: datetime) -> tuple[int, list[Duty]]:
        """Return the duty rules that hold or will hold, with the state that they make up, in one statement."""
        state = select(_duty_state().label("state")).subquery()
        # Questions that began a little earlier are still being answered.
        lasting = lasts_beyond(DutyRule, now - _GRACE)
        query = select(state.c.state, *_DUTY_COLUMNS).select_from(state).outerjoin(DutyRule, lasting)
        found = self._read().execute(query.order_by(DutyRule.id)).all()
        return found[0].state, [duty_of(row) for row in found if row.id is not None]

    def duty_rules_at(self, at: datetime) -> list[Duty]:
        """Return the duty rules that hold at ``at``."""
        query = select(*_DUTY_COLUMNS).where(live_at(DutyRule, at)).order_by(DutyRule.id)
        return [duty_of(row) for row in self._read().execute(query)]

    def policy(self, version_id: UUID) -> tuple[int, Sequence[RoleSpec], Sequence[RuleSpec]]:
        """Return number, roles and rules of one version of the policy.

        The rows are those that held when it was installed, so the answer is the same even while the next one is installed.
        """
        held = self.policy_roles(version_id)
        return held.number, held.roles, self.policy_rules(held.installed_at)

    def policy_roles(self, version_id: UUID) -> PolicyRoles:
        """Return one version of the policy without its rules."""
        session = self._read()
        version = select(PolicyVersion.number, PolicyVersion.installed_at).where(PolicyVersion.id == version_id)
        number, at = session.execute(version).one()
        includes: dict[str, list[str]] = {}
        for link in session.execute(select(RoleLink.role_code, RoleLink.includes_code).where(live_at(RoleLink, at))):
            includes.setdefault(link.role_code, []).append(link.includes_code)
        roles = [
            RoleSpec(row.code, row.name, row.description, tuple(sorted(includes.get(row.code, ()))))
            for row in session.execute(select(Role.code, Role.name, Role.description).where(live_at(Role, at)).order_by(Role.code))
        ]
        return PolicyRoles(number, at, roles)

    def policy_rules(self, at: datetime, functions: Collection[str] | None = None) -> list[RuleSpec]:
        """Return the rules of the version that was installed at ``at``, in their order; those alone that name ``functions``, if given."""
        columns = (
            PolicyRule.role_code,
            PolicyRule.function,
            PolicyRule.condition,
            PolicyRule.effect,
            PolicyRule.scope_expr,
            PolicyRule.label,
            PolicyRule.masked,
            PolicyRule.hidden,
        )
        query = select(*columns).where(live_at(PolicyRule, at)).order_by(PolicyRule.position, PolicyRule.id)
        if functions is not None:
            query = query.where(PolicyRule.function.in_(functions))
        # A piece at a time: while the driver reads rows, no other thread of a worker runs.
        session = self._read()
        with streaming(session):
            found = session.execute(query.execution_options(yield_per=_PIECE))
            return [RuleSpec(*row[:-2], _fields(tuple(row[-2]), tuple(row[-1]))) for row in found]

    def assignments(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> list[AssignmentFact]:
        """Return the standing roles of a person under one appointment: those of the person, and those of that appointment."""
        under = {"official": official_id, "appointment": appointment_id, "at": at}
        return [AssignmentFact(*row) for row in _ASSIGNMENTS.within(self._read(), under)]

    def grants(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> list[GrantFact]:
        """Return the grants that are not closed and have not run out; the decision compares their windows itself."""
        under = {"official": official_id, "appointment": appointment_id, "at": at}
        return [GrantFact(*row) for row in _GRANTS.within(self._read(), under)]

    def assignments_of_all(self, officials: Collection[UUID], at: datetime) -> HeldByMany[AssignmentFact]:
        """Return the standing roles of several people, in one statement; see ``assignments``."""
        found = _ASSIGNMENTS_OF_ALL.within(self._read(), {"officials": list(officials), "at": at})
        return HeldByMany([(row[0], row[1], AssignmentFact(*row[2:])) for row in found])

    def grants_of_all(self, officials: Collection[UUID], at: datetime) -> HeldByMany[GrantFact]:
        """Return the grants of several people, in one statement; see ``grants``."""
        found = _GRANTS_OF_ALL.within(self._read(), {"officials": list(officials), "at": at})
        return HeldByMany([(row[-2], row[-1], GrantFact(*row[:-2])) for row in found])

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

    def roles_among(self, officials: Collection[UUID], at: datetime) -> dict[UUID, set[str]]:
        """Return, for each of ``officials``, every role assigned under whatever appointment that has not ended at ``at``."""
        not_over = lasts_beyond(RoleAssignment, at)
        query = select(RoleAssignment.official_id, RoleAssignment.role_code).where(RoleAssignment.official_id.in_(officials), not_over)
        found: dict[UUID, set[str]] = {official_id: set() for official_id in officials}
        for row in self._read().execute(query):
            found[row.official_id].add(row.role_code)
        return found

    def assigned_among(self, officials: Collection[UUID], roles: Sequence[str], at: datetime) -> set[UUID]:
        """Return those of ``officials`` to whom one of ``roles`` is assigned at ``at``; what follows from a duty is not in here."""
        asked = {"officials": list(officials), "roles": list(roles), "at": at}
        return {row.official_id for row in _ASSIGNED_AMONG.within(self._read(), asked)}

    def granted_among(self, officials: Collection[UUID], function: str, at: datetime) -> set[UUID]:
        """Return those of ``officials`` with a live grant of ``function``."""
        asked = {"officials": list(officials), "function": function, "at": at}
        return {row.official_id for row in _GRANTED_AMONG.within(self._read(), asked)}


@lru_cache(4_096)
def _fields(masked: tuple[str, ...], hidden: tuple[str, ...]) -> FieldRule:
    """Return what a rule says of fields; most rules say the same few things."""
    return FieldRule(frozenset(masked), frozenset(hidden))


_DUTY_COLUMNS = (
    DutyRule.id,
    DutyRule.role_code,
    DutyRule.label,
    DutyRule.positions,
    DutyRule.posts,
    DutyRule.ranks,
    DutyRule.kinds,
    DutyRule.levels,
    DutyRule.business_lines,
    DutyRule.department_id,
    DutyRule.division_code,
    DutyRule.bound,
    DutyRule.valid_from,
    DutyRule.valid_to,
)


def duty_of(row: Any) -> Duty:  # noqa: ANN401 - a row of these columns, or a ``DutyRule``
    """Return the rule as decisions read it."""
    criteria = AppointmentCriteria(
        positions=tuple(row.positions),
        posts=tuple(row.posts),
        ranks=tuple(row.ranks),
        kinds=tuple(row.kinds),
        levels=tuple(row.levels),
        business_lines=tuple(row.business_lines),
        department_id=row.department_id,
        division_code=row.division_code,
    )
    return Duty(row.id, row.role_code, row.label, criteria, row.bound, row.valid_from, row.valid_to)


def _duty_state() -> ScalarSelect[int]:
    """Return the number of the last change of a duty rule; commands on them wait for each other, so it only ever grows."""
    return select(func.coalesce(func.max(EpochChange.epoch), 0)).where(EpochChange.kind == DUTY).scalar_subquery()


def _state() -> Select[tuple[UUID | None, int, int]]:
    version = select(PolicyVersion.id).order_by(PolicyVersion.number.desc()).limit(1).scalar_subquery()
    epoch = select(func.coalesce(func.max(EpochChange.epoch), 0)).scalar_subquery()
    return select(version.label("version_id"), epoch.label("epoch"), _duty_state().label("duties"))


#: Every decision and every command begins with it.
_STATE = Look(_state())


def _under(column: InstrumentedAttribute[UUID | None], appointment_id: UUID | BindParameter[UUID] | None) -> ColumnElement[bool]:
    """Return the condition that a fact hangs on the person, or on the appointment that the person acts under."""
    # Nothing equals NULL, so under no appointment the person's own facts remain.
    return or_(column.is_(None), column == appointment_id) if appointment_id is not None else column.is_(None)


def _grant_facts(
    at: datetime | ColumnElement[datetime],
) -> Select[tuple[UUID, str, datetime, datetime, dict[str, Any] | None, datetime | None, bool]]:
    """Return the columns of ``GrantFact``, in its order."""
    resting = exists().where(GrantSuspension.grant_id == AccessGrant.id, live_at(GrantSuspension, at))
    closed = case((AccessGrant.valid_to <= at, AccessGrant.valid_to), else_=null()).label("closed_at")
    return select(
        AccessGrant.id,
        AccessGrant.function,
        AccessGrant.starts_at,
        AccessGrant.ends_at,
        AccessGrant.scope,
        closed,
        resting.label("resting"),
    )


# Every decision about an official reads these two.
_OFFICIAL, _UNDER = bindparam("official", type_=Uuid()), bindparam("appointment", type_=Uuid())
_AT = bindparam("at", type_=DateTime(timezone=True))
_ASSIGNMENTS = Look(
    select(*_ASSIGNMENT_COLUMNS).where(
        RoleAssignment.official_id == _OFFICIAL, _under(RoleAssignment.appointment_id, _UNDER), live_at(RoleAssignment, _AT)
    )
)
_GRANTS = Look(
    _grant_facts(_AT).where(
        AccessGrant.official_id == _OFFICIAL,
        _under(AccessGrant.appointment_id, _UNDER),
        live_at(AccessGrant, _AT),
        not_over(_AT),
    )
)
# What is counted of colleagues beside every request.
_ASSIGNMENTS_OF_ALL = Look(
    select(RoleAssignment.official_id, RoleAssignment.appointment_id, *_ASSIGNMENT_COLUMNS).where(
        one_of(RoleAssignment.official_id, "officials"), live_at(RoleAssignment, _AT)
    )
)
_GRANTS_OF_ALL = Look(
    _grant_facts(_AT)
    .add_columns(AccessGrant.official_id, AccessGrant.appointment_id)
    .where(one_of(AccessGrant.official_id, "officials"), live_at(AccessGrant, _AT), not_over(_AT))
)
_ASSIGNED_AMONG = Look(
    select(RoleAssignment.official_id).where(
        one_of(RoleAssignment.official_id, "officials"), one_of(RoleAssignment.role_code, "roles", Text), live_at(RoleAssignment, _AT)
    )
)
_GRANTED_AMONG = Look(
    select(AccessGrant.official_id).where(
        one_of(AccessGrant.official_id, "officials"),
        AccessGrant.function == bindparam("function"),
        live_at(AccessGrant, _AT),
        AccessGrant.starts_at <= _AT,
        AccessGrant.ends_at > _AT,
    )
)
