"""Giving and taking roles; that no one is two of the three officers is held by the database, and said in words here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from govcloud.authorization.apart.findings import Separation
from govcloud.authorization.apart.keeping import refuse_roles, withheld_roles
from govcloud.authorization.apart.views import Finding
from govcloud.authorization.commands import REASON_MOST, NewAssignment, checked_assignment
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.enforcing import check_bounds_kept
from govcloud.authorization.epochs import note_change
from govcloud.authorization.errors import left_already, no_such_assignment, officers_conflict
from govcloud.authorization.events import RoleAssigned, RoleEnded, RoleWithheld
from govcloud.authorization.locking import APART, POLICY, hold_what_bounds
from govcloud.authorization.models import OFFICER_ROLES, OFFICERS_EXCLUSIVE, RoleAssignment
from govcloud.authorization.rights.bounding import Bounds
from govcloud.authorization.rights.ceilings import CeilingFacts
from govcloud.authorization.violations import violated_constraint
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import live_at
from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.locks import hold
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields, checked_reason
from govcloud.subsystems.views import FunctionView

OFFICER_NAMES = {
    "system_admin": Message("系统管理员"),
    "security_admin": Message("安全管理员"),
    "audit_admin": Message("审计管理员"),
}


class Assigning:
    """The commands that give and take roles."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider (for the roles of the policy in force, and where people serve)."""
        self._uow = uow
        self._decider = decider
        self._bounds = Bounds(decider, CeilingFacts(uow.read))
        self._separation = Separation(uow.read, decider)

    def assign(self, actor: Actor, assignments: Sequence[NewAssignment]) -> list[UUID]:
        """Give roles; see ``Authorization.assign_role``."""
        target = self._target(assignments)
        with self._uow.begin(actor, "govcloud:role:assign", target) as tx:
            hold_what_bounds(tx.session, {new.official_id for new in assignments})
            self._again(actor, "govcloud:role:assign", target, self._target(assignments))
            at = max(tx.now, self._decider.now())
            self._refuse_gone(assignments, at)
            policy, functions = self._decider.policy(), self._catalogue(assignments)
            fields = Fields()
            scopes = []
            for place, new in enumerate(assignments):
                own = fields.row(place) if len(assignments) > 1 else fields
                scopes.append(checked_assignment(new, tx.now, policy.roles, own))
                if _is_bounded(new):
                    check_bounds_kept(new.role_code, "scope", policy, functions, own)
                self._bounds.check_giving(actor, new, new.scope, at, own)
            fields.done()
            refuse_roles(tx, self._separation, policy, assignments, at)
            held = _held(tx, {new.official_id for new in assignments})
            rows = [_row(tx, new, scope) for new, scope in zip(assignments, scopes, strict=True)]
            fresh = [row for row in rows if _key(row) not in held]
            _insert(tx.session, fresh)
            for row in fresh:
                note_change(tx, "role", reduces=False, official_id=row.official_id)
            tx.record_all([_assigned(row) for row in fresh])
            return [held.get(_key(row), row.id) for row in rows]

    def end(self, actor: Actor, assignment_id: UUID, reason: str) -> bool:
        """Take a role away; see ``Authorization.end_assignment``."""
        seen = self._uow.read().get(RoleAssignment, assignment_id)
        if seen is None:
            raise no_such_assignment(assignment_id)
        target = self._target_of(seen.official_id, seen.appointment_id, seen.role_code)
        with self._uow.begin(actor, "govcloud:role:end", target) as tx:
            hold_what_bounds(tx.session, [seen.official_id])
            self._again(actor, "govcloud:role:end", target, self._target_of(seen.official_id, seen.appointment_id, seen.role_code))
            reason = checked_reason(reason, REASON_MOST)
            query = select(RoleAssignment).where(RoleAssignment.id == assignment_id).with_for_update()
            row = tx.session.scalars(query.execution_options(populate_existing=True)).one()
            self._bounds.check_taking(actor, row.official_id, row.appointment_id, row.role_code, max(tx.now, self._decider.now()))
            if row.valid_to is not None and row.valid_to <= tx.now:
                return False
            row.valid_to = max(tx.now, row.valid_from)
            note_change(tx, "role", reduces=True, official_id=row.official_id)
            tx.record(_ended(row, reason))
            return True

    def end_all(self, actor: Actor, official_id: UUID, reason: str, cause: UUID) -> int:
        """Take all roles of a person away; see ``Authorization.end_roles_of``."""
        target = Target("official", str(official_id), attributes={"official_id": str(official_id)})
        with self._uow.begin(actor, "govcloud:role:end_all", target) as tx:
            lasting = RoleAssignment.valid_to.is_(None) | (RoleAssignment.valid_to > tx.now)
            query = select(RoleAssignment).where(RoleAssignment.official_id == official_id, lasting).order_by(RoleAssignment.id)
            rows = tx.session.scalars(query.with_for_update().execution_options(populate_existing=True)).all()
            for row in rows:
                row.ended_with, row.planned_end, row.valid_to = cause, row.valid_to, max(tx.now, row.valid_from)
            if rows:
                note_change(tx, "role", reduces=True, official_id=official_id)
            tx.record_all([_ended(row, reason) for row in rows])
            return len(rows)

    def restore_all(self, actor: Actor, official_id: UUID, cause: UUID, followed: Mapping[str, str]) -> int:
        """Give roles back; see ``Authorization.restore_roles_of``."""
        target = Target("official", str(official_id), attributes={"official_id": str(official_id)})
        with self._uow.begin(actor, "govcloud:role:restore", target) as tx:
            lasting = RoleAssignment.planned_end.is_(None) | (RoleAssignment.planned_end > tx.now)
            ended = (RoleAssignment.official_id == official_id, RoleAssignment.ended_with == cause, lasting)
            hold(tx.session, POLICY)
            hold(tx.session, APART)
            query = select(RoleAssignment).where(*ended).order_by(RoleAssignment.id)
            rows = [_again(tx, row, followed) for row in tx.session.scalars(query.with_for_update())]
            roles = dict.fromkeys(row.role_code for row in rows)
            # Rules may have come, and other rights, while the person was away: what would conflict stays ended, and is named.
            now = max(tx.now, self._decider.now())
            apart = withheld_roles(tx, self._separation, self._decider.policy(), official_id, roles, now=now)
            fresh = [row for row in rows if row.role_code not in apart]
            _insert(tx.session, fresh)
            if fresh:
                note_change(tx, "role", reduces=False, official_id=official_id)
            withheld = [_withheld(row, apart[row.role_code]) for row in rows if row.role_code in apart]
            tx.record_all([*map(_assigned, fresh), *withheld])
            return len(fresh)

    def follow_department(self, tx: Transaction, old_path: str, new_path: str) -> int:
        """Let delegated roles follow a department that moved; see ``Authorization.follow_department``."""
        path = RoleAssignment.scope["department_path"].astext
        query = select(RoleAssignment).where(path.startswith(old_path, autoescape=True), live_at(RoleAssignment, tx.now))
        moved = tx.session.scalars(query.with_for_update()).all()
        for row in moved:
            ends_at, row.valid_to = row.valid_to, max(tx.now, row.valid_from)
            scope = dict(row.scope or {})
            scope["department_path"] = new_path + str(scope["department_path"]).removeprefix(old_path)
            # The old window ends before the new one begins: officers' windows may not overlap.
            tx.session.flush()
            tx.session.add(
                RoleAssignment(
                    id=new_id(),
                    official_id=row.official_id,
                    appointment_id=row.appointment_id,
                    role_code=row.role_code,
                    scope=scope,
                    reason=row.reason,
                    assigned_by=row.assigned_by,
                    valid_from=row.valid_to,
                    valid_to=ends_at,
                )
            )
            note_change(tx, "role", reduces=True, official_id=row.official_id)
        return len(moved)

    def _catalogue(self, assignments: Sequence[NewAssignment]) -> Sequence[FunctionView]:
        """Return the catalogue, which is read only when some role is given for certain rows."""
        return self._decider.subsystems.functions() if any(map(_is_bounded, assignments)) else ()

    def _again(self, actor: Actor, command: str, seen: Target, now: Target) -> None:
        """Ask once more whether the actor may, when the person moved while the locks were waited for.

        Raises:
            Denied: not there.
        """
        if now != seen:
            with self._uow.begin(actor, command, now):
                pass

    def _refuse_gone(self, assignments: Sequence[NewAssignment], at: datetime) -> None:
        """Refuse a role for somebody who has left, or under an appointment that is over: it would wait for a return.

        Raises:
            Conflict: the person has left; names them.
            NotFound: the appointment is over, or another person's.
        """
        identity = self._decider.identity
        left = identity.left_among({new.official_id for new in assignments}, at)
        if left:
            raise left_already("、".join(identity.official_names(left).values()))
        owners = identity.owners_of({new.appointment_id for new in assignments if new.appointment_id}, at)
        gone = [new for new in assignments if new.appointment_id and owners.get(new.appointment_id) != new.official_id]
        if gone:
            raise NotFound.of(Message("任职"), ", ".join(str(new.appointment_id) for new in gone))

    def _target(self, assignments: Sequence[NewAssignment]) -> Target:
        """Return what is acted on; of several people only the platform's own parts may decide, so nothing is said of them."""
        if len(assignments) != 1:
            return Target("role_assignment", "batch")
        return self._target_of(assignments[0].official_id, assignments[0].appointment_id, assignments[0].role_code)

    def _target_of(self, official_id: UUID, appointment_id: UUID | None, role: str) -> Target:
        place = self._decider.place_of(official_id, appointment_id)
        return Target(
            "official",
            str(official_id),
            department_path=place.department_path if place else None,
            division=place.division if place else None,
            attributes={"official_id": str(official_id), "role": role},
        )


