"""What people type about a question beside the function: attributes of the thing and of the request, and an address, a line each."""

from __future__ import annotations

from collections.abc import Mapping
from ipaddress import ip_address

from govcloud.authorization.answers.service import Asked
from govcloud.authorization.answers.typed import attributes
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message

#: The names of the three fields.
TOLD = ("resource", "context", "address")


def asked_of(function: str, typed: Mapping[str, str]) -> Asked:
    """Return the question about ``function`` with what was typed under ``TOLD``.

    Raises:
        Invalid: a line is no ``name=value``, or the address is none.
    """
    return Asked(
        function,
        attributes("resource", typed["resource"].splitlines()),
        attributes("context", typed["context"].splitlines()),
        _address(typed["address"]),
    )


def _address(typed: str) -> str | None:
    """Return the address that was typed, if one was."""
    try:
        return str(ip_address(typed)) if typed else None
    except ValueError:
        raise Invalid.of(FieldError("address", Message("应为 IP 地址，如 10.1.2.3。"), typed[:100])) from None
