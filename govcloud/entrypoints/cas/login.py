"""Sign-in for a service (section 2.1): who is signed in goes back to the service with a ticket, everybody else to a page first.

The form for account and password is the portal's; it comes back here. Whoever comes back from it carries a mark of when sign-in was
demanded, by which the ticket is fresh (``renew``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode, urlsplit

from flask import make_response, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from govcloud.entrypoints.cas.blueprint import cas
from govcloud.kernel.messages import Message
from govcloud.signon.errors import NotAdmitted
from govcloud.signon.sessions import CurrentSession
from govcloud.subsystems.queries import ClientView
from govcloud.web.errors import PageError
from govcloud.web.gate import current_actor, current_session, public, services
from govcloud.web.headers import allow_form_target
from govcloud.web.marks import mark, marked_at
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.refusal import refusal_page
from govcloud.web.setup import csrf

DEMANDED = "sign_in_demanded"
_LONGEST_ADDRESS = 8000


@dataclass(frozen=True)
class _Asked:
    """A request for sign-in: the service and its client, what it wants shown, and when it demanded sign-in, if it did."""

    parameters: dict[str, str]
    service: str
    client: ClientView
    demanded: datetime | None

    @property
    def renew(self) -> bool:
        """Return whether single sign-on is to be bypassed."""
        return _is_set(self.parameters, "renew")

    @property
    def silent(self) -> bool:
        """Return whether no page may show; ``renew`` wins over ``gateway`` (section 2.1.1)."""
        return _is_set(self.parameters, "gateway") and not self.renew


@cas.get("/login")
@public("CAS Protocol 2.1: the request itself decides whether somebody has to sign in first")
def login() -> Response:
    """Answer with a ticket, the page that has to come first, or (``gateway``) without either."""
    parameters = _parameters()
    service = parameters.get("service")
    session = current_session()
    if service is None:
        return redirect(url_for("portal.sign_in", next=request.path) if session is None else url_for("portal.workbench"), 303)
    client = services().subsystem_queries.client_by_service(service)
    if client is None:
        raise PageError("unknown_service", Message("要进入的子系统地址没有在平台登记，或已停用。"))
    asked = _Asked(parameters, service, client, marked_at(DEMANDED, _bound(service), parameters.get(DEMANDED)))
    if session is None or (asked.renew and not services().cas.proven_for(session, asked.demanded)):
        return _without_ticket(asked) if asked.silent else _first(asked, "portal.sign_in", **{DEMANDED: mark(DEMANDED, _bound(service))})
    return _enter(asked, session)


@cas.post("/login")
@public("CAS Protocol 2.1: the same request as a form")
def login_form() -> Response:
    """Repeat a posted request as an address: the session's cookie does not come with a form of another site (``SameSite=Lax``)."""
    return redirect(_here(_parameters()), 303)


# It only repeats a form as an address; account and password are not taken here.
csrf.exempt(login_form)


def _enter(asked: _Asked, session: CurrentSession) -> Response:
    """Let a signed-in official in, once it is clear in which duty."""
    if session.appointment_id is None and services().identity_queries.appointments_of(session.official_id):
        return _without_ticket(asked) if asked.silent else _first(asked, "portal.appointment")
    try:
        ticket = services().cas.issue(current_actor(), session, asked.client, asked.service, demanded=asked.demanded)
    except NotAdmitted as refused:
        return _without_ticket(asked) if asked.silent else refusal_page(asked.client, refused.decision)
    if asked.parameters.get("method", "").upper() == "POST":
        return _posting(asked.service, ticket)
    return redirect(with_parameter(asked.service, "ticket", ticket), 303)


def _posting(service: str, ticket: str) -> Response:
    """Return the page that posts the ticket to the service (CAS 3.0 ``method``); without scripts it takes a click."""
    parts = urlsplit(service)
    allow_form_target(f"{parts.scheme}://{parts.netloc}")
    return make_response(render_template("cas/post.html", service=service, ticket=ticket))


def _without_ticket(asked: _Asked) -> Response:
    """Go back to the service, which learns from the missing ticket that nobody came in (``gateway``)."""
    return redirect(asked.service, 303)


def _first(asked: _Asked, endpoint: str, **added: str) -> Response:
    """Go to a page of the portal that comes back here."""
    return redirect(url_for(endpoint, next=_here(asked.parameters | added)), 303)


def with_parameter(address: str, name: str, value: str) -> str:
    """Return ``address`` with one more parameter in its query, before its fragment."""
    parts = urlsplit(address)
    query = "&".join(part for part in (parts.query, urlencode({name: value})) if part)
    return parts._replace(query=query).geturl()


def _parameters() -> dict[str, str]:
    """Return the request's parameters; account and password that somebody posts here are not among them.

    Raises:
        PageError: one cannot be taken; as it might be the address to go back to, nobody is redirected.
    """
    try:
        given = read_parameters(request.form if request.method == "POST" else request.args)
    except BadParameterError as error:
        raise PageError("bad_parameter", Message("进入子系统的请求有误：%(problem)s。", problem=str(error))) from error
    return {name: given[name] for name in ("service", "renew", "gateway", "method", DEMANDED) if name in given}


def _here(parameters: dict[str, str]) -> str:
    """Return this request as a local address.

    Raises:
        PageError: it is too long to come back as an address.
    """
    address = f"{request.path}?{urlencode(parameters)}"
    if len(address) > _LONGEST_ADDRESS:
        raise PageError("request_too_long", Message("进入子系统的请求过长。"))
    return address


def _is_set(parameters: dict[str, str], name: str) -> bool:
    """Return whether a flag is set; some clients send ``false`` where others send nothing."""
    return parameters.get(name, "false").lower() != "false"


def _bound(service: str) -> str:
    return f"cas\n{service}"
