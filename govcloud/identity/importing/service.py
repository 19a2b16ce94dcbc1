"""The commands of importing: a dry run, the writing in commands of at most ten thousand rows, and the differential sync."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

from sqlalchemy import select, update

from govcloud.identity import errors
from govcloud.identity.importing import runs, vanishing
from govcloud.identity.importing.events import ImportFinished, ImportOpened
from govcloud.identity.importing.known import Standing, standing_of
from govcloud.identity.importing.models import ImportFinding, ImportRun
from govcloud.identity.importing.people import Candidate, Checker, grouped
from govcloud.identity.importing.planning import Planner
from govcloud.identity.importing.report import MOST_KEPT, Report, Summary
from govcloud.identity.importing.runs import ImportQueries, Order, RunView
from govcloud.identity.importing.sources import Source, examine
from govcloud.identity.importing.writing import AcceptHashes, lock, write
from govcloud.identity.people import People
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import MOST_ROWS
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
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


_QUIET = Hooks()


class Importing:
    """Imports people. Every command is one transaction of its own, so an import that is interrupted goes on where it stopped."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock, people: People, accept: AcceptHashes) -> None:
        """Take the unit of work, keys and clock, the single commands (disabling), and what keeps imported password hashes."""
        self._uow = uow
        self._keys = keys
        self._clock = clock
        self._people = people
        self._accept = accept
        self._identity = IdentityQueries(uow.read, keys, clock)
        self._queries = ImportQueries(uow.read)

    # The ways in

    def dry_run(self, actor: Actor, source: Source, order: Order, report: Report | None = None, hooks: Hooks = _QUIET) -> Report:
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

    def apply(self, actor: Actor, source: Source, order: Order, report: Report | None = None, hooks: Hooks = _QUIET) -> RunView:
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
                tx.record(_opened(run))
        with self._failing(run):
            return self._apply(actor, source, run, report, hooks)

    def upload(self, actor: Actor, path: Path, name: str, order: Order) -> RunView:
        """Take a file in, sealed, to be checked and confirmed later.

        Raises:
            Denied: the actor may not import into that department.
            Invalid: the file is of no kind that is read.
        """
        source = examine(path, name)
        with self._command(actor, order) as tx:
            run = runs.open_run(tx, source, order, "uploaded")
            runs.keep_upload(tx.session, self._keys, run.id, path)
        return run

    def check(self, run_id: UUID) -> RunView:
        """Read an uploaded file through, with the rights of whoever uploaded it; a file that cannot be read fails the run."""
        run = self._queries.run(run_id)
        return self._settled(run, lambda source: self._dry(run.actor, source, run, Report(), _QUIET))

    def confirm(self, actor: Actor, run_id: UUID, allow_vanish: float | None = None) -> None:
        """Let a checked upload be applied by the jobs, as the actor.

        Raises:
            Denied: the actor may not import into that department.
            Conflict: it was not checked, or is under way already.
        """
        run = self._queries.run(run_id)
        with self._command(actor, run.order) as tx:
            wanted = update(ImportRun).where(ImportRun.id == run_id, ImportRun.state == "checked")
            values = {
                "state": "queued",
                "updated_at": tx.now,
                "lines_done": 0,
                "summary": Summary().stored(),
                "actor": runs.actor_row(actor),
            }
            if allow_vanish is not None:
                values["allow_vanish"] = allow_vanish
            if tx.session.scalar(wanted.values(**values).returning(ImportRun.id)) is None:
                raise _not_checked()

    def discard(self, actor: Actor, run_id: UUID) -> None:
        """Throw an upload away that is not to be applied; raises ``Denied``."""
        run = self._queries.run(run_id)
        with self._command(actor, run.order) as tx:
            if run.state not in {"uploaded", "checked"}:
                raise _not_checked()
            runs.set_state(tx, run_id, "discarded", summary=run.summary)

    def work(self, actor: Actor, hooks: Hooks = _QUIET) -> int:
        """Take up what waits: check uploads, apply what was confirmed, go on with what was interrupted; return how many runs."""
        taken = 0
        while (run_id := self._take(actor)) is not None:
            run = self._queries.run(run_id)
            if run.state == "uploaded":
                self.check(run_id)
            else:
                self._settled(run, lambda source, run=run: self._apply_upload(source, run, hooks))  # type: ignore[misc]
            taken += 1
        return taken

    # Reading and planning

    def _dry(self, actor: Actor, source: Source, run: RunView, report: Report, hooks: Hooks) -> Report:
        path = self._path(run.order)
        planner, seen_managed = Planner(self._keys, path), 0
        extent = vanishing.Extent(run.source, path)
        with self._checked(source, 0) as batches:
            for batch in batches:
                now = self._clock.now()
                standing = standing_of(self._uow.read(), batch, now)
                plan = planner.plan(batch, standing, now)
                seen_managed += self._managed(batch, standing, run, path)
                report.summary.add(plan.summary)
                report.take(plan.findings)
                hooks.progress(report.summary.lines)
        if run.mode == "sync":
            report.summary.vanished = max(0, extent.managed(self._uow.read(), self._clock.now()) - seen_managed)
        with self._command(actor, run.order) as tx:
            # What an earlier reading of the same upload found is replaced.
            tx.session.execute(ImportFinding.__table__.delete().where(ImportFinding.run_id == run.id))  # type: ignore[attr-defined]
            runs.keep_findings(tx.session, run.id, report.findings, 0)
            runs.set_state(tx, run.id, "checked", summary=report.summary)
        return report

    def _managed(self, batch: Iterable[Candidate], standing: Standing, run: RunView, path: str | None) -> int:
        """Return how many people of a batch are among those whom a complete list must name."""
        now = self._clock.now()
        known = {person.code: standing.people[person.code] for person in batch if person.code in standing.people}
        active = [one for one in known.values() if one.status == "active" and one.version_ends_at is None]
        if path is None:
            return sum(one.source == run.source for one in active)
        return sum(any(place.startswith(path) for place in one.live_paths(now)) for one in active)

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
            plan = planner.plan(batch, standing_of(tx.session, batch, tx.now), tx.now)
            if touched := plan.touched():
                # What stands may have changed before the locks were held, so it is looked at again under them.
                lock(tx.session, touched)
                plan = planner.plan(batch, standing_of(tx.session, batch, tx.now), tx.now)
            write(tx, plan, run.source, run.id, self._accept)
            summary = Summary(**report.summary.stored())
            summary.add(plan.summary)
            kept = plan.findings[: max(0, MOST_KEPT - report.summary.findings)]
            summary.findings += len(plan.findings)
            runs.advance(tx, run.id, report.summary.lines, summary, kept)
        report.take(plan.findings)
        report.summary = summary

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
                for official_id in gone_now:
                    self._people.disable_official(actor, official_id, vanishing.REASON)
                report.summary.vanished += len(gone_now)
                if gone_now:
                    runs.advance(tx, run.id, report.summary.lines, report.summary, ())
            hooks.between()
            if len(gone_now) < vanishing.BATCH:
                return

    # Uploads and jobs

    def _take(self, actor: Actor) -> UUID | None:
        """Claim the oldest run that waits, by a fresh sign of life."""
        with self._uow.begin(actor, "govcloud:import:work") as tx:
            row = tx.session.scalar(
                select(ImportRun).where(runs.waiting(tx.now)).order_by(ImportRun.created_at).limit(1).with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.updated_at = tx.now
            if row.state == "queued":
                row.state = "running"
            tx.session.flush()
            return row.id

    def _apply_upload(self, source: Source, run: RunView, hooks: Hooks) -> None:
        if run.lines_done == 0:
            with self._command(run.actor, run.order) as tx:
                # The report of the dry run gives way to that of the writing.
                tx.session.execute(ImportFinding.__table__.delete().where(ImportFinding.run_id == run.id))  # type: ignore[attr-defined]
                tx.record(_opened(run))
        self._apply(run.actor, source, run, Report(), hooks)

    def _settled(self, run: RunView, act: Callable[[Source], object]) -> RunView:
        """Act on a kept upload; a refusal is what the run ends with."""
        with tempfile.TemporaryDirectory(prefix="govcloud-import-") as folder:
            path = Path(folder) / "upload"
            runs.restore_upload(self._uow.read(), self._keys, run.id, path)
            try:
                with self._failing(run):
                    act(examine(path, run.name))
            except GovcloudError as error:
                logger.info("import %s of %s ended: %s", run.id, run.source, error.code)
        return self._queries.run(run.id)

    @contextmanager
    def _failing(self, run: RunView) -> Iterator[None]:
        """Let a run end as failed when it is refused, with the sentence for people; what was written before stands."""
        try:
            yield
        except GovcloudError as error:
            if error.code != runs.MOVED_ON:
                with self._uow.begin(Actor.system("jobs"), "govcloud:import:work") as tx:
                    said = " ".join(str(part) for part in (error.message, error.remedy) if part)
                    runs.set_state(tx, run.id, "failed", error=said)
            raise

    # Parts of the above

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


def _opened(run: RunView) -> ImportOpened:
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


def _not_checked() -> Conflict:
    return Conflict("import_not_checked", Message("这次导入不在“待确认”状态。"), remedy=Message("请刷新页面，查看当前状态。"))


__all__ = ["COMMAND", "Hooks", "Importing"]
