"""A new policy comes in beside the old one: who asks is neither held up by it nor answered by the one before."""

from __future__ import annotations

import gc
import threading
import time
import weakref
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import NullPool, create_engine
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from govcloud.authorization.answers.checking import MOST_CHECKS
from govcloud.authorization.answers.service import Asked, Subjected
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.deciding.facts import DecisionFacts, PolicyRoles
from govcloud.authorization.deciding.live import MOST_FUNCTIONS
from govcloud.authorization.policies.document import RuleSpec
from govcloud.authorization.replica.looking import ReplicaLook
from govcloud.authorization.replica.reading import Replica
from govcloud.authorization.subjects.snapshot import door_of
from govcloud.entrypoints.authzen.batches import MOST_EVALUATIONS
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied, Unavailable
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.keeping import Kept, everyone, keeping, questions
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, XIHU, YUHANG, World

READ = "housing:register:read"
BARRED = "roles: {housing_clerk: {name: 住房保障经办, rules: [{deny: 'housing:register:read'}]}}"
PATIENCE = 30
Beside = Callable[[Callable[[], Any]], Future[Any]]


@dataclass
class Workshop:
    """Where policies are made beside the questions: as soon as the gate is open, and not while the way to the database is cut."""

    address: str
    gate: threading.Event = field(default_factory=threading.Event)
    cut: bool = False
    begun: int = 0

    @contextmanager
    def sessions(self) -> Iterator[Session]:
        self.begun += 1
        assert self.gate.wait(PATIENCE), "nobody opened the gate"
        engine = create_engine("postgresql+psycopg://nowhere:1/" if self.cut else self.address, poolclass=NullPool)
        with Session(engine) as session:
            yield session


@pytest.fixture
def workshop(services: Services, settings: Settings) -> Iterator[Workshop]:
    made = Workshop(settings.database_url)
    services.authorization.make_policies_beside(made.sessions)
    yield made
    made.gate.set()
    for thread in threading.enumerate():
        if thread.name == "govcloud policy":
            thread.join(PATIENCE)


def live(services: Services) -> Any:  # noqa: ANN401 - the engines of the services' own decider
    return services.authorization._decider.live


def clerk(world: World) -> Question:
    return Question(READ, world.people["CHENJIE"].appointment_id, resource={"division": XIHU})


@pytest.fixture
def beside(app: Flask) -> Iterator[Beside]:
    """Return what does something on another thread; all of it is over when the test is."""

    def run(work: Callable[[], Any]) -> Any:  # noqa: ANN401 - what the work gives
        with app.app_context():
            try:
                return work()
            finally:
                db.session.remove()

    with ThreadPoolExecutor(4) as pool:
        yield lambda work: pool.submit(run, work)


def test_nobody_is_held_up_nor_answered_by_the_policy_before(services: Services, world: World, workshop: Workshop) -> None:
    workshop.gate.set()
    assert services.authorization.decide(clerk(world)).allowed
    workshop.gate.clear()
    install(services, province_policy().extended_by(BARRED, "barred"))
    # The gate is shut: the whole engine of the new policy is not there, and yet it is the one that decides.
    assert not services.authorization.decide(clerk(world)).allowed
    assert [decision.allowed for decision in services.authorization.decide_all([clerk(world), clerk(world)])] == [False, False]
    install(services, province_policy())
    assert services.authorization.decide(clerk(world)).allowed
    assert services.authorization.decide(Question(door_of("housing"), world.people["CHENJIE"].appointment_id)).allowed
    assert not workshop.gate.is_set()


def test_a_slice_answers_as_the_whole_does(services: Services, world: World, workshop: Workshop, clock: ManualClock) -> None:
    whole = Decider(services.uow.read, services.identity_queries, services.subsystem_queries, clock)
    asked = questions(services, *everyone(services, clock.now()), ({"division": XIHU}, {"division": YUHANG}))
    for question in asked:
        assert services.authorization.decide(question) == whole.decide(question), question
    assert services.authorization.decide_all(asked[:150]) == whole.decide_all(asked[:150])
    assert live(services)._engines == {}, "it was the slices that were asked"


def test_commands_are_decided_meanwhile(services: Services, world: World, workshop: Workshop) -> None:
    with services.uow.begin(SEED, "govcloud:grant:close"):
        pass
    with pytest.raises(Denied), services.uow.begin(world.wang.actor(), "govcloud:grant:close"):
        pass
    assert live(services)._engines == {}


