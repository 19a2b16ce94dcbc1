"""Checking a decision receipt, offline: a document, the published keys, and (if at hand) the evidence card; no database, no platform.

A receipt is a JWS in General JSON Serialization (RFC 7515 section 7.2.1) over a canonical JSON object (RFC 8785). It counts when one
signature is of a key that the archive names for the moment of the decision, and no signature in it fails. Keys that a document brings
itself prove nothing about who signed: such a signature is reported, and never counts as the platform's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import rfc8785

from govcloud.access.evidence.card import evidence_digest
from govcloud.access.evidence.passkeys import WEBAUTHN, verify_assertion
from govcloud.kernel.jws import BadSignature, decoded, json_object, verify

TYPE = "govcloud-receipt+json"
FORM = "govcloud/decision-receipt"
VERSION = 2
#: What receipts of a version say beyond their form, evidence and moment; older ones still count for what they say.
_MEMBERS: Mapping[int, frozenset[str]] = {1: frozenset(), 2: frozenset({"right", "rule", "step", "quorum"})}
#: A process goes on signing with a key that was retired elsewhere for at most so long (``keys.READ_AGAIN``).
_SLACK = timedelta(seconds=60)
_MOST_SIGNATURES = 20


class BadReceipt(ValueError):
    """The receipt does not hold; the sentence says what is wrong with it."""


@dataclass(frozen=True)
class OtherSignature:
    """A signature that holds, but not of a key of the archive: ``key`` is the one that the document brought, perhaps a ``passkey``."""

    protected: Mapping[str, Any]
    key: Mapping[str, Any]
    passkey: bool = False


@dataclass(frozen=True)
class Verified:
    """What a receipt says, which key of the platform signed it, and who else signed."""

    payload: Mapping[str, Any]
    kid: str
    others: tuple[OtherSignature, ...]


def check_receipt(document: object, archive: object, evidence: Mapping[str, Any] | None = None) -> Verified:
    """Return what a receipt says if it holds.

    Args:
        document: the receipt as it was downloaded (parsed JSON).
        archive: the published keys (parsed JSON Web Key Set), from a source that is trusted.
        evidence: the evidence card that the decision is said to rest on (parsed JSON).

    Raises:
        BadReceipt: it was altered, is not complete, is of another key, of one that did not sign then, or of other evidence.
    """
    payload_text, signatures = _parts(document)
    payload = _payload(payload_text)
    keys = _keys(archive)
    kids: list[str] = []
    others: list[OtherSignature] = []
    for entry in signatures:
        try:
            header = json_object(entry["protected"])
            jwk = keys.get(str(header.get("kid")))
            if jwk is not None:
                verify(entry["protected"], payload_text, entry["signature"], _bare(jwk))
                _check_life(jwk, header, payload)
                kids.append(str(jwk["kid"]))
            else:
                others.append(_other(entry, header, payload_text, str(payload.get("issuer"))))
        except BadSignature as error:
            raise BadReceipt(f"a signature of the receipt does not hold: {error}") from error
    if len(kids) != 1:
        raise BadReceipt("the receipt is not signed by exactly one of the platform's receipt keys")
    if evidence is not None and evidence_digest(dict(evidence)) != payload["evidence"]["sha256"]:
        raise BadReceipt("the evidence card is not the one that the decision rests on")
    return Verified(payload, kids[0], tuple(others))


def _parts(document: object) -> tuple[str, list[dict[str, Any]]]:
    if not isinstance(document, dict) or document.keys() != {"payload", "signatures"}:
        raise BadReceipt("not a JWS in General JSON Serialization: it has `payload` and `signatures` and nothing else")
    payload, signatures = document["payload"], document["signatures"]
    if not isinstance(payload, str) or not isinstance(signatures, list) or not 1 <= len(signatures) <= _MOST_SIGNATURES:
        raise BadReceipt("the payload or the signatures are missing")
    for entry in signatures:
        if not isinstance(entry, dict) or not all(isinstance(entry.get(name), str) for name in ("protected", "signature")):
            raise BadReceipt("a signature has no protected header, or is empty")
        if not entry.keys() <= {"protected", "header", "signature"}:
            raise BadReceipt("a signature has members that are not known")
    return payload, signatures


def _payload(text: str) -> dict[str, Any]:
    """Return the payload, which must be written in the one canonical way and be of a form that is known."""
    try:
        value = json_object(text)
        canonical = rfc8785.dumps(value)
        raw = decoded(text)
    except (BadSignature, rfc8785.CanonicalizationError) as error:
        raise BadReceipt(f"the payload cannot be read: {error}") from error
    if canonical != raw:
        raise BadReceipt("the payload is not in canonical form (RFC 8785)")
    version = value.get("version")
    if value.get("form") != FORM or not isinstance(version, int) or isinstance(version, bool) or version not in _MEMBERS:
        raise BadReceipt(f"the payload is no decision receipt of version {VERSION} or before")
    whole = isinstance(value.get("evidence"), dict) and isinstance(value.get("at"), str)
    if not whole or not _MEMBERS[version] <= value.keys():
        raise BadReceipt("the payload is not complete")
    return value


def _keys(archive: object) -> dict[str, dict[str, Any]]:
    listed = archive.get("keys") if isinstance(archive, dict) else None
    if not isinstance(listed, list) or not all(isinstance(jwk, dict) and isinstance(jwk.get("kid"), str) for jwk in listed):
        raise BadReceipt("the keys are no JSON Web Key Set with a `kid` for each key")
    found = {jwk["kid"]: jwk for jwk in listed}
    if len(found) != len(listed):
        raise BadReceipt("two keys of the set share a `kid`")
    return found


def _bare(jwk: Mapping[str, Any]) -> dict[str, Any]:
    return {name: jwk[name] for name in ("kty", "crv", "x", "y", "alg") if name in jwk}


def _check_life(jwk: Mapping[str, Any], header: Mapping[str, Any], payload: Mapping[str, Any]) -> None:
    """Refuse a key that was withdrawn, or that did not sign at the moment of the decision."""
    if header.get("typ") != TYPE:
        raise BadReceipt(f"the signature is not for a receipt: typ is {header.get('typ')!r}")
    if "withdrawn_at" in jwk:
        raise BadReceipt(f"the key {jwk['kid']} was withdrawn on {jwk['withdrawn_at']}: nothing that it signed counts")
    try:
        at = datetime.fromisoformat(str(payload["at"]))
        starts = datetime.fromisoformat(jwk["signs_from"]) if "signs_from" in jwk else None
        retired = datetime.fromisoformat(jwk["retired_at"]) if "retired_at" in jwk else None
        if (starts is not None and at < starts) or (retired is not None and at > retired + _SLACK):
            raise BadReceipt(f"the key {jwk['kid']} did not sign on {payload['at']}")
    except (ValueError, TypeError) as error:
        if isinstance(error, BadReceipt):
            raise
        raise BadReceipt("a moment in the receipt or in the keys cannot be read") from error


def _other(entry: Mapping[str, Any], header: Mapping[str, Any], payload_text: str, issuer: str) -> OtherSignature:
    """Return a further signature, checked with the key that stands in its unprotected header."""
    unprotected = entry.get("header")
    jwk = unprotected.get("jwk") if isinstance(unprotected, dict) else None
    if not isinstance(unprotected, dict) or not isinstance(jwk, dict):
        raise BadReceipt(f"a signature is of a key that the archive does not name: {header.get('kid')!r}")
    if WEBAUTHN in unprotected:
        verify_assertion(entry, payload_text, issuer, jwk)
        return OtherSignature(header, jwk, passkey=True)
    verify(entry["protected"], payload_text, entry["signature"], jwk)
    return OtherSignature(header, jwk)


def read_json(text: str) -> object:
    """Return parsed JSON.

    Raises:
        BadReceipt: it is none.
    """
    try:
        return json.loads(text)
    except (json.JSONDecodeError, RecursionError) as error:
        raise BadReceipt("not JSON") from error
