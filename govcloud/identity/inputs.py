"""What the commands of identity take in: frozen dataclasses, and the checks that need no database.

Each ``checked_*`` returns the input in its stored form (trimmed, NFC, upper-case codes) and notes every wrong field in ``Fields``.
Ids are chosen by the caller, so that a batch may name its own parents.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from uuid import UUID

from govcloud.identity import codes, masking
from govcloud.kernel import validation
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields

APPOINTMENT_KINDS = ("primary", "concurrent", "attachment", "secondment")
DEPARTMENT_LEVELS = ("province", "city", "county", "township")
STAFFING_TYPES = ("行政编制", "参公编制", "事业编制", "编外")
MOST_LABEL = 4
MOST_TITLE = 50

_EMPLOYEE_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{2,31}")
_MOST_NAME = 50
_MOST_DEPARTMENT_NAME = 100
_MOST_BUSINESS_LINES = 20
_MOST_POSITION = 1_000_000
_MOST_REASON = 500


@dataclass(frozen=True)
class NewDivision:
    """A division to register; its level follows from its code."""

    code: str
    name: str
    parent_code: str | None = None


@dataclass(frozen=True)
class NewDepartment:
    """A department to register; ``position`` orders it among its siblings."""

    uscc: str
    name: str
    division_code: str
    level: str
    short_name: str = ""
    parent_id: UUID | None = None
    business_lines: tuple[str, ...] = ()
    position: int = 0
    lead_department_id: UUID | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewOffice:
    """An internal office to open in a department."""

    department_id: UUID
    name: str
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewAppointment:
    """A place to give to an official, in ``[starts_at, ends_at)`` (UTC); without ``starts_at`` it begins at once."""

    department_id: UUID
    position: str
    post: str = ""
    kind: str = "primary"
    office_id: UUID | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class NewOfficial:
    """A person to register with the one account (its login is the employee code) and the first appointments."""

    employee_code: str
    name: str
    id_number: str
    phone: str | None = None
    rank: str = ""
    staffing_type: str = STAFFING_TYPES[0]
    security_label: int = 0
    appointments: tuple[NewAppointment, ...] = ()
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class OfficialChange:
    """What is to change of an official; ``None`` leaves a fact as it is, an empty ``phone`` takes the number away."""

    name: str | None = None
    phone: str | None = None
    rank: str | None = None
    staffing_type: str | None = None
    security_label: int | None = None


def checked_division(row: NewDivision, fields: Fields) -> NewDivision:
    """Check the form of a division: code, name, and a parent whose code its own continues."""
    code = row.code.strip()
    fault = codes.division_fault(code)
    if fault:
        fields.fail("code", fault, code)
    name = fields.text("name", row.name, most=_MOST_NAME)
    if row.parent_code is not None:
        continues = (
            codes.division_fault(row.parent_code) is None and row.parent_code != code and codes.division_covers(row.parent_code, code)
        )
        if not continues:
            fields.fail("parent_code", Message("上级行政区划应是本级代码所属的上一级，请核对。"), row.parent_code)
    return NewDivision(code, name, row.parent_code)


def checked_department(row: NewDepartment, fields: Fields) -> NewDepartment:
    """Check the form of a department; an empty short name takes the name."""
    uscc = row.uscc.strip().upper()
    fault = codes.uscc_fault(uscc)
    if fault:
        fields.fail("uscc", fault, uscc)
    fault = codes.division_fault(row.division_code)
    if fault:
        fields.fail("division_code", fault, row.division_code)
    name = fields.text("name", row.name, most=_MOST_DEPARTMENT_NAME)
    return replace(
        row,
        uscc=uscc,
        name=name,
        short_name=fields.text("short_name", row.short_name or name, most=_MOST_DEPARTMENT_NAME),
        level=fields.choice("level", row.level, DEPARTMENT_LEVELS),
        business_lines=checked_business_lines(row.business_lines, fields),
        position=checked_position(row.position, fields),
    )


def checked_department_name(name: str, short_name: str, fields: Fields) -> tuple[str, str]:
    """Return a department's new names in their stored form."""
    clean = fields.text("name", name, most=_MOST_DEPARTMENT_NAME)
    return clean, fields.text("short_name", short_name or clean, most=_MOST_DEPARTMENT_NAME)


def checked_department_facts(
    division_code: str | None, level: str | None, business_lines: Sequence[str] | None, fields: Fields
) -> dict[str, object]:
    """Return the facts of a department that are given, in their stored form, by column."""
    facts: dict[str, object] = {}
    if division_code is not None:
        facts["division_code"] = division_code.strip()
        fault = codes.division_fault(division_code.strip())
        if fault:
            fields.fail("division_code", fault, division_code)
    if level is not None:
        facts["level"] = fields.choice("level", level, DEPARTMENT_LEVELS)
    if business_lines is not None:
        facts["business_lines"] = list(checked_business_lines(business_lines, fields))
    return facts


