"""The value of the cookie at an application's origin: which stay it belongs to and under which duty, sealed to client and origin.

It is worth nothing by itself: at every request the stay has to be alive. At another application, or under another duty, it is none.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from uuid import UUID

from govcloud.kernel import crypto
from govcloud.kernel.keys import KeyRing

_FORM = re.compile(r"([0-9a-f]{32})([0-9a-f]{32})\.([A-Za-z0-9_-]{43})")
_NO_DUTY = "0" * 32


@dataclass(frozen=True)
class Stay:
    """A stay in an application: the part that it is of a session, and the appointment acted under (``None``: under none)."""

    participant_id: UUID
    appointment_id: UUID | None


def write(keys: KeyRing, client_id: str, origin: str, stay: Stay) -> str:
    """Return the cookie's value."""
    body = stay.participant_id.hex + (stay.appointment_id.hex if stay.appointment_id else _NO_DUTY)
    return f"{body}.{_seal(keys, client_id, origin, body)}"


def read(keys: KeyRing, client_id: str, origin: str, value: str | None) -> Stay | None:
    """Return the stay of a cookie that was written for this client and origin, else ``None``."""
    found = _FORM.fullmatch(value or "")
    if found is None:
        return None
    participant, duty, seal = found.groups()
    if not crypto.same(seal.encode(), _seal(keys, client_id, origin, participant + duty).encode()):
        return None
    return Stay(UUID(hex=participant), None if duty == _NO_DUTY else UUID(hex=duty))


def _seal(keys: KeyRing, client_id: str, origin: str, body: str) -> str:
    seal = keys.digest("forward-auth-cookie", f"{client_id}\n{origin}\n{body}".encode())
    return base64.urlsafe_b64encode(seal).rstrip(b"=").decode("ascii")
