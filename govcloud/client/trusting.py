"""Which certificates of servers a client takes."""

from __future__ import annotations

import ssl
from functools import cache

import httpx


@cache
def trusted() -> ssl.SSLContext:
    """Return the authorities that httpx trusts by itself (or those of SSL_CERT_FILE), read once: that takes longer than many checks."""
    return httpx.create_ssl_context()
