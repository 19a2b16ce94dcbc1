"""The commands of importing: a dry run, the writing in commands of at most ten thousand rows, and the differential sync."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import TypeVar
from uuid import UUID

from govcloud.identity import errors
from govcloud.identity.importing import runs, vanishing
from govcloud.identity.importing.events import ImportFinished, ImportOpened
from govcloud.identity.importing.known import Standing, places_named, standing_of
from govcloud.identity.importing.models import ImportFinding
from govcloud.identity.importing.people import Candidate, Checker, grouped
from govcloud.identity.importing.planning import Planner, Return
from govcloud.identity.importing.report import MOST_KEPT, Report, Summary
from govcloud.identity.importing.runs import ImportQueries, Order, RunView
from govcloud.identity.importing.seen import Seen
from govcloud.identity.importing.sources import Source
from govcloud.identity.importing.writing import AcceptHashes, lock, write
from govcloud.identity.locking import hold_departments
from govcloud.identity.queries import IdentityQueries
from govcloud.identity.working_life.orders import Order as Since
from govcloud.identity.working_life.rejoining import JOINED_AGAIN, Rejoining
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import MOST_ROWS
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

logger = logging.getLogger(__name__)

COMMAND = "govcloud:official:import"
#: A race with a single command is settled by looking again; more often than this it is something else.
_TRIES = 3
T = TypeVar("T")


@dataclass(frozen=True)
class Hooks:
    """What somebody beside the import wants to know or do: lines done so far, and whatever has to keep up between commands."""

    progress: Callable[[int], None] = lambda _: None
    between: Callable[[], object] = lambda: None


#: Nobody looks on.
QUIET = Hooks()


class Applying:
    """Imports people. Every command is one transaction of its own, so an import that is interrupted goes on where it stopped."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock, people: Rejoining, accept: AcceptHashes) -> None:
        """Take the unit of work, keys and clock, the single commands (disabling, coming back), and what keeps imported password hashes."""
        self._uow = uow
        self._keys = keys
        self._clock = clock
        self._people = people
        self._accept = accept
        self._identity = IdentityQueries(uow.read, keys, clock)
        self._queries = ImportQueries(uow.read)

    # The ways in

    def dry_run(self, actor: Actor, source: Source, order: Order, report: Report | None = None, hooks: Hooks = QUIET) -> Report:
        """Read a source through and say what applying it would do; nothing is written but the run with its report.

        Raises:
            Denied: the actor may not import into that department.
            Invalid: the source cannot be read; says where.
        """
        with self._command(actor, order) as tx:
            run = runs.open_run(tx, source, order, "checked")
        report = report or Report()
        report.run_id = run.id
        with self._failing(run):
            return self._dry(actor, source, run, report, hooks)

    def apply(self, actor: Actor, source: Source, order: Order, report: Report | None = None, hooks: Hooks = QUIET) -> RunView:
        """Import a source in commands of at most ten thousand rows; a person with a finding is left as registered.

        An interrupted run of the same file and order goes on where it stopped. A complete list is read through first: when more
        than ``order.allow_vanish`` percent of the people would be gone, nothing is written at all.

        Raises:
            Denied: the actor may not import into that department.
            Invalid: the source cannot be read on; what was written before stays, and says so.
            Conflict: too many would vanish, or another process is at the same run.
        """
        report = report or Report()
        if order.complete:
            self._threshold(actor, source, order)
        with self._command(actor, order) as tx:
            run = runs.open_run(tx, source, order, "running")
            if run.lines_done == 0:
                tx.record(opened(run))
        with self._failing(run):
            return self._apply(actor, source, run, report, hooks)

    # Reading and planning

    def _dry(self, actor: Actor, source: Source, run: RunView, report: Report, hooks: Hooks) -> Report:
        path = self._path(run.order)
        planner, seen_managed, named, missing = Planner(self._keys, path), 0, Seen(), list[UUID]()
        extent = vanishing.Extent(run.source, path)
        with self._checked(source, 0) as batches:
            for batch in batches:
                now = self._clock.now()
                standing = standing_of(self._uow.read(), batch, now)
                plan = planner.plan(batch, standing, now)
                for official_id in self._managed(batch, standing, run, path) if run.mode == "sync" else ():
                    seen_managed += 1
                    named.add(official_id.bytes)
                report.summary.add(plan.summary)
                report.take(plan.findings)
                hooks.progress(report.summary.lines)
        if run.mode == "sync":
            report.summary.vanished = max(0, extent.managed(self._uow.read(), self._clock.now()) - seen_managed)
        if report.summary.vanished:
            most = min(report.summary.vanished, vanishing.MOST_NAMED)
            missing = extent.first_missing(self._uow.read(), self._clock.now(), named, most)
        with self._command(actor, run.order) as tx:
            # What an earlier reading of the same upload found is replaced.
            tx.session.execute(ImportFinding.__table__.delete().where(ImportFinding.run_id == run.id))  # type: ignore[attr-defined]
            runs.keep_findings(tx.session, run.id, report.findings, 0)
            runs.set_state(tx, run.id, "checked", summary=report.summary, missing=missing)
        return report

    def _managed(self, batch: Iterable[Candidate], standing: Standing, run: RunView, path: str | None) -> list[UUID]:
        """Return those of a batch who are among the people whom a complete list must name."""
        now = self._clock.now()
        known = {person.code: standing.people[person.code] for person in batch if person.code in standing.people}
        active = [one for one in known.values() if one.status == "active" and one.version_ends_at is None]
        if path is None:
            return [one.id for one in active if one.source == run.source]
        return [one.id for one in active if any(place.startswith(path) for place in one.live_paths(now))]

    def _threshold(self, actor: Actor, source: Source, order: Order) -> None:
        """Read a complete list through before anything is written.

        Raises:
            Conflict: too many would vanish.
        """
        report = self.dry_run(actor, source, order)
        extent = vanishing.Extent(order.source, self._path(order))
        managed = extent.managed(self._uow.read(), self._clock.now())
        vanishing.check_share(report.summary.vanished, managed, order.allow_vanish)

    # Writing

    def _apply(self, actor: Actor, source: Source, run: RunView, report: Report, hooks: Hooks) -> RunView:
        report.summary.add(run.summary)
        planner = Planner(self._keys, self._path(run.order), run.id)
        with self._checked(source, run.lines_done) as batches:
            for batch in batches:
                self._write(actor, run, planner, batch, report)
                hooks.progress(report.summary.lines)
                hooks.between()
        if run.mode == "sync":
            self._disable_missing(actor, run, report, hooks)
        with self._command(actor, run.order) as tx:
            runs.set_state(tx, run.id, "done", summary=report.summary)
            tx.record(_finished(run, report.summary))
        hooks.between()
        return self._queries.run(run.id)

    def _write(self, actor: Actor, run: RunView, planner: Planner, batch: list[Candidate], report: Report) -> None:
        """Run one command; one that another command overtook looks again."""
        for attempt in range(_TRIES):
            try:
                self._write_once(actor, run, planner, batch, report)
            except Conflict as error:
                if error.code != "already_exists" or attempt == _TRIES - 1:
                    raise
            else:
                return

    def _write_once(self, actor: Actor, run: RunView, planner: Planner, batch: list[Candidate], report: Report) -> None:
        with self._command(actor, run.order) as tx:
            # No department is dissolved between the looking and the writing.
            hold_departments(tx.session, places_named(tx.session, batch))
            plan = planner.plan(batch, standing_of(tx.session, batch, tx.now), tx.now)
            if touched := plan.touched():
                # What stands may have changed before the locks were held, so it is looked at again under them.
                lock(tx.session, touched)
                plan = planner.plan(batch, standing_of(tx.session, batch, tx.now), tx.now)
            write(tx, plan, run.source, run.id, self._accept)
            for item in plan.returns:
                self._return(actor, item, tx.now)
            summary = Summary(**report.summary.stored())
            summary.add(plan.summary)
            kept = plan.findings[: max(0, MOST_KEPT - report.summary.findings)]
            summary.findings += len(plan.findings)
            runs.advance(tx, run.id, report.summary.lines, summary, kept)
        report.take(plan.findings)
        report.summary = summary

    def _return(self, actor: Actor, item: Return, now: datetime) -> None:
        """Let somebody who left come back, from when the first of the new places begins."""
        if item.places:
            at = min(place.starts_at or now for place in item.places)
            self._people.rejoin(actor, item.known.id, item.places, Since(JOINED_AGAIN, at))
        if item.facts is not None:
            self._people.change_official(actor, item.known.id, item.facts)

    def _disable_missing(self, actor: Actor, run: RunView, report: Report, hooks: Hooks) -> None:
        """Disable who is gone, a few hundred a command; sessions and grants end with each, by the event."""
        extent = vanishing.Extent(run.source, self._path(run.order))
        if report.summary.vanished == 0:
            now = self._clock.now()
            gone = extent.count_missing(self._uow.read(), now, run.id)
            vanishing.check_share(gone, extent.managed(self._uow.read(), now), run.allow_vanish)
        while True:
            with self._command(actor, run.order) as tx:
                gone_now = extent.missing(tx.session, tx.now, run.id, vanishing.BATCH)
                if gone_now:
                    report.summary.vanished += len(self._people.disable_officials(actor, gone_now, vanishing.REASON))
                if gone_now:
                    runs.advance(tx, run.id, report.summary.lines, report.summary, ())
            hooks.between()
            if len(gone_now) < vanishing.BATCH:
                return

    # Parts of the above

    @contextmanager
    def _failing(self, run: RunView) -> Iterator[None]:
        """Let a run end as failed when it is refused, with the sentence for people; what was written before stands."""
        try:
            yield
        except GovcloudError as error:
            if error.code != runs.MOVED_ON:
                with self._uow.begin(Actor.system("jobs"), "govcloud:import:work") as tx:
                    runs.set_state(tx, run.id, "failed", error=error)
            raise

    @contextmanager
    def _command(self, actor: Actor, order: Order) -> Iterator[Transaction]:
        """Open one command within the department that the import is bound to."""
        path = self._path(order)
        with self._uow.begin(actor, COMMAND, Target("official", "batch", path)) as tx:
            yield tx

    def _path(self, order: Order) -> str | None:
        if order.department_id is None:
            return None
        view = self._identity.department(order.department_id)
        if view is None:
            raise errors.department_missing(order.department_id)
        return view.path

    @contextmanager
    def _checked(self, source: Source, skip: int) -> Iterator[Iterator[list[Candidate]]]:
        """Give batches of checked people; the next one is read, checked and sealed while the caller writes the one before."""
        checker = Checker(self._keys, self._clock.now())
        records = islice(source.records(), skip, None)
        people = (checker.check(group) for group in grouped(records))
        with ThreadPoolExecutor(1, thread_name_prefix="import") as beside:
            yield _ahead(_batches(people), beside)


