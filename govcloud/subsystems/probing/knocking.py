"""One knock at an address: a request within a deadline, whose answer is looked at and, but for key sets, not kept."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache

import httpcore

from govcloud.subsystems.probing.guard import GuardedNetwork, NotThereError

DEADLINE_SECONDS = 5.0
MOST_BODY = 65_536
_AGENT = b"govcloud"


@dataclass(frozen=True)
class Knock:
    """A request to send: nothing of a person or a secret is ever in it."""

    address: str
    method: str = "GET"
    body: bytes = b""
    content_type: str = ""


@dataclass(frozen=True)
class Heard:
    """What came back; ``fault`` says in one word why nothing did: ``unknown``, ``forbidden``, ``certificate``, ``refused``, ``slow``.

    ``detail`` is what the certificate's check says. ``headers`` have lower-case names.
    """

    milliseconds: int
    status: int = 0
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes = field(default=b"", repr=False)
    certificate_ends: datetime | None = None
    fault: str = ""
    detail: str = ""

    @property
    def date(self) -> datetime | None:
        """Return the clock of the other side (RFC 9110 section 6.6.1)."""
        try:
            said = parsedate_to_datetime(self.headers.get("date", ""))
        except ValueError:
            return None
        return said if said.tzinfo else said.replace(tzinfo=UTC)


def knock(asked: Knock, *, loopback_allowed: bool) -> Heard:
    """Send a request and return what came of it; it takes at most five seconds, follows no redirect and reads 64 KiB."""
    started = time.monotonic()

    def heard(**found: object) -> Heard:
        return Heard(round((time.monotonic() - started) * 1000), **found)  # type: ignore[arg-type]

    try:
        return asyncio.run(_exchange(asked, started, loopback_allowed=loopback_allowed))
    except TimeoutError:
        return heard(fault="slow")
    except NotThereError as error:
        return heard(fault=str(error))
    except (httpcore.TimeoutException, httpcore.PoolTimeout):
        return heard(fault="slow")
    except (httpcore.NetworkError, httpcore.ProtocolError, httpcore.UnsupportedProtocol, ssl.SSLError, OSError) as error:
        broken = _certificate_error(error)
        return heard(fault="certificate" if broken else "refused", detail=broken)


async def _exchange(asked: Knock, started: float, *, loopback_allowed: bool) -> Heard:
    headers = [(b"User-Agent", _AGENT), (b"Accept", b"*/*"), (b"Content-Length", str(len(asked.body)).encode())]
    if asked.content_type:
        headers.append((b"Content-Type", asked.content_type.encode()))
    if asked.method == "GET":
        headers = headers[:2]
    network = GuardedNetwork(loopback_allowed=loopback_allowed)
    async with asyncio.timeout(DEADLINE_SECONDS), httpcore.AsyncConnectionPool(ssl_context=_trusted(), network_backend=network) as pool:
        wait = dict.fromkeys(("connect", "read", "write", "pool"), DEADLINE_SECONDS)
        sent = pool.stream(
            asked.method, asked.address, headers=_with_host(asked, headers), content=asked.body, extensions={"timeout": wait}
        )
        async with sent as response:
            ends = _certificate_end(response.extensions.get("network_stream"))
            said = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in response.headers}
            body = b""
            async for piece in response.aiter_stream():
                body += piece
                if len(body) > MOST_BODY:
                    break
            took = round((time.monotonic() - started) * 1000)
            return Heard(took, response.status, said, body[: MOST_BODY + 1], ends)


def _with_host(asked: Knock, headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    host = httpcore.URL(asked.address)
    usual = {b"http": 80, b"https": 443}.get(host.scheme)
    name = b"[" + host.host + b"]" if b":" in host.host else host.host
    return [(b"Host", name if host.port in {None, usual} else name + b":" + str(host.port).encode()), *headers]


def _certificate_end(stream: object) -> datetime | None:
    if not isinstance(stream, httpcore.AsyncNetworkStream):
        return None
    wrapped = stream.get_extra_info("ssl_object")
    peer = wrapped.getpeercert() if isinstance(wrapped, (ssl.SSLObject, ssl.SSLSocket)) else None
    ends = peer.get("notAfter") if peer else None
    return datetime.fromtimestamp(ssl.cert_time_to_seconds(ends), UTC) if isinstance(ends, str) else None


def _certificate_error(error: BaseException) -> str:
    """Return what is wrong with the certificate, where that is why nothing came back."""
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return seen.verify_message
        seen = seen.__cause__ or seen.__context__
    return ""


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of the system and of SSL_CERT_FILE, where a government's own authority is found; read once."""
    return ssl.create_default_context()
