"""What an administrator is shown as "sign in as myself" is what a real sign-in tells, and leaves nothing behind."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

from sqlalchemy import text

from govcloud.signon.trying import EACH_TIME

if TYPE_CHECKING:
    from govcloud.services import Services
    from govcloud.signon.views import SignedIn
    from tests.entrypoints.oidc.conftest import Party
    from tests.factories.world import World


def claims_of(token: str) -> dict[str, Any]:
    """Return what a token says; whether it is genuine is tested elsewhere."""
    body = token.split(".")[1]
    read: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    return read


def test_it_is_told_what_a_real_sign_in_tells(services: Services, wang: SignedIn, party: Party) -> None:
    session = services.signon.current(wang.token)
    client = services.subsystem_queries.client_by_client_id(party.client_id)
    assert session is not None
    assert client is not None
    tried = services.trying.as_myself(session, client, client_address=None)
    assert tried.decision.allowed
    tokens = party.tokens()
    real = claims_of(tokens["id_token"])
    shown = dict(tried.told["id_token"])
    assert set(shown) == set(real)
    assert {name for name, value in shown.items() if value == EACH_TIME} == {"sid", "nonce", "at_hash"}
    fixed = set(shown) - {"sid", "nonce", "at_hash", "iat", "exp"}
    assert {name: shown[name] for name in fixed} == {name: real[name] for name in fixed}
    answer = party.browser.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert dict(tried.told["userinfo"]) == answer.get_json() | {"sid": EACH_TIME}


def test_it_leaves_nothing_behind(services: Services, wang: SignedIn, party: Party, world: World) -> None:
    session = services.signon.current(wang.token)
    assert session is not None
    counts = "SELECT (SELECT count(*) FROM ticket), (SELECT count(*) FROM participant), (SELECT count(*) FROM audit_event)"
    before = services.uow.read().execute(text(counts)).one()
    for client_id in (party.client_id, "housing-web"):
        client = services.subsystem_queries.client_by_client_id(client_id)
        assert client is not None
        services.trying.as_myself(session, client, client_address=None)
    assert services.uow.read().execute(text(counts)).one() == before
