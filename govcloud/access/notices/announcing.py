"""Tells holders beforehand that a grant will end: a week and a day before, each once, however often or seldom the job runs.

A mark says up to which moment ends have been told of; it moves on in the transaction of the notices, so that a stop in between
tells nobody twice and forgets nobody. A grant that was opened behind the mark is shorter than the warning, and gets none.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from uuid import uuid5

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.access.notices.kinds import KINDS
from govcloud.access.notices.models import NoticeMark
from govcloud.access.notices.telling import Draft, Telling
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

AHEAD = {"ends_in_7_days": timedelta(days=7), "ends_in_1_day": timedelta(days=1)}
#: So much of the time ahead one transaction takes: after a long stop there is much to tell.
_SLICE = timedelta(hours=6)


class Announcing:
    """The warnings before the end; several processes may run it."""

    def __init__(self, uow: UnitOfWork, clock: Clock, authorization: AuthorizationQueries, telling: Telling) -> None:
        """Take the unit of work, the clock, what knows the grants, and what writes notices."""
        self._uow = uow
        self._clock = clock
        self._authorization = authorization
        self._telling = telling

    def run(self, actor: Actor, until: Callable[[], bool] = lambda: False) -> int:
        """Tell of every end that has come near; return of how many. ``until`` is asked between slices whether to leave the rest.

        Raises:
            Denied: the actor is not the job.
        """
        told = 0
        for kind, ahead in AHEAD.items():
            while not until():
                done = self._slice(actor, kind, ahead)
                if done is None:
                    break
                told += done
        return told

    def _slice(self, actor: Actor, kind: str, ahead: timedelta) -> int | None:
        """Tell of the ends of the next slice; ``None`` when the mark has come as far as it goes now, or another process moves it."""
        with self._uow.begin(actor, "govcloud:notice:announce", Target("notice_mark", kind)) as tx:
            mark = _held(tx, kind)
            if mark is None or mark >= tx.now + ahead:
                return None
            # What ended while nobody told of it needs no warning any more.
            since = max(mark, tx.now)
            until = min(since + _SLICE, tx.now + ahead)
            ending = self._authorization.ending(since, until, at_least=ahead)
            link = KINDS[kind].link
            self._telling.write(
                tx,
                [
                    Draft(grant.official_id, kind, {}, link, uuid5(grant.id, kind), line_id=grant.line_id, grant_id=grant.id)
                    for grant in ending
                ],
            )
            tx.session.execute(update(NoticeMark).where(NoticeMark.kind == kind).values(until=until))
            return len(ending)


def _held(tx: Transaction, kind: str) -> datetime | None:
    """Return the mark, held until the transaction ends; ``None`` when another process holds it."""
    new = insert(NoticeMark).values(kind=kind, until=tx.now)
    tx.session.execute(new.on_conflict_do_nothing())
    return tx.session.scalar(select(NoticeMark.until).where(NoticeMark.kind == kind).with_for_update(skip_locked=True))
