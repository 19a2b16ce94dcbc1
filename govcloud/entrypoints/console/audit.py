"""审计: the record, newest first, by person or by request; reading it is itself recorded."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from flask import request
from flask_admin import BaseView, expose

from govcloud.audit.queries import Cursor
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, services

PAGE = 50


class AuditView(BaseView):
    """The audit record; only the audit officer may open it."""

    opens = "govcloud:audit:read"
    title = Message("审计记录")
    icon = "scroll-text"
    group = Message("审计")

    def __init__(self) -> None:
        """Serve below ``/console/audit/``."""
        super().__init__(name=str(self.title), endpoint="console_audit", url="/console/audit")

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the record, filtered by subject (``official:<id>``) or by chain (a request's id)."""
        subject, chain = request.args.get("subject", "").strip(), request.args.get("chain", "").strip()
        after = _cursor(request.args.get("after", ""))
        trail, actor = services().audit, current_actor()
        if chain:
            entries = trail.by_chain(actor, chain)
        elif subject:
            entries = trail.by_subject(actor, subject, after=after, limit=PAGE)
        else:
            entries = trail.newest(actor, after=after, limit=PAGE)
        rendered: str = self.render(
            "console/audit.html",
            view=self,
            entries=entries,
            subject=subject,
            chain=chain,
            cursor=_text(entries[-1].cursor) if len(entries) == PAGE and not chain else "",
            commands={item.code: item.name for item in services().subsystem_queries.functions_of("govcloud")},
            checkpoint=services().audit_queries.newest_checkpoint(),
            waiting=services().audit_queries.waiting(),
        )
        return rendered


def _text(cursor: Cursor) -> str:
    """Return a place in the record as it stands in an address."""
    return f"{cursor.at.isoformat()}~{cursor.event_id}"


def _cursor(text: str) -> Cursor | None:
    """Read a place in the record; whatever is not one is the beginning."""
    at, _, event_id = text.partition("~")
    try:
        return Cursor(datetime.fromisoformat(at), UUID(event_id))
    except ValueError:
        return None
