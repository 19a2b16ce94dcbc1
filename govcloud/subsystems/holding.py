"""The lock of an item: whoever opens access by it keeps it offered, and whoever withdraws it waits for them and ends what they opened."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import DateTime, bindparam, select
from sqlalchemy.orm import Session

from govcloud.kernel.database import live_at
from govcloud.kernel.prepared import Prepared
from govcloud.subsystems.models import CatalogueItem

_HOLD = Prepared(
    select(CatalogueItem.id)
    .where(CatalogueItem.id == bindparam("item"), live_at(CatalogueItem, bindparam("at", type_=DateTime(timezone=True))))
    .with_for_update(read=True)
)


def hold_item(session: Session, item_id: UUID, at: datetime) -> bool:
    """Keep an item from being withdrawn until the transaction ends; return whether it is offered still. After people, before grants."""
    return bool(_HOLD.within(session, {"item": item_id, "at": at}))
