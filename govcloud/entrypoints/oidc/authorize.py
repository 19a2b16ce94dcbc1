"""The authorization endpoint (OIDC Core 3.1.2): checks in order, then a ticket as the code."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from govcloud.entrypoints.oidc.answering import go_back
from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.entrypoints.oidc.checks.appointment import check_appointment
from govcloud.entrypoints.oidc.checks.claims import check_claims
from govcloud.entrypoints.oidc.checks.client import check_client
from govcloud.entrypoints.oidc.checks.dpop_jkt import check_dpop_jkt
from govcloud.entrypoints.oidc.checks.freshness import check_freshness
from govcloud.entrypoints.oidc.checks.pkce import check_pkce
from govcloud.entrypoints.oidc.checks.prompt import check_max_age, check_prompt
from govcloud.entrypoints.oidc.checks.pushed_request import check_must_push, check_pushed_request
from govcloud.entrypoints.oidc.checks.redirect_uri import check_redirect_uri
from govcloud.entrypoints.oidc.checks.request_object import check_request_object
from govcloud.entrypoints.oidc.checks.response_type import check_response_type
from govcloud.entrypoints.oidc.checks.scope import check_scope
from govcloud.entrypoints.oidc.checks.session import check_session
from govcloud.entrypoints.oidc.checks.strength import check_strength
from govcloud.entrypoints.oidc.errors import AuthorizationError, EntryDenied, Interaction
from govcloud.entrypoints.oidc.languages import keep_language, speak
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.views import TicketRequest
from govcloud.web.errors import PageError
from govcloud.web.gate import current_actor, public, services
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.refusal import refusal_page
from govcloud.web.setup import csrf
from govcloud.web.trace import trace_id

Check = Callable[[AuthorizationRequest], None]

#: Until these hold, an error is a page: redirecting would make the platform an open redirector.
BEFORE_REDIRECT: tuple[Check, ...] = (check_client, check_pushed_request, check_redirect_uri)
#: What the client asks for.
REQUEST: tuple[Check, ...] = (
    check_response_type,
    check_request_object,
    check_scope,
    check_pkce,
    check_dpop_jkt,
    check_prompt,
    check_max_age,
    check_claims,
)
#: Who is in front of the screen.
PERSON: tuple[Check, ...] = (check_session, check_freshness, check_strength, check_appointment)

#: What the portal's pages take as the address to come back to.
_LONGEST_ADDRESS = 8000


@oidc.get("/oidc/authorize")
@public("RFC 6749 section 3.1: the request itself decides whether somebody has to sign in first")
def authorize() -> Response:
    """Answer an authorization request with a code, an error, or the page that has to come first."""
    asked = AuthorizationRequest.of(_parameters())
    for check in BEFORE_REDIRECT:
        check(asked)
    language = speak(asked.get("ui_locales"))
    try:
        for check in (check_must_push, *REQUEST, *PERSON):
            check(asked)
        code = _code(asked)
    except AuthorizationError as error:
        current_app.logger.info("authorization error %s of client %s, trace %s", error, asked.client.client_id, trace_id())
        return go_back(asked, error=error.error, error_description=error.description)
    except Interaction as interaction:
        return keep_language(redirect(_page(asked, interaction), 303), language)
    except EntryDenied as denied:
        return refusal_page(asked.client, denied.decision)
    return go_back(asked, code=code)


@oidc.post("/oidc/authorize")
@public("OIDC Core 3.1.2.1: the same request as a form")
def authorize_form() -> Response:
    """Repeat a posted request as an address: the session's cookie does not come with a form of another site (``SameSite=Lax``)."""
    return redirect(_address(_parameters()), 303)


csrf.exempt(authorize_form)


def _code(asked: AuthorizationRequest) -> str:
    """Return the code that answers a request whose checks have passed, if the engine lets the person into the subsystem.

    A person who may not enter stays on the platform, on its refusal page: the client could only say "access denied", while the platform
    knows what would mend it and opens the request. A client that allows no page (``prompt=none``) gets the error.

    Raises:
        EntryDenied: the door is closed.
        AuthorizationError: the same, when no page may show.
        Interaction: the session has ended since it was checked.
    """
    ticket = TicketRequest(
        redirect_uri=asked.redirect_uri,
        code_challenge=asked.code_challenge,
        scope=" ".join(asked.scope),
        nonce=asked.get("nonce"),
        dpop_jkt=asked.dpop_jkt,
    )
    try:
        return services().signon.issue_ticket(current_actor(), asked.session, asked.client, ticket)
    except NotAdmitted as refused:
        if asked.silent:
            raise AuthorizationError("access_denied", "the official may not enter this subsystem") from refused
        raise EntryDenied(refused.decision) from refused
    except NotFound as ended:
        raise asked.interact("login_required", "the session has just ended", "portal.sign_in") from ended


def _parameters() -> dict[str, str]:
    """Return the request's parameters.

    Raises:
        PageError: one cannot be taken; as it might be the address to go back to, nobody is redirected.
    """
    try:
        return read_parameters(request.form if request.method == "POST" else request.args)
    except BadParameterError as error:
        raise PageError("bad_parameter", Message("进入子系统的请求有误：%(problem)s。", problem=str(error))) from error


def _page(asked: AuthorizationRequest, interaction: Interaction) -> str:
    """Return the address of the page that comes first, which leads back here."""
    hint = asked.get("login_hint") if interaction.endpoint == "portal.sign_in" else None
    return url_for(interaction.endpoint, next=_address(asked.way_back | interaction.parameters), login_hint=hint)


def _address(parameters: dict[str, str]) -> str:
    """Return a request as a local address.

    Raises:
        PageError: it is too long to come back as one.
    """
    address = f"{request.path}?{urlencode(parameters)}"
    if len(address) > _LONGEST_ADDRESS:
        raise PageError("request_too_long", Message("进入子系统的请求过长。"))
    return address
