"""Client secrets: 256 random bits, shown once, stored as a keyed digest bound to the client."""

from __future__ import annotations

import secrets

from govcloud.kernel.keys import KeyRing

_BYTES = 32


def new_secret() -> str:
    """Return a fresh secret in base64url."""
    return secrets.token_urlsafe(_BYTES)


def secret_digest(keys: KeyRing, client_id: str, secret: str) -> bytes:
    """Return the digest that stands for ``secret``; one client's digest is of no use for another."""
    return keys.digest("client-secret", f"{client_id}\0{secret}".encode(errors="surrogatepass"))
