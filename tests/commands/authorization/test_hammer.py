"""Threads and processes decide without a pause while policies are swapped and grants are given and taken: no wrong answer.

What is right is told by the epoch: an answer that states epoch *e* is that of the state which *e* made, or of one that a later change had
begun to make before the answer was out. And no answer states an epoch older than a change that had come back when it was asked.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.decisions import Question
from govcloud.authorization.scope import Scope
from govcloud.authorization.shipped import baseline
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.world import POLICY, SEED, XIHU, YUHANG, World

READ = "housing:register:read"
OPERATOR = Actor.system("operator")
ROOT = Path(__file__).parents[3]
PROCESSES, THREADS = 2, 2
#: Rounds of four changes each, and how many more answers each process gives between two of them.
ROUNDS, BETWEEN = 2, 3
PATIENCE = 60
BARRED = "roles: {housing_clerk: {name: 住房保障经办, rules: [{deny: 'housing:register:read'}]}}"


@dataclass(frozen=True)
class Asked:
    """One answer."""

    question: str
    allowed: bool
    epoch: int
    begun: int
    ended: int


@dataclass
class State:
    """What the answers are from a change on: the epoch that it made, and the span of time in which it was made."""

    epoch: int
    right: dict[str, bool]
    begun: int
    ended: int


@dataclass
class Crowd:
    """The processes that ask, and what they have answered so far."""

    answers: list[list[Asked]] = field(default_factory=list)
    more: threading.Condition = field(default_factory=threading.Condition)

    def take(self, process: subprocess.Popen[str]) -> None:
        """Take down what a process says."""
        mine: list[Asked] = []
        with self.more:
            self.answers.append(mine)
        assert process.stdout is not None
        for line in process.stdout:
            with self.more:
                mine.append(Asked(*json.loads(line)))
                self.more.notify_all()

    def wait_for_more(self) -> None:
        """Wait until every process has given some more answers."""
        with self.more:
            wanted = [len(mine) + BETWEEN for mine in self.answers]
            met = self.more.wait_for(
                lambda: (
                    len(self.answers) == PROCESSES and all(len(mine) >= least for mine, least in zip(self.answers, wanted, strict=False))
                ),
                PATIENCE,
            )
        assert met, "a process does not answer any more"


@contextmanager
def crowd(settings: Settings, clock: ManualClock, questions: dict[str, Any]) -> Iterator[Crowd]:
    """Let processes ask ``questions``; they end with the block."""
    told = {
        "database_url": settings.database_url.replace("postgresql+psycopg://", "postgresql://"),
        "master_key_file": str(settings.master_key_file),
        # Behind every change that will be made: what has been written by then has begun.
        "now": (clock.now() + timedelta(hours=1)).isoformat(),
        "questions": questions,
        "threads": THREADS,
    }
    found = Crowd()
    command = [sys.executable, "-m", "tests.factories.hammering"]
    with ExitStack() as stack:
        for _ in range(PROCESSES):
            process = stack.enter_context(subprocess.Popen(command, cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
            assert process.stdin is not None
            process.stdin.write(json.dumps(told) + "\n")
            process.stdin.flush()
            reader = threading.Thread(target=found.take, args=(process,))
            reader.start()
            stack.callback(reader.join)
            stack.callback(process.stdin.close)
        yield found


def test_no_wrong_answer_while_everything_changes(services: Services, world: World, settings: Settings, clock: ManualClock) -> None:
    chen, wang, now = world.people["CHENJIE"], world.wang, clock.now()
    questions = {
        "clerk": {"function": READ, "appointment_id": str(chen.appointment_id), "resource": {"division": XIHU}},
        "lent": {"function": READ, "appointment_id": str(wang.appointment_id), "resource": {"division": XIHU}},
        "elsewhere": {"function": READ, "appointment_id": str(wang.appointment_id), "resource": {"division": YUHANG}},
    }
    authorization = services.authorization
    opened = baseline().extended_by(POLICY, "open")
    barred = opened.extended_by(BARRED, "barred")
    grant = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    right = {"clerk": True, "lent": False, "elsewhere": False}
    states = [State(_epoch(services, world), dict(right), 0, 0)]

    def change(run: Callable[[], Any], **becomes: bool) -> Any:  # noqa: ANN401 - what the command gives
        """Make a change, and note what the answers are from then on."""
        clock.advance(timedelta(milliseconds=1))
        right.update(becomes)
        state = State(0, dict(right), time.monotonic_ns(), 0)
        came = run()
        state.ended = time.monotonic_ns()
        state.epoch = _epoch(services, world)
        states.append(state)
        return came

    with crowd(settings, clock, questions) as asking:
        asking.wait_for_more()
        for _ in range(ROUNDS):
            change(partial(authorization.install_policy, OPERATOR, barred), clerk=False)
            asking.wait_for_more()
            grant_id = change(partial(authorization.open_grant, SEED, grant), lent=True)
            asking.wait_for_more()
            change(partial(authorization.install_policy, OPERATOR, opened), clerk=True)
            asking.wait_for_more()
            change(partial(authorization.close_grant, SEED, grant_id, "办结"), lent=False)
            asking.wait_for_more()
    answers = [answer for mine in asking.answers for answer in mine]
    assert [found for answer in answers if (found := _wrong(answer, states)) is not None] == []
    assert {(answer.question, answer.allowed) for answer in answers} == {
        ("clerk", True),
        ("clerk", False),
        ("lent", True),
        ("lent", False),
        ("elsewhere", False),
    }
    assert {answer.epoch for answer in answers} >= {state.epoch for state in states}, "a state that nobody was asked in"


def _epoch(services: Services, world: World) -> int:
    services.uow.read().rollback()
    return services.authorization.decide(Question(READ, world.wang.appointment_id)).epoch


def _wrong(answer: Asked, states: list[State]) -> str | None:
    """Return what is wrong with an answer, if anything is."""
    if answer.epoch < max(state.epoch for state in states if state.ended <= answer.begun):
        return f"{answer} is older than a change that had come back"
    first = max(place for place, state in enumerate(states) if state.epoch <= answer.epoch)
    last = max(place for place, state in enumerate(states) if state.begun <= answer.ended)
    possible = {state.right[answer.question] for state in states[first : last + 1]}
    return None if answer.allowed in possible else f"{answer}: only {possible} would be right"
