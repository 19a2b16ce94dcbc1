"""Offices of the small province that tests of deciding hand out, and items of other tiers than one approver."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
from sqlalchemy import text

from govcloud.access.deciding.presigning import NewRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.subsystems.changes import FunctionChange, ItemChange
from tests.factories.requests import REGISTER
from tests.factories.world import HANGZHOU, SEED, Person, World

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
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


def make_routine(services: Services, world: World, tier: str) -> UUID:
    """Let the register be of a tier about which rules can be signed, which sensitive functions may not be; return the item's id."""
    function = FunctionChange("查询住房登记信息", sensitive=False, integration_level=3)
    services.subsystems.change_function(world.people["HEWEI"].actor(), REGISTER, function, "数据已脱敏")
    return set_tier(services, world, tier)


def new_rule(world: World, clock: ManualClock, **given: object) -> NewRule:
    """Return a rule that is in order: the civil affairs of 西湖区, ten days, all of 杭州市, three months."""
    usual: dict[str, object] = {
        "item_id": world.items[REGISTER],
        "departments": (world.organisation.ids["xihu_civil_affairs"],),
        "max_days": 10,
        "ends_at": clock.now() + timedelta(days=90),
        "reason": "困难家庭救助核对，例行事项",
        "scope": Scope((HANGZHOU,)),
    }
    return NewRule(**{**usual, **given})  # type: ignore[arg-type]


def escalate(services: Services, line_id: UUID, level: int) -> None:
    """Let a line be as if the clock had carried it up to ``level``."""
    with services.uow.begin(SEED, "govcloud:item:offer") as tx:
        tx.session.execute(text("UPDATE request_line SET escalation = :level WHERE id = :id"), {"level": level, "id": line_id})


def put_together(superuser_url: str, request_id: UUID, line_id: UUID) -> None:
    """Let a line be one of another request, as a basket of several items makes it."""
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("UPDATE request_line SET request_id = %s WHERE id = %s", (request_id, line_id))