def checked_business_lines(business_lines: Sequence[str], fields: Fields) -> tuple[str, ...]:
    """Return business lines in their stored form, each once."""
    if len(business_lines) > _MOST_BUSINESS_LINES:
        fields.fail("business_lines", Message("条线最多 %(most)s 个。", most=_MOST_BUSINESS_LINES), len(business_lines))
    lines = [fields.text("business_lines", line, most=MOST_TITLE) for line in business_lines[:_MOST_BUSINESS_LINES]]
    return tuple(dict.fromkeys(lines))


def level_within(level: str, outer: str) -> bool:
    """Say whether a department of ``level`` may stand below one of ``outer``: at that level or a lower one."""
    known = level in DEPARTMENT_LEVELS and outer in DEPARTMENT_LEVELS
    return known and DEPARTMENT_LEVELS.index(level) >= DEPARTMENT_LEVELS.index(outer)


def checked_office(row: NewOffice, fields: Fields) -> NewOffice:
    """Check the form of an office."""
    return replace(row, name=checked_office_name(row.name, fields))


def checked_office_name(name: str, fields: Fields) -> str:
    """Return an office's name in its stored form."""
    return fields.text("name", name, most=_MOST_DEPARTMENT_NAME)


def checked_position(position: int, fields: Fields) -> int:
    """Return a department's place among its siblings, if it is one."""
    return fields.number("position", position, least=0, most=_MOST_POSITION)


def checked_appointment(row: NewAppointment, fields: Fields, now: datetime) -> NewAppointment:
    """Check the form of an appointment and fill in when it starts."""
    starts_at = row.starts_at or now
    if row.ends_at is not None and row.ends_at <= starts_at:
        fields.fail("ends_at", Message("任职结束时间应晚于开始时间。"), row.ends_at.isoformat())
    return replace(
        row,
        kind=fields.choice("kind", row.kind, APPOINTMENT_KINDS),
        post=fields.text("post", row.post, least=0, most=MOST_TITLE),
        position=fields.text("position", row.position, most=MOST_TITLE),
        starts_at=starts_at,
    )


def checked_official(row: NewOfficial, fields: Fields, now: datetime, today: date) -> NewOfficial:
    """Check the form of an official; personal numbers appear masked in the findings."""
    code = fields.matching(
        "employee_code",
        row.employee_code.upper(),
        _EMPLOYEE_CODE,
        Message("工号应为 3 至 32 位大写字母、数字、连字符或下划线，以字母或数字开头。"),
    )
    id_number = row.id_number.strip().upper()
    fault = codes.id_number_fault(id_number, today)
    if fault:
        fields.fail("id_number", fault, masking.mask_id_number(id_number))
    phone = (row.phone or "").strip() or None
    fault = codes.phone_fault(phone) if phone else None
    if fault:
        fields.fail("phone", fault, masking.mask_phone(phone or ""))
    if sum(appointment.kind == "primary" for appointment in row.appointments) > 1:
        fields.fail("appointments", Message("同一时间只能有一个主职，请将其余任职改为兼职、挂职或借调。"), code)
    return replace(
        row,
        employee_code=code,
        name=fields.text("name", row.name, most=_MOST_NAME),
        id_number=id_number,
        phone=phone,
        rank=fields.text("rank", row.rank, least=0, most=MOST_TITLE),
        staffing_type=fields.text("staffing_type", row.staffing_type, most=MOST_TITLE),
        security_label=fields.number("security_label", row.security_label, least=0, most=MOST_LABEL),
        appointments=tuple(checked_appointment(appointment, fields, now) for appointment in row.appointments),
    )


def checked_change(change: OfficialChange, fields: Fields) -> OfficialChange:
    """Check the form of what is to change."""
    phone = None if change.phone is None else change.phone.strip()
    fault = codes.phone_fault(phone) if phone else None
    if fault:
        fields.fail("phone", fault, masking.mask_phone(phone or ""))
    texts = {"name": (1, _MOST_NAME), "rank": (0, MOST_TITLE), "staffing_type": (1, MOST_TITLE)}
    clean = {
        field: fields.text(field, value, least=least, most=most)
        for field, (least, most) in texts.items()
        if (value := getattr(change, field)) is not None
    }
    label = change.security_label
    return OfficialChange(
        **clean,
        phone=phone,
        security_label=None if label is None else fields.number("security_label", label, least=0, most=MOST_LABEL),
    )


def checked_reason(reason: str) -> str:
    """Return the reason of a decision about a person in its stored form.

    Raises:
        Invalid: it is empty, too long or has control characters.
    """
    return validation.checked_reason(reason, _MOST_REASON)
