"""会话: who within reach is signed in, from where, and in which subsystems; ending one session or all of a person's."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from govcloud.entrypoints.console.parts.base import ConsoleView, RowCommand
from govcloud.entrypoints.console.parts.people_reach import reach
from govcloud.entrypoints.console.parts.sections import Section
from govcloud.identity.finding.reach import within
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.signon.models import Session
from govcloud.web.gate import current_actor, services
from govcloud.web.locale import say
from govcloud.web.moments import moment
from govcloud.web.stays import CHANNELS, NOTICES, STAYING, cause_words, device
from govcloud.web.words import PROTOCOLS

OPENS = "govcloud:console:sessions"
ENDS = "govcloud:session:end"


def _end(row: Session, reason: str) -> Message:
    ended = services().logout.end_sessions(current_actor(), row.official_id, reason, session_id=row.id)
    name = row.official_name
    return Message("已结束%(name)s的这个会话，所进入的子系统已列入通知。", name=name) if ended else Message("会话已经结束。")


def _end_all(row: Session, reason: str) -> Message:
    ended = services().logout.end_sessions(current_actor(), row.official_id, reason)
    return Message("已结束%(name)s的 %(count)s 个会话，所进入的子系统已列入通知。", name=row.official_name, count=ended)


def _preview(row: Session) -> Sequence[Message]:
    return [_will_leave([row])]


def _preview_all(row: Session) -> Sequence[Message]:
    live = services().signon.sessions_of(row.official_id)
    stays = services().logout_queries.stays_of(view.session_id for view in live)
    names = sorted({stay.subsystem_name for items in stays.values() for stay in items if stay.ended_at is None})
    return [Message("共 %(count)s 个会话。", count=len(live)), _leaving(names)]


def _will_leave(rows: Sequence[Session]) -> Message:
    stays = services().logout_queries.stays_of(row.id for row in rows)
    return _leaving(sorted({stay.subsystem_name for items in stays.values() for stay in items if stay.ended_at is None}))


def _leaving(names: Sequence[str]) -> Message:
    if not names:
        return Message("该人员没有进入任何子系统。")
    return Message("将通知这些子系统结束其登录：%(names)s。", names="、".join(names))


def _is_live(row: Session) -> bool:
    return row.ended_at is None and row.expires_at > services().clock.now()


class SessionsView(ConsoleView):
    """The live sessions of people within reach, newest first."""

    opens = OPENS
    title = Message("登录会话")
    lead = Message("管理范围内人员正在进行的登录会话；可以立即结束，所进入的子系统随之退出。")
    icon = "monitor"
    group = Message("运行")
    column_list = ("official_name", "employee_code", "user_agent", "source_address", "started_at", "last_seen_at", "expires_at")
    column_details_list = (*column_list, "amr", "ended_at", "end_reason")
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
        "user_agent": Message("设备"),
        "amr": Message("登录方式"),
        "ended_at": Message("结束时间"),
        "end_reason": Message("结束原因"),
    }
    column_formatters = {
        "user_agent": lambda _v, _c, row, _n: device(row.user_agent),
        "end_reason": lambda _v, _c, row, _n: say(cause_words(row.end_reason)) if row.end_reason else "",
    }
    # The page of one session shows what the browser called itself, whole.
    column_formatters_detail = {"end_reason": column_formatters["end_reason"]}
    commands = (
        RowCommand("end", Message("结束会话"), "log-out", ENDS, Message("这个会话立即结束。"), _end, _preview, _is_live),
        RowCommand(
            "end_all", Message("结束全部会话"), "log-out", ENDS, Message("该人员的全部会话立即结束。"), _end_all, _preview_all, _is_live
        ),
    )

    def get_query(self) -> Any:  # noqa: ANN401 - Flask-Admin's query
        """Return the sessions of people within reach that have not ended."""
        now = services().clock.now()
        mine = within(reach(OPENS), now, Session.official_id.expression)
        return super().get_query().filter(Session.ended_at.is_(None), Session.expires_at > now, mine)

    def get_one(self, id: Any) -> Any:  # noqa: A002, ANN401 - Flask-Admin's signature
        """Return a session, ended or not, of a person within reach."""
        row = super().get_one(id)
        if services().identity_queries.official_within(row.official_id, reach(OPENS)) is None:
            raise NotFound.of(self.title, id)
        return row

    def heading(self, row: Session) -> str:
        """Return whose it is."""
        return f"{row.official_name} {row.employee_code}"

    def sections(self, row: Session) -> list[Section]:
        """Return the subsystems that take part, and what each was told."""
        queries = services().logout_queries
        stays = queries.stays_of([row.id]).get(row.id, ())
        notices = queries.of_session(row.id)
        return [
            Section(
                Message("进入的子系统"),
                (Message("子系统"), Message("客户端"), Message("协议"), Message("进入时间"), Message("状态")),
                [
                    (
                        stay.subsystem_name,
                        stay.client_id,
                        say(PROTOCOLS[stay.protocol]),
                        moment(stay.since),
                        say(STAYING.text) if stay.ended_at is None else say(Message("%(at)s 结束", at=moment(stay.ended_at))),
                    )
                    for stay in stays
                ],
            ),
            Section(
                Message("退出通知"),
                (Message("子系统"), Message("渠道"), Message("原因"), Message("产生时间"), Message("状态"), Message("最近的答复")),
                [
                    (
                        item.subsystem_name,
                        say(CHANNELS[item.channel]),
                        say(cause_words(item.cause)),
                        moment(item.created_at),
                        say(NOTICES[item.state].text),
                        item.answer or "—",
                    )
                    for item in notices
                ],
            ),
        ]
