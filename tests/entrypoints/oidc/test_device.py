"""The device flow on the wire and on the page: code on a screen, decision in a browser, tokens by polling (RFC 8628)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, DEVICE_CODE, PUBLIC, REFRESH_TOKEN, OidcSettings
from tests.entrypoints.oidc.conftest import basic
from tests.factories.browsing import Visitor, alerts, inline_code, said, signed_in
from tests.factories.proving import HolderKey
from tests.factories.world import SEED, World

TOKEN = "http://localhost/oidc/token"
GRANTS = (AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE)


@pytest.fixture
def screen(app: Flask, services: Services, world: World) -> FlaskClient:
    """Return a screen in a hall; each of its subsystems has a client for it."""
    for code in ("assistance", "housing"):
        row = NewClient(
            code,
            f"{code}-screen",
            "大厅叫号屏",
            (f"https://{code}.example/cb",),
            auth_method=PUBLIC,
            settings=OidcSettings(grant_types=GRANTS),
        )
        services.subsystems.register_client(SEED, row)
    return app.test_client()


@pytest.fixture
def wang(app: Flask, services: Services, world: World) -> Visitor:
    return signed_in(app, services, "WANGFANG")


def begin(screen: FlaskClient, client_id: str = "assistance-screen", **form: str) -> dict[str, Any]:
    answer = screen.post("/oidc/device_authorization", data={"client_id": client_id, "scope": "openid profile", **form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    return dict(answer.get_json())


def poll(screen: FlaskClient, codes: Mapping[str, Any], client_id: str = "assistance-screen") -> TestResponse:
    form = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"], "client_id": client_id}
    return screen.post("/oidc/token", data=form)


def error(answer: TestResponse) -> str:
    assert answer.status_code == 400, answer.text
    return str(answer.get_json()["error"])


def decide(visitor: Visitor, code: str, decision: str) -> TestResponse:
    return visitor.post("/device/decision", {"user_code": code, "decision": decision}, page="/device")


def test_from_the_screen_to_its_tokens(screen: FlaskClient, wang: Visitor, services: Services, clock: ManualClock) -> None:
    codes = begin(screen)
    assert codes["verification_uri"] == "http://localhost/device"
    assert codes["verification_uri_complete"] == f"http://localhost/device?user_code={codes['user_code']}"
    assert error(poll(screen, codes)) == "authorization_pending"
    assert error(poll(screen, codes)) == "slow_down"
    asked = wang.post("/device", {"user_code": codes["user_code"].lower().replace("-", "")})
    page = said(asked)
    assert asked.status_code == 200
    for shown in ("民政救助业务系统", "大厅叫号屏", "127.0.0.1", codes["user_code"]):
        assert shown in page
    assert inline_code(asked) == []
    done = decide(wang, codes["user_code"], "approve")
    assert (done.status_code, done.location) == (303, "/device")
    assert "民政救助业务系统" in alerts(wang.get("/device"))
    tokens = poll(screen, codes).get_json()
    info = screen.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).get_json()
    assert info["name"] == "王芳"
    assert tokens["refresh_token"]
    assert error(poll(screen, codes)) == "invalid_grant"


def test_signing_out_takes_the_device_along(screen: FlaskClient, wang: Visitor) -> None:
    codes = begin(screen)
    decide(wang, codes["user_code"], "approve")
    tokens = poll(screen, codes).get_json()
    wang.post("/sign-out", page="/account")
    assert screen.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"}).status_code == 401


def test_turned_away(screen: FlaskClient, wang: Visitor) -> None:
    codes = begin(screen)
    assert decide(wang, codes["user_code"], "deny").status_code == 303
    assert error(poll(screen, codes)) == "access_denied"


@pytest.mark.parametrize("decision", ["", "Approve", "yes", "deny"])
def test_whatever_is_no_yes_is_a_no(screen: FlaskClient, wang: Visitor, decision: str) -> None:
    codes = begin(screen)
    decide(wang, codes["user_code"], decision)
    assert error(poll(screen, codes)) == "access_denied"


def test_a_link_alone_decides_nothing(screen: FlaskClient, wang: Visitor) -> None:
    """A link with the code only fills it in: the person still has to look and to say yes (RFC 8628 section 5.4)."""
    codes = begin(screen)
    page = wang.get(f"/device?user_code={codes['user_code']}")
    assert codes["user_code"] in page.text
    assert "民政救助业务系统" not in said(page)
    assert error(poll(screen, codes)) == "authorization_pending"


def test_what_comes_with_a_link_stays_text(wang: Visitor) -> None:
    page = wang.get("/device?user_code=%22%3E%3Cscript%3Ealert(1)%3C/script%3E")
    assert "<script>alert" not in page.text
    assert inline_code(page) == []


def test_a_form_of_another_site_decides_nothing(screen: FlaskClient, wang: Visitor) -> None:
    codes = begin(screen)
    for path in ("/device", "/device/decision"):
        answer = wang.client.post(path, data={"user_code": codes["user_code"], "decision": "approve"})
        assert answer.status_code == 400
    assert error(poll(screen, codes)) == "authorization_pending"


def test_who_has_not_signed_in_signs_in_first_and_comes_back(app: Flask, screen: FlaskClient) -> None:
    codes = begin(screen)
    answer = app.test_client().get(f"/device?user_code={codes['user_code']}")
    assert answer.status_code == 302
    assert answer.location == f"/sign-in?next=/device?user_code%3D{codes['user_code']}"


def test_who_may_not_enter_lets_no_device_in(app: Flask, services: Services, world: World, screen: FlaskClient) -> None:
    """陈杰 may enter the housing subsystem, and not the other one."""
    chen = signed_in(app, services, "CHENJIE")
    codes = begin(screen)
    answer = decide(chen, codes["user_code"], "approve")
    assert answer.status_code == 403
    assert 'value="approve"' not in answer.text
    assert error(poll(screen, codes)) == "authorization_pending"
    housing = begin(screen, "housing-screen")
    assert decide(chen, housing["user_code"], "approve").status_code == 303
    assert poll(screen, housing, "housing-screen").status_code == 200
    refusals = [
        event.data["subsystem_code"]
        for event in services.audit_queries.by_subject(f"official:{world.people['CHENJIE'].official_id}")
        if event.name == "signon:entry:refused"
    ]
    assert refusals == ["assistance"]


def test_guessing_is_held_up(screen: FlaskClient, wang: Visitor) -> None:
    codes = begin(screen)
    answers = [wang.post("/device", {"user_code": f"BBBB-BBB{letter}"}).status_code for letter in "BCDFGH"]
    assert answers == [404] * 5 + [429]
    answer = wang.post("/device", {"user_code": codes["user_code"]})
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) > 0
    assert decide(wang, codes["user_code"], "approve").status_code == 429
    assert error(poll(screen, codes)) == "authorization_pending"


@pytest.mark.parametrize("typed", ["", "   ", "----"])
def test_an_empty_code_is_named(wang: Visitor, typed: str) -> None:
    answer = wang.post("/device", {"user_code": typed})
    assert answer.status_code == 422
    assert "设备上显示的代码" in alerts(answer)


def test_another_client_does_not_poll_for_it(screen: FlaskClient, wang: Visitor) -> None:
    codes = begin(screen)
    decide(wang, codes["user_code"], "approve")
    assert error(poll(screen, codes, "housing-screen")) == "invalid_grant"
    assert poll(screen, codes).status_code == 200


def test_only_a_client_for_devices_begins(screen: FlaskClient, world: World) -> None:
    secret = world.clients["assistance"].secret or ""
    answer = screen.post("/oidc/device_authorization", data={"scope": "openid"}, headers=basic("assistance-web", secret))
    assert error(answer) == "unauthorized_client"
    assert error(screen.post("/oidc/device_authorization", data={"client_id": "assistance-screen", "scope": "profile"})) == "invalid_scope"
    unknown = screen.post("/oidc/device_authorization", data={"client_id": "nobody"})
    assert (unknown.status_code, unknown.get_json()["error"]) == (401, "invalid_client")


def test_nobody_decided_in_time(screen: FlaskClient, wang: Visitor, clock: ManualClock) -> None:
    codes = begin(screen)
    clock.advance(timedelta(seconds=codes["expires_in"]))
    assert error(poll(screen, codes)) == "expired_token"


def test_discovery_names_the_endpoint(screen: FlaskClient) -> None:
    document = screen.get("/.well-known/openid-configuration").get_json()
    assert document["device_authorization_endpoint"] == "http://localhost/oidc/device_authorization"
    assert DEVICE_CODE in document["grant_types_supported"]


def test_a_client_whose_tokens_are_bound_begins_without_a_proof_and_redeems_with_one(
    app: Flask, services: Services, world: World, wang: Visitor, clock: ManualClock
) -> None:
    """RFC 9449 asks for proofs where tokens are given, and libraries send none before."""
    row = NewClient(
        "assistance",
        "assistance-bound",
        "大厅叫号屏",
        ("https://assistance.example/cb",),
        auth_method=PUBLIC,
        settings=OidcSettings(grant_types=GRANTS, dpop_bound=True),
    )
    services.subsystems.register_client(SEED, row)
    screen, holder, other = app.test_client(), HolderKey(clock), HolderKey(clock)
    codes = begin(screen, "assistance-bound")
    assert decide(wang, codes["user_code"], "approve").status_code == 303
    assert error(poll(screen, codes, "assistance-bound")) == "invalid_dpop_proof"
    form = {"grant_type": DEVICE_CODE, "device_code": codes["device_code"], "client_id": "assistance-bound"}
    answer = screen.post("/oidc/token", data=form, headers={"DPoP": holder.proof("POST", TOKEN)})
    assert (answer.status_code, answer.get_json()["token_type"]) == (200, "DPoP")
    # A device that did show a key at the beginning is held to it.
    shown = {"DPoP": holder.proof("POST", "http://localhost/oidc/device_authorization")}
    begun = screen.post("/oidc/device_authorization", data={"client_id": "assistance-bound", "scope": "openid"}, headers=shown).get_json()
    assert decide(wang, begun["user_code"], "approve").status_code == 303
    stolen = form | {"device_code": begun["device_code"]}
    assert screen.post("/oidc/token", data=stolen, headers={"DPoP": other.proof("POST", TOKEN)}).status_code == 400
