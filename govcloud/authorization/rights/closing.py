"""Ending grants as a set: a handful of statements however many they are; final, idempotent, and it wins over what happens beside it.

A grant that is closed or over stays as it is. The rows are held in the order of their ids; whoever waited for one looks at it again
and finds it closed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import ColumnElement, Uuid, any_, func, literal, select, update
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import InstrumentedAttribute

from govcloud.authorization.deciding.facts import not_over
from govcloud.authorization.epochs import note_change
from govcloud.authorization.events import GrantClosed
from govcloud.authorization.models import AccessGrant
from govcloud.kernel.unit_of_work import Transaction


@dataclass(frozen=True, slots=True)
class Ended:
    """A grant that was ended just now."""

    id: UUID
    line_id: UUID | None
    official_id: UUID
    subsystem_code: str
    function: str
    chain: str | None


_COLUMNS = (
    AccessGrant.id,
    AccessGrant.line_id,
    AccessGrant.official_id,
    AccessGrant.subsystem_code,
    AccessGrant.function,
    AccessGrant.chain,
)


def among(column: InstrumentedAttribute[UUID] | InstrumentedAttribute[UUID | None], ids: Sequence[UUID]) -> ColumnElement[bool]:
    """Return the condition that a column is one of ``ids``, sent as one array: thousands of ids make no statement of thousands of words."""
    return column == any_(literal(list(ids), ARRAY(Uuid)))


def close_open(tx: Transaction, reason: str, *which: ColumnElement[bool], by: str | None = None) -> list[Ended]:
    """End the open grants that ``which`` names, and return them.

    Args:
        tx: the command that ends them.
        reason: why, as the grants and the record keep it.
        which: conditions on ``AccessGrant``.
        by: who ended them, where that is not the actor of ``tx``.
    """
    # One that has ended may still let work be finished: whoever takes it away ends that as well.
    still_open = (AccessGrant.valid_to.is_(None), not_over(tx.now))
    rows = tx.session.execute(select(*_COLUMNS).where(*which, *still_open).order_by(AccessGrant.id).with_for_update()).all()
    if not rows:
        return []
    ended = [Ended(*row) for row in rows]
    values = {
        "valid_to": func.greatest(tx.now, AccessGrant.valid_from),
        "closed_by": by or tx.actor.reference,
        "close_reason": reason,
    }
    change = update(AccessGrant).where(among(AccessGrant.id, [item.id for item in ended])).values(values)
    tx.session.execute(change.execution_options(synchronize_session=False))
    touched: dict[str, set[UUID]] = defaultdict(set)
    for item in ended:
        touched[item.subsystem_code].add(item.official_id)
    for subsystem_code, officials in touched.items():
        note_change(tx, "grant", reduces=True, officials=officials, subsystem_code=subsystem_code)
    tx.record_all([_closed(item, reason) for item in ended])
    return ended


def _closed(item: Ended, reason: str) -> GrantClosed:
    return GrantClosed(
        subject=f"official:{item.official_id}",
        chain=item.chain,
        grant_id=item.id,
        line_id=item.line_id,
        official_id=item.official_id,
        subsystem_code=item.subsystem_code,
        function=item.function,
        reason=reason,
    )
