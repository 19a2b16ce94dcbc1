"""Forgets notices that are old: read ones some months after they were read, the others after more than a year."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select

from govcloud.access.notices.models import Notice
from govcloud.kernel.actor import Actor
from govcloud.kernel.unit_of_work import UnitOfWork

PURGE = "govcloud:notice:purge"
BATCH = 2_000


@dataclass(frozen=True)
class Keeping:
    """How long notices are kept: once they were read, and at all."""

    read: timedelta
    unread: timedelta


class Forgetting:
    """The command of the job that deletes them; several processes may run it."""

    def __init__(self, uow: UnitOfWork, keeping: Keeping) -> None:
        """Take the unit of work, and how long notices are kept."""
        self._uow = uow
        self._keeping = keeping

    def purge(self, actor: Actor) -> int:
        """Delete one batch of notices that have been kept long enough; return how many went.

        What happened stands in the audit record; a notice only told of it.

        Raises:
            Denied: the actor may not purge.
        """
        with self._uow.begin(actor, PURGE) as tx:
            read = select(Notice.id).where(Notice.read_at <= tx.now - self._keeping.read).order_by(Notice.read_at)
            old = select(Notice.id).where(Notice.created_at <= tx.now - self._keeping.unread).order_by(Notice.created_at)
            for query in (read, old):
                # What somebody reads or settles just now is not waited for; it is as old at the next run.
                batch = query.limit(BATCH).with_for_update(skip_locked=True)
                gone = tx.session.execute(delete(Notice).where(Notice.id.in_(batch)).returning(Notice.id)).all()
                if gone:
                    return len(gone)
            return 0
