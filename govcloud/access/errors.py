"""What goes wrong in access, in the words of the people concerned; built here so that codes and sentences stand together."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from govcloud.access.lifecycle import LineState
from govcloud.kernel.errors import Conflict, Denied, NotFound
from govcloud.kernel.messages import Message

STATE_NAMES = {
    LineState.PENDING: Message("待审批"),
    LineState.RETURNED: Message("已退回补正"),
    LineState.BLOCKED_SOD: Message("职责冲突待处理"),
    LineState.APPROVED: Message("已同意"),
    LineState.REJECTED: Message("已驳回"),
    LineState.WITHDRAWN: Message("已撤回"),
    LineState.LAPSED: Message("已逾期失效"),
}
_CHINA = ZoneInfo("Asia/Shanghai")


def local_time(moment: datetime) -> str:
    """Return ``moment`` as pages write it, in China Standard Time, to the minute."""
    return moment.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")


def no_such_line(line_id: UUID) -> NotFound:
    """Return the error for a line that does not exist, or that the caller may not know of."""
    return NotFound.of(Message("申请项"), line_id)


def no_such_request(request_id: UUID) -> NotFound:
    """Return the error for a request that does not exist, or that the caller may not know of."""
    return NotFound.of(Message("权限申请"), request_id)


def no_such_grant(grant_id: UUID) -> NotFound:
    """Return the error for a grant that does not exist, or that the caller may not know of."""
    return NotFound.of(Message("授权"), grant_id)


def decided_by_another(state: LineState, decider: str, at: datetime) -> Conflict:
    """Return the error for the one who came second: the state, who decided, and when."""
    message = Message(
        "该申请项%(state)s：%(decider)s于%(at)s已作出处理，您的操作没有生效。",
        state=STATE_NAMES[state],
        decider=decider,
        at=local_time(at),
    )
    return Conflict("line_already_decided", message, remedy=Message("请刷新页面查看最新状态。"))


def line_closed(state: LineState, at: datetime) -> Conflict:
    """Return the error for a line that closed without a decision (withdrawn, lapsed)."""
    message = Message("该申请项%(state)s（%(at)s），您的操作没有生效。", state=STATE_NAMES[state], at=local_time(at))
    return Conflict("line_closed", message, remedy=Message("如仍有需要，请重新提交申请。"))


def line_overdue(due_at: datetime) -> Conflict:
    """Return the error for a decision after the time to answer, whether or not the line has been closed for it yet."""
    message = Message("该申请项的审批时限（%(at)s）已过，不能再作决定。", at=local_time(due_at))
    return Conflict("line_overdue", message, remedy=Message("如仍有需要，请申请人重新提交。"))


def line_changed(shown: int, current: int) -> Conflict:
    """Return the error for a decision on another version of the line than stands now."""
    message = Message("该申请项在您查看之后有变化（您看到的是第%(shown)s版，现为第%(current)s版）。", shown=shown, current=current)
    return Conflict("line_changed", message, remedy=Message("请刷新页面，核对后再作决定。"))


def evidence_changed() -> Conflict:
    """Return the error for a decision on evidence that is no longer what was shown."""
    message = Message("证据卡在您查看之后有变化。")
    return Conflict("evidence_changed", message, remedy=Message("请刷新页面，核对新的证据卡后再作决定。"))


def not_an_official() -> Denied:
    """Return the error for a command that only a person in an appointment may give."""
    message = Message("此操作须由公职人员以其任职身份办理。")
    return Denied("official_required", message, remedy=Message("请登录并选择任职后重试。"))


def not_yours() -> Denied:
    """Return the error for acting on somebody else's request or grant as if it were one's own."""
    return Denied("not_yours", Message("只有申请人或受益人本人可以办理此操作。"))


def line_returned() -> Conflict:
    """Return the error for a decision on a line that was sent back and has not come again."""
    message = Message("该申请项已退回补正，申请人尚未重新提交。")
    return Conflict("line_returned", message, remedy=Message("申请人补正后会重新出现在待我审批中。"))


def not_held_back() -> Conflict:
    """Return the error for taking back an approval that is not held back: it opened, was given up, or there is none."""
    message = Message("该申请项没有已同意而尚未开通的决定，不能收回同意。")
    return Conflict("line_not_held_back", message, remedy=Message("已开通的，请撤销权限；仍待审批的，可以驳回。"))


def not_returned() -> Conflict:
    """Return the error for resubmitting a line that was not sent back."""
    return Conflict("line_not_returned", Message("该申请项没有被退回补正，不需要重新提交。"))


def returned_often(most: int) -> Conflict:
    """Return the error for sending a line back once more than it may be."""
    message = Message("该申请项已退回补正 %(most)s 次，不能再退回。", most=most)
    return Conflict("returned_often", message, remedy=Message("请同意、缩小后同意，或写明理由驳回。"))


def decided_already() -> Conflict:
    """Return the error for a second, different answer of one person to a line that waits for others."""
    message = Message("您已对该申请项作出决定，正在等待其他审批人。")
    return Conflict("decided_already", message, remedy=Message("请刷新页面查看最新状态。"))


def counted_already(principal: str) -> Conflict:
    """Return the error for a delegate and a delegator who both answer: together they count once."""
    message = Message("%(name)s的审批权已在本轮使用过：委托人与受托人只计一次。", name=principal)
    return Conflict("counted_already", message, remedy=Message("须由其他高级管理员办理。"))


def same_unit() -> Conflict:
    """Return the error for a second approval out of one department where two have to agree."""
    message = Message("该申请项须由两个不同部门的人员同意，您所在部门已有人同意。")
    return Conflict("same_unit", message, remedy=Message("请由另一部门或上级部门的高级管理员办理。"))


def nothing_in_common() -> Conflict:
    """Return the error for an approval that has no row in common with those before it."""
    message = Message("您同意的数据范围与此前审批人同意的没有交集。")
    return Conflict("nothing_in_common", message, remedy=Message("请选择与此前同意的范围相同或有重叠的范围，或者驳回。"))


def claimed_by_another(name: str) -> Conflict:
    """Return the error for acting on a line that somebody else has taken on."""
    message = Message("该申请项已由%(name)s签收办理。", name=name)
    return Conflict("claimed", message, remedy=Message("请等其办结或释放；紧急时可以转办给自己。"))


def not_claimed() -> Conflict:
    """Return the error for letting go of what one has not taken on."""
    return Conflict("not_claimed", Message("该申请项不是由您签收的。"))


def claims_one_only() -> Conflict:
    """Return the error for taking on alone what several people have to answer."""
    return Conflict("several_needed", Message("该申请项须多人同意，不能由一人签收。"))


def no_candidate() -> Conflict:
    """Return the error for handing a line to somebody who may not decide on it."""
    message = Message("所选人员不能审批该申请项。")
    return Conflict("no_candidate", message, remedy=Message("请从列出的候选人中选择。"))


def no_such_delegation(delegation_id: UUID) -> NotFound:
    """Return the error for a delegation that does not exist, or that is somebody else's."""
    return NotFound.of(Message("委托"), delegation_id)


