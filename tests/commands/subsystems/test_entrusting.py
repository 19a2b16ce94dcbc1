"""Clients that work for the platform itself: only the security administrator entrusts them, and only those that keep a secret."""

from __future__ import annotations

import pytest

from govcloud.authorization.shipped import baseline
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import PUBLIC
from tests.factories.people import an_official
from tests.factories.world import SEED, World

REASON = "省人社厅人事系统，按协议同步"


def acting_as(services: Services, client_id: str) -> Actor:
    """Return the client as an actor, as the gate makes it."""
    view = services.subsystem_queries.client_by_client_id(client_id)
    assert view is not None
    return Actor.subsystem(view.client_id, view.name, roles=view.roles)


def test_an_entrusted_client_registers_people_until_it_is_taken_away(services: Services, world: World) -> None:
    client_id = world.clients["housing"].client_id
    row = an_official(world.organisation.ids["housing"])
    with pytest.raises(Denied):
        services.identity.register_official(acting_as(services, client_id), row)

    security = world.people["WUXIAOYAN"].actor()
    services.subsystems.entrust_client(security, client_id, ["provisioning"], REASON)
    services.identity.register_official(acting_as(services, client_id), row)
    with pytest.raises(Denied):
        services.authorization.install_policy(acting_as(services, client_id), baseline())

    services.subsystems.entrust_client(security, client_id, [], "协议到期")
    with pytest.raises(Denied):
        services.identity.register_official(acting_as(services, client_id), an_official(world.organisation.ids["housing"]))


@pytest.mark.parametrize("login", ["HEWEI", "ZHOUJIANJUN", "WANGFANG", "ZHENGGUOHUA"])
def test_nobody_else_entrusts(services: Services, world: World, login: str) -> None:
    with pytest.raises(Denied):
        services.subsystems.entrust_client(world.people[login].actor(), world.clients["housing"].client_id, ["provisioning"], REASON)


def test_what_cannot_be_entrusted(services: Services, world: World) -> None:
    security = world.people["WUXIAOYAN"].actor()
    client_id = world.clients["housing"].client_id
    with pytest.raises(Invalid):
        services.subsystems.entrust_client(security, client_id, ["security_admin"], REASON)
    with pytest.raises(Invalid):
        services.subsystems.entrust_client(security, client_id, ["provisioning"], " ")
    with pytest.raises(NotFound):
        services.subsystems.entrust_client(security, "nobody", ["provisioning"], REASON)
    public = NewClient("housing", "housing-app", "住房移动端", ("https://app.example.gov.cn/cb",), auth_method=PUBLIC)
    services.subsystems.register_client(SEED, public)
    with pytest.raises(Conflict):
        services.subsystems.entrust_client(security, "housing-app", ["provisioning"], REASON)
