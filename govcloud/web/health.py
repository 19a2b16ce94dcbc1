"""Two addresses for whatever watches the platform: is the process alive, and can it answer."""

from __future__ import annotations

from flask import Blueprint, Response, make_response
from sqlalchemy import text

from govcloud.web.gate import public, services

health = Blueprint("health", __name__)


@health.get("/healthz")
@public("says only that the process answers")
def alive() -> Response:
    """Answer while the process runs."""
    return _plain("ok")


@health.get("/readyz")
@public("says only whether the database and the signing key are there")
def ready() -> Response:
    """Answer 200 when the database answers and a signing key is at hand; else the error's own status (503)."""
    services().uow.read().execute(text("SELECT 1"))
    services().keys.signing_key()
    return _plain("ready")


def _plain(word: str) -> Response:
    response = make_response(f"{word}\n")
    response.content_type = "text/plain; charset=utf-8"
    return response
