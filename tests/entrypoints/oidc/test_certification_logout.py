"""The logout plans of the OpenID Foundation's certification, a test a module: RP-initiated (11), back-channel (2), front-channel (2).

Each is named after its module and demands what the module demands of the provider; the code is our own.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import OidcSettings
from tests.entrypoints.oidc.conftest import ISSUER, Party, enter
from tests.factories.receiving import JOBS, Listener, listening
from tests.factories.world import SEED, World

BACK = "https://suite.zj.example/post_logout_redirect"
CALLBACK = "https://suite.zj.example/callback"
FRONT = "https://suite.zj.example/front"
LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout"

Suite = Callable[..., Party]


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def suite(services: Services, world: World, browser: FlaskClient) -> Suite:
    """Return what registers the suite's client with settings and signs 王芳 in."""

    def register(**settings: str) -> Party:
        client = NewClient("assistance", "suite-web", "认证套件", (CALLBACK,), (BACK,), settings=OidcSettings(**settings))  # type: ignore[arg-type]
        credentials = services.subsystems.register_client(SEED, client)
        enter(services, browser)
        return Party(browser, "suite-web", credentials.secret, CALLBACK)

    return register


def end_session(party: Party, **parameters: str) -> TestResponse:
    return party.browser.get(f"/oidc/logout?{urlencode(parameters)}" if parameters else "/oidc/logout")


def signed_out(party: Party) -> bool:
    """Say whether a request with prompt=none is now refused: the person is not signed in."""
    return party.answer(party.authorize(prompt="none")).get("error") == "login_required"


def confirmed(party: Party, page: TestResponse) -> TestResponse:
    """Say yes on the confirmation page."""
    assert page.status_code == 200
    fields = dict(re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', unescape(page.text)))
    return party.browser.post("/oidc/logout/confirmed", data=fields)


def is_signed_out_page(answer: TestResponse) -> bool:
    return answer.status_code == 200 and "Location" not in answer.headers and "已退出登录" in answer.text


def metadata(client: FlaskClient) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/.well-known/openid-configuration").get_json()
    return document


# RP-initiated logout


def test_oidcc_rp_initiated_logout_discovery_endpoint_verification(browser: FlaskClient) -> None:
    assert metadata(browser)["end_session_endpoint"] == f"{ISSUER}/oidc/logout"


def test_oidcc_rp_initiated_logout(suite: Suite) -> None:
    party = suite()
    answer = end_session(party, id_token_hint=party.tokens()["id_token"], post_logout_redirect_uri=BACK, state="s-1")
    parts = urlsplit(answer.location)
    assert (answer.status_code, parts._replace(query="").geturl(), parse_qs(parts.query)) == (303, BACK, {"state": ["s-1"]})
    assert signed_out(party)


def test_oidcc_rp_initiated_logout_no_state(suite: Suite) -> None:
    party = suite()
    answer = end_session(party, id_token_hint=party.tokens()["id_token"], post_logout_redirect_uri=BACK)
    assert answer.location == BACK
    assert signed_out(party)


def test_oidcc_rp_initiated_logout_bad_id_token_hint(suite: Suite) -> None:
    party = suite()
    claims = jwt.decode(party.tokens()["id_token"], options={"verify_signature": False})
    forged = jwt.encode(claims, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers={"kid": "suite"})
    answer = end_session(party, id_token_hint=forged, post_logout_redirect_uri=BACK, state="s-1")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert not signed_out(party)


def test_oidcc_rp_initiated_logout_modified_id_token_hint(suite: Suite) -> None:
    party = suite()
    _, payload, _ = party.tokens()["id_token"].split(".")
    header = base64.urlsafe_b64encode(json.dumps({"alg": "none", "typ": "JWT"}).encode()).rstrip(b"=").decode()
    answer = end_session(party, id_token_hint=f"{header}.{payload}.", post_logout_redirect_uri=BACK, state="s-1")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)
    assert not signed_out(party)


def test_oidcc_rp_initiated_logout_no_id_token_hint(suite: Suite) -> None:
    party = suite()
    party.tokens()
    answer = end_session(party, post_logout_redirect_uri=BACK, state="s-1")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


@pytest.mark.parametrize("address", ["https://suite.zj.example/other", f"{BACK}/x", BACK.replace("https", "http")])
def test_oidcc_rp_initiated_logout_bad_post_logout_redirect_uri(suite: Suite, address: str) -> None:
    party = suite()
    answer = end_session(party, id_token_hint=party.tokens()["id_token"], post_logout_redirect_uri=address, state="s-1")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_oidcc_rp_initiated_logout_query_added_to_post_logout_redirect_uri(suite: Suite) -> None:
    party = suite()
    answer = end_session(party, id_token_hint=party.tokens()["id_token"], post_logout_redirect_uri=f"{BACK}?foo=bar", state="s-1")
    assert (answer.status_code, "Location" in answer.headers) == (400, False)


def test_oidcc_rp_initiated_logout_no_params(suite: Suite) -> None:
    party = suite()
    party.tokens()
    assert is_signed_out_page(confirmed(party, end_session(party)))
    assert signed_out(party)


