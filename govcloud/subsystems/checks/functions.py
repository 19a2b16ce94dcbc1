"""Checks on functions and items: the door, levels that keep what a grant promises, care for what is sensitive, and what it is for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from govcloud.kernel.messages import Message
from govcloud.subsystems.checks.facts import SubsystemFacts
from govcloud.subsystems.findings import Finding
from govcloud.subsystems.levels import keeps_fields, keeps_rows
from govcloud.subsystems.usage import Promised

SENSITIVE_DAYS = 180
"""The longest that something sensitive is lent out at once."""


@dataclass(frozen=True)
class HasDoor:
    """There is a function by which officials enter: without it nobody signs in."""

    key: ClassVar[str] = "door"
    title: ClassVar[Message] = Message("有入口功能")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for it by its code."""
        if not any(function.is_door for function in facts.functions):
            message = Message("缺少入口功能 %(code)s，任何人都不能进入。", code=f"{facts.subsystem.code}:door:enter")
            yield Finding(self.key, self.blocking, message, Message("请新增这项功能。"))


@dataclass(frozen=True)
class LevelWithinSubsystem:
    """No function promises more than the subsystem does."""

    key: ClassVar[str] = "level"
    title: ClassVar[Message] = Message("功能的接入级别不高于子系统")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Compare the levels."""
        most = facts.subsystem.integration_level
        for function in facts.functions:
            if function.integration_level > most:
                values = {"code": function.code, "level": function.integration_level, "most": most}
                message = Message("功能 %(code)s 的接入级别 L%(level)s 高于子系统的 L%(most)s。", **values)
                yield Finding(self.key, self.blocking, message, Message("请调低功能的级别，或提高子系统的接入级别。"), function.code)


@dataclass(frozen=True)
class ScopeIsKept:
    """A grant by division is kept: at L2 the check decides each row's division, at L3 the rows are filtered; below nobody looks."""

    key: ClassVar[str] = "scope"
    title: ClassVar[Message] = Message("数据范围能够落实")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Compare the items' kinds of scope with their functions' levels."""
        for item in facts.items:
            if item.scope_kind == "division" and not keeps_rows(item.integration_level):
                values = {"item": item.name, "code": item.function, "level": item.integration_level}
                message = Message("“%(item)s”按行政区划授权，而功能 %(code)s 的接入级别为 L%(level)s，无法落实。", **values)
                remedy = Message("请把功能提高到 L2 或 L3，或改为不按行政区划划分。")
                yield Finding(self.key, self.blocking, message, remedy, item.function)


@dataclass(frozen=True)
class PromisesAreKept:
    """Nobody holds a right to certain rows or fields of a function that is not connected closely enough to keep to them."""

    key: ClassVar[str] = "promises"
    title: ClassVar[Message] = Message("已授予的数据范围和字段限制能够落实")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Compare what rules and grants bound with the functions' levels."""
        for function in facts.working():
            promised, level = facts.promised.get(function.code, Promised()), function.integration_level
            roles = (() if keeps_rows(level) else promised.rows) + (() if keeps_fields(level) else promised.fields)
            grants = 0 if keeps_rows(level) else promised.grants
            if roles or grants:
                values = {"code": function.code, "level": level, "roles": "、".join(dict.fromkeys(roles)) or "—", "grants": grants}
                message = Message(
                    "功能 %(code)s 的接入级别为 L%(level)s，无法落实已有的限制（角色：%(roles)s；"
                    "限区划的临时权限：%(grants)s 项），持有人将不能使用。",
                    **values,
                )
                remedy = Message("请提高功能的接入级别（限数据须 L2，限字段须 L3），或先改为不限范围的规则、收回这些临时权限。")
                yield Finding(self.key, self.blocking, message, remedy, function.code)


@dataclass(frozen=True)
class SensitiveIsApproved:
    """What is sensitive is not opened without somebody's yes, nor for longer than half a year."""

    key: ClassVar[str] = "sensitive"
    title: ClassVar[Message] = Message("敏感功能须经审批且有期限")
    blocking: ClassVar[bool] = True

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look at tier and cap of the items of sensitive functions."""
        for item in facts.items:
            if item.sensitive and item.tier == "auto":
                message = Message("“%(item)s”打开敏感功能 %(code)s，却自动开通。", item=item.name, code=item.function)
                yield Finding(self.key, self.blocking, message, Message("请把事项级别改为一人审批或两个部门会签。"), item.function)
            if item.sensitive and item.max_days > SENSITIVE_DAYS:
                values = {"item": item.name, "days": item.max_days, "most": SENSITIVE_DAYS}
                message = Message("“%(item)s”打开敏感功能，最长 %(days)s 天，超过 %(most)s 天。", **values)
                yield Finding(self.key, self.blocking, message, Message("请缩短最长期限。"), item.function)


@dataclass(frozen=True)
class SensitiveIsRequestable:
    """What is sensitive and can never be requested tempts people to share accounts; it may be meant so."""

    key: ClassVar[str] = "sensitive_item"
    title: ClassVar[Message] = Message("敏感功能可以申请")
    blocking: ClassVar[bool] = False

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for sensitive functions without an item."""
        for function in facts.working():
            if function.sensitive and not facts.items_of(function):
                message = Message("敏感功能 %(code)s 没有可申请项，只能随岗位持有。", code=function.code)
                yield Finding(self.key, self.blocking, message, Message("如需临时使用，请为它设置可申请项。"), function.code)


@dataclass(frozen=True)
class RestsOnServiceItems:
    """A function serves a service item, or says why it serves none (政务数据共享条例: use for the stated duty only)."""

    key: ClassVar[str] = "basis"
    title: ClassVar[Message] = Message("功能对应政务服务事项，或说明原因")
    blocking: ClassVar[bool] = False

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for functions that are neither bound nor explained."""
        for function in facts.working():
            if function.id not in facts.bound and not function.basis_note:
                message = Message("功能 %(code)s 没有对应的政务服务事项，也没有说明原因。", code=function.code)
                yield Finding(self.key, self.blocking, message, Message("请绑定政务服务事项，或填写不对应事项的原因。"), function.code)


@dataclass(frozen=True)
class FunctionsAreDescribed:
    """Approvers and administrators read what a function does."""

    key: ClassVar[str] = "description"
    title: ClassVar[Message] = Message("功能均有说明")
    blocking: ClassVar[bool] = False

    def find(self, facts: SubsystemFacts) -> Iterator[Finding]:
        """Look for empty descriptions."""
        for function in facts.working():
            if not function.description:
                message = Message("功能 %(code)s 没有说明。", code=function.code)
                yield Finding(self.key, self.blocking, message, Message("请补充它能做什么、涉及哪些数据。"), function.code)
