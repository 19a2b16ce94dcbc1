"""What CAS refuses: one error whose ``code`` is the protocol's own (CAS Protocol 3.0.3 sections 2.5.3 and 2.7.3)."""

from __future__ import annotations

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message

INVALID_REQUEST = "INVALID_REQUEST"
INVALID_TICKET_SPEC = "INVALID_TICKET_SPEC"
INVALID_SERVICE = "INVALID_SERVICE"
INVALID_TICKET = "INVALID_TICKET"
UNAUTHORIZED_SERVICE = "UNAUTHORIZED_SERVICE"
UNAUTHORIZED_SERVICE_PROXY = "UNAUTHORIZED_SERVICE_PROXY"
INVALID_PROXY_CALLBACK = "INVALID_PROXY_CALLBACK"
INTERNAL_ERROR = "INTERNAL_ERROR"


class CasRefused(Invalid):
    """A ticket, a service or a proxy is refused; ``description`` is English, for the service's developers."""

    def __init__(self, code: str, description: str, reason: str | None = None) -> None:
        """Keep the protocol's code, the description, which holds nothing that was sent, and what the record says instead of it."""
        super().__init__(code, Message("登录凭据无效或已过期。"), remedy=Message("请重新登录。"))
        self.description = description
        self.reason = reason or f"{code}: {description}"
