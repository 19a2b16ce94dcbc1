"""Tells beforehand what time will do: a grant will end, a delegation begins or ends, a rule that was signed in advance runs out.

Each is told once, however often or seldom the job runs. A mark says up to which moment of that kind it has been told; it moves on in
the transaction of the notices, so that a stop in between tells nobody twice and forgets nobody. What was made behind the mark is
shorter than the warning, and gets none.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid5

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.access.clocks.working_time import missing_year
from govcloud.access.deciding.routing import nearest
from govcloud.access.events import CalendarMissing
from govcloud.access.loading import FactsLoader
from govcloud.access.notices.kinds import KINDS
from govcloud.access.notices.models import NoticeMark
from govcloud.access.notices.telling import Draft, Telling
from govcloud.access.tasks.models import ApprovalRule, Delegation
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True)
class Stretch:
    """What is told of at once: the moments in ``(since, until]``, which lie ``ahead`` of the telling."""

    kind: str
    since: datetime
    until: datetime
    ahead: timedelta


@dataclass(frozen=True)
class Announced:
    """A kind of notice that time brings: how far ahead, and whether what was missed is told of late."""

    ahead: timedelta
    find: Callable[[Announcing, Transaction, Stretch], Iterable[Draft]]
    late: bool = False


#: So much of the time ahead one transaction takes: after a long stop there is much to tell.
_SLICE = timedelta(hours=6)


class Announcing:
    """The warnings; several processes may run it."""

    def __init__(self, uow: UnitOfWork, clock: Clock, facts: FactsLoader, telling: Telling, years: Callable[[], Collection[int]]) -> None:
        """Take the unit of work, the clock, the loader of facts, what writes notices, and what gives the years whose days are known."""
        self._years = years
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._telling = telling

    def run(self, actor: Actor, until: Callable[[], bool] = lambda: False) -> int:
        """Tell of everything that has come near; return of how many. ``until`` is asked between slices whether to leave the rest.

        Raises:
            Denied: the actor is not the job.
        """
        self._note_missing_year(actor)
        told = 0
        for kind, announced in ANNOUNCED.items():
            while not until():
                done = self._slice(actor, kind, announced)
                if done is None:
                    break
                told += done
        return told

    def _note_missing_year(self, actor: Actor) -> None:
        """Put on record, once, that nobody has imported the days of a year that is near."""
        year = missing_year(self._years(), self._clock.now())
        if year is None:
            return
        kind = f"calendar_{year}"
        if self._uow.read().get(NoticeMark, kind) is not None:
            return
        with self._uow.begin(actor, "govcloud:notice:announce", Target("notice_mark", kind)) as tx:
            new = insert(NoticeMark).values(kind=kind, until=tx.now).on_conflict_do_nothing()
            if tx.session.scalar(new.returning(NoticeMark.kind)) is not None:
                tx.record(CalendarMissing(subject="work_calendar:province", year=year))

    def _slice(self, actor: Actor, kind: str, announced: Announced) -> int | None:
        """Tell of the next slice; ``None`` when the mark has come as far as it goes now, or another process moves it."""
        with self._uow.begin(actor, "govcloud:notice:announce", Target("notice_mark", kind)) as tx:
            mark, ahead = _held(tx, kind), announced.ahead
            if mark is None or mark >= tx.now + ahead:
                return None
            # What ended while nobody told of it needs no warning any more.
            since = mark if announced.late else max(mark, tx.now)
            until = min(since + _SLICE, tx.now + ahead)
            drafts = list(announced.find(self, tx, Stretch(kind, since, until, ahead)))
            self._telling.write(tx, drafts)
            tx.session.execute(update(NoticeMark).where(NoticeMark.kind == kind).values(until=until))
            return len({draft.event_id for draft in drafts})

    # What is found

    def grants(self, _tx: Transaction, stretch: Stretch) -> Iterable[Draft]:
        """Return what is told to the holders of grants that will end."""
        found = self._facts.authorization.ending(stretch.since, stretch.until, at_least=stretch.ahead)
        link = KINDS[stretch.kind].link
        for grant in found:
            event_id = uuid5(grant.id, stretch.kind)
            yield Draft(grant.official_id, stretch.kind, {}, link, event_id, line_id=grant.line_id, grant_id=grant.id)

    def beginnings(self, tx: Transaction, stretch: Stretch) -> Iterable[Draft]:
        """Return what is told to both people of delegations that were made ahead and begin now."""
        begun = (Delegation.starts_at > stretch.since, Delegation.starts_at <= stretch.until, Delegation.starts_at > Delegation.created_at)
        holding = (Delegation.ended_at.is_(None), Delegation.ends_at > tx.now)
        return _to_both(stretch, tx.session.scalars(select(Delegation).where(*begun, *holding).order_by(Delegation.id)))

    def endings(self, tx: Transaction, stretch: Stretch) -> Iterable[Draft]:
        """Return what is told to both people of delegations that will end."""
        ending = (Delegation.ends_at > stretch.since, Delegation.ends_at <= stretch.until, Delegation.ended_at.is_(None))
        lasting = Delegation.ends_at - Delegation.starts_at > stretch.ahead
        return _to_both(stretch, tx.session.scalars(select(Delegation).where(*ending, lasting).order_by(Delegation.id)))

    def rules(self, tx: Transaction, stretch: Stretch) -> Iterable[Draft]:
        """Return what is told of rules that will run out: to whoever signed them, and to the owner's senior administrators."""
        ending = (ApprovalRule.ends_at > stretch.since, ApprovalRule.ends_at <= stretch.until, ApprovalRule.ended_at.is_(None))
        lasting = ApprovalRule.ends_at - ApprovalRule.signed_at > stretch.ahead
        for rule in tx.session.scalars(select(ApprovalRule).where(*ending, lasting).order_by(ApprovalRule.id)):
            path = self._facts.department_path(rule.owner_department_id, tx.now)
            office = {holder.official_id for holder in nearest(path, self._facts.deciders(path, (), tx.now))}
            yield from _to(stretch, {*office, rule.official_id}, rule.id, "rule_id")


def _to_both(stretch: Stretch, rows: Iterable[Delegation]) -> Iterable[Draft]:
    for row in rows:
        yield from _to(stretch, {row.delegator_id, row.delegate_id}, row.id, "delegation_id")


def _to(stretch: Stretch, people: set[UUID], key: UUID, name: str) -> Iterable[Draft]:
    for official_id in sorted(people):
        yield Draft(official_id, stretch.kind, {name: str(key)}, KINDS[stretch.kind].link, uuid5(key, stretch.kind))


ANNOUNCED: Mapping[str, Announced] = {
    "ends_in_7_days": Announced(timedelta(days=7), Announcing.grants),
    "ends_in_1_day": Announced(timedelta(days=1), Announcing.grants),
    "lending_begins": Announced(timedelta(0), Announcing.beginnings, late=True),
    "lending_ends": Announced(timedelta(days=1), Announcing.endings),
    "rule_ends": Announced(timedelta(days=7), Announcing.rules),
}


def _held(tx: Transaction, kind: str) -> datetime | None:
    """Return the mark, held until the transaction ends; ``None`` when another process holds it."""
    new = insert(NoticeMark).values(kind=kind, until=tx.now)
    tx.session.execute(new.on_conflict_do_nothing())
    return tx.session.scalar(select(NoticeMark.until).where(NoticeMark.kind == kind).with_for_update(skip_locked=True))
