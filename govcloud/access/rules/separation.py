"""Nobody gets together what the rules of separation of duty keep apart (职责分离)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, RequestFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.authorization.apart.errors import conflict_words, local_time
from govcloud.authorization.apart.views import Conflict, FindingState
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


def liftable(facts: RequestFacts) -> list[Conflict]:
    """Return the conflicts that an exception could lift and none does: a line is taken in for all of them, and waits."""
    return [conflict for conflict in facts.conflicts if conflict.state is FindingState.CONFLICT and conflict.rule.liftable]


@dataclass(frozen=True)
class ConflictCanBeLifted:
    """What a rule without exceptions keeps apart is not even asked for; one that can be lifted lets the line wait for an exception."""

    key: ClassVar[str] = "sod_conflict"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: RequestFacts) -> Ok | Refusal:
        """Look for a conflict that no exception could lift."""
        for conflict in facts.conflicts:
            if conflict.state is FindingState.CONFLICT and not conflict.rule.liftable:
                return Refusal(self.key, conflict_words(conflict))
        return Ok()


@dataclass(frozen=True)
class DutiesStayApart:
    """Whatever stood when it was asked for, at the moment of the approval nothing may conflict that no exception lifts."""

    key: ClassVar[str] = "sod_conflict"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Look for a conflict that is not lifted."""
        for finding in facts.findings:
            if finding.state is FindingState.CONFLICT:
                return Refusal(self.key, conflict_words(finding))
        return Ok()


@dataclass(frozen=True)
class ExceptionOutlasts:
    """What rests on an exception ends no later than the exception."""

    key: ClassVar[str] = "sod_exception_ends"
    fault: ClassVar[Fault] = Fault.STATE
    field: ClassVar[str | None] = "days"

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the end of the access with that of each exception that it needs."""
        ends_at = facts.ends_at
        untils = [finding.until for finding in facts.findings if finding.state is FindingState.LIFTED and finding.until is not None]
        if facts.approved is None or ends_at is None or all(ends_at <= until for until in untils):
            return Ok()
        message = Message("职责分离的例外 %(at)s 到期，权限不能长于例外，请缩短期限。", at=local_time(min(untils)))
        return Refusal(self.key, message)
