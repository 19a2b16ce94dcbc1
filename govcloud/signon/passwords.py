"""Passwords: how one is generated, and the one place that hashes (Argon2id: RFC 9106); what a good one is: ``password_rules.py``.

Hashing takes 19 MiB and about 30 ms of a core on purpose. Unbounded, a morning's rush would take all memory; so as many run at
once as there are cores, a bounded number waits, and whoever comes then is told to try again shortly.
"""

from __future__ import annotations

import base64
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

from govcloud.kernel import password_hashes
from govcloud.signon.errors import hashing_busy
from govcloud.signon.password_rules import kinds

_MEMORY_KIB = 19 * 1024
_PASSES = 2
_LANES = 1
_SALT_BYTES = 16
_HASH_BYTES = 32
#: How many may wait for each one that runs: at about 30 ms a hash, the last of them waits one second.
WAITING_EACH = 32
_RETRY_SECONDS = 2
#: Letters and digits that are not taken for one another when read out or copied by hand.
_READABLE = "abcdefghjkmnpqrstuvwxyz" + "ABCDEFGHJKLMNPQRSTUVWXYZ" + "23456789"
_GROUPS = 4
_GROUP_LENGTH = 4
_EVERY_CLASS = 4


class Hashing:
    """Hashes and checks passwords, a bounded number at once."""

    def __init__(self, concurrency: int) -> None:
        """Let ``concurrency`` hashes run at the same time (cores of the machine)."""
        self._hasher = PasswordHasher(_PASSES, _MEMORY_KIB, _LANES, _HASH_BYTES, _SALT_BYTES, type=Type.ID)
        self._running = threading.BoundedSemaphore(concurrency)
        self._places = threading.BoundedSemaphore(concurrency * (1 + WAITING_EACH))
        # Who has no password is compared with this one, so that every try costs the same; nothing was hashed to make it.
        self._nobody = f"$argon2id$v=19$m={_MEMORY_KIB},t={_PASSES},p={_LANES}${_random(_SALT_BYTES)}${_random(_HASH_BYTES)}"

    @contextmanager
    def place(self) -> Iterator[None]:
        """Take a place in the queue, before anything is counted or written.

        Raises:
            Unavailable: the queue is full; ``retry_after`` says when to come back.
        """
        if not self._places.acquire(blocking=False):
            raise hashing_busy(_RETRY_SECONDS)
        try:
            yield
        finally:
            self._places.release()

    def hash(self, password: str) -> str:
        """Return the PHC string of ``password``; call it within a ``place``."""
        with self._running:
            return self._hasher.hash(_prepared(password))

    def matches(self, secret_hash: str | None, password: str) -> bool:
        """Return whether ``password`` is the one behind ``secret_hash``; ``None`` never matches and takes as long."""
        with self._running:
            if secret_hash is not None and self.outdated(secret_hash):
                # Hashed elsewhere, perhaps from the bytes as typed; such a hash is replaced at the first success.
                return any(password_hashes.matches(secret_hash, form) for form in _forms(password))
            try:
                self._hasher.verify(secret_hash or self._nobody, _prepared(password))
            except (VerificationError, InvalidHashError):
                return False
        return secret_hash is not None

    def outdated(self, secret_hash: str) -> bool:
        """Return whether ``secret_hash`` was made in another way, or with other costs, than today's."""
        return not secret_hash.startswith("$argon2") or self._hasher.check_needs_rehash(secret_hash)


def _random(count: int) -> str:
    """Return random bytes in the form of a PHC string (base64 without padding)."""
    return base64.b64encode(secrets.token_bytes(count)).rstrip(b"=").decode("ascii")


def _prepared(password: str) -> bytes:
    """Return the bytes that are hashed: the same for every way of typing a character (NFKC, NIST SP 800-63B section 3.1.1.2)."""
    return unicodedata.normalize("NFKC", password).encode("utf-8", "surrogatepass")


def _forms(password: str) -> tuple[bytes, ...]:
    """Return the bytes that another system may have hashed: as we would, and as typed where that differs."""
    typed = password.encode("utf-8", "surrogatepass")
    return tuple(dict.fromkeys((_prepared(password), typed)))


def generate(least: int = 0) -> str:
    """Return a password of at least 16 random characters in groups of four, easy to read out, that the rules accept.

    It has all four classes, and ``least`` characters or more.
    """
    count = max(_GROUPS, -(-least // _GROUP_LENGTH))
    while True:
        groups = ["".join(secrets.choice(_READABLE) for _ in range(_GROUP_LENGTH)) for _ in range(count)]
        password = "-".join(groups)
        if kinds(password) == _EVERY_CLASS:
            return password
