"""Sends webhooks over HTTP, several at once, each within a deadline that covers the whole exchange."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from http import HTTPStatus

import httpx

DEADLINE_SECONDS = 10.0
_TIMEOUT = httpx.Timeout(5.0)
_MOST_ERROR = 300


@dataclass(frozen=True)
class Webhook:
    """One request to send."""

    url: str
    headers: dict[str, str]
    body: bytes


def post_all(webhooks: Sequence[Webhook]) -> list[str | None]:
    """POST all at once; return for each ``None`` when the receiver answered 2xx, else what went wrong."""
    return asyncio.run(_post_all(webhooks))


async def _post_all(webhooks: Sequence[Webhook]) -> list[str | None]:
    # trust_env off: a proxy or a .netrc of the server's environment must not see or change what is sent.
    async with httpx.AsyncClient(timeout=_TIMEOUT, trust_env=False, follow_redirects=False, verify=_trusted()) as client:
        return await asyncio.gather(*(_post(client, webhook) for webhook in webhooks))


async def _post(client: httpx.AsyncClient, webhook: Webhook) -> str | None:
    """Send one. httpx's timeouts are each for one wait, so a receiver that answers byte by byte needs the outer deadline."""
    try:
        async with (
            asyncio.timeout(DEADLINE_SECONDS),
            client.stream("POST", webhook.url, content=webhook.body, headers=webhook.headers) as response,
        ):
            # The status is the answer; the body is not read.
            return None if response.is_success else f"HTTP {response.status_code} {_phrase(response.status_code)}".strip()
    except TimeoutError:
        return f"no answer within {DEADLINE_SECONDS:g} s"
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"{type(error).__name__}: {error}"[:_MOST_ERROR]


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of the system and of SSL_CERT_FILE, where a government's own authority is found; read once."""
    return ssl.create_default_context()


def _phrase(status: int) -> str:
    """Return the standard words for a status: those that the receiver sends are not taken into the platform's tables."""
    return HTTPStatus(status).phrase if status in HTTPStatus._value2member_map_ else ""
