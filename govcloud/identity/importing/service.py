"""Importing as the ways in meet it: at once from a file, or uploaded, checked, confirmed and then applied by the jobs."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from uuid import UUID

from sqlalchemy import select, update

from govcloud.identity.importing import runs
from govcloud.identity.importing.applying import COMMAND, QUIET, Applying, Hooks, logger, opened
from govcloud.identity.importing.models import ImportFinding, ImportRun
from govcloud.identity.importing.report import Report, Summary
from govcloud.identity.importing.runs import Order, RunView
from govcloud.identity.importing.sources import Source, examine
from govcloud.identity.importing.vanishing import Extent, check_share
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.kernel.messages import Message

#: What it takes beside the import itself when the file brings password hashes.
PASSWORDS = "govcloud:password:import"
#: What a run becomes when a job takes it up; one that was interrupted stays what it was.
_NEXT = {"uploaded": "checking", "queued": "running"}


class Importing(Applying):
    """Imports people; what was uploaded waits, sealed, until somebody confirms it."""

    def upload(self, actor: Actor, path: Path, name: str, order: Order, *, at_once: bool = False) -> RunView:
        """Take a file in, sealed, to be checked and confirmed later; with ``at_once`` the caller checks it, else the jobs do.

        Raises:
            Denied: the actor may not import into that department.
            Invalid: the file is of no kind that is read.
        """
        source = examine(path, name)
        with self._command(actor, order) as tx:
            run = runs.open_run(tx, source, order, "checking" if at_once else "uploaded")
            runs.keep_upload(tx.session, self._keys, run.id, path)
        return run

    def check(self, run_id: UUID) -> RunView:
        """Read an uploaded file through, with the rights of whoever uploaded it; a file that cannot be read fails the run."""
        run = self._queries.run(run_id)
        return self._settled(run, lambda source: self._dry(run.actor, source, run, Report(), QUIET))

    def confirm(self, actor: Actor, run_id: UUID, allow_vanish: float | None = None) -> None:
        """Let a checked upload be applied by the jobs, as the actor.

        Raises:
            Denied: the actor may not import into that department, or bring password hashes there.
            Conflict: it was not checked, or is under way already; or too many would vanish.
        """
        run = self._queries.run(run_id)
        with self._command(actor, run.order) as tx:
            if run.summary.passwords:
                # Whoever brings a hash may know the password behind it, so this is more than bringing people.
                with self._uow.begin(actor, PASSWORDS, Target("official", "batch", self._path(run.order))):
                    pass
            if run.mode == "sync":
                managed = Extent(run.source, self._path(run.order)).managed(tx.session, tx.now)
                check_share(run.summary.vanished, managed, run.allow_vanish if allow_vanish is None else allow_vanish)
            wanted = update(ImportRun).where(ImportRun.id == run_id, ImportRun.state == "checked", runs.kept())
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

    def work(self, actor: Actor, hooks: Hooks = QUIET) -> int:
        """Take up what waits: check uploads, apply what was confirmed, go on with what was interrupted; return how many runs."""
        taken = 0
        while (run_id := self._take(actor)) is not None:
            run = self._queries.run(run_id)
            if run.state == "checking":
                self.check(run_id)
            else:
                self._settled(run, lambda source, run=run: self._apply_upload(source, run, hooks))  # type: ignore[misc]
            taken += 1
        return taken

    # How the jobs work

    def _take(self, actor: Actor) -> UUID | None:
        """Claim the oldest run that waits, by a fresh sign of life; uploads that nobody confirmed in time are forgotten."""
        with self._uow.begin(actor, "govcloud:import:work") as tx:
            for run_id in tx.session.scalars(select(ImportRun.id).where(runs.forgotten(tx.now))).all():
                runs.set_state(tx, run_id, "discarded")
            row = tx.session.scalar(
                select(ImportRun).where(runs.waiting(tx.now)).order_by(ImportRun.created_at).limit(1).with_for_update(skip_locked=True)
            )
            if row is None:
                return None
            row.updated_at = tx.now
            row.state = _NEXT.get(row.state, row.state)
            tx.session.flush()
            return row.id

    def _apply_upload(self, source: Source, run: RunView, hooks: Hooks) -> None:
        if run.lines_done == 0:
            with self._command(run.actor, run.order) as tx:
                # The report of the dry run gives way to that of the writing.
                tx.session.execute(ImportFinding.__table__.delete().where(ImportFinding.run_id == run.id))  # type: ignore[attr-defined]
                tx.record(opened(run))
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


def _not_checked() -> Conflict:
    return Conflict("import_not_checked", Message("这次导入不在“待确认”状态。"), remedy=Message("请刷新页面，查看当前状态。"))


__all__ = ["COMMAND", "Hooks", "Importing"]
