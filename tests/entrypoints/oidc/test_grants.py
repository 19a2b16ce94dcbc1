"""The grants beside the code, and what a client may ask and end of its tokens, at the wire."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import (
    AUTHORIZATION_CODE,
    CLIENT_CREDENTIALS,
    PRIVATE_KEY_JWT,
    PUBLIC,
    REFRESH_TOKEN,
    CasSettings,
    ForwardAuthSettings,
    OidcSettings,
)
from tests.entrypoints.oidc.conftest import ISSUER, Party, basic, register
from tests.entrypoints.oidc.test_token import error_of
from tests.factories.clients import put_unchecked
from tests.factories.world import SEED, World

TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
EVERY_GRANT = (AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS)


def worth(party: Party, token: str) -> bool:
    """Say whether a token is alive, as the platform tells its client."""
    response = party.post("/oidc/introspect", token=token)
    assert response.status_code == 200, response.text
    assert response.headers["Cache-Control"] == "no-store"
    active: bool = response.get_json()["active"]
    return active


# Refreshing


def test_a_refresh_token_is_exchanged(party: Party, wang: SignedIn) -> None:
    first = party.tokens()
    response = party.refresh(first["refresh_token"])
    assert response.status_code == 200
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    second = response.get_json()
    assert second.keys() == {"access_token", "token_type", "expires_in", "id_token", "refresh_token", "scope"}
    assert second["refresh_token"] != first["refresh_token"]
    assert party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {second['access_token']}"}).status_code == 200


def test_one_that_comes_back_later_ends_them_all(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    first = party.tokens()
    second = party.refresh(first["refresh_token"]).get_json()
    clock.advance(timedelta(seconds=11))
    assert error_of(party.refresh(first["refresh_token"])) == "invalid_grant"
    assert error_of(party.refresh(second["refresh_token"])) == "invalid_grant"
    bearer = {"Authorization": f"Bearer {second['access_token']}"}
    assert party.browser.get("/oidc/userinfo", headers=bearer).status_code == 401


def test_the_answer_does_not_say_what_is_wrong(party: Party, services: Services, wang: SignedIn, clock: ManualClock) -> None:
    spent, other = party.tokens()["refresh_token"], party.tokens()["refresh_token"]
    party.refresh(spent)
    clock.advance(timedelta(seconds=11))
    texts = {party.refresh(token).text for token in ("nonsense", spent, "\u738b\u82b3")}
    services.signon.sign_out(Actor.official(wang.official_id, wang.name), wang.session_id)
    assert {*texts, party.refresh(other).text} == texts
    assert len(texts) == 1


def test_wrong_refreshes(party: Party, wang: SignedIn) -> None:
    token = party.tokens()["refresh_token"]
    assert error_of(party.post("/oidc/token", grant_type="refresh_token")) == "invalid_request"
    assert error_of(party.refresh(token, scope="openid profile email")) == "invalid_scope"
    assert error_of(party.refresh("x" * 2049)) == "invalid_request"
    assert party.refresh(token, scope="openid").get_json()["scope"] == "openid"


def test_a_stolen_refresh_token_is_of_no_use_to_another_client(party: Party, world: World, wang: SignedIn) -> None:
    token = party.tokens()["refresh_token"]
    thief = Party(party.browser, "housing-web", world.clients["housing"].secret, party.redirect_uri)
    assert error_of(thief.refresh(token)) == "invalid_grant"
    assert error_of(party.browser.post("/oidc/token", data={"grant_type": "refresh_token", "refresh_token": token}), 401)
    assert party.refresh(token).status_code == 200


def test_a_public_client_refreshes_in_its_name_alone(services: Services, browser: FlaskClient, wang: SignedIn) -> None:
    app = register(services, browser, "assistance-app", auth_method=PUBLIC)
    token = app.tokens()["refresh_token"]
    assert app.refresh(token).status_code == 200


# Who may use which grant, and prove itself how


def test_only_the_grants_that_are_registered(services: Services, browser: FlaskClient, wang: SignedIn) -> None:
    machine = register(services, browser, "assistance-batch", OidcSettings(grant_types=(CLIENT_CREDENTIALS,)))
    assert error_of(machine.refresh("x")) == "unauthorized_client"
    assert machine.answer(machine.authorize())["error"] == "unauthorized_client"
    assert error_of(machine.post("/oidc/par", **machine.parameters())) == "unauthorized_client"
    web = register(services, browser, "assistance-once", OidcSettings(grant_types=(AUTHORIZATION_CODE,)))
    assert "refresh_token" not in web.tokens()
    assert error_of(web.post("/oidc/token", grant_type="client_credentials")) == "unauthorized_client"


def test_clients_of_other_protocols_are_none_here(services: Services, browser: FlaskClient, wang: SignedIn) -> None:
    cas = NewClient("assistance", "assistance-cas", "CAS", services=("http://127.0.0.1:8002/",), settings=CasSettings())
    old = NewClient("assistance", "assistance-old", "老系统", origins=("http://127.0.0.1:8002",), settings=ForwardAuthSettings())
    for new in (cas, old):
        secret = services.subsystems.register_client(SEED, new).secret or ""
        for path in ("/oidc/token", "/oidc/introspect", "/oidc/revoke", "/oidc/par"):
            assert error_of(browser.post(path, data={"token": "x"}, headers=basic(new.client_id, secret)), 401) == "invalid_client"
        page = browser.get(f"/oidc/authorize?client_id={new.client_id}&redirect_uri=http://127.0.0.1:8002/")
        assert page.status_code == 400


def test_a_client_proves_itself_in_its_own_way_alone(services: Services, browser: FlaskClient, party: Party, clock: ManualClock) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    jwk = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    settings = OidcSettings(grant_types=EVERY_GRANT, jwks={"keys": [jwk]})
    register(services, browser, "assistance-signed", settings, PRIVATE_KEY_JWT)

    def assertion(name: str, client_id: str = "assistance-signed", audience: str = ISSUER) -> dict[str, str]:
        now = int(clock.now().timestamp())
        claims = {"iss": client_id, "sub": client_id, "aud": audience, "jti": name, "exp": now + 60}
        return {"client_assertion_type": TYPE, "client_assertion": jwt.encode(claims, key, "ES256")}

    def asked(**form: str) -> TestResponse:
        return browser.post("/oidc/token", data={"grant_type": "client_credentials"} | form)

    assert asked(**assertion("1")).status_code == 200
    assert asked(**assertion("2", audience=f"{ISSUER}/oidc/token"), client_id="assistance-signed").status_code == 200
    assert browser.post("/oidc/revoke", data={"token": "x"} | assertion("3", audience=f"{ISSUER}/oidc/revoke")).status_code == 200
    assert error_of(asked(**assertion("1")), 401) == "invalid_client"
    assert error_of(asked(**assertion("4", audience=f"{ISSUER}/oidc/revoke")), 401) == "invalid_client"
    assert error_of(asked(**assertion("5", client_id="assistance-web")), 401) == "invalid_client"
    assert error_of(asked(**assertion("6"), client_id="assistance-web"), 401) == "invalid_client"
    assert error_of(asked(client_id="assistance-signed"), 401) == "invalid_client"
    assert error_of(asked(client_id="assistance-signed", client_secret="x"), 401) == "invalid_client"
    assert error_of(asked(client_assertion_type=TYPE)) == "invalid_request"
    assert error_of(asked(**assertion("7") | {"client_assertion_type": "x"})) == "invalid_request"
    assert error_of(asked(**assertion("8"), client_secret="x")) == "invalid_request"
    headers = basic("assistance-signed", "x")
    response = browser.post("/oidc/token", data={"grant_type": "client_credentials"} | assertion("9"), headers=headers)
    assert error_of(response) == "invalid_request"
    assert asked(**assertion("9")).status_code == 200  # nothing of this has used it up


# Acting for itself


@pytest.fixture
def batch(services: Services, browser: FlaskClient, world: World) -> Party:
    """Return a program of the assistance subsystem that acts for itself."""
    return register(services, browser, "assistance-batch", OidcSettings(grant_types=EVERY_GRANT))


def own_token(party: Party, **form: str) -> str:
    response = party.post("/oidc/token", grant_type="client_credentials", **form)
    assert response.status_code == 200, response.text
    token: str = response.get_json()["access_token"]
    return token


def test_a_client_gets_a_token_for_itself(batch: Party) -> None:
    body = batch.post("/oidc/token", grant_type="client_credentials").get_json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "scope"}
    assert body["scope"] == "authzen scim api"
    assert batch.post("/oidc/token", grant_type="client_credentials", scope="api openid").get_json()["scope"] == "api"
    assert error_of(batch.post("/oidc/token", grant_type="client_credentials", scope="openid profile")) == "invalid_scope"


def test_a_public_client_gets_none(services: Services, browser: FlaskClient, world: World) -> None:
    app = register(services, browser, "assistance-app", OidcSettings(), PUBLIC)
    put_unchecked(services, "assistance-app", OidcSettings(grant_types=EVERY_GRANT))  # no command would leave it so
    assert error_of(app.post("/oidc/token", grant_type="client_credentials")) == "unauthorized_client"


QUESTION = {
    "subject": {"type": "official", "id": ""},
    "action": {"name": "assistance:case:read"},
    "resource": {"type": "case", "id": "1"},
}


def ask(browser: FlaskClient, token: str, official_id: object) -> TestResponse:
    question = QUESTION | {"subject": {"type": "official", "id": str(official_id)}}
    return browser.post("/access/v1/evaluation", json=question, headers={"Authorization": f"Bearer {token}"})


def test_it_opens_what_the_secret_opens(batch: Party, world: World) -> None:
    answer = ask(batch.browser, own_token(batch, scope="authzen"), world.wang.official_id)
    assert answer.status_code == 200, answer.text
    # No more than with the secret: the directory is for those that were entrusted with it.
    headers = {"Authorization": f"Bearer {own_token(batch)}"}
    assert batch.browser.get("/scim/v2/Users", headers=headers).status_code == 403


def test_what_the_client_is_entrusted_with_counts_at_each_use(batch: Party, services: Services, world: World) -> None:
    people = {"Authorization": f"Bearer {own_token(batch, scope='scim')}"}
    events = {"Authorization": f"Bearer {own_token(batch, scope='api')}"}
    services.subsystems.entrust_client(world.security_admin.actor(), batch.client_id, ["provisioning"], "人事系统")
    assert batch.browser.get("/scim/v2/Users?count=1", headers=people).status_code == 200
    event = {"id": "1", "kind": "leave", "employee_code": "NOBODY", "reason": "x"}
    answer = batch.browser.post("/api/v1/personnel-events", json={"events": [event]}, headers=events)
    assert (answer.status_code, answer.get_json()["refused"]) == (200, 1)
    services.subsystems.entrust_client(world.security_admin.actor(), batch.client_id, [], "收回")
    assert batch.browser.get("/scim/v2/Users?count=1", headers=people).status_code == 403


def test_a_token_opens_only_what_it_is_for(batch: Party, party: Party, world: World, wang: SignedIn) -> None:
    for token in (own_token(batch, scope="scim"), own_token(batch, scope="api"), party.tokens()["access_token"], "nonsense", ""):
        assert ask(batch.browser, token, world.wang.official_id).status_code == 401
    assert batch.browser.get("/scim/v2/Users", headers={"Authorization": f"Bearer {own_token(batch, scope='api')}"}).status_code == 401


def test_it_is_over_when_it_was_given_back_or_the_client_disabled(batch: Party, services: Services, world: World) -> None:
    given_back, standing = own_token(batch), own_token(batch)
    assert batch.post("/oidc/revoke", token=given_back).status_code == 200
    assert ask(batch.browser, given_back, world.wang.official_id).status_code == 401
    assert ask(batch.browser, standing, world.wang.official_id).status_code == 200
    services.subsystems.disable_client(world.system_admin.actor(), batch.client_id)
    assert ask(batch.browser, standing, world.wang.official_id).status_code == 401


def test_it_is_no_officials_token(batch: Party) -> None:
    response = batch.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {own_token(batch)}"})
    assert response.status_code == 401


# Inspecting and giving back


def test_a_client_asks_what_a_token_is_worth(party: Party, world: World, wang: SignedIn) -> None:
    tokens = party.tokens()
    said = party.post("/oidc/introspect", token=tokens["access_token"]).get_json()
    assert (said["active"], said["client_id"], said["sub"]) == (True, party.client_id, str(world.wang.official_id))
    assert worth(party, tokens["refresh_token"])
    assert party.post("/oidc/introspect", token="nonsense", token_type_hint="access_token").get_json() == {"active": False}
    other = Party(party.browser, "housing-web", world.clients["housing"].secret, party.redirect_uri)
    assert other.post("/oidc/introspect", token=tokens["access_token"]).get_json() == {"active": False}


def test_asking_needs_a_secret(party: Party, services: Services, wang: SignedIn) -> None:
    token = party.tokens()["access_token"]
    app = register(services, party.browser, "assistance-app", auth_method=PUBLIC)
    assert error_of(app.post("/oidc/introspect", token=token), 401) == "invalid_client"
    assert error_of(party.browser.post("/oidc/introspect", data={"token": token}), 401) == "invalid_client"
    bearer = {"Authorization": f"Bearer {token}"}
    assert error_of(party.browser.post("/oidc/introspect", data={"token": token}, headers=bearer), 401) == "invalid_client"
    assert error_of(party.post("/oidc/introspect")) == "invalid_request"
    assert error_of(party.browser.post(f"/oidc/introspect?token={token}", headers=basic(party.client_id, party.secret or "")))
    assert party.browser.get("/oidc/introspect").status_code == 405


def test_a_token_is_given_back(party: Party, wang: SignedIn) -> None:
    tokens, other = party.tokens(), party.tokens()
    for _ in range(2):
        response = party.post("/oidc/revoke", token=tokens["refresh_token"], token_type_hint="whatever")
        assert (response.status_code, response.text) == (200, "")
    assert not worth(party, tokens["access_token"])
    assert worth(party, other["access_token"])
    assert error_of(party.refresh(tokens["refresh_token"])) == "invalid_grant"
    assert party.post("/oidc/revoke", token="nonsense").status_code == 200
    assert error_of(party.post("/oidc/revoke")) == "invalid_request"
    assert error_of(party.browser.post("/oidc/revoke", data={"token": other["access_token"]}), 401) == "invalid_client"
    assert worth(party, other["access_token"])


def test_a_public_client_gives_back_its_own(services: Services, browser: FlaskClient, party: Party, wang: SignedIn) -> None:
    app = register(services, browser, "assistance-app", auth_method=PUBLIC)
    mine, other = app.tokens(), party.tokens()
    assert app.post("/oidc/revoke", token=mine["refresh_token"]).status_code == 200
    assert error_of(app.refresh(mine["refresh_token"])) == "invalid_grant"
    assert app.post("/oidc/revoke", token=other["refresh_token"]).status_code == 200
    assert worth(party, other["refresh_token"])
