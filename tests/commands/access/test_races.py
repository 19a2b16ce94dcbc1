"""Two at once, each on its own connection: held at the person's lock, then let go together; one wins, the other learns why."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import cast
from uuid import UUID

import psycopg
import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.access.commands import Answer, Closed, Decided, NewSubmission, Submission, Submitted, WantedItem, Withdrawn
from govcloud.access.deciding.together import Ballot
from govcloud.access.ending.targets import Kind
from govcloud.access.lifecycle import LineState
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.inputs import NewItem
from tests.factories.apart import ACCEPT, excepted, in_force
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.racing import together
from tests.factories.requests import REGISTER, ask, granted, may_read, new_request
from tests.factories.world import SEED, World

Outcome = Decided | Withdrawn | Submitted | Submission | Closed | int | None | GovcloudError


class Race:
    """Runs commands at the same moment against one database."""

    def __init__(self, app: Flask, settings: Settings) -> None:
        self._app, self._settings = app, settings

    def run(self, person: UUID, *commands: Callable[[], Outcome]) -> list[Outcome]:
        """Hold the person's lock until every command waits for it, let go, and return what came of each (errors included)."""
        return self.run_beside(person, list(commands), None)

    def run_beside(self, person: UUID, held: Sequence[Callable[[], Outcome]], beside: Callable[[], object] | None) -> list[Outcome]:
        """The same with ``held``, while ``beside``, which does not take the person's lock, runs in between."""
        lock = f"SELECT id FROM official WHERE id = '{person}' FOR UPDATE"
        return cast("list[Outcome]", together(self._app, self._settings, lock, *held, beside=beside))

    def run_in_order(self, held: str, *commands: Callable[[], Outcome]) -> list[Outcome]:
        """Hold the rows that ``held`` locks, and let the commands come to wait one after the other before they are let go."""
        return cast("list[Outcome]", together(self._app, self._settings, held, *commands, in_order=True))


@pytest.fixture
def race(app: Flask, settings: Settings) -> Race:
    """Return the starter of races on the database of the test."""
    return Race(app, settings)


def counts(services: Services) -> tuple[int, int]:
    """Return how many decisions and grants there are."""
    db.session.remove()
    row = services.uow.read().execute(text("SELECT (SELECT count(*) FROM decision), (SELECT count(*) FROM access_grant)")).one()
    return row[0], row[1]


def one_winner(outcomes: list[Outcome]) -> tuple[Outcome, Conflict]:
    """Return what the winner got and the conflict that the loser got."""
    lost = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    won = [outcome for outcome in outcomes if not isinstance(outcome, GovcloudError)]
    assert len(won) == len(lost) == 1, outcomes
    return won[0], lost[0]


def test_two_approvers_at_once_open_exactly_one_grant(services: Services, world: World, race: Race) -> None:
    line_id = ask(services, world).line_id
    li, qian = world.li, world.people["QIANWEI"]
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.access.approve(li.actor(), line_id, 1),
        lambda: services.access.approve(qian.actor(), line_id, 1),
    )
    won, lost = one_winner(outcomes)
    assert isinstance(won, Decided)
    winner = (li, qian)[outcomes.index(won)]
    assert lost.code == "line_already_decided"
    assert f"已同意：{winner.name}于2026-11-24 09:30" in str(lost)
    assert counts(services) == (1, 1)
    assert may_read(services, world.wang)


def test_the_same_click_twice_at_once_is_one_decision(services: Services, world: World, race: Race) -> None:
    line_id = ask(services, world).line_id
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.access.approve(world.li.actor(), line_id, 1, days=3),
        lambda: services.access.approve(world.li.actor(), line_id, 1, days=3),
    )
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert sorted(outcome.replayed for outcome in decided) == [False, True]
    assert decided[0].grant_id == decided[1].grant_id
    assert counts(services) == (1, 1)


def test_approve_against_reject(services: Services, world: World, race: Race) -> None:
    line_id = ask(services, world).line_id
    won, lost = one_winner(
        race.run(
            world.wang.official_id,
            lambda: services.access.approve(world.li.actor(), line_id, 1),
            lambda: services.access.reject(world.people["QIANWEI"].actor(), line_id, 1, "other", "重复"),
        )
    )
    assert isinstance(won, Decided)
    approved = won.state is LineState.APPROVED
    assert lost.code == "line_already_decided"
    assert counts(services) == (1, int(approved))
    assert may_read(services, world.wang) == approved


def test_approve_against_withdraw(services: Services, world: World, race: Race) -> None:
    line_id = ask(services, world).line_id
    won, lost = one_winner(
        race.run(
            world.wang.official_id,
            lambda: services.access.approve(world.li.actor(), line_id, 1),
            lambda: services.access.withdraw(world.wang.actor(), line_id, 1),
        )
    )
    approved = isinstance(won, Decided)
    assert lost.code == ("line_already_decided" if approved else "line_closed")
    assert counts(services) == (int(approved), int(approved))
    assert may_read(services, world.wang) == approved


