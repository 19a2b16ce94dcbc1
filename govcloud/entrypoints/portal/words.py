"""Words that only the portal needs: reasons to refuse, reasons why a grant ended, outcomes, the labels of fields."""

from __future__ import annotations

from collections.abc import Mapping

from govcloud.access.asking.views import HitKind
from govcloud.access.commands import RejectReason
from govcloud.access.lifecycle import LineState
from govcloud.access.tasks.presigned import RuleState
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
    "duty": Message("在办件中的环节"),
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


#: As what somebody decided, as a receipt names it.
CAPACITIES: Mapping[str, Message] = {
    "own": Message("以本人职务，作为主管部门的高级管理员"),
    "superior": Message("以本人职务，作为上级部门的高级管理员"),
    "deputy": Message("作为副职高级管理员（逾时未答复后）"),
    "delegate": Message("受委托，以委托人的审批权"),
    "stand_in": Message("委托人外出期间代行其审批权"),
    "rule": Message("按预先签署的规则，未逐件审看"),
    "silence": Message("逾时无人答复，按预先签署的默许规则"),
}


def capacity_words(code: str) -> Message:
    """Return the words of a capacity; one that this release does not know shows as it is."""
    return CAPACITIES.get(code) or Message("%(code)s", code=code)


#: How a rule that was signed in advance stands.
RULES: Mapping[RuleState, StateWord] = {
    RuleState.LIVE: StateWord(Message("生效中"), "circle-check", "success"),
    RuleState.ITEM_CHANGED: StateWord(Message("可申请项有变化，待重新签署"), "triangle-alert", "warning"),
    RuleState.SIGNER_GONE: StateWord(Message("签署人已不在任，待重新签署"), "triangle-alert", "warning"),
    RuleState.EXPIRED: StateWord(Message("已到期"), "clock"),
    RuleState.ENDED: StateWord(Message("已终止"), "ban"),
}
