"""Writing a plan: new entries and versions by COPY, closed ones by one statement each, and an event for every entry touched."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import update

from govcloud.kernel.constraints import explained
from govcloud.kernel.copying import copy_rows
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_ids
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems import errors
from govcloud.subsystems.listing.entries import Entry
from govcloud.subsystems.listing.events import (
    PowerItemChanged,
    PowerItemRegistered,
    PowerItemWithdrawn,
    ServiceItemChanged,
    ServiceItemRegistered,
    ServiceItemWithdrawn,
)
from govcloud.subsystems.listing.kinds import IMPLEMENTATION, POWER, ListKind
from govcloud.subsystems.listing.planning import Change, Plan
from govcloud.subsystems.listing.standing import Standing
from govcloud.subsystems.offers.service_keys import follow_names


def write(tx: Transaction, plan: Plan, edition_id: UUID) -> None:
    """Bring a list to what ``plan`` says, under an edition that is entered already.

    Raises:
        Conflict: somebody entered the same code at the same moment; nothing is written.
    """
    kind = plan.kind
    for entry, fresh in zip(plan.new, new_ids(len(plan.new)), strict=True):
        entry.item_id = entry.item_id or fresh
    _close(tx, kind, [item.item_id for item in plan.withdrawn], edition_id)
    _close(tx, IMPLEMENTATION, [item.item_id for item in plan.carried], edition_id)
    _close_versions(tx, kind, [change.standing.item_id for change in plan.changed])
    with explained(errors.CONSTRAINTS):
        _enter(tx, kind, plan.new)
        _enter_versions(tx, kind, plan, edition_id)
    if kind is IMPLEMENTATION:
        follow_names(tx.session, {change.standing.item_id: str(change.facts["name"]) for change in plan.changed})
    tx.record_all(_events(plan, edition_id))


def _close(tx: Transaction, kind: ListKind, ids: Sequence[UUID], edition_id: UUID) -> None:
    """End the stay of entries on a list, and what they said."""
    if ids:
        tx.session.execute(_quietly(update(kind.item).where(kind.item.id.in_(ids)).values(valid_to=tx.now, ended_edition_id=edition_id)))
        _close_versions(tx, kind, ids)


def _close_versions(tx: Transaction, kind: ListKind, ids: Sequence[UUID]) -> None:
    if ids:
        live = (kind.owner_column.in_(ids), kind.version.valid_to.is_(None))
        tx.session.execute(_quietly(update(kind.version).where(*live).values(valid_to=tx.now)))


def _quietly(statement: Any) -> Any:  # noqa: ANN401 - an UPDATE
    """Return a statement on many rows, none of which the session holds."""
    return statement.execution_options(synchronize_session=False)


def _enter(tx: Transaction, kind: ListKind, entries: Sequence[Entry]) -> None:
    if not entries:
        return
    columns = {"id": "uuid", "code": "text", "department_id": "uuid", "valid_from": "timestamptz"}
    if kind is IMPLEMENTATION:
        columns["power_item_id"] = "uuid"
    rows = ((entry.item_id, entry.code, entry.department_id, tx.now, entry.power_item_id)[: len(columns)] for entry in entries)
    copy_rows(tx.session, kind.item.__tablename__, columns, rows)


def _enter_versions(tx: Transaction, kind: ListKind, plan: Plan, edition_id: UUID) -> None:
    said: list[tuple[UUID | None, int, dict[str, Any]]] = [(entry.item_id, 1, {**kind.facts, **entry.facts}) for entry in plan.new]
    said += [(change.standing.item_id, change.standing.version + 1, change.facts) for change in plan.changed]
    if not said:
        return
    columns = {"id": "uuid", kind.owner: "uuid", "version": "int4", "edition_id": "uuid", "valid_from": "timestamptz"}
    columns |= dict(zip(kind.facts, kind.types, strict=True))
    rows = (
        (key, item_id, version, edition_id, tx.now, *(facts[name] for name in kind.facts))
        for key, (item_id, version, facts) in zip(new_ids(len(said)), said, strict=True)
    )
    copy_rows(tx.session, kind.version.__tablename__, columns, rows)


def _events(plan: Plan, edition_id: UUID) -> list[Event]:
    registered, changed, withdrawn = _EVENTS[plan.kind.code]
    gone = _EVENTS[IMPLEMENTATION.code][2]
    return [
        *(registered(entry, edition_id) for entry in plan.new),
        *(changed(change, edition_id) for change in plan.changed),
        *(gone(item, edition_id) for item in plan.carried),
        *(withdrawn(item, edition_id) for item in plan.withdrawn),
    ]


def _power_registered(entry: Entry, edition_id: UUID) -> Event:
    item_id, department_id = _identified(entry)
    return PowerItemRegistered(
        subject=f"power_item:{item_id}",
        power_item_id=item_id,
        code=entry.code,
        kind=entry.facts["kind"],
        department_id=department_id,
        edition_id=edition_id,
    )


def _power_changed(change: Change, edition_id: UUID) -> Event:
    item = change.standing
    return PowerItemChanged(
        subject=f"power_item:{item.item_id}",
        power_item_id=item.item_id,
        code=item.code,
        department_id=item.department_id,
        version=item.version + 1,
        changed=change.changed,
        edition_id=edition_id,
    )


def _power_withdrawn(item: Standing, edition_id: UUID) -> Event:
    return PowerItemWithdrawn(
        subject=f"power_item:{item.item_id}",
        power_item_id=item.item_id,
        code=item.code,
        department_id=item.department_id,
        edition_id=edition_id,
    )


def _service_registered(entry: Entry, edition_id: UUID) -> Event:
    item_id, department_id = _identified(entry)
    if entry.power_item_id is None:
        raise ValueError(f"line {entry.line} rests on nothing")
    return ServiceItemRegistered(
        subject=f"service_item:{item_id}",
        service_item_id=item_id,
        code=entry.code,
        power_item_id=entry.power_item_id,
        department_id=department_id,
        edition_id=edition_id,
    )


def _service_changed(change: Change, edition_id: UUID) -> Event:
    item = change.standing
    return ServiceItemChanged(
        subject=f"service_item:{item.item_id}",
        service_item_id=item.item_id,
        code=item.code,
        department_id=item.department_id,
        version=item.version + 1,
        changed=change.changed,
        edition_id=edition_id,
    )


def _service_withdrawn(item: Standing, edition_id: UUID) -> Event:
    return ServiceItemWithdrawn(
        subject=f"service_item:{item.item_id}",
        service_item_id=item.item_id,
        code=item.code,
        department_id=item.department_id,
        edition_id=edition_id,
    )


def _identified(entry: Entry) -> tuple[UUID, UUID]:
    """Return the ids of an entry and of its department, which planning and writing have found."""
    if entry.item_id is None or entry.department_id is None:
        raise ValueError(f"line {entry.line} was not placed")
    return entry.item_id, entry.department_id


_EVENTS: dict[str, tuple[Callable[[Entry, UUID], Event], Callable[[Change, UUID], Event], Callable[[Standing, UUID], Event]]] = {
    POWER.code: (_power_registered, _power_changed, _power_withdrawn),
    IMPLEMENTATION.code: (_service_registered, _service_changed, _service_withdrawn),
}
