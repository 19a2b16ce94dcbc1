"""A client's token for itself: nobody stands behind it, so it opens nothing that is about a person."""

from __future__ import annotations

import jwt
import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.errors import TokenRefused
from tests.commands.signon.test_tickets import desk
from tests.factories.world import World


def test_a_client_gets_a_token_for_itself(services: Services, world: World) -> None:
    client = desk(services, "assistance-web").client
    tokens = services.oauth.client_credentials(Actor.subsystem(client.client_id, client.name), client, "decision")
    assert (tokens.id_token, tokens.refresh_token, tokens.token_type, tokens.scope) == (None, None, "Bearer", "decision")
    claims = jwt.decode(tokens.access_token, options={"verify_signature": False})
    assert (claims["sub"], claims["client_id"], claims["scope"]) == ("assistance-web", "assistance-web", "decision")
    assert not {"sid", "amr", "acr", "auth_time"} & claims.keys()
    assert services.audit_queries.by_subject("client:assistance-web")[0].name == "signon:client_token:issued"


def test_it_stands_for_no_official(services: Services, world: World) -> None:
    client = desk(services, "assistance-web").client
    tokens = services.oauth.client_credentials(Actor.subsystem(client.client_id, client.name), client, "openid profile")
    assert tokens.id_token is None
    with pytest.raises(TokenRefused) as refused:
        services.signon.live_token(tokens.access_token)
    assert "no official" in refused.value.reason


def test_a_person_gets_none(services: Services, world: World) -> None:
    client = desk(services, "assistance-web").client
    with pytest.raises(Denied):
        services.oauth.client_credentials(world.wang.actor(), client, "decision")
