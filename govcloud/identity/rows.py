"""How rows of identity's tables become views: selections as of a moment, and their translation."""

from __future__ import annotations

from datetime import datetime
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, DateTime, FromClause, Row, Select, Uuid, and_, bindparam, case, column, func, literal, select
from sqlalchemy.dialects.postgresql import ARRAY

from govcloud.identity import masking, sealing
from govcloud.identity.models import (
    Account,
    Appointment,
    Department,
    DepartmentVersion,
    Division,
    Office,
    Official,
    OfficialVersion,
)
from govcloud.identity.views import AccountView, AppointmentView, DepartmentView, DivisionView, OfficialView, Subject
from govcloud.kernel.database import live_at
from govcloud.kernel.keys import KeyRing

# Selections of several columns and their rows; the columns are taken by name.
Rows: TypeAlias = Select[*tuple[Any, ...]]
Found: TypeAlias = Row[*tuple[Any, ...]]


#: Columns and no objects: decisions and pages read them many times over, and remember none of them.
DEPARTMENT_COLUMNS = (
    Department.uscc,
    DepartmentVersion.department_id,
    DepartmentVersion.name,
    DepartmentVersion.short_name,
    DepartmentVersion.parent_id,
    DepartmentVersion.path,
    DepartmentVersion.division_code,
    DepartmentVersion.level,
    DepartmentVersion.business_lines,
    DepartmentVersion.position,
    DepartmentVersion.lead_department_id,
    DepartmentVersion.valid_from,
    DepartmentVersion.valid_to,
)


def departments_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select departments with the version that holds at ``at``."""
    version = and_(DepartmentVersion.department_id == Department.id, live_at(DepartmentVersion, at))
    return select(*DEPARTMENT_COLUMNS).join(DepartmentVersion, version)


def officials_at(at: datetime) -> Rows:
    """Select people with the standing that holds at ``at``."""
    return select(Official, OfficialVersion).join(
        OfficialVersion, and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, at))
    )


_OWNER_COLUMNS = (Official.name, Official.employee_code, OfficialVersion.status)


def accounts_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select accounts with the standing that their owners have at ``at``."""
    return (
        select(Account.id, Account.official_id, Account.login, Account.status.label("own_status"), *_OWNER_COLUMNS)
        .join(Official, Official.id == Account.official_id)
        .outerjoin(OfficialVersion, and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, at)))
    )


def handing_over(at: datetime | ColumnElement[datetime]) -> ColumnElement[bool]:
    """Return the condition that an appointment holds at ``at`` only to hand over: its place as the primary one is taken."""
    return func.coalesce(Appointment.handover_from <= at, literal(value=False))


def kind_at(at: datetime | ColumnElement[datetime]) -> ColumnElement[str]:
    """Return what kind an appointment is of at ``at``."""
    return case((handing_over(at), "concurrent"), else_=Appointment.kind)


#: Columns and no objects: every sign-in reads them, and remembers none of them.
_APPOINTMENT_COLUMNS = (
    Appointment.id,
    Appointment.official_id,
    Appointment.post,
    Appointment.position,
    Appointment.office_id,
    Appointment.department_id,
    Appointment.valid_from,
    Appointment.valid_to,
    DepartmentVersion.name.label("department_name"),
    DepartmentVersion.path,
    DepartmentVersion.division_code,
    Division.name.label("division_name"),
    Office.name.label("office_name"),
)


def appointments_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select the appointments that are live at ``at``, each person's primary one first."""
    return (
        select(
            *_APPOINTMENT_COLUMNS,
            kind_at(at).label("kind"),
            handing_over(at).label("handing_over"),
        )
        .join(DepartmentVersion, and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at)))
        .join(Division, Division.code == DepartmentVersion.division_code)
        .outerjoin(Office, and_(Office.office_id == Appointment.office_id, live_at(Office, at)))
        .where(live_at(Appointment, at))
        .order_by(Appointment.official_id, kind_at(at) != "primary", Appointment.id)
    )


def subjects_at(at: datetime | ColumnElement[datetime]) -> Rows:
    """Select all that decisions read of officials under appointments that are live at ``at``, primary ones first."""
    return _subjects(Appointment.__table__, at)


