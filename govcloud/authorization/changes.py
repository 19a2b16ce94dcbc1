"""The number of the last change that decisions may not miss: every command that changes a right writes the next one."""

from __future__ import annotations

from uuid import UUID

from govcloud.authorization.models import EpochChange
from govcloud.kernel.unit_of_work import Transaction


def note_change(tx: Transaction, kind: str, *, reduces: bool, official_id: UUID | None = None, subsystem_code: str | None = None) -> None:
    """Write the change in the transaction that makes it; ``reduces`` says that somebody may do less than before."""
    tx.session.add(EpochChange(official_id=official_id, subsystem_code=subsystem_code, kind=kind, reduces=reduces, at=tx.now))
