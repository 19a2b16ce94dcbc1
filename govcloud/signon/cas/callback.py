"""Calling a proxy's callback address: over TLS with the certificate checked, within a deadline, and only where it is registered.

CAS Protocol 3.0.3 section 2.5.4: the answer to this call is what proves that the service is who it says it is.
"""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from http import HTTPStatus
from urllib.parse import urlencode, urlsplit

import httpx

from govcloud.settings import LOOPBACK

DEADLINE_SECONDS = 5.0
_TIMEOUT = httpx.Timeout(3.0)


class CallbackFailedError(Exception):
    """The callback address cannot be called, or did not answer 200; the text says which."""


def call_back(address: str, pgt: str, pgt_iou: str, *, loopback_allowed: bool) -> None:
    """Hand a proxy-granting ticket and its IOU to ``address``, keeping the parameters that it has.

    Raises:
        CallbackFailedError: it is not https (http is for loopback outside production), its certificate does not hold, it cannot be
            reached, is too slow, redirects, or answers anything but 200.
    """
    parts = urlsplit(address)
    if parts.scheme != "https" and not (loopback_allowed and parts.hostname in LOOPBACK):
        raise CallbackFailedError("the callback address is not https")
    added = urlencode({"pgtId": pgt, "pgtIou": pgt_iou})
    query = f"{parts.query}&{added}" if parts.query else added
    status = asyncio.run(_get(parts._replace(query=query, fragment="").geturl()))
    if status != HTTPStatus.OK:
        raise CallbackFailedError(f"the callback answered HTTP {status}")


async def _get(url: str) -> int:
    # trust_env off: no proxy of the server's environment may see the ticket. A redirect would hand it to another address.
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, verify=_trusted()) as client,
            client.stream("GET", url) as response,
        ):
            return response.status_code
    except TimeoutError:
        raise CallbackFailedError(f"the callback did not answer within {DEADLINE_SECONDS:g} s") from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        # The error's own text may hold the address with the ticket in it.
        raise CallbackFailedError(f"the callback cannot be called ({type(error).__name__})") from error


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of the system and of SSL_CERT_FILE, where a government's own authority is found; read once."""
    return ssl.create_default_context()
