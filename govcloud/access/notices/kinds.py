"""The kinds of notices: what each says, under which heading it is listed, where it leads, and whether it usually goes by mail."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.kernel.messages import Message

DECIDING, ASKING, HOLDING = "deciding", "asking", "holding"
GROUPS: Mapping[str, Message] = {DECIDING: Message("待我审批"), ASKING: Message("我的申请"), HOLDING: Message("我的权限")}

_DELEGATIONS, _RULES = "/delegations", "/approval-rules"
_INBOX, _REQUEST, _ACCESS = "/inbox/{line_id}", "/requests/{request_id}", "/access"


@dataclass(frozen=True)
class Kind:
    """One kind of notice; the sentence may use ``%(item)s``, ``%(number)s``, ``%(who)s`` and what ``values.py`` gives.

    One that ``calls`` says that something waits for the reader: it goes to those in whose inbox it is, and counts as read when it is
    there no more.
    """

    group: str
    name: Message
    sentence: Message
    icon: str
    link: str
    mailed: bool = True
    calls: bool = False


KINDS: Mapping[str, Kind] = {
    "to_decide": Kind(
        DECIDING,
        Message("有新的申请"),
        Message("%(who)s申请“%(item)s”，等待%(department)s答复，应于 %(answer_by)s 前决定。"),
        "inbox",
        _INBOX,
        mailed=False,
        calls=True,
    ),
    "given_to_you": Kind(
        DECIDING,
        Message("转交您办理"),
        Message("%(who)s申请的“%(item)s”转交给您办理，应于 %(answer_by)s 前决定。"),
        "inbox",
        _INBOX,
        calls=True,
    ),
    "released": Kind(
        DECIDING,
        Message("办理人已退回"),
        Message("%(who)s申请的“%(item)s”无人办理，原办理人已退回，应于 %(answer_by)s 前决定。"),
        "inbox",
        _INBOX,
        mailed=False,
        calls=True,
    ),
    "reminded": Kind(
        DECIDING,
        Message("催办"),
        Message("%(who)s申请的“%(item)s”等待答复的时间已过半，应于 %(answer_by)s 前决定。"),
        "clock",
        _INBOX,
        calls=True,
    ),
    "deputised": Kind(
        DECIDING,
        Message("逾时转副职办理"),
        Message("%(department)s在时限内没有答复%(who)s申请的“%(item)s”，副职高级管理员现在也可以决定。"),
        "timer",
        _INBOX,
        calls=True,
    ),
    "escalated": Kind(
        DECIDING,
        Message("逾时升级至上级"),
        Message("%(department)s没有答复%(who)s申请的“%(item)s”，已升级至上级部门，%(lapses_at)s 仍无人决定即失效。"),
        "timer",
        _INBOX,
        calls=True,
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
    "given_to_another": Kind(
        DECIDING,
        Message("已转交他人办理"),
        Message("您办理中的%(who)s申请的“%(item)s”已转交他人，您不必再处理。"),
        "circle-check",
        _INBOX,
        mailed=False,
    ),
    "commented_deciding": Kind(
        DECIDING,
        Message("待办事项有新留言"),
        Message("%(who)s申请的“%(item)s”有新的留言。"),
        "pencil",
        _INBOX,
        mailed=False,
    ),
    "lent_to_you": Kind(
        DECIDING,
        Message("有人委托您审批"),
        Message("%(delegator)s委托您代为审批，%(starts_at)s 至 %(ends_at)s 有效。"),
        "users",
        _DELEGATIONS,
    ),
    "lending_begins": Kind(
        DECIDING,
        Message("委托开始"),
        Message("%(delegator)s委托%(delegate)s代为审批已经开始，%(ends_at)s 结束。"),
        "users",
        _DELEGATIONS,
        mailed=False,
    ),
    "lending_ends": Kind(
        DECIDING,
        Message("委托将结束"),
        Message("%(delegator)s委托%(delegate)s代为审批将于 %(ends_at)s 结束。"),
        "hourglass",
        _DELEGATIONS,
        mailed=False,
    ),
    "lending_ended": Kind(
        DECIDING,
        Message("委托已提前结束"),
        Message("%(delegator)s委托%(delegate)s代为审批（原定至 %(ends_at)s）已提前结束。"),
        "undo-2",
        _DELEGATIONS,
    ),
    "rule_ends": Kind(
        DECIDING,
        Message("预签规则将到期"),
        Message("“%(item)s”的预签规则将于 %(ends_at)s 到期，此后的申请须逐件审批；仍需要时请重新签署。"),
        "hourglass",
        _RULES,
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
    "endorsed": Kind(
        ASKING,
        Message("申请已有人同意"),
        Message("“%(item)s”（%(number)s）已有人同意（本步 %(given)s/%(needed)s），还须其他审批人决定。"),
        "circle-check",
        _REQUEST,
        mailed=False,
    ),
    "commented": Kind(
        ASKING,
        Message("申请有新留言"),
        Message("“%(item)s”（%(number)s）有新的留言，请在申请页查看。"),
        "pencil",
        _REQUEST,
    ),
    "unblocked": Kind(
        ASKING,
        Message("申请已进入审批"),
        Message("“%(item)s”（%(number)s）不再有职责冲突，已进入审批，等待%(department)s答复。"),
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
    "lapsed_returned": Kind(
        ASKING,
        Message("退回的申请逾期失效"),
        Message("“%(item)s”（%(number)s）退回补正后没有按期重新提交，已失效；仍需要时可以一键重新申请。"),
        "timer",
        _REQUEST,
    ),
    "lapsed_blocked": Kind(
        ASKING,
        Message("有冲突的申请逾期失效"),
        Message("“%(item)s”（%(number)s）因职责冲突等待例外许可，期限内没有获得许可，已失效；仍需要时可以一键重新申请。"),
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
    "exception_given": Kind(
        HOLDING,
        Message("职责冲突例外已许可"),
        Message("您的职责冲突例外已获许可，有效至 %(until)s；等待它的申请会自动进入审批。"),
        "shield-check",
        _ACCESS,
    ),
    "exception_ended": Kind(
        HOLDING,
        Message("职责冲突例外已收回"),
        Message("您的职责冲突例外已被收回，依此开通的 %(count)s 项权限同时终止。"),
        "ban",
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
CALLS = frozenset(code for code, kind in KINDS.items() if kind.calls)
"""Kinds that say that something waits for the reader."""
