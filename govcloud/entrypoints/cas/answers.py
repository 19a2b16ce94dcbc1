"""CAS answers as documents: XML by the schema of Appendix A, built by a library that escapes, or the same as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from xml.etree import ElementTree as ET

from flask import Response

from govcloud.signon.cas.attributes import sign_in_attributes
from govcloud.signon.cas.views import Validated

NAMESPACE = "http://www.yale.edu/tp/cas"
XML, JSON = "XML", "JSON"
FORMATS = (XML, JSON)
ET.register_namespace("cas", NAMESPACE)


@dataclass(frozen=True)
class Element:
    """A part of an answer: a name with text or parts within, and perhaps a ``code``."""

    name: str
    content: str | tuple[Element, ...]
    code: str | None = None


def success(seen: Validated, *, attributes: bool) -> Element:
    """Return the answer about a ticket that holds; the order of its parts is the schema's."""
    parts = [Element("user", seen.user)]
    if attributes:
        parts.append(Element("attributes", tuple(Element(name, value) for name, value in _attributes(seen).items())))
    if seen.pgt_iou is not None:
        parts.append(Element("proxyGrantingTicket", seen.pgt_iou))
    if seen.proxies:
        parts.append(Element("proxies", tuple(Element("proxy", address) for address in seen.proxies)))
    return Element("authenticationSuccess", tuple(parts))


def answer(element: Element, form: str = XML) -> Response:
    """Return ``element`` within a ``serviceResponse``; the status is 200 whatever it says, as services expect."""
    if form == JSON:
        body, mimetype = json.dumps({"serviceResponse": {element.name: _json(element)}}, ensure_ascii=False).encode(), "application/json"
    else:
        root = ET.Element(f"{{{NAMESPACE}}}serviceResponse")
        _write(root, element)
        body, mimetype = ET.tostring(root, encoding="utf-8", xml_declaration=True), "application/xml"
    return Response(body, 200, content_type=f"{mimetype}; charset=utf-8")


def _attributes(seen: Validated) -> Mapping[str, str]:
    """Return what the protocol says about the sign-in itself (Appendix A), then what the client is told about the official."""
    return sign_in_attributes(seen.session.auth_time, fresh=seen.fresh) | dict(seen.attributes)


def _write(parent: ET.Element, element: Element) -> None:
    child = ET.SubElement(parent, f"{{{NAMESPACE}}}{element.name}")
    if element.code is not None:
        child.set("code", element.code)
    if isinstance(element.content, str):
        child.text = element.content
        return
    for part in element.content:
        _write(child, part)


#: Parts that JSON has as a list of texts.
_LISTS = {"proxies"}


def _json(element: Element) -> object:
    if element.code is not None:
        return {"code": element.code, "description": element.content}
    if isinstance(element.content, str):
        return element.content
    if element.name in _LISTS:
        return [_json(part) for part in element.content]
    return {part.name: _json(part) for part in element.content}