def test_oidcc_rp_initiated_logout_no_post_logout_redirect_uri(suite: Suite) -> None:
    party = suite()
    assert is_signed_out_page(end_session(party, id_token_hint=party.tokens()["id_token"], state="s-1"))
    assert signed_out(party)


def test_oidcc_rp_initiated_logout_only_state(suite: Suite) -> None:
    party = suite()
    party.tokens()
    assert is_signed_out_page(confirmed(party, end_session(party, state="s-1")))
    assert signed_out(party)


# Back-channel logout


def test_oidcc_backchannel_rp_initiated_logout_discovery_endpoint_verification(browser: FlaskClient) -> None:
    document = metadata(browser)
    assert document["backchannel_logout_supported"] is True
    assert document["backchannel_logout_session_supported"] is True
    assert document["end_session_endpoint"] == f"{ISSUER}/oidc/logout"


def test_oidcc_backchannel_rp_initiated_logout(suite: Suite, services: Services, listener: Listener) -> None:
    party = suite(backchannel_logout_uri=f"{listener.base}/backchannel")
    id_token = party.tokens()["id_token"]
    about = jwt.decode(id_token, options={"verify_signature": False})
    answer = end_session(party, id_token_hint=id_token, post_logout_redirect_uri=BACK, state="s-1")
    assert answer.location == f"{BACK}?state=s-1"
    services.delivery.deliver_due(JOBS)
    [told] = listener.at("/backchannel")
    assert told.content_type.startswith("application/x-www-form-urlencoded")
    assert set(told.form) == {"logout_token"}
    header = jwt.get_unverified_header(told.form["logout_token"])
    (jwk,) = [key for key in party.browser.get("/oidc/jwks").get_json()["keys"] if key["kid"] == header["kid"]]
    claims = jwt.decode(
        told.form["logout_token"],
        jwt.PyJWK.from_dict(jwk),
        algorithms=[jwt.get_unverified_header(id_token)["alg"]],
        audience="suite-web",
        issuer=ISSUER,
        options={"verify_exp": False, "verify_iat": False, "require": ["iss", "aud", "iat", "exp", "jti", "events"]},
    )
    assert claims["events"] == {LOGOUT_EVENT: {}}
    assert (claims["sub"], claims["sid"]) == (about["sub"], about["sid"])
    assert "nonce" not in claims
    assert 0 < claims["exp"] - claims["iat"] <= 120
    assert claims["iat"] == int(services.clock.now().timestamp())
    assert signed_out(party)


# Front-channel logout


def test_oidcc_frontchannel_rp_initiated_logout_discovery_endpoint_verification(browser: FlaskClient) -> None:
    document = metadata(browser)
    assert document["frontchannel_logout_supported"] is True
    assert document["frontchannel_logout_session_supported"] is True
    assert document["end_session_endpoint"] == f"{ISSUER}/oidc/logout"


def test_oidcc_frontchannel_rp_initiated_logout(suite: Suite) -> None:
    party = suite(frontchannel_logout_uri=FRONT)
    id_token = party.tokens()["id_token"]
    sid = jwt.decode(id_token, options={"verify_signature": False})["sid"]
    page = end_session(party, id_token_hint=id_token, post_logout_redirect_uri=BACK, state="s-1")
    assert page.status_code == 200
    [source] = [unescape(found) for found in re.findall(r'<iframe[^>]* src="([^"]+)"', page.text)]
    parts = urlsplit(source)
    assert parts._replace(query="").geturl() == FRONT
    assert parse_qs(parts.query) == {"iss": [ISSUER], "sid": [sid]}
    # The policy lets exactly this origin be framed, and the page then goes on to the registered address.
    [allowed] = [part.split() for part in page.headers["Content-Security-Policy"].split("; ") if part.startswith("frame-src")]
    assert allowed == ["frame-src", "https://suite.zj.example"]
    [onward] = re.findall(r'http-equiv="refresh" content="\d+;url=([^"]+)"', page.text)
    assert unescape(onward) == f"{BACK}?state=s-1"
    assert signed_out(party)


# What an attacker would try beside


def test_whoever_only_has_the_id_token_learns_no_other_clients_sid(suite: Suite, browser: FlaskClient) -> None:
    """The frames name the sid of other clients, so they go only to the browser whose own session ended."""
    party = suite(frontchannel_logout_uri=FRONT)
    hint = party.tokens()["id_token"]
    browser.delete_cookie("govcloud_session")
    answer = end_session(party, id_token_hint=hint, post_logout_redirect_uri=BACK)
    assert answer.location == BACK
    assert "iframe" not in answer.text


def test_a_sid_of_another_client_ends_nothing(suite: Suite, world: World) -> None:
    party = suite()
    party.tokens()
    other = Party(party.browser, "assistance-web", world.clients["assistance"].secret, "http://127.0.0.1:8002/oidc/callback")
    hint = other.tokens()["id_token"]
    assert end_session(party, id_token_hint=hint, client_id="suite-web").status_code == 400
    assert not signed_out(party)
