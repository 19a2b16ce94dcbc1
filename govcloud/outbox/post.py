"""Sends requests over HTTP, several at once, each within a deadline that covers the whole exchange."""

from __future__ import annotations

import asyncio
import ssl
from functools import cache
from http import HTTPStatus
from types import TracebackType
from typing import Self

import httpx

from govcloud.outbox.letters import Outcome, Request

DEADLINE_SECONDS = 10.0
_TIMEOUT = httpx.Timeout(5.0)
_MOST_ERROR = 300
#: How many are under way is the lanes' to say; connections are kept, as a sign-out sends many to the same receiver.
_LIMITS = httpx.Limits(max_connections=None, max_keepalive_connections=None, keepalive_expiry=15.0)


class Postman:
    """Posts to one receiver within one event loop; a context, as its connections are closed at the end."""

    def __init__(self) -> None:
        """Open nothing yet. ``trust_env`` off: a proxy or a .netrc of the server's environment must not see or change what is sent."""
        self._client = httpx.AsyncClient(timeout=_TIMEOUT, limits=_LIMITS, trust_env=False, follow_redirects=False, verify=_trusted())

    async def __aenter__(self) -> Self:
        """Begin."""
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Close every connection."""
        await self._client.aclose()

    async def post(self, request: Request) -> Outcome:
        """Send one. httpx's timeouts are each for one wait, so a receiver that answers byte by byte needs the outer deadline."""
        try:
            async with (
                asyncio.timeout(DEADLINE_SECONDS),
                self._client.stream("POST", request.url, content=request.body, headers=dict(request.headers)) as response,
            ):
                # The status is the answer; of the body only enough is read to use the connection again.
                received = response.status_code in request.accepts if request.accepts else response.is_success
                if int(response.headers.get("content-length", _MOST_BODY + 1)) <= _MOST_BODY:
                    await response.aread()
                return Outcome(response.status_code, None if received else _said(response.status_code))
        except TimeoutError:
            return Outcome(None, f"no answer within {DEADLINE_SECONDS:g} s")
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            return Outcome(None, f"{type(error).__name__}: {error}"[:_MOST_ERROR])


_MOST_BODY = 4_096


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of the system and of SSL_CERT_FILE, where a government's own authority is found; read once."""
    return ssl.create_default_context()


def _said(status: int) -> str:
    """Return a status in standard words: those that the receiver sends are not taken into the platform's tables."""
    phrase = HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
    return f"HTTP {status} {phrase}".strip()