def test_approve_against_lapse(services: Services, world: World, race: Race, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    clock.advance(timedelta(days=10))
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.access.approve(world.li.actor(), line_id, 1),
        lambda: services.escalating.run(Actor.system("jobs")),
    )
    approved = isinstance(outcomes[0], Decided)
    assert outcomes[1] == int(not approved)
    assert counts(services) == (int(approved), int(approved))


@pytest.mark.parametrize("for_good", [False, True], ids=["disabled", "left"])
def test_approve_against_leaving(services: Services, world: World, race: Race, *, for_good: bool) -> None:
    """Whichever comes first, nobody who has left holds access in the end."""
    line_id = ask(services, world).line_id

    def leave() -> None:
        if for_good:
            services.identity.leave(SEED, world.wang.official_id, Order("辞职"))
        else:
            services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")

    outcomes = race.run(world.wang.official_id, lambda: services.access.approve(world.li.actor(), line_id, 1), leave)
    assert outcomes[1] is None
    decided = outcomes[0]
    assert isinstance(decided, Decided) or (isinstance(decided, Conflict) and decided.code == "beneficiary_moved")
    db.session.remove()
    assert not may_read(services, world.wang)
    assert not any(entry.is_live for entry in services.access_queries.my_access(world.wang.official_id))


def test_the_same_request_twice_at_once(services: Services, world: World, race: Race) -> None:
    won, lost = one_winner(
        race.run(
            world.wang.official_id,
            lambda: services.access.submit(world.wang.actor(), new_request(world)),
            lambda: services.access.submit(world.wang.actor(), new_request(world, days=3)),
        )
    )
    assert isinstance(won, Submitted)
    assert lost.code == "duplicate_open_line"
    assert won.number in str(lost)


def test_revoke_against_relinquish(services: Services, world: World, race: Race) -> None:
    grant_id = granted(services, world)
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.access.revoke(world.li.actor(), grant_id, "办件已结束"),
        lambda: services.access.relinquish(world.wang.actor(), grant_id),
    )
    assert sorted(outcome.replayed for outcome in outcomes if isinstance(outcome, Closed)) == [False, True]
    db.session.remove()
    assert not may_read(services, world.wang)


def test_two_submissions_for_the_same_people_in_another_order(services: Services, world: World, race: Race) -> None:
    """People are held in the order of their ids, whatever the order in which they are named, so that nobody waits in a circle."""
    sun, wang = world.people["SUNLI"], world.wang
    items = (WantedItem(world.items["housing:register:read"], 5), WantedItem(world.items["assistance:case:read"], 5))

    def submit(*people: UUID) -> Submission:
        return services.asking.submit(wang.actor(), NewSubmission(items, "办理救助", people, case_number="X-1"))

    outcomes = race.run(
        min(sun.official_id, wang.official_id),
        lambda: submit(wang.appointment_id, sun.appointment_id),
        lambda: submit(sun.appointment_id, wang.appointment_id),
    )
    won, lost = one_winner(outcomes)
    assert isinstance(won, Submission)
    assert lost.code == "lines_refused"
    assert len(lost.refusals) == len(items) * len(won.requests)
    db.session.remove()
    assert services.uow.read().scalar(text("SELECT count(*) FROM request_line")) == len(items) * len(won.requests)


def test_approve_against_revoking_all(services: Services, world: World, race: Race) -> None:
    """Whichever comes first: a grant that was opened by the preview's moment ends, one that is opened after it stands."""
    first = granted(services, world)
    line_id = ask(services, world).line_id
    preview = services.ending.preview(world.li.actor(), Kind.PERSON, str(world.wang.official_id))
    ordered = services.ending.order(
        world.li.actor(), Kind.PERSON, str(world.wang.official_id), "核查", confirmed=preview.grants, seen_at=preview.seen_at
    )
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.access.approve(world.people["QIANWEI"].actor(), line_id, 1),
        lambda: services.ending.go_on(world.li.actor(), ordered.id).done,
    )
    assert isinstance(outcomes[0], Decided)
    db.session.remove()
    ended = services.authorization_queries.grant(first)
    assert ended is not None
    assert ended.closed_at is not None
    assert services.ending.one(world.li.actor(), ordered.id).finished_at is not None


def test_revoking_all_against_relinquishing(services: Services, world: World, race: Race) -> None:
    grant_id = granted(services, world)
    preview = services.ending.preview(world.li.actor(), Kind.PERSON, str(world.wang.official_id))
    ordered = services.ending.order(world.li.actor(), Kind.PERSON, preview.target, "核查", confirmed=1, seen_at=preview.seen_at)
    outcomes = race.run(
        world.wang.official_id,
        lambda: services.ending.go_on(world.li.actor(), ordered.id).done,
        lambda: services.access.relinquish(world.wang.actor(), grant_id),
    )
    relinquished = outcomes[1]
    assert isinstance(relinquished, Closed)
    assert outcomes[0] == int(relinquished.replayed)
    db.session.remove()
    assert not may_read(services, world.wang)


