"""The rules that owners signed in advance, as they and their successors see them: how each stands, and how often it granted."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from govcloud.access.deciding.routing import DECIDING_ROLE
from govcloud.access.loading import FactsLoader
from govcloud.access.models import Decision
from govcloud.access.tasks.models import ApprovalRule
from govcloud.access.tasks.presigned import AUTO, WAITS_TO_BE_SIGNED, RuleState, SignedFor, state_of, takes_silence
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.subsystems.views import ItemView

_MOST_ITEMS = 500


@dataclass(frozen=True)
class RuleView:
    """A rule as the owner sees it, with how often it granted something; ``state`` says whether it grants now, and if not, why."""

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
    state: RuleState
    item_version: int | None
    """For which version of the item it was signed; rules from before that was kept say nothing."""
    current_version: int
    on_silence: bool
    """Whether it speaks only when the department has not answered in its time."""

    @property
    def live(self) -> bool:
        """Whether it grants now."""
        return self.state is RuleState.LIVE

    @property
    def waits(self) -> bool:
        """Whether it grants nothing until somebody signs it again."""
        return self.state in WAITS_TO_BE_SIGNED


@dataclass(frozen=True)
class SignableItem:
    """An item about which one could sign a rule, in the version that one sees; ``on_silence`` says how the rule would speak."""

    id: UUID
    version: int
    name: str
    on_silence: bool


class RuleLists:
    """Reads rules."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader) -> None:
        """Take the source of reading sessions and the loader of facts."""
        self._read = read
        self._facts = facts

    def within(self, actor: Actor, now: datetime, limit: int) -> tuple[RuleView, ...]:
        """Return the rules of the departments at or below those for which the actor decides, the latest first."""
        paths = self._paths(actor, now)
        if not paths:
            return ()
        # A rule is seen by who owned the item when it was signed, and by whoever owns it by now and may sign it again.
        pairs = self._read().execute(select(ApprovalRule.owner_department_id, ApprovalRule.item_id).distinct()).all()
        items = self._facts.subsystems.items({row.item_id for row in pairs})
        owned_now = {row.item_id: items[row.item_id].owner_department_id for row in pairs}
        owners = self._facts.identity.departments({*(row.owner_department_id for row in pairs), *owned_now.values()}, now)
        mine = {key for key, view in owners.items() if any(view.path.startswith(path) for path in paths)}
        their_items = [item for item, owner in owned_now.items() if owner in mine]
        which = or_(ApprovalRule.owner_department_id.in_(mine), ApprovalRule.item_id.in_(their_items))
        rows = self._read().scalars(select(ApprovalRule).where(which).order_by(ApprovalRule.id.desc()).limit(limit))
        return self._views(rows.all(), now)

    def signable(self, actor: Actor, now: datetime) -> tuple[SignableItem, ...]:
        """Return the items of departments of the actor's about which they could sign a rule."""
        paths = self._paths(actor, now)
        items = [item for item in self._facts.subsystems.requestable_items("", _MOST_ITEMS) if item.tier == AUTO or takes_silence(item)]
        owners = self._facts.identity.departments({item.owner_department_id for item in items}, now) if paths else {}
        mine = {key for key, view in owners.items() if any(view.path.startswith(path) for path in paths)}
        return tuple(
            SignableItem(item.id, item.version, f"{item.subsystem_name} · {item.name}", item.tier != AUTO)
            for item in items
            if item.owner_department_id in mine
        )

    def in_office(self, rules: Sequence[ApprovalRule], owners: Mapping[UUID, str], now: datetime) -> frozenset[UUID]:
        """Return those of ``rules`` whose signers hold the office over the owner, at the path that ``owners`` says; a look-up a signer."""
        held = {
            signer: self._facts.authorization.department_paths(*signer, DECIDING_ROLE, now)
            for signer in {(rule.official_id, rule.appointment_id) for rule in rules}
        }
        return frozenset(
            rule.id
            for rule in rules
            if any(owners.get(rule.owner_department_id, "").startswith(path) for path in held[rule.official_id, rule.appointment_id])
        )

    def _paths(self, actor: Actor, now: datetime) -> tuple[str, ...]:
        """Return the departments for which the actor decides by an office of their own."""
        if actor.official_id is None:
            return ()
        return self._facts.authorization.department_paths(actor.official_id, actor.appointment_id, DECIDING_ROLE, now)

    def _views(self, rows: Sequence[ApprovalRule], now: datetime) -> tuple[RuleView, ...]:
        """Return rules with names beside ids, each looked up at once."""
        identity = self._facts.identity
        items = self._facts.subsystems.items({row.item_id for row in rows})
        requestable: Mapping[UUID, ItemView] = self._facts.subsystems.requestable_among({row.item_id for row in rows})
        departments = identity.departments({one for row in rows for one in (row.owner_department_id, *row.departments)}, now)
        names = identity.official_names({row.official_id for row in rows})
        divisions = identity.division_names({code for row in rows for code in Scope.from_json(row.scope).divisions or ()})
        in_office = self.in_office(rows, {key: view.path for key, view in departments.items()}, now)
        count = select(Decision.rule_id, func.count()).where(Decision.rule_id.in_([row.id for row in rows])).group_by(Decision.rule_id)
        granted: dict[UUID | None, int] = {row[0]: row[1] for row in self._read().execute(count)}
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
                state=state_of(row, requestable.get(row.item_id), now, in_office=row.id in in_office),
                item_version=said.item_version if (said := SignedFor.of(row)) else None,
                current_version=items[row.item_id].version,
                on_silence=said is not None and said.on_silence,
            )
            for row in rows
        )
