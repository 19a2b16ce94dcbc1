"""The cookie that carries the one session: opaque, HttpOnly, host-bound, named apart from every subsystem's."""

from __future__ import annotations

from flask import Response, current_app, request

from govcloud.settings import Settings


def cookie_name(settings: Settings) -> str:
    """Return the name; over TLS the ``__Host-`` prefix ties the cookie to this very host (RFC 6265bis section 4.1.3.2)."""
    return "__Host-govcloud" if settings.secure else "govcloud_session"


def _settings() -> Settings:
    settings: Settings = current_app.extensions["govcloud"].settings
    return settings


def session_token() -> str | None:
    """Return the token that the browser sent, if any."""
    return request.cookies.get(cookie_name(_settings()))


def set_session_token(response: Response, token: str) -> None:
    """Hand ``token`` to the browser for as long as the browser stays open; the server's limits end it earlier."""
    settings = _settings()
    response.set_cookie(cookie_name(settings), token, secure=settings.secure, httponly=True, samesite="Lax", path="/")


def clear_session_token(response: Response) -> None:
    """Take the cookie away."""
    settings = _settings()
    response.delete_cookie(cookie_name(settings), secure=settings.secure, httponly=True, samesite="Lax", path="/")
