"""Threads and processes decide without a pause while policies are swapped, grants, roles and labels come and go: no wrong answer.

What is right is told by the epoch: an answer that states epoch *e* is that of the state which *e* made, or of one that a later change had
begun to make before the answer was out. No answer states an epoch older than a change that had come back before it was asked (from a
replica: longer before than the bound), or than the change that it was told to have seen.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.changes import FunctionChange
from tests.factories.hammering import Asked, Crowd, Work, crowd, machines
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, XIHU, YUHANG, World

READ, GUIDE = "housing:register:read", "housing:guide:read"
OPERATOR = Actor.system("operator")
#: How many more answers each process gives from the database between two changes.
BETWEEN = 6
#: Seconds that a replica may be old; its keeper writes four heartbeats a second.
BOUND = 1.0
BARRED = """
roles:
  housing_clerk:
    name: 住房保障经办
    rules:
      - deny: housing:register:read
      - allow: housing:guide:read
"""


@dataclass
class State:
    """What the answers are from a change on: the epoch that it made, and the span of time in which it was made."""

    epoch: int
    right: dict[str, bool]
    begun: int
    ended: int


@dataclass
class Storm:
    """Changes one after the other, each with what the answers are from then on."""

    services: Services
    world: World
    clock: ManualClock
    settle: Callable[[int], None]
    """Lets everybody answer after a change of that epoch."""
    right: dict[str, bool] = field(
        default_factory=lambda: {"clerk": True, "lent": False, "elsewhere": False, "helper": False, "guide": True}
    )
    states: list[State] = field(default_factory=list)

    def begin(self) -> None:
        """Take down what is so before anything changes."""
        self.states.append(State(self._epoch(), dict(self.right), 0, 0))
        self.settle(self.states[0].epoch)

    def change(self, run: Callable[[], Any], **becomes: bool) -> Any:  # noqa: ANN401 - what the command gives
        """Make a change, note what the answers are from then on, and let everybody answer."""
        self.clock.advance(timedelta(milliseconds=1))
        self.right.update(becomes)
        state = State(0, dict(self.right), time.monotonic_ns(), 0)
        came = run()
        state.ended = time.monotonic_ns()
        state.epoch = self._epoch()
        self.states.append(state)
        self.settle(state.epoch)
        return came

    def round(self) -> None:
        """Change everything that decisions hang on, and change it back."""
        authorization, wang, li = self.services.authorization, self.world.wang, self.world.li
        grant = NewGrant(
            wang.official_id, wang.appointment_id, "housing", READ, self.clock.now(), self.clock.now() + timedelta(days=5), Scope((XIHU,))
        )
        opened = province_policy()
        self.change(partial(install, self.services, opened.extended_by(BARRED, "barred")), clerk=False)
        helping = self.change(partial(authorization.assign_role, SEED, li.official_id, "housing_clerk", reason="借调"))
        grant_id = self.change(partial(authorization.open_grant, SEED, grant), lent=True)
        self.change(partial(install, self.services, opened), clerk=True, helper=True)
        self.change(partial(self._label, 4), guide=False)
        self.change(partial(authorization.close_grant, SEED, grant_id, "办结"), lent=False)
        self.change(partial(authorization.end_assignment, self.world.security_admin.actor(), helping, "借调结束"), helper=False)
        self.change(partial(self._label, 0), guide=True)

    def _label(self, label: int) -> None:
        view = self.services.subsystem_queries.function(GUIDE)
        assert view is not None
        change = FunctionChange(view.name, view.description, view.sensitive, view.integration_level, view.basis_note, label)
        self.services.subsystems.change_function(self.world.people["HEWEI"].actor(), GUIDE, change, "定级")

    def _epoch(self) -> int:
        self.services.uow.read().rollback()
        epoch = self.services.authorization.decide(Question(READ, self.world.wang.appointment_id)).epoch
        self.services.uow.read().rollback()
        return epoch


def asked(world: World) -> dict[str, Question]:
    chen, wang = world.people["CHENJIE"], world.wang
    return {
        "clerk": Question(READ, chen.appointment_id, resource={"division": XIHU}),
        "lent": Question(READ, wang.appointment_id, resource={"division": XIHU}),
        "elsewhere": Question(READ, wang.appointment_id, resource={"division": YUHANG}),
        "helper": Question(READ, world.li.appointment_id),
        "guide": Question(GUIDE, chen.appointment_id),
    }


def behind(clock: ManualClock) -> datetime:
    """Return a moment behind every change that will be made: for whoever asks, what has been written by then has begun."""
    return clock.now() + timedelta(hours=1)


def judge(asking: Crowd, storm: Storm, bound: float) -> list[Asked]:
    """See that no answer was wrong, and that each question had every answer that it ever should; return the answers."""
    answers = [answer for mine in asking.answers for answer in mine]
    assert [found for answer in answers if (found := _wrong(answer, storm.states, bound)) is not None] == []
    told = {(answer.question, answer.allowed) for answer in answers}
    assert told == {(question, allowed) for state in storm.states for question, allowed in state.right.items()}
    return answers


def _wrong(answer: Asked, states: Sequence[State], bound: float) -> str | None:
    """Return what is wrong with an answer, if anything is."""
    since = answer.begun - int(bound * 1e9)
    if answer.epoch < max(state.epoch for state in states if state.ended == 0 or state.ended <= since):
        return f"{answer} is older than a change that had come back"
    if answer.least is not None and answer.epoch < answer.least:
        return f"{answer} is older than it was told to be"
    first = max(place for place, state in enumerate(states) if state.epoch <= answer.epoch)
    last = max(place for place, state in enumerate(states) if state.begun <= answer.ended)
    possible = {state.right[answer.question] for state in states[first : last + 1]}
    return None if answer.allowed in possible else f"{answer}: only {possible} would be right"


def test_no_wrong_answer_from_the_database_while_everything_changes(
    services: Services, world: World, settings: Settings, clock: ManualClock
) -> None:
    works = [Work(settings, behind(clock), asked(world), threads=2)] * 2
    storm = Storm(services, world, clock, lambda _epoch: asking.wait_for_more(BETWEEN))
    with crowd(works) as asking:
        storm.begin()
        storm.round()
    answers = judge(asking, storm, 0)
    assert {answer.epoch for answer in answers} >= {state.epoch for state in storm.states}, "a state in which nobody asked"


@dataclass
class Province:
    """Two machines of one database, with processes on each of them that ask."""

    storm: Storm
    asking: Crowd
    nodes: list[Any]


@contextmanager
def province(services: Services, world: World, settings: Settings, clock: ManualClock, folder: Path) -> Iterator[Province]:
    now = behind(clock)
    with machines(settings, now, [folder / "first", folder / "second"], BOUND) as nodes:
        works = [Work(node.settings, now, asked(world), threads=2, machine=number) for number, node in enumerate(nodes)]
        with crowd(works) as asking:
            storm = Storm(services, world, clock, lambda epoch: asking.wait_for_epoch(epoch, (0, 1)))
            storm.begin()
            yield Province(storm, asking, nodes)


def test_no_wrong_answer_from_the_replicas_of_two_machines(
    services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    with province(services, world, settings, clock, tmp_path) as found:
        found.storm.round()
    judge(found.asking, found.storm, BOUND)


def test_a_machine_that_is_cut_off_is_right_within_the_bound(
    services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    with province(services, world, settings, clock, tmp_path) as found:
        install_barred = partial(install, services, province_policy().extended_by(BARRED, "barred"))
        with found.nodes[1].cut_off():
            # Its workers answer of this only from the database, once their replica is too old for them.
            found.storm.change(install_barred, clerk=False)
        found.storm.change(partial(install, services, province_policy()), clerk=True)
    assert [wrong for mine in found.asking.answers for answer in mine if (wrong := _wrong(answer, found.storm.states, BOUND))] == []


@pytest.mark.clients
def test_many_rounds_with_machines_that_come_and_go(
    services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    with province(services, world, settings, clock, tmp_path) as found:
        for number in range(12):
            with found.nodes[number % 2].cut_off():
                found.storm.round()
            found.storm.round()
    answers = judge(found.asking, found.storm, BOUND)
    assert len(answers) > 10_000
