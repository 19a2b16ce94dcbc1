"""A clock that is not the database's is not decided by, and a clock that somebody sets is noticed at once."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError

from govcloud.authorization.answers.service import Answers, Asked, Subjected
from govcloud.authorization.around.clock_watch import ClockWatch
from govcloud.authorization.deciding.authorizer import EngineAuthorizer
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.deciding.explaining import Explaining
from govcloud.authorization.subjects.snapshot import instant
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Unavailable
from govcloud.services import Services
from tests.conftest import START
from tests.factories.world import SEED, World

BOUND = timedelta(seconds=2)
CASES = "assistance:case:read"


@dataclass
class Machine:
    """A machine whose clock can be set, a counter that only passes, and a database that can be away."""

    clock: ManualClock
    database: datetime
    passed: int = 0
    away: bool = False
    asked: int = 0
    takes: timedelta = timedelta(0)
    takes_when_away: timedelta = timedelta(0)

    def time(self) -> datetime:
        self.asked += 1
        if self.away:
            self.clock.advance(self.takes_when_away)
            raise OperationalError("SELECT", {}, Exception("away"))
        self.clock.advance(self.takes)
        return self.database

    def passes(self, by: timedelta) -> None:
        self.clock.advance(by)
        self.database += by
        self.passed += by // timedelta(microseconds=1)


@pytest.fixture
def machine() -> Machine:
    return Machine(ManualClock(START), START)


@pytest.fixture
def watch(machine: Machine) -> ClockWatch:
    return ClockWatch(machine.clock, machine.time, BOUND, lambda: machine.passed)


def refusal(watch: ClockWatch) -> str | None:
    try:
        watch.check()
    except Unavailable as error:
        return error.code
    return None


@pytest.mark.parametrize(
    ("off", "code"), [(0, None), (1.9, None), (-1.9, None), (2.1, "clock_astray"), (-2.1, "clock_astray"), (86_400, "clock_astray")]
)
def test_the_bound_holds_on_both_sides(watch: ClockWatch, machine: Machine, off: float, code: str | None) -> None:
    machine.clock.advance(timedelta(seconds=off))
    assert refusal(watch) == code


def test_a_slow_answer_of_the_database_is_not_held_against_the_clock(watch: ClockWatch, machine: Machine) -> None:
    machine.takes = timedelta(seconds=9)
    assert refusal(watch) is None


def test_a_slow_answer_is_believed_only_until_the_next(machine: Machine) -> None:
    # The machine's seconds pass with its clock, as they do while the database takes its time.
    watch = ClockWatch(machine.clock, machine.time, BOUND, lambda: instant(machine.clock.now()))
    machine.takes = timedelta(seconds=9)
    machine.clock.advance(timedelta(seconds=-5))
    assert refusal(watch) is None, "it may be right"
    assert refusal(watch) is None
    assert machine.asked == 1, "from the answer on, not from the question"
    machine.takes = timedelta(0)
    machine.clock.advance(timedelta(seconds=1))
    assert refusal(watch) == "clock_astray"


def test_a_database_that_takes_long_to_be_away_is_not_asked_by_every_question(machine: Machine) -> None:
    watch = ClockWatch(machine.clock, machine.time, BOUND, lambda: instant(machine.clock.now()))
    assert refusal(watch) is None
    machine.away, machine.takes_when_away = True, timedelta(seconds=5)
    machine.clock.advance(timedelta(minutes=30))
    for _ in range(3):
        assert refusal(watch) is None
    assert machine.asked == 2


def test_the_database_is_asked_seldom(watch: ClockWatch, machine: Machine) -> None:
    for _ in range(5):
        assert refusal(watch) is None
        machine.passes(timedelta(minutes=2))
    assert machine.asked == 1
    machine.passes(timedelta(minutes=1))
    assert refusal(watch) is None
    assert machine.asked == 2


def test_a_clock_that_is_set_is_noticed_at_once_and_so_is_one_that_is_set_right(watch: ClockWatch, machine: Machine) -> None:
    assert refusal(watch) is None
    machine.clock.advance(timedelta(hours=-1))
    assert refusal(watch) == "clock_astray"
    machine.clock.advance(timedelta(hours=1))
    assert refusal(watch) is None


def test_a_drift_that_nobody_set_is_found_at_the_next_comparison(watch: ClockWatch, machine: Machine) -> None:
    assert refusal(watch) is None
    machine.database += timedelta(seconds=5)
    assert refusal(watch) is None
    machine.passes(timedelta(minutes=11))
    assert refusal(watch) == "clock_astray"
    machine.database -= timedelta(seconds=5)
    assert refusal(watch) == "clock_astray", "asked a moment ago"
    machine.passes(timedelta(seconds=1))
    assert refusal(watch) is None


def test_without_the_database_an_untouched_clock_is_believed_and_a_set_one_is_not(watch: ClockWatch, machine: Machine) -> None:
    assert refusal(watch) is None
    machine.away = True
    machine.passes(timedelta(minutes=30))
    assert refusal(watch) is None
    asked = machine.asked
    assert refusal(watch) is None
    assert machine.asked == asked, "not at every question"
    machine.clock.advance(timedelta(seconds=1))
    assert refusal(watch) == "inputs_away"
    machine.away = False
    machine.passes(timedelta(seconds=1))
    assert refusal(watch) is None


def test_a_clock_that_was_never_compared_is_not_believed(watch: ClockWatch, machine: Machine) -> None:
    machine.away = True
    assert refusal(watch) == "inputs_away"


@pytest.mark.parametrize("off", [timedelta(seconds=-30), timedelta(seconds=30)])
def test_a_node_astray_decides_nothing_and_changes_nothing(services: Services, world: World, off: timedelta) -> None:
    def database_time() -> datetime:
        return services.uow.read().execute(select(func.clock_timestamp().label("at"))).one().at  # type: ignore[no-any-return]

    clock = ManualClock(database_time() + off)
    decider = Decider(
        services.uow.read,
        services.identity_queries,
        services.subsystem_queries,
        clock,
        watch=ClockWatch(clock, database_time, BOUND, lambda: instant(clock.now())),
    )
    question = Question(CASES, world.wang.appointment_id)
    answers = Answers(services.uow.read, decider, Explaining(services.uow.read, decider))
    wang = (world.wang.official_id, world.wang.appointment_id)
    for ask in (
        lambda: decider.decide(question),
        lambda: decider.decide_all([question]),
        lambda: decider.open_functions(world.wang.appointment_id),
        lambda: answers.list_people(CASES, {}, {}),
        lambda: answers.count_people(CASES, {}, {}),
        lambda: answers.list_functions(*wang, "assistance", {}, {}),
        lambda: answers.check([Subjected(*wang, Asked(CASES))]),
        lambda: answers.explain(*wang, Asked(CASES)),
        lambda: EngineAuthorizer(decider).authorize(services.uow.read(), SEED, "govcloud:grant:close", None, clock.now()),
    ):
        with pytest.raises(Unavailable) as refused:
            ask()
        assert refused.value.code == "clock_astray"
