"""Who is called about a line is exactly who has it in the inbox, whatever offices, delegations, claims and answers there are."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from govcloud.access.deciding.called import Called
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.access.lifecycle import WAITING
from govcloud.access.models import RequestLine
from govcloud.authorization.commands import NewAssignment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from tests.factories.deciders import end_offices, escalate, give_office, set_tier
from tests.factories.requests import ask
from tests.factories.world import SEED, Person, World

LOGINS = ("WANGFANG", "LIQIANG", "QIANWEI", "ZHAOMIN", "SUNLI", "CHENJIE", "HEWEI", "SHANXUEMEI")
PLACES = ("government", "housing", "housing", "civil_affairs", "xihu")
TIERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("one", {}),
    ("quorum", {"needed": 2}),
    ("two_units", {}),
    ("serial", {"steps": [{"kind": "owner", "needed": 1}, {"kind": "superior", "needed": 1}]}),
)
people, places = st.sampled_from(LOGINS), st.sampled_from(PLACES)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("office"), people, places, st.sampled_from(("senior_admin", "senior_admin", "deputy_senior_admin"))),
        st.tuples(st.just("everywhere"), people),
        st.tuples(st.just("leave"), people),
        st.tuples(st.just("lend"), people, people, st.booleans()),
        st.tuples(st.just("tier"), st.sampled_from(range(len(TIERS)))),
        st.tuples(st.just("ask"), people),
        st.tuples(st.just("ask"), people),
        st.tuples(st.just("escalate"), st.integers(0, 3)),
        st.tuples(st.just("claim"), people),
        st.tuples(st.just("reassign"), people, people),
        st.tuples(st.just("approve"), people),
        st.tuples(st.just("wait"), st.sampled_from((1, 9))),
    ),
    min_size=4,
    max_size=14,
)


def waiting(services: Services) -> list[UUID]:
    """Return the lines that wait."""
    db.session.remove()
    return list(services.uow.read().scalars(select(RequestLine.id).where(RequestLine.state.in_(WAITING)).order_by(RequestLine.id)))


def inboxes(services: Services, world: World) -> dict[UUID, set[UUID]]:
    """Return in whose inbox each line that waits stands."""
    found: dict[UUID, set[UUID]] = {key: set() for key in waiting(services)}
    for login in world.people:
        person = world.people[login]
        for entry in services.access_queries.inbox(person.actor(), limit=100).entries:
            found[entry.line_id].add(person.official_id)
    return found


def who(services: Services) -> dict[UUID, set[UUID]]:
    """Return who is called about each line that waits."""
    lines = waiting(services)
    called = Called(services.access.facts).of(services.uow.read(), lines, services.clock.now())
    return {key: set(called.get(key, ())) for key in lines}


class Play:
    """Does one step after another; what the platform refuses has not happened."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        self.services, self.world, self.clock = services, world, clock

    def do(self, step: tuple[Any, ...]) -> None:
        """Do a step."""
        try:
            getattr(self, step[0])(*step[1:])
        except GovcloudError:
            db.session.remove()

    def newest(self) -> UUID | None:
        """Return the line that was asked for last of those that wait."""
        return max(waiting(self.services), default=None)

    def office(self, login: str, place: str, role: str) -> None:
        give_office(self.services, self.world, login, place, role)

    def everywhere(self, login: str) -> None:
        person = self.world.people[login]
        self.services.authorization.assign_roles(
            SEED, [NewAssignment(person.official_id, "senior_admin", person.appointment_id, reason="岗位职责")]
        )

    def leave(self, login: str) -> None:
        end_offices(self.services, self.world, self.world.people[login])

    def lend(self, login: str, to: str, away: bool) -> None:  # noqa: FBT001 - as it is drawn
        now = self.clock.now()
        new = NewDelegation(self.world.people[to].appointment_id, now, now + timedelta(days=3), "出差", out_of_office=away)
        self.services.approving.delegating.delegate(self.world.people[login].actor(), new)

    def tier(self, number: int) -> None:
        set_tier(self.services, self.world, *TIERS[number])

    def ask(self, login: str) -> None:
        ask(self.services, self.world, self.world.people[login])

    def escalate(self, level: int) -> None:
        if line_id := self.newest():
            escalate(self.services, line_id, level)

    def claim(self, login: str) -> None:
        if line_id := self.newest():
            self.services.approving.handling.claim(self.world.people[login].actor(), line_id)

    def reassign(self, login: str, to: str) -> None:
        if line_id := self.newest():
            handling, person = self.services.approving.handling, self.world.people[to]
            handling.reassign(self.world.people[login].actor(), line_id, person.official_id, "急件")

    def approve(self, login: str) -> None:
        if line_id := self.newest():
            self.services.access.approve(self.world.people[login].actor(), line_id, 1)

    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))


