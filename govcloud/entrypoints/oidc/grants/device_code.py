"""The grant ``urn:ietf:params:oauth:grant-type:device_code`` (RFC 8628 section 3.4)."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.oidc.errors import WireError
from govcloud.entrypoints.oidc.grants.answer import answer
from govcloud.entrypoints.oidc.grants.asked import Asked
from govcloud.signon.oauth.devices import ACCESS_DENIED, EXPIRED, PENDING, SLOW_DOWN, DeviceRefused
from govcloud.web.gate import services

#: What the device may know (section 3.5); all else is an ``invalid_grant``, and why stays in the log.
_TOLD = {
    PENDING: "nobody has decided yet",
    SLOW_DOWN: "nobody has decided yet; ask 5 seconds less often",
    ACCESS_DENIED: "the device was turned away",
    EXPIRED: "nobody decided in time",
}


def grant(asked: Asked) -> dict[str, Any]:
    """Return the tokens for a device that was let in.

    Raises:
        WireError: nobody has decided yet, the device asks too often or was turned away, or its code is worth nothing.
    """
    device_code = asked.needed("device_code")
    try:
        tokens = services().devices.redeem(asked.actor, asked.client, device_code, confirmation=asked.confirmation)
    except DeviceRefused as error:
        if error.reason in _TOLD:
            raise WireError(error.reason, _TOLD[error.reason]) from error
        raise WireError("invalid_grant", "the device code is invalid, used, or not bound to this request", detail=error.reason) from error
    return answer(tokens)
