"""The epoch feed: one row for each change that decisions may not miss, written in the transaction of the change."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.models import EpochChange
from govcloud.kernel.unit_of_work import Transaction


def note_change(tx: Transaction, kind: str, *, reduces: bool, official_id: UUID | None = None, subsystem_code: str | None = None) -> None:
    """Write the next epoch.

    Args:
        tx: the transaction of the change.
        kind: what changed (``"policy"``, ``"grant"``, ``"role"`` …).
        reduces: whether somebody may now do less; such changes are urgent.
        official_id: whom it touches; ``None``: everybody.
        subsystem_code: which subsystem it touches; ``None``: all.
    """
    tx.session.add(EpochChange(official_id=official_id, subsystem_code=subsystem_code, kind=kind, reduces=reduces, at=tx.now))
