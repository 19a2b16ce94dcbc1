"""Any sequence of answers to a request that opens as a whole, against a model: it opens whole, once, or not at all; nobody is kept in."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.subsystems.changes import ItemChange
from govcloud.subsystems.inputs import NewItem
from tests.factories.joint import CASES, ask_jointly
from tests.factories.requests import REGISTER
from tests.factories.world import World

EXPORT = "housing:register:export"
FUNCTIONS = (REGISTER, EXPORT, CASES)
DECIDES = {REGISTER: "LIQIANG", EXPORT: "LIQIANG", CASES: "ZHAOMIN"}


@dataclass
class Line:
    """What the model knows of a line; ``item`` is the item's version that it was asked for at, ``held`` that it waits for the others."""

    id: UUID
    item: int
    state: str = "pending"
    version: int = 1
    held: bool = False
    opened: bool = False


class TogetherMachine(RuleBasedStateMachine):
    """Each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, world: World, clock: ManualClock, items: dict[str, int]) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        self.items = items
        self.lines: dict[str, Line] = {}

    @precondition(lambda self: not any(line.state == "pending" for line in self.lines.values()))
    @rule(functions=st.sets(st.sampled_from(FUNCTIONS), min_size=2))
    def ask(self, functions: set[str]) -> None:
        ordered = tuple(function for function in FUNCTIONS if function in functions)
        self.clock.advance(timedelta(days=2))  # what opened is over: it is not asked for while it is held
        found = ask_jointly(self.services, self.world, functions=ordered, days=1)
        self.lines = {function: Line(line_id, self.items[function]) for function, line_id in found.items()}

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99))
    def approve(self, pick: int) -> None:
        function, line = self.picked(pick)
        try:
            done = self.services.access.approve(self.world.people[DECIDES[function]].actor(), line.id, 1)
        except Conflict:
            last = all(other is line or other.held for other in self.alive())
            changed = [other for other in self.alive() if other.item != self.items[self.function_of(other)]]
            assert line.state != "pending" or line in changed or (last and changed)
            return
        if done.replayed:
            assert line.state == "approved"
            return
        assert line.state == "pending"
        line.state, line.version = "approved", 2
        line.held = not self.shut()
        if line.held and all(other.held for other in self.alive()):
            self.open()
        assert (done.grant_id is not None) == line.opened

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99))
    def reject(self, pick: int) -> None:
        function, line = self.picked(pick)
        if line.state != "pending":
            return
        self.services.access.reject(self.world.people[DECIDES[function]].actor(), line.id, 1, "not_needed")
        line.state, line.version = "rejected", 2
        self.give_up()

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99))
    def retract(self, pick: int) -> None:
        function, line = self.picked(pick)
        try:
            self.services.approving.retracting.retract(self.world.people[DECIDES[function]].actor(), line.id, line.version, "other")
        except Conflict:
            assert not line.held
            return
        assert line.held
        line.state, line.version, line.held = "rejected", line.version + 1, False
        self.give_up()

    @precondition(lambda self: any(line.state == "pending" for line in self.lines.values()))
    @rule(pick=st.integers(0, 99))
    def withdraw(self, pick: int) -> None:
        """Whoever asked may always think better of it, whatever has become of the other lines."""
        pending = [line for line in self.lines.values() if line.state == "pending"]
        self.take_back(pending[pick % len(pending)])

    @precondition(lambda self: any(line.held for line in self.lines.values()))
    @rule(changed=st.booleans())
    def think_better(self, *, changed: bool) -> None:
        """Take back all that is waited for, when what waits for it may be another thing by now."""
        if changed:
            self.change(next(function for function, line in self.lines.items() if line.held))
        for line in self.lines.values():
            if line.state == "pending":
                self.take_back(line)

    def take_back(self, line: Line) -> None:
        done = self.services.access.withdraw(self.world.wang.actor(), line.id, 1)
        line.state, line.version = "withdrawn", 2
        waiting = [other for other in self.alive() if other.held]
        if self.shut() or not waiting or len(waiting) < len(self.alive()):
            assert done.not_opened is None
        elif any(other.item != self.items[self.function_of(other)] for other in waiting):
            assert done.not_opened is not None
            self.give_up()
        else:
            assert done.not_opened is None
            self.open()

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99))
    def change_item(self, pick: int) -> None:
        self.change(self.picked(pick)[0])

    def change(self, function: str) -> None:
        version = self.items[function]
        change = ItemChange(f"项目 {version}", "姓名、房屋坐落", max_days=30, requires_case_number=version % 2 == 0)
        self.services.subsystems.change_item(Actor.system("operator"), self.world.items[function], version, change, "调整")
        self.items[function] += 1

    @rule(rarely=st.integers(0, 5))
    def lapse(self, rarely: int) -> None:
        if rarely:
            return
        self.clock.advance(timedelta(days=20))
        while self.services.escalating.run(Actor.system("jobs")):
            pass
        lapsed = [line for line in self.lines.values() if line.state == "pending"]
        for line in lapsed:
            line.state, line.version = "lapsed", 2
        if lapsed:
            self.give_up()

    @invariant()
    def states_and_grants_are_those_of_the_model(self) -> None:
        db.session.remove()
        query = text(
            "SELECT l.id, l.state, l.version, l.held_days IS NOT NULL AS held, count(g.id) AS grants"
            " FROM request_line l LEFT JOIN access_grant g ON g.line_id = l.id WHERE l.id = ANY(:ids) GROUP BY l.id"
        )
        rows = self.services.uow.read().execute(query, {"ids": [line.id for line in self.lines.values()]})
        assert {row.id: (row.state, row.version, row.held, row.grants) for row in rows} == {
            line.id: (line.state, line.version, line.held, int(line.opened)) for line in self.lines.values()
        }

    @invariant()
    def what_opens_opens_whole(self) -> None:
        asked = self.alive()
        assert all(line.opened for line in asked) or not any(line.opened for line in asked)
        assert not (self.shut() and any(line.held for line in asked)), "nothing lies there that could never open"

    def picked(self, pick: int) -> tuple[str, Line]:
        """Return one of the lines, with its function."""
        return list(self.lines.items())[pick % len(self.lines)]

    def alive(self) -> list[Line]:
        """Return the lines that were not withdrawn."""
        return [line for line in self.lines.values() if line.state != "withdrawn"]

    def shut(self) -> bool:
        return any(line.state in {"rejected", "lapsed"} for line in self.lines.values())

    def open(self) -> None:
        for line in self.alive():
            line.held, line.opened = False, True

    def give_up(self) -> None:
        for line in self.lines.values():
            line.held = False

    def function_of(self, wanted: Line) -> str:
        return next(function for function, line in self.lines.items() if line is wanted)

    def teardown(self) -> None:
        db.session.remove()


@pytest.mark.timeout(300)
def test_requests_that_open_as_a_whole_against_their_model(
    services: Services, world: World, clock: ManualClock, superuser_url: str
) -> None:
    offered = NewItem(EXPORT, "导出少量住房登记信息", "不超过十条", tier="one")
    world.items[EXPORT] = services.subsystems.offer_item(Actor.system("operator"), offered)
    items = dict.fromkeys(FUNCTIONS, 1)

    class Machine(TogetherMachine):
        def __init__(self) -> None:
            db.session.remove()
            with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
                connection.execute("TRUNCATE access_request, access_grant, logout_notice, notice CASCADE")
            clock.advance(timedelta(minutes=1))
            super().__init__(services, world, clock, items)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=15, stateful_step_count=25, database=None, suppress_health_check=[HealthCheck.too_slow]),
    )
