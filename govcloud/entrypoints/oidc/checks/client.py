"""The client must be known, enabled, and speak OpenID Connect."""

from __future__ import annotations

from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.messages import Message
from govcloud.subsystems.protocols import OidcSettings
from govcloud.web.errors import PageError
from govcloud.web.gate import services


def check_client(request: AuthorizationRequest) -> None:
    """Fill in the client.

    Raises:
        PageError: there is none of this ``client_id`` (RFC 6749 section 4.1.2.1: then nobody is redirected).
    """
    client_id = request.get("client_id")
    client = services().subsystem_queries.client_by_client_id(client_id) if client_id else None
    if client is None or not isinstance(client.settings, OidcSettings):
        raise PageError("unknown_client", Message("要进入的子系统没有在平台登记，或已停用。"))
    request.client = client
