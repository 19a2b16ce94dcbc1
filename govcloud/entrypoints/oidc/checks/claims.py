"""What the client asks for claim by claim (the parameter ``claims``, OIDC Core 5.5), and how strong a sign-in it wants.

Claims about the official are opened by scope, so a claim that is asked for by name opens the narrowest scope that holds it, which the
answer says. One that this client may not be told is left out, as the standard has it for what cannot be given (5.5.1).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from govcloud.entrypoints.oidc.errors import AuthorizationError
from govcloud.entrypoints.oidc.request import AuthorizationRequest
from govcloud.signon.claims import granted, scope_of

_MEMBERS = ("userinfo", "id_token")


def check_claims(request: AuthorizationRequest) -> None:
    """Fill in the wanted strength, the expected official, and the scope of the claims that are asked for.

    Raises:
        AuthorizationError: ``claims`` is not the JSON object that the standard describes.
    """
    request.acr_values = tuple((request.get("acr_values") or "").split())
    given = request.get("claims")
    if given is None:
        return
    wanted = _read(given)
    may_be_told = request.client.settings.claims
    named = {name for member in wanted.values() for name in member if name in may_be_told}
    request.scope = granted(request.client, {*request.scope, *(scope_of(name) or "" for name in named)})
    strength = wanted["id_token"].get("acr") or {}
    if _values(strength):
        request.acr_values = _values(strength)
        request.acr_essential = strength.get("essential") is True
    request.expected_sub = next(iter(_values(wanted["id_token"].get("sub") or wanted["userinfo"].get("sub") or {})), None)


def _read(text: str) -> dict[str, Mapping[str, Mapping[str, Any] | None]]:
    """Return the two members; each claim's value is an object, or ``None`` when nothing more is said of it."""
    wrong = AuthorizationError("invalid_request", "claims is not a JSON object as in OIDC Core 5.5")
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise wrong from None
    if not isinstance(document, dict):
        raise wrong
    members = {name: document.get(name) or {} for name in _MEMBERS}
    for member in members.values():
        if not isinstance(member, dict) or not all(claim is None or isinstance(claim, dict) for claim in member.values()):
            raise wrong
    return members


def _values(claim: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the values that a claim may have, the preferred first (OIDC Core 5.5.1)."""
    values = claim.get("values", [claim.get("value")])
    return tuple(value for value in values if isinstance(value, str)) if isinstance(values, list) else ()
