"""Errors of forward-auth: a page on the platform's host for people, a bare status for proxies.

nginx takes 2xx, 401 and 403 for an answer and turns everything else into 500: a question that is not put rightly lets nobody in.
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError

from govcloud.kernel.errors import GovcloudError, Invalid
from govcloud.kernel.messages import Message
from govcloud.web.errors import DATABASE_AWAY, database_away, error_page
from govcloud.web.trace import trace_id

_BAD_REQUEST, _UNAVAILABLE = 400, 503


class ProxyError(Exception):
    """A proxy asked wrongly: without the application's secret, or about an origin that is not the application's."""


class PageError(Invalid):
    """A request that cannot safely be answered by a redirect; shown as a page."""

    def __init__(self, code: str, message: Message, remedy: Message | None = None) -> None:
        """Say what is wrong and what to do."""
        general = Message("请从工作台重新进入该子系统；如仍有问题，请把追踪号告知该子系统的维护人员。")
        super().__init__(code, message, remedy=remedy or general)


def bare(status: int, text: str = "") -> Response:
    """Return an answer for a proxy: what counts is the status; the text is for whoever looks at it by hand."""
    return Response(text, status, content_type="text/plain; charset=utf-8")


def _on_page_error(error: PageError) -> Response:
    return error_page(_BAD_REQUEST, error=error)


def _on_proxy_error(error: ProxyError) -> Response:
    current_app.logger.warning("forward-auth: %s, trace %s", error, trace_id())
    return bare(_BAD_REQUEST, f"{error}\n")


def _on_domain_error(error: GovcloudError) -> Response:
    current_app.logger.info("forward-auth: %s, trace %s", error, trace_id())
    return bare(_UNAVAILABLE)


def _on_database_away(error: SQLAlchemyError) -> Response:
    database_away(error)
    return bare(_UNAVAILABLE)


def _on_http_error(error: HTTPException) -> Response:
    return bare(error.code or _BAD_REQUEST)


def _on_defect(error: InternalServerError) -> Response:
    current_app.logger.error("unexpected error, trace %s", trace_id(), exc_info=error.original_exception)
    return bare(500)


def init_browser_errors(blueprint: Blueprint) -> None:
    """Register the page for requests that cannot be redirected."""
    blueprint.register_error_handler(PageError, _on_page_error)


def init_wire_errors(blueprint: Blueprint) -> None:
    """Answer every error of a proxy's question with a bare status."""
    blueprint.register_error_handler(ProxyError, _on_proxy_error)
    blueprint.register_error_handler(GovcloudError, _on_domain_error)
    for away in DATABASE_AWAY:
        blueprint.register_error_handler(away, _on_database_away)
    blueprint.register_error_handler(InternalServerError, _on_defect)
    blueprint.register_error_handler(HTTPException, _on_http_error)
