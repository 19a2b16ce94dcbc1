"""Commands on the lists that permissions rest on: the power list, the implementation list, and matters."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import insert, select, tuple_

from govcloud.kernel.actor import Actor
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import MatterRegistered, PowerItemRegistered, ServiceItemRegistered
from govcloud.subsystems.inputs import NewMatter, NewPowerItem, NewServiceItem
from govcloud.subsystems.models import CatalogueItem, Matter, MatterItem, PowerItem, ServiceItem


class Lists(Commands):
    """Commands that enter power items, service items and matters; each is one transaction."""

    def register_matter(self, actor: Actor, matter: NewMatter) -> UUID:
        """Enter a matter with its items and return its id.

        Raises:
            Invalid: a field is wrong, or the leading department or an item unknown.
            Conflict: the code is registered already.
        """
        target = self._target("matter", matter.code, [matter.lead_department_id])
        with self._uow.begin(actor, "govcloud:matter:register", target) as tx:
            fields = Fields()
            row = inputs.checked_matter(matter, fields)
            if self._identity.department(row.lead_department_id) is None:
                fields.fail("lead_department_id", Message("没有这个部门，请核对。"), row.lead_department_id)
            wanted = [item for item, _ in row.items]
            known = set(tx.session.scalars(select(CatalogueItem.id).where(CatalogueItem.id.in_(wanted), live_at(CatalogueItem, tx.now))))
            for item in wanted:
                if item not in known:
                    fields.fail("items", Message("没有这个可申请项，请先上架。"), item)
            fields.done()
            with explained(errors.CONSTRAINTS):
                values = {"id": row.id, "code": row.code, "name": row.name, "lead_department_id": row.lead_department_id}
                tx.session.execute(insert(Matter).values(**values, valid_from=tx.now))
            links = [{"id": new_id(), "matter_id": row.id, "catalogue_item_id": item, "stage": stage} for item, stage in row.items]
            tx.session.execute(insert(MatterItem), links)
            tx.record(
                MatterRegistered(
                    subject=f"matter:{row.id}",
                    matter_id=row.id,
                    code=row.code,
                    matter_name=row.name,
                    lead_department_id=row.lead_department_id,
                    item_ids=tuple(wanted),
                )
            )
        return row.id

    def register_power_items(self, actor: Actor, items: Sequence[NewPowerItem]) -> tuple[UUID, ...]:
        """Enter entries of departments' power lists and return their ids.

        Raises:
            Invalid: a code is wrong or a department unknown.
            Conflict: a department has that code already; nothing is written.
        """
        target = self._target("power_item", one_place(row.code for row in items), {row.department_id for row in items})
        with self._uow.begin(actor, "govcloud:power_item:register", target) as tx:
            fields = Fields()
            within_limit(items, fields)
            checked = [inputs.checked_power_item(row, fields.row(index)) for index, row in enumerate(items)]
            known = self._identity.departments({row.department_id for row in checked})
            listed = _listed(tx, checked)
            seen: set[tuple[UUID, str]] = set()
            for index, row in enumerate(checked):
                if row.department_id not in known:
                    fields.row(index).fail("department_id", Message("没有这个部门，请核对。"), row.department_id)
                key = (row.department_id, row.code)
                if key in listed or key in seen:
                    fields.row(index).fail("code", Message("该部门的权力清单中已有这个基本编码。"), row.code)
                seen.add(key)
            fields.done()
            with explained(errors.CONSTRAINTS):
                tx.session.execute(insert(PowerItem), [_power_values(row, tx) for row in checked])
            tx.record_all(
                [
                    PowerItemRegistered(
                        subject=f"power_item:{row.id}", power_item_id=row.id, code=row.code, kind=row.kind, department_id=row.department_id
                    )
                    for row in checked
                ]
            )
        return tuple(row.id for row in checked)

    def register_service_items(self, actor: Actor, items: Sequence[NewServiceItem]) -> tuple[UUID, ...]:
        """Enter service items of the implementation list and return their ids.

        Raises:
            Invalid: a code is malformed, or does not fit its power item and that item's department.
            Conflict: a code is registered already; nothing is written.
        """
        powers = self._powers({row.power_item_id for row in items})
        owners = {powers[row.power_item_id].department_id if row.power_item_id in powers else None for row in items}
        with self._uow.begin(
            actor, "govcloud:service_item:register", self._target("service_item", one_place(row.code for row in items), owners)
        ) as tx:
            fields = Fields()
            within_limit(items, fields)
            checked = [inputs.checked_service_item(row, fields.row(index)) for index, row in enumerate(items)]
            bodies = {view.id: view.uscc for view in self._identity.departments(owner for owner in owners if owner).values()}
            for index, row in enumerate(checked):
                power = powers.get(row.power_item_id)
                if power is None:
                    fields.row(index).fail("power_item_id", Message("没有这个权力事项，请先登记权力清单。"), row.power_item_id)
                elif inputs.service_code_parts(row.code) != (bodies.get(power.department_id), power.code):
                    message = Message("实施编码应由该部门的统一社会信用代码、行使层级和权力事项的基本编码组成。")
                    fields.row(index).fail("code", message, row.code)
            fields.done()
            codes = [row.code for row in checked]
            refuse_known(tx.session, select(ServiceItem.code), codes, field="code", message=Message("该实施编码已登记。"))
            owner_of = {row.id: powers[row.power_item_id].department_id for row in checked}
            with explained(errors.CONSTRAINTS):
                tx.session.execute(insert(ServiceItem), [_service_values(row, owner_of[row.id], tx) for row in checked])
            tx.record_all(
                [
                    ServiceItemRegistered(
                        subject=f"service_item:{row.id}",
                        service_item_id=row.id,
                        code=row.code,
                        power_item_id=row.power_item_id,
                        department_id=owner_of[row.id],
                    )
                    for row in checked
                ]
            )
        return tuple(row.id for row in checked)

    def _powers(self, wanted: set[UUID]) -> dict[UUID, PowerItem]:
        found = self._uow.read().scalars(select(PowerItem).where(PowerItem.id.in_(wanted), PowerItem.valid_to.is_(None)))
        return {row.id: row for row in found}


def _listed(tx: Transaction, checked: Sequence[NewPowerItem]) -> set[tuple[UUID, str]]:
    """Return the pairs of department and code of ``checked`` that stand in a power list already."""
    pairs = tuple_(PowerItem.department_id, PowerItem.code)
    query = select(PowerItem.department_id, PowerItem.code).where(
        pairs.in_([(row.department_id, row.code) for row in checked]), PowerItem.valid_to.is_(None)
    )
    return {(row.department_id, row.code) for row in tx.session.execute(query)}


def _power_values(row: NewPowerItem, tx: Transaction) -> dict[str, object]:
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "kind": row.kind,
        "department_id": row.department_id,
        "valid_from": tx.now,
    }


def _service_values(row: NewServiceItem, department_id: UUID, tx: Transaction) -> dict[str, object]:
    return {
        "id": row.id,
        "code": row.code,
        "name": row.name,
        "power_item_id": row.power_item_id,
        "department_id": department_id,
        "valid_from": tx.now,
    }
