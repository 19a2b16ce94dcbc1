"""One's own account: profile, appointments, sessions, password."""

from __future__ import annotations

from flask import flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.duty import reader
from govcloud.entrypoints.portal.entering.sessions import session_rows
from govcloud.entrypoints.portal.forms import Findings
from govcloud.identity.working_life.orders import CHANGE_NAMES
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.errors import SignInLocked, SignInRefused
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, services, signed_in


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


def _take(error: GovcloudError, findings: Findings) -> None:
    """Put what the service said beside the field that it is about."""
    if isinstance(error, SignInRefused):
        findings.add("current", Message("当前密码不正确。"))
    elif isinstance(error, SignInLocked):
        findings.take(error)
    else:
        findings.take_password(error)


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
        sessions=session_rows(me),
        factor=services().second_factors.standing_of(me.account_id, me.official_id),
        rules=services().password_rules.shown(),
        errors=findings.errors,
        general=findings.general,
    )
