"""Identifiers: UUID version 7 (RFC 9562 section 5.7), so that new rows sit together at the end of an index."""

from __future__ import annotations

import secrets
import time
from uuid import UUID

_VERSION_7 = 0x7
_VARIANT_RFC = 0b10


def new_id() -> UUID:
    """Return a fresh UUIDv7: 48 bits of Unix milliseconds, then 74 random bits.

    The millisecond part only helps the index; no decision reads it as a time.
    """
    milliseconds = time.time_ns() // 1_000_000
    random_a = secrets.randbits(12)
    random_b = secrets.randbits(62)
    value = (milliseconds & (2**48 - 1)) << 80
    value |= _VERSION_7 << 76 | random_a << 64 | _VARIANT_RFC << 62 | random_b
    return UUID(int=value)
