"""Sealing and digests under keys derived from one master key (AES-256-GCM, HMAC-SHA256, HKDF-SHA256: RFC 5869).

The master key is a file beside the database, never in it: who has only the database can neither read nor link what is sealed.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

KEY_BYTES = 32
_NONCE_BYTES = 12
_FORMAT = b"\x01"
_AT_ONCE = 256


class MasterKeyError(Exception):
    """The master key is missing, malformed, readable by others, or not the one that sealed the data."""


def create_master_key(path: Path) -> None:
    """Write a fresh master key to ``path`` (mode 0600); an existing file is left as it is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode("ascii") + "\n")


def read_master_key(path: Path) -> bytes:
    """Return the 32 bytes of the master key.

    Raises:
        MasterKeyError: the file is missing, is open to other users, or does not hold 32 bytes in base64url.
    """
    try:
        mode = path.stat().st_mode
        text = path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise MasterKeyError(f"the master key file {path} does not exist; `govcloud keys init` makes one") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MasterKeyError(f"the master key file {path} cannot be read: {error}") from error
    if mode & 0o077:
        raise MasterKeyError(f"the master key file {path} is open to other users (mode {mode & 0o777:04o}); run: chmod 600 {path}")
    try:
        key = base64.urlsafe_b64decode(text.encode("ascii"))
    except binascii.Error as error:
        raise MasterKeyError(f"the master key file {path} is not base64url") from error
    if len(key) != KEY_BYTES:
        raise MasterKeyError(f"the master key in {path} has {len(key)} bytes, it needs {KEY_BYTES}")
    return key


def derive(master: bytes, purpose: str) -> bytes:
    """Return the 32-byte key of ``purpose``, so that no two uses share a key."""
    return HKDF(algorithm=hashes.SHA256(), length=KEY_BYTES, salt=None, info=f"govcloud/{purpose}".encode()).derive(master)


def fresh(size: int) -> Callable[[], bytes]:
    """Return what gives ``size`` random bytes, fresh each time; it asks the system for many at once, which a large set pays for.

    For one run of one thread: what was drawn and not given yet must not live on in two processes.
    """
    drawn: list[bytes] = []

    def one() -> bytes:
        if not drawn:
            block = secrets.token_bytes(size * _AT_ONCE)
            drawn.extend(block[start : start + size] for start in range(0, len(block), size))
        return drawn.pop()

    return one


class Cipher:
    """Seals short values with AES-256-GCM under one key."""

    def __init__(self, key: bytes) -> None:
        """Take the 32-byte key."""
        self._aead = AESGCM(key)

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Return ``data`` sealed; ``context`` (e.g. ``b"official.phone:<id>"``) must be given again to open it."""
        return self._sealed(secrets.token_bytes(_NONCE_BYTES), data, context)

    def in_bulk(self) -> Sealer:
        """Return what seals many values of one run, see ``fresh``."""
        return _Bulk(self._sealed)

    def open(self, sealed: bytes, context: bytes) -> bytes:
        """Return what was sealed.

        Raises:
            MasterKeyError: another key or context sealed it, or it was altered.
        """
        if sealed[:1] != _FORMAT:
            raise MasterKeyError("a sealed value has an unknown format")
        try:
            return self._aead.decrypt(sealed[1 : 1 + _NONCE_BYTES], sealed[1 + _NONCE_BYTES :], context)
        except InvalidTag:
            raise MasterKeyError("a sealed value does not open: wrong master key, or the value was altered") from None

    def _sealed(self, nonce: bytes, data: bytes, context: bytes) -> bytes:
        return _FORMAT + nonce + self._aead.encrypt(nonce, data, context)


class Sealer(Protocol):
    """Seals columns: the key ring, or what it gives for many at once."""

    def seal(self, data: bytes, context: bytes) -> bytes:
        """Seal a value, see ``Cipher.seal``."""
        ...


class _Bulk:
    """Seals with nonces that were drawn many at once."""

    def __init__(self, sealed: Callable[[bytes, bytes, bytes], bytes]) -> None:
        self._sealed = sealed
        self._nonce = fresh(_NONCE_BYTES)

    def seal(self, data: bytes, context: bytes) -> bytes:
        return self._sealed(self._nonce(), data, context)


def keyed_digest(key: bytes, data: bytes) -> bytes:
    """Return the HMAC-SHA256 of ``data``: the form in which secrets and identity numbers can be looked up."""
    return hmac.digest(key, data, "sha256")


def same(left: bytes, right: bytes) -> bool:
    """Compare two secrets in constant time."""
    return hmac.compare_digest(left, right)
