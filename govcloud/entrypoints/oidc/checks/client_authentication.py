"""A client proves who it is, in the one way that is registered for it (RFC 6749 section 2.3, RFC 7523, OIDC Core 9).

By HTTP Basic or in the form with its secret, by an assertion that it signed, by its certificate (RFC 8705), or, if it can keep no
secret, by its name alone.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
from urllib.parse import unquote_plus

from govcloud.entrypoints.oidc.errors import invalid_client, invalid_request
from govcloud.entrypoints.oidc.origins import known_client
from govcloud.signon.oauth.assertions import ALGORITHMS
from govcloud.signon.oauth.certificates import proves
from govcloud.signon.oauth.errors import AssertionRefused
from govcloud.subsystems.protocols import PUBLIC, SELF_SIGNED_TLS, TLS, OidcSettings
from govcloud.subsystems.queries import ClientView
from govcloud.web.client_certificate import shown_certificate
from govcloud.web.gate import services, source_address
from govcloud.web.parameters import LONGEST
from govcloud.web.trace import trace_id

METHODS = ("client_secret_basic", "client_secret_post", "private_key_jwt", TLS, SELF_SIGNED_TLS, "none")
ASSERTION_ALGORITHMS = tuple(ALGORITHMS)
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def authenticate_client(authorization: str | None, form: Mapping[str, str], endpoint: str = "/oidc/token") -> ClientView:
    """Return the client, which speaks OpenID Connect.

    Args:
        authorization: the header ``Authorization``, if any.
        form: the parameters of the body.
        endpoint: the path that is called; an assertion may be made for it, for the token endpoint or for the issuer.

    Raises:
        WireError: ``invalid_client`` when the proof fails or is not the registered one, ``invalid_request`` when there are two
            (RFC 6749 section 2.3).
    """
    shown = [
        prove
        for sign, prove in (
            (authorization is not None, lambda: _basic(authorization or "", form)),
            ("client_secret" in form, lambda: _with_secret(form.get("client_id", ""), form["client_secret"])),
            ("client_assertion" in form or "client_assertion_type" in form, lambda: _with_assertion(form, endpoint)),
        )
        if sign
    ]
    if len(shown) > 1:
        raise invalid_request("the client authenticates in two ways at once")
    prove: Callable[[], ClientView] = shown[0] if shown else lambda: _by_name(form.get("client_id", ""))
    client = prove()
    if not isinstance(client.settings, OidcSettings):
        raise invalid_client(f"{client.client_id!r} speaks {client.protocol}, not OpenID Connect")
    known_client(client.client_id)
    return client


def _basic(authorization: str, form: Mapping[str, str]) -> ClientView:
    client_id, secret = _credentials(authorization)
    if form.get("client_id", client_id) != client_id:
        raise invalid_request("client_id differs from the one that authenticates")
    return _with_secret(client_id, secret)


def _with_secret(client_id: str, secret: str) -> ClientView:
    client = services().subsystem_queries.authenticate_client(client_id, secret)
    if client is None:
        raise invalid_client(f"no enabled client {client_id!r} has this secret")
    return client


def _with_assertion(form: Mapping[str, str], endpoint: str) -> ClientView:
    if form.get("client_assertion_type") != ASSERTION_TYPE:
        raise invalid_request(f"client_assertion_type must be {ASSERTION_TYPE}")
    if "client_assertion" not in form:
        raise invalid_request("client_assertion is missing")
    issuer = services().settings.public_url
    audiences = {issuer, f"{issuer}/oidc/token", issuer + endpoint}
    try:
        return services().oauth.authenticate(
            form["client_assertion"], audiences, form.get("client_id"), address=source_address(), trace=trace_id()
        )
    except AssertionRefused as error:
        raise invalid_client(error.reason) from error


def _by_name(client_id: str) -> ClientView:
    """Return a client that only says who it is: it keeps no secret, or its certificate proves it (RFC 8705 section 2)."""
    client = services().subsystem_queries.client_by_client_id(client_id)
    if client is None or client.auth_method not in {PUBLIC, TLS, SELF_SIGNED_TLS}:
        raise invalid_client(f"{client_id!r} is no public client and gave no proof")
    if client.auth_method != PUBLIC:
        certificate = shown_certificate()
        if certificate is None or not isinstance(client.settings, OidcSettings) or not proves(client, certificate):
            raise invalid_client(f"no certificate came with the request that proves {client_id!r}")
    return client


def _credentials(authorization: str) -> tuple[str, str]:
    """Return id and secret of HTTP Basic; each is form-encoded within (RFC 6749 section 2.3.1)."""
    scheme, _, credentials = authorization.partition(" ")
    if scheme.lower() != "basic" or len(credentials) > LONGEST:
        raise invalid_client(f"the scheme {scheme[:20]!r} is not supported")
    try:
        text = base64.b64decode(credentials.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        raise invalid_client("the Basic credentials are not base64 of UTF-8") from None
    client_id, separator, secret = text.partition(":")
    if not separator:
        raise invalid_client("the Basic credentials have no colon")
    return unquote_plus(client_id), unquote_plus(secret)
