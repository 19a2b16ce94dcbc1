"""Two at once about tasks, corrections and delegations, each on its own connection: one wins, the other learns why."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

from flask import Flask
from sqlalchemy import text

from govcloud.access.commands import Correction, Decided, Resubmitted, Returned, Withdrawn
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.lifecycle import LineState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.deciders import give_office, set_tier
from tests.factories.racing import together
from tests.factories.requests import ask, may_read
from tests.factories.world import XIHU, World


def race(app: Flask, settings: Settings, person: UUID, *commands: Callable[[], object]) -> list[object]:
    """Hold the beneficiary's row until every command waits for it, and return what came of each."""
    return together(app, settings, f"SELECT id FROM official WHERE id = '{person}' FOR UPDATE", *commands)


def counts(services: Services) -> tuple[int, int]:
    """Return how many decisions and grants there are."""
    db.session.remove()
    row = services.uow.read().execute(text("SELECT (SELECT count(*) FROM decision), (SELECT count(*) FROM access_grant)")).one()
    return row[0], row[1]


def lost(outcomes: list[object]) -> Conflict:
    """Return why one of two lost; the other won."""
    conflicts = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(conflicts) == 1, outcomes
    assert sum(not isinstance(outcome, GovcloudError) for outcome in outcomes) == 1, outcomes
    return conflicts[0]


def test_two_of_a_quorum_at_once_both_count_and_one_completes_it(app: Flask, settings: Settings, services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    line_id, li, qian = ask(services, world).line_id, world.li, world.people["QIANWEI"]
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.access.approve(li.actor(), line_id, 1),
        lambda: services.access.approve(qian.actor(), line_id, 1),
    )
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert sorted(outcome.state for outcome in decided) == [LineState.APPROVED, LineState.PENDING]
    assert counts(services) == (2, 1)
    assert may_read(services, world.wang)


def test_one_more_than_a_quorum_at_once(app: Flask, settings: Settings, services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    people = (world.li, world.people["QIANWEI"], give_office(services, world, "SHANXUEMEI", "government"))
    line_id = ask(services, world).line_id
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        *(lambda person=person: services.access.approve(person.actor(), line_id, 1) for person in people),
    )
    assert sum(isinstance(outcome, Decided) for outcome in outcomes) == 2
    assert [outcome.code for outcome in outcomes if isinstance(outcome, Conflict)] == ["line_already_decided"]
    assert counts(services) == (2, 1)


def test_approve_against_reject_of_a_quorum(app: Flask, settings: Settings, services: Services, world: World) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    people = (world.li, world.people["QIANWEI"], give_office(services, world, "SHANXUEMEI", "government"))
    line_id = ask(services, world).line_id
    services.access.approve(people[0].actor(), line_id, 1)
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.access.approve(people[1].actor(), line_id, 1),
        lambda: services.access.reject(people[2].actor(), line_id, 1, "other"),
    )
    assert lost(outcomes).code == "line_already_decided"
    [won] = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert counts(services) == (2, int(won.state is LineState.APPROVED))
    assert may_read(services, world.wang) == (won.state is LineState.APPROVED)


def test_approve_against_revoke(app: Flask, settings: Settings, services: Services, world: World) -> None:
    """A grant of the same person is revoked while another line of theirs is approved: both stand, each on its own."""
    first = services.access.approve(world.li.actor(), ask(services, world).line_id, 1)
    assert first.grant_id is not None
    grant_id, line_id = first.grant_id, ask(services, world, days=11).line_id
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.access.approve(world.people["QIANWEI"].actor(), line_id, 1),
        lambda: services.access.revoke(world.li.actor(), grant_id, "办结"),
    )
    assert not [outcome for outcome in outcomes if isinstance(outcome, GovcloudError)], outcomes
    assert may_read(services, world.wang)  # by the second one
    grants = services.authorization_queries.grants_of(world.wang.official_id)
    assert sorted(grant.closed_at is None for grant in grants) == [False, True]


def test_delegate_against_delegator_count_once(
    app: Flask, settings: Settings, services: Services, world: World, clock: ManualClock
) -> None:
    set_tier(services, world, "quorum", {"needed": 2})
    chen = world.people["CHENJIE"]
    new = NewDelegation(chen.appointment_id, clock.now(), clock.now() + timedelta(days=5), "出差")
    services.approving.delegating.delegate(world.li.actor(), new)
    line_id = ask(services, world).line_id
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.access.approve(chen.actor(), line_id, 1),
    )
    assert lost(outcomes).code == "counted_already"
    assert counts(services) == (1, 0)
    assert not may_read(services, world.wang)


def test_claim_against_claim(app: Flask, settings: Settings, services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.approving.handling.claim(world.li.actor(), line_id),
        lambda: services.approving.handling.claim(world.people["QIANWEI"].actor(), line_id),
    )
    assert lost(outcomes).code == "claimed"


def test_return_against_approve(app: Flask, settings: Settings, services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺"),
        lambda: services.access.approve(world.people["QIANWEI"].actor(), line_id, 1),
    )
    returned = any(isinstance(outcome, Returned) for outcome in outcomes)
    assert lost(outcomes).code == ("line_returned" if returned else "line_already_decided")
    assert counts(services) == (int(not returned), int(not returned))


def test_resubmit_against_withdraw(app: Flask, settings: Settings, services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    services.approving.returning.send_back(world.li.actor(), line_id, 1, "缺")
    correction = Correction("补充名单", 5, Scope((XIHU,)), "XH-2026-0117")
    outcomes = race(
        app,
        settings,
        world.wang.official_id,
        lambda: services.approving.returning.resubmit(world.wang.actor(), line_id, 2, correction),
        lambda: services.access.withdraw(world.wang.actor(), line_id, 2),
    )
    withdrawn = any(isinstance(outcome, Withdrawn) for outcome in outcomes)
    assert lost(outcomes).code == ("line_closed" if withdrawn else "line_changed")
    assert withdrawn != any(isinstance(outcome, Resubmitted) for outcome in outcomes)
    open_tasks = "SELECT count(*) FROM decision_task WHERE state = 'open'"
    db.session.remove()
    assert services.uow.read().scalar(text(open_tasks)) == int(not withdrawn)
