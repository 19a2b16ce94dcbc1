"""The kinds of notices: what each says, under which heading it is listed, where it leads, and whether it usually goes by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.kernel.messages import Message

DECIDING, ASKING, HOLDING = "deciding", "asking", "holding"
GROUPS: Mapping[str, Message] = {DECIDING: Message("待我审批"), ASKING: Message("我的申请"), HOLDING: Message("我的权限")}

_INBOX, _REQUEST, _ACCESS = "/inbox/{line_id}", "/requests/{request_id}", "/access"


@dataclass(frozen=True)
class Kind:
    """One kind of notice; the sentence and the name may use ``%(item)s``, ``%(number)s``, ``%(who)s`` and what ``values.py`` gives."""

    group: str
    name: Message
    sentence: Message
    icon: str
    link: str
    mailed: bool = True


KINDS: Mapping[str, Kind] = {
    "to_decide": Kind(
        DECIDING,
        Message("有新的申请"),
        Message("%(who)s申请“%(item)s”，等待%(department)s答复，应于 %(answer_by)s 前决定。"),
        "inbox",
        _INBOX,
        mailed=False,
    ),
    "reminded": Kind(
        DECIDING,
        Message("催办"),
        Message("%(who)s申请的“%(item)s”等待答复的时间已过半，应于 %(answer_by)s 前决定。"),
        "clock",
        _INBOX,
    ),
    "deputised": Kind(
        DECIDING,
        Message("逾时转副职办理"),
        Message("%(department)s在时限内没有答复%(who)s申请的“%(item)s”，副职高级管理员现在也可以决定。"),
        "timer",
        _INBOX,
    ),
    "escalated": Kind(
        DECIDING,
        Message("逾时升级至上级"),
        Message("%(department)s没有答复%(who)s申请的“%(item)s”，已升级至上级部门，%(lapses_at)s 仍无人决定即失效。"),
        "timer",
        _INBOX,
    ),
    "settled": Kind(
        DECIDING,
        Message("已由他人办结"),
        Message("%(who)s申请的“%(item)s”已经办结，您不必再处理。"),
        "circle-check",
        _INBOX,
        mailed=False,
    ),
    "silent": Kind(
        DECIDING,
        Message("逾时未答复，已默许"),
        Message("%(department)s在时限内没有答复%(who)s申请的“%(item)s”，已按预先签署的默许规则开通；如有不妥，请撤销。"),
        "timer",
        _INBOX,
    ),
    "rule_unbound": Kind(
        DECIDING,
        Message("预先签署的规则须重新签署"),
        Message("“%(item_name)s”有变化，此前签署的规则不再生效；核对后请重新签署，或者终止。"),
        "gavel",
        "/approval-rules",
    ),
    "asked_for_you": Kind(
        ASKING,
        Message("有人为您申请权限"),
        Message("%(requester)s为您申请了“%(item)s”（%(number)s），等待%(department)s答复。"),
        "clipboard-list",
        _REQUEST,
    ),
    "approved": Kind(
        ASKING,
        Message("申请已同意"),
        Message("%(department)s同意了“%(item)s”（%(number)s），期限 %(days)s 天。"),
        "circle-check",
        _REQUEST,
    ),
    "rejected": Kind(
        ASKING,
        Message("申请被驳回"),
        Message("%(department)s驳回了“%(item)s”（%(number)s）；理由和说明见申请页，可修改后重新申请。"),
        "circle-x",
        _REQUEST,
    ),
    "retracted": Kind(
        ASKING,
        Message("同意被收回"),
        Message("%(department)s在开通前收回了对“%(item)s”（%(number)s）的同意；理由和说明见申请页，整份申请不再开通。"),
        "undo-2",
        _REQUEST,
    ),
    "returned": Kind(
        ASKING,
        Message("申请被退回补正"),
        Message("%(department)s退回了“%(item)s”（%(number)s），请在申请页查看需要补正的内容；时限已暂停。"),
        "undo-2",
        _REQUEST,
    ),
    "blocked": Kind(
        ASKING,
        Message("申请因职责冲突待处理"),
        Message("“%(item)s”（%(number)s）与%(who)s已有的权限职责相斥，须有例外许可才能进入审批。"),
        "circle-slash",
        _REQUEST,
    ),
    "not_opened": Kind(
        ASKING,
        Message("整件申请未开通"),
        Message("“%(item)s”（%(number)s）虽已同意，但申请须整体开通：另一项没有通过，或已同意的不能再按所同意的开通，故不再开通。"),
        "circle-x",
        _REQUEST,
    ),
    "lapsed": Kind(
        ASKING,
        Message("申请逾期未答复"),
        Message("%(department)s没有在时限内答复“%(item)s”（%(number)s），已逾期失效并记在该部门名下；可以一键重新申请。"),
        "timer",
        _REQUEST,
    ),
    "left_lying": Kind(
        ASKING,
        Message("申请搁置失效"),
        Message("“%(item)s”（%(number)s）没有在规定时间内补正，或没有等到职责分离例外，已经失效；可以重新申请。"),
        "timer",
        _REQUEST,
    ),
    "granted": Kind(
        HOLDING,
        Message("权限已开通"),
        Message("“%(item)s”已开通，%(starts_at)s 起可用，%(ends_at)s 自动收回。"),
        "shield-check",
        _ACCESS,
    ),
    "revoked": Kind(
        HOLDING,
        Message("权限已终止"),
        Message("“%(item)s”提前终止：%(reason)s"),
        "ban",
        _ACCESS,
    ),
    "suspended": Kind(
        HOLDING,
        Message("权限已暂停"),
        Message("“%(item)s”已暂停使用，恢复时会再通知您。"),
        "circle-slash",
        _ACCESS,
    ),
    "resumed": Kind(
        HOLDING,
        Message("权限已恢复"),
        Message("“%(item)s”已恢复使用。"),
        "circle-check",
        _ACCESS,
    ),
    "ends_in_7_days": Kind(
        HOLDING,
        Message("权限 7 天内到期"),
        Message("“%(item)s”将于 %(ends_at)s 到期；仍需要时请提前续期或重新申请。"),
        "hourglass",
        _ACCESS,
    ),
    "ends_in_1_day": Kind(
        HOLDING,
        Message("权限 1 天内到期"),
        Message("“%(item)s”将于 %(ends_at)s 到期，到期后自动收回。"),
        "hourglass",
        _ACCESS,
    ),
}
USUALLY_MAILED = tuple(code for code, kind in KINDS.items() if kind.mailed)
