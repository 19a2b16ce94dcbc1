"""The command that ends a department without a successor."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, or_, select, update

from govcloud.identity import errors, inputs
from govcloud.identity.events import DepartmentAbolished
from govcloud.identity.models import Appointment, DepartmentVersion
from govcloud.identity.organisation import Organisation
from govcloud.kernel.actor import Actor


class Abolishing(Organisation):
    """Ends departments; each command is one transaction."""

    def abolish_department(self, actor: Actor, department_id: UUID, reason: str) -> None:
        """End a department from now on; before now it is there still.

        Raises:
            Invalid: the reason is empty, too long or has control characters.
            NotFound: there is no such department.
            Conflict: people serve in it, now or ahead, or departments stand below it.
        """
        with self._uow.begin(actor, "govcloud:department:abolish", self._target(department_id)) as tx:
            clean = inputs.checked_reason(reason)
            self._lock_tree(tx)
            old = self._department(department_id)
            people = select(func.count(Appointment.official_id.distinct())).where(
                Appointment.department_id == department_id, or_(Appointment.valid_to.is_(None), Appointment.valid_to > tx.now)
            )
            serving, below = tx.session.scalar(people) or 0, len(self._queries.children(department_id))
            if serving or below:
                raise errors.department_in_use(old.name, serving, below)
            live = (DepartmentVersion.department_id == department_id, DepartmentVersion.valid_to.is_(None))
            closing = update(DepartmentVersion).where(*live, DepartmentVersion.valid_from <= tx.now)
            if len(tx.session.execute(closing.values(valid_to=tx.now).returning(DepartmentVersion.id)).all()) != 1:
                raise errors.changed_meanwhile()
            tx.record(
                DepartmentAbolished(
                    subject=f"department:{old.id}", department_id=old.id, department_name=old.name, old_path=old.path, reason=clean
                )
            )
