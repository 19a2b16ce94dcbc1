"""On what a decision rests beside the evidence: in whose right it was made, by which rule, at which step, and who had said yes before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from govcloud.access.models import Decision, RequestLine
from govcloud.access.tasks.models import ApprovalRule, DecisionTask
from govcloud.access.tasks.rights import Right


class Capacity(StrEnum):
    """As what somebody decides; receipts name it, so that a word once given out keeps its meaning."""

    OWN = "own"
    """By an office of their own over the department that owns the item."""
    SUPERIOR = "superior"
    """By an office of their own over a department above it."""
    DEPUTY = "deputy"
    """As a deputy, whom the clock called in."""
    DELEGATE = "delegate"
    """In the right of somebody who lent it."""
    STAND_IN = "stand_in"
    """In the right of somebody who is out of office meanwhile."""
    RULE = "rule"
    """In advance, by a rule that they signed."""
    SILENCE = "silence"
    """In advance, by a rule that they signed for the case that nobody answers in time."""


@dataclass(frozen=True)
class RuleGrounds:
    """The rule that spoke: which one, for which version of the item, signed when and until when."""

    id: UUID
    item_version: int
    signed_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Grounds:
    """In whose right a decision is made: that of ``principal_id`` in an office over the department at ``path``."""

    capacity: Capacity
    path: str
    principal_id: UUID
    appointment_id: UUID
    delegation_id: UUID | None = None
    rule: RuleGrounds | None = None

    @property
    def is_lent(self) -> bool:
        """Return whether the decider is not at work with a right of their own now: somebody lent it, or it was used in advance."""
        return self.delegation_id is not None or self.rule is not None


@dataclass(frozen=True)
class Place:
    """Where in the course of a line a decision stands: at a task, which is one of so many steps, after those who said yes before it."""

    task: DecisionTask
    steps: int
    before: Sequence[Decision]


def grounds_of(right: Right, line: RequestLine) -> Grounds:
    """Return the grounds of somebody who decides now.

    Raises:
        ValueError: they have no right at all; the rules refuse them before.
    """
    used = right.authority
    if used is None:
        raise ValueError("whoever decides has a right to")
    if used.delegation_id is not None:
        capacity = Capacity.STAND_IN if used.stands_in else Capacity.DELEGATE
    elif used.deputy:
        capacity = Capacity.DEPUTY
    else:
        capacity = Capacity.OWN if used.path == line.owner_path else Capacity.SUPERIOR
    appointment_id = used.appointment_id or right.principal.appointment_id
    return Grounds(capacity, used.path, right.principal.official_id, appointment_id, used.delegation_id)


def grounds_of_rule(rule: ApprovalRule, right: Right, line: RequestLine, capacity: Capacity) -> Grounds:
    """Return the grounds of what a rule grants, which counts as its signer's word.

    Raises:
        ValueError: the signer has no right any more; then the rule does not speak.
    """
    if right.authority is None:
        raise ValueError("a rule speaks in the right of its signer")
    said = RuleGrounds(rule.id, line.item_version, rule.signed_at, rule.ends_at)
    return Grounds(capacity, right.authority.path, rule.official_id, rule.appointment_id, rule=said)
