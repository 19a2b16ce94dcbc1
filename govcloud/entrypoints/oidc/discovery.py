"""What the platform offers, for clients to read: discovery (OIDC Discovery 3, RFC 8414) and the keys (RFC 7517)."""

from __future__ import annotations

from typing import Any

from flask import Response, jsonify

from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.checks.client_authentication import METHODS as CLIENT_METHODS
from govcloud.entrypoints.oidc.checks.pkce import METHODS as PKCE_METHODS
from govcloud.entrypoints.oidc.checks.prompt import PROMPTS
from govcloud.entrypoints.oidc.checks.response_type import RESPONSE_MODES, RESPONSE_TYPES
from govcloud.entrypoints.oidc.grants import GRANTS
from govcloud.signon.claims import PROFILE_CLAIMS, SCOPES
from govcloud.signon.views import ACR_PASSWORD
from govcloud.web.gate import public, services

#: Short enough that a new key is known long before it signs.
_CACHE = "public, max-age=300"
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
    return {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/oidc/authorize",
        "token_endpoint": f"{issuer}/oidc/token",
        "jwks_uri": f"{issuer}/oidc/jwks",
        "userinfo_endpoint": f"{issuer}/oidc/userinfo",
        "end_session_endpoint": f"{issuer}/oidc/logout",
        "backchannel_logout_supported": True,
        "backchannel_logout_session_supported": True,
        "frontchannel_logout_supported": True,
        "frontchannel_logout_session_supported": True,
        "scopes_supported": list(SCOPES),
        "response_types_supported": list(RESPONSE_TYPES),
        "response_modes_supported": list(RESPONSE_MODES),
        "grant_types_supported": list(GRANTS),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["ES256"],
        "token_endpoint_auth_methods_supported": list(CLIENT_METHODS),
        "code_challenge_methods_supported": list(PKCE_METHODS),
        "prompt_values_supported": list(PROMPTS),
        "acr_values_supported": [ACR_PASSWORD],
        "claim_types_supported": ["normal"],
        "claims_supported": [*_TOKEN_CLAIMS, *PROFILE_CLAIMS],
        "claims_parameter_supported": False,
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
        "authorization_response_iss_parameter_supported": True,
        "ui_locales_supported": ["zh-CN", "en"],
    }


def _published(document: dict[str, Any]) -> Response:
    response = jsonify(document)
    response.headers["Cache-Control"] = _CACHE
    # Browser-based clients of other origins read these; they hold nothing secret.
    response.headers["Access-Control-Allow-Origin"] = "*"
    return response
