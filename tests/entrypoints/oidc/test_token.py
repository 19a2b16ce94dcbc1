"""The token endpoint at the wire: what is exchanged, and the OAuth error of each wrong request."""

from __future__ import annotations

from datetime import timedelta

from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.views import SignedIn
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC
from tests.entrypoints.oidc.conftest import Party, basic
from tests.factories.world import SEED, World


def error_of(response: TestResponse, status: int = 400) -> str:
    """Return the error of an OAuth answer in its right form (RFC 6749 section 5.2)."""
    assert response.status_code == status, response.text
    assert response.mimetype == "application/json"
    assert response.headers["Cache-Control"] == "no-store"
    body = response.get_json()
    assert body.keys() == {"error", "error_description"}
    assert body["error_description"].isascii()
    assert not set(body["error_description"]) & set('"\\')
    if status == 401:
        assert response.headers["WWW-Authenticate"].startswith("Basic ")
    error: str = body["error"]
    return error


def test_a_code_gives_tokens(party: Party, wang: SignedIn) -> None:
    response = party.token(party.code())
    assert response.status_code == 200
    assert (response.headers["Cache-Control"], response.headers["Pragma"]) == ("no-store", "no-cache")
    assert "Set-Cookie" not in response.headers
    body = response.get_json()
    assert body.keys() == {"access_token", "token_type", "expires_in", "id_token", "refresh_token", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 300, "openid profile")


def test_the_secret_may_come_in_the_form(party: Party, wang: SignedIn) -> None:
    form = party.form(party.code()) | {"client_id": party.client_id, "client_secret": party.secret or ""}
    assert party.browser.post("/oidc/token", data=form).status_code == 200


def test_a_public_client_needs_no_secret_but_its_verifier(party: Party, services: Services, wang: SignedIn) -> None:
    address = "http://127.0.0.1:8003/callback"
    services.subsystems.register_client(SEED, NewClient("assistance", "assistance-app", "移动端", (address,), auth_method=PUBLIC))
    app = Party(party.browser, "assistance-app", None, address)
    form = app.form(app.code()) | {"client_id": "assistance-app"}
    assert error_of(party.browser.post("/oidc/token", data=form | {"code_verifier": "x" * 43})) == "invalid_grant"
    form = app.form(app.code()) | {"client_id": "assistance-app"}
    assert party.browser.post("/oidc/token", data=form).status_code == 200


def test_a_code_is_used_once_and_its_reuse_revokes_the_tokens(party: Party, wang: SignedIn) -> None:
    code = party.code()
    access_token = party.token(code).get_json()["access_token"]
    bearer = {"Authorization": f"Bearer {access_token}"}
    assert party.browser.get("/oidc/userinfo", headers=bearer).status_code == 200
    assert error_of(party.token(code)) == "invalid_grant"
    assert party.browser.get("/oidc/userinfo", headers=bearer).status_code == 401


def test_an_expired_code(party: Party, wang: SignedIn, clock: ManualClock) -> None:
    code = party.code()
    clock.advance(timedelta(seconds=60))
    assert error_of(party.token(code)) == "invalid_grant"


def test_a_code_whose_session_ended(party: Party, services: Services, world: World, wang: SignedIn) -> None:
    code = party.code()
    services.signon.sign_out(world.wang.actor(), wang.session_id)
    assert error_of(party.token(code)) == "invalid_grant"


WRONG: list[tuple[dict[str, str | None], str]] = [
    ({"code": None}, "invalid_request"),
    ({"code": "nonsense"}, "invalid_grant"),
    ({"code": "' OR 1=1 --"}, "invalid_grant"),
    ({"code": "\u738b\u82b3"}, "invalid_grant"),
    ({"code": "a\0b"}, "invalid_request"),
    ({"code": "x" * 2049}, "invalid_request"),
    ({"code_verifier": None}, "invalid_request"),
    ({"code_verifier": "x" * 43}, "invalid_grant"),
    ({"code_verifier": "short"}, "invalid_grant"),
    ({"code_verifier": "\u738b" * 43}, "invalid_grant"),
    ({"redirect_uri": None}, "invalid_request"),
    ({"redirect_uri": "http://127.0.0.1:8002/other"}, "invalid_grant"),
    ({"grant_type": None}, "invalid_request"),
    ({"grant_type": "password"}, "unsupported_grant_type"),
    ({"grant_type": "__class__"}, "unsupported_grant_type"),
    ({"client_id": "housing-web"}, "invalid_request"),
    ({"client_secret": "second"}, "invalid_request"),
]


