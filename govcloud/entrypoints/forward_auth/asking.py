"""What a proxy says with its question: for which application (HTTP Basic), about which origin, and what the browser wanted.

All of it comes in headers that a browser could write as well, so nothing counts unless the application's secret comes with it. The
proxy writes each of these headers itself, and thereby over what a browser sent.
"""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from hashlib import sha256
from ipaddress import ip_address
from urllib.parse import urlencode

from flask import Response, request

from govcloud.entrypoints.forward_auth.errors import ProxyError
from govcloud.kernel.actor import Actor
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import client_actor, services
from govcloud.web.limits import note_proven, note_unproven

ORIGIN, URI, METHOD = "X-Govcloud-Origin", "X-Original-URI", "X-Original-Method"
CLIENT_ADDRESS = "X-Govcloud-Client-Address"
LOCATION = "X-Govcloud-Location"
_SAFE_METHODS = frozenset({"GET", "HEAD"})
_LONGEST_ADDRESS = 1800
_HELD = re.compile(r"[A-Za-z0-9_-]{43}")
_HELD_SECONDS = 1800


@dataclass(frozen=True)
class Asking:
    """A question of an application's proxy."""

    client: ClientView
    origin: str

    @property
    def uri(self) -> str:
        """Return path and query as the browser sent them."""
        return request.headers.get(URI, "")

    @property
    def address(self) -> str:
        """Return the address that was asked for, or the application's entrance when it cannot be written down."""
        uri = self.uri
        plain = uri.startswith("/") and uri.isascii() and uri.isprintable() and " " not in uri and len(uri) <= _LONGEST_ADDRESS
        return f"{self.origin}{uri}" if plain else f"{self.origin}/"

    @property
    def way_back(self) -> str:
        """Return where to go after sign-in: what was posted cannot be posted again, so that leads to the entrance."""
        return self.address if request.headers.get(METHOD, "GET") in _SAFE_METHODS else f"{self.origin}/"

    @property
    def navigates(self) -> bool:
        """Return whether a browser goes to a page; a script's request is better told no than sent to another origin."""
        return request.headers.get("Sec-Fetch-Mode", "navigate") == "navigate"

    @property
    def cookie_name(self) -> str:
        """Return the name of the cookie that says who it is; ports share cookies, so it names the application."""
        return f"{'__Host-' if self.secure else ''}govcloud-{self.client.client_id}"

    @property
    def secure(self) -> bool:
        """Return whether browsers reach the application over TLS."""
        return self.origin.startswith("https://")

    @property
    def cookie(self) -> str | None:
        """Return the cookie that says who it is."""
        return request.cookies.get(self.cookie_name)

    @property
    def client_address(self) -> str | None:
        """Return the address of the person's device; ``None`` unless this application is entrusted with telling it (``address_source``).

        A header of its own has it: who asks is the application's proxy, so the address that the platform's trusted proxies name is
        that of a machine, and one in a zone of the government at that. A proxy whose settings do not write this header would hand on
        what a browser wrote there; that is why it takes the role as well as the secret.

        Raises:
            ProxyError: it tells something that is no address.
        """
        told = request.headers.get(CLIENT_ADDRESS, "")
        if not told or not services().forwarding.tells_addresses(self.client):
            return None
        try:
            return str(ip_address(told))
        except ValueError:
            raise ProxyError(f"{CLIENT_ADDRESS} is not one address") from None

    @property
    def actor(self) -> Actor:
        """Return the application as an actor."""
        return client_actor(self.client)

    def platform(self, path: str, **parameters: str) -> str:
        """Return an address on the platform's own host about this application."""
        return f"{services().settings.public_url}{path}?{urlencode({'client_id': self.client.client_id} | parameters)}"

    # What the browser holds while it is away to sign in

    @property
    def held(self) -> str | None:
        """Return what this browser was given before it went to sign in."""
        value = request.cookies.get(f"{self.cookie_name}-start", "")
        return value if _HELD.fullmatch(value) else None

    def hold(self, response: Response) -> str:
        """Let the browser hold something at this origin while somebody signs in, and return its hash; several tabs share it."""
        held = self.held or secrets.token_urlsafe(32)
        self.set_cookie(response, f"{self.cookie_name}-start", held, max_age=_HELD_SECONDS)
        return base64.urlsafe_b64encode(sha256(held.encode()).digest()).rstrip(b"=").decode("ascii")

    def set_cookie(self, response: Response, name: str, value: str, *, max_age: int | None = None) -> None:
        """Set a cookie for this very host: no script reads it, and no other site's form or picture sends it."""
        response.set_cookie(name, value, max_age=max_age, secure=self.secure, httponly=True, samesite="Lax", path="/")


def asking() -> Asking:
    """Return the question of a proxy that proved itself.

    Raises:
        ProxyError: it did not, or it asks about an origin that is not the application's.
    """
    given = request.authorization
    if given is None or given.type != "basic" or not given.username or given.password is None:
        raise ProxyError("the proxy sends no credentials of the application (Authorization: Basic)")
    client = services().forwarding.proxy(given.username, given.password)
    if client is None:
        note_unproven()
        raise ProxyError("the credentials are not those of an application behind a proxy")
    note_proven()
    origin = request.headers.get(ORIGIN, "")
    if origin not in client.origins:
        raise ProxyError(f"{ORIGIN} is not an origin of the application")
    return Asking(client, origin)
