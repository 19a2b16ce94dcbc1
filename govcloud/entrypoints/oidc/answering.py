"""The way back to the client: in the address, or as a form that the browser posts (OAuth 2.0 Form Post Response Mode)."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import make_response, redirect, render_template
from werkzeug.wrappers import Response

from govcloud.entrypoints.oidc.checks.pushed_request import close_pushed
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.web.gate import services
from govcloud.web.headers import allow_form_target

QUERY, FORM_POST = "query", "form_post"
RESPONSE_MODES = (QUERY, FORM_POST)


def go_back(asked: AuthorizationRequest, **answer: str) -> Response:
    """Return to the client's address with the answer, its ``state`` and our ``iss`` (RFC 9207).

    Raises:
        PageError: the request was pushed and has been answered already.
    """
    close_pushed(asked)
    state = asked.get("state")
    if state is not None:
        answer["state"] = state
    answer["iss"] = services().settings.public_url
    return _posted(asked, answer) if asked.get("response_mode") == FORM_POST else _redirected(asked, answer)


def _redirected(asked: AuthorizationRequest, answer: dict[str, str]) -> Response:
    parts = urlsplit(asked.redirect_uri)
    query = "&".join(part for part in (parts.query, urlencode(answer)) if part)
    return redirect(urlunsplit(parts._replace(query=query)), 303)


def _posted(asked: AuthorizationRequest, answer: dict[str, str]) -> Response:
    """Show a form that the static script sends at once, or the person with the button where no script runs."""
    parts = urlsplit(asked.redirect_uri)
    allow_form_target(f"{parts.scheme}://{parts.netloc}")
    page = render_template("oidc/form_post.html", address=asked.redirect_uri, subsystem_name=asked.client.subsystem_name, answer=answer)
    response = make_response(page)
    # It holds the code: nobody who comes later in this browser may see it.
    response.headers["Cache-Control"] = "no-store"
    return response
