"""Routes that take files: how much of a request they may read, settled before anything of it is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Flask, request
from werkzeug.exceptions import HTTPException

from govcloud.web.gate import services

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIEnvironment

_FORM_PARTS = 64 * 1024
"""Beside the file stand a few small fields."""


def declare_upload(app: Flask, endpoint: str, most: int | None = None) -> None:
    """Let the route of ``endpoint`` read requests of up to ``most`` bytes (by default ``import_max_bytes``); all others keep the limit."""
    app.extensions.setdefault("govcloud.uploads", {})[endpoint] = most


def takes_upload(app: Flask, environ: WSGIEnvironment) -> bool:
    """Say whether the request goes to a declared route, before anything is dispatched."""
    try:
        endpoint, _ = app.url_map.bind_to_environ(environ).match()
    except HTTPException:
        return False
    return endpoint in app.extensions.get("govcloud.uploads", ())


def init_uploads(app: Flask) -> None:
    """Widen the limit of the declared routes; single fields keep the narrow one, so that only a file may be large."""

    @app.before_request
    def widen() -> None:
        declared: dict[str, int | None] = app.extensions.get("govcloud.uploads", {})
        if request.endpoint in declared:
            request.max_content_length = (declared[request.endpoint] or services().settings.import_max_bytes) + _FORM_PARTS
