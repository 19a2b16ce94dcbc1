"""Any sequence of asking, deciding, ending and waiting, against a model of a few lines: what the platform opens is what the model says."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from govcloud.access.commands import Closed
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid
from govcloud.services import Services
from tests.factories.requests import may_read, new_request
from tests.factories.world import HANGZHOU, XIHU, YUHANG, World

ASKING = ("WANGFANG", "SUNLI")
DECIDING = ("LIQIANG", "QIANWEI", "ZHAOMIN")
AUTHORISED = frozenset({"LIQIANG", "QIANWEI"})
SCOPES = (Scope((XIHU,)), Scope((HANGZHOU,)), Scope((YUHANG,)))


@dataclass
class Line:
    """What the model knows of a line."""

    id: UUID
    who: str
    scope: Scope
    days: int
    due_at: datetime
    state: str = "pending"
    grant: Grant | None = None


@dataclass
class Grant:
    """What the model knows of a grant."""

    id: UUID
    scope: Scope
    ends_at: datetime
    closed: bool = False


class AccessMachine(RuleBasedStateMachine):
    """Plays both sides: each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        self.lines: list[Line] = []

    @rule(who=st.sampled_from(ASKING), scope=st.sampled_from(SCOPES), days=st.integers(0, 31))
    def submit(self, who: str, scope: Scope, days: int) -> None:
        waits = any(line.who == who and line.state == "pending" for line in self.lines)
        actor = self.world.people[who].actor()
        try:
            done = self.services.access.submit(actor, new_request(self.world, scope=scope, days=days))
        except Conflict:
            assert waits or self.covered(who, scope, days)
        except Invalid:
            assert not 1 <= days <= 30
            assert not waits
        else:
            assert not waits
            self.lines.append(Line(done.line_id, who, scope, days, done.due_at))

    def covered(self, who: str, scope: Scope, days: int) -> bool:
        """Return whether a grant of theirs gives as much for as long already."""
        until = self.clock.now() + timedelta(days=days)
        mine = (line.grant for line in self.lines if line.who == who and line.grant is not None and not line.grant.closed)
        return any(grant.scope.covers(scope) and grant.ends_at >= until for grant in mine)

    @precondition(lambda self: self.lines)
    @rule(
        pick=st.integers(0, 99),
        who=st.sampled_from(DECIDING),
        scope=st.sampled_from((None, *SCOPES)),
        days=st.sampled_from((None, 1, 4, 40)),
    )
    def approve(self, pick: int, who: str, scope: Scope | None, days: int | None) -> None:
        line = self.lines[pick % len(self.lines)]
        given = scope or line.scope, line.days if days is None else days
        try:
            done = self.services.access.approve(self.world.people[who].actor(), line.id, 1, scope=scope, days=days)
        except GovcloudError as error:
            self.refused(error, line, who)
            if isinstance(error, Invalid):
                assert not line.scope.covers(given[0]) or given[1] > line.days
            return
        assert who in AUTHORISED
        if done.replayed:
            assert line.grant is not None
            assert done.grant_id == line.grant.id
            return
        assert line.state == "pending"
        assert self.clock.now() < line.due_at
        assert line.scope.covers(given[0])
        assert given[1] <= line.days
        assert done.grant_id is not None
        line.state, line.grant = "approved", Grant(done.grant_id, given[0], self.clock.now() + timedelta(days=given[1]))

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99), who=st.sampled_from(DECIDING))
    def reject(self, pick: int, who: str) -> None:
        line = self.lines[pick % len(self.lines)]
        try:
            done = self.services.access.reject(self.world.people[who].actor(), line.id, 1, "not_needed")
        except GovcloudError as error:
            self.refused(error, line, who)
            return
        assert who in AUTHORISED
        assert line.state == ("rejected" if done.replayed else "pending")
        assert done.replayed or self.clock.now() < line.due_at
        line.state = "rejected"

    def refused(self, error: GovcloudError, line: Line, who: str) -> None:
        """Compare the kind of a refusal with what the model knows."""
        if isinstance(error, Denied):
            assert who not in AUTHORISED
        elif isinstance(error, Conflict):
            assert line.state != "pending" or line.due_at <= self.clock.now()
        else:
            assert isinstance(error, Invalid)

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99), who=st.sampled_from(ASKING))
    def withdraw(self, pick: int, who: str) -> None:
        line = self.lines[pick % len(self.lines)]
        try:
            done = self.services.access.withdraw(self.world.people[who].actor(), line.id, 1)
        except Denied:
            assert who != line.who
        except Conflict:
            assert line.state not in {"pending", "withdrawn"}
        else:
            assert who == line.who
            assert line.state == ("withdrawn" if done.replayed else "pending")
            line.state = "withdrawn"

    @precondition(lambda self: any(line.grant for line in self.lines))
    @rule(pick=st.integers(0, 99), who=st.sampled_from(("LIQIANG", "WUXIAOYAN", "ZHAOMIN", "WANGFANG")))
    def revoke(self, pick: int, who: str) -> None:
        _line, grant = self.granted(pick)
        try:
            done = self.services.access.revoke(self.world.people[who].actor(), grant.id, "不再需要")
        except Denied:
            assert who in {"ZHAOMIN", "WANGFANG"}
        else:
            assert who in {"LIQIANG", "WUXIAOYAN"}
            self.closed(done, grant)

    @precondition(lambda self: any(line.grant for line in self.lines))
    @rule(pick=st.integers(0, 99), who=st.sampled_from(ASKING))
    def relinquish(self, pick: int, who: str) -> None:
        line, grant = self.granted(pick)
        try:
            done = self.services.access.relinquish(self.world.people[who].actor(), grant.id)
        except Denied:
            assert who != line.who
        else:
            assert who == line.who
            self.closed(done, grant)

    def granted(self, pick: int) -> tuple[Line, Grant]:
        found = [(line, line.grant) for line in self.lines if line.grant is not None]
        return found[pick % len(found)]

    def closed(self, done: Closed, grant: Grant) -> None:
        assert done.replayed == (grant.closed or grant.ends_at <= self.clock.now())
        grant.closed = True

    @rule(hours=st.sampled_from((1, 23, 24, 72, 240)), seconds=st.sampled_from((-1, 0, 1)))
    def wait(self, hours: int, seconds: int) -> None:
        self.clock.advance(timedelta(hours=hours, seconds=seconds))

    @rule()
    def lapse(self) -> None:
        due = [line for line in self.lines if line.state == "pending" and line.due_at <= self.clock.now()]
        while self.services.escalating.run(Actor.system("jobs")):
            pass
        for line in due:
            line.state = "lapsed"
        reached = (
            "SELECT escalation, (remind_at <= :now)::int + (deputy_at <= :now)::int + (superior_at <= :now)::int AS marks FROM request_line"
        )
        rows = self.services.uow.read().execute(text(f"{reached} WHERE state = 'pending'"), {"now": self.clock.now()})
        assert all(row.escalation == row.marks for row in rows)

    @invariant()
    def states_are_those_of_the_model(self) -> None:
        rows = self.services.uow.read().execute(text("SELECT id, state, version FROM request_line"))
        assert {row.id: (row.state, row.version) for row in rows} == {
            line.id: (line.state, 1 if line.state == "pending" else 2) for line in self.lines
        }

    @invariant()
    def a_grant_stands_behind_every_approved_line_and_no_other(self) -> None:
        grants = self.services.uow.read().scalars(text("SELECT line_id FROM access_grant")).all()
        assert sorted(grants) == sorted(line.id for line in self.lines if line.state == "approved")
        decided = self.services.uow.read().scalars(text("SELECT line_id FROM decision")).all()
        assert sorted(decided) == sorted(line.id for line in self.lines if line.state in {"approved", "rejected"})

    @invariant()
    def access_is_the_union_of_live_grants(self) -> None:
        now = self.clock.now()
        for who in ASKING:
            live = [
                line.grant.scope
                for line in self.lines
                if line.who == who and line.grant is not None and not line.grant.closed and now < line.grant.ends_at
            ]
            for division in (XIHU, YUHANG):
                expected = any(scope.covers(division) for scope in live)
                assert may_read(self.services, self.world.people[who], division) == expected

    def teardown(self) -> None:
        db.session.remove()


@pytest.mark.timeout(300)
def test_access_against_its_model(services: Services, world: World, clock: ManualClock, superuser_url: str) -> None:
    class Machine(AccessMachine):
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
