"""What is asked of the engine and what it answers: question, decision, and the reasons with their sentences."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import msgspec

from govcloud.authorization.scopes.fields import View
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.messages import Message


class Reason(StrEnum):
    """Why a decision came out as it did; stable codes for programs."""

    ALLOWED = "allowed"
    FINISHING = "finishing"
    UNKNOWN_SUBJECT = "unknown_subject"
    SUBJECT_INACTIVE = "subject_inactive"
    SESSION_ENDED = "session_ended"
    UNKNOWN_FUNCTION = "unknown_function"
    FORBIDDEN_BY_RULE = "forbidden_by_rule"
    OUT_OF_SCOPE = "out_of_scope"
    CONDITION_NOT_MET = "condition_not_met"
    GRANT_REVOKED = "grant_revoked"
    GRANT_SUSPENDED = "grant_suspended"
    GRANT_EXPIRED = "grant_expired"
    GRANT_NOT_STARTED = "grant_not_started"
    NO_PERMISSION = "no_permission"
    BAD_RESOURCE = "bad_resource"
    LABEL_TOO_LOW = "label_too_low"
    LEVEL_CANNOT_ENFORCE = "level_cannot_enforce"
    INSUFFICIENT_USER_AUTHENTICATION = "insufficient_user_authentication"
    FOREIGN_FUNCTION = "foreign_function"
    INVALID_REQUEST = "invalid_request"
    USED_APART = "used_apart"


MESSAGES: dict[Reason, Message] = {
    Reason.ALLOWED: Message("允许使用。"),
    Reason.FINISHING: Message("您的临时权限已到期，宽限期内可以做完手头的工作。"),
    Reason.UNKNOWN_SUBJECT: Message("没有这名公职人员，或其任职已经结束。"),
    Reason.SUBJECT_INACTIVE: Message("该公职人员已停用或离职，不能使用任何功能。"),
    Reason.SESSION_ENDED: Message("登录会话已经结束，请重新登录。"),
    Reason.UNKNOWN_FUNCTION: Message("功能目录中没有这项功能。"),
    Reason.FORBIDDEN_BY_RULE: Message("有规则明确禁止您使用这项功能。"),
    Reason.OUT_OF_SCOPE: Message("您有这项功能的权限，但不包括这条数据所在的地区或部门。"),
    Reason.CONDITION_NOT_MET: Message("您有这项功能的权限，但当前不满足使用条件。"),
    Reason.GRANT_REVOKED: Message("您对这项功能的临时权限已被撤销。"),
    Reason.GRANT_SUSPENDED: Message("您对这项功能的临时权限已被暂停。"),
    Reason.GRANT_EXPIRED: Message("您对这项功能的临时权限已到期。"),
    Reason.GRANT_NOT_STARTED: Message("您对这项功能的临时权限尚未开始。"),
    Reason.NO_PERMISSION: Message("您的岗位没有这项功能的权限。"),
    Reason.BAD_RESOURCE: Message("资源的地区代码、部门路径、办件编号或安全标记有误，无法判断。"),
    Reason.LABEL_TOO_LOW: Message("您的安全标记低于这项功能或这条数据的安全标记。"),
    Reason.LEVEL_CANNOT_ENFORCE: Message("您的权限只包括部分数据或字段，而这项功能的接入级别无法落实这样的限制，因此不开放。"),
    Reason.INSUFFICIENT_USER_AUTHENTICATION: Message("您有这项功能的权限，但它涉及敏感信息，须先再次核实身份。"),
    Reason.FOREIGN_FUNCTION: Message("子系统只能就自己的功能提问。"),
    Reason.INVALID_REQUEST: Message("问题本身不完整或有误，无法判断。"),
    Reason.USED_APART: Message("本次登录中已使用与这项功能互斥的功能（职责分离）。请退出后重新登录，或由他人办理。"),
}


@dataclass(frozen=True, slots=True)
class Question:
    """May this subject use ``function`` on ``resource``?

    The subject is an appointment, or an official: without ``appointment_id`` the rights of the official alone count (no
    department, only roles that hang on the person). ``resource`` and ``context`` are what a condition may read as
    ``resource.<name>`` and ``context.<name>``; what ``resource`` says of where it stands (``ROW_KEYS`` of ``scope.py``) is checked
    against the granted rows, and ``resource["label"]`` (0 to 4) against the subject's clearance. What the platform knows itself
    (the time, the working day, the network zone) is never taken from ``context``. ``client_address`` is the address of the person's
    device, from a source that is trusted to tell it (``None``: there is none). ``min_epoch`` is the number of a change that the answer must
    have taken into account (``Decision.epoch`` of somebody who knew of it).

    ``session_id`` is the session for which it is decided, where somebody is about to use something in one: dynamic rules of separation
    of duty look at what the session used before.

    ``strong`` says whether the session's proof of identity is strong and recent enough for sensitive functions, as far as the rules of
    sign-on ask for that (``None``: they do not, or nobody is about to use anything).
    """

    function: str
    appointment_id: UUID | None = None
    official_id: UUID | None = None
    resource: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    client_address: str | None = None
    min_epoch: int | None = None
    strong: bool | None = None
    session_id: UUID | None = None


class Decision(msgspec.Struct, frozen=True):
    """The engine's answer, with what stands behind it.

    ``role`` and ``rule`` are Casbin's explanation: the matched rule's role and its label. ``grant_id`` is set when a
    temporary grant decided. ``views`` are the rows that may be used, each with how their fields are shown, and ``scope`` all of these
    rows (only when allowed). ``label_at_most`` is up to which security label of a row the yes holds, where rows are kept (L2 and L3);
    ``obligations.py`` writes all of this down. ``ends_at`` is when the last of the
    windows that allow this ends (``None``: open end). ``remedy_item_id`` is the catalogue item that could be requested
    (only on a denial). ``epoch`` is the number of the last change that this decision took into account. (A struct, because one is made
    for every question, and a frozen dataclass takes eight times as long to make.)
    """

    allowed: bool
    code: Reason
    message: Message
    epoch: int
    role: str | None = None
    rule: str | None = None
    grant_id: UUID | None = None
    scope: Scope | None = None
    ends_at: datetime | None = None
    remedy_item_id: UUID | None = None
    views: tuple[View, ...] = ()
    label_at_most: int | None = None


def refusal(reason: Reason, epoch: int = 0) -> Decision:
    """Return the denial of a question that never got as far as a rule; ``epoch`` 0 is one that read no rights at all."""
    return Decision(allowed=False, code=reason, message=MESSAGES[reason], epoch=epoch)
