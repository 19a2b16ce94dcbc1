"""A decider's own signature by passkey: an assertion (W3C Web Authentication Level 2, section 7.2) whose challenge is the receipt's hash.

A passkey signs no text of ours but ``authenticatorData || SHA-256(clientDataJSON)``; what ties it to a receipt is the challenge in
``clientDataJSON``: the SHA-256 of the ``payload`` as it stands in the document. Both stand in the entry's unprotected header.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from govcloud.kernel.jws import BadSignature, algorithm_of, decoded, from_der, json_object, verify_bytes
from govcloud.kernel.signing import ES256, base64url

WEBAUTHN = "webauthn"
"""The member of the unprotected header in which an assertion stands."""
MEMBERS = ("authenticatorData", "clientDataJSON")
_RP_HASH, _LEAST = 32, 37
_PRESENT, _VERIFIED = 0x01, 0x04


def challenge_of(payload: str) -> str:
    """Return the challenge (base64url) that an assertion over a receipt answers; ``payload`` is the document's, as it stands there."""
    return base64url(hashlib.sha256(payload.encode("ascii", errors="replace")).digest())


def verify_assertion(entry: Mapping[str, Any], payload: str, issuer: str, jwk: Mapping[str, Any]) -> None:
    """Go on if an entry is an assertion over a payload, given on the pages of ``issuer`` by whoever holds the private half of ``jwk``.

    The protected header says the algorithm and nothing else: it is not what a passkey signs.

    Raises:
        BadSignature: it is for something else, from elsewhere, or nobody was present and known to the authenticator; or it does not hold.
    """
    algorithm = algorithm_of(jwk)
    if json_object(entry["protected"]) != {"alg": algorithm}:
        raise BadSignature(f"the header of an assertion says the algorithm of its key, {algorithm}, and nothing else")
    given = (entry.get("header") or {}).get(WEBAUTHN)
    if not isinstance(given, Mapping) or given.keys() != set(MEMBERS) or not all(isinstance(given[name], str) for name in MEMBERS):
        raise BadSignature("an assertion has authenticatorData and clientDataJSON and nothing else")
    authenticator, client = decoded(given["authenticatorData"]), given["clientDataJSON"]
    _check_client(json_object(client), payload, issuer)
    _check_authenticator(authenticator, issuer)
    signature = decoded(entry["signature"])
    signed = authenticator + hashlib.sha256(decoded(client)).digest()
    verify_bytes(signed, from_der(signature) if algorithm == ES256 else signature, jwk)


def _check_client(client: Mapping[str, Any], payload: str, issuer: str) -> None:
    """Refuse what a browser says was asked elsewhere, or for something else."""
    if client.get("type") != "webauthn.get":
        raise BadSignature("the assertion is not one of signing in or signing: its type is not webauthn.get")
    if client.get("challenge") != challenge_of(payload):
        raise BadSignature("the assertion is not over this receipt: its challenge is not the receipt's hash")
    if client.get("origin") != issuer.rstrip("/") or client.get("crossOrigin", False) is not False:
        raise BadSignature(f"the assertion was not given on the pages of {issuer}")


def _check_authenticator(data: bytes, issuer: str) -> None:
    """Refuse what is for another site, or says that nobody was there and known."""
    if len(data) < _LEAST:
        raise BadSignature("the authenticator data is too short")
    if data[:_RP_HASH] not in {hashlib.sha256(name.encode()).digest() for name in _rp_ids(issuer)}:
        raise BadSignature(f"the passkey is not for {issuer}")
    if data[_RP_HASH] & (_PRESENT | _VERIFIED) != _PRESENT | _VERIFIED:
        raise BadSignature("the authenticator did not verify who was there")


def _rp_ids(issuer: str) -> list[str]:
    """Return as what a passkey may be known for pages at ``issuer``: by its host, or a domain above it that is not a top-level one."""
    labels = (urlsplit(issuer).hostname or "").split(".")
    return [".".join(labels[place:]) for place in range(max(1, len(labels) - 1))]
