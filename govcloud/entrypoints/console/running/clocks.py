"""时限与工作日历: within how many working hours departments answer, and which days are worked; both with a preview of what changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.access.clocks.clock_rules import HOURS, LEAST_HOURS, MOST_HOURS, TIMES, ClockPolicies
from govcloud.access.clocks.working_time import missing_year
from govcloud.authorization.around.calendar_days import CalendarChange
from govcloud.entrypoints.console.parts.pages import opened
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.entrypoints.console.running.rule_pages import RulesPage
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say

IMPORTS = "govcloud:work_calendar:import"
LABELS: Mapping[str, Message] = {
    "morning_from": Message("上午上班"),
    "morning_to": Message("上午下班"),
    "afternoon_from": Message("下午上班"),
    "afternoon_to": Message("下午下班"),
    "auto_hours": Message("自动开通（未预签时）"),
    "one_hours": Message("一人审批"),
    "quorum_hours": Message("多人审批"),
    "two_units_hours": Message("两个部门会签"),
    "serial_hours": Message("依次审批"),
}


class ClocksView(RulesPage):
    """The rules of the clock, and the working calendar."""

    opens = "govcloud:console:clocks"
    asks = (ClockPolicies.command, IMPORTS)
    title = Message("时限与工作日历")
    lead = Message("部门应在多少工作时间内答复申请：过半催办，到时副职可办，一倍半升级上级，两倍逾期失效。只影响此后提交的申请。")
    icon = "timer"
    group = Message("运行")
    form = "console/clocks.html"
    preview = "console/clocks_preview.html"

    def __init__(self) -> None:
        """Serve below ``/console/clocks/``."""
        super().__init__("clocks")

    @property
    def rulebook(self) -> ClockPolicies:
        """Return the rules of the clock."""
        return services().clock_policies

    def label(self, name: str) -> str:
        """Return what a rule is called."""
        return say(LABELS[name]) if name in LABELS else name

    def beside_form(self) -> Mapping[str, Any]:
        """Return the fields, their bounds, and the state of the calendar."""
        working = services().clocks.working
        return {
            "labels": LABELS,
            "times": TIMES,
            "hours": HOURS,
            "least": LEAST_HOURS,
            "most": MOST_HOURS,
            "day_hours": working.day.total_seconds() / 3600,
            "missing": missing_year(services().calendars.years(), services().clock.now()),
            "years": sorted(services().calendars.years()),
            "may_import": opened(IMPORTS),
            "days": "",
        }

    @expose("/calendar", methods=("POST",))
    def calendar_view(self) -> Response:
        """Show what the days of a file would change, and import them when that is confirmed."""
        if not opened(IMPORTS):
            raise no_permission()
        text, reason = _file(), request.form.get("reason", "").strip()
        try:
            if text is None:
                raise Invalid.of(FieldError("file", Message("请选择 UTF-8 编码的 CSV 文件，或粘贴其内容。")))
            change, clean = services().calendars.preview(text), checked_reason(reason)
            if "confirmed" in request.form:
                services().calendars.import_days(current_actor(), text, clean)
                flash(say(Message("工作日历已导入，半分钟内在各处生效。")), "success")
                return make_response(redirect(url_for(".index_view"), 303))
        except GovcloudError as error:
            return self.page(self.current(), reason, error, days=text or "")
        return self._calendar_preview(text, reason, change)

    def _calendar_preview(self, text: str, reason: str, change: CalendarChange) -> Response:
        page: str = self.render("console/calendar_preview.html", view=self, text=text, reason=reason, change=change)
        return make_response(page)


def _file() -> str | None:
    """Return the text of the days that were sent, as a file or typed; ``None`` when there is none that can be read."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return request.form.get("text", "").replace("\r\n", "\n") or None
    try:
        return str(given.read(), "utf-8-sig")
    except UnicodeDecodeError:
        return None
