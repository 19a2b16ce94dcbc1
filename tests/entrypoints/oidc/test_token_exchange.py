"""Token exchange on the wire (RFC 8693): what the calling subsystem sends, gets, and is refused."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, PUBLIC, TOKEN_EXCHANGE, OidcSettings
from tests.entrypoints.oidc.conftest import Party, basic
from tests.factories.clients import put_unchecked
from tests.factories.world import SEED, World

ACCESS_TOKEN = "urn:ietf:params:oauth:token-type:access_token"
SETTINGS = OidcSettings(grant_types=(AUTHORIZATION_CODE, TOKEN_EXCHANGE), may_call=("housing",))


@pytest.fixture
def caller(services: Services, world: World, browser: FlaskClient, wang: SignedIn) -> Party:
    address = "http://127.0.0.1:8002/caller"
    made = services.subsystems.register_client(SEED, NewClient("assistance", "assistance-caller", "测试", (address,), settings=SETTINGS))
    return Party(browser, "assistance-caller", made.secret, address)


def exchange(party: Party, token: str, **changes: str | None) -> TestResponse:
    right: dict[str, str | None] = {
        "grant_type": TOKEN_EXCHANGE,
        "subject_token": token,
        "subject_token_type": ACCESS_TOKEN,
        "audience": "housing",
    }
    form = {name: value for name, value in (right | changes).items() if value is not None}
    return party.browser.post("/oidc/token", data=form, headers=basic(party.client_id, party.secret or ""))


def refusal(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def test_a_call_on_behalf_of_an_official(caller: Party, world: World) -> None:
    answer = exchange(caller, caller.tokens()["access_token"])
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body: dict[str, Any] = answer.get_json()
    assert body["issued_token_type"] == ACCESS_TOKEN
    assert not {"id_token", "refresh_token"} & body.keys()
    claims = jwt.decode(body["access_token"], options={"verify_signature": False})
    assert (claims["aud"], claims["act"]["sub"], claims["sub"]) == ("housing", "assistance-caller", str(world.wang.official_id))
    said = caller.browser.post(
        "/oidc/introspect", data={"token": body["access_token"]}, headers=basic("housing-web", world.clients["housing"].secret or "")
    ).get_json()
    assert (said["active"], said["act"]) == (True, {"sub": "assistance-caller"})
    assert caller.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {body['access_token']}"}).status_code == 401


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"audience": None}, "invalid_request"),
        ({"audience": "assistance"}, "invalid_target"),
        ({"audience": "govcloud"}, "invalid_target"),
        ({"audience": "nowhere"}, "invalid_target"),
        ({"subject_token": None}, "invalid_request"),
        ({"subject_token": "x"}, "invalid_request"),
        ({"subject_token_type": None}, "invalid_request"),
        ({"subject_token_type": "urn:ietf:params:oauth:token-type:id_token"}, "invalid_request"),
        ({"requested_token_type": "urn:ietf:params:oauth:token-type:refresh_token"}, "invalid_request"),
        ({"actor_token": "x"}, "invalid_request"),
        ({"resource": "https://housing.example"}, "invalid_request"),
        ({"scope": "openid everything"}, "invalid_scope"),
    ],
)
def test_what_is_refused(caller: Party, changes: dict[str, str | None], error: str) -> None:
    assert refusal(exchange(caller, caller.tokens()["access_token"], **changes)) == error


def test_who_is_not_registered_for_it_exchanges_nothing(party: Party, wang: SignedIn) -> None:
    assert refusal(exchange(party, party.tokens()["access_token"])) == "unauthorized_client"


def test_who_keeps_no_secret_exchanges_nothing(services: Services, browser: FlaskClient, caller: Party) -> None:
    row = NewClient("assistance", "assistance-spa", "测试", ("http://127.0.0.1:8002/spa",), auth_method=PUBLIC, settings=OidcSettings())
    services.subsystems.register_client(SEED, row)
    put_unchecked(services, "assistance-spa", SETTINGS)  # no command would leave it so
    form = {
        "grant_type": TOKEN_EXCHANGE,
        "client_id": "assistance-spa",
        "subject_token": caller.tokens()["access_token"],
        "subject_token_type": ACCESS_TOKEN,
        "audience": "housing",
    }
    assert refusal(browser.post("/oidc/token", data=form)) == "unauthorized_client"


def test_a_neighbours_token_is_not_exchanged(caller: Party, party: Party) -> None:
    assert refusal(exchange(caller, party.tokens()["access_token"])) == "invalid_request"


def test_what_is_refused_says_nothing_about_others(caller: Party) -> None:
    """A subsystem that is not there and one that may not be called get one answer."""
    token = caller.tokens()["access_token"]
    answers = {exchange(caller, token, audience=audience).text for audience in ("nowhere", "govcloud", "assistance")}
    assert len(answers) == 1
