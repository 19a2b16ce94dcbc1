"""Who may ask about whom and what: about a function whoever answers for its subsystem, about a person whoever has charge of them."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.subjects.snapshot import subsystem_of
from govcloud.kernel.errors import Denied, Unavailable
from govcloud.kernel.messages import Message
from govcloud.web import gate
from govcloud.web.gate import reader_session, services, source_address

HOLDERS = "govcloud:decision:holders"
TRY = "govcloud:decision:try"
LOG = "govcloud:decision_log:read"
ACCESS = "govcloud:official:access"
READ_POLICIES = "govcloud:policy:read"


def owner_path(subsystem_code: str) -> str | None:
    """Return where the department that owns a subsystem stands; ``None`` for the platform itself, and for what is none."""
    view = services().subsystem_queries.subsystem(subsystem_code)
    owner = services().identity_queries.department(view.owner_department_id) if view and view.owner_department_id else None
    return owner.path if owner else None


def may_ask_about(function: str, opened_by: str = HOLDERS) -> bool:
    """Return whether the reader may ask who may use ``function``: the role that opens this reaches the owner of its subsystem."""
    code = subsystem_of(function)
    return may(opened_by, owner_path(code), "subsystem", code)


def may(function: str, path: str | None, kind: str, key: object) -> bool:
    """Return whether ``function`` is open to the reader on one thing, in the department at ``path`` (``None``: it stands under none)."""
    reader_session()
    # It is named, so that it is a particular thing even where it stands under no department.
    resource: dict[str, Any] = {"type": kind, "id": str(key)} | ({} if path is None else {"department_path": path})
    return gate.may(function, resource)


def check_person(official_id: UUID, appointment_id: UUID | None, at: datetime | None) -> bool:
    """Let the reader go on who may ask about this person; return whether it is the reader's own self.

    Raises:
        Denied: the person does not serve, under this appointment, in a department in the reader's charge.
    """
    session = reader_session()
    if session.official_id == official_id:
        return True
    place = services().identity_queries.appointment(appointment_id, at) if appointment_id else None
    if place is not None and place.official_id != official_id:
        place = None
    if not may(ACCESS, place.department_path if place else None, "official", official_id):
        raise not_yours()
    return False


def take_share(decisions: int) -> None:
    """Count what the person who is signed in asks for, before anything is read for it.

    Raises:
        Unavailable: it is more than one caller's share of this worker.
    """
    session = reader_session()
    seconds = services().decision_rates.take(f"official:{session.official_id}", decisions, services().clock.now())
    if seconds is not None:
        raise Unavailable("too_many_requests", Message("短时间内的请求太多。"), remedy=Message("请稍候再试。"), retry_after=seconds)


def from_address(told: str | None, official_id: UUID, *, own: bool) -> str | None:
    """Return from which address a question about a person is asked: the one that is told, else about oneself one's own.

    Raises:
        Denied: an address is told by somebody who may not try decisions out: who opens nothing by it could still map the zones.
    """
    if told is None:
        return source_address() if own else None
    if not may(TRY, None, "official", official_id):
        raise Denied("out_of_scope", Message("只有能试算判定的人员可以指定来访地址。"), remedy=Message("请联系安全管理员办理。"))
    return told


def not_yours() -> Denied:
    """Return the refusal of what lies beyond the reader's charge."""
    return Denied("out_of_scope", Message("此人或此部门不在您的管理范围内。"), remedy=Message("请联系安全管理员办理。"))


def not_your_function() -> Denied:
    """Return the refusal of questions about a function that others answer for."""
    return Denied("out_of_scope", Message("这项功能不归您所在的部门管理。"), remedy=Message("请联系该子系统的主管部门或安全管理员。"))
