"""The language switch."""

from __future__ import annotations

from flask import make_response, redirect, request
from werkzeug.wrappers import Response

from govcloud.entrypoints.portal.blueprint import portal
from govcloud.entrypoints.portal.return_to import asked_next
from govcloud.web.gate import public, services
from govcloud.web.locale import COOKIE, LANGUAGES

_YEAR = 31_536_000


@portal.post("/language")
@public("the sign-in page can be read in both languages")
def language() -> Response:
    """Remember the language in a cookie and go back to the page."""
    response = make_response(redirect(asked_next(), 303))
    chosen = request.form.get("language", "")
    if chosen in LANGUAGES:
        secure = services().settings.secure
        response.set_cookie(COOKIE, chosen, max_age=_YEAR, secure=secure, httponly=True, samesite="Lax", path="/")
    return response
