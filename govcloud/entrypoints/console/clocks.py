"""时限与工作日历: within how many working hours departments answer, and which days are worked; both with a preview of what changes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.access.clocks.clock_rules import HOURS, LEAST_HOURS, MOST_HOURS, TIMES, RulesChange, differences
from govcloud.access.clocks.working_time import missing_year
from govcloud.authorization.calendar_days import CalendarChange
from govcloud.entrypoints.console.pages import ConsolePage, opened
from govcloud.entrypoints.console.typed import checked_reason
from govcloud.kernel.errors import FieldError, GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, no_permission, services
from govcloud.web.locale import say

SETS, IMPORTS = "govcloud:clock_policy:set", "govcloud:work_calendar:import"
_MOST_DIGITS = 6
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


class ClocksView(ConsolePage):
    """The rules of the clock, and the working calendar."""

    opens = "govcloud:console:clocks"
    asks = (SETS, IMPORTS)
    title = Message("时限与工作日历")
    lead = Message("部门应在多少工作时间内答复申请：过半催办，到时副职可办，一倍半升级上级，两倍逾期失效。只影响此后提交的申请。")
    icon = "timer"
    group = Message("运行")

    def __init__(self) -> None:
        """Serve below ``/console/clocks/``."""
        super().__init__("clocks")

    @expose("/", methods=("GET", "POST"))
    def index_view(self) -> Response:
        """Show the rules; what is sent is shown as a preview first, and set when that is confirmed."""
        if request.method == "GET":
            return self._page(_typed(), "")
        if not opened(SETS):
            raise no_permission()
        typed = {name: request.form.get(name, "").strip() for name in (*TIMES, *HOURS)}
        reason = request.form.get("reason", "").strip()
        if "back" in request.form:
            return self._page(typed, reason)
        try:
            changes, clean = _changes(typed), checked_reason(reason)
            tried = services().clock_policies.tried(changes, clean)
            if "confirmed" in request.form:
                services().clock_policies.set(current_actor(), changes, clean)
                flash(say(Message("规则已保存，半分钟内在各处生效。")), "success")
                return make_response(redirect(url_for(".index_view"), 303))
        except GovcloudError as error:
            return self._page(typed, reason, error)
        changed = differences(services().clock_policies.current(), tried)
        if not changed:
            flash(say(Message("内容没有变化。")), "info")
            return self._page(typed, reason)
        page: str = self.render("console/clocks_preview.html", view=self, typed=typed, reason=reason, changed=_words(changed))
        return make_response(page)

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
            return self._page(_typed(), reason, error, days=text or "")
        return self._calendar_preview(text, reason, change)

    def _calendar_preview(self, text: str, reason: str, change: CalendarChange) -> Response:
        page: str = self.render("console/calendar_preview.html", view=self, text=text, reason=reason, change=change)
        return make_response(page)

    def _page(self, typed: Mapping[str, str], reason: str, error: GovcloudError | None = None, days: str = "") -> Response:
        history = services().clock_policies.history()
        working = services().clocks.working
        page: str = self.render(
            "console/clocks.html",
            view=self,
            labels=LABELS,
            times=TIMES,
            hours=HOURS,
            least=LEAST_HOURS,
            most=MOST_HOURS,
            typed=typed,
            reason=reason,
            days=days,
            day_hours=working.day.total_seconds() / 3600,
            missing=missing_year(services().calendars.years(), services().clock.now()),
            years=sorted(services().calendars.years()),
            errors={item.field: say(item.message) for item in error.fields} if error else {},
            general=say(error.message) if error and not error.fields else "",
            history=[(item, _who(item), _words(item.changes)) for item in history],
            names=_names(history),
            may_set=opened(SETS),
            may_import=opened(IMPORTS),
        )
        return make_response(page, status_of(error) if error else 200)


def _typed() -> dict[str, str]:
    return {name: str(value) for name, value in asdict(services().clock_policies.current()).items()}


def _changes(typed: Mapping[str, str]) -> dict[str, object]:
    """Return what was typed as the command takes it: whole numbers as such, so that anything else is named as wrong."""
    return {
        name: int(value) if name in HOURS and value.isascii() and value.isdigit() and len(value) <= _MOST_DIGITS else value
        for name, value in typed.items()
    }


def _file() -> str | None:
    """Return the text of the days that were sent, as a file or typed; ``None`` when there is none that can be read."""
    given = request.files.get("file")
    if given is None or not given.filename:
        return request.form.get("text", "").replace("\r\n", "\n") or None
    try:
        return str(given.read(), "utf-8-sig")
    except UnicodeDecodeError:
        return None


def _words(changes: Mapping[str, tuple[object, object]]) -> list[tuple[str, str, str]]:
    """Return each change as a rule's name, from what, to what."""
    return [(say(LABELS[name]) if name in LABELS else name, str(old), str(new)) for name, (old, new) in changes.items()]


def _who(change: RulesChange) -> UUID | None:
    """Return the official who made a change; ``None``: the operator at the command line."""
    kind, _, name = change.set_by.partition(":")
    return UUID(name) if kind == "official" else None


def _names(history: tuple[RulesChange, ...]) -> Mapping[UUID, str]:
    return services().identity_queries.official_names({who for item in history if (who := _who(item)) is not None})
