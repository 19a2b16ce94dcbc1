"""After a grant has ended by itself, work in progress may be finished for a while; nothing begins then, and no revocation waits."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.access.lifecycle import GrantState
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Invalid
from govcloud.services import Services
from govcloud.subsystems.changes import FunctionChange, ItemChange
from tests.factories.joint import CASES
from tests.factories.requests import REGISTER, ask, may_read
from tests.factories.world import YUHANG, World

MINUTE = timedelta(minutes=1)
OPERATOR = Actor.system("operator")


def change(services: Services, world: World, function: str, minutes: int) -> None:
    item = services.subsystem_queries.items([world.items[function]])[world.items[function]]
    new = ItemChange(item.name, item.exposes, max_days=30, requires_case_number=item.requires_case_number, grace_minutes=minutes)
    services.subsystems.change_item(OPERATOR, item.id, item.version, new, "到期宽限")


@pytest.fixture
def ended(services: Services, world: World, clock: ManualClock) -> UUID:
    """Return a day's grant of the assistance cases of 余杭区, with twenty minutes of grace, at the very second of its end."""
    change(services, world, CASES, 20)
    line_id = ask(services, world, item_id=world.items[CASES], days=1, scope=Scope((YUHANG,))).line_id
    decided = services.access.approve(world.zhao.actor(), line_id, 1)
    assert decided.grant_id is not None
    clock.advance(timedelta(days=1))
    return decided.grant_id


def decide(services: Services, world: World, function: str = CASES) -> Decision:
    question = Question(function, world.wang.appointment_id, world.wang.official_id, {"division": YUHANG})
    return services.authorization.decide(question)


def test_what_was_begun_is_finished(services: Services, world: World, clock: ManualClock, ended: UUID) -> None:
    until = clock.now() + 20 * MINUTE
    first = decide(services, world)
    assert (first.allowed, first.code, first.grant_id, first.ends_at) == (True, Reason.FINISHING, ended, until)
    assert not decide(services, world, "assistance:case:accept").allowed
    clock.advance(20 * MINUTE - timedelta(seconds=1))
    assert decide(services, world).allowed
    held = services.access_queries.my_access(world.wang.official_id)[0]
    assert (held.grant.state, held.is_live, held.grant.finish_until) == (GrantState.EXPIRED, False, until)
    clock.advance(timedelta(seconds=1))
    assert not decide(services, world).allowed
    assert services.access_queries.my_access(world.wang.official_id)[0].grant.finish_until is None


def test_a_revocation_waits_for_nothing(services: Services, world: World, ended: UUID) -> None:
    assert decide(services, world).allowed
    assert not services.access.revoke(world.zhao.actor(), ended, "核查").replayed
    assert not decide(services, world).allowed


def test_whoever_is_disabled_finishes_nothing(services: Services, world: World, ended: UUID) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    assert not decide(services, world).allowed
    grant = services.authorization_queries.grant(ended)
    assert grant is not None
    assert grant.close_reason == "disabled"


def test_a_suspended_grant_finishes_nothing(services: Services, world: World, ended: UUID) -> None:
    services.grant_life.suspend(world.zhao.actor(), ended, "核查")
    assert not decide(services, world).allowed


def test_what_is_sensitive_is_not_finished(services: Services, world: World, clock: ManualClock, ended: UUID) -> None:
    change(services, world, REGISTER, 30)
    services.access.approve(world.li.actor(), ask(services, world, days=1).line_id, 1)
    assert may_read(services, world.wang)
    view = services.subsystem_queries.function(CASES)
    assert view is not None
    services.subsystems.change_function(
        OPERATOR, CASES, FunctionChange(view.name, view.description, sensitive=True, integration_level=view.integration_level), "敏感"
    )
    assert not decide(services, world).allowed
    clock.advance(timedelta(days=1))
    assert not may_read(services, world.wang)


def test_the_list_of_who_may_use_it_agrees(services: Services, world: World, ended: UUID) -> None:
    found = services.authorization_queries.answers.list_people(CASES, {"division": YUHANG}, {})
    people = {row.id for row in found.rows}
    assert (world.wang.official_id in people) == decide(services, world).allowed


def test_a_door_is_not_finished(services: Services, world: World, clock: ManualClock) -> None:
    """Nobody comes in any more: only what goes on inside may be finished."""
    sun = world.people["SUNLI"]
    change(services, world, CASES, 20)
    line_id = ask(services, world, sun, item_id=world.items[CASES], days=1, scope=Scope((YUHANG,))).line_id
    services.access.approve(world.zhao.actor(), line_id, 1)
    door = Question(door_of("assistance"), sun.appointment_id, sun.official_id)
    inside = Question(CASES, sun.appointment_id, sun.official_id, {"division": YUHANG})
    assert services.authorization.decide(door).allowed
    clock.advance(timedelta(days=1))
    assert services.authorization.decide(inside).allowed
    assert not services.authorization.decide(door).allowed


def test_an_item_without_it_ends_to_the_second(services: Services, world: World, clock: ManualClock) -> None:
    services.access.approve(world.zhao.actor(), ask(services, world, item_id=world.items[CASES], days=1, scope=Scope((YUHANG,))).line_id, 1)
    clock.advance(timedelta(days=1))
    assert not decide(services, world).allowed


def test_half_an_hour_is_the_most(services: Services, world: World) -> None:
    for minutes in (-1, 31, 600):
        with pytest.raises(Invalid):
            change(services, world, CASES, minutes)
