"""Opening, closing and resting temporary grants; closing is idempotent, final, and wins over whatever happens beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypedDict
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from govcloud.authorization.apart.findings import Separation
from govcloud.authorization.apart.keeping import refuse_grant
from govcloud.authorization.case_numbers import written
from govcloud.authorization.commands import NewGrant, check_grant
from govcloud.authorization.deciding.decider import Decider, Standing
from govcloud.authorization.epochs import note_change
from govcloud.authorization.errors import beneficiary_inactive, end_not_told, grant_closed, grant_exists, no_such_grant, scope_not_kept
from govcloud.authorization.events import GrantOpened, GrantResumed, GrantSuspended
from govcloud.authorization.models import AccessGrant, GrantSuspension
from govcloud.authorization.rights.closing import among, close_open
from govcloud.authorization.subjects.snapshot import GRACE
from govcloud.authorization.violations import violated_constraint
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.database import live_at
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

#: Every entry into a subsystem holds these; made once.
_OPEN_GRANTS_HELD = Prepared(
    select(AccessGrant.id)
    .where(
        AccessGrant.official_id == bindparam("official"),
        AccessGrant.subsystem_code == bindparam("subsystem"),
        AccessGrant.valid_to.is_(None),
    )
    .order_by(AccessGrant.id)
    .with_for_update(read=True)
)


class Granting:
    """The commands on temporary grants."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider (for who somebody is, and who answers for a subsystem)."""
        self._uow = uow
        self._decider = decider
        self._separation = Separation(uow.read, decider)

    def open(self, actor: Actor, new: NewGrant) -> UUID:
        """Open a grant; see ``Authorization.open_grant``."""
        with self._uow.begin(actor, "govcloud:grant:open", self._target("function", new.function, new)) as tx:
            check_grant(new, tx.now)
            if not self._decider.in_catalogue(new.function):
                raise Invalid.of(FieldError("function", Message("功能目录中没有这项功能。"), new.function))
            if not new.scope.whole and not self._decider.keeps_rows(new.function):
                raise scope_not_kept(new.function)
            if untold := self._decider.untold(new.function):
                raise end_not_told(new.function, untold)
            if not isinstance(self._decider.standing(new.official_id, new.appointment_id, tx.now), Standing):
                raise beneficiary_inactive()
            refuse_grant(tx, self._separation, new)
            row = _row(tx, new, self._decider.grace(new.function, new.grace_minutes))
            _insert(tx.session, row)
            _note(tx, row, reduces=False)
            tx.record(_opened(row, new))
            return row.id

    def close(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """End a grant; see ``Authorization.close_grant``."""
        with self._uow.begin(actor, "govcloud:grant:close", self._target_of(grant_id)) as tx:
            return bool(close_open(tx, reason, AccessGrant.id == grant_id))

    def close_all(self, actor: Actor, officials: Sequence[UUID], reason: str, appointments: Sequence[UUID] | None) -> int:
        """End all grants of people; see ``Authorization.close_grants_of``."""
        named = one_place(map(str, officials))
        target = Target("official", named, attributes={"official_id": named})
        with self._uow.begin(actor, "govcloud:grant:close_all", target) as tx:
            which = [among(AccessGrant.official_id, officials)]
            if appointments is not None:
                which.append(among(AccessGrant.appointment_id, appointments))
            return len(close_open(tx, reason, *which))

    def suspend(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """Let a grant rest; see ``Authorization.suspend_grant``."""
        with self._uow.begin(actor, "govcloud:grant:suspend", self._target_of(grant_id)) as tx:
            row = _locked(tx.session, grant_id)
            if row.valid_to is not None:
                raise grant_closed()
            if _resting(tx, grant_id) is not None:
                return False
            suspended_by = tx.actor.reference
            tx.session.add(
                GrantSuspension(id=new_id(), grant_id=grant_id, reason=reason, suspended_by=suspended_by, valid_from=tx.now, valid_to=None)
            )
            _note(tx, row, reduces=True)
            tx.record(GrantSuspended(**_named(row), reason=reason))
            return True

    def resume(self, actor: Actor, grant_id: UUID, reason: str) -> bool:
        """Wake a grant; see ``Authorization.resume_grant``."""
        with self._uow.begin(actor, "govcloud:grant:resume", self._target_of(grant_id)) as tx:
            row = _locked(tx.session, grant_id)
            if row.valid_to is not None:
                raise grant_closed()
            resting = _resting(tx, grant_id)
            if resting is None:
                return False
            resting.valid_to = max(tx.now, resting.valid_from)
            _note(tx, row, reduces=False)
            tx.record(GrantResumed(**_named(row), reason=reason))
            return True

    def _target(self, kind: str, name: str, new: NewGrant) -> Target:
        path = self._decider.owner_path(new.subsystem_code, new.owner_department_id)
        return Target(kind, name, department_path=path, attributes={"official_id": str(new.official_id)})

    def _target_of(self, grant_id: UUID) -> Target:
        """Return the grant as a target: it stands under the department that answers for it, and belongs to its holder.

        Raises:
            NotFound: there is no such grant.
        """
        query = select(AccessGrant.official_id, AccessGrant.subsystem_code, AccessGrant.owner_department_id)
        seen = self._uow.read().execute(query.where(AccessGrant.id == grant_id)).one_or_none()
        if seen is None:
            raise no_such_grant(grant_id)
        path = self._decider.owner_path(seen.subsystem_code, seen.owner_department_id)
        return Target("access_grant", str(grant_id), department_path=path, attributes={"official_id": str(seen.official_id)})


def _beside(new: NewGrant, grace: int) -> dict[str, Any]:
    """Return what a grant's scope says beside its rows: the case that it is for, and how long work may be finished after its end."""
    case = {} if new.case_number is None else {"case_number": written(new.case_number)}
    return case | ({GRACE: grace} if grace else {})


def _row(tx: Transaction, new: NewGrant, grace: int) -> AccessGrant:
    return AccessGrant(
        id=new_id(),
        line_id=new.line_id,
        official_id=new.official_id,
        appointment_id=new.appointment_id,
        subsystem_code=new.subsystem_code,
        function=new.function,
        owner_department_id=new.owner_department_id,
        chain=new.chain,
        duty=new.duty,
        scope=new.scope.to_json() | _beside(new, grace),
        starts_at=new.starts_at,
        ends_at=new.ends_at,
        opened_by=tx.actor.reference,
        closed_by=None,
        close_reason=None,
        valid_from=tx.now,
        valid_to=None,
    )


def _insert(session: Session, row: AccessGrant) -> None:
    """Insert the grant, in a savepoint.

    Raises:
        Conflict: the line has its grant already.
    """
    try:
        with session.begin_nested():
            session.add(row)
    except IntegrityError as error:
        if violated_constraint(error) == "uq_access_grant_line_id":
            raise grant_exists(row.line_id) from error
        raise


def _locked(session: Session, grant_id: UUID) -> AccessGrant:
    """Return the grant as it is now, held until the transaction ends."""
    query = select(AccessGrant).where(AccessGrant.id == grant_id).with_for_update()
    return session.scalars(query.execution_options(populate_existing=True)).one()


def hold_grants(session: Session, official_id: UUID, subsystem_code: str) -> None:
    """Keep a person's open grants in a subsystem as they are; whoever closes or suspends one takes the same rows."""
    _OPEN_GRANTS_HELD.within(session, {"official": official_id, "subsystem": subsystem_code})


def _resting(tx: Transaction, grant_id: UUID) -> GrantSuspension | None:
    query = select(GrantSuspension).where(GrantSuspension.grant_id == grant_id, live_at(GrantSuspension, tx.now))
    return tx.session.scalars(query.with_for_update()).one_or_none()


def _note(tx: Transaction, row: AccessGrant, *, reduces: bool) -> None:
    note_change(tx, "grant", reduces=reduces, official_id=row.official_id, subsystem_code=row.subsystem_code)


class _Named(TypedDict):
    """What every event of a grant says."""

    subject: str
    chain: str | None
    grant_id: UUID
    official_id: UUID
    subsystem_code: str
    function: str


def _named(row: AccessGrant) -> _Named:
    return _Named(
        subject=f"official:{row.official_id}",
        chain=row.chain,
        grant_id=row.id,
        official_id=row.official_id,
        subsystem_code=row.subsystem_code,
        function=row.function,
    )


def _opened(row: AccessGrant, new: NewGrant) -> GrantOpened:
    return GrantOpened(
        **_named(row),
        line_id=new.line_id,
        appointment_id=new.appointment_id,
        scope=new.scope.to_json(),
        starts_at=new.starts_at,
        ends_at=new.ends_at,
    )
