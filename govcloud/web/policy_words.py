"""The rules of sign-on in words, in the order of the form: group by group, each with its unit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.kernel.messages import Message
from govcloud.web.locale import say


@dataclass(frozen=True)
class RuleWord:
    """A rule as people read it: what it is called, in what it is counted, and what else has to be known."""

    label: Message
    unit: Message | None = None
    hint: Message | None = None


_MINUTES, _HOURS, _DAYS, _TIMES = Message("分钟"), Message("小时"), Message("天"), Message("次")

GROUPS: tuple[tuple[Message, Mapping[str, RuleWord]], ...] = (
    (
        Message("会话"),
        {
            "session_idle_minutes": RuleWord(Message("无操作多久后结束"), _MINUTES, Message("立即对所有会话生效。")),
            "session_absolute_hours": RuleWord(Message("会话最长"), _HOURS, Message("对此后登录的会话生效。")),
            "sessions_at_once": RuleWord(Message("每人同时会话数"), None, Message("0 表示不限；在下一次登录时核对。")),
            "when_exceeded": RuleWord(Message("超过上限时")),
            "refresh_hours": RuleWord(Message("刷新令牌最长"), _HOURS, Message("不会超过其会话。")),
        },
    ),
    (
        Message("密码"),
        {
            "password_least_length": RuleWord(Message("最少字符数")),
            "password_least_classes": RuleWord(Message("至少包含的字符种类"), None, Message("大写、小写、数字、符号。")),
            "password_history": RuleWord(Message("不得重复最近几个密码")),
            "password_most_days": RuleWord(Message("有效期"), _DAYS, Message("0 表示不过期。")),
        },
    ),
    (
        Message("锁定"),
        {
            "lock_attempts": RuleWord(Message("同一账号、同一地址连续失败"), _TIMES, Message("达到后锁定这一对。")),
            "lock_window_minutes": RuleWord(Message("计数时段"), _MINUTES),
            "lock_minutes": RuleWord(Message("锁定时长"), _MINUTES),
            "account_attempts": RuleWord(Message("同一账号、各地址失败合计"), _TIMES, Message("达到后放慢其他地址。")),
            "address_attempts": RuleWord(Message("同一地址、各账号失败合计"), _TIMES, Message("达到后锁定该地址。")),
        },
    ),
    (
        Message("第二因素"),
        {
            "second_factor": RuleWord(Message("谁必须使用")),
            "step_up_minutes": RuleWord(Message("验证后多久内可用敏感功能"), _MINUTES),
            "sensitive_functions": RuleWord(
                Message("使用子系统的敏感功能前"), None, Message("适用于接入级别 L2、L3 的判定，以及反向代理按路径要求的功能。")
            ),
        },
    ),
)
RULES: Mapping[str, RuleWord] = {name: word for _, rules in GROUPS for name, word in rules.items()}
VALUES: Mapping[str, Message] = {
    "end_oldest": Message("结束最早的会话"),
    "refuse": Message("拒绝新的登录"),
    "optional": Message("自愿"),
    "privileged": Message("管理员和审批人"),
    "everybody": Message("所有人"),
    "recorded": Message("不另外核实，只留存记录"),
    "recent": Message("近期须核实过身份"),
    "factor": Message("近期须核实过第二因素"),
}


def rule_label(name: str) -> str:
    """Return what a rule is called; one that is no longer known shows as it is."""
    return say(RULES[name].label) if name in RULES else name


def rule_value(name: str, value: object) -> str:
    """Return a rule's value with its unit, or in words."""
    if isinstance(value, str):
        return say(VALUES[value]) if value in VALUES else value
    word = RULES.get(name)
    return f"{value} {say(word.unit)}" if word and word.unit else str(value)
