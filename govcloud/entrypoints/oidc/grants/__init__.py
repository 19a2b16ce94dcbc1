"""What may be exchanged for tokens: one grant one module; each takes what is asked (``asked.py``) and returns the answer."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from govcloud.entrypoints.oidc.grants import authorization_code, client_credentials, device_code, refresh_token, token_exchange
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, DEVICE_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE

Grant = Callable[[Asked], dict[str, Any]]

#: ``grant_type`` → module.
GRANTS: dict[str, Grant] = {
    AUTHORIZATION_CODE: authorization_code.grant,
    REFRESH_TOKEN: refresh_token.grant,
    CLIENT_CREDENTIALS: client_credentials.grant,
    DEVICE_CODE: device_code.grant,
    TOKEN_EXCHANGE: token_exchange.grant,
}

__all__ = ["GRANTS", "Grant"]
