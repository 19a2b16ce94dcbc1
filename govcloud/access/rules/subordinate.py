"""Nobody decides on access for their own superior."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from govcloud.access.facts import DecisionFacts, PersonFacts
from govcloud.access.rules.registry import Fault, Ok
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message


@dataclass(frozen=True)
class NotSubordinate:
    """The decider does not stand below the beneficiary: under any of their posts, in or under the same department, with a lower rank.

    The same holds for whoever delegated the decision to them. Whichever appointment any of them acts under changes nothing about who
    directs whom. Where ranks cannot be compared, as one is off the ladder, the decider may be the subordinate, so another one decides.
    """

    key: ClassVar[str] = "subordinate"
    fault: ClassVar[Fault] = Fault.PERSON
    field: ClassVar[str | None] = None

    def check(self, facts: DecisionFacts) -> Ok | Refusal:
        """Compare the places in the organisation, then the ranks."""
        for person in facts.deciding:
            message = _refused(person, facts)
            if message is not None:
                return Refusal(self.key, message)
        return Ok()


def _refused(person: PersonFacts, facts: DecisionFacts) -> Message | None:
    """Return what stands against somebody who decides, or in whose name it is decided."""
    beneficiary, own = facts.beneficiary, person is facts.decider
    if not stands_below(person, beneficiary):
        return None
    if person.rank_order is None or beneficiary.rank_order is None:
        if own:
            return Message("%(name)s与您在同一部门系统，职级无法比较，请由上级部门的高级管理员审批。", name=beneficiary.name)
        return Message(
            "委托人%(principal)s与%(name)s在同一部门系统，职级无法比较，受其委托不能审批。", principal=person.name, name=beneficiary.name
        )
    if own:
        return Message("受益人%(name)s是您的上级，请由上级部门的高级管理员审批。", name=beneficiary.name)
    return Message("受益人%(name)s是委托人%(principal)s的上级，受其委托不能审批。", principal=person.name, name=beneficiary.name)


def stands_below(person: PersonFacts, beneficiary: PersonFacts) -> bool:
    """Return whether ``person`` may be a subordinate of ``beneficiary``: below one of their posts, with a lower rank or none to compare."""
    if not any(lower.startswith(upper) for lower in person.posts for upper in beneficiary.posts):
        return False
    if person.rank_order is None or beneficiary.rank_order is None:
        return True
    return person.rank_order > beneficiary.rank_order
