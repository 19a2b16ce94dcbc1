"""What separation of duty refuses, in the words of the people concerned."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from govcloud.authorization.apart.views import Finding
from govcloud.kernel.errors import Conflict, Denied, NotFound
from govcloud.kernel.messages import Message

_CHINA = ZoneInfo("Asia/Shanghai")


def local_time(moment: datetime) -> str:
    """Return ``moment`` as pages write it, in China Standard Time, to the minute."""
    return moment.astimezone(_CHINA).strftime("%Y-%m-%d %H:%M")


def conflict_words(finding: Finding) -> Message:
    """Return which rule stands against what is asked, and what it conflicts with."""
    if not finding.held:
        return Message(
            "职责分离规则“%(rule)s”（第%(version)s版）不允许同时持有 %(asked)s。",
            rule=finding.rule.name,
            version=finding.rule.version,
            asked="、".join(finding.named(finding.asked)),
        )
    return Message(
        "职责分离规则“%(rule)s”（第%(version)s版）：%(asked)s与已有的 %(held)s 冲突。",
        rule=finding.rule.name,
        version=finding.rule.version,
        asked="、".join(finding.named(finding.asked)),
        held="、".join(finding.named(finding.held)),
    )


def apart(finding: Finding) -> Conflict:
    """Return the error for a right that would bring together what a rule keeps apart."""
    remedy = (
        Message("请先交还冲突的权限；确有需要的，由其他部门的安全管理员给予有期限的例外。")
        if finding.rule.liftable
        else Message("请先交还冲突的权限；该规则不设例外。")
    )
    return Conflict("sod_conflict", conflict_words(finding), remedy=remedy)


def outlasts(until: datetime) -> Conflict:
    """Return the error for a right that would last longer than the exception which it rests on."""
    message = Message("职责分离的例外 %(at)s 到期，权限不能长于例外。", at=local_time(until))
    return Conflict("sod_exception_ends", message, remedy=Message("请缩短期限，或先由安全管理员延长例外。"))


def no_such_rule(code: str) -> NotFound:
    """Return the error for a rule that is not in force."""
    return NotFound.of(Message("职责分离规则"), code)


def no_such_draft(draft_id: UUID) -> NotFound:
    """Return the error for a draft that there is not."""
    return NotFound.of(Message("职责分离规则草稿"), draft_id)


def no_such_exception(exception_id: UUID) -> NotFound:
    """Return the error for an exception that there is not."""
    return NotFound.of(Message("职责分离例外"), exception_id)


def draft_waits(code: str) -> Conflict:
    """Return the error for a second proposal about a rule while one waits."""
    return Conflict(
        "sod_draft_waits", Message("规则“%(code)s”已有一份草稿等待批准。", code=code), remedy=Message("请先批准或放弃那份草稿。")
    )


def draft_decided() -> Conflict:
    """Return the error for a draft that has been approved or dropped."""
    return Conflict("sod_draft_decided", Message("这份草稿已经办结。"), remedy=Message("请刷新页面查看最新状态。"))


def rule_moved(base: int, current: int) -> Conflict:
    """Return the error for a draft that was written against another version than is in force."""
    message = Message("规则在草稿提出之后有变化（草稿依据第%(base)s版，现为第%(current)s版）。", base=base, current=current)
    return Conflict("sod_rule_moved", message, remedy=Message("请放弃草稿，按现行版本重新提出。"))


def own_draft() -> Denied:
    """Return the error for approving what one proposed."""
    return Denied("own_draft", Message("职责分离规则须由另一名安全管理员批准，不能批准自己提出的草稿。"))


def official_required() -> Denied:
    """Return the error for giving an exception without being a person in an appointment."""
    return Denied("official_required", Message("例外须由公职人员以其任职身份给予。"), remedy=Message("请由其他部门的安全管理员登录办理。"))


def own_exception() -> Denied:
    """Return the error for giving oneself an exception."""
    return Denied("own_exception", Message("不能给予本人例外，须由其他部门的安全管理员办理。"))


def same_department(departments: Iterable[str]) -> Denied:
    """Return the error for an exception by somebody of the beneficiary's own department."""
    message = Message("您与对方同在%(names)s或在其下级任职，例外须由其他部门的人员给予。", names="、".join(sorted(set(departments))))
    return Denied("same_department", message)


def not_liftable(name: str) -> Conflict:
    """Return the error for an exception from a rule that has none."""
    return Conflict("sod_not_liftable", Message("职责分离规则“%(rule)s”不设例外。", rule=name))
