"""Commands on people: officials with their one account, and their appointments; whether they may act: ``disabling.py``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select

from govcloud.identity import errors, inputs, masking, sealing
from govcloud.identity.commands import Commands
from govcloud.identity.events import AppointmentBegun, OfficialChanged, OfficialRegistered
from govcloud.identity.inputs import NewAppointment, NewOfficial, OfficialChange
from govcloud.identity.locking import hold_departments, lock_official
from govcloud.identity.models import Account, Appointment, Office, Official, OfficialVersion
from govcloud.identity.names import search_keys
from govcloud.identity.working_life import changes, standings
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import lasts_beyond, live_at
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

CHINA = ZoneInfo("Asia/Shanghai")


class People(Commands):
    """Commands that concern persons; each is one transaction."""

    def register_official(self, actor: Actor, official: NewOfficial) -> UUID:
        """Enter one person; see ``register_officials``."""
        return self.register_officials(actor, [official])[0]

    def register_officials(self, actor: Actor, officials: Sequence[NewOfficial]) -> tuple[UUID, ...]:
        """Enter people with their first appointments and an account each (login = employee code), and return their ids.

        The accounts have no password: signing in needs one to be issued. Rows are written set by set, all or none; 500 rows a
        call keep locks short.

        Raises:
            Invalid: names every wrong field of every row.
            Conflict: an employee code or ID number is registered already, or stands twice in the batch.
        """
        # Somebody without an appointment lies in no department, so only an administrator of the whole province may enter them.
        place = self._path_of_all(_departments_of(officials)) if all(row.appointments for row in officials) else None
        target = Target("official", one_place(str(row.id) for row in officials), place)
        with self._uow.begin(actor, "govcloud:official:register", target) as tx:
            fields = Fields()
            within_limit(officials, fields)
            today = tx.now.astimezone(CHINA).date()
            checked = [inputs.checked_official(row, fields.row(index), tx.now, today) for index, row in enumerate(officials)]
            self._check_places(tx, [(fields.row(index), place) for index, row in enumerate(checked) for place in row.appointments])
            fields.done()
            digests = [sealing.id_number_digest(self._keys, row.id_number) for row in checked]
            codes = [row.employee_code for row in checked]
            shown = [masking.mask_id_number(row.id_number) for row in checked]
            refuse_known(tx.session, select(Official.employee_code), codes, field="employee_code", message=Message("该工号已登记。"))
            already = Message("该身份证件号码已登记：一人只能有一个账号。")
            refuse_known(tx.session, select(Official.id_number_digest), digests, field="id_number", message=already, shown=shown)
            self._insert_officials(tx, checked, digests)
        return tuple(row.id for row in checked)

    def change_official(self, actor: Actor, official_id: UUID, change: OfficialChange) -> bool:
        """Change facts about a person from now on; return whether anything is different.

        Raises:
            Invalid: names every wrong field.
            NotFound: there is no such person.
        """
        with self._uow.begin(actor, "govcloud:official:change", self._person(official_id)) as tx:
            fields = Fields()
            clean = inputs.checked_change(change, fields)
            fields.done()
            lock_official(tx.session, official_id)
            person = tx.session.scalars(select(Official).where(Official.id == official_id)).one()
            changed = self._change_person(tx, person, clean)
            standing, differs = self._change_standing(tx, official_id, clean)
            changed += differs
            if not changed:
                return False
            tx.record(
                OfficialChanged(
                    subject=f"official:{official_id}",
                    official_id=official_id,
                    changed=tuple(sorted(changed)),
                    official_name=person.name,
                    rank=standing.rank,
                    staffing_type=standing.staffing_type,
                    security_label=standing.security_label,
                )
            )
            return True

    def appoint(self, actor: Actor, official_id: UUID, appointment: NewAppointment) -> UUID:
        """Give a person another place and return the appointment's id.

        Raises:
            Invalid: a field is wrong, or the department or office unknown.
            NotFound: there is no such person.
            Conflict: the person has a primary appointment in that time already.
        """
        target = replace(self._person(official_id, appointment.department_id), type="appointment", id=str(appointment.id))
        with self._uow.begin(actor, "govcloud:appointment:begin", target) as tx:
            fields = Fields()
            checked = inputs.checked_appointment(appointment, fields, tx.now)
            self._check_places(tx, [(fields, checked)])
            fields.done()
            lock_official(tx.session, official_id)
            self._refuse_left(tx, official_id, checked.starts_at or tx.now)
            changes.begin(tx, Appointment(**_appointment_values(official_id, checked)))
        return checked.id

    def end_appointment(self, actor: Actor, appointment_id: UUID, reason: str) -> None:
        """End an appointment now; one that has not begun will never hold.

        Raises:
            NotFound: there is no such appointment.
            Conflict: it has ended already.
        """
        found = self._uow.read().scalar(select(Appointment).where(Appointment.id == appointment_id))
        if found is None:
            raise errors.appointment_missing(appointment_id)
        target = Target("appointment", str(appointment_id), self._path_of_all([found.department_id]))
        official_id = found.official_id
        with self._uow.begin(actor, "govcloud:appointment:end", target) as tx:
            clean = inputs.checked_reason(reason)
            lock_official(tx.session, official_id)
            row = tx.session.scalar(
                select(Appointment)
                .where(Appointment.id == appointment_id, lasts_beyond(Appointment, tx.now))
                .with_for_update()
                .execution_options(populate_existing=True)
            )
            if row is None or row.valid_to == row.valid_from:
                raise errors.appointment_over()
            changes.end(tx, row, tx.now, clean)

    # Parts of the commands above

    def _person(self, official_id: UUID, *others: UUID) -> Target:
        """Return a person as a target: where the department of every appointment, present or ahead, and of ``others`` lies within.

        Who serves nowhere lies in no department, so only an administrator of the whole province may act on them.
        """
        if self._queries.official(official_id) is None:
            raise errors.official_missing(official_id)
        places = self._queries.departments_served(official_id)
        path = self._path_of_all([*places, *others]) if places else None
        return Target("official", str(official_id), path, attributes={"official_id": str(official_id)})

    def _refuse_left(self, tx: Transaction, official_id: UUID, at: datetime) -> None:
        """Refuse a change in the duty of somebody who has left by ``at``.

        Raises:
            Conflict: so it is.
        """
        if standings.status_at(tx.session, official_id, at) == standings.LEFT:
            raise errors.has_left(tx.session.scalars(select(Official.name).where(Official.id == official_id)).one())

    def _check_places(self, tx: Transaction, places: Sequence[tuple[Fields, NewAppointment]]) -> None:
        """Note departments that are not there, and offices that are not of the department."""
        hold_departments(tx.session, {place.department_id for _, place in places})
        departments = self._queries.departments({place.department_id for _, place in places})
        wanted = {place.office_id for _, place in places if place.office_id}
        mine = (Office.office_id.in_(wanted), live_at(Office, tx.now))
        found = tx.session.execute(select(Office.office_id, Office.department_id).where(*mine))
        offices = {row.office_id: row.department_id for row in found}
        for fields, place in places:
            if place.department_id not in departments:
                fields.fail("department_id", Message("没有这个部门，请核对。"), place.department_id)
            if place.office_id is not None and offices.get(place.office_id) != place.department_id:
                fields.fail("office_id", Message("该部门没有这个处室，请核对。"), place.office_id)

    def _change_person(self, tx: Transaction, person: Official, change: OfficialChange) -> list[str]:
        """Write a new name and phone number on the person; return which of them differ."""
        changed = []
        if change.name is not None and change.name != person.name:
            person.name = change.name
            person.pinyin, person.initials = search_keys(change.name)
            changed.append("name")
        old_phone = sealing.open_phone(self._keys, person.id, person.phone_sealed) if person.phone_sealed else ""
        if change.phone is not None and change.phone != old_phone:
            person.phone_sealed = sealing.seal_phone(self._keys, person.id, change.phone) if change.phone else None
            changed.append("phone")
        tx.session.flush()
        return changed

    def _change_standing(self, tx: Transaction, official_id: UUID, change: OfficialChange) -> tuple[OfficialVersion, list[str]]:
        """Let the new facts hold from now on, in planned standings too; return what holds then, and which facts differ."""
        mine = (OfficialVersion.official_id == official_id, live_at(OfficialVersion, tx.now))
        old = tx.session.scalars(select(OfficialVersion).where(*mine)).one()
        wanted = {name: getattr(change, name) for name in ("rank", "staffing_type", "security_label")}
        facts = {name: value for name, value in wanted.items() if value is not None and value != getattr(old, name)}
        if not facts:
            return old, []
        standings.restate(tx.session, official_id, standings.Stretch(old.status, tx.now, None), facts=facts)
        return tx.session.scalars(select(OfficialVersion).where(*mine)).one(), sorted(facts)

    def _insert_officials(self, tx: Transaction, checked: Sequence[NewOfficial], digests: Sequence[bytes]) -> None:
        """Write people, standings, accounts and appointments, a set at a time, and record each."""
        accounts = {row.id: new_id() for row in checked}
        people = [self._official_values(row, digest, tx.now) for row, digest in zip(checked, digests, strict=True)]
        standings = [_standing_values(row, tx.now) for row in checked]
        logins = [
            {"id": accounts[row.id], "official_id": row.id, "login": row.employee_code, "status": "active", "created_at": tx.now}
            for row in checked
        ]
        places = [_appointment_values(row.id, appointment) for row in checked for appointment in row.appointments]
        with explained(errors.CONSTRAINTS):
            tx.session.execute(insert(Official), people)
            tx.session.execute(insert(OfficialVersion), standings)
            tx.session.execute(insert(Account), logins)
            if places:
                # Without this, rows with and without an office would go in statements of their own.
                tx.session.execute(insert(Appointment), places, execution_options={"render_nulls": True})
        events: list[Event] = []
        for row in checked:
            events.append(_registered(row, accounts[row.id]))
            events += [appointment_begun(row.id, appointment) for appointment in row.appointments]
        tx.record_all(events)

    def _official_values(self, row: NewOfficial, digest: bytes, now: datetime) -> dict[str, object]:
        pinyin, initials = search_keys(row.name)
        return {
            "id": row.id,
            "employee_code": row.employee_code,
            "name": row.name,
            "pinyin": pinyin,
            "initials": initials,
            "id_number_sealed": sealing.seal_id_number(self._keys, row.id, row.id_number),
            "id_number_digest": digest,
            "phone_sealed": sealing.seal_phone(self._keys, row.id, row.phone) if row.phone else None,
            "created_at": now,
        }


def _departments_of(officials: Sequence[NewOfficial]) -> set[UUID]:
    return {appointment.department_id for row in officials for appointment in row.appointments}


def _standing_values(row: NewOfficial, now: datetime) -> dict[str, object]:
    return {
        "id": new_id(),
        "official_id": row.id,
        "status": "active",
        "rank": row.rank,
        "staffing_type": row.staffing_type,
        "security_label": row.security_label,
        "valid_from": now,
    }


def _appointment_values(official_id: UUID, row: NewAppointment) -> dict[str, object]:
    return {
        "id": row.id,
        "official_id": official_id,
        "department_id": row.department_id,
        "office_id": row.office_id,
        "kind": row.kind,
        "post": row.post,
        "position": row.position,
        "valid_from": row.starts_at,
        "valid_to": row.ends_at,
    }


def _registered(row: NewOfficial, account_id: UUID) -> OfficialRegistered:
    return OfficialRegistered(
        subject=f"official:{row.id}",
        official_id=row.id,
        account_id=account_id,
        employee_code=row.employee_code,
        official_name=row.name,
        security_label=row.security_label,
    )


def appointment_begun(official_id: UUID, row: NewAppointment) -> AppointmentBegun:
    """Return the event of an appointment that was checked, which gave it its start."""
    if row.starts_at is None:
        raise ValueError(f"appointment {row.id} was not checked: it has no start")
    return AppointmentBegun(
        subject=f"official:{official_id}",
        official_id=official_id,
        appointment_id=row.id,
        department_id=row.department_id,
        kind=row.kind,
        post=row.post,
        position=row.position,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
    )
