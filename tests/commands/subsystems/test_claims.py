"""An address that one subsystem claims is no other's: refused at registration, said to whom it may be said, and once in a race."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest
from flask import Flask

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import ClientChange
from govcloud.subsystems.inputs import NewClient
from govcloud.subsystems.protocols import CasSettings, ForwardAuthSettings, OidcSettings
from tests.factories.clients import claim_unchecked
from tests.factories.racing import together
from tests.factories.subsystems import CODE, a_registered_subsystem, crew
from tests.factories.world import SEED, World

APP, HOST, ORIGIN = "https://gov.zj.example/app", "https://gov.zj.example", "https://old.zj.example"
LOCK = "SELECT pg_advisory_xact_lock(hashtext('govcloud client addresses'))"


def cas(subsystem: str, *addresses: str, name: str = "cas") -> NewClient:
    return NewClient(subsystem, f"{subsystem}-{name}", "旧门户", services=addresses, settings=CasSettings())


def proxied(subsystem: str, *origins: str, name: str = "old") -> NewClient:
    return NewClient(subsystem, f"{subsystem}-{name}", "旧系统", origins=origins, settings=ForwardAuthSettings())


def refused(services: Services, row: NewClient, actor: Actor = SEED) -> Conflict:
    with pytest.raises(Conflict) as caught:
        services.subsystems.register_client(actor, row)
    assert caught.value.code == "address_claimed"
    assert services.subsystem_queries.client_by_client_id(row.client_id) is None
    return caught.value


def owner_of(services: Services, address: str) -> str | None:
    found = services.subsystem_queries.client_by_service(address)
    return found.subsystem_code if found else None


@pytest.mark.parametrize(
    "address", [APP, f"{APP}/", f"{APP}/deep/in", f"{HOST}/", HOST, "https://GOV.zj.example:443/app", f"{APP};jsessionid=1"]
)
def test_what_meets_the_beginning_of_another_subsystem_is_refused(services: Services, world: World, address: str) -> None:
    services.subsystems.register_client(SEED, cas("assistance", f"{APP}/"))
    refused(services, cas("housing", "https://housing.zj.example/", address))
    assert owner_of(services, f"{APP}/index?a=b") == "assistance"


@pytest.mark.parametrize(
    "address",
    [f"{HOST}/application", f"{HOST}/ap", f"{HOST}/APP", f"{HOST}:8443/app", "https://app.gov.zj.example/app", f"{HOST}/other/app/"],
)
def test_neighbours_on_one_host_do_not_meet(services: Services, world: World, address: str) -> None:
    services.subsystems.register_client(SEED, cas("assistance", APP))
    services.subsystems.register_client(SEED, cas("housing", address))
    assert (owner_of(services, f"{APP}/x"), owner_of(services, address)) == ("assistance", "housing")


def test_signs_of_patterns_are_letters(services: Services, world: World) -> None:
    services.subsystems.register_client(SEED, cas("assistance", f"{HOST}/a-b/deep"))
    services.subsystems.register_client(SEED, cas("housing", f"{HOST}/a_b", f"{HOST}/a%25"))
    assert owner_of(services, f"{HOST}/a-b/deep") == "assistance"


def test_an_origin_belongs_to_one_subsystem(services: Services, world: World) -> None:
    services.subsystems.register_client(SEED, proxied("assistance", ORIGIN))
    refused(services, proxied("housing", "https://Old.zj.example:443/"))
    services.subsystems.register_client(SEED, proxied("housing", f"{ORIGIN}:8443"))


def test_clients_of_one_subsystem_share(services: Services, world: World) -> None:
    services.subsystems.register_client(SEED, cas("assistance", APP))
    services.subsystems.register_client(SEED, cas("assistance", f"{APP}/deep", name="deep"))
    services.subsystems.register_client(SEED, proxied("assistance", ORIGIN))
    services.subsystems.register_client(SEED, proxied("assistance", ORIGIN, name="twin"))
    found = services.subsystem_queries.client_by_service(f"{APP}/deep/in")
    assert found is not None
    assert found.client_id == "assistance-deep"


def test_what_is_compared_for_a_known_client_is_shared(services: Services, world: World) -> None:
    """Redirect addresses and web origins block nobody: they are looked up within the client that asks."""
    for code in ("assistance", "housing"):
        row = NewClient(code, f"{code}-spa", "门户", (f"{HOST}/cb",), settings=OidcSettings(web_origins=(HOST,)))
        services.subsystems.register_client(SEED, row)
    assert services.subsystem_queries.is_web_origin(HOST, "housing-spa")


def test_whose_it_is_is_said_to_whom_it_may_be_said(services: Services, world: World) -> None:
    a_registered_subsystem(services, world)
    people = crew(services, world)
    services.subsystems.register_client(SEED, cas(CODE, APP))
    told = refused(services, cas("assistance", APP), world.system_admin.actor())
    assert f"（{CODE}）" in str(told.message)
    kept = refused(services, cas("assistance", APP), people.stranger.actor())
    assert CODE not in f"{kept.message}{kept.remedy}"
    assert "档案" not in f"{kept.message}{kept.remedy}"


def test_the_gate_stands_at_a_change_and_in_a_file_too(services: Services, world: World) -> None:
    services.subsystems.register_client(SEED, cas("assistance", APP))
    services.subsystems.register_client(SEED, cas("housing", "https://housing.zj.example/"))
    change = ClientChange("旧门户", services=(f"{APP}/x", "https://housing.zj.example/"), settings=CasSettings(), auth_method="none")
    with pytest.raises(Conflict) as caught:
        services.subsystems.change_client(SEED, "housing-cas", change)
    assert caught.value.code == "address_claimed"
    with pytest.raises(Conflict):
        services.subsystems.bring_clients(world.system_admin.actor(), [proxied("housing", ORIGIN), cas("housing", APP)])
    assert services.subsystem_queries.client_by_client_id("housing-old") is None
    assert owner_of(services, f"{APP}/x") == "assistance"


def test_a_client_that_claims_too_much_already_can_be_mended_step_by_step(services: Services, world: World) -> None:
    services.subsystems.register_client(SEED, cas("assistance", APP))
    services.subsystems.register_client(SEED, cas("housing", "https://housing.zj.example/"))
    claim_unchecked(services, "housing-cas", "service", f"{APP}/x")
    change = ClientChange("新名", services=(f"{APP}/x", "https://housing.zj.example/"), settings=CasSettings(), auth_method="none")
    services.subsystems.change_client(SEED, "housing-cas", change)
    assert owner_of(services, f"{APP}/x") is None
    services.subsystems.change_client(SEED, "housing-cas", replace(change, services=("https://housing.zj.example/",)))
    assert owner_of(services, f"{APP}/x") == "assistance"


def test_what_was_given_up_is_free(services: Services, world: World) -> None:
    admin = world.system_admin.actor()
    services.subsystems.register_client(SEED, cas("assistance", APP))
    services.subsystems.disable_client(admin, "assistance-cas")
    services.subsystems.register_client(SEED, cas("housing", APP))
    assert owner_of(services, APP) == "housing"


def test_of_two_that_claim_one_address_at_once_one_gets_it(app: Flask, settings: Settings, services: Services, world: World) -> None:
    register = services.subsystems.register_client
    rows = (cas("assistance", f"{APP}/deep"), cas("housing", APP))
    came = together(app, settings, LOCK, *(partial(register, SEED, row) for row in rows))
    lost = [outcome for outcome in came if isinstance(outcome, Conflict)]
    assert [outcome.code for outcome in lost] == ["address_claimed"]
    assert owner_of(services, f"{APP}/deep/in") in {"assistance", "housing"}


def test_files_and_registrations_at_once_never_wait_for_each_other(
    app: Flask, settings: Settings, services: Services, world: World
) -> None:
    """A file holds several subsystems; whoever registers in one of them waits for its end."""
    file = [NewClient("assistance", "assistance-two", "门户", (f"{HOST}/cb",)), cas("housing", APP)]
    came = together(
        app,
        settings,
        LOCK,
        partial(services.subsystems.bring_clients, world.system_admin.actor(), file),
        partial(services.subsystems.register_client, SEED, proxied("housing", ORIGIN)),
        partial(services.subsystems.register_client, SEED, cas("assistance", f"{APP}/x")),
    )
    lost = [outcome for outcome in came if isinstance(outcome, Conflict)]
    assert [outcome.code for outcome in lost] == ["address_claimed"]
    assert owner_of(services, f"{APP}/x") in {"assistance", "housing"}
