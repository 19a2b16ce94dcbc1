"""What may be exchanged for tokens: one grant one module; each takes the authenticated client and the form, and returns the answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from govcloud.entrypoints.oidc.grants import authorization_code
from govcloud.subsystems.queries import ClientView

Grant = Callable[[ClientView, Mapping[str, str]], dict[str, Any]]

#: ``grant_type`` → module.
GRANTS: dict[str, Grant] = {"authorization_code": authorization_code.grant}

__all__ = ["GRANTS", "Grant"]
