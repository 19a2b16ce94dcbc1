"""Commands on items: offering a function, or a slice of it, for request, changing the offer, and withdrawing it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.identity.locking import hold_tree
from govcloud.kernel.actor import Actor
from govcloud.kernel.batches import one_place, within_limit
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields, checked_reason
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.approval import care
from govcloud.subsystems.changes import ItemChange
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.events import ItemChanged, ItemLoosened, ItemOffered, ItemWithdrawn
from govcloud.subsystems.inputs import PLATFORM, NewItem
from govcloud.subsystems.models import CatalogueItem, CatalogueItemVersion, Matter, MatterItem, MatterVersion
from govcloud.subsystems.usage import Usage
from govcloud.subsystems.views import FunctionView, ItemView, SubsystemView

_CHANGED = (
    "name",
    "exposes",
    "tier",
    "approval",
    "max_days",
    "requires_case_number",
    "scope_kind",
    "grace_minutes",
    "owner_department_id",
)


class Items(Commands):
    """Commands on requestable items; each is one transaction."""

    def offer_item(self, actor: Actor, item: NewItem) -> UUID:
        """Offer one item; see ``offer_items``."""
        return self.offer_items(actor, [item])[0]

    def offer_items(self, actor: Actor, items: Sequence[NewItem], *, dry_run: bool = False) -> tuple[UUID, ...]:
        """Let functions, or slices of them, be requested, and return the items' ids; a dry run only looks.

        An item may be owned by another department than its subsystem: then it takes authority over both to offer it, as whoever owns
        an item decides who gets what is the subsystem's.

        Raises:
            Invalid: a field is wrong, or a function or department unknown.
            Conflict: a subsystem may not be changed, or would no longer pass the checks in service.
        """
        functions = {row.function: self._queries.function(row.function) for row in items}
        views = {view.subsystem_id: self._subsystem(view.subsystem_id) for view in functions.values() if view}
        target = self._target("item", one_place(str(row.id) for row in items), _departments(items, functions, views))
        with self._begin(actor, "govcloud:item:offer", target, dry_run=dry_run) as tx:
            fields = Fields()
            within_limit(items, fields)
            checked = [inputs.checked_item(row, fields.row(index)) for index, row in enumerate(items)]
            with self._keeping_sound(tx, (view for view in views.values() if view.code != PLATFORM)):
                found: list[tuple[NewItem, FunctionView, UUID]] = []
                for index, row in enumerate(checked):
                    function = functions.get(row.function) or self._queries.function(row.function)
                    owner = row.owner_department_id or self._owner_of(function)
                    if function is None or owner is None or function.subsystem_code == PLATFORM:
                        fields.row(index).fail("function", Message("没有这个功能，请先登记功能。"), row.function)
                        continue
                    if row.owner_department_id is not None:
                        self._note_unknown_department("owner_department_id", row.owner_department_id, fields.row(index))
                    found.append((row, function, owner))
                fields.done()
                with explained(errors.CONSTRAINTS):
                    values = [{"id": row.id, "function_id": function.id, "valid_from": tx.now} for row, function, _ in found]
                    tx.session.execute(insert(CatalogueItem), values)
                tx.session.execute(insert(CatalogueItemVersion), [_version_values(row.id, 1, row, owner, tx) for row, _, owner in found])
            for row, _, owner in found:
                tx.record(_offered(row, owner))
        return tuple(row.id for row in checked)

    def change_item(self, actor: Actor, item_id: UUID, version: int, change: ItemChange, reason: str) -> int:
        """Let an item be as ``change`` says from now on, as a new version; return the version that stands.

        ``version`` is the one that was shown. Requests that wait for an older version can be refused, not approved any more.

        Raises:
            Invalid: a field is wrong, the department unknown, or there is no reason.
            NotFound: there is no such item.
            Conflict: it changed meanwhile, its subsystem may not be changed, or would no longer pass the checks in service.
        """
        seen, view = self._item(item_id)
        owner = change.owner_department_id or view.owner_department_id
        target = self._target("item", str(item_id), {view.owner_department_id, seen.owner_department_id, owner})
        with self._uow.begin(actor, "govcloud:item:change", target) as tx:
            hold_tree(tx.session)  # open requests follow to the owner's place, which a move beside this would leave behind
            fields = Fields()
            row = inputs.checked_item_change(change, fields)
            why = fields.text("reason", reason, most=inputs.MOST_REASON, multiline=True)
            if owner is None:
                fields.fail("owner_department_id", Message("没有这个部门，请核对。"))
            elif change.owner_department_id is not None:
                self._note_unknown_department("owner_department_id", owner, fields)
            fields.done()
            with self._keeping_sound(tx, [view]):
                current, _ = self._item(item_id)
                if current.version != version:
                    raise errors.changed_meanwhile(current.name, version, current.version)
                new = {name: getattr(row, name) for name in _CHANGED} | {"owner_department_id": owner}
                changed = tuple(name for name in _CHANGED if new[name] != getattr(current, name))
                if not changed or owner is None:
                    return current.version
                live = (CatalogueItemVersion.item_id == item_id, CatalogueItemVersion.valid_to.is_(None))
                tx.session.execute(update(CatalogueItemVersion).where(*live).values(valid_to=tx.now))
                with explained(errors.CONSTRAINTS):
                    tx.session.execute(insert(CatalogueItemVersion).values(**_version_values(item_id, version + 1, row, owner, tx)))
            tx.record(_changed(current, row, owner, changed, why))
            if loosened := _loosened(current, row, why):
                tx.record(loosened)
        return version + 1

    def withdraw_item(self, actor: Actor, item_id: UUID, reason: str) -> None:
        """Let an item be requested no longer; requests that wait can be refused only, and what was granted of it ends (``reactions.py``).

        Raises:
            Invalid: there is no reason.
            NotFound: there is no such item.
            Conflict: a matter asks for it, or the subsystem is under review or retired.
        """
        seen, view = self._item(item_id)
        with self._uow.begin(
            actor, "govcloud:item:withdraw", self._target("item", str(item_id), {view.owner_department_id, seen.owner_department_id})
        ) as tx:
            why = checked_reason(reason, inputs.MOST_REASON)
            with self._keeping_sound(tx, [view]):
                live = (CatalogueItem.id == item_id, live_at(CatalogueItem, tx.now))
                if tx.session.scalar(update(CatalogueItem).where(*live).values(valid_to=tx.now).returning(CatalogueItem.id)) is None:
                    raise errors.item_missing(item_id)
                # After the update, which waits for whoever is putting the item into a matter: so neither misses the other.
                self._refuse_wanted(tx, seen)
            tx.record(ItemWithdrawn(subject=f"item:{item_id}", item_id=item_id, function=seen.function, reason=why))

    def usage_of(self, functions: Sequence[str]) -> Usage:
        """Return how many live grants open these functions, and how many requests wait for them: what a withdrawal would touch."""
        return self._usage(functions)

    # Parts of the commands above

    def _owner_of(self, function: FunctionView | None) -> UUID | None:
        return self._subsystem(function.subsystem_id).owner_department_id if function else None

    def _item(self, item_id: UUID) -> tuple[ItemView, SubsystemView]:
        """Return a live item, in whatever state its subsystem is, and the subsystem."""
        found = self._queries.items([item_id]).get(item_id)
        live = {item.id for item in self._queries.items_of(found.subsystem_id)} if found else set()
        if found is None or item_id not in live:
            raise errors.item_missing(item_id)
        return found, self._subsystem(found.subsystem_id)

    def _refuse_wanted(self, tx: Transaction, item: ItemView) -> None:
        query = select(MatterVersion.name).join(Matter, Matter.id == MatterVersion.matter_id)
        query = query.join(MatterItem, MatterItem.version_id == MatterVersion.id).where(MatterItem.catalogue_item_id == item.id)
        live = (MatterVersion.valid_to.is_(None), Matter.valid_to.is_(None))
        names = tx.session.scalars(query.where(*live).order_by(MatterVersion.name)).all()
        if names:
            raise errors.item_in_matters(item.name, names)


def _departments(items: Iterable[NewItem], functions: dict[str, FunctionView | None], views: dict[UUID, SubsystemView]) -> set[UUID | None]:
    """Return the departments over which it takes authority to offer ``items``: owners of the subsystems, and of the items."""
    found: set[UUID | None] = set()
    for row in items:
        function = functions[row.function]
        found.add(views[function.subsystem_id].owner_department_id if function else None)
        if row.owner_department_id is not None:
            found.add(row.owner_department_id)
    return found


def _offered(row: NewItem, owner: UUID) -> ItemOffered:
    return ItemOffered(
        subject=f"item:{row.id}",
        item_id=row.id,
        function=row.function,
        item_name=row.name,
        tier=row.tier,
        approval=row.approval,
        max_days=row.max_days,
        scope_kind=row.scope_kind,
        owner_department_id=owner,
    )


def _changed(old: ItemView, row: ItemChange, owner: UUID, changed: tuple[str, ...], reason: str) -> ItemChanged:
    return ItemChanged(
        subject=f"item:{old.id}",
        item_id=old.id,
        function=old.function,
        version=old.version + 1,
        changed=changed,
        item_name=row.name,
        tier=row.tier,
        approval=row.approval,
        max_days=row.max_days,
        requires_case_number=row.requires_case_number,
        scope_kind=row.scope_kind,
        owner_department_id=owner,
        reason=reason,
    )


def _loosened(old: ItemView, row: ItemChange, reason: str) -> ItemLoosened | None:
    """Return the event that says that something sensitive takes less care than before, if it does."""
    dropped = old.requires_case_number and not row.requires_case_number
    looser = care(row.tier, row.approval) < care(old.tier, old.approval) or row.max_days > old.max_days or dropped
    if not (old.sensitive and looser):
        return None
    return ItemLoosened(
        subject=f"item:{old.id}",
        item_id=old.id,
        function=old.function,
        version=old.version + 1,
        old_tier=old.tier,
        tier=row.tier,
        old_max_days=old.max_days,
        max_days=row.max_days,
        case_number_dropped=dropped,
        reason=reason,
    )


def _version_values(item_id: UUID, version: int, row: NewItem | ItemChange, owner: UUID, tx: Transaction) -> dict[str, object]:
    return {
        "id": new_id(),
        "item_id": item_id,
        "version": version,
        "name": row.name,
        "exposes": row.exposes,
        "tier": row.tier,
        "approval": row.approval,
        "max_days": row.max_days,
        "requires_case_number": row.requires_case_number,
        "scope_kind": row.scope_kind,
        "grace_minutes": row.grace_minutes,
        "owner_department_id": owner,
        "valid_from": tx.now,
    }
