"""Clients over JSON: each protocol, whole changes, what is wrong by name, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from govcloud.subsystems.inputs import NewSubsystem
from tests.factories.keys import elliptic_key, key_set
from tests.factories.subsystems import CODE, a_registered_subsystem, crew
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

CLIENTS = f"/subsystems/{CODE}/clients"
CAS: dict[str, Any] = {
    "client_id": "archive-cas",
    "name": "旧门户",
    "protocol": "cas",
    "services": ["https://archive.zj.example/old"],
    "settings": {"attributes": ["name"], "proxy": True},
}


@pytest.fixture(autouse=True)
def archive(services: Services, world: World) -> None:
    crew(services, world)
    a_registered_subsystem(services, world)


def test_a_client_is_registered_read_and_changed(caller: SignIn) -> None:
    owner = caller("HEWEI")
    assert owner.post(CLIENTS, CAS).json == {"client_id": "archive-cas", "secret": None}
    read = {row["client_id"]: row for row in owner.get(f"/subsystems/{CODE}").json["clients"]}
    cas = read["archive-cas"]
    assert (cas["protocol"], cas["auth_method"], cas["services"]) == ("cas", "none", ["https://archive.zj.example/old"])
    assert cas["settings"] == {"single_logout": True, "logout_url": None, "proxy": True, "attributes": ["name"]}
    body = {"name": "旧门户", "services": cas["services"], "seen": cas["fingerprint"]}
    assert owner.post("/clients/archive-cas/change", body).json == {"changed": True, "secret": None}
    stale = owner.post("/clients/archive-cas/change", body)
    assert (stale.status_code, stale.json["code"]) == (409, "client_changed")
    keyed: dict[str, Any] = {"name": "档案", "redirect_uris": ["https://archive.zj.example/cb"], "auth_method": "private_key_jwt"}
    keyed["settings"] = {"jwks": key_set(elliptic_key())}
    assert owner.post(f"/clients/{CODE}/change", keyed).json == {"changed": True, "secret": None}
    back = owner.post(f"/clients/{CODE}/change", {**keyed, "auth_method": "client_secret"}).json
    assert back["secret"]
    assert owner.post(f"/clients/{CODE}/rotate-secret").json["secret"] not in {None, back["secret"]}
    assert owner.post("/clients/archive-cas/disable").json == {"changed": True}
    assert owner.post("/clients/archive-cas/disable").status_code == 404


def test_an_address_of_another_subsystem_is_refused_without_a_name(caller: SignIn, services: Services, world: World) -> None:
    assert caller("HEWEI").post(CLIENTS, CAS).status_code == 200
    services.subsystems.register_subsystem(SEED, NewSubsystem("relief", "救灾", world.organisation.ids["civil_affairs"], 0))
    row = {**CAS, "client_id": "relief-cas", "services": ["https://archive.zj.example/old/deep"]}
    stranger = caller("ZHAOMIN").post("/subsystems/relief/clients", row)
    assert (stranger.status_code, stranger.json["code"]) == (409, "address_claimed")
    assert "archive.zj.example/old/deep" in stranger.json["detail"]
    assert "档案" not in stranger.text
    known = caller("ZHOUJIANJUN").post("/subsystems/relief/clients", row)
    assert (known.status_code, known.json["code"]) == (409, "address_claimed")
    assert "住房档案系统" in known.json["detail"]


def test_what_is_wrong_is_named_and_a_private_key_not_repeated(caller: SignIn) -> None:
    owner, private = caller("HEWEI"), elliptic_key(private=True)
    bad = {**CAS, "name": "", "services": ["http://archive.zj.example/"], "settings": {"attributes": ["id_number"]}}
    refused = owner.post(CLIENTS, bad)
    assert refused.status_code == 422
    assert {item["field"] for item in refused.json["fields"]} == {"name", "services", "attributes"}
    assert owner.post(CLIENTS, {**CAS, "protocol": "saml"}).status_code == 422
    unknown = owner.post(CLIENTS, {**CAS, "settings": {"proxies": True, "single_logout": "yes"}})
    assert {item["field"] for item in unknown.json["fields"]} == {"proxies", "single_logout"}
    keys = {"client_id": "keys", "name": "x", "redirect_uris": ["https://a.example/cb"], "auth_method": "private_key_jwt"}
    leaked = owner.post(CLIENTS, {**keys, "settings": {"jwks": key_set(private)}})
    assert leaked.status_code == 422
    assert private["d"] not in str(leaked.json)
    assert owner.post(CLIENTS, {**keys, "settings": {"jwks": [[[[[{"d": 1}]]]]]}}).status_code == 422


def test_a_test_says_what_it_found(caller: SignIn) -> None:
    owner = caller("HEWEI")
    body = {"client_id": "local", "name": "本机", "redirect_uris": ["http://127.0.0.1:9/cb"]}
    assert owner.post(CLIENTS, body).status_code == 200
    results = owner.post("/clients/local/test").json["results"]
    assert [(one["key"], one["outcome"]) for one in results] == [("redirect", "failed"), ("clock", "failed")]
    assert all(one["remedy"] for one in results)


def test_nobody_else_changes_or_tests_it(caller: SignIn) -> None:
    for login in ("ZHAOMIN", "WANGFANG", "WUXIAOYAN"):
        by = caller(login)
        assert by.post(CLIENTS, CAS).status_code == 403
        for action, sent in (("change", {"name": "越权"}), ("rotate-secret", {}), ("disable", {}), ("test", {})):
            assert by.post(f"/clients/{CODE}/{action}", sent).status_code in {403, 422}, (login, action)
    assert caller("HEWEI").get(f"/subsystems/{CODE}").json["clients"][0]["name"] == "住房档案系统"
