"""What may be given directly in a department: set from above, inherited downwards, and held by every direct assignment.

A department's ceiling is what was set on it, else what was set on the nearest department above. Where nothing was ever set,
administrators of departments may give nothing at all.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.commands import REASON_MOST
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.errors import above_ceiling
from govcloud.authorization.events import RoleCeilingSet
from govcloud.authorization.locking import CEILINGS, take
from govcloud.authorization.models import RoleCeiling
from govcloud.authorization.rights.duty_inputs import check_role
from govcloud.identity.locking import hold_tree
from govcloud.identity.queries import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import live_at
from govcloud.kernel.errors import NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

#: Whoever holds this role without bounds answers to no ceiling.
UNBOUND_ROLE = "security_admin"
ADMIN_ROLE = "department_admin"


@dataclass(frozen=True, slots=True)
class CeilingView:
    """What may be given in a department; ``set_on`` is where that was said (``None``: nowhere, so nothing may be given)."""

    roles: frozenset[str]
    set_on: UUID | None


def departments_of(path: str) -> tuple[UUID, ...]:
    """Return the departments on ``path``, the nearest first."""
    return tuple(UUID(hex=part) for part in reversed(path.split("/")) if part)


class CeilingFacts:
    """Reads ceilings."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def at(self, path: str, at: datetime) -> CeilingView:
        """Return the ceiling of the department at ``path``."""
        chain = departments_of(path)
        found = self.set_on(chain, at)
        nearest = next((department for department in chain if department in found), None)
        return CeilingView(found[nearest] if nearest else frozenset(), nearest)

    def set_on(self, departments: Collection[UUID], at: datetime) -> Mapping[UUID, frozenset[str]]:
        """Return what was set on each of ``departments``; those that inherit are left out."""
        query = select(RoleCeiling.department_id, RoleCeiling.role_code).where(
            RoleCeiling.department_id.in_(departments), live_at(RoleCeiling, at)
        )
        found: dict[UUID, set[str]] = {}
        for row in self._read().execute(query):
            roles = found.setdefault(row.department_id, set())
            if row.role_code is not None:
                roles.add(row.role_code)
        return {department: frozenset(roles) for department, roles in found.items()}

    def wherever_set(self, at: datetime, limit: int, after: UUID | None = None) -> tuple[UUID, ...]:
        """Return departments that have a ceiling of their own, in the order of their ids, beginning behind ``after``."""
        query = select(RoleCeiling.department_id).where(live_at(RoleCeiling, at)).distinct()
        if after is not None:
            query = query.where(RoleCeiling.department_id > after)
        return tuple(self._read().scalars(query.order_by(RoleCeiling.department_id).limit(limit)))


