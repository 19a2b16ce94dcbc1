"""What people do with the record, as commands: read a trail, verify, take evidence out; each is itself recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from govcloud.audit.bundle import export_bundle
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.events import EvidenceExported, RecordVerified, TrailRead
from govcloud.audit.findings import Report
from govcloud.audit.queries import AuditEntry, AuditQueries
from govcloud.audit.verify import Verifier
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.paging import Cursor
from govcloud.kernel.unit_of_work import UnitOfWork

READ = "govcloud:audit:read"
VERIFY = "govcloud:audit:verify"
_RECORD = "audit_record:all"


class AuditTrail:
    """The record as the audit officer meets it: who looks into it stands in it."""

    def __init__(self, uow: UnitOfWork) -> None:
        """Take the unit of work."""
        self._uow = uow
        self._queries = AuditQueries(uow.read)

    def by_subject(self, actor: Actor, subject: str, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return the events of ``subject``, newest first.

        Raises:
            Denied: the actor may not read the record.
        """
        return self._read(actor, "subject", subject, lambda: self._queries.by_subject(subject, after=after, limit=limit))

    def by_chain(self, actor: Actor, chain: str, *, after_position: int = 0, limit: int = 500) -> list[AuditEntry]:
        """Return the events of one request in their order; raises ``Denied``."""
        read = self._queries.by_chain
        return self._read(actor, "chain", chain, lambda: read(chain, after_position=after_position, limit=limit))

    def by_actor(self, actor: Actor, kind: str, actor_id: str, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return what one actor did, newest first; raises ``Denied``."""
        read = self._queries.by_actor
        return self._read(actor, "actor", f"{kind}:{actor_id}", lambda: read(kind, actor_id, after=after, limit=limit))

    def newest(self, actor: Actor, *, after: Cursor | None = None, limit: int = 50) -> list[AuditEntry]:
        """Return all events, newest first; raises ``Denied``."""
        return self._read(actor, "all", "", lambda: self._queries.newest(after=after, limit=limit))

    def verify(
        self, actor: Actor, *, since: Checkpoint | None = None, full: bool = False, progress: Callable[[int, int], None] | None = None
    ) -> Report:
        """Verify the record; see ``Verifier.run``.

        Raises:
            Denied: the actor may not verify the record.
        """
        with self._uow.begin(actor, VERIFY, Target("audit_record", "all")) as tx:
            report = Verifier(tx.session, tx.now, progress).run(since, full=full)
            size, root = (report.checkpoint.size, report.checkpoint.root.hex()) if report.checkpoint else (0, "")
            tx.record(RecordVerified(subject=_RECORD, size=size, root=root, findings=report.counts.total()))
        return report

    def bundle(
        self, actor: Actor, *, chain: str | None = None, subject: str | None = None, since: Checkpoint | None = None
    ) -> dict[str, Any]:
        """Return an evidence bundle; see ``export_bundle``.

        Raises:
            Denied: the actor may not read the record.
            NotFound: no sealed event matches.
            Invalid: too many match.
        """
        with self._uow.begin(actor, READ, Target("audit_record", "all")) as tx:
            bundle = export_bundle(tx.session, chain=chain, subject=subject, since=since)
            about = f"chain:{chain}" if chain else subject or ""
            size, root = bundle["checkpoint"]["size"], bundle["checkpoint"]["root"]
            tx.record(EvidenceExported(subject=_RECORD, size=size, root=root, about=about, entries=len(bundle["events"])))
        return bundle

    def _read(self, actor: Actor, by: str, about: str, read: Callable[[], list[AuditEntry]]) -> list[AuditEntry]:
        with self._uow.begin(actor, READ, Target("audit_record", "all", attributes={"by": by, "about": about})) as tx:
            entries = read()
            tx.record(TrailRead(subject=_RECORD, by=by, about=about, entries=len(entries)))
        return entries
