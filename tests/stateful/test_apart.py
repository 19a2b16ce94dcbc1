"""Any sequence of asking, approving, giving roles, exceptions and waiting: nobody ever holds k+1 of a set without an exception."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import psycopg
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule, run_state_machine_as_test
from sqlalchemy import text

from govcloud.access.commands import Correction
from govcloud.authorization.apart.inputs import NewException
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from tests.factories.apart import ACCEPT, CASES, REGISTER, in_force
from tests.factories.requests import new_request
from tests.factories.world import SEED, XIHU, World

WHO = ("SUNLI", "CHENJIE", "HEWEI")
SETS = {"pair": ((REGISTER, CASES), 1), "two-of-three": ((REGISTER, CASES, ACCEPT), 2)}
JOBS = Actor.system("jobs")


class ApartMachine(RuleBasedStateMachine):
    """Each rule does one thing, which may be refused; what people hold is read from the tables, by another way than the platform's."""

    def __init__(self, services: Services, world: World, clock: ManualClock) -> None:
        super().__init__()
        self.services, self.world, self.clock = services, world, clock
        self.lines: list[UUID] = []
        self.exceptions: list[UUID] = []
        self.grants: list[UUID] = []

    @rule(who=st.sampled_from(WHO), item=st.sampled_from((REGISTER, CASES)), days=st.integers(1, 9))
    def ask(self, who: str, item: str, days: int) -> None:
        actor = self.world.people[who].actor()
        try:
            done = self.services.access.submit(actor, new_request(self.world, item_id=self.world.items[item], days=days))
        except GovcloudError:
            return
        self.lines.append(done.line_id)

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99), days=st.sampled_from((None, 1, 3)), version=st.integers(1, 3))
    def approve(self, pick: int, days: int | None, version: int) -> None:
        line_id = self.lines[pick % len(self.lines)]
        for decider in (self.world.li, self.world.zhao):
            try:
                done = self.services.access.approve(decider.actor(), line_id, version, days=days)
            except GovcloudError:
                continue
            if done.grant_id is not None:
                self.grants.append(done.grant_id)

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99), version=st.integers(1, 3))
    def send_back(self, pick: int, version: int) -> None:
        line_id = self.lines[pick % len(self.lines)]
        for decider in (self.world.li, self.world.zhao):
            try:
                self.services.approving.returning.send_back(decider.actor(), line_id, version, "请写明用途")
            except GovcloudError:
                continue

    @precondition(lambda self: self.lines)
    @rule(pick=st.integers(0, 99), version=st.integers(1, 4))
    def correct(self, pick: int, version: int) -> None:
        line_id = self.lines[pick % len(self.lines)]
        corrected = Correction("核对住房情况", 3, Scope((XIHU,)), "XH-2026-0117")
        for who in WHO:
            try:
                self.services.approving.returning.resubmit(self.world.people[who].actor(), line_id, version, corrected)
            except GovcloudError:
                continue

    @rule(who=st.sampled_from(WHO), role=st.sampled_from(("counter_clerk", "housing_clerk")), days=st.sampled_from((None, 2)))
    def give_role(self, who: str, role: str, days: int | None) -> None:
        person = self.world.people[who]
        until = None if days is None else self.clock.now() + timedelta(days=days)
        try:
            self.services.authorization.assign_role(SEED, person.official_id, role, person.appointment_id, reason="岗位", until=until)
        except GovcloudError:
            return

    @rule(who=st.sampled_from(WHO))
    def end_roles(self, who: str) -> None:
        for held in self.services.authorization_queries.assignments_of(self.world.people[who].official_id):
            if held.role_code.endswith("clerk"):
                self.services.authorization.end_assignment(Actor.system("operator"), held.id, "换岗")

    @precondition(lambda self: self.grants)
    @rule(pick=st.integers(0, 99))
    def close(self, pick: int) -> None:
        self.services.authorization.close_grant(SEED, self.grants[pick % len(self.grants)], "交还")

    @rule(who=st.sampled_from(WHO), code=st.sampled_from(tuple(SETS)), days=st.integers(1, 12))
    def give_exception(self, who: str, code: str, days: int) -> None:
        new = NewException(self.world.people[who].official_id, code, self.clock.now() + timedelta(days=days), "人手不足")
        self.exceptions.append(self.services.apart.give_exception(self.world.security_admin.actor(), new))

    @precondition(lambda self: self.exceptions)
    @rule(pick=st.integers(0, 99))
    def end_exception(self, pick: int) -> None:
        self.services.apart.end_exception(self.world.security_admin.actor(), self.exceptions[pick % len(self.exceptions)], "收回")

    @rule(hours=st.integers(1, 60))
    def wait(self, hours: int) -> None:
        self.clock.advance(timedelta(hours=hours))
        self.services.blocked.look_at_all(JOBS)

    @invariant()
    def nobody_holds_too_much(self) -> None:
        db.session.remove()
        for who in WHO:
            person = self.world.people[who]
            held = self._held(person.official_id)
            for code, (functions, most) in SETS.items():
                mine = held.intersection(functions)
                assert len(mine) <= most or self._excepted(person.official_id, code, mine), (who, code, mine)

    @invariant()
    def a_clock_runs_exactly_while_an_approver_is_waited_for(self) -> None:
        rows = self.services.uow.read().execute(text("SELECT state, paused_at IS NULL AS runs FROM request_line WHERE closed_at IS NULL"))
        assert {(row.state, row.runs) for row in rows} <= {("pending", True), ("returned", False), ("blocked_sod", False)}

    def _held(self, official_id: UUID) -> set[str]:
        """Return what somebody holds, read by hand: the two clerks' roles hold what the small province's policy says."""
        read, now = self.services.uow.read(), self.clock.now()
        grants = read.scalars(
            text("SELECT function FROM access_grant WHERE official_id = :who AND valid_to IS NULL AND ends_at > :now"),
            {"who": official_id, "now": now},
        )
        roles = read.scalars(
            text("SELECT role_code FROM role_assignment WHERE official_id = :who AND (valid_to IS NULL OR valid_to > :now)"),
            {"who": official_id, "now": now},
        )
        opened = {"counter_clerk": {CASES, ACCEPT}, "housing_clerk": {REGISTER}}
        return {*grants}.union(*(opened.get(role, set()) for role in roles))

    def _excepted(self, official_id: UUID, code: str, held: set[str]) -> bool:
        rows = self.services.uow.read().scalars(
            text(
                "SELECT functions FROM sod_exception WHERE official_id = :who AND rule_code = :code AND valid_to IS NULL AND ends_at > :now"
            ),
            {"who": official_id, "code": code, "now": self.clock.now()},
        )
        return any(held <= set(functions) for functions in rows)


def test_no_sequence_of_commands_brings_together_what_is_kept_apart(
    services: Services, world: World, clock: ManualClock, superuser_url: str
) -> None:
    # 陈杰 is a housing clerk from the start, which breaks neither rule.
    for code, (functions, most) in SETS.items():
        in_force(services, world, code, *functions, most=most)
    db.session.remove()
    kept = "sod_exception, decision_receipt, receipt_signature, decision, request_line, access_request, grant_suspension, access_grant"
    ended = "UPDATE role_assignment SET valid_to = valid_from WHERE valid_from > (SELECT max(valid_from) FROM sod_rule)"

    class Machine(ApartMachine):
        def __init__(self) -> None:
            db.session.remove()
            with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://"), autocommit=True) as connection:
                connection.execute(f"TRUNCATE {kept} CASCADE".encode())
                connection.execute(ended.encode())
            clock.advance(timedelta(hours=1))
            super().__init__(services, world, clock)

    run_state_machine_as_test(
        Machine,
        settings=settings(max_examples=12, stateful_step_count=25, database=None, suppress_health_check=[HealthCheck.too_slow]),
    )
