"""Errors of forward-auth: a page on the platform's host for people, a bare status for proxies.

nginx takes 2xx, 401 and 403 for an answer and turns everything else into 500: a question that is not put rightly lets nobody in.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from werkzeug.exceptions import HTTPException

from govcloud.kernel.errors import GovcloudError
from govcloud.web.errors import answer_errors
from govcloud.web.trace import trace_id

_BAD_REQUEST, _UNAVAILABLE = 400, 503


class ProxyError(Exception):
    """A proxy asked wrongly: without the application's secret, or about an origin that is not the application's."""


def bare(status: int, text: str = "") -> Response:
    """Return an answer for a proxy: what counts is the status; the text is for whoever looks at it by hand."""
    return Response(text, status, content_type="text/plain; charset=utf-8")


def _on_proxy_error(error: ProxyError) -> Response:
    current_app.logger.warning("forward-auth: %s, trace %s", error, trace_id())
    return bare(_BAD_REQUEST, f"{error}\n")


def _on_domain_error(error: GovcloudError) -> Response:
    current_app.logger.info("forward-auth: %s, trace %s", error, trace_id())
    return bare(_UNAVAILABLE)


def _on_http_error(error: HTTPException) -> Response:
    return bare(error.code or _BAD_REQUEST)


def init_wire_errors(blueprint: Blueprint) -> None:
    """Answer every error of a proxy's question with a bare status."""
    blueprint.register_error_handler(ProxyError, _on_proxy_error)
    answer_errors(blueprint, domain=_on_domain_error, http=_on_http_error, defect=lambda: bare(500))
