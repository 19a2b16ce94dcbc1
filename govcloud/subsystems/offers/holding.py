"""The lock of an item: whoever opens access by it keeps it offered, and whoever withdraws it waits for them and ends what they opened.

It comes after people and before the lines and grants that hang on the item (``authorization/locking.py``).
"""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, Select, bindparam, select
from sqlalchemy.orm import Session

from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Prepared
from govcloud.subsystems.models import CatalogueItem

_HOLD = Prepared(
    select(CatalogueItem.id)
    .where(CatalogueItem.id == bindparam("item"), live_at(CatalogueItem, bindparam("at", type_=DateTime(timezone=True))))
    .with_for_update(read=True)
)


def hold_items(session: Session, wanted: Select[UUID]) -> None:
    """Keep the items whose ids ``wanted`` selects as they are until the transaction ends, in the order of their ids."""
    query = select(CatalogueItem.id).where(CatalogueItem.id.in_(wanted)).order_by(CatalogueItem.id)
    session.execute(query.with_for_update(read=True, of=CatalogueItem)).all()


def hold_item(session: Session, item_id: UUID, at: datetime) -> bool:
    """Keep an item from being withdrawn until the transaction ends; return whether it is offered still."""
    return bool(_HOLD.within(session, {"item": item_id, "at": at}))