def _batches(people: Iterable[Candidate]) -> Iterator[list[Candidate]]:
    """Cut people into commands of at most ten thousand rows."""
    batch: list[Candidate] = []
    rows = 0
    for person in people:
        if rows + person.records > MOST_ROWS:
            yield batch
            batch, rows = [], 0
        batch.append(person)
        rows += person.records
    if batch:
        yield batch


def _ahead(items: Iterator[T], beside: ThreadPoolExecutor) -> Iterator[T]:
    """Give ``items``, each made while the one before is being used."""
    end = object()
    coming = beside.submit(next, items, end)
    while (item := coming.result()) is not end:
        coming = beside.submit(next, items, end)
        yield item  # type: ignore[misc]  # it is not the mark


def opened(run: RunView) -> ImportOpened:
    """Return the event that a file begins to be imported."""
    return ImportOpened(subject=f"import:{run.id}", run_id=run.id, source=run.source, file_name=run.name, sha256=run.sha256, mode=run.mode)


def _finished(run: RunView, summary: Summary) -> ImportFinished:
    return ImportFinished(
        subject=f"import:{run.id}",
        run_id=run.id,
        source=run.source,
        new=summary.new,
        changed=summary.changed,
        unchanged=summary.unchanged,
        refused=summary.refused,
        begun=summary.begun,
        ended=summary.ended,
        vanished=summary.vanished,
    )


__all__ = ["COMMAND", "QUIET", "Applying", "Hooks", "opened"]
