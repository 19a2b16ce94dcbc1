"""Any sequence of commands on people, departments and grants: the replica holds what a fresh one would, and answers as the database."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import HealthCheck
from hypothesis import settings as effort
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.inputs import OfficialChange
from govcloud.identity.reorganisation import Change, Merge, Move
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.inputs import NewFunction
from tests.factories.keeping import Kept, everyone, keeping, questions
from tests.factories.people import an_official
from tests.factories.world import HANGZHOU, SEED, XIHU, YUHANG, World

PICK = st.integers(0, 99)
DIVISIONS = st.sampled_from((XIHU, YUHANG, HANGZHOU))
ROWS = ({"division": XIHU},)


class ReplicaMachine(RuleBasedStateMachine):
    """Does one thing after the other; whether each is allowed is for other tests to say, so refusals are passed over."""

    def __init__(self, services: Services, world: World, clock: ManualClock, kept: Kept) -> None:
        super().__init__()
        self.services, self.world, self.clock, self.kept = services, world, clock, kept
        self.grants: list[UUID] = []
        self.number = 0

    def person(self, pick: int) -> UUID:
        people, _ = everyone(self.services, self.clock.now())
        return people[pick % len(people)]

    def place(self, pick: int) -> UUID:
        _, places = everyone(self.services, self.clock.now())
        return places[pick % len(places)]

    def department(self, pick: int) -> UUID:
        found = list(self.services.identity_queries.departments(self.world.organisation.ids.values()))
        return sorted(found)[pick % len(found)]

    def tried(self, *commands: object) -> None:
        """Do commands; one that is refused leaves nothing behind."""
        for command in commands:
            with suppress(GovcloudError):
                command()  # type: ignore[operator]
            self.services.uow.rest()

    @rule(pick=PICK, division=DIVISIONS, days=st.integers(1, 5), person=st.booleans(), later=st.integers(0, 48))
    def open_grant(self, pick: int, division: str, days: int, person: bool, later: int) -> None:  # noqa: FBT001 - hypothesis hands them by name
        who, start = self.person(pick), self.clock.now() + timedelta(hours=later)
        places = self.services.identity_queries.subjects_of(who)
        under = None if person or not places else places[pick % len(places)].appointment_id
        new = NewGrant(who, under, "housing", "housing:register:read", start, start + timedelta(days=days), Scope((division,)))
        self.tried(lambda: self.grants.append(self.services.authorization.open_grant(SEED, new)))

    @rule(pick=PICK, what=st.sampled_from(("close", "suspend", "resume")))
    def touch_grant(self, pick: int, what: str) -> None:
        guard = self.world.security_admin.actor()
        if not self.grants:
            return
        grant_id, authorization = self.grants[pick % len(self.grants)], self.services.authorization
        commands = {
            "resume": lambda: authorization.resume_grant(guard, grant_id),
            "suspend": lambda: authorization.suspend_grant(guard, grant_id, "核查"),
            "close": lambda: authorization.close_grant(SEED, grant_id, "结束"),
        }
        self.tried(commands[what])

    @rule(pick=PICK, role=st.sampled_from(("counter_clerk", "housing_clerk")), days=st.integers(0, 4))
    def assign(self, pick: int, role: str, days: int) -> None:
        until = self.clock.now() + timedelta(days=days) if days else None
        self.tried(lambda: self.services.authorization.assign_role(SEED, self.person(pick), role, reason="借调", until=until))

    @rule(pick=PICK, where=PICK, ahead=st.integers(0, 48), days=st.integers(0, 2))
    def transfer(self, pick: int, where: int, ahead: int, days: int) -> None:
        self.number += 1
        order = Order("调动", self.clock.now() + timedelta(hours=ahead))
        duty = Duty(self.department(where), f"岗位{self.number}")
        self.tried(lambda: self.services.identity.transfer(SEED, self.person(pick), duty, order, handover_days=days))

    @rule(pick=PICK, ahead=st.integers(0, 48), what=st.sampled_from(("suspend", "reinstate", "leave", "undo", "disable", "rank", "label")))
    def restate(self, pick: int, ahead: int, what: str) -> None:
        who, order, identity = self.person(pick), Order("处理", self.clock.now() + timedelta(hours=ahead)), self.services.identity
        commands = {
            "suspend": lambda: identity.suspend(SEED, who, order),
            "reinstate": lambda: identity.reinstate(SEED, who, order),
            "leave": lambda: identity.leave(SEED, who, order),
            "undo": lambda: identity.undo_leave(SEED, who, "有误"),
            "disable": lambda: identity.disable_official(SEED, who, "调查"),
            "rank": lambda: identity.change_official(SEED, who, OfficialChange(rank="四级调研员")),
            "label": lambda: identity.change_official(SEED, who, OfficialChange(security_label=ahead % 5)),
        }
        self.tried(commands[what])

    @rule(pick=PICK)
    def end_appointment(self, pick: int) -> None:
        self.tried(lambda: self.services.identity.end_appointment(SEED, self.place(pick), "调离"))

    @rule(where=PICK)
    def register(self, where: int) -> None:
        self.tried(lambda: self.services.identity.register_official(SEED, an_official(self.department(where))))

    @rule(what=PICK, where=PICK, how=st.sampled_from(("move", "merge", "change")))
    def reorganise(self, what: int, where: int, how: str) -> None:
        one, other, identity = self.department(what), self.department(where), self.services.identity
        changes: dict[str, Move | Merge | Change] = {
            "move": Move(one, other),
            "merge": Merge((one,), other, "机构改革"),
            "change": Change(one, division_code=YUHANG, business_lines=("民政", "数据")),
        }
        self.tried(lambda: identity.reorganise(SEED, changes[how]))

    @rule(what=st.sampled_from(("add", "withdraw", "withdraw_item")))
    def change_catalogue(self, what: str) -> None:
        self.number += 1
        subsystems = self.services.subsystems
        commands = {
            "add": lambda: subsystems.add_functions(SEED, [NewFunction(f"housing:part{self.number}:read", f"部分{self.number}")]),
            "withdraw": lambda: subsystems.withdraw_function(SEED, f"housing:part{self.number - 1}:read", "不再提供"),
            "withdraw_item": lambda: subsystems.withdraw_item(SEED, self.world.items["housing:register:export"], "不再提供"),
        }
        self.tried(commands[what])

    @rule(hours=st.integers(1, 30))
    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.tried(lambda: self.services.identity.settle_due(SEED))

    @invariant()
    def the_replica_agrees(self) -> None:
        people, places = everyone(self.services, self.clock.now())
        self.kept.agrees(questions(self.services, people[:6], places[:8], ROWS))


@pytest.fixture
def kept(services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path) -> Iterator[Kept]:
    with keeping(services, settings, clock, tmp_path) as found:
        yield found


def test_whatever_is_done_the_replica_agrees(services: Services, world: World, clock: ManualClock, kept: Kept) -> None:
    run_state_machine_as_test(
        lambda: ReplicaMachine(services, world, clock, kept),  # type: ignore[arg-type]
        settings=effort(max_examples=5, stateful_step_count=10, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large]),
    )
