"""Two addresses for whatever watches the platform: is the process alive, and can it answer."""

from __future__ import annotations

from flask import Blueprint, Response, current_app, make_response
from sqlalchemy import text

from govcloud.kernel.crypto import MasterKeyError
from govcloud.kernel.errors import Unavailable
from govcloud.kernel.messages import Message
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
    try:
        services().keys.signing_key()
    except MasterKeyError as error:
        current_app.logger.warning("not ready: %s", error)
        raise Unavailable("wrong_master_key", Message("主密钥与数据库不符，平台暂不能提供服务。")) from error
    return _plain("ready")


def _plain(word: str) -> Response:
    response = make_response(f"{word}\n")
    response.content_type = "text/plain; charset=utf-8"
    return response