def subjects_asked() -> Rows:
    """Select the same of the appointments ``ids``, each as it was at its own moment (``at``) of ``moments``: two parameters."""
    ids, moments = bindparam("ids", type_=ARRAY(Uuid())), bindparam("moments", type_=ARRAY(DateTime(timezone=True)))
    columns = (column("id", Uuid()), column("at", DateTime(timezone=True)))
    asked = func.unnest(ids, moments).table_valued(*columns, name="asked").render_derived()
    return _subjects(asked.join(Appointment.__table__, Appointment.id == asked.c.id), asked.c.at).add_columns(asked.c.at)


#: Columns and no objects: a decision reads them each time, and remembers none of them.
_SUBJECT_COLUMNS = (
    Appointment.id,
    Appointment.official_id,
    Appointment.department_id,
    Appointment.post,
    Appointment.position,
    Appointment.valid_from,
    Appointment.valid_to,
    DepartmentVersion.name.label("department_name"),
    DepartmentVersion.path,
    DepartmentVersion.division_code,
    DepartmentVersion.level,
    DepartmentVersion.business_lines,
    OfficialVersion.status,
    OfficialVersion.rank,
    OfficialVersion.security_label,
    Official.name,
    Official.employee_code,
)


def _subjects(appointments: FromClause, at: datetime | ColumnElement[datetime]) -> Rows:
    return (
        select(*_SUBJECT_COLUMNS, kind_at(at).label("kind"))
        .select_from(appointments)
        .join(Official, Official.id == Appointment.official_id)
        .join(OfficialVersion, and_(OfficialVersion.official_id == Official.id, live_at(OfficialVersion, at)))
        .join(DepartmentVersion, and_(DepartmentVersion.department_id == Appointment.department_id, live_at(DepartmentVersion, at)))
        .where(live_at(Appointment, at))
        .order_by(Appointment.official_id, kind_at(at) != "primary", Appointment.id)
    )


def division_view(row: Division) -> DivisionView:
    """Translate one division."""
    return DivisionView(row.code, row.name, row.level, row.parent_code)


def department_view(row: Found) -> DepartmentView:
    """Translate a row of ``departments_at``."""
    return DepartmentView(
        id=row.department_id,
        uscc=row.uscc,
        name=row.name,
        short_name=row.short_name,
        parent_id=row.parent_id,
        path=row.path,
        division=row.division_code,
        level=row.level,
        business_lines=tuple(row.business_lines),
        position=row.position,
        lead_department_id=row.lead_department_id,
    )


def official_view(row: Found, keys: KeyRing) -> OfficialView:
    """Translate a row of ``officials_at``; personal numbers are opened and leave masked."""
    person: Official = row.Official
    version: OfficialVersion = row.OfficialVersion
    phone = sealing.open_phone(keys, person.id, person.phone_sealed) if person.phone_sealed else None
    return OfficialView(
        id=person.id,
        employee_code=person.employee_code,
        name=person.name,
        pinyin=person.pinyin,
        masked_id_number=masking.mask_id_number(sealing.open_id_number(keys, person.id, person.id_number_sealed)),
        masked_phone=masking.mask_phone(phone) if phone else None,
        status=version.status,
        rank=version.rank,
        staffing_type=version.staffing_type,
        security_label=version.security_label,
        created_at=person.created_at,
    )


def appointment_view(row: Found) -> AppointmentView:
    """Translate a row of ``appointments_at``."""
    return AppointmentView(
        id=row.id,
        official_id=row.official_id,
        kind=row.kind,
        post=row.post,
        position=row.position,
        office_id=row.office_id,
        office_name=row.office_name,
        department_id=row.department_id,
        department_name=row.department_name,
        department_path=row.path,
        division=row.division_code,
        division_name=row.division_name,
        starts_at=row.valid_from,
        ends_at=row.valid_to,
        handing_over=row.handing_over,
    )


def account_view(row: Found) -> AccountView:
    """Translate a row of ``accounts_at``: who may not act may not sign in."""
    status = row.own_status if row.status == "active" else "disabled"
    return AccountView(row.id, row.official_id, row.login, status, row.name, row.employee_code)


def subject_view(row: Found) -> Subject:
    """Translate a row of ``subjects_at``."""
    return Subject(
        official_id=row.official_id,
        appointment_id=row.id,
        name=row.name,
        employee_code=row.employee_code,
        status=row.status,
        kind=row.kind,
        post=row.post,
        position=row.position,
        rank=row.rank,
        label=row.security_label,
        department_id=row.department_id,
        department_name=row.department_name,
        department_path=row.path,
        division=row.division_code,
        level=row.level,
        business_lines=tuple(row.business_lines),
        starts_at=row.valid_from,
        ends_at=row.valid_to,
    )