def test_who_needs_the_whole_waits_for_it(services: Services, world: World, beside: Beside, workshop: Workshop) -> None:
    place = world.people["CHENJIE"].appointment_id
    waiting = beside(lambda: services.authorization_queries.open_functions(place))
    assert services.authorization.decide(clerk(world)).allowed
    assert not waiting.done()
    workshop.gate.set()
    assert READ in waiting.result(PATIENCE)
    assert services.authorization.decide(clerk(world)).allowed
    assert workshop.begun == 1


def test_many_at_once_have_it_made_once(services: Services, world: World, beside: Beside, workshop: Workshop) -> None:
    place = world.people["CHENJIE"].appointment_id
    waiting = [beside(lambda: services.authorization_queries.open_functions(place)) for _ in range(4)]
    workshop.gate.set()
    assert len({one.result(PATIENCE) for one in waiting}) == 1
    assert workshop.begun == 1


def test_what_could_not_be_made_is_tried_again(services: Services, world: World, workshop: Workshop) -> None:
    workshop.cut = True
    workshop.gate.set()
    with pytest.raises(OperationalError):
        services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
    workshop.cut = False
    begun = workshop.begun
    for _ in range(3):
        with pytest.raises(OperationalError):
            services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
        assert services.authorization.decide(clerk(world)).allowed, "a slice is there all the same"
    assert workshop.begun == begun, "not at every question"
    later(services)
    assert READ in services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)


def later(services: Services) -> None:
    """Let a second pass for who tries again."""
    passed = time.monotonic() + 1
    live(services)._counter = lambda: passed


@pytest.mark.parametrize("broken", ["thread", "session"])
def test_what_could_not_even_begin_is_tried_again(
    services: Services, world: World, workshop: Workshop, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    def fail(*_: object) -> Any:  # noqa: ANN401 - it never returns
        raise RuntimeError("can't start new thread")

    workshop.gate.set()
    with monkeypatch.context() as patched:
        if broken == "thread":
            patched.setattr(threading.Thread, "start", fail)
        else:
            patched.setattr(live(services), "_sessions", fail)
        with pytest.raises(RuntimeError):
            services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
        assert services.authorization.decide(clerk(world)).allowed
    later(services)
    assert READ in services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)


