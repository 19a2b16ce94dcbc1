"""Codes that the platform gives out on paper or on a page, and that people type once: how they look, and how they are read."""

from __future__ import annotations

import secrets
import unicodedata

#: Nothing that is read as something else: no 0 and O, no 1 and I.
ALPHABET = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789"
_LONGEST = 100


def drawn(groups: int, length: int) -> str:
    """Return a fresh code of ``groups`` groups of ``length`` characters."""
    return "-".join("".join(secrets.choice(ALPHABET) for _ in range(length)) for _ in range(groups))


def read(typed: str) -> str:
    """Return the code that somebody typed: case, width, spaces and hyphens do not matter."""
    return "".join(char for char in unicodedata.normalize("NFKC", typed[:_LONGEST]).upper() if char in ALPHABET)
