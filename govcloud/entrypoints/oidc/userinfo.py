"""The userinfo endpoint (OIDC Core 5.3), opened by a live access token (RFC 6750), shown with its key if it has one (RFC 9449)."""

from __future__ import annotations

from flask import Response, jsonify, request

from govcloud.entrypoints.oidc.binding import check_key
from govcloud.entrypoints.oidc.blueprint import wire
from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.origins import known_client
from govcloud.signon.claims import OPENID
from govcloud.signon.errors import TokenRefused
from govcloud.web.gate import public, services
from govcloud.web.possession import BEARER, DPOP


@wire.route("/oidc/userinfo", methods=["GET", "POST"])
@public("RFC 6750, RFC 9449: authenticates by access token")
def userinfo() -> Response:
    """Return the claims about the official that the token's scope opens and its client may be told."""
    token, scheme = _token()
    try:
        live = services().signon.live_token(token)
    except TokenRefused as error:
        raise _challenge("invalid_token", "the access token is invalid, expired or revoked", 401, error.reason) from error
    check_key(token, scheme, live.confirmation)
    known_client(live.client.client_id)
    if OPENID not in live.scope:
        raise _challenge("insufficient_scope", "the access token was not issued for sign-in", 403)
    response = jsonify(services().signon.userinfo(live))
    response.headers["Cache-Control"] = "no-store"
    return response


def _token() -> tuple[str, str]:
    """Return the access token and how it was sent: in the header, or in the form of a POST; never in the address (RFC 9700 section 4.3.2).

    Raises:
        WireError: there is none, or two.
    """
    scheme, _, from_header = request.headers.get("Authorization", "").partition(" ")
    from_form = request.form.get("access_token", "") if request.method == "POST" else ""
    if scheme and from_form:
        raise _challenge("invalid_request", "the access token is sent in two ways at once", 400)
    scheme = scheme.lower()
    token = from_header.strip() if scheme in {BEARER, DPOP} else from_form
    if not token:
        # RFC 6750 section 3.1: who shows nothing is told nothing but the scheme.
        raise WireError("invalid_request", "an access token is needed", status=401, challenge='Bearer realm="govcloud"')
    return token, scheme or BEARER


def _challenge(error: str, description: str, status: int, detail: str = "") -> WireError:
    challenge = f'Bearer realm="govcloud", error="{error}", error_description="{description}"'
    return WireError(error, description, status=status, challenge=challenge, detail=detail)
