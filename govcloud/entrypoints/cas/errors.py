"""Errors of CAS on their two wires: a page for a browser, and for a service a CAS answer with the protocol's code.

======================  =========================================================================================================
``PageError``           (``web/errors.py``) the service is not registered, so nobody is redirected (CAS Protocol 3.0.3 section 2.2.1)
``CasRefused``          ``authenticationFailure`` (``proxyFailure`` at ``/proxy``) with its code and a description in English
anything else           ``INTERNAL_ERROR``: the reason stays in the log
======================  =========================================================================================================
"""

from __future__ import annotations

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import HTTPException

from govcloud.entrypoints.cas.answers import JSON, XML, Element, answer
from govcloud.kernel.errors import GovcloudError
from govcloud.signon.cas.errors import INTERNAL_ERROR, INVALID_REQUEST, CasRefused
from govcloud.web.errors import answer_errors
from govcloud.web.trace import trace_id

_PLAIN_NO = "no\n\n"
_PLAIN = "cas.cas_wire.validate"
_PROXY = "cas.cas_wire.proxy"


def bad_request(description: str) -> CasRefused:
    """Return the refusal of a request that lacks something or has it twice."""
    return CasRefused(INVALID_REQUEST, description)


def failure(code: str, description: str) -> Response:
    """Return a refusal in the form that the endpoint answers in and the service asked for."""
    if request.endpoint == _PLAIN:
        return Response(_PLAIN_NO, 200, content_type="text/plain; charset=utf-8")
    name = "proxyFailure" if request.endpoint == _PROXY else "authenticationFailure"
    return answer(Element(name, description, code), JSON if request.args.get("format") == JSON else XML)


def _on_refused(error: CasRefused) -> Response:
    current_app.logger.info("cas refused %s (%s), trace %s", error.code, error.description, trace_id())
    return failure(error.code, error.description)


def _on_domain_error(error: GovcloudError) -> Response:
    current_app.logger.info("cas internal error: %s, trace %s", error, trace_id())
    return failure(INTERNAL_ERROR, "the platform cannot answer right now")


def _on_http_error(error: HTTPException) -> Response:
    return failure(INVALID_REQUEST, f"HTTP {error.code}")


def init_wire_errors(blueprint: Blueprint) -> None:
    """Answer every error of the services' endpoints in their protocol."""
    blueprint.register_error_handler(CasRefused, _on_refused)
    answer_errors(blueprint, domain=_on_domain_error, http=_on_http_error, defect=lambda: failure(INTERNAL_ERROR, "the platform failed"))
