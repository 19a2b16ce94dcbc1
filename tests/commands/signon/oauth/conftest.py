"""Clients of every kind at the services: what they have, and what comes of bringing it back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.signon.oauth.errors import RefreshRefused
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TokenSet
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC, SECRET, OidcSettings
from govcloud.subsystems.queries import ClientView
from tests.commands.signon.test_tickets import Desk, desk
from tests.factories.clients import register_unchecked
from tests.factories.world import World


@dataclass(frozen=True)
class Refresher:
    """A client that refreshes."""

    services: Services
    client: ClientView

    @property
    def actor(self) -> Actor:
        return Actor.subsystem(self.client.client_id, self.client.name)

    def first(self, session: CurrentSession, scope: str = "openid profile") -> TokenSet:
        """Return what a code gives."""
        at = Desk(self.services, self.client)
        return at.redeem(at.issue(session, scope))

    def refresh(self, refresh_token: str | None, *, scope: str | None = None, confirmation: Mapping[str, str] | None = None) -> TokenSet:
        assert refresh_token is not None
        return self.services.oauth.refresh(self.actor, self.client, refresh_token, scope=scope, confirmation=confirmation)

    def refused(self, refresh_token: str | None, *, confirmation: Mapping[str, str] | None = None) -> str:
        """Return why a refresh token is not exchanged."""
        with pytest.raises(RefreshRefused) as refused:
            self.refresh(refresh_token, confirmation=confirmation)
        return refused.value.reason

    def alive(self, tokens: TokenSet) -> bool:
        return bool(self.services.oauth.introspect(self.client, tokens.access_token)["active"])


def refresher(services: Services, client_id: str, settings: OidcSettings, auth_method: str = SECRET) -> Refresher:
    """Enter a client of the assistance subsystem, sound or not, and return it."""
    address = f"http://127.0.0.1:8002/{client_id}"
    register_unchecked(services, NewClient("assistance", client_id, "测试", (address,), auth_method=auth_method, settings=settings))
    return Refresher(services, desk(services, client_id).client)


@pytest.fixture
def web(services: Services, world: World) -> Refresher:
    """Return the assistance subsystem, which can keep a secret and rotates."""
    return Refresher(services, desk(services, "assistance-web").client)


@pytest.fixture
def spa(services: Services, world: World) -> Refresher:
    """Return a client in the browser, which can keep no secret and says that it does not want to rotate."""
    return refresher(services, "assistance-spa", OidcSettings(rotate_refresh=False), PUBLIC)  # no command would leave it so


@pytest.fixture
def steady(services: Services, world: World) -> Refresher:
    """Return a client that can keep a secret and does not rotate."""
    return refresher(services, "assistance-steady", OidcSettings(rotate_refresh=False))
