"""Any sequence of granting, extending, resting, waking and ending, against a model of a few lines: access is the union, to the second."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from govcloud.access.ending.targets import Kind
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from tests.factories.requests import granted, may_read
from tests.factories.world import World

CAP = 30


@dataclass
class Held:
    """What the model knows of a grant; ``days`` are those of the unbroken row that it ends."""

    id: UUID
    starts_at: datetime
    ends_at: datetime
    days: int
    parent: Held | None = None
    closed: bool = False
    resting: bool = False


class LifeMachine(RuleBasedStateMachine):
    """Each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        self.held: list[Held] = []

    @rule(days=st.integers(1, 20))
    def grant(self, days: int) -> None:
        now = self.clock.now()
        # Each for a case of its own: what is held for a case already is not asked for again.
        grant_id = granted(self.services, self.world, days=days, case_number=f"XH-2026-{len(self.held):04}")
        self.held.append(Held(grant_id, now, now + timedelta(days=days), days))

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 99), days=st.integers(1, 20), late=st.sampled_from((0, 0, 0, 30)))
    def extend(self, pick: int, days: int, late: int) -> None:
        """Ask for more, and have it approved at once or ``late`` (days) after."""
        one = self.held[pick % len(self.held)]
        try:
            line_id = self.services.grant_life.extend(self.world.wang.actor(), one.id, days, "未办结").line_id
        except Conflict:
            assert one.closed or one.ends_at <= self.clock.now() or any(other.parent is one and not other.closed for other in self.held)
            return
        except Invalid:
            assert one.days + days > CAP
            return
        assert not one.closed
        assert one.days + days <= CAP
        if late or one.resting:
            if one.resting:
                with pytest.raises(Conflict, match="已提前终止或暂停"):
                    self.services.access.approve(self.world.li.actor(), line_id, 1)
            self.services.access.withdraw(self.world.wang.actor(), line_id, 1)
            return
        decided = self.services.access.approve(self.world.li.actor(), line_id, 1)
        assert decided.grant_id is not None
        assert decided.starts_at == one.ends_at
        self.held.append(Held(decided.grant_id, one.ends_at, one.ends_at + timedelta(days=days), one.days + days, one))

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 99), wakes=st.booleans())
    def rest_or_wake(self, pick: int, *, wakes: bool) -> None:
        one = self.held[pick % len(self.held)]
        command = self.services.grant_life.resume if wakes else self.services.grant_life.suspend
        try:
            done = command(self.world.li.actor(), one.id, "核查")
        except Conflict:
            assert one.closed
            return
        assert not one.closed
        assert done.replayed == (one.resting != wakes)
        # What extends a grant rests and wakes with it.
        for other in (one, *(other for other in self.after(one) if not other.closed)):
            other.resting = not wakes

    @precondition(lambda self: self.held)
    @rule(pick=st.integers(0, 99), by_holder=st.booleans())
    def end(self, pick: int, *, by_holder: bool) -> None:
        one = self.held[pick % len(self.held)]
        access = self.services.access
        done = (
            access.relinquish(self.world.wang.actor(), one.id)
            if by_holder
            else access.revoke(self.world.security_admin.actor(), one.id, "不再需要")
        )
        over = one.closed or one.ends_at <= self.clock.now()
        assert done.replayed == over
        one.closed = one.closed or not over
        self.close_all(self.after(one))

    @rule()
    def end_everything(self) -> None:
        actor = self.world.li.actor()
        seen = self.services.ending.preview(actor, Kind.PERSON, str(self.world.wang.official_id))
        open_ones = [one for one in self.held if not one.closed and one.ends_at > self.clock.now()]
        assert seen.grants == len(open_ones)
        ordered = self.services.ending.order(actor, seen.kind, seen.target, "核查", confirmed=seen.grants, seen_at=seen.seen_at)
        if ordered.finished_at is None:
            assert self.services.ending.go_on(actor, ordered.id).done == len(open_ones)
        self.close_all(open_ones)

    @rule(hours=st.sampled_from((1, 24, 72, 240)), seconds=st.sampled_from((-1, 0, 1)))
    def wait(self, hours: int, seconds: int) -> None:
        self.clock.advance(timedelta(hours=hours, seconds=seconds))

    @invariant()
    def access_is_the_union_of_live_grants(self) -> None:
        now = self.clock.now()
        live = any(not one.closed and not one.resting and one.starts_at <= now < one.ends_at for one in self.held)
        assert may_read(self.services, self.world.wang) == live

    def after(self, one: Held) -> Iterator[Held]:
        """Give the grants that extend ``one``, those that extend these, and so on."""
        for other in self.held:
            if other.parent is one:
                yield other
                yield from self.after(other)

    def close_all(self, ended: Iterator[Held] | list[Held]) -> None:
        for one in ended:
            one.closed = one.closed or one.ends_at > self.clock.now()

    def teardown(self) -> None:
        db.session.remove()


@pytest.mark.timeout(300)
def test_the_life_of_grants_against_its_model(services: Services, world: World, clock: ManualClock, superuser_url: str) -> None:
    class Machine(LifeMachine):
        def __init__(self) -> None:
            db.session.remove()
            with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
                # And with them all that hangs on them.
                connection.execute("TRUNCATE access_request, access_grant, revocation, logout_notice, notice CASCADE")
            super().__init__(services, world, clock)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=8, stateful_step_count=20, database=None, suppress_health_check=[HealthCheck.too_slow]),
    )
