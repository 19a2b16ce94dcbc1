"""The public keys of clients: those on file, or those that a client publishes at its ``jwks_uri``.

An address is asked only when a client's proof cannot be checked otherwise, briefly, without following anybody elsewhere, and not again
for a while, whatever came of it: nobody can make the platform knock at a door again and again.
"""

from __future__ import annotations

import asyncio
import ipaddress
import json
import socket
import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from govcloud.kernel.clock import Clock
from govcloud.settings import LOOPBACK
from govcloud.subsystems.queries import ClientView

Jwk = Mapping[str, Any]

KEPT = timedelta(minutes=10)
"""So long fetched keys are believed without asking again."""
REST = timedelta(seconds=30)
"""An address that was asked just now is left alone, although a key is missing or it did not answer."""
_DEADLINE = 5.0
_MOST_BYTES = 65_536
_MOST_KEYS = 20


class KeysUnavailableError(Exception):
    """The client's keys cannot be had; the text is for the operator's log."""


#: What may go wrong at an address: it is refused, away, no address at all, or answers nonsense (JSON nested without end, too).
_FAULTS = (KeysUnavailableError, httpx.HTTPError, httpx.InvalidURL, OSError, ValueError, RecursionError)


@dataclass(frozen=True)
class _Fetched:
    """What an address gave, and when."""

    at: datetime
    keys: tuple[Jwk, ...]
    fault: str = ""


class ClientKeys:
    """Gives the keys of clients; what was fetched is kept in this process."""

    def __init__(self, clock: Clock, *, loopback_allowed: bool) -> None:
        """``loopback_allowed`` says whether a client on this machine may publish its keys without TLS (not in production)."""
        self._clock = clock
        self._loopback_allowed = loopback_allowed
        self._fetched: dict[str, _Fetched] = {}
        self._locks: dict[str, threading.Lock] = {}
        self._lock = threading.Lock()

    def of(self, client: ClientView, kid: str | None) -> Sequence[Jwk]:
        """Return the keys among which the one called ``kid`` should be (``None``: any).

        Raises:
            KeysUnavailableError: the client has none on file, and its address gives none.
        """
        settings = client.oidc
        if settings.jwks is not None:
            return _keys(settings.jwks)
        if settings.jwks_uri is None:
            raise KeysUnavailableError("the client has no keys on file")
        return self._published(settings.jwks_uri, kid)

    def _published(self, address: str, kid: str | None) -> Sequence[Jwk]:
        with self._lock:
            lock = self._locks.setdefault(address, threading.Lock())
        with lock:
            known, now = self._fetched.get(address), self._clock.now()
            if known is None or self._stale(known, kid, now):
                known = self._fetch(address, now)
                self._fetched[address] = known
        if known.fault:
            raise KeysUnavailableError(known.fault)
        return known.keys

    def _stale(self, known: _Fetched, kid: str | None, now: datetime) -> bool:
        age = now - known.at
        # A clock that was set back does not make what was read last for longer.
        if age < timedelta(0) or age >= KEPT:
            return True
        missing = bool(known.fault) or (kid is not None and all(key.get("kid") != kid for key in known.keys))
        return missing and age >= REST

    def _fetch(self, address: str, now: datetime) -> _Fetched:
        try:
            self._permit(address)
            return _Fetched(now, _keys(_read(address)))
        except _FAULTS as error:
            return _Fetched(now, (), f"{address}: {type(error).__name__}: {error}")

    def _permit(self, address: str) -> None:
        """Refuse addresses that lead to this machine or to its surroundings (cloud metadata), and anything but https.

        A province's own network has private addresses, so those are open.
        """
        parts = urlsplit(address)
        host = parts.hostname or ""
        if self._loopback_allowed and host in LOOPBACK and parts.scheme in {"http", "https"}:
            return
        if parts.scheme != "https" or not host:
            raise KeysUnavailableError("keys are only fetched over https")
        for family in socket.getaddrinfo(host, parts.port or 443, type=socket.SOCK_STREAM):
            _permit_ip(str(family[4][0]))


def _permit_ip(text: str) -> None:
    found = ipaddress.ip_address(text.partition("%")[0])
    ip = getattr(found, "ipv4_mapped", None) or found
    if ip.is_loopback or ip.is_link_local or ip.is_multicast or ip.is_unspecified or ip.is_reserved:
        raise KeysUnavailableError(f"{ip} is no address of a client")


def _read(address: str) -> object:
    """Return the JSON document of an address."""
    return json.loads(asyncio.run(_body(address)))


async def _body(address: str) -> bytes:
    """Return what an address gives. httpx's timeouts are each for one wait, so one that answers byte by byte needs the outer deadline."""
    # trust_env off: a proxy or a .netrc of the server's environment must not see or change what is asked.
    async with (
        asyncio.timeout(_DEADLINE),
        httpx.AsyncClient(timeout=_DEADLINE, trust_env=False, follow_redirects=False, verify=_trusted()) as http,
        http.stream("GET", address, headers={"Accept": "application/json"}) as response,
    ):
        if response.status_code != httpx.codes.OK:
            raise KeysUnavailableError(f"HTTP {response.status_code}")
        body = b""
        async for piece in response.aiter_bytes():
            body += piece
            if len(body) > _MOST_BYTES:
                raise KeysUnavailableError(f"more than {_MOST_BYTES} bytes")
    return body


@cache
def _trusted() -> ssl.SSLContext:
    """Return the certificates of the system and of SSL_CERT_FILE, where a government's own authority is found; read once."""
    return ssl.create_default_context()


def _keys(document: object) -> tuple[Jwk, ...]:
    """Return the keys of a JWK Set (RFC 7517 section 5)."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    # What is stored comes back with tuples in the place of lists.
    if not isinstance(keys, (list, tuple)) or len(keys) > _MOST_KEYS:
        raise KeysUnavailableError("no JWK Set")
    return tuple(key for key in keys if isinstance(key, Mapping))
