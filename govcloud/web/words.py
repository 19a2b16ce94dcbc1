"""The words and icons of states, kinds and levels, one table each, so that portal and console say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.access.lifecycle import GrantState, LineState, RequestState
from govcloud.access.views import RequestView
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class StateWord:
    """A state as people read it: its sentence part, its icon, and the kind of badge (colour comes last)."""

    text: Message
    icon: str
    kind: str = ""


@dataclass(frozen=True)
class LevelWord:
    """An integration level: its short name and what it means for a grant."""

    text: Message
    hint: Message


LINE: Mapping[LineState, StateWord] = {
    LineState.PENDING: StateWord(Message("待审批"), "clock", "primary"),
    LineState.RETURNED: StateWord(Message("已退回补正"), "undo-2", "warning"),
    LineState.BLOCKED_SOD: StateWord(Message("职责冲突待处理"), "circle-slash", "warning"),
    LineState.APPROVED: StateWord(Message("已同意"), "circle-check", "success"),
    LineState.REJECTED: StateWord(Message("已驳回"), "circle-x", "danger"),
    LineState.WITHDRAWN: StateWord(Message("已撤回"), "undo-2"),
    LineState.LAPSED: StateWord(Message("已逾期失效"), "timer", "warning"),
}

REQUEST: Mapping[RequestState, StateWord] = {
    RequestState.PENDING: StateWord(Message("待审批"), "clock", "primary"),
    RequestState.PARTLY_DECIDED: StateWord(Message("部分已决定"), "clock", "primary"),
    RequestState.APPROVED: StateWord(Message("已同意"), "circle-check", "success"),
    RequestState.PARTLY_APPROVED: StateWord(Message("部分同意"), "circle-check", "success"),
    RequestState.REJECTED: StateWord(Message("已驳回"), "circle-x", "danger"),
    RequestState.WITHDRAWN: StateWord(Message("已撤回"), "undo-2"),
    RequestState.LAPSED: StateWord(Message("已逾期失效"), "timer", "warning"),
}


def request_word(request: RequestView) -> StateWord:
    """Return how a request stands for whoever made it: while a line waits for them, or for an exception, that comes before all else."""
    states = {line.state for line in request.lines}
    return next((LINE[state] for state in (LineState.RETURNED, LineState.BLOCKED_SOD) if state in states), REQUEST[request.state])


GRANT: Mapping[GrantState, StateWord] = {
    GrantState.SCHEDULED: StateWord(Message("尚未开始"), "calendar-clock"),
    GrantState.ACTIVE: StateWord(Message("有效"), "circle-check", "success"),
    GrantState.SUSPENDED: StateWord(Message("已暂停"), "circle-slash", "warning"),
    GrantState.EXPIRED: StateWord(Message("已到期"), "timer"),
    GrantState.CLOSED: StateWord(Message("已终止"), "ban", "danger"),
}

LEVELS: Mapping[int, LevelWord] = {
    0: LevelWord(Message("入口控制"), Message("接入级别 L0：平台决定能否进入该子系统；撤销时平台结束其在该子系统的登录并留存回执")),
    1: LevelWord(Message("身份带入"), Message("接入级别 L1：登录时带上身份信息；撤销时平台结束其在该子系统的登录并留存回执")),
    2: LevelWord(Message("实时校验"), Message("接入级别 L2：每次操作都向平台核对权限；撤销后下一次操作即被拒绝")),
    3: LevelWord(Message("行级过滤"), Message("接入级别 L3：平台限定可见的数据行；撤销后下一次操作即被拒绝")),
}

APPOINTMENT_KINDS: Mapping[str, Message] = {
    "primary": Message("主职"),
    "concurrent": Message("兼职"),
    "attachment": Message("挂职"),
    "secondment": Message("借调"),
}

#: The part of a matter that an item serves.
DUTIES: Mapping[str, Message] = {
    "": Message("不限"),
    "handle": Message("经办"),
    "review": Message("复核"),
}

TIERS: Mapping[str, Message] = {
    "auto": Message("自动开通"),
    "one": Message("一人审批"),
    "quorum": Message("多人同意"),
    "two_units": Message("两个部门会签"),
    "serial": Message("依次审批"),
}

OFFICIAL_STATUS: Mapping[str, StateWord] = {
    "active": StateWord(Message("在职"), "circle-check", "success"),
    "suspended": StateWord(Message("停用"), "circle-slash", "warning"),
    "left": StateWord(Message("已离职"), "log-out"),
}


PROTOCOLS: Mapping[str, Message] = {"oidc": Message("OIDC"), "cas": Message("CAS"), "forward_auth": Message("转发认证")}


def level_words(level: int) -> LevelWord:
    """Return the words of an integration level (0 to 3)."""
    return LEVELS[level]


def appointment_kind(kind: str) -> Message:
    """Return the word for a kind of appointment; an unknown kind shows as it is."""
    return APPOINTMENT_KINDS.get(kind) or Message(kind)
