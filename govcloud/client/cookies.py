"""The cookies in which a subsystem without sessions of its own keeps who is signed in: sealed, of bounded age, readable by nobody else."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Mapping
from hashlib import sha256
from typing import Any

from cryptography.fernet import Fernet, InvalidToken

from govcloud.client.errors import ConfigurationError

_SHORTEST_SECRET = 32
#: Browsers drop cookies that are longer, without a word.
_LONGEST = 3_800


class SealedCookie:
    """Seals and opens one cookie (AES-128-CBC with HMAC-SHA-256: Fernet); safe for threads."""

    def __init__(self, name: str, secret: str, *, seconds: int, secure: bool, wall: Callable[[], float]) -> None:
        """Take what the cookie is and how long it counts.

        Args:
            name: the cookie's name; another cookie under the same secret cannot be put in its place.
            secret: from which the key is derived.
            seconds: how old it may become.
            secure: whether the subsystem is reached over https.
            wall: the clock, seconds since 1970.

        Raises:
            ConfigurationError: the secret is short.
        """
        if len(secret) < _SHORTEST_SECRET:
            raise ConfigurationError(f"the cookie secret needs at least {_SHORTEST_SECRET} characters, of chance")
        self._name = name
        self._fernet = Fernet(base64.urlsafe_b64encode(sha256(f"govcloud.client cookie {name} {secret}".encode()).digest()))
        self._seconds = seconds
        self._attributes = f"Path=/; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"
        self._wall = wall

    def open(self, header: str) -> dict[str, Any]:
        """Return what the cookie in a ``Cookie`` header holds; nothing when it is absent, old, or not ours."""
        for part in header.split(";"):
            name, _, value = part.strip().partition("=")
            if name == self._name and (content := self._opened(value)):
                return content
        return {}

    def seal(self, content: Mapping[str, Any]) -> str:
        """Return the ``Set-Cookie`` that keeps ``content``, or takes the cookie away when there is nothing to keep.

        Raises:
            ConfigurationError: it is too long for a cookie.
        """
        if not content:
            return self.remove()
        text = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
        sealed = self._fernet.encrypt_at_time(text, int(self._wall())).decode()
        if len(sealed) > _LONGEST:
            raise ConfigurationError(f"what is kept of a sign-in is too long for a cookie: {len(sealed)} characters")
        return f"{self._name}={sealed}; Max-Age={self._seconds}; {self._attributes}"

    def remove(self) -> str:
        """Return the ``Set-Cookie`` that takes the cookie away."""
        return f"{self._name}=; Max-Age=0; {self._attributes}"

    def _opened(self, value: str) -> dict[str, Any]:
        try:
            content = json.loads(self._fernet.decrypt_at_time(value, self._seconds, int(self._wall())))
        except (InvalidToken, ValueError):
            return {}
        return content if isinstance(content, dict) else {}
