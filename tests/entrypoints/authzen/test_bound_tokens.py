"""A client's own token that is bound to a key opens the decision API with the key, and without it nothing (RFC 9449 section 7)."""

from __future__ import annotations

import base64
from hashlib import sha256
from typing import Any

import pytest
from flask.testing import FlaskClient

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, OidcSettings
from tests.factories.proving import HolderKey
from tests.factories.world import SEED, World

EVALUATION = "/access/v1/evaluation"
URL = f"http://localhost{EVALUATION}"


@pytest.fixture
def token(services: Services, world: World, client: FlaskClient, holder: HolderKey) -> str:
    """Return a token of a client of the housing subsystem for itself, bound to the holder's key."""
    settings = OidcSettings(grant_types=(AUTHORIZATION_CODE, CLIENT_CREDENTIALS), dpop_bound=True)
    made = services.subsystems.register_client(
        SEED, NewClient("housing", "housing-bound", "测试", ("https://housing.example/cb",), settings=settings)
    )
    form = {"grant_type": CLIENT_CREDENTIALS, "scope": "authzen"}
    headers = {"DPoP": holder.proof("POST", "http://localhost/oidc/token")}
    answer = client.post("/oidc/token", data=form, headers=headers, auth=(made.client_id, made.secret or ""))
    assert answer.status_code == 200, answer.text
    return str(answer.get_json()["access_token"])


@pytest.fixture
def holder(clock: ManualClock) -> HolderKey:
    return HolderKey(clock)


def ask(client: FlaskClient, world: World, authorization: str, proof: str | None) -> int:
    question: dict[str, Any] = {
        "subject": {"type": "official", "id": str(world.wang.official_id)},
        "action": {"name": "housing:guide:read"},
        "resource": {"type": "guide", "id": "*"},
    }
    headers = {"Authorization": authorization} | ({"DPoP": proof} if proof else {})
    return client.post(EVALUATION, json=question, headers=headers).status_code


def test_with_the_key_and_not_without(client: FlaskClient, world: World, token: str, holder: HolderKey, clock: ManualClock) -> None:
    ath = base64.urlsafe_b64encode(sha256(token.encode()).digest()).rstrip(b"=").decode()
    proof = holder.proof("POST", URL, ath=ath)
    assert ask(client, world, f"DPoP {token}", proof) == 200
    attempts = {
        "seen before": ask(client, world, f"DPoP {token}", proof),
        "no proof": ask(client, world, f"DPoP {token}", None),
        "as a bearer token": ask(client, world, f"Bearer {token}", None),
        "as a bearer token with a proof": ask(client, world, f"Bearer {token}", holder.proof("POST", URL, ath=ath)),
        "another key": ask(client, world, f"DPoP {token}", HolderKey(clock).proof("POST", URL, ath=ath)),
        "for another address": ask(client, world, f"DPoP {token}", holder.proof("POST", f"{URL}s", ath=ath)),
        "for no token": ask(client, world, f"DPoP {token}", holder.proof("POST", URL)),
    }
    assert attempts == dict.fromkeys(attempts, 401)
