"""Rules that an owner signs in advance: whom an item of the tier ``auto`` is granted to at once, within which bounds, until when."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select

from govcloud.access import errors
from govcloud.access.deciding.routing import DECIDING_ROLE
from govcloud.access.events import ApprovalRuleEnded, ApprovalRuleSigned
from govcloud.access.loading import FactsLoader
from govcloud.access.models import Decision
from govcloud.access.tasks.beginning import AUTO
from govcloud.access.tasks.models import ApprovalRule
from govcloud.authorization.scope import PROVINCE, Scope
from govcloud.identity.locking import lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields

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


@dataclass(frozen=True)
class RuleView:
    """A rule as the owner sees it, with how often it granted something; ``live`` says that it grants now, its signer being in office."""

    id: UUID
    item_id: UUID
    item_name: str
    subsystem_name: str
    owner_department_id: UUID
    owner_department_name: str
    signer_id: UUID
    signer: str
    departments: tuple[str, ...]
    max_days: int
    scope: Scope
    scope_names: tuple[str, ...]
    ends_at: datetime
    reason: str
    signed_at: datetime
    ended_at: datetime | None
    granted: int
    live: bool


class Presigning:
    """The commands on pre-signed rules, and the list of those that one may see."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader) -> None:
        """Take the unit of work, the clock and the loader of facts."""
        self._uow = uow
        self._clock = clock
        self._facts = facts

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
            if self._facts.subsystems.item(new.item_id, tx.now) is None or item.tier != AUTO:
                fields.fail("item_id", Message("只有级别为“自动开通”且开放申请的可申请项可以预先签署规则。"), item.name)
            if not new.scope.alternatives:
                fields.fail("scope", Message("数据范围不能为空。"))
            fields.done()
            row = ApprovalRule(
                id=new_id(),
                item_id=item.id,
                owner_department_id=item.owner_department_id,
                official_id=signer.official_id,
                appointment_id=signer.appointment_id,
                departments=sorted(set(new.departments)),
                max_days=new.max_days,
                scope=new.scope.to_json(),
                ends_at=new.ends_at,
                reason=reason,
                signed_at=tx.now,
                ended_at=None,
            )
            tx.session.add(row)
            tx.session.flush()
            tx.record(_signed(row))
            return row.id

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
        seen = self._uow.read().get(ApprovalRule, rule_id)
        if seen is None:
            raise errors.no_such_rule(rule_id)
        target = Target("approval_rule", str(rule_id), department_path=self._facts.department_path(seen.owner_department_id))
        with self._uow.begin(actor, "govcloud:approval_rule:end", target) as tx:
            row = tx.session.get_one(ApprovalRule, rule_id, with_for_update=True)
            if row.ended_at is not None or row.ends_at <= tx.now:
                return False
            row.ended_at = tx.now
            tx.session.flush()
            tx.record(ApprovalRuleEnded(subject=f"item:{row.item_id}", rule_id=row.id, reason=why))
            return True

    def within(self, actor: Actor, limit: int = 100) -> tuple[RuleView, ...]:
        """Return the rules of the departments at or below those for which the actor decides, the latest first."""
        now = self._clock.now()
        if actor.official_id is None:
            return ()
        paths = self._facts.authorization.department_paths(actor.official_id, actor.appointment_id, DECIDING_ROLE, now)
        owners = self._facts.identity.departments(self._uow.read().scalars(select(ApprovalRule.owner_department_id).distinct()), now)
        mine = [key for key, view in owners.items() if any(view.path.startswith(path) for path in paths)]
        rows = self._uow.read().scalars(
            select(ApprovalRule).where(ApprovalRule.owner_department_id.in_(mine)).order_by(ApprovalRule.id.desc()).limit(limit)
        )
        return self._views(rows.all(), now)

    def auto_items(self, actor: Actor) -> tuple[tuple[UUID, str], ...]:
        """Return the items for which the actor could sign a rule: those of the tier ``auto`` that departments of theirs own."""
        now = self._clock.now()
        if actor.official_id is None:
            return ()
        paths = self._facts.authorization.department_paths(actor.official_id, actor.appointment_id, DECIDING_ROLE, now)
        items = [item for item in self._facts.subsystems.requestable_items("", _MOST_ITEMS) if item.tier == AUTO]
        owners = self._facts.identity.departments({item.owner_department_id for item in items}, now)
        mine = {key for key, view in owners.items() if any(view.path.startswith(path) for path in paths)}
        return tuple((item.id, f"{item.subsystem_name} · {item.name}") for item in items if item.owner_department_id in mine)

    def _views(self, rows: Sequence[ApprovalRule], now: datetime) -> tuple[RuleView, ...]:
        """Return rules with names beside ids, each looked up at once."""
        identity = self._facts.identity
        items = self._facts.subsystems.items({row.item_id for row in rows})
        departments = identity.departments({one for row in rows for one in (row.owner_department_id, *row.departments)}, now)
        names = identity.official_names({row.official_id for row in rows})
        divisions = identity.division_names({code for row in rows for code in Scope.from_json(row.scope).divisions or ()})
        count = select(Decision.rule_id, func.count()).where(Decision.rule_id.in_([row.id for row in rows])).group_by(Decision.rule_id)
        granted: dict[UUID | None, int] = {row[0]: row[1] for row in self._uow.read().execute(count)}
        return tuple(
            RuleView(
                id=row.id,
                item_id=row.item_id,
                item_name=items[row.item_id].name,
                subsystem_name=items[row.item_id].subsystem_name,
                owner_department_id=row.owner_department_id,
                owner_department_name=departments[row.owner_department_id].name if row.owner_department_id in departments else "",
                signer_id=row.official_id,
                signer=names.get(row.official_id, ""),
                departments=tuple(departments[one].name for one in row.departments if one in departments),
                max_days=row.max_days,
                scope=Scope.from_json(row.scope),
                scope_names=tuple(divisions.get(code, code) for code in Scope.from_json(row.scope).divisions or ()),
                ends_at=row.ends_at,
                reason=row.reason,
                signed_at=row.signed_at,
                ended_at=row.ended_at,
                granted=granted.get(row.id, 0),
                live=row.ended_at is None and row.ends_at > now,
            )
            for row in rows
        )


_MOST_ITEMS = 500


def _signed(row: ApprovalRule) -> ApprovalRuleSigned:
    """Return the event of a new rule."""
    return ApprovalRuleSigned(
        subject=f"item:{row.item_id}",
        rule_id=row.id,
        item_id=row.item_id,
        departments=tuple(row.departments),
        max_days=row.max_days,
        scope=row.scope,
        ends_at=row.ends_at,
        reason=row.reason,
    )
