"""What authorization refuses, and how it says so.

::

    Invalid
    ├── ConditionError   a condition cannot be read; names the column
    └── PolicyError      a policy document is wrong; every finding is a field error
    Conflict
    └── officers_conflict, role_in_use …   made by the functions below
"""

from __future__ import annotations

from collections.abc import Sequence

from govcloud.kernel.errors import Conflict, Denied, FieldError, Invalid, NotFound, Refusal, Unavailable
from govcloud.kernel.messages import Message

#: As long as a replica may be behind; afterwards it is read again, or the database answers.
_RETRY_SECONDS = 2


class ConditionError(Invalid):
    """A condition cannot be read; ``column`` counts characters from 1."""

    def __init__(self, message: Message, column: int) -> None:
        """Keep the column beside the sentence."""
        super().__init__("bad_condition", Message("第 %(column)s 列：%(reason)s", column=column, reason=message))
        self.column = column


class PolicyError(Invalid):
    """A policy document is wrong; ``fields`` names every finding with its place in the document."""

    def __init__(self, findings: Sequence[FieldError]) -> None:
        """Keep the findings; the sentence shows the first."""
        first = findings[0]
        super().__init__(
            "bad_policy",
            Message("策略有 %(count)s 处错误；首处在 %(place)s：%(reason)s", count=len(findings), place=first.field, reason=first.message),
            fields=tuple(findings),
        )


def officers_conflict(held: Message) -> Conflict:
    """Return the refusal to give one official two of the three officers' roles; ``held`` names the one that stands against it."""
    return Conflict(
        "officers_exclusive",
        Message("系统管理员、安全管理员、审计管理员必须由不同的人担任；此人已是%(held)s。", held=held),
        remedy=Message("请先结束原有的管理员职责，或改派他人。"),
    )


def scope_not_kept(function: str) -> Conflict:
    """Return the error for a grant of certain rows in a subsystem that would not keep to them."""
    return Conflict(
        "scope_not_enforceable",
        Message("功能 %(function)s 的接入级别低于 L2，子系统不逐次核对，无法把数据限定在所选区划内。", function=function),
        remedy=Message("请先提高该功能的接入级别，或不按区划授予。"),
    )


def end_not_told(function: str, clients: Sequence[str]) -> Conflict:
    """Return the error for a grant whose end nobody in the subsystem would hear of: it would not be temporary."""
    return Conflict(
        "end_not_told",
        Message(
            "功能 %(function)s 的接入级别低于 L2，而客户端 %(clients)s 收不到退出通知，临时权限收回后仍可能继续使用，因此不能开通。",
            function=function,
            clients="、".join(clients),
        ),
        remedy=Message("请为客户端填写后端退出地址、启用 CAS 单点退出或改用前置认证，或把功能提高到 L2。"),
    )


def no_such_grant(value: object) -> NotFound:
    """Return the error for a grant that does not exist."""
    return NotFound.of(Message("授权"), value)


def no_such_assignment(value: object) -> NotFound:
    """Return the error for a role assignment that does not exist."""
    return NotFound.of(Message("角色授予"), value)


def no_such_duty_rule(value: object) -> NotFound:
    """Return the error for a duty rule that does not exist."""
    return NotFound.of(Message("岗位规则"), value)


def duty_rule_over(label: str) -> Conflict:
    """Return the refusal to change a duty rule that has ended."""
    return Conflict(
        "duty_rule_over", Message("岗位规则“%(label)s”已经结束，不能再变更。", label=label), remedy=Message("请另建一条新规则。")
    )


def own_benefit(position: str) -> Denied:
    """Return the refusal of a duty rule that would give its author a role."""
    message = Message("这条规则会让您自己（%(position)s）获得该角色；任何人不能给自己授权。", position=position)
    return Denied(
        "own_benefit",
        message,
        remedy=Message("请由另一位安全管理员设置，或把条件收窄到不含您的任职。"),
        refusals=(Refusal("own_benefit", message),),
    )


