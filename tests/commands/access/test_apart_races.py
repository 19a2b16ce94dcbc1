"""Separation of duty with two at once, each on its own connection: whatever comes first, nobody holds more than a rule allows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask

from govcloud.access.commands import Decided
from govcloud.access.lifecycle import LineState
from govcloud.authorization.locking import APART
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.apart import ACCEPT, CASES, REGISTER, excepted, in_force, new_rule, second_officer
from tests.factories.racing import together
from tests.factories.requests import ask
from tests.factories.world import SEED, Person, World

Meet = Callable[..., list[object]]


@pytest.fixture
def at_person(app: Flask, settings: Settings) -> Callable[[Person], Meet]:
    """Return what runs commands that meet at somebody's lock."""

    def of(person: Person) -> Meet:
        lock = f"SELECT id FROM official WHERE id = '{person.official_id}' FOR UPDATE"
        return lambda *commands: together(app, settings, lock, *commands)

    return of


@pytest.fixture
def at_rules(app: Flask, settings: Settings) -> Meet:
    """Return what runs commands that meet at the lock of the rules."""
    return lambda *commands: together(app, settings, f"SELECT pg_advisory_xact_lock({APART})", *commands)


def held(services: Services, who: Person, *functions: str) -> frozenset[str]:
    """Return which of ``functions`` somebody holds now."""
    db.session.remove()
    found = services.authorization_queries.apart.holdings.of([who.official_id], functions, services.clock.now())
    return found[who.official_id]


def test_two_lines_of_one_person_approved_at_once(services: Services, world: World, at_person: Callable[[Person], Meet]) -> None:
    in_force(services, world, "apart", REGISTER, CASES)
    sun = world.people["SUNLI"]
    first, second = ask(services, world, sun), ask(services, world, sun, item_id=world.items[CASES])
    outcomes = at_person(sun)(
        lambda: services.access.approve(world.li.actor(), first.line_id, 1),
        lambda: services.access.approve(world.zhao.actor(), second.line_id, 1),
    )
    [won] = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    [lost] = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert won.state is LineState.APPROVED
    assert lost.code == "sod_conflict"
    assert len(held(services, sun, REGISTER, CASES)) == 1


def test_an_approval_against_a_role(services: Services, world: World, at_person: Callable[[Person], Meet]) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    sun = world.people["SUNLI"]
    line_id = ask(services, world, sun).line_id
    outcomes = at_person(sun)(
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.authorization.assign_role(SEED, sun.official_id, "counter_clerk", sun.appointment_id, reason="窗口"),
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1, outcomes
    assert len(held(services, sun, REGISTER, ACCEPT)) == 1


def test_an_exception_taken_back_against_an_approval(services: Services, world: World, at_person: Callable[[Person], Meet]) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    line_id = ask(services, world, days=3).line_id
    exception_id = excepted(services, world, world.wang, "apart")
    outcomes = at_person(world.wang)(
        lambda: services.access.approve(world.li.actor(), line_id, 2),
        lambda: services.apart.end_exception(world.security_admin.actor(), exception_id, "收回"),
    )
    assert outcomes[1] is True
    assert isinstance(outcomes[0], Decided | Conflict)
    assert held(services, world.wang, REGISTER, ACCEPT) == {ACCEPT}, "whichever came first, nothing stays that rests on it"


def test_an_exception_given_against_an_approval(services: Services, world: World, at_person: Callable[[Person], Meet]) -> None:
    line_id = ask(services, world, days=3).line_id
    in_force(services, world, "apart", REGISTER, ACCEPT)
    outcomes = at_person(world.wang)(
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: excepted(services, world, world.wang, "apart"),
    )
    decided = isinstance(outcomes[0], Decided)
    assert decided or (isinstance(outcomes[0], Conflict) and outcomes[0].code == "sod_conflict")
    assert (held(services, world.wang, REGISTER, ACCEPT) == {REGISTER, ACCEPT}) == decided
    assert services.authorization_queries.apart.exceptions()[0].ends_at > services.clock.now() + timedelta(days=3)


def test_a_rule_against_an_approval(services: Services, world: World, at_rules: Meet) -> None:
    """Either the approval sees the rule, or the rule counts who was approved before it."""
    second = second_officer(services, world)
    line_id = ask(services, world).line_id
    draft_id = services.apart.propose_rule(world.security_admin.actor(), new_rule("apart", (REGISTER, ACCEPT)))
    outcomes = at_rules(
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.apart.approve_rule(second.actor(), draft_id),
    )
    assert outcomes[1] == 1
    db.session.remove()
    queries = services.authorization_queries.apart
    broken = queries.breaches(queries.rules()[0]).broken
    if isinstance(outcomes[0], Decided):
        assert [breach.official_id for breach in broken] == [world.wang.official_id]
    else:
        assert isinstance(outcomes[0], Conflict)
        assert outcomes[0].code == "sod_conflict"
        assert broken == ()


def test_a_draft_approved_twice_at_once_is_one_version(services: Services, world: World, at_rules: Meet) -> None:
    second = second_officer(services, world)
    draft_id = services.apart.propose_rule(second.actor(), new_rule("apart", (REGISTER, ACCEPT)))
    outcomes = at_rules(*[lambda: services.apart.approve_rule(world.security_admin.actor(), draft_id)] * 2)
    assert outcomes.count(1) == 1
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    db.session.remove()
    assert len(services.authorization_queries.apart.versions("apart")) == 1
