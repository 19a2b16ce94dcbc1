"""Commands on matters (一件事): templates of items across departments."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, select

from govcloud.kernel.actor import Actor
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import MatterRegistered
from govcloud.subsystems.inputs import NewMatter
from govcloud.subsystems.models import CatalogueItem, Matter, MatterItem


class Matters(Commands):
    """Commands that enter matters; each is one transaction."""

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
