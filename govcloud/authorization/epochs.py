"""The epoch feed: one row for each change that decisions may not miss, written in the transaction of the change.

A decision says the epoch at which it was made, and whoever keeps one asks later what has changed since; so a number must not
become visible before every lower one has. Numbers are therefore drawn at the very end of a transaction, under a lock that is
held until it has committed: their order is that of the commits. As nothing is waited for after that lock, it cannot be part
of a deadlock, and it is held for one short statement and the commit.
"""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.authorization.models import EpochChange
from govcloud.kernel.unit_of_work import Transaction

#: Any fixed number: transactions that change rights meet at it (pg_advisory_xact_lock).
_LOCK = 0x65706F6368
#: Under this name a session keeps what its transaction has noted.
_NOTED = "govcloud epoch changes"


def note_change(tx: Transaction, kind: str, *, reduces: bool, official_id: UUID | None = None, subsystem_code: str | None = None) -> None:
    """Write the next epoch when the transaction ends.

    Args:
        tx: the transaction of the change.
        kind: what changed (``"policy"``, ``"grant"``, ``"role"``, ``"official"`` …).
        reduces: whether somebody may now do less; such changes are urgent.
        official_id: whom it touches; ``None``: everybody.
        subsystem_code: which subsystem it touches; ``None``: all.
    """
    changes: list[EpochChange] = tx.session.info.setdefault(_NOTED, [])
    changes.append(EpochChange(official_id=official_id, subsystem_code=subsystem_code, kind=kind, reduces=reduces, at=tx.now))
    if len(changes) == 1:
        tx.do_last(lambda: _write(tx.session))


def _write(session: Session) -> None:
    """Draw the numbers of all that the transaction noted."""
    session.execute(select(func.pg_advisory_xact_lock(_LOCK)))
    session.add_all(session.info.pop(_NOTED))
    session.flush()
