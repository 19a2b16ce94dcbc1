"""Handing a living subsystem to another department: it goes on as it is, and another department answers for it from now on."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update

from govcloud.identity.locking import hold_tree
from govcloud.identity.views import DepartmentView
from govcloud.kernel.actor import Actor
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import SubsystemHandedOver
from govcloud.subsystems.models import CatalogueItem, CatalogueItemVersion, Subsystem, SubsystemFunction
from govcloud.subsystems.usage import Usage
from govcloud.subsystems.views import SubsystemView

HAND_OVER = "govcloud:subsystem:hand_over"


@dataclass(frozen=True)
class HandedOver:
    """What goes to the new owner with a subsystem, and what stays with other departments.

    ``items`` are those that the old owner decided on; ``elsewhere`` those on which a third department decides, which keeps them.
    """

    functions: int
    items: int
    elsewhere: int
    clients: int
    usage: Usage


class HandingOver(Commands):
    """The command that gives a subsystem to another department."""

    def hand_over_subsystem(self, actor: Actor, key: str | UUID, department_id: UUID, reason: str, *, dry_run: bool = False) -> HandedOver:
        """Let another department own a subsystem from now on, and return what goes with it; a dry run only looks.

        Functions, clients and bindings stay as they are. The items on which the old owner decides are the new one's, and with them
        the requests that wait and the grants that came of them. It takes authority over both departments: so nobody takes a
        subsystem from another department, and nobody rids the own of one.

        Raises:
            Invalid: there is no such department, it owns the subsystem already, or there is no reason.
            NotFound: there is no such subsystem.
            Conflict: it is under review or retired, or was handed over, or the departments moved, while this waited.
        """
        seen = self._subsystem(key)
        target = self._target("subsystem", seen.code, {seen.owner_department_id, department_id})
        with self._begin(actor, HAND_OVER, target, dry_run=dry_run) as tx:
            # The path of the new owner is written down with the requests that wait; and a merger would take the subsystem along.
            hold_tree(tx.session)
            tx.session.expire_all()
            if self._target("subsystem", seen.code, {seen.owner_department_id, department_id}) != target:
                raise errors.owner_changed(seen.name)
            fields = Fields()
            why = fields.text("reason", reason, most=inputs.MOST_REASON, multiline=True)
            new = self._new_owner(seen, department_id, fields)
            fields.done()
            with self._keeping_sound(tx, [seen]):
                done = self._going_along(seen)
                if new is not None and seen.owner_department_id is not None:
                    self._give(tx, seen, seen.owner_department_id, new, why)
        return done

    # Parts of the command above

    def _new_owner(self, seen: SubsystemView, department_id: UUID, fields: Fields) -> DepartmentView | None:
        """Return the department that is to own the subsystem; what is wrong with it is noted."""
        found = self._identity.department(department_id)
        if found is None:
            fields.fail("owner_department_id", Message("没有这个部门，请核对。"), department_id)
        elif seen.owner_department_id is None:
            raise errors.subsystem_missing(seen.code)
        elif seen.owner_department_id == department_id:
            fields.fail("owner_department_id", Message("这个部门已经是主管部门。"), found.name)
        return found

    def _going_along(self, view: SubsystemView) -> HandedOver:
        functions, items = self._queries.functions_of(view.id), self._queries.items_of(view.id)
        own = [item for item in items if item.owner_department_id == view.owner_department_id]
        clients = [client for client in self._queries.clients_of(view.id) if not client.disabled]
        usage = self._usage([function.code for function in functions])
        return HandedOver(len(functions), len(own), len(items) - len(own), len(clients), usage)

    def _give(self, tx: Transaction, seen: SubsystemView, old_id: UUID, new: DepartmentView, reason: str) -> None:
        tx.session.execute(update(Subsystem).where(Subsystem.id == seen.id).values(owner_department_id=new.id))
        own = select(CatalogueItem.id).join(SubsystemFunction, SubsystemFunction.id == CatalogueItem.function_id)
        # An item that was withdrawn keeps its last version: grants may have come of it, and somebody has to answer for them.
        mine = (
            CatalogueItemVersion.item_id.in_(own.where(SubsystemFunction.subsystem_id == seen.id)),
            CatalogueItemVersion.owner_department_id == old_id,
            CatalogueItemVersion.valid_to.is_(None),
        )
        statement = update(CatalogueItemVersion).where(*mine).values(owner_department_id=new.id)
        moved = tx.session.scalars(statement.returning(CatalogueItemVersion.item_id)).all()
        old = self._identity.departments([old_id]).get(old_id)
        names = f"{old.name if old else '—'} → {new.name}"
        self._add_step(tx, seen.id, "hand_over", f"{names}\n{reason}")
        tx.record(
            SubsystemHandedOver(
                subject=f"subsystem:{seen.id}",
                subsystem_id=seen.id,
                code=seen.code,
                old_department_id=old_id,
                department_id=new.id,
                department_path=new.path,
                items=len(moved),
                reason=reason,
            )
        )
