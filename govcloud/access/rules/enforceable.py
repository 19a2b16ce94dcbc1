"""Rows are promised only where somebody keeps the promise: a subsystem that never asks the platform cannot be held to them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, ItemFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.authorization.scope import Scope
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


def _kept(key: str, scope: Scope, item: ItemFacts) -> Ok | Refusal:
    if scope.divisions is None or keeps_rows(item.integration_level):
        return Ok()
    message = Message(
        "“%(item)s”的接入级别为 L%(level)s，子系统不逐次核对，无法把数据限定在所选区划内；请由其主管部门先提高接入级别。",
        item=item.name,
        level=item.integration_level,
    )
    return Refusal(key, message)
