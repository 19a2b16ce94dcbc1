"""Tokens: what they say, and that none but the platform's own, live and untouched, is believed."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.errors import TokenRefused
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.tokens import Tokens
from govcloud.signon.views import TokenSet
from tests.commands.signon.test_sessions import own
from tests.commands.signon.test_tickets import Desk, desk
from tests.factories.world import World

ISSUER = "http://localhost"


@pytest.fixture
def assistance(services: Services, world: World) -> Desk:
    return desk(services, "assistance-web")


def id_token(tokens: TokenSet) -> str:
    assert tokens.id_token is not None
    return tokens.id_token


@pytest.fixture
def tokens(assistance: Desk, session: CurrentSession) -> TokenSet:
    return assistance.redeem(assistance.issue(session))


def decoded(services: Services, token: str, audience: str) -> dict[str, Any]:
    """Verify with PyJWT and the published keys, as a client does."""
    header = jwt.get_unverified_header(token)
    (published,) = (key for key in services.keys.jwks()["keys"] if key["kid"] == header["kid"])
    options: Any = {"verify_exp": False, "verify_iat": False}
    claims: dict[str, Any] = jwt.decode(
        token, jwt.PyJWK.from_dict(published), algorithms=["ES256"], audience=audience, issuer=ISSUER, options=options
    )
    return claims


def reason(services: Services, token: str) -> str:
    with pytest.raises(TokenRefused) as refused:
        services.signon.live_token(token)
    return refused.value.reason


def test_the_access_token_is_thin_and_short_lived(
    services: Services, tokens: TokenSet, session: CurrentSession, clock: ManualClock
) -> None:
    claims = decoded(services, tokens.access_token, ISSUER)
    now = int(clock.now().timestamp())
    assert jwt.get_unverified_header(tokens.access_token)["typ"] == "at+jwt"
    assert claims.pop("jti") != claims.pop("sid")
    assert claims == {
        "iss": ISSUER,
        "sub": str(session.official_id),
        "aud": ISSUER,
        "client_id": "assistance-web",
        "scope": "openid profile",
        "iat": now,
        "exp": now + 300,
        "auth_time": now,
        "acr": "urn:govcloud:acr:password",
        "amr": ["pwd"],
    }
    assert len(tokens.access_token) < 1000


def test_the_id_token_says_who_signed_in(services: Services, tokens: TokenSet, world: World, session: CurrentSession) -> None:
    claims = decoded(services, id_token(tokens), "assistance-web")
    half = sha256(tokens.access_token.encode()).digest()[:16]
    assert claims["at_hash"] == base64.urlsafe_b64encode(half).rstrip(b"=").decode()
    assert claims["nonce"] == "nonce-1"
    assert {name: claims[name] for name in ("sub", "name", "employee_code", "appointment_id", "department", "division")} == {
        "sub": str(world.wang.official_id),
        "name": "王芳",
        "employee_code": "WANGFANG",
        "appointment_id": str(world.wang.appointment_id),
        "department": "杭州市西湖区民政局",
        "division": "330106000000",
    }
    assert claims["sid"] == decoded(services, tokens.access_token, ISSUER)["sid"]


def test_without_the_scope_profile_there_is_nothing_about_the_person(services: Services, assistance: Desk, session: CurrentSession) -> None:
    tokens = assistance.redeem(assistance.issue(session, scope="openid"))
    assert not {"name", "department", "appointment_id"} & decoded(services, id_token(tokens), "assistance-web").keys()
    live = services.signon.live_token(tokens.access_token)
    assert services.signon.userinfo(live) == {"sub": str(session.official_id), "sid": str(live.sid)}


def test_userinfo_says_what_the_id_token_says(services: Services, tokens: TokenSet) -> None:
    claims = decoded(services, id_token(tokens), "assistance-web")
    info = services.signon.userinfo(services.signon.live_token(tokens.access_token))
    assert info == {name: claims[name] for name in info}
    assert info["department"] == "杭州市西湖区民政局"


def test_a_token_is_over_after_five_minutes(services: Services, tokens: TokenSet, clock: ManualClock) -> None:
    clock.advance(timedelta(seconds=299))
    assert services.signon.live_token(tokens.access_token)
    clock.advance(timedelta(seconds=1))
    assert "expired" in reason(services, tokens.access_token)


def test_a_token_ends_with_its_session(services: Services, tokens: TokenSet, session: CurrentSession) -> None:
    services.signon.sign_out(own(session), session.session_id)
    assert "session has ended" in reason(services, tokens.access_token)


def test_a_token_ends_with_its_client(services: Services, world: World, tokens: TokenSet) -> None:
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-web")
    assert "ended" in reason(services, tokens.access_token)


def test_an_id_token_is_no_access_token(services: Services, tokens: TokenSet) -> None:
    assert "type" in reason(services, id_token(tokens))


def test_a_hint_is_read_even_when_it_has_expired(services: Services, tokens: TokenSet, session: CurrentSession, clock: ManualClock) -> None:
    clock.advance(timedelta(days=2))
    hint = services.signon.read_hint(id_token(tokens))
    assert (hint.official_id, hint.client_id) == (session.official_id, "assistance-web")
    with pytest.raises(TokenRefused):
        services.signon.read_hint(tokens.access_token)


def _part(data: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, body, signature = token.split(".")
    read = [json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, body)]
    return read[0], read[1], signature


def _none(token: str, spelling: str = "none") -> str:
    header, body, _ = _parts(token)
    return f"{_part(header | {'alg': spelling})}.{_part(body)}."


def _altered(token: str) -> str:
    header, body, signature = _parts(token)
    return f"{_part(header)}.{_part(body | {'sub': '0190ffff-0000-7000-8000-000000000000'})}.{signature}"


def _own_key(token: str) -> str:
    """Sign with a key of one's own under the platform's key id."""
    header, body, _ = _parts(token)
    return jwt.encode(body, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers=header)


def _embedded_key(token: str) -> str:
    """Sign with a key of one's own that the header carries along (RFC 8725 section 3.10)."""
    header, body, _ = _parts(token)
    key = ec.generate_private_key(ec.SECP256R1())
    public = jwt.algorithms.ECAlgorithm.to_jwk(key.public_key(), as_dict=True)
    return jwt.encode(body, key, algorithm="ES256", headers=header | {"jwk": public})


