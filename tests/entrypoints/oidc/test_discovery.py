"""What the platform publishes about itself."""

from __future__ import annotations

from flask.testing import FlaskClient

from tests.entrypoints.oidc.conftest import ISSUER

PATHS = ("/.well-known/openid-configuration", "/.well-known/oauth-authorization-server")


def test_both_documents_are_the_same(client: FlaskClient) -> None:
    assert len({client.get(path).text for path in PATHS}) == 1


def test_discovery_names_every_endpoint_under_the_public_address(client: FlaskClient) -> None:
    response = client.get(PATHS[0], headers={"Host": "127.0.0.1"})
    assert response.status_code == 200
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    document = response.get_json()
    assert document["issuer"] == ISSUER
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri", "userinfo_endpoint", "end_session_endpoint"):
        assert document[name].startswith(f"{ISSUER}/oidc/")
    assert document["code_challenge_methods_supported"] == ["S256"]
    assert document["response_types_supported"] == ["code"]
    assert document["id_token_signing_alg_values_supported"] == ["ES256", "RS256"]
    assert document["authorization_response_iss_parameter_supported"] is True


def test_every_published_endpoint_answers(client: FlaskClient) -> None:
    document = client.get(PATHS[0]).get_json()
    for name, address in document.items():
        if name.endswith(("_endpoint", "_uri")):
            path = address.removeprefix(ISSUER)
            statuses = {client.get(path).status_code, client.post(path).status_code}
            assert not statuses & {404, 500}, name


def test_the_keys_are_public_ones(client: FlaskClient) -> None:
    response = client.get("/oidc/jwks")
    assert "max-age" in response.headers["Cache-Control"]
    (key,) = response.get_json()["keys"]
    assert key.keys() == {"kty", "crv", "x", "y", "kid", "use", "alg"}
    assert (key["kty"], key["crv"], key["use"], key["alg"]) == ("EC", "P-256", "sig", "ES256")
