"""Password hashes that other systems made: which are accepted, and whether a password is the one behind such a hash.

Accepted are argon2 (PHC string), bcrypt ``$2b$``, werkzeug's ``pbkdf2:sha256:<rounds>$<salt>$<hex>`` and Django's
``pbkdf2_sha256$<rounds>$<salt>$<base64>``. Costs are bounded, so that a hash in a file cannot make a sign-in take the machine.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re

import bcrypt
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from argon2.low_level import Type

_ARGON2 = re.compile(r"\$argon2(?:id|i|d)\$v=\d+\$m=(\d{1,7}),t=(\d{1,3}),p=(\d{1,2})\$[A-Za-z0-9+/]{8,128}\$[A-Za-z0-9+/]{16,172}")
_BCRYPT = re.compile(r"\$2b\$(\d{2})\$[./A-Za-z0-9]{53}")
_WERKZEUG = re.compile(r"pbkdf2:sha256:(\d{1,8})\$([^$]{1,64})\$([0-9a-f]{64})")
_DJANGO = re.compile(r"pbkdf2_sha256\$(\d{1,8})\$([^$]{1,64})\$([A-Za-z0-9+/]{43}=)")
_MOST_MEMORY_KIB = 1024 * 1024
_MOST_PASSES = 50
_MOST_COST = 15
_LEAST_COST = 4
_MOST_ROUNDS = 5_000_000
#: bcrypt reads no more of a password; newer libraries refuse what others cut.
_BCRYPT_BYTES = 72
_VERIFIER = PasswordHasher(type=Type.ID)


def scheme_of(secret_hash: str) -> str | None:
    """Return ``argon2``, ``bcrypt`` or ``pbkdf2`` for an acceptable hash, else ``None``."""
    if match := _ARGON2.fullmatch(secret_hash):
        return "argon2" if int(match[1]) <= _MOST_MEMORY_KIB and 1 <= int(match[2]) <= _MOST_PASSES else None
    if match := _BCRYPT.fullmatch(secret_hash):
        return "bcrypt" if _LEAST_COST <= int(match[1]) <= _MOST_COST else None
    if match := _WERKZEUG.fullmatch(secret_hash) or _DJANGO.fullmatch(secret_hash):
        return "pbkdf2" if 1 <= int(match[1]) <= _MOST_ROUNDS else None
    return None


def matches(secret_hash: str, password: bytes) -> bool:
    """Return whether ``password`` is the one behind an accepted hash; what is not accepted matches nothing."""
    match scheme_of(secret_hash):
        case "argon2":
            try:
                return _VERIFIER.verify(secret_hash, password)
            except (VerificationError, InvalidHashError):
                return False
        case "bcrypt":
            return b"\0" not in password and bcrypt.checkpw(password[:_BCRYPT_BYTES], secret_hash.encode("ascii"))
        case "pbkdf2":
            return _pbkdf2(secret_hash, password)
        case _:
            return False


def _pbkdf2(secret_hash: str, password: bytes) -> bool:
    if match := _WERKZEUG.fullmatch(secret_hash):
        wanted = bytes.fromhex(match[3])
    elif match := _DJANGO.fullmatch(secret_hash):
        try:
            wanted = base64.b64decode(match[3], validate=True)
        except binascii.Error:
            return False
    else:
        return False
    made = hashlib.pbkdf2_hmac("sha256", password, match[2].encode(), int(match[1]))
    return hmac.compare_digest(made, wanted)
