"""Mix-up and code injection: a code works for its own client, session and verifier, and every answer says who gave it."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING

import pytest

from tests.entrypoints.oidc.conftest import ISSUER, Party, enter

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from govcloud.signon.views import SignedIn
    from tests.factories.world import World


@pytest.fixture
def housing(world: World, app: Flask) -> Party:
    """Return another relying party, in a browser of its own."""
    return Party(app.test_client(), "housing-web", world.clients["housing"].secret, "http://127.0.0.1:8001/oidc/callback")


@pytest.fixture
def attacker(world: World, app: Flask, services: Services) -> Party:
    """Return the same subsystem in the browser of 赵敏, who has a session of her own."""
    browser = app.test_client()
    enter(services, browser, "SHANXUEMEI")
    return Party(browser, "assistance-web", world.clients["assistance"].secret, "http://127.0.0.1:8002/oidc/callback")


def test_every_answer_names_the_issuer(party: Party, wang: SignedIn) -> None:
    """RFC 9207: a client that talks to several servers tells ours by it, in successes and in errors."""
    for changes in (
        {},
        {"prompt": "none"},
        {"scope": "profile"},
        {"response_type": "token"},
        {"code_challenge": None},
        {"prompt": "consent"},
    ):
        assert party.answer(party.authorize(**changes))["iss"] == ISSUER, changes
    document = party.browser.get("/.well-known/openid-configuration").get_json()
    assert document["authorization_response_iss_parameter_supported"] is True
    assert document["issuer"] == ISSUER


def test_a_code_of_another_client_gives_nothing(party: Party, housing: Party, wang: SignedIn) -> None:
    code = party.code()
    answer = housing.token(code, redirect_uri=party.redirect_uri, code_verifier=party.verifier)
    assert (answer.status_code, answer.get_json()["error"]) == (400, "invalid_grant")


def test_a_code_of_another_sign_in_does_not_fit_ones_verifier(party: Party, attacker: Party, wang: SignedIn) -> None:
    """The attacker's code put into the victim's answer: the victim's client shows the verifier of its own beginning."""
    injected = attacker.code()
    answer = party.token(injected)
    assert answer.status_code == 400
    assert answer.get_json()["error"] == "invalid_grant"
    assert attacker.token(injected).status_code == 400  # whoever injected it has lost it too


@pytest.mark.parametrize("verifier", [None, "", "x" * 43, "~" * 128, "short", "é" * 50, "\0" * 50])
def test_no_verifier_but_the_own_one_will_do(party: Party, wang: SignedIn, verifier: str | None) -> None:
    assert party.token(party.code(), code_verifier=verifier).status_code == 400


def test_the_challenge_itself_is_no_verifier(party: Party, wang: SignedIn) -> None:
    """Who reads the authorization request has the challenge, and nothing by it."""
    challenge = party.parameters()["code_challenge"]
    assert party.token(party.code(), code_verifier=challenge).status_code == 400
    assert party.answer(party.authorize(code_challenge_method="plain"))["error"] == "invalid_request"


def test_guessed_and_shortened_codes_give_nothing(party: Party, wang: SignedIn) -> None:
    code = party.code()
    for wrong in (code[:-1], code + "A", code.swapcase(), secrets.token_urlsafe(32), "", "\0", "A" * 5000):
        assert party.token(wrong).status_code == 400, wrong
    assert party.token(code).status_code == 200


def test_an_id_token_carries_the_nonce_of_its_own_request(party: Party, wang: SignedIn) -> None:
    import jwt  # noqa: PLC0415

    tokens = party.tokens()
    claims = jwt.decode(tokens["id_token"], options={"verify_signature": False})
    assert (claims["nonce"], claims["aud"], claims["iss"]) == (party.nonce, party.client_id, ISSUER)


def test_the_redirect_uri_is_compared_whole(party: Party, wang: SignedIn) -> None:
    right = party.redirect_uri
    for wrong in (
        f"{right}/",
        f"{right}?x=1",
        f"{right}#x",
        right.upper(),
        right.replace("127.0.0.1", "localhost"),
        f"{right}/../evil",
        right[:-1],
    ):
        answer = party.authorize(redirect_uri=wrong)
        assert answer.status_code == 400, wrong
        assert answer.location is None
