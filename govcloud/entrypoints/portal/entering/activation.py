"""激活账号 and 重置密码: setting the password of an account with the one-time code that the department handed over."""

from __future__ import annotations

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.forms import Findings
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.errors import SignInLocked
from govcloud.web.errors import status_of
from govcloud.web.gate import public, services, source_address
from govcloud.web.locale import say
from govcloud.web.trace import trace_id

_TOO_MANY = 429


@portal.get("/activate")
@public("whoever activates an account cannot sign in yet")
def activate() -> ResponseReturnValue:
    """Show the form."""
    return _page(Findings())


@portal.post("/activate")
@public("whoever activates an account cannot sign in yet")
def set_first_password() -> ResponseReturnValue:
    """Set the password and go on to sign-in."""
    findings = Findings()
    login, code, new, again = (request.form.get(name, "") for name in ("login", "code", "new", "again"))
    for name, value in (("login", login), ("code", code), ("new", new)):
        if not value.strip():
            findings.add(name, Message("请填写。"))
    if new and new != again:
        findings.add("again", Message("两次输入的新密码不一致。"))
    if findings:
        return _page(findings, login), 422
    try:
        services().signon.activate(login, code, new, source_address(), trace_id())
    except GovcloudError as error:
        return _refused(error, findings, login)
    session.clear()
    flash(gettext("账号已激活，请用新密码登录。"), "success")
    return redirect(url_for("portal.sign_in", login_hint=login.strip()[:60]), 303)


def _refused(error: GovcloudError, findings: Findings, login: str) -> ResponseReturnValue:
    """Show what the service said: a broken rule beside the new password, all else on top."""
    if error.fields:
        findings.take_password(error)
    else:
        findings.general = " ".join(say(part) for part in (error.message, error.remedy) if part)
    response = make_response(_page(findings, login), _TOO_MANY if isinstance(error, SignInLocked) else status_of(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _page(findings: Findings, login: str = "") -> str:
    return render_template(
        "portal/activate.html", login=login, rules=services().password_rules.shown(), errors=findings.errors, general=findings.general
    )
