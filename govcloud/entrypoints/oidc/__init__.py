"""The OpenID Connect way in: an endpoint is a readable list of checks, one check one file, one grant one module.

To add a check: one file in ``checks/`` and one line in ``authorize.py`` or ``token.py``. To add a grant: one file in ``grants/`` and
one line in ``grants/__init__.py``.
"""

from __future__ import annotations

from govcloud.entrypoints.oidc import authorize, device_authorization, discovery, introspect, logout, par, revoke, token, userinfo
from govcloud.entrypoints.oidc.blueprint import oidc

__all__ = ["authorize", "device_authorization", "discovery", "introspect", "logout", "oidc", "par", "revoke", "token", "userinfo"]
