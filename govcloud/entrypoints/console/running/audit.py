"""审计: the record, newest first, by person or by request; reading it is itself recorded."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from flask_admin import expose

from govcloud.audit.queries import AuditEntry
from govcloud.entrypoints.console.parts.pages import ConsolePage
from govcloud.kernel.actor import official_of
from govcloud.kernel.messages import Message
from govcloud.kernel.paging import Cursor
from govcloud.kernel.validation import searchable
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say

PAGE = 50
_LONGEST = 100


class AuditView(ConsolePage):
    """The audit record; only the audit officer may open it."""

    opens = "govcloud:audit:read"
    title = Message("审计记录")
    lead = Message("谁在何时对什么做了什么；只增不改，可离线核验。")
    icon = "scroll-text"
    group = Message("审计")

    def __init__(self) -> None:
        """Serve below ``/console/audit/``."""
        super().__init__("audit")

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the record, filtered by subject (``official:<id>``) or by chain (a request's id)."""
        subject, chain = (searchable(request.args.get(name, ""))[:_LONGEST] for name in ("subject", "chain"))
        after = Cursor.from_text(request.args.get("after", ""))
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
            actor_of=_actor,
            subject_of=_Subjects(entries),
            subject=subject,
            chain=chain,
            cursor=entries[-1].cursor.to_text() if len(entries) == PAGE and not chain else "",
            commands={item.code: item.name for item in services().subsystem_queries.functions_of("govcloud")},
            checkpoint=services().audit_queries.newest_checkpoint(),
            waiting=services().audit_queries.waiting(),
        )
        return rendered


ACTORS = {"anonymous": Message("未登录者"), "system": Message("平台：%(name)s")}
SUBJECTS = {
    "access_request": Message("权限申请"),
    "request_line": Message("申请项"),
    "access_grant": Message("临时权限"),
    "session": Message("会话"),
    "policy": Message("策略"),
    "department": Message("机构"),
    "division": Message("行政区划"),
    "subsystem": Message("业务子系统"),
    "client": Message("客户端"),
    "audit_record": Message("审计记录"),
    "import": Message("导入"),
}


def _actor(entry: AuditEntry) -> str:
    """Return who did it, as people read it."""
    words = ACTORS.get(entry.actor_kind)
    return say(Message(words.template, name=entry.actor_id)) if words else entry.actor_name or entry.actor_id


class _Subjects:
    """Says what an event is about: a person by name (looked up for the whole page at once), anything else by kind and id."""

    def __init__(self, entries: Sequence[AuditEntry]) -> None:
        wanted = {found for entry in entries if (found := official_of(entry.subject))}
        self._names = services().identity_queries.official_names(wanted)

    def __call__(self, entry: AuditEntry) -> str:
        kind, _, rest = entry.subject.partition(":")
        official = official_of(entry.subject)
        if official is not None and official in self._names:
            return self._names[official]
        return f"{say(SUBJECTS[kind])} {rest[:8]}" if kind in SUBJECTS else entry.subject
