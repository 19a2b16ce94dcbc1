"""When a department goes into another: everything of the catalogue that it owned belongs to its successor."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import CursorResult, Select, Update, and_, func, select, text, update
from sqlalchemy.orm import Session, aliased

from govcloud.kernel.database import live_at
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.events import OwnerChanged
from govcloud.subsystems.listing.kinds import KINDS, ListKind
from govcloud.subsystems.listing.models import PowerItemVersion
from govcloud.subsystems.listing.standing import lock_lists
from govcloud.subsystems.models import CatalogueItem, CatalogueItemVersion, Matter, MatterVersion, PowerItem, ServiceItem, Subsystem

MOST_NAMED = 10


def change_owner(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
    """Hand over subsystems, items, lists and matters, in the transaction of the merger.

    A row keeps its id: requests, matters and grants name it. Of two entries of the power list with one code the successor's own
    stays, and what hung on the other hangs on it.
    """
    lock_lists(tx.session)
    subsystems = _moved(
        tx, update(Subsystem).where(Subsystem.owner_department_id == department_id).values(owner_department_id=successor_id)
    )
    mine = CatalogueItemVersion.owner_department_id == department_id
    items = _moved(tx, update(CatalogueItemVersion).where(mine).values(owner_department_id=successor_id))
    _join_power_items(tx, department_id, successor_id)
    lists = _moved(tx, update(PowerItem).where(PowerItem.department_id == department_id).values(department_id=successor_id))
    lists += _moved(tx, update(ServiceItem).where(ServiceItem.department_id == department_id).values(department_id=successor_id))
    led = MatterVersion.lead_department_id == department_id
    lists += _moved(tx, update(MatterVersion).where(led).values(lead_department_id=successor_id))
    if subsystems or items or lists:
        tx.record(
            OwnerChanged(
                subject=f"department:{department_id}",
                department_id=department_id,
                successor_id=successor_id,
                subsystems=subsystems,
                items=items,
                lists=lists,
            )
        )


def owned(session: Session, departments: Iterable[UUID], at: datetime) -> dict[str, tuple[int, tuple[str, ...]]]:
    """Return, by kind (``subsystems``, ``items``, ``lists``), how many things departments own and the names of the first."""
    wanted = list(departments)
    queries = {
        "subsystems": [select(Subsystem.name).where(Subsystem.owner_department_id.in_(wanted), Subsystem.status != "retired")],
        "items": [
            select(CatalogueItemVersion.name)
            .join(CatalogueItem, CatalogueItem.id == CatalogueItemVersion.item_id)
            .where(CatalogueItemVersion.owner_department_id.in_(wanted), live_at(CatalogueItemVersion, at), live_at(CatalogueItem, at))
        ],
        "lists": [
            *(_entries(kind, wanted, at) for kind in KINDS.values()),
            select(MatterVersion.name)
            .join(Matter, Matter.id == MatterVersion.matter_id)
            .where(MatterVersion.lead_department_id.in_(wanted), live_at(MatterVersion, at), live_at(Matter, at)),
        ],
    }
    return {kind: _counted(session, found) for kind, found in queries.items()}


def _entries(kind: ListKind, departments: Sequence[UUID], at: datetime) -> Select[str]:
    """Select the names of what stands on a list of ``departments`` at ``at``."""
    said = and_(kind.owner_column == kind.item.id, live_at(kind.version, at))
    return select(kind.version.name).join(kind.item, said).where(kind.item.department_id.in_(departments), live_at(kind.item, at))


def _counted(session: Session, queries: Sequence[Select[str]]) -> tuple[int, tuple[str, ...]]:
    names: list[str] = [name for query in queries for name in session.scalars(query.order_by(text("name")).limit(MOST_NAMED))][:MOST_NAMED]
    return sum(session.scalar(select(func.count()).select_from(query.subquery())) or 0 for query in queries), tuple(names)


def _join_power_items(tx: Transaction, department_id: UUID, successor_id: UUID) -> None:
    """Close those entries of the power list whose code the successor has itself, and point what hung on them there."""
    mine, theirs = aliased(PowerItem), aliased(PowerItem)
    same = (theirs.code == mine.code, theirs.department_id == successor_id, live_at(theirs, tx.now))
    query = select(mine.id, theirs.id.label("kept")).join(theirs, same[0]).where(*same[1:], mine.department_id == department_id)
    for row in tx.session.execute(query.where(live_at(mine, tx.now))).all():
        _moved(tx, update(ServiceItem).where(ServiceItem.power_item_id == row.id).values(power_item_id=row.kept))
        _moved(tx, update(PowerItem).where(PowerItem.id == row.id).values(valid_to=tx.now))
        said = update(PowerItemVersion).where(PowerItemVersion.power_item_id == row.id, PowerItemVersion.valid_to.is_(None))
        _moved(tx, said.values(valid_to=tx.now))


def _moved(tx: Transaction, statement: Update) -> int:
    done = tx.session.execute(statement.execution_options(synchronize_session=False))
    return done.rowcount if isinstance(done, CursorResult) else 0