class Ceilings:
    """The command that sets a ceiling."""

    def __init__(self, uow: UnitOfWork, decider: Decider) -> None:
        """Take the unit of work and the decider."""
        self._uow = uow
        self._decider = decider
        self.facts = CeilingFacts(uow.read)

    def set(self, actor: Actor, department_id: UUID, roles: Collection[str] | None, reason: str) -> bool:
        """Set what may be given in a department; see ``Authorization.set_role_ceiling``."""
        department = self._decider.identity.department(department_id)
        if department is None:
            raise NotFound.of(Message("部门"), department_id)
        with self._uow.begin(actor, "govcloud:role_ceiling:set", self._target(department)) as tx:
            hold_tree(tx.session)
            # One ceiling may lower others, and roles are given within it: whoever is at either is waited for.
            take(tx.session, CEILINGS)
            wanted = None if roles is None else frozenset(roles)
            said = self._checked(wanted, reason)
            above = department.path.removesuffix(f"{department.id.hex}/")
            self._within_own(tx, wanted, above)
            before = self.facts.at(department.path, tx.now).roles
            after = self.facts.at(above, tx.now).roles if wanted is None else wanted
            if self.facts.set_on([department.id], tx.now).get(department.id) == wanted:
                return False
            _replace(tx, department.id, wanted, said)
            lowered = self._lower(tx, department, before - after, said)
            tx.record(
                RoleCeilingSet(
                    subject=f"department:{department.id}",
                    department_id=department.id,
                    roles=None if wanted is None else sorted(wanted),
                    lowered=lowered,
                    reason=said,
                )
            )
            return True

    def _target(self, department: DepartmentView) -> Target:
        """Return what is acted on: it stands under the department *above*, so that nobody raises the ceiling of one's own."""
        above = department.path.removesuffix(f"{department.id.hex}/")
        path = above if above != "/" else None
        return Target("role_ceiling", str(department.id), department_path=path, division=department.division)

    def _checked(self, roles: frozenset[str] | None, reason: str) -> str:
        fields = Fields()
        for role in sorted(roles or ()):
            check_role(role, self._decider.policy(), fields)
        said = fields.text("reason", reason, most=REASON_MOST, multiline=True)
        fields.done()
        return said

    def _within_own(self, tx: Transaction, roles: frozenset[str] | None, above: str) -> None:
        """Refuse an administrator of a department who passes on more than what was opened there.

        Raises:
            Denied: names the role and the department above.
        """
        if roles is None or not is_bounded(self._decider, tx.actor, tx.now):
            return
        own = self._own_paths(tx)
        # What was opened to the actor, and has not been narrowed on the way down.
        opened = frozenset[str]().union(*(self.facts.at(path, tx.now).roles for path in own if above.startswith(path)))
        may_pass_on = opened & self.facts.at(above, tx.now).roles
        policy, department = self._decider.policy(), self._decider.identity.department(departments_of(above)[0])
        for role in sorted(roles - may_pass_on):
            raise above_ceiling(Message(policy.roles[role].name), department.name if department else "")

    def _own_paths(self, tx: Transaction) -> tuple[str, ...]:
        actor = tx.actor
        if actor.official_id is None:
            return ()
        return self._decider.paths_of(actor.official_id, actor.appointment_id, ADMIN_ROLE, tx.now)

    def _lower(self, tx: Transaction, department: DepartmentView, dropped: frozenset[str], reason: str) -> list[UUID]:
        """Take from every department below what may no longer be given above it; a department left without anything gives nothing."""
        if not dropped:
            return []
        query = select(RoleCeiling).where(RoleCeiling.role_code.in_(dropped), live_at(RoleCeiling, tx.now))
        rows = tx.session.scalars(query).all()
        places = self._decider.identity.departments({row.department_id for row in rows}, tx.now)
        lowered: set[UUID] = set()
        for row in rows:
            place = places.get(row.department_id)
            if place is not None and place.id != department.id and place.path.startswith(department.path):
                row.valid_to = max(tx.now, row.valid_from)
                lowered.add(place.id)
        tx.session.flush()
        left = self.facts.set_on(lowered, tx.now)
        tx.session.add_all([_row(tx, place, None, reason) for place in lowered - left.keys()])
        return sorted(lowered)


def is_bounded(decider: Decider, actor: Actor, now: datetime) -> bool:
    """Return whether ``actor`` may give roles only within departments and their ceilings: neither a part of the platform nor security."""
    if actor.official_id is None:
        return False
    return "/" not in decider.paths_of(actor.official_id, actor.appointment_id, UNBOUND_ROLE, now)


def _replace(tx: Transaction, department_id: UUID, roles: frozenset[str] | None, reason: str) -> None:
    """Close what is no longer said of the department and write what is new."""
    wanted: set[str | None] = set() if roles is None else set(roles) or {None}
    query = select(RoleCeiling).where(RoleCeiling.department_id == department_id, live_at(RoleCeiling, tx.now))
    for row in tx.session.scalars(query.with_for_update()):
        if row.role_code in wanted:
            wanted.discard(row.role_code)
        else:
            row.valid_to = max(tx.now, row.valid_from)
    # The old window ends before the new one is written: only one row of a role may be open.
    tx.session.flush()
    tx.session.add_all([_row(tx, department_id, role, reason) for role in wanted])
    tx.session.flush()


def _row(tx: Transaction, department_id: UUID, role: str | None, reason: str) -> RoleCeiling:
    return RoleCeiling(
        id=new_id(),
        department_id=department_id,
        role_code=role,
        reason=reason,
        set_by=tx.actor.reference,
        valid_from=tx.now,
        valid_to=None,
    )
