"""What browsers open on the platform's host for an application: sign-in and hand-over, why not, and the question before sign-out."""

from __future__ import annotations

import re
from urllib.parse import urlencode, urlsplit

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from govcloud.entrypoints.forward_auth.blueprint import forward_auth
from govcloud.kernel.messages import Message
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.step_up import StepUpRequired
from govcloud.subsystems.beginnings import origin_of
from govcloud.subsystems.protocols import FORWARD_AUTH
from govcloud.subsystems.queries import ClientView
from govcloud.web.cookies import clear_session_token
from govcloud.web.errors import PageError, error_page
from govcloud.web.gate import current_actor, current_session, public, services, signed_in
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.refusal import refusal_page
from govcloud.web.signing_out import ended_here, told_by_browser

_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_FORBIDDEN = 403


@forward_auth.get("/forward-auth/start")
@public("the request itself decides whether somebody has to sign in first")
def start() -> Response:
    """Hand a signed-in official over to the application's origin, once it is clear in which duty and that the door is open."""
    parameters = _parameters()
    client, to = _client(parameters), parameters.get("to", "")
    origin = _origin(client, to)
    state = parameters.get("state", "")
    if not _CHALLENGE.fullmatch(state):
        raise PageError("bad_parameter", Message("进入子系统的请求有误：%(problem)s。", problem="state"))
    here = f"{request.path}?{urlencode(parameters)}"
    session = current_session()
    if session is None:
        return redirect(url_for("portal.sign_in", next=here), 303)
    if session.appointment_id is None and services().identity_queries.appointments_of(session.official_id):
        return redirect(url_for("portal.appointment", next=here), 303)
    try:
        ticket = services().forwarding.hand_over(current_actor(), session, client, to, state)
    except NotAdmitted as refused:
        return refusal_page(client, refused.decision)
    return redirect(f"{origin}/.govcloud/callback?{urlencode({'ticket': ticket})}", 303)


@forward_auth.get("/forward-auth/refused")
@signed_in
def refused() -> Response:
    """Say why the application, or a part of it, is not open to the official, and what to do."""
    parameters = _parameters()
    client, to = _client(parameters), parameters.get("to", "")
    _origin(client, to)
    session = current_session()
    assert session is not None  # noqa: S101 - the gate has seen to it
    forwarding = services().forwarding
    address = forwarding.read_seen_from(client, parameters)
    door = forwarding.door(client, session, client_address=address)
    if not door.allowed:
        return refusal_page(client, door)
    parts = urlsplit(to)
    against = forwarding.against(client, session, parts._replace(scheme="", netloc="").geturl(), client_address=address)
    if against is None:
        # What stood against it was mended meanwhile. Where it was the proof of identity, the application's stay may be of another session
        # than this one, and stay weak: the way back leads through a new entry.
        state = parameters.get("state", "")
        anew = url_for("forward_auth.start", client_id=client.client_id, to=to, state=state)
        return redirect(anew if _CHALLENGE.fullmatch(state) else to, 303)
    if against.wants_proof:
        demand = services().step_up.demand()
        # The page of the proof leads back here, where nothing stands against it any more.
        raise StepUpRequired(factor=demand is not None and demand.factor)
    return refusal_page(client, against.decision) if against.decision else error_page(_FORBIDDEN)


@forward_auth.get("/forward-auth/failed")
@public("says that a hand-over did not work, and the way to try again")
def failed() -> Response:
    """Say that the hand-over did not work; it is never tried again by itself, which could go round in circles."""
    client = _client(_parameters())
    raise PageError(
        "hand_over_failed",
        Message("进入“%(name)s”没有成功：登录凭据已过期或不属于这个浏览器。", name=client.subsystem_name),
        Message("请关闭其他正在登录的页面，允许浏览器使用 Cookie，然后重新打开该系统的地址。"),
    )


@forward_auth.get("/forward-auth/sign-out")
@public("asks a question; the form below it ends the session")
def sign_out() -> Response:
    """Ask whether to end the one session: the link to sign-out came from another site."""
    client = _client(_parameters())
    session = current_session()
    if session is None:
        return redirect(url_for("portal.sign_in"), 303)
    return make_response(render_template("forward_auth/sign_out.html", name=session.name, subsystem_name=client.subsystem_name))


@forward_auth.get("/forward-auth/signed-out")
@public("a browser with the cookie of a session that has ended is shown whom it has to tell; nothing ends here")
def signed_out() -> Response:
    """Let the browser that signed out at an application's origin tell those whom only it can; then it may sign in again."""
    ended = ended_here()
    response = told_by_browser(ended) if ended is not None else None
    response = response or make_response(redirect(url_for("portal.sign_in"), 303))
    if ended is not None:
        clear_session_token(response)
    return response


def _parameters() -> dict[str, str]:
    try:
        return read_parameters(request.args)
    except BadParameterError as error:
        raise PageError("bad_parameter", Message("进入子系统的请求有误：%(problem)s。", problem=str(error))) from error


def _client(parameters: dict[str, str]) -> ClientView:
    """Return the application that the request names.

    Raises:
        PageError: there is none.
    """
    client_id = parameters.get("client_id")
    client = services().subsystem_queries.client_by_client_id(client_id) if client_id else None
    if client is None or client.protocol != FORWARD_AUTH:
        raise PageError("unknown_client", Message("要进入的子系统没有在平台登记，或已停用。"))
    return client


def _origin(client: ClientView, address: str) -> str:
    """Return the origin of an address of the application.

    Raises:
        PageError: it is none of the application's: the platform sends nobody anywhere else.
    """
    origin = origin_of(address)
    if origin is None or origin not in client.origins:
        raise PageError("unknown_service", Message("要进入的子系统地址没有在平台登记，或已停用。"))
    return origin
