"""The cookies of identity: the one session, and a sign-in under way; opaque, HttpOnly, host-bound, named apart from every subsystem's."""

from __future__ import annotations

from flask import Response, current_app, request

from govcloud.settings import Settings

#: So long a sign-in may take from the password to its end; the platform compares the same itself.
_STEPS_SECONDS = 600


def cookie_name(settings: Settings) -> str:
    """Return the session's name; over TLS the ``__Host-`` prefix ties the cookie to this very host (RFC 6265bis section 4.1.3.2)."""
    return "__Host-govcloud" if settings.secure else "govcloud_session"


def steps_cookie_name(settings: Settings) -> str:
    """Return the name of what carries a sign-in from step to step."""
    return "__Host-govcloud_steps" if settings.secure else "govcloud_steps"


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


def steps_token() -> str | None:
    """Return what the browser carries of a sign-in under way, if any."""
    return request.cookies.get(steps_cookie_name(_settings()))


def set_steps_token(response: Response, token: str) -> None:
    """Hand the browser what was proven so far; it opens nothing by itself."""
    settings = _settings()
    response.set_cookie(
        steps_cookie_name(settings),
        token,
        max_age=_STEPS_SECONDS,
        secure=settings.secure,
        httponly=True,
        samesite="Lax",
        path="/",
    )


def clear_steps_token(response: Response) -> None:
    """Take it away, when the sign-in is over."""
    settings = _settings()
    response.delete_cookie(steps_cookie_name(settings), secure=settings.secure, httponly=True, samesite="Lax", path="/")
