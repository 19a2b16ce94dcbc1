"""What the client wants shown: nothing, or the sign-in page even to somebody who is signed in (OIDC Core 3.1.2.1).

``consent`` asks for nothing here: which claims a subsystem gets is not the official's own to grant, it was decided when the subsystem was
registered. ``select_account`` is the sign-in page: who signs in chooses the account.
"""

from __future__ import annotations

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.kernel.validation import whole_number

PROMPTS = ("none", "login", "consent", "select_account")


def check_prompt(request: AuthorizationRequest) -> None:
    """Fill in ``prompt``.

    Raises:
        AuthorizationError: a value is unknown, or ``none`` comes with another.
    """
    asked = frozenset((request.get("prompt") or "").split())
    if not asked <= set(PROMPTS):
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
    seconds = whole_number(given, len("4294967295"))
    if seconds is None:
        raise AuthorizationError("invalid_request", "max_age is not a whole number of seconds")
    request.max_age = seconds
