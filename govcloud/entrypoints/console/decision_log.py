"""判定日志: what the engine answered to subsystems, by person, function, outcome and time; reading it is itself recorded."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from flask import request
from flask_admin import expose

from govcloud.authorization.decision_log.reading import LogAsked, LogCursor, LogPage
from govcloud.authorization.decisions import MESSAGES, Reason
from govcloud.entrypoints.console.answer_words import KEPT
from govcloud.entrypoints.console.pages import ConsolePage
from govcloud.entrypoints.console.subsystem_reach import reach
from govcloud.entrypoints.console.who_can import at_of
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import searchable
from govcloud.web.asking import LOG, owner_path
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say

PAGE = 50
_MOST_SUBSYSTEMS = 200
_NOTHING = LogPage((), None, 0)
_TEXTS = ("code", "function", "subsystem", "kind", "reason", "since", "until")


class DecisionLogView(ConsolePage):
    """The decision log: all of it for the audit officer, of one's own subsystems for their administrator."""

    opens = LOG
    title = Message("判定日志")
    lead = Message("每次拒绝、每次对敏感功能的允许，以及其他允许的抽样。查看本页会记入审计。")
    icon = "file-search"
    group = Message("审计")

    def __init__(self) -> None:
        """Serve below ``/console/decision_log/``."""
        super().__init__("decision_log")

    @expose("/")
    def index_view(self) -> str:
        """Show one page of the log."""
        typed = {name: searchable(request.args.get(name, "").strip())[:200] for name in _TEXTS}
        everywhere = "/" in reach(LOG)
        subsystems = _subsystems()
        official = services().identity_queries.official_by_code(typed["code"]) if typed["code"] else None
        # Whose reach is bounded sees one subsystem at a time, and nothing before one is chosen.
        asks = (everywhere or typed["subsystem"] in subsystems) and (official is not None or not typed["code"])
        page = services().decision_log.read(current_actor(), _asked(typed, official.id if official else None)) if asks else _NOTHING
        names = services().identity_queries.official_names({row.official_id for row in page.rows if row.official_id})
        rendered: str = self.render(
            "console/decision_log.html",
            view=self,
            typed=typed,
            page=page,
            everywhere=everywhere,
            unknown=bool(typed["code"]) and official is None,
            names=names,
            function_names=_function_names({row.function for row in page.rows}),
            subsystems=sorted(subsystems.items()),
            kept=KEPT,
            reasons=[(reason.value, say(MESSAGES[reason])) for reason in Reason],
            messages={reason.value: MESSAGES[reason] for reason in Reason},
            query={name: value for name, value in typed.items() if value},
        )
        return rendered


def _asked(typed: dict[str, str], official_id: UUID | None) -> LogAsked:
    return LogAsked(
        official_id=official_id,
        function=typed["function"],
        subsystem=typed["subsystem"],
        kind=typed["kind"] if typed["kind"] in KEPT else "",
        reason=typed["reason"],
        since=at_of(typed["since"]),
        until=at_of(typed["until"]),
        limit=PAGE,
        after=LogCursor.from_text(request.args.get("after", "")),
        department_path=owner_path(typed["subsystem"]) if typed["subsystem"] else None,
    )


def _subsystems() -> dict[str, str]:
    """Return the subsystems that the reader may ask about, by code."""
    found = services().subsystem_queries.subsystems_within(reach(LOG), limit=_MOST_SUBSYSTEMS).rows if reach(LOG) else ()
    return {view.code: view.name for view in found}


def _function_names(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of the functions on the page."""
    return services().subsystem_queries.function_names(codes)
