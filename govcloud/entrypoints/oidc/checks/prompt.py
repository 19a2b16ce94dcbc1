"""What the client wants shown: nothing, or the sign-in page even to somebody who is signed in (OIDC Core 3.1.2.1)."""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest

PROMPTS = ("none", "login")
#: The platform has no such pages, and the standard names the error for that.
_NOT_OFFERED = {"consent": "consent_required", "select_account": "account_selection_required"}


def check_prompt(request: AuthorizationRequest) -> None:
    """Fill in ``prompt``.

    Raises:
        AuthorizationError: a value is unknown or not offered, or ``none`` comes with another.
    """
    asked = frozenset((request.get("prompt") or "").split())
    for value in sorted(asked):
        if value in _NOT_OFFERED:
            raise AuthorizationError(_NOT_OFFERED[value], f"prompt={value} is not offered")
        if value not in PROMPTS:
            raise AuthorizationError("invalid_request", "prompt has an unknown value")
    if "none" in asked and len(asked) > 1:
        raise AuthorizationError("invalid_request", "prompt=none excludes every other value")
    request.prompt = asked


def check_max_age(request: AuthorizationRequest) -> None:
    """Fill in how many seconds the last proof of identity may lie back.

    Raises:
        AuthorizationError: it is not a whole number of seconds.
    """
    given = request.get("max_age")
    if given is None:
        return
    if not (given.isascii() and given.isdigit() and len(given) <= len("4294967295")):
        raise AuthorizationError("invalid_request", "max_age is not a whole number of seconds")
    request.max_age = int(given)
