"""计划中的人事变动: what lies ahead within the reader's reach, filtered and page by page; each can be cancelled from here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from flask import Request, request
from flask_admin import expose

from govcloud.entrypoints.console.parts.pages import ConsolePage, opened
from govcloud.entrypoints.console.parts.people_reach import departments_named, reach
from govcloud.entrypoints.console.running.audit import ACTORS
from govcloud.identity.finding.people_queries import ChangePage, ChangeView, Planned
from govcloud.identity.finding.reach import Reach
from govcloud.identity.views import DepartmentView
from govcloud.identity.working_life.orders import CHANGE_NAMES, PLANNABLE
from govcloud.kernel.messages import Message
from govcloud.web.gate import services
from govcloud.web.locale import say
from govcloud.web.moments import CHINA

OPENS = "govcloud:personnel_change:read"
_CANCELS = "govcloud:personnel_change:cancel"
_PAGE = 20
_YEARS = range(1900, 9999)


@dataclass(frozen=True)
class Query:
    """What the query bar asks: a kind, a department (with all below it), the first and the last day on which a change takes effect."""

    kind: str
    department: str
    first: str
    last: str
    chosen: DepartmentView | None
    choices: tuple[DepartmentView, ...]

    @classmethod
    def of(cls, asked: Request) -> Query:
        """Read the address; a kind or a day that is none is left out."""
        kind, typed, first, last = (asked.args.get(name, "").strip() for name in ("kind", "department", "first", "last"))
        chosen, choices = departments_named(typed, reach(OPENS))
        first, last = (typed_day if _day(typed_day) else "" for typed_day in (first, last))
        return cls(kind if kind in PLANNABLE else "", typed, first, last, chosen, choices)

    def page(self, after: str | None) -> ChangePage:
        """Return one page of changes."""
        last = _day(self.last)
        wanted = Planned(self.kind, _day(self.first), last + timedelta(days=1) if last else None)
        return services().identity_queries.planned_page(self._reach(), wanted, after, _PAGE)

    def address(self) -> Mapping[str, str]:
        """Return the query as it stands in an address."""
        department = self.chosen.uscc if self.chosen else self.department
        parts = {"kind": self.kind, "department": department, "first": self.first, "last": self.last}
        return {name: value for name, value in parts.items() if value}

    def _reach(self) -> Reach:
        if not self.department:
            return reach(OPENS)
        return reach(OPENS).narrowed(self.chosen.path) if self.chosen else Reach(())


class PlannedView(ConsolePage):
    """The changes that lie ahead."""

    opens = OPENS
    asks = (_CANCELS,)
    title = Message("计划中的变动")
    lead = Message("已登记、尚未生效的人事变动：到期自动生效，在此之前可以取消。")
    icon = "calendar-clock"
    group = Message("组织与人员")

    def __init__(self) -> None:
        """Serve below ``/console/planned/``."""
        super().__init__("planned")

    @expose("/")
    def index_view(self) -> str:
        """Show one page of what lies ahead, the next one first."""
        query = Query.of(request)
        page = query.page(request.args.get("after"))
        rendered: str = self.render(
            "console/planned.html",
            view=self,
            query=query,
            page=page,
            ordered_by=lambda row: _ordered_by(row, page),
            kinds=[("", say(Message("全部变动"))), *((kind, say(CHANGE_NAMES[kind])) for kind in PLANNABLE)],
            change_names=CHANGE_NAMES,
            may_cancel=opened(_CANCELS),
            shown_after=request.args.get("after", ""),
        )
        return rendered


def _ordered_by(row: ChangeView, page: ChangePage) -> str:
    """Return who ordered a change, as the page of the record says it."""
    name, words = page.by(row), ACTORS.get(row.recorded_by.partition(":")[0])
    return say(Message(words.template, name=name)) if words else name


def _day(typed: str) -> datetime | None:
    """Return the beginning of a day in China; ``None`` for what is none."""
    try:
        found = datetime.strptime(typed, "%Y-%m-%d").replace(tzinfo=CHINA)
    except ValueError:
        return None
    # The last day of the calendar has no next one.
    return found if found.year in _YEARS else None