def test_each_wrong_request_has_its_error(party: Party, wang: SignedIn) -> None:
    for changes, error in WRONG:
        assert error_of(party.token(party.code(), **changes)) == error, changes


def test_the_answer_does_not_say_which_bond_broke(party: Party, wang: SignedIn) -> None:
    wrong = [{"code": "nonsense"}, {"code_verifier": "x" * 43}, {"redirect_uri": "http://127.0.0.1:8002/other"}]
    assert len({party.token(party.code(), **changes).text for changes in wrong}) == 1


UNPROVEN: list[dict[str, str]] = [
    {},
    basic("assistance-web", ""),
    basic("assistance-web", "wrong"),
    basic("nobody", "wrong"),
    basic("", ""),
    basic("assistance-web\0", "x"),
    {"Authorization": "Basic"},
    {"Authorization": "Basic !!!"},
    {"Authorization": "Basic /////w=="},
    {"Authorization": "Basic bm9jb2xvbg=="},
    {"Authorization": "Bearer abc"},
    {"Authorization": "Basic " + "A" * 4000},
]


def test_a_client_that_does_not_prove_itself(party: Party, wang: SignedIn) -> None:
    code = party.code()
    for headers in UNPROVEN:
        response = party.browser.post("/oidc/token", data=party.form(code), headers=headers)
        assert error_of(response, 401) == "invalid_client", headers
    # Nothing of this has used the code up.
    assert party.token(code).status_code == 200


def test_a_confidential_client_cannot_pass_as_a_public_one(party: Party, wang: SignedIn) -> None:
    form = party.form(party.code()) | {"client_id": party.client_id}
    assert error_of(party.browser.post("/oidc/token", data=form), 401) == "invalid_client"
    assertion = {"client_assertion": "e30.e30.", "client_assertion_type": "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"}
    assert error_of(party.browser.post("/oidc/token", data=form | assertion), 401) == "invalid_client"


def test_another_client_cannot_redeem_the_code(party: Party, world: World, wang: SignedIn) -> None:
    code = party.code()
    thief = Party(party.browser, "housing-web", world.clients["housing"].secret, party.redirect_uri, verifier=party.verifier)
    assert error_of(thief.token(code)) == "invalid_grant"
    assert party.token(code).status_code == 200


def test_id_and_secret_are_form_encoded_within_basic(party: Party, wang: SignedIn) -> None:
    encoded = basic("assistance%2Dweb", party.secret or "")
    assert party.browser.post("/oidc/token", data=party.form(party.code()), headers=encoded).status_code == 200


def test_a_body_of_another_kind(party: Party, wang: SignedIn) -> None:
    headers = basic(party.client_id, party.secret or "")
    assert error_of(party.browser.post("/oidc/token", json=party.form(party.code()), headers=headers)) == "invalid_request"
    assert error_of(party.browser.post("/oidc/token", headers=headers)) == "invalid_request"


def test_nothing_belongs_in_the_address(party: Party, wang: SignedIn) -> None:
    headers = basic(party.client_id, party.secret or "")
    response = party.browser.post("/oidc/token?client_secret=x", data=party.form(party.code()), headers=headers)
    assert error_of(response) == "invalid_request"


def test_a_parameter_sent_twice(party: Party, wang: SignedIn) -> None:
    form = {**party.form(party.code()), "code": ["a", "b"]}
    response = party.browser.post("/oidc/token", data=form, headers=basic(party.client_id, party.secret or ""))
    assert error_of(response) == "invalid_request"


def test_an_oversized_body(party: Party, wang: SignedIn) -> None:
    response = party.browser.post("/oidc/token", data={"code": "x" * 2_000_000}, headers=basic(party.client_id, party.secret or ""))
    assert error_of(response, 413) == "invalid_request"
