"""Argon2 at its real cost, once for each pair: the suite signs the same few people in thousands of times."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import VerifyMismatchError

from govcloud.signon import passwords


class RememberingHasher(PasswordHasher):
    """Hashes and checks as the library does, and remembers whether a hash and a password go together, which never changes.

    A check takes 30 ms of a processor on purpose. What counts how often, or how many at once, passwords are checked counts calls of
    ``Hashing``, and sees every one.
    """

    def verify(self, hash: str | bytes, password: str | bytes) -> Literal[True]:  # noqa: A002 - the library's name
        """Return True, or raise as the library does."""
        if not _go_together(hash, password):
            raise VerifyMismatchError("The password does not match the supplied hash")
        return True


@lru_cache(maxsize=4096)
def _go_together(secret_hash: str | bytes, password: str | bytes) -> bool:
    """Ask the library; a hash that cannot be read is an error each time."""
    try:
        return PasswordHasher().verify(secret_hash, password)
    except VerifyMismatchError:
        return False


def remember() -> None:
    """Have the platform of this process check each pair once."""
    passwords.PasswordHasher = RememberingHasher  # type: ignore[attr-defined]  # it imports the name for itself