def above_ceiling(role: Message, department: str) -> Denied:
    """Return the refusal to give, take or pass on a role that was not opened to the department from above."""
    message = Message("“%(department)s”的授权上限不含角色“%(role)s”。", department=department, role=role)
    return Denied(
        "above_ceiling",
        message,
        remedy=Message("请由上级部门管理员或安全管理员提高上限，或由安全管理员直接授予。"),
        refusals=(Refusal("above_ceiling", message),),
    )


def outside_reach(message: Message) -> Denied:
    """Return the refusal of what lies outside the departments that an administrator was given."""
    return Denied("out_of_scope", message, remedy=Message("请联系安全管理员办理。"), refusals=(Refusal("out_of_scope", message),))


def role_in_use(roles: Sequence[str]) -> Conflict:
    """Return the refusal of a policy without roles that officials hold."""
    return Conflict(
        "role_in_use",
        Message("新策略去掉了仍有人担任的角色：%(roles)s。", roles="、".join(roles)),
        remedy=Message("请先结束这些角色的授予，或在策略中保留它们。"),
    )


def officers_by_duty(roles: Sequence[str]) -> Conflict:
    """Return the refusal of a policy in which a role that duties give would include an officer's."""
    return Conflict(
        "officers_by_duty",
        Message("新策略让随岗位获得的角色包含了三员之一：%(roles)s。", roles="、".join(roles)),
        remedy=Message("请先结束这些角色的岗位规则，或不要包含三员的角色。"),
    )


def grant_exists(line_id: object) -> Conflict:
    """Return the refusal to open a second grant for one line of a request."""
    return Conflict("grant_exists", Message("申请项 %(line)s 已经开通过权限。", line=str(line_id)))


def grant_closed() -> Conflict:
    """Return the refusal to change a grant that has been closed."""
    return Conflict("grant_closed", Message("这项授权已经终止，不能再变更。"))


def beneficiary_inactive() -> Conflict:
    """Return the refusal to open a grant for somebody who may not act."""
    return Conflict(
        "beneficiary_inactive",
        Message("此人已停用或离职，或已不在该任职上，不能开通权限。"),
        remedy=Message("请核对人员的任职；必要时由其本人重新申请。"),
    )


def policy_changed(number: int) -> Conflict:
    """Return the refusal to install a policy over another one than its author saw."""
    return Conflict(
        "policy_changed",
        Message("在第 %(number)s 版之后又有人安装了新策略，本次没有改动。", number=number),
        remedy=Message("请比较新旧策略后重新安装。"),
    )


def left_already(names: str) -> Conflict:
    """Return the error for a role that is given to somebody who has left."""
    return Conflict(
        "has_left",
        Message("%(names)s已经离职，不能授予角色。", names=names),
        remedy=Message("请先办理重新入职；如离职登记有误，请先撤销离职。"),
    )


def inputs_away() -> Unavailable:
    """Return the refusal to decide while what a decision reads cannot be had; whoever asks has to deny."""
    return Unavailable("inputs_away", Message("暂时无法读取权限数据，不能作出判断。"), retry_after=_RETRY_SECONDS)


def min_epoch_of_the_past(wanted: int) -> Invalid:
    """Return the refusal of a question about another moment that names a change which it may not miss."""
    return Invalid.of(FieldError("min_epoch", Message("只能用于询问当前情况，不能与指定时点同时使用。"), str(wanted)))


def inputs_behind(wanted: int, reached: int) -> Unavailable:
    """Return the refusal to decide on data that are older than the question wants them (``min_epoch``)."""
    return Unavailable(
        "inputs_behind",
        Message("权限数据只到第 %(reached)s 号变更，还没有第 %(wanted)s 号，不能作出判断。", reached=reached, wanted=wanted),
        retry_after=_RETRY_SECONDS,
    )


def clock_astray(seconds: float) -> Unavailable:
    """Return the refusal to decide by a clock that is ``seconds`` ahead of the database's (behind it: below 0)."""
    return Unavailable(
        "clock_astray",
        Message("本节点的时钟与数据库相差 %(seconds)s 秒，不能作出判断。", seconds=f"{seconds:+.1f}"),
        remedy=Message("请在本节点和数据库服务器上启用时间同步（NTP）。"),
        retry_after=_RETRY_SECONDS,
    )
