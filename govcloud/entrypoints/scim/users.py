"""An official as a SCIM user, and back: what a user says becomes what is wanted of the official."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from scim2_models import Meta

from govcloud.entrypoints.scim.schemas import (
    Appointment,
    EnterpriseUser,
    GroupMembership,
    Name,
    Official,
    PhoneNumber,
    User,
)
from govcloud.entrypoints.scim.versions import version_of
from govcloud.identity.directory import PersonRecord, Place
from govcloud.identity.surnames import split_name
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields, identifier

_MOBILE = "mobile"
_PRIMARY = "primary"


@dataclass(frozen=True)
class WantedPlace:
    """An appointment as a client wants it; ``id`` is ``None`` for one whose id the platform is to choose."""

    id: UUID | None
    uscc: str
    position: str
    post: str
    kind: str
    starts_at: datetime | None
    ends_at: datetime | None


@dataclass(frozen=True)
class WantedPerson:
    """An official as a client wants it. ``phone``: ``None`` leaves it as it is, ``""`` takes it away."""

    employee_code: str
    name: str
    active: bool
    phone: str | None
    id_number: str | None
    rank: str
    staffing_type: str
    security_label: int
    places: tuple[WantedPlace, ...]


def user_of(record: PersonRecord, model: type[User[Any]]) -> User[Any]:
    """Return an official as the resource that clients see; ``model`` is the user's class with its extensions."""
    foremost = record.foremost
    live = {place.department_id: place for place in reversed(record.places) if place.live}
    user = model(
        id=str(record.id),
        external_id=record.employee_code,
        user_name=record.employee_code,
        name=_name(record.name),
        display_name=record.name,
        title=(foremost.post or None) if foremost else None,
        active=record.active,
        phone_numbers=[PhoneNumber(value=record.masked_phone, type=_MOBILE)] if record.masked_phone else None,
        groups=[_membership(place) for place in sorted(live.values(), key=lambda place: place.id)] or None,
    )
    user[EnterpriseUser] = _enterprise(record, foremost)
    user[Official] = Official(
        rank=record.rank or None,
        staffing_type=record.staffing_type,
        security_label=record.security_label,
        appointments=[_appointment(place) for place in record.places] or None,
    )
    user.meta = Meta(resource_type="User", created=record.created_at, last_modified=record.changed_at)
    user.meta.version = version_of(user, record.mark)
    return user


def wanted_of(user: User[Any], current: User[Any] | None) -> WantedPerson:
    """Return what a whole user wants of an official, who is now as ``current`` says (``None``: is not registered yet).

    Raises:
        Invalid: names every attribute that cannot be read.
    """
    official = user[Official] or Official()
    fields = Fields()
    wanted = WantedPerson(
        employee_code=user.user_name or "",
        name=_wanted_name(user.name, current.name if current else None, fields),
        active=user.active is not False,
        phone=_wanted_phone(user.phone_numbers, current.phone_numbers if current else None, fields),
        id_number=official.id_number,
        rank=official.rank or "",
        staffing_type=official.staffing_type or "",
        security_label=official.security_label or 0,
        places=tuple(_wanted_place(entry, index, fields) for index, entry in enumerate(official.appointments or [])),
    )
    ids = [place.id for place in wanted.places if place.id]
    if len(set(ids)) < len(ids):
        fields.fail("appointments", Message("同一任职编号只能出现一次。"))
    fields.done()
    return wanted


def same_place(wanted: WantedPlace, held: Place) -> bool:
    """Say whether an appointment is wanted as it is held."""
    start = wanted.starts_at or held.starts_at
    now = WantedPlace(held.id, held.uscc, held.position, held.post, held.kind, held.starts_at, held.ends_at)
    return replace(wanted, starts_at=start) == now


def _name(name: str) -> Name:
    parts = split_name(name)
    return Name(formatted=name, family_name=parts[0] if parts else None, given_name=parts[1] if parts else None)


def _membership(place: Place) -> GroupMembership:
    return GroupMembership(
        value=str(place.department_id), ref=f"Groups/{place.department_id}", display=place.department_name, type="direct"
    )


def _enterprise(record: PersonRecord, foremost: Place | None) -> EnterpriseUser:
    if foremost is None:
        return EnterpriseUser(employee_number=record.employee_code)
    return EnterpriseUser(
        employee_number=record.employee_code,
        organization=foremost.organization,
        division=f"{foremost.division} {foremost.division_name}",
        department=foremost.department_name,
    )


def _appointment(place: Place) -> Appointment:
    return Appointment(
        id=str(place.id),
        department=place.uscc,
        position=place.position,
        post=place.post or None,
        kind=place.kind,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
    )


def _wanted_name(name: Name | None, current: Name | None, fields: Fields) -> str:
    """Return the name that is meant: the whole one, unless only its parts were changed."""
    name = name or Name()
    joined = (name.family_name or "") + (name.given_name or "")
    if name.formatted and current and name.formatted == current.formatted:
        changed = (name.family_name, name.given_name) != (current.family_name, current.given_name)
        return joined if changed and joined else name.formatted
    if name.formatted:
        return name.formatted
    if not joined:
        fields.fail("name", Message("请填写 name.formatted，或 familyName 与 givenName。"))
    return joined


def _wanted_phone(numbers: Sequence[PhoneNumber] | None, current: Sequence[PhoneNumber] | None, fields: Fields) -> str | None:
    """Return the number that is meant; the mask that was handed out means the number behind it."""
    masked = current[0].value if current else None
    if not numbers:
        return "" if masked else None
    if len(numbers) > 1 or (numbers[0].type or _MOBILE) != _MOBILE:
        fields.fail("phoneNumbers", Message("只能有一个类型为 mobile 的手机号。"))
    value = numbers[0].value
    if not value:
        fields.fail("phone", Message("不能为空，请填写。"))
    return None if value == masked else value


def _wanted_place(entry: Appointment, index: int, fields: Fields) -> WantedPlace:
    place = f"appointments[{index}]"
    for name, value in (("department", entry.department), ("position", entry.position)):
        if not value:
            fields.fail(f"{place}.{name}", Message("不能为空，请填写。"))
    for name, moment in (("startsAt", entry.starts_at), ("endsAt", entry.ends_at)):
        if moment is not None and moment.tzinfo is None:
            fields.fail(f"{place}.{name}", Message("时刻应带时区，例如 2026-12-01T09:00:00+08:00。"))
    return WantedPlace(
        id=_uuid(entry.id, f"{place}.id", fields) if entry.id else None,
        uscc=(entry.department or "").strip().upper(),
        position=entry.position or "",
        post=entry.post or "",
        kind=entry.kind or _PRIMARY,
        starts_at=entry.starts_at,
        ends_at=entry.ends_at,
    )


def _uuid(text: str, field: str, fields: Fields) -> UUID | None:
    found = identifier(text)
    if found is None:
        fields.fail(field, Message("不是有效的编号（UUID）。"))
    return found


def id_of(text: str) -> UUID | None:
    """Return the id in an address; ``None`` for what is none, which nothing has."""
    try:
        return UUID(text)
    except ValueError:
        return None
