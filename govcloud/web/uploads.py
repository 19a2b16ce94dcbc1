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


def declare_upload(app: Flask, endpoint: str) -> None:
    """Let the route of ``endpoint`` read requests of up to ``import_max_bytes``; all others keep the platform's limit."""
    app.extensions.setdefault("govcloud.uploads", set()).add(endpoint)


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
        if request.endpoint in app.extensions.get("govcloud.uploads", ()):
            request.max_content_length = services().settings.import_max_bytes + _FORM_PARTS