def test_the_last_two_of_a_whole_at_once(services: Services, world: World, race: Race) -> None:
    """Both approvers of an atomic request at the same moment: exactly one of them opens everything."""
    lines = ask_jointly(services, world)
    outcomes = race.run(
        world.wang.official_id,
        lambda: approve(services, world, REGISTER, lines[REGISTER]),
        lambda: approve(services, world, CASES, lines[CASES]),
    )
    decided = [outcome for outcome in outcomes if isinstance(outcome, Decided)]
    assert sorted(outcome.grant_id is None for outcome in decided) == [False, True]
    assert counts(services) == (2, 2)


def test_approving_against_withdrawing_the_item(services: Services, world: World, race: Race) -> None:
    """Whichever comes first, nothing stays open of what is no longer offered."""
    lines = ask_jointly(services, world, mode="progressive", functions=(CASES,))

    def withdraw_item() -> None:
        services.subsystems.withdraw_item(world.system_admin.actor(), world.items[CASES], "不再提供")

    outcomes = race.run_beside(world.wang.official_id, [lambda: approve(services, world, CASES, lines[CASES])], withdraw_item)
    assert isinstance(outcomes[0], Decided | Conflict)
    db.session.remove()
    grant = services.authorization_queries.grant_of_line(lines[CASES])
    assert grant is None or grant.close_reason == "item_retired"


def test_lines_of_a_subsystem_that_is_handed_over_against_deciding_on_several(
    services: Services, world: World, race: Race, superuser_url: str
) -> None:
    """One decides on two lines in the order of their ids, the other changes both as it finds them: neither waits in a circle."""
    offered = NewItem("housing:register:export", "导出少量住房登记信息", "不超过十条", tier="one")
    world.items["housing:register:export"] = services.subsystems.offer_item(Actor.system("operator"), offered)
    lines = ask_jointly(services, world, mode="progressive", functions=(REGISTER, "housing:register:export"))
    first, second = lines[REGISTER], lines["housing:register:export"]
    assert first < second
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
        connection.execute("UPDATE request_line SET waited_seconds = 1 WHERE id = %s", (first,))  # its row lies behind the other's now
    request_id = services.access_queries.line(world.wang.actor(), first).request_id
    housing, data = world.organisation.ids["housing"], world.organisation.ids["data"]
    path = world.organisation.paths["data"]

    def decide() -> Outcome:
        ballots = [Ballot(line_id, 1, Answer.no("not_needed")) for line_id in (first, second)]
        return services.approving.together.of_request(world.li.actor(), request_id, ballots)[0]

    def hand_over() -> None:
        with services.uow.begin(Actor.system("operator"), "govcloud:subsystem:hand_over", Target("subsystem", "housing")) as tx:
            services.access.change_owner_of(tx, "housing", housing, data, path)

    outcomes = race.run_in_order(f"SELECT id FROM request_line WHERE id = '{first}' FOR UPDATE", decide, hand_over)
    assert isinstance(outcomes[0], Decided)
    assert outcomes[1] is None
    db.session.remove()
    owners = services.uow.read().execute(text("SELECT DISTINCT owner_department_id, state FROM request_line")).all()
    assert [tuple(row) for row in owners] == [(data, "rejected")]


def test_the_last_approval_against_taking_another_back(services: Services, world: World, race: Race) -> None:
    """Either all opens and nothing is taken back, or one approval is taken back and nothing opens."""
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    outcomes = race.run(
        world.wang.official_id,
        lambda: approve(services, world, CASES, lines[CASES]),
        lambda: services.approving.retracting.retract(world.li.actor(), lines[REGISTER], 2, "not_needed"),
    )
    _decisions, grants = counts(services)
    assert isinstance(outcomes[0], Decided)
    if isinstance(outcomes[1], Conflict):
        assert (outcomes[1].code, grants) == ("line_not_held_back", 2)
    else:
        assert grants == 0


def test_withdrawing_the_item_against_withdrawing_the_line(services: Services, world: World, race: Race) -> None:
    """What is waited for is taken back while the item of what waits goes: nothing stays open of it, and the line is withdrawn."""
    lines = ask_jointly(services, world)
    approve(services, world, CASES, lines[CASES])

    def withdraw_item() -> None:
        services.subsystems.withdraw_item(world.system_admin.actor(), world.items[CASES], "不再提供")

    withdraw = race.run_beside(
        world.wang.official_id, [lambda: services.access.withdraw(world.wang.actor(), lines[REGISTER], 1)], withdraw_item
    )[0]
    assert isinstance(withdraw, Withdrawn)
    assert withdraw.not_opened is not None
    assert counts(services)[1] == 0


def test_a_blocked_line_let_on_against_its_withdrawal(services: Services, world: World, race: Race) -> None:
    in_force(services, world, "apart", REGISTER, ACCEPT)
    line_id = ask(services, world).line_id

    def give() -> None:
        excepted(services, world, world.wang, "apart")

    outcomes = race.run(
        world.wang.official_id,
        give,
        lambda: services.access.withdraw(world.wang.actor(), line_id, 1),
    )
    assert not isinstance(outcomes[0], GovcloudError)
    db.session.remove()
    state = services.access_queries.line(world.wang.actor(), line_id).state
    assert state is (LineState.WITHDRAWN if isinstance(outcomes[1], Withdrawn) else LineState.PENDING)
