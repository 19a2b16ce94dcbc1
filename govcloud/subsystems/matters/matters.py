"""Commands on matters (一件事), templates of items across departments: entering one, changing it, and ending it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.constraints import explained
from govcloud.kernel.database import live_at
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields, checked_reason
from govcloud.subsystems import errors, inputs
from govcloud.subsystems.changes import MatterChange, MatterEntry
from govcloud.subsystems.commands import Commands
from govcloud.subsystems.inputs import NewMatter
from govcloud.subsystems.matters.matter_events import MatterChanged, MatterEnded, MatterRegistered
from govcloud.subsystems.models import CatalogueItem, Matter, MatterItem, MatterVersion
from govcloud.subsystems.views import ItemView, MatterView

REGISTER, CHANGE, END = "govcloud:matter:register", "govcloud:matter:change", "govcloud:matter:end"
Entries = tuple[MatterEntry, ...]


@dataclass(frozen=True)
class MatterDifference:
    """What a change of a matter does: the version that stands then, what is called otherwise, and which items come, go or move.

    ``restaged`` are items with the old and the new stage, ``assigned`` those with the old and the new duty.
    """

    version: int
    changed: tuple[str, ...]
    added: tuple[ItemView, ...]
    removed: tuple[ItemView, ...]
    restaged: tuple[tuple[ItemView, int, int], ...]
    assigned: tuple[tuple[ItemView, str | None, str | None], ...] = ()


class Matters(Commands):
    """Commands on matters; each is one transaction.

    A matter opens nothing: it says which items belong together, and each of them is still decided on by its own department. So it
    takes authority over the department that leads the matter alone, and for a change of that department over both.
    """

    def register_matter(self, actor: Actor, matter: NewMatter, *, dry_run: bool = False) -> UUID:
        """Enter a matter with its items and return its id; a dry run only looks.

        Raises:
            Invalid: a field is wrong, or the leading department or an item unknown.
            Conflict: the code is registered already.
        """
        target = self._target("matter", matter.code, [matter.lead_department_id])
        with self._begin(actor, REGISTER, target, dry_run=dry_run) as tx:
            fields = Fields()
            row = inputs.checked_matter(matter, fields)
            self._note_unknown_department("lead_department_id", row.lead_department_id, fields)
            _hold_items(tx, row.items, fields)
            fields.done()
            with explained(errors.CONSTRAINTS):
                tx.session.execute(insert(Matter).values(id=row.id, code=row.code, valid_from=tx.now))
            _add_version(tx, row.id, 1, row)
            tx.record(
                MatterRegistered(
                    subject=f"matter:{row.id}",
                    matter_id=row.id,
                    code=row.code,
                    matter_name=row.name,
                    lead_department_id=row.lead_department_id,
                    item_ids=tuple(entry.item_id for entry in row.items),
                )
            )
        return row.id

    def change_matter(
        self, actor: Actor, key: str | UUID, version: int, change: MatterChange, reason: str, *, dry_run: bool = False
    ) -> MatterDifference:
        """Let a matter, by code or id, be as ``change`` says from now on, and return what differs; a dry run only looks.

        ``version`` is the one that was shown. Requests that name the matter go on as they are.

        Raises:
            Invalid: a field is wrong, the department or an item unknown, or there is no reason.
            NotFound: there is no such matter, or it has ended.
            Conflict: it changed meanwhile.
        """
        seen = self._matter(key)
        target = self._target("matter", seen.code, {seen.lead_department_id, change.lead_department_id})
        with self._begin(actor, CHANGE, target, dry_run=dry_run) as tx:
            fields = Fields()
            row = inputs.checked_matter_change(change, fields)
            why = fields.text("reason", reason, most=inputs.MOST_REASON, multiline=True)
            self._note_unknown_department("lead_department_id", row.lead_department_id, fields)
            held = self._hold(tx, seen, version)
            kept = {entry.item.id for entry in held.items}
            # An item of which the function was withdrawn meanwhile may stay or go, and nothing new hangs on it.
            _hold_items(tx, tuple(entry for entry in row.items if entry.item_id not in kept), fields)
            fields.done()
            found = self._difference(held, row)
            if found.version == held.version:
                return found
            live = (MatterVersion.matter_id == held.id, MatterVersion.valid_to.is_(None))
            tx.session.execute(update(MatterVersion).where(*live).values(valid_to=tx.now))
            _add_version(tx, held.id, found.version, row)
            tx.record(
                MatterChanged(
                    subject=f"matter:{held.id}",
                    matter_id=held.id,
                    code=held.code,
                    version=found.version,
                    changed=found.changed,
                    matter_name=row.name,
                    lead_department_id=row.lead_department_id,
                    item_ids=tuple(entry.item_id for entry in row.items),
                    reason=why,
                )
            )
        return found

    def end_matter(self, actor: Actor, key: str | UUID, version: int, reason: str, *, dry_run: bool = False) -> None:
        """Let a matter, by code or id, be named by requests no longer; those that name it go on. A dry run only looks.

        Raises:
            Invalid: there is no reason.
            NotFound: there is no such matter, or it has ended.
            Conflict: it changed meanwhile.
        """
        seen = self._matter(key)
        with self._begin(actor, END, self._target("matter", seen.code, [seen.lead_department_id]), dry_run=dry_run) as tx:
            why = checked_reason(reason, inputs.MOST_REASON)
            held = self._hold(tx, seen, version)
            tx.session.execute(update(Matter).where(Matter.id == held.id).values(valid_to=tx.now))
            tx.record(MatterEnded(subject=f"matter:{held.id}", matter_id=held.id, code=held.code, reason=why))

    # Parts of the commands above

    def _matter(self, key: str | UUID) -> MatterView:
        view = self._queries.matter(key)
        if view is None or view.ended_at is not None:
            raise errors.matter_missing(key)
        return view

    def _hold(self, tx: Transaction, seen: MatterView, version: int) -> MatterView:
        """Return the matter as it stands, held until the end of the transaction, if it is still the one that was shown."""
        live = (Matter.id == seen.id, Matter.valid_to.is_(None))
        if tx.session.scalar(select(Matter.id).where(*live).with_for_update()) is None:
            raise errors.matter_missing(seen.code)
        # What was read before waiting for the row may be stale.
        tx.session.expire_all()
        held = self._matter(seen.id)
        if held.version != version or held.lead_department_id != seen.lead_department_id:
            raise errors.matter_changed(held.name)
        return held

    def _difference(self, old: MatterView, new: MatterChange) -> MatterDifference:
        before = {entry.item.id: (entry.stage, entry.duty) for entry in old.items}
        after = {entry.item_id: (entry.stage, entry.duty) for entry in new.items}
        items = self._queries.items({*before, *after})
        changed = tuple(name for name in ("name", "lead_department_id") if getattr(old, name) != getattr(new, name))
        if before != after:
            changed = (*changed, "items")
        return MatterDifference(
            old.version + 1 if changed else old.version,
            changed,
            tuple(items[item] for item in after if item not in before),
            tuple(items[item] for item in before if item not in after),
            tuple(
                (items[item], before[item][0], stage) for item, (stage, _) in after.items() if item in before and before[item][0] != stage
            ),
            tuple((items[item], before[item][1], duty) for item, (_, duty) in after.items() if item in before and before[item][1] != duty),
        )


def _hold_items(tx: Transaction, items: Entries, fields: Fields) -> None:
    """Note items that are not offered; the others cannot be withdrawn before the end of the transaction."""
    wanted = [entry.item_id for entry in items]
    query = select(CatalogueItem.id).where(CatalogueItem.id.in_(wanted), live_at(CatalogueItem, tx.now))
    known = set(tx.session.scalars(query.order_by(CatalogueItem.id).with_for_update(read=True)))
    for item in wanted:
        if item not in known:
            fields.fail("items", Message("没有这个可申请项，请先上架。"), item)


def _add_version(tx: Transaction, matter_id: UUID, version: int, row: NewMatter | MatterChange) -> None:
    version_id = new_id()
    values = {"id": version_id, "matter_id": matter_id, "version": version, "name": row.name}
    with explained(errors.CONSTRAINTS):
        tx.session.execute(insert(MatterVersion).values(**values, lead_department_id=row.lead_department_id, valid_from=tx.now))
    tx.session.execute(insert(MatterItem), list(_links(version_id, row.items)))


def _links(version_id: UUID, items: Entries) -> Iterable[dict[str, object]]:
    return (
        {"id": new_id(), "version_id": version_id, "catalogue_item_id": entry.item_id, "stage": entry.stage, "duty": entry.duty}
        for entry in items
    )
