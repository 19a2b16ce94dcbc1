"""Commands on subsystems themselves: entering one in the catalogue, and changing how it is called and reached."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import insert, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.constraints import explained
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.changes import SubsystemChange
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import SubsystemChanged, SubsystemRegistered
from govcloud.subsystems.inputs import NewSubsystem
from govcloud.subsystems.lifecycle import Status
from govcloud.subsystems.models import Subsystem
from govcloud.subsystems.sought import sought

_CHANGED = ("name", "integration_level", "launch_url", "webhook_url", "description")


class Catalogue(Commands):
    """Commands on subsystems; each is one transaction."""

    def register_subsystem(self, actor: Actor, subsystem: NewSubsystem) -> UUID:
        """Enter a relying system and return its id; nobody sees it before it is published.

        Raises:
            Invalid: a field is wrong, or the owning department unknown.
            Conflict: the code is registered already.
        """
        target = self._target("subsystem", subsystem.code, [subsystem.owner_department_id])
        with self._uow.begin(actor, "govcloud:subsystem:register", target) as tx:
            fields = Fields()
            row = inputs.checked_subsystem(subsystem, fields)
            self._note_unknown_department("owner_department_id", row.owner_department_id, fields)
            if self._queries.clients_named([row.code]):
                fields.fail("code", Message("已有客户端用这个名称作标识，请换一个代码。"), row.code)
            fields.done()
            with explained(errors.CONSTRAINTS):
                tx.session.execute(
                    insert(Subsystem).values(
                        id=row.id,
                        code=row.code,
                        name=row.name,
                        owner_department_id=row.owner_department_id,
                        integration_level=row.integration_level,
                        status=Status.REGISTERED,
                        launch_url=row.launch_url,
                        webhook_url=row.webhook_url,
                        description=row.description,
                        created_at=tx.now,
                    )
                )
            self._add_step(tx, row.id, "register")
            tx.record(
                SubsystemRegistered(
                    subject=f"subsystem:{row.id}",
                    subsystem_id=row.id,
                    code=row.code,
                    subsystem_name=row.name,
                    owner_department_id=row.owner_department_id,
                )
            )
        return row.id

    def change_subsystem(self, actor: Actor, key: str | UUID, change: SubsystemChange) -> bool:
        """Let a subsystem be as ``change`` says from now on; return whether anything is different.

        Raises:
            Invalid: a field is wrong.
            NotFound: there is no such subsystem.
            Conflict: it is under review or retired, or would no longer pass the checks in service.
        """
        seen = self._subsystem(key)
        with self._uow.begin(actor, "govcloud:subsystem:change", self._target("subsystem", seen.code, [seen.owner_department_id])) as tx:
            fields = Fields()
            row = inputs.checked_subsystem_change(change, fields)
            fields.done()
            with self._keeping_sound(tx, [seen]):
                current = self._subsystem(seen.id)
                changed = tuple(name for name in _CHANGED if getattr(row, name) != getattr(current, name))
                if not changed:
                    return False
                values = {name: getattr(row, name) for name in changed} | (sought(row.name) if "name" in changed else {})
                tx.session.execute(update(Subsystem).where(Subsystem.id == seen.id).values(**values))
            tx.record(
                SubsystemChanged(
                    subject=f"subsystem:{seen.id}",
                    subsystem_id=seen.id,
                    code=seen.code,
                    changed=changed,
                    subsystem_name=row.name,
                    integration_level=row.integration_level,
                    launch_url=row.launch_url,
                    webhook_url=row.webhook_url,
                )
            )
        return True
