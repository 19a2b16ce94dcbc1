"""Validation of tickets (sections 2.4 to 2.6, 2.8, 2.9): a service asks whom a ticket stands for; every answer uses it up."""

from __future__ import annotations

from flask import Response, request

from govcloud.entrypoints.cas.answers import FORMATS, XML, answer, success
from govcloud.entrypoints.cas.blueprint import wire
from govcloud.entrypoints.cas.errors import bad_request
from govcloud.signon.cas.views import Caller, Validated, Validation
from govcloud.web.gate import public, services, source_address
from govcloud.web.parameters import BadParameterError, read_parameters
from govcloud.web.trace import trace_id

_WHY = "CAS Protocol 2.5: whoever asks proves with the ticket that it was handed to them"


@wire.get("/validate")
@public(_WHY)
def validate() -> Response:
    """Answer in the two lines of CAS 1.0."""
    return Response(f"yes\n{_validated(proxied=False).user}\n", 200, content_type="text/plain; charset=utf-8")


@wire.get("/serviceValidate")
@public(_WHY)
def service_validate() -> Response:
    """Validate a service ticket (CAS 2.0)."""
    return _answer(proxied=False, attributes=False)


@wire.get("/proxyValidate")
@public(_WHY)
def proxy_validate() -> Response:
    """Validate a service or a proxy ticket (CAS 2.0)."""
    return _answer(proxied=True, attributes=False)


@wire.get("/p3/serviceValidate")
@public(_WHY)
def p3_service_validate() -> Response:
    """Validate a service ticket and tell about the official (CAS 3.0)."""
    return _answer(proxied=False, attributes=True)


@wire.get("/p3/proxyValidate")
@public(_WHY)
def p3_proxy_validate() -> Response:
    """Validate a service or a proxy ticket and tell about the official (CAS 3.0)."""
    return _answer(proxied=True, attributes=True)


def caller() -> Caller:
    """Return where the request comes from."""
    return Caller(source_address(), trace_id())


def read_wire_parameters() -> dict[str, str]:
    """Return the parameters by name.

    Raises:
        CasRefused: one comes twice, is too long or holds control characters.
    """
    try:
        return read_parameters(request.args)
    except BadParameterError as error:
        raise bad_request(str(error)) from error


def _answer(*, proxied: bool, attributes: bool) -> Response:
    form = read_wire_parameters().get("format", XML)
    if form not in FORMATS:
        raise bad_request("format must be XML or JSON")
    return answer(success(_validated(proxied=proxied), attributes=attributes), form)


def _validated(*, proxied: bool) -> Validated:
    given = read_wire_parameters()
    if "service" not in given or "ticket" not in given:
        raise bad_request("'service' and 'ticket' parameters are both required")
    asked = Validation(
        ticket=given["ticket"],
        service=given["service"],
        renew=given.get("renew", "false").lower() != "false",
        proxied=proxied,
        pgt_url=given.get("pgtUrl") if request.endpoint != "cas.cas_wire.validate" else None,
    )
    return services().cas.validate(caller(), asked)