def _unknown_key(token: str) -> str:
    header, body, _ = _parts(token)
    return jwt.encode(body, ec.generate_private_key(ec.SECP256R1()), algorithm="ES256", headers=header | {"kid": "nobody"})


def _cut(token: str) -> str:
    return token[:-4]


ATTACKS: list[Callable[[str], str]] = [
    _none,
    lambda token: _none(token, "NoNe"),
    lambda token: _none(token) + "c2ln",
    _altered,
    _own_key,
    _embedded_key,
    _unknown_key,
    _cut,
    lambda token: token + "A",
    lambda token: token.rpartition(".")[0],
]


def test_forged_tokens_are_refused(services: Services, tokens: TokenSet) -> None:
    for attack in ATTACKS:
        assert reason(services, attack(tokens.access_token)), attack
        with pytest.raises(TokenRefused):
            services.signon.read_hint(attack(id_token(tokens)))


def test_what_is_no_token_is_refused(services: Services, world: World) -> None:
    for text in ("", "a.b.c", "王芳", "\ud800", "." * 5000, "e30.e30.e30", "\0", f"{'W1tb' * 2000}.e30.e30"):
        assert reason(services, text)
        with pytest.raises(TokenRefused):
            services.signon.read_hint(text)


def test_a_public_key_is_no_shared_secret(services: Services, tokens: TokenSet) -> None:
    """Sign with HS256 under the public key, which is known to all (RFC 8725 section 2.1)."""
    header, body, _ = _parts(tokens.access_token)
    (published,) = services.keys.jwks()["keys"]
    signed = f"{_part(header | {'alg': 'HS256'})}.{_part(body)}"
    for secret in (json.dumps(published), published["x"]):
        signature = hmac.new(secret.encode(), signed.encode(), sha256).digest()
        assert reason(services, f"{signed}.{base64.urlsafe_b64encode(signature).rstrip(b'=').decode()}")


ELSEWHERE: list[dict[str, Any]] = [
    {"aud": "housing-web"},
    {"iss": "http://elsewhere"},
    {"aud": None},
    {"jti": None},
    {"sid": "not-a-uuid"},
    {"sub": None},
    {"exp": None},
]


def test_a_token_of_ours_for_something_else_is_refused(services: Services, tokens: TokenSet) -> None:
    header, body, _ = _parts(tokens.access_token)
    key = services.keys.signing_key()
    for wrong in ELSEWHERE:
        claims = {name: value for name, value in (body | wrong).items() if value is not None}
        assert reason(services, jwt.encode(claims, key.private_key, algorithm="ES256", headers=header)), wrong


# A signature that was found right is not worked out again


def test_what_was_found_right_once_is_still_looked_at_each_time(
    services: Services, tokens: TokenSet, session: CurrentSession, clock: ManualClock
) -> None:
    """Only the signature is remembered: expiry and session count at once, and an altered copy is another token."""
    assert services.signon.live_token(tokens.access_token) == services.signon.live_token(tokens.access_token)
    head, body, signature = tokens.access_token.split(".")
    forged = base64.urlsafe_b64encode(json.dumps(claims_of(body) | {"client_id": "housing-web"}).encode()).rstrip(b"=").decode()
    for altered in (f"{head}.{forged}.{signature}", f"{head}.{body}.{signature[:-4]}AAAA", tokens.access_token + "="):
        assert "does not verify" in reason(services, altered)
    clock.advance(timedelta(minutes=5))
    assert reason(services, tokens.access_token) == "the token has expired"


def test_what_was_found_right_ends_with_its_session(services: Services, tokens: TokenSet, session: CurrentSession) -> None:
    services.signon.live_token(tokens.access_token)
    services.signon.sign_out(own(session), session.session_id)
    assert "ended" in reason(services, tokens.access_token)


def test_what_was_found_right_ends_with_its_key(services: Services, tokens: TokenSet, clock: ManualClock) -> None:
    """A withdrawn key is forgotten with the next reading of the keys, as for a token that nobody has shown yet."""
    services.signon.live_token(tokens.access_token)
    services.key_rotation.replace(Actor.system("operator"))
    clock.advance(timedelta(seconds=61))
    assert "no published key" in reason(services, tokens.access_token)


def test_how_much_is_remembered_is_bounded(
    services: Services, tokens: TokenSet, session: CurrentSession, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many tokens are shown, and none that does not hold."""
    verifier = Tokens(services.keys, services.clock, services.settings)
    monkeypatch.setattr(verifier._sound, "_most", 1)
    assert verifier.verify_access_token(tokens.access_token) == verifier.verify_access_token(tokens.access_token)
    for _ in range(3):
        with pytest.raises(TokenRefused):
            verifier.verify_access_token(tokens.access_token + "AAAA")
    assert len(verifier._sound._kept) == 1


def claims_of(body: str) -> dict[str, Any]:
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return claims
