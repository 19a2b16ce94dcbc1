"""判定日志: what the engine answered to subsystems, by person, function, outcome and time, and why; reading it is itself recorded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

from flask import request
from flask_admin import expose

from govcloud.authorization.answers.explanation import Explanation
from govcloud.authorization.answers.service import Asked
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.decision_log.reading import LogAsked, LogEntry, LogPage
from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.subsystem_reach import reach
from govcloud.entrypoints.console.rights.answer_words import KEPT, REASONS, TABLES, answered
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.paging import Cursor
from govcloud.kernel.validation import searchable
from govcloud.web.asking import LOG, TRY, owner_path
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.moments import at_of

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
    asks = (TRY,)

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
            division_names=_division_names({row.division for row in page.rows if row.division}),
            subsystems=sorted(subsystems.items()),
            kept=KEPT,
            reasons=[(reason.value, say(REASONS[reason])) for reason in Reason],
            messages={reason.value: REASONS[reason] for reason in Reason},
            query={name: value for name, value in typed.items() if value},
        )
        return rendered

    @expose("/why")
    def why_view(self) -> str:
        """Show one decision, and what stands behind the same question as of its moment.

        Raises:
            NotFound: the log has no such entry of this subsystem.
            Denied: the subsystem is not one whose log the reader sees.
        """
        row = _entry()
        found = _again(row)
        queries = services().identity_queries
        place = queries.appointment(row.appointment_id, row.at) if row.appointment_id else None
        rendered: str = self.render(
            "console/decision_why.html",
            view=self,
            row=row,
            place=place,
            answered=answered(found),
            name=queries.official_names([row.official_id]).get(row.official_id) if row.official_id else None,
            official=queries.official(row.official_id, row.at) if row.official_id and opened(TRY) else None,
            function_name=_function_names([row.function]).get(row.function),
            division_name=_division_names([row.division]).get(row.division) if row.division else None,
            message=REASONS[Reason(row.reason)] if row.reason in set(Reason) else None,
            same=found.decision.allowed == row.allowed,
            kept=KEPT,
            tries=opened(TRY),
            **TABLES,
        )
        return rendered


def _entry() -> LogEntry:
    """Return the entry that the address names; whoever looks stands in the audit record."""
    entry, subsystem = Cursor.from_text(request.args.get("entry", "")), searchable(request.args.get("subsystem", ""))[:200]
    if entry is None:
        raise NotFound.of(Message("判定"), request.args.get("entry", "")[:200])
    asked = LogAsked(subsystem=subsystem, entry=entry, limit=1, department_path=owner_path(subsystem) if subsystem else None)
    rows = services().decision_log.read(current_actor(), asked).rows
    if not rows:
        raise NotFound.of(Message("判定"), entry.id)
    return rows[0]


def _again(row: LogEntry) -> Explanation:
    """Ask the same question as of the same moment, as far as the log kept it."""
    kept = {"type": row.resource_type, "division": row.division}
    asked = Asked(row.function, {name: value for name, value in kept.items() if value is not None})
    return services().authorization_queries.answers.explain(row.official_id, row.appointment_id, asked, at=row.at)


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
        after=Cursor.from_text(request.args.get("after", "")),
        department_path=owner_path(typed["subsystem"]) if typed["subsystem"] else None,
    )


def _subsystems() -> dict[str, str]:
    """Return the subsystems that the reader may ask about, by code."""
    found = services().subsystem_queries.subsystems_within(reach(LOG), limit=_MOST_SUBSYSTEMS).rows if reach(LOG) else ()
    return {view.code: view.name for view in found}


def _function_names(codes: Iterable[str]) -> dict[str, str]:
    """Return the names of the functions on the page."""
    return services().subsystem_queries.function_names(codes)


def _division_names(codes: Iterable[str]) -> Mapping[str, str]:
    """Return the names of the divisions on the page."""
    wanted = tuple(codes)
    return services().identity_queries.division_names(wanted) if wanted else {}
