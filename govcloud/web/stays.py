"""Sessions, stays and notices as pages show them: what a device is called, and the words of protocols, causes and states."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask_babel import gettext

from govcloud.access.lifecycle import GrantState
from govcloud.authorization.rights.acknowledging import Acknowledged
from govcloud.kernel.messages import Message
from govcloud.signon.logout.service import ASKS_BY_ITSELF
from govcloud.signon.logout.views import NoticeState, NoticeView
from govcloud.web.gate import services
from govcloud.web.words import PROTOCOLS, StateWord

#: What a browser's own name contains → what people call it; the first that fits.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Mac OS", "macOS"), ("Linux", "Linux"))

CHANNELS: Mapping[str, Message] = {
    "back_channel": Message("后台通知"),
    "front_channel": Message("浏览器通知"),
    "cas": Message("CAS 单点退出"),
    "none": Message("没有通知渠道"),
}
NOTICES: Mapping[NoticeState, StateWord] = {
    NoticeState.ACKNOWLEDGED: StateWord(Message("已确认退出"), "circle-check", "success"),
    NoticeState.WAITING: StateWord(Message("等待通知"), "clock", "primary"),
    NoticeState.FAILING: StateWord(Message("未成功，重试中"), "triangle-alert", "warning"),
    NoticeState.GIVEN_UP: StateWord(Message("已停止重试"), "circle-x", "danger"),
    NoticeState.SHOWN: StateWord(Message("已由浏览器通知"), "monitor"),
    NoticeState.UNSHOWN: StateWord(Message("浏览器已关闭，未能通知"), "circle-slash", "warning"),
    NoticeState.NONE: StateWord(Message("没有通知渠道"), "circle-slash"),
}
ENDED = frozenset({GrantState.CLOSED, GrantState.EXPIRED, GrantState.SUSPENDED})
"""States of a grant in which it opens nothing any more, or not for now."""
STAYING = StateWord(Message("已登录"), "circle-check", "success")
CAUSES: Mapping[str, Message] = {
    "signed_out": Message("本人退出登录"),
    "signed_out_elsewhere": Message("本人在另一会话中结束"),
    "replaced": Message("同一浏览器换人登录"),
    "expired": Message("会话到期"),
    "official_disabled": Message("人员停用"),
    "official_left": Message("人员离职"),
    "password_changed": Message("密码已更换"),
    "administrator": Message("管理员结束"),
    "too_many_sessions": Message("会话超过上限"),
    "appointment_ended": Message("任职结束"),
    "appointment_changed": Message("本人更换任职"),
    "grant_closed": Message("临时权限终止"),
    "grant_suspended": Message("临时权限暂停"),
    "grant_expired": Message("临时权限到期"),
    "door_closed": Message("进入权限已失效"),
    "client_disabled": Message("客户端停用"),
    "subsystem_retired": Message("子系统下线"),
}


@dataclass(frozen=True)
class StayRow:
    """One subsystem within a session: its protocol, since when, and whether somebody is in it or how far it was told of the end."""

    subsystem_name: str
    protocol: Message
    since: datetime
    word: StateWord


@dataclass(frozen=True)
class ToldRow:
    """A client that was told: its subsystem, how far that is, and what it answered when."""

    subsystem_name: str
    word: StateWord
    at: datetime | None
    answer: str | None


@dataclass(frozen=True)
class TakenBack:
    """How the end of a grant reaches its subsystem: by the next check that it makes, or by being told.

    What was seen of it: when the subsystem received the message of the end, and when it first refused the holder afterwards.
    """

    asks: bool
    told: tuple[ToldRow, ...] = ()
    received_at: datetime | None = None
    refused_at: datetime | None = None


def taken_back(grants: Mapping[UUID, str]) -> Mapping[UUID, TakenBack]:
    """Return for grants (with their functions) how the end of each reached, or would reach, the subsystem."""
    levels = services().subsystem_queries.levels(grants.values()) if grants else {}
    notices = services().logout_queries.of_grants(grants)
    acknowledged = services().acknowledgements.of(grants)
    return {
        grant: TakenBack(
            levels.get(function, ASKS_BY_ITSELF) >= ASKS_BY_ITSELF,
            tuple(ToldRow(item.subsystem_name, NOTICES[item.state], item.acknowledged_at, item.answer) for item in notices.get(grant, ())),
            *_seen(acknowledged.get(grant)),
        )
        for grant, function in grants.items()
    }


def _seen(item: Acknowledged | None) -> tuple[datetime | None, datetime | None]:
    return (item.webhook_at, item.refused_at) if item else (None, None)


def cause_words(cause: str) -> Message:
    """Return why a stay ended; a cause that is no longer used shows as it is."""
    return CAUSES.get(cause) or Message("%(reason)s", reason=cause)


def device(agent: str | None) -> str:
    """Return browser and system in two words; what cannot be told stays unsaid."""
    text = agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return " · ".join(part for part in (browser, system) if part) or gettext("未知的浏览器")


def stay_rows(sessions: Iterable[UUID]) -> Mapping[UUID, tuple[StayRow, ...]]:
    """Return the subsystems within each of ``sessions``; as many statements for one session as for many.

    Several clients of one subsystem that speak the same protocol and stand alike are one row, since the first of them.
    """
    wanted, queries = list(sessions), services().logout_queries
    found = queries.stays_of(wanted)
    # A live session has notices only where somebody left a subsystem before.
    left = any(stay.ended_at for stays in found.values() for stay in stays)
    told: dict[UUID, NoticeView] = {notice.participant_id: notice for notice in queries.of_sessions(wanted)} if left else {}
    return {
        session: _merged(
            StayRow(
                stay.subsystem_name,
                PROTOCOLS[stay.protocol],
                stay.since,
                STAYING if stay.ended_at is None else _ended(told.get(stay.participant_id)),
            )
            for stay in stays
        )
        for session, stays in found.items()
    }


def _merged(rows: Iterable[StayRow]) -> tuple[StayRow, ...]:
    first: dict[tuple[str, str, str], StayRow] = {}
    for row in rows:
        first.setdefault((row.subsystem_name, str(row.protocol), str(row.word.text)), row)
    return tuple(first.values())


def _ended(notice: NoticeView | None) -> StateWord:
    return NOTICES[notice.state if notice else NoticeState.NONE]
