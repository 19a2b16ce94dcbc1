"""Sign-out at a client's word (OIDC RP-Initiated Logout): the one session ends, then back to the client's registered address."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit, urlunsplit
from uuid import UUID

from flask import Response, make_response, redirect, render_template, request

from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.kernel.messages import Message
from govcloud.signon.errors import TokenRefused
from govcloud.signon.views import Hint
from govcloud.subsystems.queries import ClientView
from govcloud.web.errors import PageError
from govcloud.web.gate import client_actor, current_actor, current_session, public, services
from govcloud.web.headers import allow_form_target
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.setup import csrf
from govcloud.web.signing_out import signed_out

_READ = frozenset({"id_token_hint", "client_id", "post_logout_redirect_uri", "state"})


@dataclass(frozen=True)
class _Asked:
    """A sign-out request after its checks: who asks, about whom, and where to go afterwards."""

    client: ClientView | None
    hint: Hint | None
    back_to: str | None
    state: str | None
    parameters: Mapping[str, str]


@oidc.route("/oidc/logout", methods=["GET", "POST"])
@public("RP-Initiated Logout 2: ends a session only for a client that shows its ID token; otherwise the person is asked")
def logout() -> Response:
    """End the session that the hint is about; without a hint, or about another session than the browser's, ask first."""
    asked = _asked()
    here = current_session()
    if request.method == "POST" and here is None:
        # The session's cookie does not come with a form of another site; it does with an address. Only with it this is the browser
        # that may be shown whom it has to tell, and the person is asked where the hint is about another session than theirs.
        return make_response(redirect(f"{request.path}?{urlencode(asked.parameters)}", 303))
    if asked.client is not None and asked.hint is not None:
        signon = services().signon
        hinted = signon.session_by_sid(asked.hint.sid, asked.hint.client_id)
        if hinted is not None and (here is None or here.session_id == hinted.session_id):
            actor = client_actor(asked.client)
            signon.sign_out_by_client(actor, asked.hint.sid, asked.client.client_id)
            return _done(asked, ended=here.session_id if here is not None else None)
    return _done(asked, ended=None) if here is None else _ask(asked)


# Another site may post here: what ends a session is the ID token, or the person's own answer to the form below.
csrf.exempt(logout)


@oidc.post("/oidc/logout/confirmed")
@public("a session that has run out meanwhile must not be an error")
def logout_confirmed() -> Response:
    """End the browser's session after its owner said so on our page."""
    asked = _asked()
    here = current_session()
    if here is not None:
        services().signon.sign_out(current_actor(), here.session_id)
    return _done(asked, ended=here.session_id if here is not None else None)


def _asked() -> _Asked:
    """Return the request, checked.

    Raises:
        PageError: the hint is not ours, names another client, or the address to go back to is not registered (section 3: then
            nobody is redirected, and nothing ends).
    """
    try:
        parameters = read_parameters(request.form if request.method == "POST" else request.args)
    except BadParameterError as error:
        raise PageError("bad_parameter", Message("退出登录的请求有误：%(problem)s。", problem=str(error))) from error
    hint = _hint(parameters.get("id_token_hint"))
    client = _client(parameters.get("client_id"), hint)
    back_to = parameters.get("post_logout_redirect_uri")
    if back_to is not None and (client is None or back_to not in client.post_logout_uris):
        raise PageError("wrong_post_logout_redirect_uri", Message("退出后要返回的地址没有在平台登记，为安全起见已停止。"))
    read = {name: value for name, value in parameters.items() if name in _READ}
    return _Asked(client, hint, back_to, parameters.get("state"), read)


def _hint(id_token: str | None) -> Hint | None:
    if id_token is None:
        return None
    try:
        return services().signon.read_hint(id_token)
    except TokenRefused as error:
        raise PageError("bad_hint", Message("退出登录的请求带有无效的身份令牌。")) from error


def _client(client_id: str | None, hint: Hint | None) -> ClientView | None:
    if hint is not None and client_id not in {None, hint.client_id}:
        raise PageError("bad_hint", Message("退出登录的请求带有其他子系统的身份令牌。"))
    wanted = hint.client_id if hint else client_id
    client = services().subsystem_queries.client_by_client_id(wanted) if wanted else None
    if wanted and client is None:
        raise PageError("unknown_client", Message("要求退出的子系统没有在平台登记，或已停用。"))
    return client


def _ask(asked: _Asked) -> Response:
    """Show who is signed in and ask whether to end it."""
    if asked.back_to is not None:
        parts = urlsplit(asked.back_to)
        allow_form_target(f"{parts.scheme}://{parts.netloc}")
    kept = {
        "client_id": asked.client.client_id if asked.client else None,
        "post_logout_redirect_uri": asked.back_to,
        "state": asked.state,
    }
    session = current_session()
    return make_response(
        render_template(
            "oidc/sign_out.html",
            name=session.name if session else "",
            subsystem_name=asked.client.subsystem_name if asked.client else "",
            kept={name: value for name, value in kept.items() if value is not None},
        )
    )


def _done(asked: _Asked, *, ended: UUID | None) -> Response:
    """Go back to the client's registered address, or say that it is over; ``ended`` is the browser's own session, if that ended."""
    return signed_out(ended, _onward(asked))


def _onward(asked: _Asked) -> str | None:
    """Return the client's registered address with the state that it sent."""
    if asked.back_to is None:
        return None
    parts = urlsplit(asked.back_to)
    query = "&".join(part for part in (parts.query, urlencode({"state": asked.state}) if asked.state else "") if part)
    return urlunsplit(parts._replace(query=query))
