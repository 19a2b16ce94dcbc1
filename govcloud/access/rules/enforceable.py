"""Only what is kept is promised: rows where somebody looks at them, and an end where whoever has to hear of it can be told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, ItemFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message
from govcloud.subsystems.levels import keeps_rows


@dataclass(frozen=True)
class ScopeIsEnforceable:
    """What is asked for is no narrower than the subsystem can keep at its integration level."""

    key: ClassVar[str] = "scope_not_enforceable"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = "divisions"

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Compare what is asked for with what the function's level keeps."""
        return _kept(self.key, facts.wanted.scope, facts.item)


@dataclass(frozen=True)
class ApprovedScopeIsEnforceable:
    """What is approved is no narrower than the subsystem can keep, whatever its level was when it was asked for."""

    key: ClassVar[str] = "scope_not_enforceable"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = "scope"

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare what is approved with what the function's level keeps."""
        return Ok() if facts.approved is None else _kept(self.key, facts.approved.scope, facts.item)


@dataclass(frozen=True)
class EndIsFelt:
    """What is asked for can be taken away again: below L2 the subsystem has to be told, and can be."""

    key: ClassVar[str] = "end_not_told"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts | DecisionFacts) -> Ok | Refusal:
        """Look for clients that nobody can tell."""
        if not facts.item.untold:
            return Ok()
        message = Message(
            "“%(item)s”的接入级别为 L%(level)s，而客户端 %(clients)s 收不到退出通知，临时权限收回后仍可能继续使用；"
            "请由其主管部门先补上退出地址或提高接入级别。",
            item=facts.item.name,
            level=facts.item.integration_level,
            clients="、".join(facts.item.untold),
        )
        return Refusal(self.key, message)


def _kept(key: str, scope: Scope, item: ItemFacts) -> Ok | Refusal:
    if scope.divisions is None or keeps_rows(item.integration_level):
        return Ok()
    message = Message(
        "“%(item)s”的接入级别为 L%(level)s，子系统不逐次核对，无法把数据限定在所选区划内；请由其主管部门先提高接入级别。",
        item=item.name,
        level=item.integration_level,
    )
    return Refusal(key, message)