def _is_bounded(new: NewAssignment) -> bool:
    """Say whether a role is to be given for certain rows only."""
    return new.scope is not None and any(value is not None for value in new.scope.values())


def _row(tx: Transaction, new: NewAssignment, scope: dict[str, Any] | None) -> RoleAssignment:
    return RoleAssignment(
        id=new_id(),
        official_id=new.official_id,
        appointment_id=new.appointment_id,
        role_code=new.role_code,
        scope=scope,
        reason=new.reason,
        assigned_by=tx.actor.reference,
        valid_from=tx.now,
        valid_to=new.until,
    )


def _again(tx: Transaction, row: RoleAssignment, followed: Mapping[str, str]) -> RoleAssignment:
    """Return the assignment that goes on where ``row`` ended, under the appointment that follows the old one."""
    under = row.appointment_id and UUID(followed.get(str(row.appointment_id), str(row.appointment_id)))
    return RoleAssignment(
        id=new_id(),
        official_id=row.official_id,
        appointment_id=under,
        role_code=row.role_code,
        scope=row.scope,
        reason=row.reason,
        assigned_by=row.assigned_by,
        valid_from=max(tx.now, row.valid_from),
        valid_to=row.planned_end,
    )


def _key(row: RoleAssignment) -> tuple[object, ...]:
    """Return what makes two assignments the same one."""
    return (row.official_id, row.appointment_id, row.role_code, repr(sorted((row.scope or {}).items())), row.valid_to)


