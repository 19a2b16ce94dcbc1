"""What the commands of authorization take in, and the checks on it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.case_numbers import written
from govcloud.authorization.scopes.scope import MAX_CASE_NUMBER, PROVINCE, Scope
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields

REASON_MOST = 500
#: Roles that mean something only below a department: they cannot be assigned without its path.
DELEGATED_ROLES = frozenset({"senior_admin", "deputy_senior_admin", "department_admin", "subsystem_admin"})
#: What an official is entrusted with, as conditions read it (``resource.entrusted``): who could act as such a person could do as much.
OFFICE, DELEGATED, NOTHING = "office", "delegated", "nothing"
#: Roles that come with what one is; nobody is given them.
INBORN_ROLES = frozenset({"official", "anonymous", "subsystem"})
_SCOPE_KEYS = frozenset({"department_path", "divisions"})


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A temporary grant to open: one function, in ``[starts_at, ends_at)``, for the rows of ``scope``.

    ``owner_department_id`` is the department that answers for what is opened; by default the owner of the subsystem. ``chain``
    ties the record of the opening to the request that led to it, and ``case_number`` names the case for whose sake it is opened,
    ``duty`` the part in it (``handle``, ``review``).
    ``grace_minutes`` is how long after its end work in progress may be finished, where the function allows of it.
    """

    official_id: UUID
    appointment_id: UUID | None
    subsystem_code: str
    function: str
    starts_at: datetime
    ends_at: datetime
    scope: Scope = PROVINCE
    line_id: UUID | None = None
    owner_department_id: UUID | None = None
    chain: str | None = None
    case_number: str | None = None
    duty: str | None = None
    grace_minutes: int = 0


@dataclass(frozen=True, slots=True)
class NewAssignment:
    """A role to assign; without ``appointment_id`` it holds under every appointment of the official.

    ``scope`` may carry ``department_path`` (delegated administration) and ``divisions`` (rows). ``until`` is a planned end.
    """

    official_id: UUID
    role_code: str
    appointment_id: UUID | None = None
    scope: Mapping[str, Any] | None = None
    reason: str = ""
    until: datetime | None = None


def checked_assignment(new: NewAssignment, now: datetime, known: Mapping[str, object], fields: Fields) -> dict[str, Any] | None:
    """Return the scope as it is stored; note in ``fields`` what is wrong with the assignment.

    Args:
        new: what was asked for.
        now: the moment of the command.
        known: the roles of the policy in force.
        fields: takes the findings.
    """
    role = new.role_code
    if role not in known:
        fields.fail("role_code", Message("没有这个角色。"), role)
    elif role in INBORN_ROLES or ":" in role:
        fields.fail("role_code", Message("这个角色随身份而来，不能授予。"), role)
    fields.text("reason", new.reason, most=REASON_MOST, least=0, multiline=True)
    if new.until is not None and new.until <= now:
        fields.fail("until", Message("结束时间必须晚于现在。"), new.until.isoformat())
    scope = dict(new.scope) if new.scope else None
    path = scope.get("department_path") if scope else None
    if role in DELEGATED_ROLES and not path:
        fields.fail("scope", Message("授予这个角色必须指定部门范围。"), role)
    if scope is not None:
        _check_scope(scope, path, fields)
    return scope


def _check_scope(scope: Mapping[str, Any], path: object, fields: Fields) -> None:
    if not scope.keys() <= _SCOPE_KEYS:
        fields.fail("scope", Message("范围只能含 department_path 与 divisions。"), ", ".join(sorted(scope)))
    if path is not None and not (isinstance(path, str) and path.startswith("/") and path.endswith("/")):
        fields.fail("scope", Message("部门路径应以 / 开头并以 / 结尾。"), path)
    try:
        Scope.from_json(scope)
    except ValueError:
        fields.fail("scope", Message("区划代码必须是 12 位数字。"), scope.get("divisions"))


def check_grant(new: NewGrant, now: datetime) -> None:
    """Check the term and the function of a grant.

    Raises:
        Invalid: the grant ends before it starts or has already ended, or the function is not one of that subsystem.
    """
    fields = Fields()
    if new.ends_at <= new.starts_at:
        fields.fail("ends_at", Message("结束时间必须晚于开始时间。"), new.ends_at.isoformat())
    elif new.ends_at <= now:
        fields.fail("ends_at", Message("结束时间已经过去。"), new.ends_at.isoformat())
    if not new.function.startswith(f"{new.subsystem_code}:"):
        fields.fail("function", Message("这项功能不属于该子系统。"), new.function)
    if new.subsystem_code == "govcloud":
        fields.fail("function", Message("平台自身的功能不能临时授权，请授予角色。"), new.function)
    if new.case_number is not None:
        fields.text("case_number", written(new.case_number), most=MAX_CASE_NUMBER)
    fields.done()
