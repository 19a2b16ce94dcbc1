"""The epoch feed: whatever decisions read is named in it when it changes, and many changes of one command are one row."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from types import ModuleType
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy import make_url, select

import govcloud.authorization.events
import govcloud.identity.departments.organisation_events
import govcloud.identity.events
import govcloud.subsystems.clients.client_events
import govcloud.subsystems.events
import govcloud.subsystems.listing.events
import govcloud.subsystems.matters.matter_events
from govcloud.authorization.epochs import CHANNEL
from govcloud.authorization.models import EpochChange
from govcloud.identity.inputs import NewDivision
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.errors import NotFound
from govcloud.kernel.events import Event
from govcloud.reactions import TOUCHES
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.inputs import NewFunction
from tests.factories.people import an_official
from tests.factories.world import HANGZHOU, SEED, World

#: What commands of authorization itself note, where they write it.
NOTED_THERE = {
    "PolicyInstalled",
    "RoleAssigned",
    "RoleEnded",
    "DutyRuleAdded",
    "DutyRuleChanged",
    "DutyRuleEnded",
    "GrantOpened",
    "GrantClosed",
    "GrantSuspended",
    "GrantResumed",
}
#: What no decision reads: names, orders and owners, offices and divisions, clients, matters and lists, ceilings (commands read them).
READ_BY_NONE = {
    "DivisionRegistered",
    "DepartmentRenamed",
    "DepartmentReordered",
    "OfficeOpened",
    "OfficeRenamed",
    "OfficeClosed",
    "OfficialUnmasked",
    "RoleCeilingSet",
    # What stays away changes nothing.
    "RoleWithheld",
    # The calendar: read again every half minute, not by the epoch (``calendar_days.py``).
    "WorkCalendarImported",
    "SubsystemChanged",
    "SubsystemHandedOver",
    "FunctionLoosened",
    "FunctionBound",
    "FunctionUnbound",
    "ItemLoosened",
    "OwnerChanged",
    "ClientRegistered",
    "ClientChanged",
    "ClientTested",
    "ClientSecretRotated",
    "ClientEntrusted",
    "ClientDisabled",
    "DecisionLogPurged",
    "DecisionLogRead",
    "MatterChanged",
    "MatterEnded",
    "MatterRegistered",
}
MODULES = (
    govcloud.identity.events,
    govcloud.identity.departments.organisation_events,
    govcloud.subsystems.events,
    govcloud.subsystems.clients.client_events,
    govcloud.subsystems.matters.matter_events,
    govcloud.authorization.events,
)


def events_of(module: ModuleType) -> set[type[Event]]:
    """Return the events that a module declares."""
    found = (item for item in vars(module).values() if isinstance(item, type) and issubclass(item, Event))
    return {item for item in found if item.__module__ == module.__name__}


def test_every_event_of_what_decisions_read_is_noted_or_said_to_be_read_by_none() -> None:
    declared = {event.__name__ for module in MODULES for event in events_of(module)}
    touched = {event.__name__ for event in TOUCHES}
    assert declared == touched | NOTED_THERE | READ_BY_NONE
    assert not touched & (NOTED_THERE | READ_BY_NONE)


def test_lists_are_read_by_no_decision() -> None:
    assert not {event for event in events_of(govcloud.subsystems.listing.events) if event in TOUCHES}


def last(services: Services) -> EpochChange:
    services.uow.read().rollback()
    row = services.uow.read().scalars(select(EpochChange).order_by(EpochChange.epoch.desc()).limit(1)).one()
    services.uow.read().expunge(row)
    return row


def count(services: Services) -> int:
    services.uow.read().rollback()
    return len(services.uow.read().scalars(select(EpochChange.epoch)).all())


def test_many_people_of_one_command_are_one_row_of_each_kind(services: Services, world: World) -> None:
    rows = [an_official(world.organisation.ids["xihu"]) for _ in range(30)]
    before = count(services)
    services.identity.register_officials(SEED, rows)
    assert count(services) == before + 2
    row = last(services)
    assert (row.kind, row.official_id) == ("appointment", None)
    assert row.official_ids == sorted(item.id for item in rows)


def test_one_person_is_named_by_the_one_column(services: Services, world: World) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "调查")
    rows = services.uow.read().scalars(select(EpochChange).where(EpochChange.kind == "official").order_by(EpochChange.epoch)).all()
    assert (rows[-1].official_id, rows[-1].official_ids, rows[-1].reduces) == (world.wang.official_id, None, True)


def test_a_department_that_moves_is_named_and_so_is_a_part_of_the_catalogue(services: Services, world: World) -> None:
    ids = world.organisation.ids
    services.identity.move_department(world.system_admin.actor(), ids["xihu"], ids["data"])
    rows = services.uow.read().scalars(select(EpochChange).where(EpochChange.kind == "department").order_by(EpochChange.epoch)).all()
    assert rows[-1].department_ids == [ids["xihu"]]
    services.subsystems.add_functions(SEED, [NewFunction("housing:permit:read", "查看许可")])
    row = last(services)
    assert (row.kind, row.subsystem_code, row.reduces) == ("catalogue", "housing", False)


def test_what_no_decision_reads_is_no_change(services: Services, world: World) -> None:
    before = count(services)
    services.identity.rename_department(world.system_admin.actor(), world.organisation.ids["xihu"], "杭州市西湖区政府")
    services.identity.register_divisions(SEED, [NewDivision("330102000000", "上城区", HANGZHOU)])
    assert count(services) == before


@pytest.fixture
def heard(settings: Settings) -> Iterator[Callable[[], Sequence[Any]]]:
    """Listen as a keeper does; give what says what was heard since."""
    url = make_url(settings.database_url).set(drivername="postgresql").render_as_string(hide_password=False)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"LISTEN {CHANNEL}".encode())
        yield lambda: list(connection.notifies(timeout=0.5))


def test_only_changes_that_reduce_access_wake_those_who_listen(
    services: Services, world: World, heard: Callable[[], Sequence[Any]]
) -> None:
    assignment = services.authorization.assign_role(SEED, world.li.official_id, "housing_clerk", reason="借调")
    assert heard() == []
    services.authorization.end_assignment(world.security_admin.actor(), assignment, "借调结束")
    assert [notice.payload for notice in heard()] == [""]


def test_a_change_that_is_rolled_back_is_neither_noted_nor_heard(
    services: Services, world: World, heard: Callable[[], Sequence[Any]]
) -> None:
    before = count(services)
    with pytest.raises(NotFound):
        disable_and_fail(services, world)
    assert count(services) == before
    assert heard() == []


def disable_and_fail(services: Services, world: World) -> None:
    """Do one thing that is noted and one that is refused, in one transaction."""
    with services.uow.begin(SEED, "govcloud:official:disable"):
        services.identity.disable_official(SEED, world.wang.official_id, "调查")
        services.identity.disable_official(SEED, uuid4(), "调查")


def test_a_planned_change_is_noted_when_it_is_ordered(services: Services, world: World) -> None:
    before = count(services)
    services.identity.suspend(SEED, world.wang.official_id, Order("调查", services.clock.now() + timedelta(days=3)))
    assert count(services) > before
    assert last(services).official_id == world.wang.official_id
