"""The authorization endpoint (OIDC Core 3.1.2): checks in order, then a ticket as the code."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import current_app, redirect, request, url_for
from werkzeug.wrappers import Response

from govcloud.entrypoints.oidc.blueprint import oidc
from govcloud.entrypoints.oidc.checks.admission import check_admission
from govcloud.entrypoints.oidc.checks.appointment import check_appointment
from govcloud.entrypoints.oidc.checks.client import check_client
from govcloud.entrypoints.oidc.checks.freshness import check_freshness
from govcloud.entrypoints.oidc.checks.pkce import check_pkce
from govcloud.entrypoints.oidc.checks.prompt import check_max_age, check_prompt
from govcloud.entrypoints.oidc.checks.redirect_uri import check_redirect_uri
from govcloud.entrypoints.oidc.checks.request_object import check_request_object
from govcloud.entrypoints.oidc.checks.response_type import check_response_type
from govcloud.entrypoints.oidc.checks.scope import check_scope
from govcloud.entrypoints.oidc.checks.session import check_session
from govcloud.entrypoints.oidc.errors import AuthorizationError, EntryDenied, Interaction, PageError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.messages import Message
from govcloud.signon.views import TicketRequest
from govcloud.web.gate import current_actor, public, services
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.refusal import refusal_page
from govcloud.web.setup import csrf
from govcloud.web.trace import trace_id

Check = Callable[[AuthorizationRequest], None]

#: Until both hold, an error is a page: redirecting would make the platform an open redirector.
BEFORE_REDIRECT: tuple[Check, ...] = (check_client, check_redirect_uri)
#: What the client asks for.
REQUEST: tuple[Check, ...] = (
    check_response_type,
    check_request_object,
    check_scope,
    check_pkce,
    check_prompt,
    check_max_age,
)
#: Who is in front of the screen.
PERSON: tuple[Check, ...] = (check_session, check_freshness, check_appointment, check_admission)

#: What the portal's pages take as the address to come back to.
_LONGEST_ADDRESS = 8000


@oidc.get("/oidc/authorize")
@public("RFC 6749 section 3.1: the request itself decides whether somebody has to sign in first")
def authorize() -> Response:
    """Answer an authorization request with a code, an error, or the page that has to come first."""
    asked = AuthorizationRequest(_parameters())
    for check in BEFORE_REDIRECT:
        check(asked)
    try:
        for check in (*REQUEST, *PERSON):
            check(asked)
    except AuthorizationError as error:
        current_app.logger.info("authorization error %s of client %s, trace %s", error, asked.client.client_id, trace_id())
        return _back(asked, error=error.error, error_description=error.description)
    except Interaction as interaction:
        return redirect(url_for(interaction.endpoint, next=_here(interaction.parameters)), 303)
    except EntryDenied as denied:
        return refusal_page(asked.client, denied.decision)
    ticket = TicketRequest(
        redirect_uri=asked.redirect_uri,
        code_challenge=asked.code_challenge,
        scope=" ".join(asked.scope),
        nonce=asked.get("nonce"),
    )
    return _back(asked, code=services().signon.issue_ticket(current_actor(), asked.session, asked.client, ticket))


@oidc.post("/oidc/authorize")
@public("OIDC Core 3.1.2.1: the same request as a form")
def authorize_form() -> Response:
    """Repeat a posted request as an address: the session's cookie does not come with a form of another site (``SameSite=Lax``)."""
    return redirect(_here({}), 303)


csrf.exempt(authorize_form)


def _parameters() -> dict[str, str]:
    """Return the request's parameters.

    Raises:
        PageError: one cannot be taken; as it might be the address to go back to, nobody is redirected.
    """
    try:
        return read_parameters(request.form if request.method == "POST" else request.args)
    except BadParameterError as error:
        raise PageError("bad_parameter", Message("进入子系统的请求有误：%(problem)s。", problem=str(error))) from error


def _here(added: dict[str, str]) -> str:
    """Return this request as a local address, with ``added`` in place of older parameters of the same name.

    Raises:
        PageError: it is too long to come back as an address.
    """
    address = f"{request.path}?{urlencode(_parameters() | added)}"
    if len(address) > _LONGEST_ADDRESS:
        raise PageError("request_too_long", Message("进入子系统的请求过长。"))
    return address


def _back(asked: AuthorizationRequest, **answer: str) -> Response:
    """Return to the client's address with the answer, its ``state`` and our ``iss`` (RFC 9207)."""
    state = asked.get("state")
    if state is not None:
        answer["state"] = state
    answer["iss"] = services().settings.public_url
    parts = urlsplit(asked.redirect_uri)
    query = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    return redirect(urlunsplit(parts._replace(query=query)), 303)