def test_nobody_waits_for_ever(services: Services, world: World, workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("govcloud.authorization.deciding.live._PATIENCE", 0.01)
    with pytest.raises(Unavailable) as refused:
        services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
    assert refused.value.code == "inputs_away"


def test_one_question_that_is_stuck_reading_stops_no_other(
    services: Services, world: World, workshop: Workshop, beside: Beside, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, stuck, free = DecisionFacts.policy_roles, threading.Event(), threading.Event()

    def first_is_stuck(facts: DecisionFacts, version_id: UUID) -> PolicyRoles:
        if not stuck.is_set():
            stuck.set()
            assert free.wait(PATIENCE)
        return reads(facts, version_id)

    monkeypatch.setattr(DecisionFacts, "policy_roles", first_is_stuck)
    held_up = beside(lambda: services.authorization.decide(clerk(world)))
    assert stuck.wait(PATIENCE)
    try:
        assert services.authorization.decide(clerk(world)).allowed
        assert not held_up.done()
    finally:
        free.set()
    assert held_up.result(PATIENCE).allowed


@pytest.mark.parametrize("function", ["housing:\x00:x", "\ud800", "", "x" * 10_000, "Housing:Register:Read"])
def test_what_is_no_function_reaches_no_statement(services: Services, world: World, workshop: Workshop, function: str) -> None:
    question = Question(function, world.people["CHENJIE"].appointment_id)
    assert services.authorization.decide(question).code is Reason.UNKNOWN_FUNCTION
    assert [one.allowed for one in services.authorization.decide_all([question, clerk(world)])] == [False, True]
    assert live(services)._engines == {}, "it was slices that were asked"


def test_no_batch_is_so_large_that_it_waits_for_the_whole() -> None:
    assert max(MOST_EVALUATIONS, MOST_CHECKS) <= MOST_FUNCTIONS


def test_what_needs_the_whole_is_answered_by_inputs_taken_after_it_was_there(
    world: World, workshop: Workshop, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept.decider.live.make_beside(workshop.sessions)
    looks: list[bool] = []
    look = Replica.look

    def noted(replica: Replica, min_epoch: int | None) -> ReplicaLook | None:
        looks.append(bool(kept.decider.live._engines))
        return look(replica, min_epoch)

    monkeypatch.setattr(Replica, "look", noted)
    db.session.remove()
    workshop.gate.set()
    assert READ in kept.decider.open_functions(world.people["CHENJIE"].appointment_id)
    assert looks == [False, True]


def test_a_question_about_the_past_reads_the_rules_that_it_asks_about_and_keeps_the_whole(
    services: Services, world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = clock.now()
    clock.advance(timedelta(minutes=1))
    for document in (province_policy().extended_by(BARRED, "barred"), province_policy()):
        install(services, document)
        services.authorization_queries.policy()
    asked: list[frozenset[str] | None] = []
    rules = DecisionFacts.policy_rules

    def noted(facts: DecisionFacts, at: datetime, functions: frozenset[str] | None = None) -> list[RuleSpec]:
        asked.append(functions)
        return rules(facts, at, functions)

    monkeypatch.setattr(DecisionFacts, "policy_rules", noted)
    chen = world.people["CHENJIE"]
    answers = services.authorization_queries.answers
    one = Asked(READ, {"division": XIHU})
    [found] = answers.check([Subjected(chen.official_id, chen.appointment_id, one)], at=before)
    assert found.decision.allowed
    assert asked == [frozenset({READ, "housing:*"})]
    asked.clear()
    for _ in range(3):
        assert answers.explain(chen.official_id, chen.appointment_id, one, at=before).decision.allowed
    assert asked == [None]


def test_a_policy_that_is_not_yet_committed_is_read_by_its_own_transaction(services: Services, world: World, workshop: Workshop) -> None:
    workshop.gate.set()
    with services.uow.begin(SEED, "govcloud:platform:seed"):
        install(services, province_policy().extended_by(BARRED, "barred"))
        assert not services.authorization.decide(clerk(world)).allowed
        assert READ not in services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
    assert not services.authorization.decide(clerk(world)).allowed


def test_after_a_fork_the_child_makes_its_own(services: Services, world: World, workshop: Workshop) -> None:
    assert services.authorization.decide(clerk(world)).allowed
    [coming] = live(services)._coming.values()
    coming.collects = True
    gc.disable()
    live(services)._forget()  # what a fork calls in the child, to which the parent's threads did not come
    assert gc.isenabled(), "a build of the parent had let it rest"
    assert services.authorization.decide(clerk(world)).allowed
    workshop.gate.set()
    assert READ in services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
    assert workshop.begun == 2


@pytest.fixture
def kept(services: Services, settings: Settings, clock: ManualClock, tmp_path: Path) -> Iterator[Kept]:
    with keeping(services, settings, clock, tmp_path) as found:
        yield found


def test_the_replica_is_answered_by_the_new_policy_as_soon_as_it_says_so(
    services: Services, world: World, workshop: Workshop, kept: Kept
) -> None:
    kept.decider.live.make_beside(workshop.sessions)
    workshop.gate.set()
    kept.decider.policy()
    workshop.gate.clear()
    db.session.remove()
    install(services, province_policy().extended_by(BARRED, "barred"))
    assert kept.decide(clerk(world)).allowed, "the keeper has not been there yet"
    newest = services.authorization.decide(clerk(world)).epoch
    who_knows = clerk(world)
    who_knows = Question(who_knows.function, who_knows.appointment_id, resource=who_knows.resource, min_epoch=newest)
    told = kept.decider.decide(who_knows)
    assert (told.allowed, told.epoch) == (False, newest)
    db.session.remove()
    kept.step()
    told = kept.decide(clerk(world))
    assert (told.allowed, told.epoch) == (False, newest)


def test_without_a_database_there_is_no_new_policy_and_no_answer(world: World, kept: Kept) -> None:
    away = Session(create_engine("postgresql+psycopg://127.0.0.1:1/nothing", poolclass=NullPool))
    kept.decider.facts._read = lambda: away
    with pytest.raises(Unavailable) as refused:
        kept.decide(clerk(world))
    assert refused.value.code == "inputs_away"


def test_an_old_policy_goes_as_soon_as_nobody_decides_by_it(services: Services, world: World, workshop: Workshop) -> None:
    workshop.gate.set()
    first = weakref.ref(services.authorization_queries.policy())
    gc.collect()
    gc.disable()
    try:
        for document in (province_policy().extended_by(BARRED, "barred"), province_policy()):
            db.session.remove()
            install(services, document)
            db.session.remove()
            services.authorization_queries.open_functions(world.people["CHENJIE"].appointment_id)
        for thread in threading.enumerate():
            if thread.name == "govcloud policy":
                thread.join(PATIENCE)
        assert not gc.isenabled(), "who let it rest wakes it"
        assert first() is None, "it is in a circle, and two policies of a province are a hundred megabytes"
    finally:
        gc.enable()
