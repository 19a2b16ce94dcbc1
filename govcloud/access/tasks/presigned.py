"""Rules that owners signed in advance, as rows: what each was signed for, how it stands now, and which of them reach over a line.

A rule is bound to what its signer saw: the version of the item, and what its function was like. It also says how it speaks: at once
(items of the tier ``auto``), or when the department has not answered in its time (items of the tier ``one``; tacit approval). Both
stand in ``ApprovalRule.scope`` beside the rows, as a grant keeps its case there; rules from before that have neither and are to be
signed again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.models import RequestLine
from govcloud.access.tasks.models import ApprovalRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.subsystems.sensitive import SENSITIVE_LABEL
from govcloud.subsystems.views import ItemView

AUTO, ON_SILENCE = "auto", "one"
"""The tiers about which rules can be signed: that of items that open at once, and that of those whose department may stay silent."""
_BOUND = "signed_for"


@dataclass(frozen=True)
class SignedFor:
    """What a rule was signed for: a version of the item, how sensitive its function was then, and whether it speaks on silence."""

    item_version: int
    sensitive: bool
    label: int
    integration_level: int
    on_silence: bool = False

    @classmethod
    def now(cls, item: ItemView) -> Self:
        """Return what a rule would be signed for now."""
        return cls(item.version, item.sensitive, item.label, item.integration_level, item.tier == ON_SILENCE)

    @classmethod
    def of(cls, rule: ApprovalRule) -> Self | None:
        """Return what a rule was signed for, as far as it says."""
        stored = rule.scope.get(_BOUND)
        return cls(**stored) if isinstance(stored, Mapping) else None

    def beside(self, scope: Scope) -> dict[str, Any]:
        """Return how it is stored, beside the rows of a rule."""
        return {**scope.to_json(), _BOUND: asdict(self)}


class RuleState(StrEnum):
    """How a rule stands."""

    LIVE = "live"
    ENDED = "ended"
    EXPIRED = "expired"
    ITEM_CHANGED = "item_changed"
    """The item or its function is another than when it was signed: somebody has to sign again."""
    SIGNER_GONE = "signer_gone"
    """Its signer no longer holds the office: whoever does has to sign it."""


WAITS_TO_BE_SIGNED = frozenset({RuleState.ITEM_CHANGED, RuleState.SIGNER_GONE})


def takes_silence(item: ItemView) -> bool:
    """Return whether an item is one of which silence may be taken for a yes: of the low tier, and nothing sensitive about it."""
    return item.tier == ON_SILENCE and not item.sensitive and item.label < SENSITIVE_LABEL


def state_of(rule: ApprovalRule, item: ItemView | None, now: datetime, *, in_office: bool) -> RuleState:
    """Return how a rule stands now; ``item`` is the item as it is requested now, if it is."""
    if rule.ended_at is not None:
        return RuleState.ENDED
    if rule.ends_at <= now:
        return RuleState.EXPIRED
    if item is None or item.owner_department_id != rule.owner_department_id or SignedFor.of(rule) != SignedFor.now(item):
        return RuleState.ITEM_CHANGED
    return RuleState.LIVE if in_office else RuleState.SIGNER_GONE


def rules_over(session: Session, line: RequestLine, item: ItemView, now: datetime, *, hold: bool = False) -> Sequence[ApprovalRule]:
    """Return the rules within whose bounds a line lies as it was asked for, the oldest first, which were signed for the item as it is.

    Silence is only taken for a yes by a rule that stood when the line was put up: nobody signs away what waits already. For whom a
    rule was signed, and whether its signer could say yes, is looked at by the caller. ``hold`` keeps them from being ended meanwhile.
    """
    query = (
        select(ApprovalRule)
        .where(ApprovalRule.item_id == line.item_id, ApprovalRule.owner_department_id == line.owner_department_id)
        .where(ApprovalRule.ended_at.is_(None), ApprovalRule.ends_at > now, ApprovalRule.max_days >= line.requested_days)
        .order_by(ApprovalRule.id)
    )
    wanted, signed_for = Scope.from_json(line.requested_scope), SignedFor.now(item)
    if item.version != line.item_version:
        return []
    return [
        rule
        for rule in session.scalars(query.with_for_update(read=True) if hold else query)
        if SignedFor.of(rule) == signed_for
        and Scope.from_json(rule.scope).covers(wanted)
        and (not signed_for.on_silence or rule.signed_at <= line.submitted_at)
    ]
