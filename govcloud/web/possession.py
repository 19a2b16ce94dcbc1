"""Whether a request shows the key that its access token is bound to, at every way in that takes access tokens (RFC 9449, RFC 8705)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import current_app, request

from govcloud.services import Services
from govcloud.signon.oauth.certificates import THUMBPRINT
from govcloud.signon.oauth.dpop import ProofRefused, ProofRequest
from govcloud.web.client_certificate import shown_certificate
from govcloud.web.trace import trace_id

BEARER, DPOP = "bearer", "dpop"
JKT = "jkt"


class KeyMissing(Exception):
    """The token's key is not shown; ``error`` is the code of RFC 6750 or RFC 9449, the text is for the client's developers."""

    def __init__(self, error: str, reason: str) -> None:
        """Keep the code and the reason."""
        super().__init__(reason)
        self.error = error
        self.reason = reason


def check_possession(token: str, scheme: str, bound_to: Mapping[str, Any] | None) -> None:
    """Let a token pass whose key is shown with the request, or that is bound to none.

    Args:
        token: the access token as it was sent.
        scheme: how it was sent: ``bearer`` or ``dpop``.
        bound_to: the claim ``cnf`` of the token (RFC 7800).

    Raises:
        KeyMissing: it is sent like one that is bound otherwise (RFC 9449 section 7.2), or its key is not shown.
    """
    keys = bound_to or {}
    if (JKT in keys) != (scheme == DPOP):
        raise KeyMissing("invalid_token", "the access token is bound to a key in another way than it is sent")
    if JKT in keys:
        try:
            jkt = proven(request.headers.get("DPoP", ""), token)
        except ProofRefused as error:
            raise KeyMissing("invalid_dpop_proof", error.reason) from error
        if jkt != keys[JKT]:
            raise KeyMissing("invalid_token", "the proof was made with another key than the access token is bound to")
    if THUMBPRINT in keys:
        certificate = shown_certificate()
        if certificate is None or certificate.thumbprint != keys[THUMBPRINT]:
            raise KeyMissing("invalid_token", "the certificate is not the one that the access token is bound to")


def proven(proof: str, token: str | None = None) -> str:
    """Return the thumbprint of the key that the proof of this request was made with.

    Raises:
        ProofRefused: it does not hold.
    """
    services: Services = current_app.extensions["govcloud"]
    # Public addresses come from the settings, never from the ``Host`` of a request.
    origins = (services.settings.public_url, services.settings.client_certificate_url)
    urls = tuple(f"{origin}{request.path}" for origin in origins if origin)
    return services.dpop.check(proof, ProofRequest(request.method, urls, token), trace_id())
