"""The address that the answer goes to must be registered, character by character (RFC 9700 section 2.1)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.messages import Message
from govcloud.web.errors import PageError


def check_redirect_uri(request: AuthorizationRequest) -> None:
    """Let only an exact registered address pass; from here on errors may be redirected to it.

    Raises:
        PageError: it is missing or not registered.
    """
    if request.get("redirect_uri") not in request.client.redirect_uris:
        raise PageError(
            "wrong_redirect_uri",
            Message("“%(name)s”要求返回的地址没有在平台登记，为安全起见已停止登录。", name=request.client.subsystem_name),
        )
