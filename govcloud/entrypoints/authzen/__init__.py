"""The AuthZEN way in (OpenID Authorization API 1.0): a relying system asks, the engine answers."""

from govcloud.entrypoints.authzen.blueprint import authzen

__all__ = ["authzen"]
