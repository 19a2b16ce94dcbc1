"""The keys that a request shows beside its credentials, and whether a token that is bound to one may be used (RFC 9449, RFC 8705).

Whoever stole a bound token has not its key. A proof (the header ``DPoP``) is made for one request; a certificate was shown in the TLS
handshake at the proxy.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import request

from govcloud.entrypoints.oidc.errors import WireError
from govcloud.signon.oauth.certificates import THUMBPRINT
from govcloud.signon.oauth.dpop import ALGORITHMS, ProofRefused
from govcloud.subsystems.queries import ClientView
from govcloud.web.client_certificate import shown_certificate
from govcloud.web.possession import JKT, KeyMissing, check_possession, proven

PROOF_ALGORITHMS = tuple(ALGORITHMS)
_UNAUTHORIZED = 401


def confirmation_of(client: ClientView, *, demanded: bool = True) -> dict[str, Any] | None:
    """Return the key that the client's new tokens are to be bound to, in the form of the claim ``cnf`` (RFC 7800); ``None``: to none.

    ``demanded`` is false where no token is given yet: a key that is shown there counts, and one that is not is asked for later.

    Raises:
        WireError: ``invalid_dpop_proof`` when a proof does not hold, or the client has to show one and does not; ``invalid_request`` when
            it has to show a certificate and does not.
    """
    shown: dict[str, Any] = {}
    proof = request.headers.get("DPoP")
    if proof is not None:
        shown[JKT] = _proven(proof)
    elif client.oidc.dpop_bound and demanded:
        raise WireError("invalid_dpop_proof", "this client has to show a DPoP proof")
    if client.oidc.tls_bound:
        certificate = shown_certificate()
        if certificate is not None:
            shown[THUMBPRINT] = certificate.thumbprint
        elif demanded:
            raise WireError("invalid_request", "this client has to show a certificate, at the mtls_endpoint_aliases if there are any")
    return shown or None


def bind_to_proof(parameters: dict[str, str]) -> None:
    """Bind an authorization request to the key that is shown when it is pushed, as if it named the key itself (RFC 9449 section 10.1).

    Raises:
        WireError: the proof does not hold, or the request names another key.
    """
    proof = request.headers.get("DPoP")
    if proof is None:
        return
    jkt = _proven(proof)
    if parameters.get("dpop_jkt", jkt) != jkt:
        raise WireError("invalid_dpop_proof", "dpop_jkt names another key than the proof was made with")
    parameters["dpop_jkt"] = jkt


def check_key(token: str, scheme: str, bound_to: Mapping[str, Any] | None) -> None:
    """Let a token pass whose key is shown with the request; see ``check_possession``.

    Raises:
        WireError: it is not, as the challenge of the scheme that the token has to be sent by.
    """
    try:
        check_possession(token, scheme, bound_to)
    except KeyMissing as error:
        raise _refused(bound_to or {}, error.error, _plain(error.reason)) from error


def _proven(proof: str) -> str:
    """Return the thumbprint of the key that the proof of this request was made with."""
    try:
        return proven(proof)
    except ProofRefused as error:
        raise WireError("invalid_dpop_proof", _plain(error.reason), detail=error.reason) from error


def _refused(keys: Mapping[str, Any], error: str, description: str) -> WireError:
    """Return the challenge of the scheme that the token has to be sent by."""
    scheme = f'DPoP algs="{" ".join(PROOF_ALGORITHMS)}", ' if JKT in keys else 'Bearer realm="govcloud", '
    challenge = f'{scheme}error="{error}", error_description="{description}"'
    return WireError(error, description, status=_UNAUTHORIZED, challenge=challenge)


def _plain(reason: str) -> str:
    """Return a reason in the characters that a description may have (RFC 6749 section 5.2)."""
    return "".join(char if " " <= char <= "~" and char not in '"\\' else "?" for char in reason)[:200]
