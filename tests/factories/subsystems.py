"""A subsystem on its way into service, and the people who bring it there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from govcloud.authorization.commands import NewAssignment
from govcloud.subsystems.inputs import NewClient, NewFunction, NewItem, NewSubsystem
from govcloud.subsystems.listing.inputs import NewPowerItem, NewServiceItem
from tests.factories.world import SEED, Person, World

if TYPE_CHECKING:
    from uuid import UUID

    from govcloud.services import Services

CODE, READ = "archive", "archive:record:read"


@dataclass(frozen=True)
class Crew:
    """``owner`` manages the housing department's subsystems, ``lead`` those of the government above it, ``stranger`` civil affairs'."""

    owner: Person
    lead: Person
    stranger: Person


def crew(services: Services, world: World) -> Crew:
    """Give the roles; 何伟 is the owner's administrator already."""
    people = Crew(world.people["HEWEI"], world.people["SUNLI"], world.people["ZHAOMIN"])
    for person, place in ((people.lead, "government"), (people.stranger, "civil_affairs")):
        scope = {"department_path": world.organisation.paths[place]}
        services.authorization.assign_roles(
            SEED, [NewAssignment(person.official_id, "subsystem_admin", person.appointment_id, scope=scope, reason="应用管理")]
        )
    return people


def a_registered_subsystem(services: Services, world: World, *, ready: bool = True) -> UUID:
    """Register the housing department's archive; it passes every check when it is ``ready``."""
    new = NewSubsystem(CODE, "住房档案系统", world.organisation.ids["housing"], 3, launch_url="https://archive.zj.example/")
    registered = services.subsystems.register_subsystem(SEED, new)
    if ready:
        services.subsystems.add_functions(
            SEED,
            [
                NewFunction(f"{CODE}:door:enter", "进入住房档案系统"),
                NewFunction(READ, "查看住房档案", "题名、年度", sensitive=True, integration_level=3, basis_note="内部档案"),
            ],
        )
        services.subsystems.offer_item(SEED, NewItem(READ, "查看住房档案", "题名、年度、保管期限", max_days=30))
        services.subsystems.register_client(SEED, NewClient(CODE, CODE, "住房档案系统", ("https://archive.zj.example/cb",)))
    return registered


def a_service_item(services: Services, world: World, base: str = "330130001000", name: str = "公租房租赁补贴申领") -> str:
    """Enter a service item of the housing department; return its implementation code."""
    housing = services.identity_queries.department(world.organisation.ids["housing"])
    assert housing is not None
    [power] = services.subsystems.register_power_items(SEED, [NewPowerItem(base, name, base[2:4], housing.id)])
    code = f"{housing.uscc}2{base}"
    services.subsystems.register_service_items(SEED, [NewServiceItem(code, name, power)])
    return code
