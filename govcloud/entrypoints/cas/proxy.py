"""Tickets for proxies (section 2.7): a service that holds a proxy-granting ticket gets a ticket for another service."""

from __future__ import annotations

from flask import Response

from govcloud.entrypoints.cas.answers import JSON, XML, Element, answer
from govcloud.entrypoints.cas.blueprint import cas, wire
from govcloud.entrypoints.cas.errors import bad_request
from govcloud.entrypoints.cas.validate import caller, read_wire_parameters
from govcloud.web.gate import public, services


@wire.get("/proxy")
@public("CAS Protocol 2.7: whoever asks proves with the proxy-granting ticket that it was handed to them")
def proxy() -> Response:
    """Answer with a proxy ticket."""
    given = read_wire_parameters()
    if "pgt" not in given or "targetService" not in given:
        raise bad_request("'pgt' and 'targetService' parameters are both required")
    ticket = services().cas.proxy(caller(), given["pgt"], given["targetService"])
    form = JSON if given.get("format") == JSON else XML
    return answer(Element("proxySuccess", (Element("proxyTicket", ticket),)), form)


# Every route of the wire stands by now.
cas.register_blueprint(wire)
