"""The single commands on both lists: entries registered, changed and withdrawn in batches; each batch is an edition."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import select

from govcloud.identity.locking import hold_departments
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place, refuse_known, within_limit
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.listing import inputs, standing
from govcloud.subsystems.listing.editions import EditionNote, checked_note, open_edition
from govcloud.subsystems.listing.entries import Entry
from govcloud.subsystems.listing.inputs import ItemChange, NewPowerItem, NewServiceItem
from govcloud.subsystems.listing.kinds import IMPLEMENTATION, POWER, ListKind
from govcloud.subsystems.listing.planning import Change, Plan, carried
from govcloud.subsystems.listing.standing import WHOLE, Standing
from govcloud.subsystems.listing.writing import write
from govcloud.subsystems.models import ServiceItem


class ListCommands(Commands):
    """Commands that keep the lists; each is one transaction and, when it changes anything, one edition."""

    def register_power_items(self, actor: Actor, items: Sequence[NewPowerItem], title: str = "") -> tuple[UUID, ...]:
        """Enter entries of departments' power lists and return their ids.

        Raises:
            Invalid: a code is wrong or a department unknown, or has that code already; nothing is written.
        """
        owners = {row.department_id for row in items}
        target = self._target("power_item", one_place(row.code for row in items), owners)
        with self._uow.begin(actor, "govcloud:power_item:register", target) as tx:
            fields, note = _noted(items, title, target)
            checked = [inputs.checked_power_item(row, fields.row(index)) for index, row in enumerate(items)]
            hold_departments(tx.session, owners)
            standing.lock_lists(tx.session)
            known = self._identity.departments(owners)
            taken = set(standing.powers_of(tx.session, {(row.department_id, row.code) for row in checked}))
            for index, row in enumerate(checked):
                if row.department_id not in known:
                    fields.row(index).fail("department_id", Message("没有这个部门，请核对。"), row.department_id)
                key = (row.department_id, row.code)
                if key in taken:
                    fields.row(index).fail("code", Message("该部门的权力清单中已有这个基本编码。"), row.code)
                taken.add(key)
            fields.done()
            _apply(tx, Plan(POWER, new=[_power_entry(row) for row in checked]), note)
        return tuple(row.id for row in checked)

    def register_service_items(self, actor: Actor, items: Sequence[NewServiceItem], title: str = "") -> tuple[UUID, ...]:
        """Enter service items of the implementation list and return their ids.

        Raises:
            Invalid: a code is malformed, or does not fit its power item and that item's department.
            Conflict: a code is registered already; nothing is written.
        """
        powers = self._standing_entries(POWER, {row.power_item_id for row in items})
        owners = {powers[row.power_item_id].department_id if row.power_item_id in powers else None for row in items}
        target = self._target("service_item", one_place(row.code for row in items), owners)
        with self._uow.begin(actor, "govcloud:service_item:register", target) as tx:
            fields, note = _noted(items, title, target)
            checked = [inputs.checked_service_item(row, fields.row(index)) for index, row in enumerate(items)]
            hold_departments(tx.session, {owner for owner in owners if owner})
            standing.lock_lists(tx.session)
            # What they rest on may have left the list since it was looked at.
            powers = self._standing_entries(POWER, {row.power_item_id for row in checked})
            bodies = self._identity.departments({power.department_id for power in powers.values()})
            for index, row in enumerate(checked):
                power = powers.get(row.power_item_id)
                body = bodies.get(power.department_id) if power else None
                if power is None or body is None:
                    fields.row(index).fail("power_item_id", Message("没有这个权力事项，请先登记权力清单。"), row.power_item_id)
                elif inputs.service_code_parts(row.code) != (body.uscc, power.code):
                    message = Message("实施编码应由该部门的统一社会信用代码、行使层级和权力事项的基本编码组成。")
                    fields.row(index).fail("code", message, row.code)
                elif fault := inputs.level_fault(row.code, body.level):
                    fields.row(index).fail("code", fault, row.code)
            fields.done()
            live = select(ServiceItem.code).where(ServiceItem.valid_to.is_(None))
            refuse_known(tx.session, live, [row.code for row in checked], field="code", message=Message("该实施编码已登记。"))
            _apply(tx, Plan(IMPLEMENTATION, new=[_service_entry(row, powers[row.power_item_id]) for row in checked]), note)
        return tuple(row.id for row in checked)

    def change_power_items(self, actor: Actor, changes: Sequence[ItemChange], title: str = "") -> int:
        """Let entries of power lists say something else; return how many did.

        Raises:
            Invalid: a fact is wrong, or an entry is on no list; nothing is written.
        """
        return self._change(actor, POWER, changes, title)

    def change_service_items(self, actor: Actor, changes: Sequence[ItemChange], title: str = "") -> int:
        """Let entries of implementation lists say something else; see ``change_power_items``."""
        return self._change(actor, IMPLEMENTATION, changes, title)

    def withdraw_power_items(self, actor: Actor, items: Sequence[UUID], title: str = "") -> int:
        """Take entries off their departments' power lists, and with them the service items that rest on them; return how many left.

        Raises:
            Invalid: an entry is on no list; nothing is written.
        """
        return self._withdraw_items(actor, POWER, items, title)

    def withdraw_service_items(self, actor: Actor, items: Sequence[UUID], title: str = "") -> int:
        """Take entries off their departments' implementation lists; see ``withdraw_power_items``."""
        return self._withdraw_items(actor, IMPLEMENTATION, items, title)

    # Parts of the commands above

    def _change(self, actor: Actor, kind: ListKind, changes: Sequence[ItemChange], title: str) -> int:
        ids = [change.item_id for change in changes]
        target = self._place_of_entries(kind, ids)
        with self._uow.begin(actor, f"govcloud:{kind.subject}:change", target) as tx:
            fields, note = _noted(changes, title, target)
            here = self._locked(tx, kind, ids, fields)
            plan = Plan(kind)
            for index, change in enumerate(changes):
                row, stands = fields.row(index), here.get(change.item_id)
                for name in change.facts.keys() - kind.facts.keys():
                    row.fail(name, Message("没有这个字段，请删除或核对拼写。"))
                if stands is None or change.facts.keys() - kind.facts.keys():
                    continue
                facts = inputs.checked_facts(stands.code, change.facts, row)
                changed = tuple(name for name in kind.facts if name in facts and facts[name] != stands.facts[name])
                if changed:
                    plan.changed.append(Change(stands, stands.facts | facts, changed))
            fields.done()
            _apply(tx, plan, note)
        return len(plan.changed)

    def _withdraw_items(self, actor: Actor, kind: ListKind, items: Sequence[UUID], title: str) -> int:
        target = self._place_of_entries(kind, items)
        with self._uow.begin(actor, f"govcloud:{kind.subject}:withdraw", target) as tx:
            fields, note = _noted(items, title, target)
            here = self._locked(tx, kind, items, fields)
            fields.done()
            plan = Plan(kind, withdrawn=sorted(here.values(), key=lambda item: (item.code, item.item_id)))
            plan.carried = carried(tx.session, kind, plan.withdrawn)
            _apply(tx, plan, note)
        return len(plan.withdrawn)

    def _place_of_entries(self, kind: ListKind, items: Iterable[UUID]) -> Target:
        """Return the target of a command on entries: the lowest department above all of theirs."""
        wanted = list(items)
        here = self._standing_entries(kind, wanted)
        owners = [here[item].department_id if item in here else None for item in wanted]
        return self._target(kind.subject, one_place(map(str, wanted)), owners)

    def _locked(self, tx: Transaction, kind: ListKind, items: Sequence[UUID], fields: Fields) -> dict[UUID, Standing]:
        """Return what stands under the lock of the lists; note what does not, and what is named twice."""
        standing.lock_lists(tx.session)
        here = self._standing_entries(kind, items)
        seen: set[UUID] = set()
        for index, item in enumerate(items):
            if item not in here:
                fields.row(index).fail("item_id", Message("该事项不在清单中，或已退出清单。"), item)
            if item in seen:
                fields.row(index).fail("item_id", Message("同一事项只能列入一次。"), item)
            seen.add(item)
        return here

    def _standing_entries(self, kind: ListKind, items: Iterable[UUID]) -> dict[UUID, Standing]:
        return {item.item_id: item for item in standing.by_ids(self._uow.read(), kind, set(items))}


def _noted(rows: Sequence[object], title: str, target: Target) -> tuple[Fields, EditionNote]:
    """Begin the checks of a batch: its size and its title."""
    fields = Fields()
    within_limit(rows, fields)
    return fields, checked_note(EditionNote(title, department_path=target.department_path or WHOLE), fields)


def _apply(tx: Transaction, plan: Plan, note: EditionNote) -> None:
    """Write a plan as an edition of its own; a plan that changes nothing makes none."""
    if plan.empty:
        return
    open_edition(tx, plan.kind, note, plan)
    write(tx, plan, note.id)


def _power_entry(row: NewPowerItem) -> Entry:
    facts = {"name": row.name, "kind": row.kind, "legal_basis": row.legal_basis}
    return Entry(0, row.code, facts, department_id=row.department_id, item_id=row.id)


def _service_entry(row: NewServiceItem, power: Standing) -> Entry:
    facts = {"name": row.name, "promised_days": row.promised_days}
    return Entry(0, row.code, facts, department_id=power.department_id, power_item_id=power.item_id, item_id=row.id)
