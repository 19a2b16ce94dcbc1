"""What the platform offers, for clients to read: discovery (OIDC Discovery 3, RFC 8414) and the keys (RFC 7517)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from govcloud.entrypoints.oidc.answering import RESPONSE_MODES
from govcloud.entrypoints.oidc.binding import PROOF_ALGORITHMS
from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.checks.client_authentication import ASSERTION_ALGORITHMS
from govcloud.entrypoints.oidc.checks.client_authentication import METHODS as CLIENT_METHODS
from govcloud.entrypoints.oidc.checks.pkce import METHODS as PKCE_METHODS
from govcloud.entrypoints.oidc.checks.prompt import PROMPTS
from govcloud.entrypoints.oidc.checks.response_type import RESPONSE_TYPES
from govcloud.entrypoints.oidc.device_authorization import PATH as DEVICES
from govcloud.entrypoints.oidc.grants import GRANTS
from govcloud.entrypoints.oidc.introspect import PATH as INTROSPECTION
from govcloud.entrypoints.oidc.par import PATH as PUSHING
from govcloud.entrypoints.oidc.revoke import PATH as REVOCATION
from govcloud.kernel.keys import JWKS_LIFE
from govcloud.kernel.signing import ALGORITHMS
from govcloud.signon.claims import CLIENT_SCOPES, SCOPES
from govcloud.signon.views import ACRS
from govcloud.subsystems.protocols import CLAIMS, SELF_SIGNED_TLS, TLS
from govcloud.web.gate import public, services

#: A new key waits for as long before it signs.
_CACHE = f"public, max-age={int(JWKS_LIFE.total_seconds())}"
#: Where a client may show its certificate: as the metadata calls it, and its path.
_WITH_CERTIFICATE = {
    "token_endpoint": "/oidc/token",
    "userinfo_endpoint": "/oidc/userinfo",
    "introspection_endpoint": INTROSPECTION,
    "revocation_endpoint": REVOCATION,
    "device_authorization_endpoint": DEVICES,
    "pushed_authorization_request_endpoint": PUSHING,
}
_BY_CERTIFICATE = (TLS, SELF_SIGNED_TLS)
_TOKEN_CLAIMS = ("iss", "sub", "aud", "exp", "iat", "sid", "auth_time", "nonce", "at_hash", "acr", "amr")


@wire.get("/.well-known/openid-configuration")
@public("OIDC Discovery 4: published for everybody")
def openid_configuration() -> Response:
    """Return the discovery document."""
    return _published(_metadata(services().settings.public_url))


@wire.get("/.well-known/oauth-authorization-server")
@public("RFC 8414 section 3: published for everybody")
def oauth_authorization_server() -> Response:
    """Return the same for clients that know OAuth alone."""
    return _published(_metadata(services().settings.public_url))


@wire.get("/oidc/jwks")
@public("public keys, published for everybody")
def jwks() -> Response:
    """Return the public keys that tokens are verified with."""
    return _published(services().keys.jwks())


def _metadata(issuer: str) -> dict[str, Any]:
    """Return the metadata; addresses come from the settings, never from the ``Host`` of a request."""
    methods = _client_methods()
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "token_endpoint": f"{issuer}/oidc/token",
        "jwks_uri": f"{issuer}/oidc/jwks",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "device_authorization_endpoint": issuer + DEVICES,
        "end_session_endpoint": f"{issuer}/oidc/logout",
        "introspection_endpoint": issuer + INTROSPECTION,
        "revocation_endpoint": issuer + REVOCATION,
        "pushed_authorization_request_endpoint": issuer + PUSHING,
        "require_pushed_authorization_requests": False,
        "scopes_supported": [*SCOPES, *CLIENT_SCOPES],
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": list(ALGORITHMS),
        "token_endpoint_auth_methods_supported": methods,
        "token_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": [method for method in methods if method != "none"],
        "introspection_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": methods,
        "revocation_endpoint_auth_signing_alg_values_supported": list(ASSERTION_ALGORITHMS),
        "code_challenge_methods_supported": list(PKCE_METHODS),
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": list(ACRS),
        "display_values_supported": ["page"],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_TOKEN_CLAIMS, *CLAIMS],
        "claims_parameter_supported": True,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "dpop_signing_alg_values_supported": list(PROOF_ALGORITHMS),
        **_certificates(),
        "ui_locales_supported": ["zh-CN", "en"],
    }


def _client_methods() -> list[str]:
    """Return how clients may prove who they are; by certificate only where a proxy hands certificates on."""
    certificates = services().settings.client_certificate_header is not None
    return [method for method in CLIENT_METHODS if certificates or method not in _BY_CERTIFICATE]


def _certificates() -> dict[str, Any]:
    """Return what concerns certificates of clients (RFC 8705 sections 3.3 and 5); nothing while no proxy hands any on."""
    settings = services().settings
    if settings.client_certificate_header is None:
        return {}
    origin = settings.client_certificate_url
    aliases = {"mtls_endpoint_aliases": {name: f"{origin}{path}" for name, path in _WITH_CERTIFICATE.items()}}
    return {"tls_client_certificate_bound_access_tokens": True} | (aliases if origin else {})


def _published(document: dict[str, Any]) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = _CACHE
    # Browser-based clients of other origins read these; they hold nothing secret.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
