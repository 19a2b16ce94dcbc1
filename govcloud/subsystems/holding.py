"""The lock of an item: whoever opens access by it keeps it offered, and whoever withdraws it waits for them and ends what they opened."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.kernel.database import live_at
from govcloud.subsystems.models import CatalogueItem


def hold_item(session: Session, item_id: UUID, at: datetime) -> bool:
    """Keep an item from being withdrawn until the transaction ends; return whether it is offered still. After people, before grants."""
    query = select(CatalogueItem.id).where(CatalogueItem.id == item_id, live_at(CatalogueItem, at))
    return session.scalar(query.with_for_update(read=True)) is not None
