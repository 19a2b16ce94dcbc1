"""Any sequence of moves, terms, suspensions, leaves and waiting, against a model of a few lines: nobody keeps what an old duty gave."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.inputs import NewAppointment
from govcloud.identity.working_life.orders import Duty, Order, Recorded
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from tests.factories.people import an_official
from tests.factories.world import SEED, XIHU, World

CASES, REGISTER = "assistance:case:read", "housing:register:read"
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AHEAD = st.integers(0, 96)


@dataclass
class Place:
    """An appointment of the model: from when, until when, whether it is the primary one, and from when it only hands over."""

    start: datetime
    end: datetime | None
    primary: bool = False
    handing_from: datetime | None = None


@dataclass
class Model:
    """All that the model knows: places by position, statuses by the moment they begin, and when the person was away."""

    places: dict[str, Place] = field(default_factory=dict)
    statuses: dict[datetime, str] = field(default_factory=dict)
    away: list[tuple[datetime, datetime | None]] = field(default_factory=list)
    moves: list[datetime] = field(default_factory=list)

    def gone(self, at: datetime) -> bool:
        return any(left <= at and (back is None or at < back) for left, back in self.away)

    def status(self, at: datetime) -> str:
        return self.statuses[max(moment for moment in self.statuses if moment <= at)]

    def holds(self, at: datetime) -> set[str]:
        held = {name for name, place in self.places.items() if place.start <= at and (place.end is None or at < place.end)}
        return set() if self.gone(at) else held

    def primary(self, at: datetime) -> Place | None:
        held = [self.places[name] for name in self.holds(at)]
        return next((place for place in held if place.primary and (place.handing_from is None or at < place.handing_from)), None)


class LifecycleMachine(RuleBasedStateMachine):
    """Plays both sides: each rule does one thing on the platform and on the model, and compares what came of it."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        person = an_official(world.organisation.ids["xihu_civil_affairs"])
        self.who = services.identity.register_official(SEED, person)
        services.authorization.assign_role(SEED, self.who, "counter_clerk", person.appointments[0].id)
        self.model = Model({"窗口受理员": Place(clock.now(), None, primary=True)}, {clock.now(): "active"})
        self.seen: set[UUID] = {person.appointments[0].id}
        self.last: tuple[Recorded, Model] | None = None
        self.number = 0

    def duty(self, ends_at: datetime | None = None) -> Duty:
        self.number += 1
        ids = sorted(self.world.organisation.ids.values())
        return Duty(ids[self.number % len(ids)], f"岗位{self.number}", ends_at=ends_at)

    def begun(self, done: Recorded, before: Model) -> None:
        """Hang the old duty's role on the appointment that was just given, and remember how to go back."""
        assert done.appointment_id is not None
        self.services.authorization.assign_role(SEED, self.who, "counter_clerk", done.appointment_id)
        self.seen.add(done.appointment_id)
        self.last = done, before

    @rule(ahead=AHEAD, days=st.integers(0, 3))
    def transfer(self, ahead: int, days: int) -> None:
        at, before, duty = self.clock.now() + ahead * HOUR, deepcopy(self.model), self.duty()
        refused = self.model.gone(at) or any(moment >= at and moment > self.clock.now() for moment in self.model.moves)
        try:
            done = self.services.identity.transfer(SEED, self.who, duty, Order("调动", at), handover_days=days)
        except Conflict:
            assert refused
            return
        assert not refused
        old = self.model.primary(at)
        if old is not None:
            until = at + days * DAY
            old.end = until if old.end is None else min(old.end, until)
            old.handing_from = at if days else None
        self.model.places[duty.position] = Place(at, None, primary=True)
        self.model.moves.append(at)
        self.begun(done, before)

    @rule(ahead=AHEAD, hours=st.integers(1, 96))
    def second(self, ahead: int, hours: int) -> None:
        at, before = self.clock.now() + ahead * HOUR, deepcopy(self.model)
        duty = self.duty(at + hours * HOUR)
        try:
            done = self.services.identity.second(SEED, self.who, duty, Order("借调", at))
        except Conflict:
            assert self.model.gone(at)
            return
        assert not self.model.gone(at)
        self.model.places[duty.position] = Place(at, duty.ends_at)
        self.begun(done, before)

    @rule(ahead=AHEAD, status=st.sampled_from(("suspended", "active")))
    def restate(self, ahead: int, status: str) -> None:
        at, before = self.clock.now() + ahead * HOUR, deepcopy(self.model)
        command = self.services.identity.suspend if status == "suspended" else self.services.identity.reinstate
        refused = self.model.gone(at) or self.model.status(at) == status
        try:
            done = command(SEED, self.who, Order("处理", at))
        except Conflict:
            assert refused
            return
        assert not refused
        self.model.statuses[at] = status
        self.last = done, before

    @precondition(lambda self: not any(back is None for _, back in self.model.away))
    @rule(ahead=AHEAD)
    def leave(self, ahead: int) -> None:
        at, before = self.clock.now() + ahead * HOUR, deepcopy(self.model)
        done = self.services.identity.leave(SEED, self.who, Order("离职", at))
        self.model.away.append((at, None))
        self.last = done, before

    @rule()
    def undo_leave(self) -> None:
        now = self.clock.now()
        open_ended = [item for item in self.model.away if item[1] is None]
        try:
            self.services.identity.undo_leave(SEED, self.who, "撤销")
        except Conflict:
            assert not open_ended
            return
        assert open_ended
        self.model.away.remove(open_ended[0])
        if open_ended[0][0] <= now:
            self.model.away.append((open_ended[0][0], now))
        self.last = None

    @rule()
    def rejoin(self) -> None:
        """Come back at once; nothing of the earlier period, planned or past, is part of the new one."""
        now, before, duty = self.clock.now(), deepcopy(self.model), self.duty()
        place = NewAppointment(duty.department_id, duty.position)
        try:
            done = self.services.identity.rejoin(SEED, self.who, [place], Order("重新入职"))
        except Conflict:
            assert not self.model.gone(now)
            return
        assert self.model.gone(now)
        (left,) = [since for since, back in self.model.away if back is None]
        self.model.away.remove((left, None))
        self.model.away.append((left, now))
        for old in self.model.places.values():
            old.end = min(left, old.end or left)
        self.model.statuses = {moment: word for moment, word in self.model.statuses.items() if moment < now} | {now: "active"}
        self.model.places[duty.position] = Place(now, None, primary=True)
        self.model.moves = []
        self.begun(done, before)

    @precondition(lambda self: self.last is not None and self.last[0].effective_at > self.clock.now())
    @rule()
    def cancel(self) -> None:
        assert self.last is not None
        done, before = self.last
        self.services.identity.cancel_change(SEED, done.change_id, "取消")
        self.model, self.last = before, None

    @rule()
    def open_grants(self) -> None:
        now = self.clock.now()
        if self.model.status(now) != "active":
            return
        for view in self.services.identity_queries.appointments_of(self.who):
            new = NewGrant(self.who, view.id, "housing", REGISTER, now, now + 20 * DAY, Scope((XIHU,)))
            self.services.authorization.open_grant(SEED, new)

    @rule(hours=st.integers(1, 40))
    def wait(self, hours: int) -> None:
        self.clock.advance(hours * HOUR)

    @rule()
    def settle(self) -> None:
        self.services.identity.settle_due(ACTOR)
        assert self.services.identity.settle_due(ACTOR) == 0

    @invariant()
    def the_platform_says_what_the_model_says(self) -> None:
        now = self.clock.now()
        views = {view.id: view for view in self.services.identity_queries.appointments_of(self.who)}
        self.seen |= views.keys()
        assert {view.position for view in views.values()} == self.model.holds(now)
        primary = self.model.primary(now)
        assert [view.position for view in views.values() if view.kind == "primary"] == [
            name for name, place in self.model.places.items() if place is primary and name in self.model.holds(now)
        ]
        active = self.model.status(now) == "active" and not self.model.gone(now)
        account = self.services.identity_queries.account_of(self.who)
        assert account is not None
        assert account.active == active
        for appointment_id in self.seen:
            role = self.services.authorization.decide(Question(CASES, appointment_id)).allowed
            grant = self.services.authorization.decide(Question(REGISTER, appointment_id)).allowed
            assert role == (appointment_id in views and active)
            assert not grant or role

    def teardown(self) -> None:
        db.session.remove()


@pytest.mark.timeout(300)
def test_no_sequence_keeps_an_old_duty(services: Services, world: World, clock: ManualClock) -> None:
    class Machine(LifecycleMachine):
        def __init__(self) -> None:
            super().__init__(services, world, clock)

    run_state_machine_as_test(
        Machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=15,
            database=None,
            phases=(Phase.generate,),
            suppress_health_check=[HealthCheck.too_slow],
        ),
    )
