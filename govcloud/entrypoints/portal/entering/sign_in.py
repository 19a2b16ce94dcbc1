"""Signing in and out."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from flask import flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext
from werkzeug.wrappers import Response

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.entering.steps import let_in, to_next_step
from govcloud.entrypoints.portal.forms import Findings
from govcloud.entrypoints.portal.return_to import asked_next, open_way_back, waiting_client
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.messages import Message
from govcloud.signon.ceremony import MoreToProve
from govcloud.web.cookies import clear_session_token
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, current_session, public, services, source_address
from govcloud.web.locale import say
from govcloud.web.signing_out import told_by_browser
from govcloud.web.trace import trace_id

_TOO_MANY = 429


@dataclass(frozen=True)
class _Failure:
    """Why the sign-in did not work, and what to do."""

    cause: str
    remedy: str


@portal.get("/sign-in")
@public("one signs in here")
def sign_in() -> ResponseReturnValue:
    """Show the form; somebody who is signed in already and only strayed here goes on to the workbench."""
    if current_session() is not None and not request.args.get("next"):
        return redirect(url_for("portal.workbench"))
    return _page(asked_next(), login=request.args.get("login_hint", "")[:60])


@portal.post("/sign-in")
@public("one signs in here")
def enter() -> ResponseReturnValue:
    """Check account and password; on to choosing an appointment, or to where one wanted to go."""
    target = asked_next()
    login, password = request.form.get("login", ""), request.form.get("password", "")
    findings = Findings()
    if not login.strip():
        findings.add("login", Message("请填写工号。"))
    if not password:
        findings.add("password", Message("请填写密码。"))
    if findings:
        return _page(target, login=login, findings=findings), 422
    try:
        signed = services().signon.sign_in(
            login, password, source_address(), request.user_agent.string, trace_id(), current=current_session()
        )
    except MoreToProve as more:
        return to_next_step(more, target)
    except GovcloudError as error:
        return _refused(target, login, error)
    return let_in(signed, target)


@portal.post("/sign-out")
@public("ending a session that has run out already must not be an error")
def sign_out() -> Response:
    """End the session, here and in every subsystem that takes part in it."""
    live = current_session()
    if live is not None:
        services().signon.sign_out(current_actor(), live.session_id)
    return signed_out(live.session_id if live is not None else None)


def signed_out(session_id: UUID | None) -> Response:
    """Answer a browser whose session ended just now: it tells whom it has to, or goes on to sign-in."""
    session.clear()
    response = told_by_browser(session_id) if session_id is not None else None
    if response is None:
        flash(gettext("已退出登录。"), "success")
        response = make_response(redirect(url_for("portal.sign_in"), 303))
    clear_session_token(response)
    return response


def _refused(target: str, login: str, error: GovcloudError) -> ResponseReturnValue:
    """Show the form again with what the service said; a lock and a full queue say when to come back."""
    failure = _Failure(say(error.message), say(error.remedy) if error.remedy else "")
    locked = error.retry_after is not None and error.code == "sign_in_locked"
    response = make_response(_page(target, login=login, failure=failure), _TOO_MANY if locked else status_of(error))
    if error.retry_after is not None:
        response.headers["Retry-After"] = str(error.retry_after)
    return response


def _page(target: str, *, login: str, failure: _Failure | None = None, findings: Findings | None = None) -> str:
    client = waiting_client(target)
    open_way_back(client)
    return render_template(
        "portal/sign_in.html",
        next=target,
        waiting_for=client.subsystem_name if client else "",
        login=login,
        failure=failure,
        errors=findings.errors if findings else {},
    )
