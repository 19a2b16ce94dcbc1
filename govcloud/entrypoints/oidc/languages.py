"""The language of the pages that a client's request leads to (``ui_locales``, OIDC Core 3.1.2.1)."""

from __future__ import annotations

from flask import g, request
from werkzeug.wrappers import Response

from govcloud.web.gate import services
from govcloud.web.locale import COOKIE, LANGUAGES


def speak(ui_locales: str | None) -> str | None:
    """Answer this request in the first language of the list that the platform has, unless the person has chosen one.

    Returns it for the cookie of the pages that follow, or ``None``.
    """
    if COOKIE in request.cookies:
        return None
    wanted = next((tag for tag in (ui_locales or "").split() if tag in LANGUAGES), None)
    if wanted is not None:
        g.language = LANGUAGES[wanted]
    return wanted


def keep_language(response: Response, language: str | None) -> Response:
    """Let the pages that follow in this visit of the browser speak it, too."""
    if language is not None:
        response.set_cookie(COOKIE, language, secure=services().settings.secure, httponly=True, samesite="Lax", path="/")
    return response
