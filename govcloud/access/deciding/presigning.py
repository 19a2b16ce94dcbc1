"""Rules that an owner signs in advance: to whom an item is granted at once, or when nobody answers in time, within which bounds.

A rule is bound to the item as its signer saw it, and to the office of its signer: after a change of either it grants nothing until
somebody who holds the office signs it again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from govcloud.access import errors
from govcloud.access.deciding.routing import nearest
from govcloud.access.deciding.rule_lists import RuleLists, RuleView, SignableItem
from govcloud.access.events import ApprovalRuleEnded, ApprovalRuleSigned, ApprovalRuleUnbound
from govcloud.access.loading import FactsLoader
from govcloud.access.tasks.models import ApprovalRule
from govcloud.access.tasks.presigned import AUTO, WAITS_TO_BE_SIGNED, SignedFor, state_of, takes_silence
from govcloud.authorization.scopes.scope import PROVINCE, Scope
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields
from govcloud.subsystems.views import ItemView

MOST_REASON = 500
MOST_DEPARTMENTS = 50
MOST_TERM = timedelta(days=366)
"""The longest that a rule holds before somebody has to sign it anew."""


@dataclass(frozen=True)
class NewRule:
    """For whom (departments and all below them), how many days at the most, which rows at the most, until when, and why."""

    item_id: UUID
    departments: tuple[UUID, ...]
    max_days: int
    ends_at: datetime
    reason: str
    scope: Scope = PROVINCE
    item_version: int | None = None
    """The version that the signer saw; ``None``: whichever stands now."""
    on_silence: bool = False
    """Whether it speaks only when nobody answers in time: then the item is one of the tier ``one`` and nothing sensitive."""


@dataclass(frozen=True)
class SignedAgain:
    """Signing a rule anew: the version of the item that one saw, until when it is to hold, and why."""

    item_version: int
    ends_at: datetime
    reason: str


class Presigning:
    """The commands on pre-signed rules, and the list of those that one may see."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader) -> None:
        """Take the unit of work, the clock and the loader of facts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._lists = RuleLists(uow.read, facts)

    def sign(self, actor: Actor, new: NewRule) -> UUID:
        """Say yes in advance; return the rule's id. It grants nothing once its signer is no longer in office.

        Raises:
            NotFound: the catalogue never had the item.
            Invalid: a field is wrong, the item takes more care than a rule gives, or it cannot be requested.
            Denied: the actor is no senior administrator of the owning department or one above it.
        """
        item = self._facts.catalogue_item(new.item_id)
        path = self._facts.department_path(item.owner_department_id)
        target = Target("approval_rule", "new", department_path=path)
        with self._uow.begin(actor, "govcloud:approval_rule:sign", target) as tx:
            row = self._row(tx, actor, item, new)
            tx.record(_signed(row))
            return row.id

    def sign_again(self, actor: Actor, rule_id: UUID, again: SignedAgain) -> UUID:
        """Sign a rule anew, for the item as it is now and in one's own office; return the new rule's id. The old one ends.

        Raises:
            NotFound: there is no such rule.
            Invalid: a field is wrong, the bounds of the rule are wider than the item allows by now, or it cannot be requested so.
            Conflict: the rule was ended, or the item changed since it was shown.
            Denied: the actor is no senior administrator of the department that owns the item now, or one above it.
        """
        seen = self._seen(rule_id)
        item = self._facts.catalogue_item(seen.item_id)
        target = Target("approval_rule", str(rule_id), department_path=self._facts.department_path(item.owner_department_id))
        with self._uow.begin(actor, "govcloud:approval_rule:sign", target) as tx:
            lock_official(tx.session, self._facts.acting(actor, tx.now).official_id)  # people before what is theirs
            old = tx.session.get_one(ApprovalRule, rule_id, with_for_update=True, populate_existing=True)
            if old.ended_at is not None:
                raise errors.rule_ended()
            said = SignedFor.of(old)
            new = NewRule(
                item_id=old.item_id,
                departments=tuple(old.departments),
                max_days=old.max_days,
                ends_at=again.ends_at,
                reason=again.reason,
                scope=Scope.from_json(old.scope),
                item_version=again.item_version,
                on_silence=said.on_silence if said else False,
            )
            row = self._row(tx, actor, item, new)
            old.ended_at = tx.now
            tx.session.flush()
            tx.record_all([ApprovalRuleEnded(subject=f"item:{old.item_id}", rule_id=old.id, reason=row.reason), _signed(row, old.id)])
            return row.id

    def _row(self, tx: Transaction, actor: Actor, item: ItemView, new: NewRule) -> ApprovalRule:
        """Write a rule of the actor's down, if it is in order."""
        signer = self._facts.acting(actor, tx.now)
        lock_official(tx.session, signer.official_id)
        fields = Fields()
        reason = fields.text("reason", new.reason, most=MOST_REASON, multiline=True)
        fields.number("max_days", new.max_days, least=1, most=item.max_days)
        if not tx.now < new.ends_at <= tx.now + MOST_TERM:
            fields.fail("ends_at", Message("有效期应在今后 %(days)s 天之内。", days=MOST_TERM.days), new.ends_at.isoformat())
        known = self._facts.identity.departments(new.departments, tx.now)
        if not 1 <= len(new.departments) <= MOST_DEPARTMENTS or len(known) < len(set(new.departments)):
            fields.fail("departments", Message("请选择 1 至 %(most)s 个部门。", most=MOST_DEPARTMENTS))
        if (wrong := self._unfit(item, new, tx.now)) is not None:
            fields.fail("item_id", wrong, item.name)
        if not new.scope.alternatives:
            fields.fail("scope", Message("数据范围不能为空。"))
        fields.done()
        if new.item_version is not None and new.item_version != item.version:
            raise errors.item_changed_meanwhile(item.name)
        row = ApprovalRule(
            id=new_id(),
            item_id=item.id,
            owner_department_id=item.owner_department_id,
            official_id=signer.official_id,
            appointment_id=signer.appointment_id,
            departments=sorted(set(new.departments)),
            max_days=new.max_days,
            scope=SignedFor.now(item).beside(new.scope),
            ends_at=new.ends_at,
            reason=reason,
            signed_at=tx.now,
            ended_at=None,
        )
        tx.session.add(row)
        tx.session.flush()
        return row

    def _unfit(self, item: ItemView, new: NewRule, now: datetime) -> Message | None:
        """Return why no such rule can be signed about an item, if so."""
        if new.on_silence:
            if self._facts.subsystems.item(new.item_id, now) is not None and takes_silence(item):
                return None
            return Message("只有级别为“一人审批”、不涉及敏感数据、安全标记不高于 1 级且开放申请的可申请项可以签署默许规则。")
        if self._facts.subsystems.item(new.item_id, now) is None or item.tier != AUTO:
            return Message("只有级别为“自动开通”且开放申请的可申请项可以预先签署规则。")
        return None

    def _seen(self, rule_id: UUID) -> ApprovalRule:
        """Return a rule as it stands.

        Raises:
            NotFound: there is none.
        """
        seen = self._uow.read().get(ApprovalRule, rule_id)
        if seen is None:
            raise errors.no_such_rule(rule_id)
        return seen

    def end(self, actor: Actor, rule_id: UUID, reason: str) -> bool:
        """Let a rule grant nothing any more; return whether it still did. What it granted runs on and can be revoked.

        Raises:
            NotFound: there is no such rule.
            Invalid: there is no reason.
            Denied: the actor is no senior administrator of the owning department or one above it.
        """
        fields = Fields()
        why = fields.text("reason", reason, most=MOST_REASON, multiline=True)
        fields.done()
        seen = self._seen(rule_id)
        target = Target("approval_rule", str(rule_id), department_path=self._facts.department_path(seen.owner_department_id))
        with self._uow.begin(actor, "govcloud:approval_rule:end", target) as tx:
            row = tx.session.get_one(ApprovalRule, rule_id, with_for_update=True)
            if row.ended_at is not None or row.ends_at <= tx.now:
                return False
            row.ended_at = tx.now
            tx.session.flush()
            tx.record(ApprovalRuleEnded(subject=f"item:{row.item_id}", rule_id=row.id, reason=why))
            return True

    def unbind(self, tx: Transaction, items: Mapping[UUID, int]) -> None:
        """Say of rules about items that were just changed, that they wait to be signed again: to their signers, and who could sign.

        ``items`` are the items with the versions for which rules were good so far: of those that waited already it was said before.
        They grant nothing from now on by themselves; nothing of them is written, as what they were signed for stands in them.
        """
        query = select(ApprovalRule).where(ApprovalRule.item_id.in_(items), ApprovalRule.ended_at.is_(None), ApprovalRule.ends_at > tx.now)
        rules = [
            rule
            for rule in tx.session.scalars(query.order_by(ApprovalRule.id))
            if (said := SignedFor.of(rule)) is not None and said.item_version == items[rule.item_id]
        ]
        current = self._facts.subsystems.requestable_among({rule.item_id for rule in rules}) if rules else {}
        stale = [rule for rule in rules if state_of(rule, current.get(rule.item_id), tx.now, in_office=True) in WAITS_TO_BE_SIGNED]
        if stale:
            tx.record_all([self._unbound(rule, tx.now) for rule in stale])

    def _unbound(self, rule: ApprovalRule, now: datetime) -> ApprovalRuleUnbound:
        """Return the event of a rule that waits to be signed again, with whom it concerns."""
        item = self._facts.catalogue_item(rule.item_id)
        path = self._facts.department_path(item.owner_department_id, now)
        able = nearest(path, self._facts.deciders(path, (), now))
        return ApprovalRuleUnbound(
            subject=f"item:{rule.item_id}",
            rule_id=rule.id,
            item_id=rule.item_id,
            item_name=item.name,
            item_version=item.version,
            signer_id=rule.official_id,
            concerned=tuple(sorted({rule.official_id, *(holder.official_id for holder in able)})),
        )

    def within(self, actor: Actor, limit: int = 100) -> tuple[RuleView, ...]:
        """Return the rules of the departments at or below those for which the actor decides, the latest first."""
        return self._lists.within(actor, self._clock.now(), limit)

    def signable(self, actor: Actor) -> tuple[SignableItem, ...]:
        """Return the items about which the actor could sign a rule."""
        return self._lists.signable(actor, self._clock.now())


def _signed(row: ApprovalRule, replaces: UUID | None = None) -> ApprovalRuleSigned:
    """Return the event of a new rule, which may be an older one signed again."""
    said = SignedFor.of(row)
    return ApprovalRuleSigned(
        subject=f"item:{row.item_id}",
        rule_id=row.id,
        item_id=row.item_id,
        departments=tuple(row.departments),
        max_days=row.max_days,
        scope=Scope.from_json(row.scope).to_json(),
        ends_at=row.ends_at,
        reason=row.reason,
        item_version=said.item_version if said else 0,
        on_silence=said is not None and said.on_silence,
        replaces=replaces,
    )
