"""From which address a refused request came, on its way to the page that says why: sealed, so that nobody tries others out there.

The page stands on the platform's own host, which may see the same device under another address than the application's proxy does. It
has to decide as the check did: else it would send the browser back to where it is refused, round and round.
"""

from __future__ import annotations

import base64

from govcloud.kernel import crypto
from govcloud.kernel.keys import KeyRing


def write(keys: KeyRing, client_id: str, address: str) -> str:
    """Return the address with the seal of this application."""
    return f"{address}~{_seal(keys, client_id, address)}"


def read(keys: KeyRing, client_id: str, value: str) -> str | None:
    """Return the address that was written for this application, else ``None``: then the page decides as without one."""
    address, _, seal = value.rpartition("~")
    known = crypto.same(seal.encode("utf-8", "surrogatepass"), _seal(keys, client_id, address).encode())
    return address if address and known else None


def _seal(keys: KeyRing, client_id: str, address: str) -> str:
    seal = keys.digest("forward-auth-seen-from", f"{client_id}\n{address}".encode("utf-8", "surrogatepass"))
    return base64.urlsafe_b64encode(seal).rstrip(b"=").decode("ascii")
