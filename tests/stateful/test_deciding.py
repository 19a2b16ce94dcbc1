"""Any sequence of answers, returns, corrections and delegations on lines that two have to agree to, against a model of a few lines."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from govcloud.access.commands import Correction
from govcloud.access.deciding.delegating import NewDelegation
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied
from govcloud.services import Services
from tests.factories.deciders import set_tier
from tests.factories.requests import ask
from tests.factories.world import XIHU, World

#: Who decides → in whose right: 陈杰 holds none and decides in 李强's while it is lent.
PRINCIPALS = {"LIQIANG": "LIQIANG", "QIANWEI": "QIANWEI", "CHENJIE": "LIQIANG"}
NEEDED, MOST_RETURNS = 2, 2


@dataclass
class Line:
    """What the model knows of a line: its round, and who answered in it, in whose right and for how long."""

    id: UUID
    state: str = "pending"
    version: int = 1
    round: int = 1
    answers: dict[str, int] = field(default_factory=dict)
    grant_days: int | None = None

    @property
    def spent(self) -> set[str]:
        """Return everybody who had a part in the round."""
        return {person for who in self.answers for person in (who, PRINCIPALS[who])}


class DecidingMachine(RuleBasedStateMachine):
    """Each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        self.lines: list[Line] = []
        self.lent: UUID | None = None

    @precondition(lambda self: not self.lines or self.lines[-1].state not in {"pending", "returned"})
    @rule()
    def submit(self) -> None:
        # Each for a case of its own: what is held for a case already is not asked for again.
        self.lines.append(Line(ask(self.services, self.world, case_number=f"XH-2026-{len(self.lines):04}").line_id))

    @precondition(lambda self: self.lines)
    @rule(who=st.sampled_from(sorted(PRINCIPALS)), days=st.sampled_from((2, 5, 10)), yes=st.sampled_from((True, True, True, False)))
    def answer(self, who: str, days: int, *, yes: bool) -> None:
        line, access, actor = self.lines[-1], self.services.access, self.world.people[who].actor()
        may = who != "CHENJIE" or self.lent is not None
        waits = line.state == "pending"
        fresh = who not in line.answers and (PRINCIPALS[who] not in line.spent or not yes)
        try:
            if yes:
                done = access.approve(actor, line.id, line.version if waits else line.version - 1, days=days)
            else:
                done = access.reject(actor, line.id, line.version if waits else line.version - 1, "other")
        except Denied:
            assert not may
            return
        except Conflict:
            assert not waits or not fresh
            return
        assert may
        if done.replayed:
            assert line.answers.get(who) == (days if yes else 0)
            return
        assert waits
        assert fresh
        line.answers[who] = days if yes else 0
        if not yes:
            line.state, line.version = "rejected", line.version + 1
        elif sum(1 for given in line.answers.values() if given) == NEEDED:
            line.state, line.version = "approved", line.version + 1
            line.grant_days = min(line.answers.values())
        assert done.state == line.state

    @precondition(lambda self: self.lines)
    @rule(who=st.sampled_from(sorted(PRINCIPALS)))
    def send_back(self, who: str) -> None:
        line = self.lines[-1]
        try:
            self.services.approving.returning.send_back(self.world.people[who].actor(), line.id, line.version, "缺材料")
        except Denied:
            assert who == "CHENJIE"
            assert self.lent is None
        except Conflict:
            assert line.state != "pending" or line.round > MOST_RETURNS
        else:
            assert line.state == "pending"
            assert line.round <= MOST_RETURNS
            line.state, line.version = "returned", line.version + 1

    @precondition(lambda self: self.lines)
    @rule()
    def resubmit(self) -> None:
        line, correction = self.lines[-1], Correction("已补材料", 10, Scope((XIHU,)), "XH-2026-0117")
        try:
            self.services.approving.returning.resubmit(self.world.wang.actor(), line.id, line.version, correction)
        except Conflict:
            assert line.state != "returned"
        else:
            assert line.state == "returned"
            line.state, line.version, line.round, line.answers = "pending", line.version + 1, line.round + 1, {}

    @precondition(lambda self: self.lines)
    @rule()
    def withdraw(self) -> None:
        line = self.lines[-1]
        try:
            done = self.services.access.withdraw(self.world.wang.actor(), line.id, line.version)
        except Conflict:
            assert line.state in {"approved", "rejected"}
        else:
            if not done.replayed:
                assert line.state in {"pending", "returned"}
                line.state, line.version = "withdrawn", line.version + 1

    @rule()
    def lend(self) -> None:
        delegating, li = self.services.approving.delegating, self.world.li.actor()
        if self.lent is not None:
            assert delegating.end(li, self.lent)
            self.lent = None
            return
        now = self.clock.now()
        new = NewDelegation(self.world.people["CHENJIE"].appointment_id, now, now + timedelta(days=5), "出差")
        self.lent = delegating.delegate(li, new)

    @invariant()
    def lines_are_those_of_the_model(self) -> None:
        rows = self.services.uow.read().execute(text("SELECT id, state, version, round FROM request_line"))
        found = {row.id: (row.state, row.version, row.round) for row in rows}
        assert found == {line.id: (line.state, line.version, line.round) for line in self.lines}

    @invariant()
    def what_waits_has_one_task_and_nothing_else_has(self) -> None:
        tasks = self.services.uow.read().scalars(text("SELECT line_id FROM decision_task WHERE state = 'open'")).all()
        assert list(tasks) == [line.id for line in self.lines if line.state == "pending"]

    @invariant()
    def a_grant_stands_behind_what_two_agreed_to_for_the_shorter_time(self) -> None:
        query = text("SELECT line_id, extract(day FROM ends_at - starts_at)::int AS days FROM access_grant")
        found = {row.line_id: row.days for row in self.services.uow.read().execute(query)}
        assert found == {line.id: line.grant_days for line in self.lines if line.state == "approved"}

    @invariant()
    def the_inbox_shows_what_each_may_still_answer(self) -> None:
        waiting = next((line for line in self.lines if line.state == "pending"), None)
        for who, principal in PRINCIPALS.items():
            may = who != "CHENJIE" or self.lent is not None
            expected = int(waiting is not None and may and not {who, principal} & waiting.spent)
            assert self.services.access_queries.inbox_count(self.world.people[who].actor()) == expected, who

    def teardown(self) -> None:
        if self.lent is not None:
            self.services.approving.delegating.end(self.world.li.actor(), self.lent)
        db.session.remove()


@pytest.mark.timeout(300)
def test_deciding_against_its_model(services: Services, world: World, clock: ManualClock, superuser_url: str) -> None:
    set_tier(services, world, "quorum", {"needed": NEEDED})

    class Machine(DecidingMachine):
        def __init__(self) -> None:
            db.session.remove()
            with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
                connection.execute(
                    # And with them all that hangs on them.
                    "TRUNCATE access_request, access_grant, logout_notice, notice CASCADE"
                )
            super().__init__(services, world, clock)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=8, stateful_step_count=20, database=None, suppress_health_check=[HealthCheck.too_slow]),
    )
