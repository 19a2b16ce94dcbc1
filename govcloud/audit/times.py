"""The times of the record against its order: a clock that was set back, and events dated ahead.

An event carries the moment at which its transaction began and gets its place when that has committed, and the clocks of two
servers differ a little, so small disorder is natural: only more than ``TOLERANCE`` is a finding.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from govcloud.audit.findings import Finding, Kind, Report

TOLERANCE = timedelta(minutes=5)


class Times:
    """Follows the times of events in the order of their places."""

    def __init__(self, now: datetime, report: Report) -> None:
        """Compare with ``now``, the time of the verification, and write findings into ``report``."""
        self._now = now
        self._report = report
        self._latest: datetime | None = None
        self._checkpoint: datetime | None = None

    def event(self, at: datetime, where: str) -> None:
        """Take the next event of the sequence."""
        self.waiting(at, where)
        self._latest = self._in_order(at, self._latest, where, "an event before it")

    def checkpoint(self, at: datetime, where: str) -> None:
        """Take a checkpoint over the events so far; it was written after the last of them, and after the checkpoint before."""
        self._in_order(at, self._latest, where, "an event under it")
        self._checkpoint = self._in_order(at, self._checkpoint, where, "the checkpoint before it")

    def waiting(self, at: datetime, where: str) -> None:
        """Look at an event by itself: it cannot have happened after its verification."""
        if at > self._now + TOLERANCE:
            self._report.add(Finding(Kind.TIME_WRONG, where, f"dated {at.isoformat()}, which lies ahead"))

    def _in_order(self, at: datetime, latest: datetime | None, where: str, what: str) -> datetime:
        """Report ``at`` if it lies well before ``latest``; return where to go on from, so that one jump is one finding."""
        if latest is not None and at < latest - TOLERANCE:
            self._report.add(Finding(Kind.TIME_WRONG, where, f"dated {at.isoformat()}, but {what} is dated {latest.isoformat()}"))
            return at
        return at if latest is None else max(at, latest)
