"""npm openid-client, unmodified, with what it can do beyond the code: DPoP, the device flow, token exchange."""

from __future__ import annotations

from typing import Any

import jwt
import pytest

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, DEVICE_CODE, REFRESH_TOKEN, TOKEN_EXCHANGE, OidcSettings
from tests.factories.world import SEED
from tests.real_clients.conftest import Town
from tests.real_clients.programs import Said, converse

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]

SETTINGS = OidcSettings(
    grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE, TOKEN_EXCHANGE), may_call=("assistance",), dpop_bound=True
)
TOKEN = "urn:ietf:params:oauth:token-type:access_token"


def run(town: Town, login: str) -> dict[str, Any]:
    """Let the Node program use the platform, with a browser in which ``login`` signs in and decides about devices."""
    callback = f"http://127.0.0.1:{town.ports.echo}/callback"
    new = NewClient("housing", "node-bound", "Node", (callback,), settings=SETTINGS)
    secret = town.services.subsystems.register_client(SEED, new).secret
    assert secret is not None
    browser = town.browser()

    def answer(said: Said) -> Said | None:
        if "open" in said:
            return {"at": str(browser.open(said["open"], login).url)}
        if "code" in said:
            page = browser.press(browser.open(said["device"]), "/device", {"user_code": said["code"]})
            assert said["code"] in page.text
            done = browser.press(page, "/device/decision", {"decision": "deny" if said.get("deny") else "approve"})
            assert done.status_code == 200, done.text
            return {}
        return None

    environment = {"CLIENT_ID": "node-bound", "CLIENT_SECRET": secret, "REDIRECT": callback, "AUDIENCE": "assistance"}
    return converse(town, "bound_client.mjs", environment, answer)


def test_what_holds_a_key_is_of_use_with_that_key_alone(town: Town) -> None:
    said = run(town, "WANGFANG")
    wang = str(town.world.wang.official_id)
    assert said["sub"] == said["userinfo"]["sub"] == said["afterwards"] == said["device"] == wang
    assert (said["type"], said["bound"]) == ("dpop", True)
    assert "accepted" not in {said["withoutKey"], said["withAnotherKey"]}
    assert said["turnedAway"] == "access_denied"
    assert said["elsewhere"] == "invalid_target"
    exchanged = said["exchanged"]
    assert (exchanged["type"], exchanged["issued"], exchanged["refresh"]) == ("dpop", TOKEN, None)
    claims = jwt.decode(exchanged["token"], options={"verify_signature": False})
    assert (claims["aud"], claims["sub"], claims["act"]["sub"]) == ("assistance", wang, "node-bound")
    assert claims["cnf"]["jkt"]
