"""The network zone at the wire: an address counts from a client that is entrusted with telling it, and from no other."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Any

import pytest
from flask.testing import FlaskClient

from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import install, province_policy
from tests.factories.world import World

READ = "housing:register:read"
OPERATOR = Actor.system("operator")
AT_THE_OFFICE = """
roles:
  housing_clerk:
    name: 住房保障经办
    rules:
      - allow: [housing:door:enter, housing:register:read]
        when: context.network_zone == "office"
        fields: {mask: [phone]}
"""


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """Return settings with one zone."""
    return settings.model_copy(update={"network_zones": {"office": (ip_network("10.0.0.0/8"),)}})


@pytest.fixture
def office(services: Services, world: World) -> World:
    """Return the province with a clerk who may read at the office alone."""
    install(services, province_policy(AT_THE_OFFICE))
    return world


def ask(client: FlaskClient, world: World, context: dict[str, Any]) -> dict[str, Any]:
    credentials = world.clients["housing"]
    body = {
        "subject": {"type": "official", "id": str(world.people["CHENJIE"].official_id)},
        "action": {"name": READ},
        "resource": {"type": "register", "id": "*"},
        "context": context,
    }
    answer = client.post("/access/v1/evaluation", json=body, auth=(credentials.client_id, credentials.secret or ""))
    assert answer.status_code == 200
    found: dict[str, Any] = answer.get_json()
    return found


def entrust(services: Services, world: World, roles: list[str]) -> None:
    client_id = world.clients["housing"].client_id
    services.subsystems.entrust_client(world.security_admin.actor(), client_id, roles, "可如实取得来访地址")


def test_an_address_counts_from_who_is_entrusted_with_it(services: Services, office: World, client: FlaskClient) -> None:
    told = {"client_address": "10.1.2.3"}
    assert ask(client, office, told)["context"]["reason"] == "condition_not_met"
    entrust(services, office, ["address_source"])
    answer = ask(client, office, told)
    assert answer["decision"] is True
    views = [{"rows": {"divisions": None}, "fields": {"mask": ["phone"], "hide": []}}]
    assert answer["context"]["obligations"] == {"views": views, "label_at_most": 0}
    entrust(services, office, ["provisioning"])
    assert ask(client, office, told)["decision"] is False


@pytest.mark.parametrize(
    "context",
    [
        {},
        {"network_zone": "office"},
        {"client_address": None},
        {"client_address": ["10.1.2.3"]},
        {"client_address": {"ip": "10.1.2.3"}},
        {"client_address": 167_838_211},
        {"client_address": "192.0.2.1"},
        {"client_address": "10.1.2.3, 192.0.2.1"},
        {"client_address": "x" * 100_000},
    ],
)
def test_whatever_else_is_told_opens_nothing(services: Services, office: World, client: FlaskClient, context: dict[str, Any]) -> None:
    entrust(services, office, ["address_source"])
    assert ask(client, office, context)["decision"] is False


def searches(client: FlaskClient, world: World, context: dict[str, Any]) -> list[list[dict[str, Any]]]:
    """Return what the three searches find about 陈杰 and the register."""
    credentials = world.clients["housing"]
    subject = {"type": "official", "id": str(world.people["CHENJIE"].official_id)}
    resource, action = {"type": "register", "id": "*"}, {"name": READ}
    asked: dict[str, dict[str, Any]] = {
        "subject": {"subject": {"type": "official"}, "action": action, "resource": resource},
        "resource": {"subject": subject, "action": action, "resource": {"type": "govcloud:division"}, "page": {"limit": 2}},
        "action": {"subject": subject, "resource": resource},
    }
    found = []
    for kind, body in asked.items():
        auth = (credentials.client_id, credentials.secret or "")
        answer = client.post(f"/access/v1/search/{kind}", json=body | {"context": context}, auth=auth)
        assert answer.status_code == 200, answer.text
        found.append(answer.get_json()["results"])
    return found


def test_searches_take_an_address_as_evaluations_do(services: Services, office: World, client: FlaskClient) -> None:
    told = {"client_address": "10.1.2.3"}
    nothing: list[list[dict[str, Any]]] = [[], [], []]
    assert searches(client, office, told) == nothing, "not entrusted"
    entrust(services, office, ["address_source"])
    subjects, divisions, actions = searches(client, office, told)
    assert subjects == [{"type": "official", "id": str(office.people["CHENJIE"].official_id)}]
    assert len(divisions) == 2
    assert {"name": READ} in actions
    for context in ({}, {"network_zone": "office"}, {"client_address": "192.0.2.1"}, {"client_address": ["10.1.2.3"]}):
        assert searches(client, office, context) == nothing, context
