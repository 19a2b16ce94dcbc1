"""The public keys of clients: those on file, or those that a client publishes at its ``jwks_uri``.

An address is asked only when a client's proof cannot be checked otherwise, briefly, without following anybody elsewhere, and not again
for a while, whatever came of it: nobody can make the platform knock at a door again and again.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from govcloud.kernel.clock import Clock
from govcloud.settings import LOOPBACK
from govcloud.subsystems.probing.knocking import MOST_BODY, Knock, knock
from govcloud.subsystems.queries import ClientView

Jwk = Mapping[str, Any]

KEPT = timedelta(minutes=10)
"""So long fetched keys are believed without asking again."""
REST = timedelta(seconds=30)
"""An address that was asked just now is left alone, although a key is missing or it did not answer."""
_MOST_KEYS = 20


class KeysUnavailableError(Exception):
    """The client's keys cannot be had; the text is for the operator's log."""


#: What may go wrong at an address: it cannot be asked, is no address at all, or answers nonsense (JSON nested without end, too).
_FAULTS = (KeysUnavailableError, ValueError, RecursionError)


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
            return _Fetched(now, _keys(self._read(address)))
        except _FAULTS as error:
            return _Fetched(now, (), f"{address}: {type(error).__name__}: {error}")

    def _read(self, address: str) -> object:
        """Return the JSON document of an address.

        Nothing leads to this machine or to its surroundings (cloud metadata), and nothing but https is asked; a province's own network
        has private addresses, so those are open. What the name leads to is looked up once, and that is where the platform connects:
        a name that leads elsewhere a moment later leads nowhere (DNS rebinding).
        """
        parts = urlsplit(address)
        if not parts.hostname or (parts.scheme != "https" and not (self._loopback_allowed and parts.hostname in LOOPBACK)):
            raise KeysUnavailableError("keys are only fetched over https")
        heard = knock(Knock(address), loopback_allowed=self._loopback_allowed)
        if heard.fault:
            raise KeysUnavailableError(f"{heard.fault} {heard.detail}".strip())
        if heard.status != HTTPStatus.OK:
            raise KeysUnavailableError(f"HTTP {heard.status}")
        if len(heard.body) > MOST_BODY:
            raise KeysUnavailableError(f"more than {MOST_BODY} bytes")
        return json.loads(heard.body)


def _keys(document: object) -> tuple[Jwk, ...]:
    """Return the keys of a JWK Set (RFC 7517 section 5)."""
    keys = document.get("keys") if isinstance(document, Mapping) else None
    # What is stored comes back with tuples in the place of lists.
    if not isinstance(keys, (list, tuple)) or len(keys) > _MOST_KEYS:
        raise KeysUnavailableError("no JWK Set")
    return tuple(key for key in keys if isinstance(key, Mapping))
