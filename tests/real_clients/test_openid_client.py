"""npm openid-client, unmodified, as a confidential client: code flow, userinfo, refresh, introspection, revocation, pushed requests."""

from __future__ import annotations

from typing import Any

import pytest

from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, REFRESH_TOKEN, OidcSettings
from tests.factories.world import SEED
from tests.real_clients.conftest import Town
from tests.real_clients.programs import converse

pytestmark = [pytest.mark.clients, pytest.mark.timeout(120)]


def run(town: Town, login: str) -> dict[str, Any]:
    """Let the Node program use the platform, with a browser in which ``login`` signs in; return what it says in the end."""
    callback = f"http://127.0.0.1:{town.ports.echo}/callback"
    settings = OidcSettings(grant_types=(AUTHORIZATION_CODE, REFRESH_TOKEN, CLIENT_CREDENTIALS))
    new = NewClient("housing", "node-client", "Node", (callback,), (f"{callback}/bye",), settings=settings)
    secret = town.services.subsystems.register_client(SEED, new).secret
    assert secret is not None
    browser = town.browser()
    environment = {"CLIENT_ID": "node-client", "CLIENT_SECRET": secret, "REDIRECT": callback}
    said = converse(
        town, "openid_client.mjs", environment, lambda said: {"at": str(browser.open(said["open"], login).url)} if "open" in said else None
    )
    return said | {"browser": browser}


def test_everything_that_it_can_do_works(town: Town) -> None:
    said = run(town, "WANGFANG")
    wang = str(town.world.wang.official_id)
    assert said["claims"]["sub"] == said["userinfo"]["sub"] == wang
    assert said["claims"]["iss"] == town.issuer
    assert said["userinfo"]["employee_code"] == "WANGFANG"
    assert said["refreshed"]
    assert said["introspected"]["active"]
    assert said["introspected"]["sub"] == wang
    assert said["afterwards"] == {"active": False}
    assert said["own"]["type"] == "bearer"
    assert said["own"]["expires"] <= 300
    assert said["pushed"]
    assert said["graced"] is None
    assert said["replay"] == said["ended"] == "invalid_grant"


def test_it_signs_out_where_it_signed_in(town: Town) -> None:
    said = run(town, "WANGFANG")
    browser = said["browser"]
    answer = browser.open(said["logout"])
    assert answer.url.path == "/callback/bye"
    assert browser.open(f"{town.issuer}/").url.path == "/sign-in"
    assert town.services.signon.sessions_of(town.world.wang.official_id) == ()
