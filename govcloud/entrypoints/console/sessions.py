"""会话: who is signed in, from where; end one person's sessions."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.console.base import ConsoleView, RowCommand, current_actor, services
from govcloud.kernel.messages import Message
from govcloud.signon.models import Session


def _end(row: Session, reason: str) -> Message:
    services().signon.end_sessions_of(current_actor(), [row.official_id], reason)
    return Message("已结束%(name)s的全部会话。", name=row.official_name)


class SessionsView(ConsoleView):
    """The live sessions, newest first."""

    opens = "govcloud:console:sessions"
    title = Message("登录会话")
    lead = Message("正在进行的登录会话；可以立即结束。")
    icon = "monitor"
    group = Message("运行")
    column_list = ("official_name", "employee_code", "source_address", "started_at", "last_seen_at", "expires_at")
    column_details_list = (*column_list, "user_agent", "amr")
    column_searchable_list = ("official_name", "employee_code", "source_address")
    column_sortable_list = ()
    column_default_sort = [("started_at", True), ("id", True)]
    labels = {
        "official_name": Message("姓名"),
        "employee_code": Message("工号"),
        "source_address": Message("来源地址"),
        "started_at": Message("登录时间"),
        "last_seen_at": Message("最近活动"),
        "expires_at": Message("最晚到期"),
        "user_agent": Message("浏览器"),
        "amr": Message("登录方式"),
    }
    commands = (
        RowCommand(
            "end", Message("结束会话"), "log-out", "govcloud:session:end", Message("该人员的全部会话立即结束，各子系统需要重新登录。"), _end
        ),
    )

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the sessions that have not ended."""
        return super().get_query().filter(Session.ended_at.is_(None), Session.expires_at > services().clock.now())

    def heading(self, row: Session) -> str:
        """Return whose it is."""
        return f"{row.official_name} {row.employee_code}"
