"""Commands on internal offices: opening, renaming, closing; no two of a department bear the same name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.identity import errors, inputs
from govcloud.identity.departments.census import lasting
from govcloud.identity.departments.organisation import Organisation
from govcloud.identity.departments.organisation_events import OfficeClosed, OfficeOpened, OfficeRenamed
from govcloud.identity.departments.transfers import replace_offices
from govcloud.identity.inputs import NewOffice
from govcloud.identity.locking import seize_departments
from govcloud.identity.models import Appointment, Office, Official
from govcloud.identity.reorganisation import MOST_NAMED
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

_NAME_TAKEN = Message("本部门已有同名的处室，请换一个名称。")


class Offices(Organisation):
    """Commands on internal offices; each is one transaction."""

    def open_offices(self, actor: Actor, offices: Sequence[NewOffice]) -> tuple[UUID, ...]:
        """Open internal offices in departments and return their ids.

        Raises:
            Invalid: a name is wrong or taken in its department, or a department unknown.
        """
        departments = {row.department_id for row in offices}
        place = self._path_of_all(departments)
        with self._uow.begin(actor, "govcloud:office:open", Target("office", one_place(str(row.id) for row in offices), place)) as tx:
            fields = Fields()
            within_limit(offices, fields)
            checked = [inputs.checked_office(row, fields.row(index)) for index, row in enumerate(offices)]
            # Of two who open the same office at once, the second finds it there.
            seize_departments(tx.session, departments)
            known = self._queries.departments(departments, tx.now)
            taken = self._taken(tx, departments)
            for index, row in enumerate(checked):
                if row.department_id not in known:
                    fields.row(index).fail("department_id", Message("没有这个部门，请核对。"), row.department_id)
                elif (row.department_id, row.name) in taken:
                    fields.row(index).fail("name", _NAME_TAKEN, row.name)
                taken.add((row.department_id, row.name))
            fields.done()
            with explained(errors.CONSTRAINTS):
                values = [{"id": row.id, "department_id": row.department_id, "name": row.name, "valid_from": tx.now} for row in checked]
                tx.session.execute(insert(Office), values)
            tx.record_all(
                [OfficeOpened(subject=f"office:{row.id}", department_id=row.department_id, office_name=row.name) for row in checked]
            )
        return tuple(row.id for row in checked)

    def rename_office(self, actor: Actor, office_id: UUID, name: str) -> None:
        """Give an office another name from now on; before now it keeps the old one.

        Raises:
            Invalid: the name is empty, too long, has control characters, or is another office's of the department.
            NotFound: there is no such office.
        """
        department_id, target = self._office(office_id)
        with self._uow.begin(actor, "govcloud:office:rename", target) as tx:
            fields = Fields()
            new_name = inputs.checked_office_name(name, fields)
            fields.done()
            seize_departments(tx.session, [department_id])
            named = select(Office.office_id).where(Office.department_id == department_id, Office.name == new_name, live_at(Office, tx.now))
            if tx.session.scalar(named.where(Office.office_id != office_id)) is not None:
                fields.fail("name", _NAME_TAKEN, new_name)
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

    @staticmethod
    def _taken(tx: Transaction, departments: Collection[UUID]) -> set[tuple[UUID, str]]:
        """Return the names that live offices of ``departments`` bear, each with its department."""
        query = select(Office.department_id, Office.name).where(Office.department_id.in_(departments), live_at(Office, tx.now))
        return {(row.department_id, row.name) for row in tx.session.execute(query)}

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
