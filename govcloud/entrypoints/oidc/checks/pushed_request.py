"""Pushed requests (RFC 9126): what the client sent ahead takes the place of what the browser brings."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.marks import ARRIVED
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.messages import Message
from govcloud.signon.oauth.errors import PushRefused
from govcloud.signon.oauth.pushing import PREFIX
from govcloud.web.errors import PageError
from govcloud.web.gate import client_actor, services
from govcloud.web.marks import mark, marked_at


def check_pushed_request(request: AuthorizationRequest) -> None:
    """Fill in the parameters that ``request_uri`` stands for; everything else that the browser brings is left out (section 4).

    Raises:
        PageError: it is unknown, expired, used or another client's; without it nobody knows where to go back to.
    """
    reference = request.get("request_uri")
    if reference is None or not reference.startswith(PREFIX):
        return
    again = marked_at(ARRIVED, reference, request.marks.get(ARRIVED)) is not None
    try:
        pushed = services().oauth.open_pushed(client_actor(request.client), request.client, reference, again=again)
    except PushRefused as error:
        raise _gone() from error
    request.parameters = pushed
    request.pushed = reference
    request.marks.setdefault(ARRIVED, mark(ARRIVED, reference))


def check_must_push(request: AuthorizationRequest) -> None:
    """Let a client that must push its requests come with no other.

    Raises:
        AuthorizationError: it did (section 5, ``require_pushed_authorization_requests``).
    """
    if request.client.oidc.require_pushed_requests and request.pushed is None:
        raise AuthorizationError("invalid_request", "this client must push its authorization requests")


def close_pushed(request: AuthorizationRequest) -> None:
    """Forget the pushed request that is being answered: it gives one answer.

    Raises:
        PageError: it was answered already.
    """
    if request.pushed is None:
        return
    try:
        services().oauth.close_pushed(client_actor(request.client), request.client, request.pushed)
    except PushRefused as error:
        raise _gone() from error


def _gone() -> PageError:
    return PageError("pushed_request_gone", Message("登录请求已失效。"))
