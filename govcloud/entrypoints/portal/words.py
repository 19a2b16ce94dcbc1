"""Words that only the portal needs: reasons to refuse, reasons why a grant ended, outcomes, the labels of fields."""

from __future__ import annotations

from collections.abc import Mapping

from govcloud.access.asking.views import HitKind
from govcloud.access.commands import RejectReason
from govcloud.access.lifecycle import LineState
from govcloud.kernel.messages import Message
from govcloud.web.words import LINE, StateWord

REJECT: Mapping[RejectReason, Message] = {
    RejectReason.INSUFFICIENT_REASON: Message("事由不充分"),
    RejectReason.TOO_BROAD: Message("范围过大或期限过长"),
    RejectReason.NOT_NEEDED: Message("办理此事不需要这项权限"),
    RejectReason.WRONG_ITEM: Message("应申请其他权限"),
    RejectReason.CONFLICT_OF_INTEREST: Message("存在利益冲突"),
    RejectReason.OTHER: Message("其他（请在说明中写明）"),
}

CLOSE: Mapping[str, Message] = {
    "relinquished": Message("本人提前交还"),
    "leaver": Message("使用人离职"),
    "mover": Message("使用人调动"),
    "disabled": Message("使用人被停用"),
    "item_retired": Message("可申请项已下架"),
}

#: What a search finds, in the order in which it is shown.
HITS: Mapping[HitKind, Message] = {
    HitKind.MATTER: Message("一件事"),
    HitKind.ITEM: Message("可申请的权限"),
    HitKind.FUNCTION: Message("功能"),
    HitKind.SERVICE_ITEM: Message("相关政务服务事项"),
    HitKind.SUBSYSTEM: Message("业务子系统"),
}

#: What the fields of the portal's forms are called in the sentence on top of a form.
FIELDS: Mapping[str, Message] = {
    "reason": Message("事由"),
    "case_number": Message("办件编号"),
    "matter_id": Message("所办的一件事"),
    "days": Message("使用期限"),
    "scope": Message("数据范围"),
    "starts_at": Message("开始时间"),
    "people": Message("为谁申请"),
    "mode": Message("何时生效"),
    "files": Message("附件"),
    "comment": Message("说明"),
    "reason_code": Message("驳回理由"),
    "login": Message("账号"),
    "password": Message("密码"),
    "current": Message("当前密码"),
    "new": Message("新密码"),
    "again": Message("再输一遍新密码"),
    "appointment": Message("任职"),
    "code": Message("激活码"),
}

#: The same where a code is that of a second factor.
FACTOR_FIELDS: Mapping[str, Message] = {**FIELDS, "code": Message("动态口令")}


def reject_words(code: str) -> Message:
    """Return the words of a reason to refuse; one that is no longer offered shows as it is."""
    return REJECT[RejectReason(code)] if code in set(RejectReason) else Message("%(code)s", code=code)


def close_words(reason: str) -> Message:
    """Return why a grant ended: the words of a known reason, else what the one who ended it wrote."""
    return CLOSE.get(reason) or Message("%(reason)s", reason=reason)


def outcome_words() -> Mapping[str, StateWord]:
    """Return the words of a decision's outcome."""
    return {"approved": LINE[LineState.APPROVED], "rejected": LINE[LineState.REJECTED]}
