"""Offices of the small province that tests of deciding hand out, and items of other tiers than one approver."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from govcloud.subsystems.changes import ItemChange
from tests.factories.requests import REGISTER
from tests.factories.world import SEED, Person, World

if TYPE_CHECKING:
    from govcloud.services import Services


def give_office(services: Services, world: World, login: str, place: str, role: str = "senior_admin") -> Person:
    """Let somebody decide for the department ``place`` and all below it."""
    person = world.people[login]
    services.authorization.assign_role(
        SEED,
        person.official_id,
        role,
        appointment_id=person.appointment_id,
        scope={"department_path": world.organisation.paths[place]},
        reason="岗位职责",
    )
    return person


def end_offices(services: Services, world: World, person: Person) -> None:
    """Take every role from somebody."""
    for held in services.authorization_queries.assignments_of(person.official_id):
        services.authorization.end_assignment(world.security_admin.actor(), held.id, "岗位调整")


def set_tier(services: Services, world: World, tier: str, approval: dict[str, Any] | None = None, function: str = REGISTER) -> UUID:
    """Let the item of a function take as much care as ``tier`` says; return the item's id."""
    item = services.subsystem_queries.items([world.items[function]])[world.items[function]]
    change = ItemChange(
        item.name,
        item.exposes,
        tier,
        item.max_days,
        item.requires_case_number,
        item.scope_kind,
        approval=approval or {},
    )
    services.subsystems.change_item(world.people["HEWEI"].actor(), item.id, item.version, change, "调整审批方式")
    return item.id


def escalate(services: Services, line_id: UUID, level: int) -> None:
    """Let a line be as if the clock had carried it up to ``level``."""
    with services.uow.begin(SEED, "govcloud:item:offer") as tx:
        tx.session.execute(text("UPDATE request_line SET escalation = :level WHERE id = :id"), {"level": level, "id": line_id})


def put_together(superuser_url: str, request_id: UUID, line_id: UUID) -> None:
    """Let a line be one of another request, as a basket of several items makes it."""
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("UPDATE request_line SET request_id = %s WHERE id = %s", (request_id, line_id))
