"""By which channel a client hears that somebody's stay ended: one function a protocol, and a table that lists them.

A protocol that joins later (SAML) is one function, one line in the table, and one word in the check of ``logout_notice.channel``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from govcloud.subsystems.protocols import CAS, FORWARD_AUTH, OIDC, CasSettings, ForwardAuthSettings, OidcSettings
from govcloud.subsystems.views import ClientView

BACK_CHANNEL, FRONT_CHANNEL, CAS_REQUEST, NONE = "back_channel", "front_channel", "cas", "none"
SENT = frozenset({BACK_CHANNEL, CAS_REQUEST})
"""What the outbox carries; ``front_channel`` goes through the person's own browser, if it is there."""


def _of_oidc(settings: OidcSettings) -> str:
    """Prefer the channel that does not need the person's browser (OIDC Back-Channel Logout 1.0 section 1)."""
    if settings.backchannel_logout_uri:
        return BACK_CHANNEL
    return FRONT_CHANNEL if settings.frontchannel_logout_uri else NONE


def _of_cas(settings: CasSettings) -> str:
    return CAS_REQUEST if settings.single_logout else NONE


def _of_forward_auth(_settings: ForwardAuthSettings) -> str:
    """Nobody has to be told: its proxy asks the platform at each request."""
    return NONE


_CHANNELS: Mapping[str, Callable[[Any], str]] = {OIDC: _of_oidc, CAS: _of_cas, FORWARD_AUTH: _of_forward_auth}


def channel_of(client: ClientView | None) -> str:
    """Return the channel of a client; one that was closed for good can be told nothing any more."""
    return NONE if client is None or client.disabled else _CHANNELS[client.protocol](client.settings)
