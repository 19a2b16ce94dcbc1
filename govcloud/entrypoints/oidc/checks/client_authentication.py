"""A client proves who it is: by HTTP Basic, in the form, or, if it can keep no secret, by its name alone (RFC 6749 section 2.3)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from urllib.parse import unquote_plus

from govcloud.entrypoints.oidc.errors import invalid_client, invalid_request
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.parameters import LONGEST

METHODS = ("client_secret_basic", "client_secret_post", "none")


def authenticate_client(authorization: str | None, form: Mapping[str, str]) -> ClientView:
    """Return the client.

    Args:
        authorization: the header ``Authorization``, if any.
        form: the parameters of the body.

    Raises:
        WireError: ``invalid_client`` when the proof fails, ``invalid_request`` when there are two (RFC 6749 section 2.3).
    """
    if authorization is not None:
        client_id, secret = _basic(authorization)
        if "client_secret" in form:
            raise invalid_request("the client authenticates in two ways at once")
        if form.get("client_id", client_id) != client_id:
            raise invalid_request("client_id differs from the one that authenticates")
        return _with_secret(client_id, secret)
    if "client_assertion" in form or "client_assertion_type" in form:
        raise invalid_client("client assertions are not supported")
    client_id = form.get("client_id", "")
    if "client_secret" in form:
        return _with_secret(client_id, form["client_secret"])
    return _public(client_id)


def _with_secret(client_id: str, secret: str) -> ClientView:
    client = services().subsystem_queries.authenticate_client(client_id, secret)
    if client is None:
        raise invalid_client(f"no enabled client {client_id!r} has this secret")
    return client


def _public(client_id: str) -> ClientView:
    client = services().subsystem_queries.client_by_client_id(client_id)
    if client is None or not client.public:
        raise invalid_client(f"{client_id!r} is no public client and gave no secret")
    return client


def _basic(authorization: str) -> tuple[str, str]:
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
