"""The way in by the CAS protocol (3.0.3): pages for browsers (sign-in, sign-out) and answers for services (validation, proxies)."""

from __future__ import annotations

from govcloud.entrypoints.cas import login, logout, proxy, validate
from govcloud.entrypoints.cas.blueprint import cas

__all__ = ["cas", "login", "logout", "proxy", "validate"]
