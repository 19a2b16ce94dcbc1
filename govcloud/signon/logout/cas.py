"""The request by which a CAS client hears of a sign-out: a SAML ``LogoutRequest`` that names the service ticket (CAS 3.0 section 2.3.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID
from xml.sax.saxutils import escape, quoteattr

_REQUEST = (
    '<samlp:LogoutRequest xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion"'
    ' ID={id} Version="2.0" IssueInstant={instant}>'
    "<saml:NameID>@NOT_USED@</saml:NameID><samlp:SessionIndex>{ticket}</samlp:SessionIndex></samlp:LogoutRequest>"
)


def logout_request(message_id: UUID, ticket: str, now: datetime) -> str:
    """Return the XML; it carries no name: the ticket alone says whose stay it is (section C of the specification)."""
    instant = now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    # An XML id must not begin with a digit (xs:ID).
    return _REQUEST.format(id=quoteattr(f"LR-{message_id}"), instant=quoteattr(instant), ticket=escape(ticket))
