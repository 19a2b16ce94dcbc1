"""What an order about a person's duty says: the place, the day, the reason; and the checks that need no database."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from govcloud.identity.inputs import NewAppointment, checked_appointment
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields

MOST_HANDOVER_DAYS = 30
MOST_AHEAD = timedelta(days=5 * 366)
_MOST_REASON = 500

CHANGE_NAMES = {
    "transfer": Message("调动"),
    "concurrent": Message("兼职"),
    "attachment": Message("挂职"),
    "secondment": Message("借调"),
    "suspend": Message("停职"),
    "reinstate": Message("复职"),
    "leave": Message("离职"),
    "undo_leave": Message("撤销离职"),
    "rejoin": Message("重新入职"),
}

#: The kinds that may lie ahead: everything but the undoing of a leave, which is always at once.
PLANNABLE = tuple(kind for kind in CHANGE_NAMES if kind != "undo_leave")


@dataclass(frozen=True)
class Duty:
    """A place in a department; ``ends_at`` (UTC) bounds it, ``None`` leaves it open."""

    department_id: UUID
    position: str
    post: str = ""
    office_id: UUID | None = None
    ends_at: datetime | None = None


@dataclass(frozen=True)
class Order:
    """Why a change is made, and from when it holds (UTC; ``None``: at once).

    A moment that has passed means at once: nobody's rights of yesterday can be changed today.
    """

    reason: str
    effective_at: datetime | None = None


@dataclass(frozen=True)
class Recorded:
    """What came of an order: the change, from when it holds, whether that lies ahead, and the appointment that it gave."""

    change_id: UUID
    effective_at: datetime
    planned: bool
    appointment_id: UUID | None = None


def checked_order(order: Order, now: datetime, fields: Fields) -> Order:
    """Return the order with its moment filled in."""
    at = order.effective_at
    if at is not None and at.tzinfo is None:
        fields.fail("effective_at", Message("生效时间应带时区，例如 2026-12-01T00:00:00+08:00。"), at.isoformat())
        at = None
    if at is not None and at > now + MOST_AHEAD:
        fields.fail("effective_at", Message("生效时间最远为五年之内，请核对年份。"), at.isoformat())
    return Order(fields.text("reason", order.reason, most=_MOST_REASON, multiline=True), max(at or now, now))


def checked_duty(duty: Duty, kind: str, at: datetime, fields: Fields) -> NewAppointment:
    """Return the place as an appointment of ``kind`` that begins at ``at``; an attachment or secondment is for a term."""
    ends_at = duty.ends_at
    if ends_at is not None and ends_at.tzinfo is None:
        fields.fail("ends_at", Message("结束时间应带时区，例如 2027-06-01T00:00:00+08:00。"), ends_at.isoformat())
        ends_at = None
    elif ends_at is None and kind in {"attachment", "secondment"}:
        fields.fail("ends_at", Message("挂职和借调应有结束时间，请填写。"))
    row = NewAppointment(duty.department_id, duty.position, duty.post, kind, duty.office_id, at, ends_at)
    return checked_appointment(row, fields, at)
