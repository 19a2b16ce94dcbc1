"""Words of the pages about subsystems: states, steps, and what each step asks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.kernel.messages import Message
from govcloud.subsystems.errors import STATUS_NAMES
from govcloud.subsystems.lifecycle import Status
from govcloud.web.words import StateWord

STATES: Mapping[str, StateWord] = {
    Status.REGISTERED: StateWord(STATUS_NAMES[Status.REGISTERED], "pencil"),
    Status.SUBMITTED: StateWord(STATUS_NAMES[Status.SUBMITTED], "hourglass", "primary"),
    Status.CHECKED: StateWord(STATUS_NAMES[Status.CHECKED], "clock", "primary"),
    Status.PUBLISHED: StateWord(STATUS_NAMES[Status.PUBLISHED], "circle-check", "success"),
    Status.RETIRED: StateWord(STATUS_NAMES[Status.RETIRED], "ban"),
}


@dataclass(frozen=True)
class StepWord:
    """A step as the pages say it: what it is called, what was done, its icon, what it will do, and what to say afterwards."""

    label: Message
    done: Message
    icon: str
    question: Message
    said: Message
    grave: bool = False


STEPS: Mapping[str, StepWord] = {
    "register": StepWord(Message("登记子系统"), Message("已登记"), "plus", Message("登记业务子系统"), Message("已登记")),
    "submit": StepWord(
        Message("提交核查"),
        Message("已提交核查"),
        "arrow-right",
        Message("提交后由平台系统管理员核查，期间不能变更；需要变更时请先退回。"),
        Message("已提交，由平台系统管理员核查；结果会显示在本页的接入进度中。"),
    ),
    "return": StepWord(
        Message("退回"),
        Message("已退回"),
        "undo-2",
        Message("退回后由主管部门补正，再重新提交。"),
        Message("已退回，主管部门补正后可重新提交。"),
        grave=True,
    ),
    "check": StepWord(
        Message("核查通过"),
        Message("已核查通过"),
        "shield-check",
        Message("确认接入方式、功能和可申请项符合要求；之后由牵头部门发布。"),
        Message("已核查通过，等待牵头部门发布。"),
    ),
    "publish": StepWord(
        Message("发布"),
        Message("已发布"),
        "check",
        Message("发布后，持有权限的人员即可从工作台打开，其功能可以申请。"),
        Message("已发布，其功能可以申请和使用。"),
    ),
    "retire": StepWord(
        Message("下线"),
        Message("已下线"),
        "ban",
        Message("下线不能撤销：其客户端不再能登录，功能不能申请，已有的权限立即不能使用。"),
        Message("已下线，立即生效。"),
        grave=True,
    ),
    "hand_over": StepWord(
        Message("移交主管部门"), Message("已移交主管部门"), "building-2", Message("移交主管部门"), Message("已移交，立即生效。"), grave=True
    ),
}
#: The way into service as the page draws it; ``return``, ``retire`` and ``hand_over`` stand beside it.
WAY = ("register", "submit", "check", "publish")

SCOPES = {"division": Message("按行政区划"), "none": Message("不划分")}
