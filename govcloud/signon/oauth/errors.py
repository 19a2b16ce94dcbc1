"""What OAuth 2 refuses beyond tickets and tokens.

::

    Invalid
    ├── RefreshRefused    a refresh token that is unknown, expired, revoked, used before, or not shown with its key
    ├── ScopeRefused      more is asked for than was given
    ├── AssertionRefused  a client's assertion that does not prove who it is
    └── PushRefused       a ``request_uri`` that is unknown, expired, used, or another client's
"""

from __future__ import annotations

from govcloud.kernel.errors import Invalid
from govcloud.kernel.messages import Message


class RefreshRefused(Invalid):
    """A refresh token cannot be exchanged; ``reason`` is for the record, never for the wire."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: unknown, expired, revoked, reused, wrong_proof or session_ended."""
        super().__init__("refresh_refused", Message("登录凭据无效或已过期。"), remedy=Message("请重新登录。"))
        self.reason = reason


class ScopeRefused(Invalid):
    """A scope is asked for that was not given."""

    def __init__(self) -> None:
        """Say so."""
        super().__init__("scope_refused", Message("请求的范围超出了已获得的范围。"))


class AssertionRefused(Invalid):
    """A client's assertion does not hold; ``reason`` is in English, for the operator's log."""

    def __init__(self, reason: str) -> None:
        """Keep the reason."""
        super().__init__("assertion_refused", Message("客户端身份验证失败。"))
        self.reason = reason


class PushRefused(Invalid):
    """A pushed request cannot be used; ``reason`` is for the log."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: unknown, expired or used."""
        super().__init__("push_refused", Message("登录请求已失效。"), remedy=Message("请从该子系统重新登录。"))
        self.reason = reason
