"""How an application behind a proxy is told who it is: the headers, and how their values are written."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

#: What is said about the official, and the header that says it; docs/reference/forward-auth.md and deploy/nginx name them all.
HEADERS = {
    "name": "X-Govcloud-Name",
    "employee_code": "X-Govcloud-Employee-Code",
    "appointment_id": "X-Govcloud-Appointment",
    "department": "X-Govcloud-Department",
    "division": "X-Govcloud-Division",
}
ASSERTION = "X-Govcloud-Identity"


def as_headers(identity: Mapping[str, str], assertion: str) -> dict[str, str]:
    """Return the headers that say ``identity``, a mapping of claims, and the same signed.

    RFC 9110 section 5.5: headers are ASCII, so UTF-8 is written as in addresses.
    """
    return {HEADERS[name]: quote(value, safe="") for name, value in identity.items()} | {ASSERTION: assertion}