def _held(tx: Transaction, officials: set[UUID]) -> dict[tuple[object, ...], UUID]:
    """Return the assignments that these officials hold already: repeating one changes nothing."""
    query = select(RoleAssignment).where(RoleAssignment.official_id.in_(officials), live_at(RoleAssignment, tx.now))
    return {_key(row): row.id for row in tx.session.scalars(query)}


def _insert(session: Session, rows: Sequence[RoleAssignment]) -> None:
    """Insert the rows, in a savepoint, and say in words what a constraint refuses.

    Raises:
        Conflict: somebody would be two of the three officers.
        NotFound: there is no such official or appointment.
    """
    try:
        with session.begin_nested():
            session.add_all(rows)
    except IntegrityError as error:
        match violated_constraint(error):
            case name if name == OFFICERS_EXCLUSIVE:
                raise _which_office(session, rows) from error
            case "fk_role_assignment_official_id":
                raise NotFound.of(Message("公职人员"), ", ".join(str(row.official_id) for row in rows)) from error
            case "fk_role_assignment_appointment_id":
                raise NotFound.of(Message("任职"), ", ".join(str(row.appointment_id) for row in rows)) from error
            case _:
                raise


def _which_office(session: Session, rows: Sequence[RoleAssignment]) -> Conflict:
    """Return the refusal that names the office which stands against the new one."""
    offices = [row for row in rows if row.role_code in OFFICER_ROLES]
    for row in offices:
        overlapping = select(RoleAssignment.role_code).where(
            RoleAssignment.official_id == row.official_id,
            RoleAssignment.role_code.in_(OFFICER_ROLES),
            RoleAssignment.valid_to.is_(None) | (RoleAssignment.valid_to > row.valid_from),
        )
        held = session.scalars(overlapping).first()
        if held is not None:
            return officers_conflict(OFFICER_NAMES[held])
    return officers_conflict(OFFICER_NAMES[offices[0].role_code])


def _ended(row: RoleAssignment, reason: str) -> RoleEnded:
    return RoleEnded(
        subject=f"official:{row.official_id}",
        assignment_id=row.id,
        official_id=row.official_id,
        role=row.role_code,
        reason=reason,
    )


def _assigned(row: RoleAssignment) -> RoleAssigned:
    return RoleAssigned(
        subject=f"official:{row.official_id}",
        assignment_id=row.id,
        official_id=row.official_id,
        appointment_id=row.appointment_id,
        role=row.role_code,
        scope=row.scope,
        ends_at=row.valid_to,
        reason=row.reason,
    )


def _withheld(row: RoleAssignment, finding: Finding) -> RoleWithheld:
    return RoleWithheld(
        subject=f"official:{row.official_id}",
        official_id=row.official_id,
        appointment_id=row.appointment_id,
        role=row.role_code,
        scope=row.scope,
        rule_code=finding.rule.code,
        rule_version=finding.rule.version,
        functions=tuple(sorted({*finding.asked, *finding.held})),
    )
