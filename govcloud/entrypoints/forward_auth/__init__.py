"""The way in for applications that know no protocol: a proxy before them asks about each request (nginx ``auth_request``).

``/forward-auth/…`` of the platform's own host is for browsers, but for ``check``; ``/.govcloud/…`` stands at each application's own
origin, whose proxy hands it on. The whole is described in docs/reference/forward-auth.md.
"""

from __future__ import annotations

from govcloud.entrypoints.forward_auth import callback, check, start
from govcloud.entrypoints.forward_auth.blueprint import forward_auth

__all__ = ["callback", "check", "forward_auth", "start"]
