"""Where one is signed in: each session with its device and the subsystems that take part, and ending one or all others."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext, ngettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.entering.sign_in import signed_out
from govcloud.signon.sessions import CurrentSession
from govcloud.web.gate import current_actor, services, signed_in
from govcloud.web.stays import StayRow, device, stay_rows


@dataclass(frozen=True)
class SessionRow:
    """One session in the list; ``place`` is the appointment that it acts under."""

    view: CurrentSession
    device: str
    current: bool
    place: str
    stays: tuple[StayRow, ...]


def session_rows(me: CurrentSession) -> list[SessionRow]:
    """Return the reader's live sessions, the present one first; as many statements for one as for ten."""
    entries = services().signon.sessions_of(me.official_id)
    stays = stay_rows(entry.session_id for entry in entries)
    places = {item.id: f"{item.department_name} · {item.position}" for item in services().identity_queries.appointments_of(me.official_id)}
    rows = [
        SessionRow(
            entry,
            device(entry.user_agent),
            entry.session_id == me.session_id,
            places.get(entry.appointment_id, "") if entry.appointment_id else "",
            stays.get(entry.session_id, ()),
        )
        for entry in entries
    ]
    return sorted(rows, key=lambda row: not row.current)


@portal.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: UUID) -> ResponseReturnValue:
    """End one of one's own sessions; ending the present one signs out."""
    services().signon.sign_out(current_actor(), session_id)
    if session_id == reader().session_id:
        return signed_out(session_id)
    flash(gettext("会话已结束，该浏览器的下一次操作须重新登录；所进入的子系统已列入通知。"), "success")
    return redirect(url_for("portal.account", _anchor="sessions"), 303)


@portal.post("/account/sessions/end-others")
@signed_in
def end_other_sessions() -> ResponseReturnValue:
    """End every session of one's own but the present one."""
    ended = services().logout.end_other_sessions(current_actor())
    flash(ngettext("已结束另外 %(num)s 个会话。", "已结束另外 %(num)s 个会话。", ended), "success")
    return redirect(url_for("portal.account", _anchor="sessions"), 303)
