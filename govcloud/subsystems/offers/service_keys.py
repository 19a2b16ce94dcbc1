"""Names of the service items that functions rest on, for the search: entered when one is bound, and anew when an edition renames it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import bindparam, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from govcloud.subsystems.models import ServiceItemKey
from govcloud.subsystems.sought import sought


def keep_names(session: Session, names: Mapping[UUID, str]) -> None:
    """Let service items, by id, be found by their names from now on."""
    if names:
        rows = [{"service_item_id": key, "name": name, **sought(name)} for key, name in sorted(names.items())]
        session.execute(insert(ServiceItemKey).values(rows).on_conflict_do_nothing())


def follow_names(session: Session, names: Mapping[UUID, str]) -> None:
    """Write the new names of those service items that can be found; most of a list cannot, as no function rests on them."""
    found = session.scalars(select(ServiceItemKey.service_item_id).where(ServiceItemKey.service_item_id.in_(names))).all() if names else ()
    if found:
        rows = [{"key": key, "name": names[key], **sought(names[key])} for key in sorted(found)]
        statement = update(ServiceItemKey).where(ServiceItemKey.service_item_id == bindparam("key"))
        session.connection().execute(statement, rows)