def no_such_rule(rule_id: UUID) -> NotFound:
    """Return the error for a pre-signed rule that does not exist, or that the caller may not know of."""
    return NotFound.of(Message("预先签署的规则"), rule_id)


def rule_ended() -> Conflict:
    """Return the error for signing a rule again that somebody ended for good."""
    return Conflict("rule_ended", Message("这条规则已经终止，不能再次签署。"), remedy=Message("仍有需要的，请签署新规则。"))


def item_changed_meanwhile(name: str) -> Conflict:
    """Return the error for signing a rule about another version of an item than one saw."""
    message = Message("“%(name)s”在您查看之后有变化，规则没有签署。", name=name)
    return Conflict("item_changed", message, remedy=Message("请刷新页面，核对后再签署。"))


def together_changed(item: str) -> Conflict:
    """Return the error for opening lines together of which one can no longer be opened as it was approved."""
    message = Message("该申请须整体开通，而其中已同意的“%(item)s”在同意之后有变化，不能再开通。", item=item)
    return Conflict("together_changed", message, remedy=Message("请驳回本项，并请申请人重新申请。"))


def parent_closed() -> Conflict:
    """Return the error for extending what was ended before its time."""
    message = Message("所续期的临时权限已提前终止或暂停，不能续期。")
    return Conflict("parent_closed", message, remedy=Message("如仍有需要，请另行申请。"))


def grant_over(at: datetime) -> Conflict:
    """Return the error for extending what has ended already."""
    message = Message("这项临时权限已于%(at)s结束，不能续期。", at=local_time(at))
    return Conflict("grant_over", message, remedy=Message("如仍有需要，请重新申请。"))


def extended_already(number: str) -> Conflict:
    """Return the error for extending what is being extended, or was."""
    message = Message("这项临时权限已在申请 %(number)s 中续期。", number=number)
    return Conflict("extended_already", message, remedy=Message("请在“我的申请”中查看；需要更久，请对续期后的权限再续期。"))


def not_requested() -> Conflict:
    """Return the error for extending a grant that no request led to."""
    message = Message("这项临时权限不是经申请开通的，不能续期。")
    return Conflict("not_requested", message, remedy=Message("如仍有需要，请提交申请。"))


def no_such_revocation(revocation_id: UUID) -> NotFound:
    """Return the error for an order to end grants that does not exist, or that somebody else gave."""
    return NotFound.of(Message("批量撤销"), revocation_id)


def more_than_confirmed(confirmed: int, found: int) -> Conflict:
    """Return the error for an order that would end more than was confirmed."""
    message = Message("您确认的是 %(confirmed)s 项，现有 %(found)s 项，没有撤销任何权限。", confirmed=confirmed, found=found)
    return Conflict("more_than_confirmed", message, remedy=Message("请核对新的清单后再确认。"))


def others_rest_on_it() -> Conflict:
    """Return the error for correcting what other lines of the request rest on as well."""
    message = Message("事由和办件编号属于整份申请，其余申请项据此审批，不能在补正一项时改变。")
    return Conflict("others_rest_on_it", message, remedy=Message("请保留原来的事由和办件编号；确需更改的，撤回本项后另行申请。"))


def item_gone() -> Conflict:
    """Return the error for opening access to what was withdrawn while it was being decided on."""
    return Conflict("item_gone", Message("该可申请项刚刚下架，不能再授权；可以驳回。"))
