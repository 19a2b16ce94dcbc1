"""Runs the jobs in one process, each on a thread of its own, so that a slow receiver does not keep the record unsealed.

A job that fails is logged in full and tried again, later each time; the others go on. One that fails twenty times in a row
(about a quarter of an hour) ends the process with an error, so that its supervisor starts a fresh one and somebody is told.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from dataclasses import dataclass

from govcloud.jobs.job import Job, stopping_when
from govcloud.services import Services

GIVE_UP_AFTER = 20
LONGEST_PAUSE = 60.0
_TICK = 0.02

logger = logging.getLogger(__name__)


@dataclass
class _Slot:
    """A job's place in the schedule: when it is due (monotonic seconds), its run, its failures in a row."""

    job: Job
    due: float
    running: Future[int] | None = None
    failures: int = 0


class Runner:
    """Keeps the schedule. ``stop`` may be called from a signal handler: it only sets a flag."""

    def __init__(self, jobs: Sequence[Job], services: Services, in_context: Callable[[], AbstractContextManager[object]]) -> None:
        """Take the jobs, the platform, and what gives each run a database session of its own."""
        self._slots = [_Slot(job, time.monotonic()) for job in jobs]
        self._services = services
        self._in_context = in_context
        self._stopping = False

    def stop(self) -> None:
        """Start no more runs; those under way finish what they are at (``told_to_stop``)."""
        self._stopping = True

    def run_once(self) -> bool:
        """Run each job once, in order; return whether all went well."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="job") as executor:
            for slot in self._slots:
                slot.running = executor.submit(self._run, slot.job)
        for slot in self._slots:
            self._collect(slot)
        return not any(slot.failures for slot in self._slots)

    def run(self) -> bool:
        """Run the jobs until ``stop``; return ``False`` when one failed too often."""
        with ThreadPoolExecutor(max_workers=len(self._slots), thread_name_prefix="job") as executor:
            while not self._stopping:
                for slot in self._slots:
                    self._advance(slot, executor)
                if any(slot.failures >= GIVE_UP_AFTER for slot in self._slots):
                    break
                time.sleep(_TICK)
        return all(slot.failures < GIVE_UP_AFTER for slot in self._slots)

    def _advance(self, slot: _Slot, executor: ThreadPoolExecutor) -> None:
        """Take in a run that ended, and start the next one when it is due."""
        if slot.running is not None and slot.running.done():
            self._collect(slot)
        if slot.running is None and time.monotonic() >= slot.due:
            slot.running = executor.submit(self._run, slot.job)

    def _collect(self, slot: _Slot) -> None:
        """Note how a run ended: whatever it raised is logged with its traceback and counted."""
        if slot.running is None:
            return
        error = slot.running.exception()
        if error is None:
            slot.failures = 0
            if done := slot.running.result():
                logger.info("%s: %d done", slot.job.name, done)
        else:
            slot.failures += 1
            logger.error("%s failed (%d in a row)", slot.job.name, slot.failures, exc_info=error)
        slot.due = time.monotonic() + _pause(slot)
        slot.running = None

    def _run(self, job: Job) -> int:
        with self._in_context(), stopping_when(lambda: self._stopping):
            return job.run(self._services)


def _pause(slot: _Slot) -> float:
    """Return the seconds until the next run: the job's own pace, after failures doubled each time up to a minute."""
    pace = slot.job.every.total_seconds()
    return max(pace, min(pace * 2.0**slot.failures, LONGEST_PAUSE)) if slot.failures else pace