def test_the_called_are_those_in_whose_inbox_a_line_is(services: Services, world: World, clock: ManualClock) -> None:
    play, seen = Play(services, world, clock), {"lines": 0, "many": 0, "nobody": 0}

    def fresh() -> None:
        """Begin an example where nothing waits, as the offices of the story have it."""
        for line_id in waiting(services):
            line = services.uow.read().get_one(RequestLine, line_id)
            owner = next(person for person in world.people.values() if person.official_id == line.beneficiary_official_id)
            services.access.withdraw(owner.actor(), line_id, line.version)
        for login in LOGINS:
            play.do(("leave", login))
            for view in services.approving.delegating.of(world.people[login].official_id):
                if view.ended_at is None:
                    services.approving.delegating.end(world.people[login].actor(), view.id)
        for login in ("LIQIANG", "QIANWEI"):
            play.do(("office", login, "housing", "senior_admin"))
        play.do(("tier", 0))

    # All examples play in one database, so one that failed is not made smaller by playing others.
    @settings(max_examples=25, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def holds(steps: list[tuple[Any, ...]]) -> None:
        fresh()
        for step in steps:
            play.do(step)
        inbox, called = inboxes(services, world), who(services)
        assert called == inbox, (_named(world, called), _named(world, inbox))
        seen["lines"] += len(inbox)
        seen["many"] += sum(len(people) > 1 for people in inbox.values())
        seen["nobody"] += sum(not people for people in inbox.values())

    holds()
    assert seen["lines"] > 20
    assert seen["many"] > 5


def _named(world: World, found: dict[UUID, set[UUID]]) -> list[list[str]]:
    names = {person.official_id: login for login, person in world.people.items()}
    return [sorted(names[one] for one in people) for people in found.values()]


# What that was found to be wrong about


@pytest.fixture
def asked(services: Services, world: World) -> partial[list[str]]:
    """Give who is asked about the one line that waits, by inbox and by rule, which say the same."""

    def names() -> list[str]:
        [inbox], [called] = _named(world, inboxes(services, world)), _named(world, who(services))
        assert inbox == called
        return inbox

    return partial(names)


def test_who_stands_below_the_beneficiary_is_not_asked(services: Services, world: World, asked: partial[list[str]]) -> None:
    """李强 asks; 钱伟 of the same department, one rank lower, has no say, and is not told that it waits for him."""
    give_office(services, world, "SHANXUEMEI", "government")
    ask(services, world, world.li)
    assert asked() == ["SHANXUEMEI"]


def test_a_subordinate_is_not_asked_beside_others_who_are(services: Services, world: World, asked: partial[list[str]]) -> None:
    give_office(services, world, "SHANXUEMEI", "housing")
    ask(services, world, world.li)
    assert asked() == ["SHANXUEMEI"]


def test_a_lender_who_stands_below_lends_nothing(services: Services, world: World, clock: ManualClock, asked: partial[list[str]]) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    now = clock.now()
    lent = NewDelegation(world.people["CHENJIE"].appointment_id, now, now + timedelta(days=3), "出差")
    services.approving.delegating.delegate(world.people["QIANWEI"].actor(), lent)
    ask(services, world, world.li)
    assert asked() == ["SHANXUEMEI"]


def test_a_delegate_is_asked_as_well(services: Services, world: World, clock: ManualClock, asked: partial[list[str]]) -> None:
    now = clock.now()
    lent = NewDelegation(world.people["CHENJIE"].appointment_id, now, now + timedelta(days=3), "出差")
    services.approving.delegating.delegate(world.li.actor(), lent)
    ask(services, world)
    assert asked() == ["CHENJIE", "LIQIANG", "QIANWEI"]


def test_a_deputy_who_is_senior_elsewhere_is_not_asked_before_the_clock_says_so(
    services: Services, world: World, asked: partial[list[str]]
) -> None:
    """An office far above lets them answer; it is not why they would be asked."""
    give_office(services, world, "SHANXUEMEI", "government")
    give_office(services, world, "SHANXUEMEI", "housing", "deputy_senior_admin")
    line_id = ask(services, world).line_id
    assert asked() == ["LIQIANG", "QIANWEI"]
    escalate(services, line_id, 2)
    assert asked() == ["LIQIANG", "QIANWEI", "SHANXUEMEI"]


def test_the_nearest_deputies_are_asked(services: Services, world: World, asked: partial[list[str]]) -> None:
    give_office(services, world, "SHANXUEMEI", "government", "deputy_senior_admin")
    line_id = ask(services, world).line_id
    escalate(services, line_id, 2)
    assert asked() == ["LIQIANG", "QIANWEI", "SHANXUEMEI"]
    give_office(services, world, "HEWEI", "housing", "deputy_senior_admin")
    assert asked() == ["HEWEI", "LIQIANG", "QIANWEI"]


def test_who_was_given_a_line_has_it_wherever_they_stand(services: Services, world: World, asked: partial[list[str]]) -> None:
    above = give_office(services, world, "SHANXUEMEI", "government")
    line_id = ask(services, world).line_id
    services.approving.handling.reassign(world.li.actor(), line_id, above.official_id, "请上级决定")
    assert asked() == ["SHANXUEMEI"]


def test_where_nobody_is_left_for_the_second_yes_the_next_above_is_asked(
    services: Services, world: World, asked: partial[list[str]]
) -> None:
    end_offices(services, world, world.people["QIANWEI"])
    give_office(services, world, "SHANXUEMEI", "government")
    set_tier(services, world, "quorum", {"needed": 2})
    line_id = ask(services, world).line_id
    assert asked() == ["LIQIANG"]
    services.access.approve(world.li.actor(), line_id, 1)
    assert asked() == ["SHANXUEMEI"]


def test_a_department_that_agreed_is_not_asked_for_the_second_yes_of_two(
    services: Services, world: World, asked: partial[list[str]]
) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    set_tier(services, world, "two_units")
    line_id = ask(services, world).line_id
    assert asked() == ["LIQIANG", "QIANWEI", "SHANXUEMEI"]
    services.access.approve(world.li.actor(), line_id, 1)
    assert asked() == ["SHANXUEMEI"]


def test_an_office_below_ones_own_wider_one_counts(services: Services, world: World, asked: partial[list[str]]) -> None:
    """孙丽 holds both the government's and the housing department's office: the housing department's lines are hers from the start."""
    for place in ("government", "housing"):
        give_office(services, world, "SUNLI", place)
    ask(services, world)
    assert asked() == ["LIQIANG", "QIANWEI", "SUNLI"]


def test_the_system_itself_has_no_inbox(services: Services, world: World) -> None:
    ask(services, world)
    assert services.access_queries.inbox_count(Actor.system("jobs")) == 0


def test_many_lines_take_as_many_statements_as_one(services: Services, world: World) -> None:
    from tests.factories.browsing import counted  # noqa: PLC0415

    def statements() -> int:
        lines = waiting(services)
        with counted() as found:
            Called(services.access.facts).of(services.uow.read(), lines, services.clock.now())
        return len(found)

    def more(person: Person) -> None:
        ask(services, world, person)

    more(world.wang)
    one = statements()
    for login in ("SUNLI", "SHANXUEMEI", "CHENJIE"):
        more(world.people[login])
    assert statements() == one <= 8
