"""One's own account: profile, appointments, sessions, password."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.forms import Findings
from govcloud.identity.orders import CHANGE_NAMES
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.errors import SignInLocked, SignInRefused
from govcloud.web.cookies import clear_session_token
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in

#: What a browser's own name contains → what people call it; the first that fits.
_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iOS"), ("iPad", "iPadOS"), ("Mac OS", "macOS"), ("Linux", "Linux"))


@dataclass(frozen=True)
class _SessionRow:
    """One session in the list."""

    id: UUID
    browser: str
    current: bool
    source_address: str | None
    started_at: datetime
    last_seen_at: datetime


@portal.get("/account")
@signed_in
def account() -> ResponseReturnValue:
    """Show who one is, one's appointments and sessions, and the form to change the password."""
    return _page(Findings())


@portal.post("/account/password")
@signed_in
def change_password() -> ResponseReturnValue:
    """Change the password; other sessions end."""
    findings = Findings()
    current, new, again = (request.form.get(name, "") for name in ("current", "new", "again"))
    for name, value in (("current", current), ("new", new)):
        if not value:
            findings.add(name, Message("请填写。"))
    if new and new != again:
        findings.add("again", Message("两次输入的新密码不一致。"))
    if findings:
        return _page(findings), 422
    try:
        services().signon.change_password(current_actor(), current, new)
    except GovcloudError as error:
        _take(error, findings)
        return _page(findings), 422 if isinstance(error, SignInRefused) else status_of(error)
    flash(gettext("密码已修改，您的其他会话已经结束。"), "success")
    return redirect(url_for("portal.account"), 303)


@portal.post("/account/sessions/<uuid:session_id>/end")
@signed_in
def end_session(session_id: UUID) -> ResponseReturnValue:
    """End one of one's own sessions; ending the present one signs out."""
    services().signon.sign_out(current_actor(), session_id)
    if session_id != reader().session_id:
        flash(gettext("会话已结束，该浏览器的下一次操作须重新登录。"), "success")
        return redirect(url_for("portal.account"), 303)
    session.clear()
    flash(gettext("已退出登录。"), "success")
    response = make_response(redirect(url_for("portal.sign_in"), 303))
    clear_session_token(response)
    return response


def _take(error: GovcloudError, findings: Findings) -> None:
    """Put what the service said beside the field that it is about."""
    if isinstance(error, SignInRefused):
        findings.add("current", Message("当前密码不正确。"))
    elif isinstance(error, SignInLocked):
        findings.take(error)
    else:
        findings.take_password(error)


def _browser(agent: str | None) -> str:
    """Return browser and system in two words; what cannot be told stays unsaid."""
    text = agent or ""
    browser = next((name for mark, name in _BROWSERS if mark in text), "")
    system = next((name for mark, name in _SYSTEMS if mark in text), "")
    return " · ".join(part for part in (browser, system) if part) or gettext("未知的浏览器")


def _page(findings: Findings) -> str:
    me, queries = reader(), services().identity_queries
    own = queries.account(me.account_id)
    return render_template(
        "portal/account.html",
        official=queries.official(me.official_id),
        login=own.login if own else "",
        timeline=queries.timeline(me.official_id),
        planned=queries.planned_changes(me.official_id),
        change_names=CHANGE_NAMES,
        current_appointment=me.appointment_id,
        sessions=[
            _SessionRow(
                entry.session_id,
                _browser(entry.user_agent),
                entry.session_id == me.session_id,
                entry.source_address,
                entry.started_at,
                entry.last_seen_at,
            )
            for entry in services().signon.sessions_of(me.official_id)
        ],
        factor=services().second_factors.standing_of(me.account_id, me.official_id),
        rules=services().password_rules.shown(),
        errors=findings.errors,
        general=findings.general,
    )
