"""How personal numbers are stored: sealed to their row, and found by a keyed digest."""

from __future__ import annotations

from uuid import UUID

from govcloud.kernel.crypto import Sealer
from govcloud.kernel.keys import KeyRing


def seal_id_number(keys: Sealer, official_id: UUID, id_number: str) -> bytes:
    """Return the ID number sealed to its row, so that the value cannot be moved to another person."""
    return keys.seal(id_number.encode("ascii"), _id_number(official_id))


def open_id_number(keys: KeyRing, official_id: UUID, sealed: bytes) -> str:
    """Return the ID number in clear."""
    return keys.open(sealed, _id_number(official_id)).decode("ascii")


def seal_phone(keys: Sealer, official_id: UUID, phone: str) -> bytes:
    """Return the phone number sealed to its row."""
    return keys.seal(phone.encode("ascii"), _phone(official_id))


def open_phone(keys: KeyRing, official_id: UUID, sealed: bytes) -> str:
    """Return the phone number in clear."""
    return keys.open(sealed, _phone(official_id)).decode("ascii")


def id_number_digest(keys: KeyRing, id_number: str) -> bytes:
    """Return the keyed digest that an ID number (18 characters, upper case) is found by."""
    return keys.digest("id-number", id_number.encode())


def _id_number(official_id: UUID) -> bytes:
    return f"official.id_number:{official_id}".encode()


def _phone(official_id: UUID) -> bytes:
    return f"official.phone:{official_id}".encode()
