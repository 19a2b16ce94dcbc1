"""Threads and processes decide without a pause while policies are swapped and grants are given and taken: no wrong answer.

What is right is told by the epoch: an answer that states epoch *e* is that of the state which *e* made, or of one that a later change had
begun to make before the answer was out. And no answer states an epoch older than a change that had come back when it was asked.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from typing import Any

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.decisions import Question
from govcloud.authorization.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.hammering import Asked, crowd
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, XIHU, YUHANG, World

READ = "housing:register:read"
OPERATOR = Actor.system("operator")
PROCESSES, THREADS = 2, 2
#: Rounds of four changes each, and how many more answers each process gives between two of them.
ROUNDS, BETWEEN = 2, 6
BARRED = "roles: {housing_clerk: {name: 住房保障经办, rules: [{deny: 'housing:register:read'}]}}"


@dataclass
class State:
    """What the answers are from a change on: the epoch that it made, and the span of time in which it was made."""

    epoch: int
    right: dict[str, bool]
    begun: int
    ended: int


def test_no_wrong_answer_while_everything_changes(services: Services, world: World, settings: Settings, clock: ManualClock) -> None:
    chen, wang, now = world.people["CHENJIE"], world.wang, clock.now()
    questions = {
        "clerk": Question(READ, chen.appointment_id, resource={"division": XIHU}),
        "lent": Question(READ, wang.appointment_id, resource={"division": XIHU}),
        "elsewhere": Question(READ, wang.appointment_id, resource={"division": YUHANG}),
    }
    authorization = services.authorization
    opened = province_policy()
    barred = opened.extended_by(BARRED, "barred")
    grant = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    right = {"clerk": True, "lent": False, "elsewhere": False}
    states = [State(_epoch(services, world), dict(right), 0, 0)]

    def change(run: Callable[[], Any], **becomes: bool) -> Any:  # noqa: ANN401 - what the command gives
        """Make a change, note what the answers are from then on, and let everybody answer."""
        clock.advance(timedelta(milliseconds=1))
        right.update(becomes)
        state = State(0, dict(right), time.monotonic_ns(), 0)
        came = run()
        state.ended = time.monotonic_ns()
        state.epoch = _epoch(services, world)
        states.append(state)
        asking.wait_for_more(BETWEEN)
        return came

    # Behind every change that will be made: for whoever asks, what has been written by then has begun.
    with crowd(settings, now + timedelta(hours=1), questions, processes=PROCESSES, threads=THREADS) as asking:
        asking.wait_for_more(BETWEEN)
        for _ in range(ROUNDS):
            change(partial(install, services, barred), clerk=False)
            grant_id = change(partial(authorization.open_grant, SEED, grant), lent=True)
            change(partial(install, services, opened), clerk=True)
            change(partial(authorization.close_grant, SEED, grant_id, "办结"), lent=False)
    answers = [answer for mine in asking.answers for answer in mine]
    assert [found for answer in answers if (found := _wrong(answer, states)) is not None] == []
    told = {(answer.question, answer.allowed) for answer in answers}
    assert told == {("clerk", True), ("clerk", False), ("lent", True), ("lent", False), ("elsewhere", False)}
    assert {answer.epoch for answer in answers} >= {state.epoch for state in states}, "a state in which nobody asked"


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
