"""Commands on internal offices: renaming and closing; opening them stands with the departments."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import select, update

from govcloud.identity import errors, inputs
from govcloud.identity.census import lasting
from govcloud.identity.events import OfficeClosed, OfficeRenamed
from govcloud.identity.locking import seize_departments
from govcloud.identity.models import Appointment, Office, Official
from govcloud.identity.organisation import Organisation
from govcloud.identity.reorganisation import MOST_NAMED
from govcloud.identity.transfers import replace_offices
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.database import live_at
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields


class Offices(Organisation):
    """Commands on internal offices; each is one transaction."""

    def rename_office(self, actor: Actor, office_id: UUID, name: str) -> None:
        """Give an office another name from now on; before now it keeps the old one.

        Raises:
            Invalid: the name is empty, too long or has control characters.
            NotFound: there is no such office.
        """
        department_id, target = self._office(office_id)
        with self._uow.begin(actor, "govcloud:office:rename", target) as tx:
            fields = Fields()
            new_name = inputs.checked_office_name(name, fields)
            fields.done()
            old = replace_offices(tx, Office.office_id == office_id, name=new_name)
            if not old:
                raise errors.office_missing(office_id)
            tx.record(OfficeRenamed(subject=f"office:{office_id}", department_id=department_id, old_name=old[0], new_name=new_name))

    def close_office(self, actor: Actor, office_id: UUID) -> None:
        """End an office in which nobody serves or will serve.

        Raises:
            NotFound: there is no such office.
            Conflict: people serve there; names them.
        """
        department_id, target = self._office(office_id)
        with self._uow.begin(actor, "govcloud:office:close", target) as tx:
            # Whoever appoints somebody here holds the department first.
            seize_departments(tx.session, [department_id])
            mine = (Office.office_id == office_id, live_at(Office, tx.now))
            name = tx.session.scalar(select(Office.name).where(*mine).with_for_update())
            if name is None:
                raise errors.office_missing(office_id)
            self._refuse_used(tx, office_id, name)
            tx.session.execute(update(Office).where(*mine).values(valid_to=tx.now).execution_options(synchronize_session=False))
            tx.record(OfficeClosed(subject=f"office:{office_id}", department_id=department_id, office_name=name))

    def _refuse_used(self, tx: Transaction, office_id: UUID, name: str) -> None:
        people = select(Official.name).join(Appointment, Appointment.official_id == Official.id)
        people = people.where(Appointment.office_id == office_id, lasting(tx.now)).distinct().order_by(Official.name)
        names = list(tx.session.scalars(people.limit(MOST_NAMED + 1)))
        if names:
            raise errors.office_in_use(name, names)

    def _office(self, office_id: UUID) -> tuple[UUID, Target]:
        """Return the department of a live office, and the office as a target."""
        found = self._queries.office_department(office_id)
        if found is None:
            raise errors.office_missing(office_id)
        return found, Target("office", str(office_id), self._path_of_all([found]))
