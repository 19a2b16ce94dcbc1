"""A person's working life: moves, terms, suspension, leaving and its undoing; now or on a day that lies ahead, job or no job."""

from __future__ import annotations

import base64
import threading
from dataclasses import replace
from datetime import datetime, timedelta
from hashlib import sha256
from uuid import UUID, uuid4

import pytest
from flask import Flask

from govcloud.audit.models import AuditEvent
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.inputs import NewAppointment, OfficialChange
from govcloud.identity.working_life.orders import Duty, Order, Recorded
from govcloud.jobs.job import ACTOR
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Invalid, NotFound
from govcloud.services import Services
from govcloud.signon.errors import SignInRefused, TokenRefused
from govcloud.signon.sessions import SignedIn
from govcloud.signon.views import TicketRequest
from tests.factories.world import PASSWORD, SEED, XIHU, YUHANG, World

CASES, REGISTER = "assistance:case:read", "housing:register:read"
DAY = timedelta(days=1)
VERIFIER = "a-verifier-of-more-than-forty-three-characters-0"
CHALLENGE = base64.urlsafe_b64encode(sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
WHY = Order("组织决定")


def on(day: datetime, reason: str = "组织决定") -> Order:
    return Order(reason, day)


def events(services: Services, name: str) -> int:
    return services.uow.read().query(AuditEvent).where(AuditEvent.name == name).count()


def asked(services: Services, appointment_id: UUID, function: str = CASES) -> Decision:
    return services.authorization.decide(Question(function, appointment_id))


def grant(services: Services, world: World, days: int = 20) -> UUID:
    now, wang = services.clock.now(), world.wang
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", REGISTER, now, now + timedelta(days=days), Scope((XIHU,)))
    return services.authorization.open_grant(SEED, new)


def sign_in(services: Services) -> SignedIn:
    return services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test")


def yuhang(world: World, **changes: object) -> Duty:
    return replace(Duty(world.organisation.ids["yuhang_civil_affairs"], "窗口受理员", "科员"), **changes)  # type: ignore[arg-type]


def transfer(services: Services, world: World, order: Order = WHY, days: int = 0) -> Recorded:
    return services.identity.transfer(SEED, world.wang.official_id, yuhang(world), order, handover_days=days)


def test_a_mover_loses_the_old_duty_at_the_moment(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = grant(services, world)
    session = sign_in(services)
    done = transfer(services, world)
    assert not done.planned
    assert [(view.kind, view.division) for view in services.identity_queries.appointments_of(world.wang.official_id)] == [
        ("primary", f"{YUHANG[:6]}000000")
    ]
    assert not asked(services, world.wang.appointment_id).allowed
    assert not asked(services, world.wang.appointment_id, REGISTER).allowed
    closed = services.authorization_queries.grant(grant_id)
    assert closed is not None
    assert closed.close_reason == "mover"
    current = services.signon.current(session.token)
    assert current is not None
    assert current.appointment_id is None
    assert events(services, "identity:appointment:ended") == 1


def test_a_planned_move_needs_no_job(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = grant(services, world)
    session = sign_in(services)
    day = clock.now() + timedelta(minutes=20)
    done = transfer(services, world, on(day))
    assert done.planned
    assert done.appointment_id is not None
    clock.advance(timedelta(minutes=20) - timedelta(microseconds=1))
    assert asked(services, world.wang.appointment_id).allowed
    before = asked(services, world.wang.appointment_id, REGISTER)
    assert before.allowed
    assert before.ends_at == day
    clock.advance(timedelta(microseconds=1))
    assert not asked(services, world.wang.appointment_id).allowed
    assert not asked(services, world.wang.appointment_id, REGISTER).allowed
    current = services.signon.current(session.token)
    assert current is not None
    assert current.appointment_id is None
    assert [view.id for view in services.identity_queries.appointments_of(world.wang.official_id)] == [done.appointment_id]

    assert services.identity.settle_due(ACTOR) == 2
    assert services.identity.settle_due(ACTOR) == 0
    closed = services.authorization_queries.grant(grant_id)
    assert closed is not None
    assert closed.close_reason == "mover"
    assert events(services, "identity:appointment:ended") == events(services, "identity:personnel_change:settled") == 1


def test_the_old_duty_holds_on_to_hand_over(services: Services, world: World, clock: ManualClock) -> None:
    session = sign_in(services)
    day = clock.now() + DAY
    transfer(services, world, on(day), days=5)
    clock.advance(DAY)
    held = services.identity_queries.appointments_of(world.wang.official_id)
    assert [(view.kind, view.handing_over, view.ends_at) for view in held] == [
        ("primary", False, None),
        ("concurrent", True, day + 5 * DAY),
    ]
    assert asked(services, world.wang.appointment_id).allowed
    assert services.signon.current(session.token) is None  # it was idle for a day
    clock.advance(5 * DAY)
    assert not asked(services, world.wang.appointment_id).allowed
    services.identity.settle_due(ACTOR)
    assert services.identity.settle_due(ACTOR) == 0
    for wrong in (-1, 31):
        with pytest.raises(Invalid):
            services.identity.transfer(
                SEED, world.wang.official_id, replace(yuhang(world), position="科室负责人"), WHY, handover_days=wrong
            )


def test_a_planned_move_is_cancelled(services: Services, world: World, clock: ManualClock) -> None:
    done = transfer(services, world, on(clock.now() + DAY), days=3)
    listed = services.identity_queries.planned_changes(world.wang.official_id)
    assert [(item.id, item.kind, item.state, item.department_name) for item in listed] == [
        (done.change_id, "transfer", "planned", "杭州市余杭区民政局")
    ]
    services.identity.cancel_change(SEED, done.change_id, "另有任用")
    assert services.identity_queries.planned_changes(world.wang.official_id) == ()
    with pytest.raises(Conflict, match="已被取消"):
        services.identity.cancel_change(SEED, done.change_id, "再取消")
    with pytest.raises(NotFound):
        services.identity.cancel_change(SEED, uuid4(), "没有")
    clock.advance(10 * DAY)
    held = services.identity_queries.appointments_of(world.wang.official_id)
    assert [(view.id, view.kind, view.ends_at) for view in held] == [(world.wang.appointment_id, "primary", None)]
    assert asked(services, world.wang.appointment_id).allowed
    assert services.identity.settle_due(ACTOR) == 0


def test_moves_in_the_wrong_order_are_refused(services: Services, world: World, clock: ManualClock) -> None:
    first = transfer(services, world, on(clock.now() + 5 * DAY))
    with pytest.raises(Conflict, match="调动"):
        transfer(services, world, on(clock.now() + 2 * DAY))
    second = services.identity.transfer(
        SEED, world.wang.official_id, Duty(world.organisation.ids["data"], "数据管理员"), on(clock.now() + 9 * DAY)
    )
    with pytest.raises(Conflict, match="调动"):
        services.identity.cancel_change(SEED, first.change_id, "取消")
    services.identity.cancel_change(SEED, second.change_id, "取消")
    services.identity.cancel_change(SEED, first.change_id, "取消")
    clock.advance(20 * DAY)
    assert asked(services, world.wang.appointment_id).allowed


def test_terms_hold_in_their_window(services: Services, world: World, clock: ManualClock) -> None:
    start, end = clock.now() + DAY, clock.now() + 30 * DAY
    wang = world.wang.official_id
    duty = Duty(world.organisation.ids["xihu_housing"], "协办员", ends_at=end)
    services.identity.second(SEED, wang, duty, on(start))
    services.identity.attach(SEED, wang, replace(duty, position="挂职副主任"), on(start))
    services.identity.concurrent(SEED, wang, replace(duty, position="兼职信息员", ends_at=None), on(start))
    clock.advance(DAY)
    assert [view.kind for view in services.identity_queries.appointments_of(wang)] == [
        "primary",
        "secondment",
        "attachment",
        "concurrent",
    ]
    clock.advance(29 * DAY)
    assert [view.kind for view in services.identity_queries.appointments_of(wang)] == ["primary", "concurrent"]
    assert services.identity.settle_due(ACTOR) == 5
    for kind in (services.identity.second, services.identity.attach):
        with pytest.raises(Invalid) as error:
            kind(SEED, wang, replace(duty, ends_at=None), WHY)
        assert [item.field for item in error.value.fields] == ["ends_at"]


def test_one_position_is_held_once_at_a_time(services: Services, world: World, clock: ManualClock) -> None:
    own = Duty(world.wang.department_id, "窗口受理员")
    with pytest.raises(Conflict, match="这个岗位"):
        services.identity.concurrent(SEED, world.wang.official_id, own, WHY)
    with pytest.raises(Conflict, match="这个岗位"):
        services.identity.appoint(SEED, world.wang.official_id, NewAppointment(world.wang.department_id, "窗口受理员", kind="attachment"))
    day = clock.now() + 10 * DAY
    services.identity.end_appointment(SEED, world.wang.appointment_id, "结束")
    duty = replace(own, ends_at=day)
    services.identity.concurrent(SEED, world.wang.official_id, duty, WHY)
    # Windows are half-open: the next one may begin where the last one ends.
    services.identity.concurrent(SEED, world.wang.official_id, own, on(day))


def test_a_suspension_holds_until_reinstated(services: Services, world: World, clock: ManualClock) -> None:
    wang, now = world.wang, clock.now()
    session = sign_in(services)
    grant_id = grant(services, world)
    services.identity.suspend(SEED, wang.official_id, on(now + timedelta(hours=1), "停职检查"))
    services.identity.reinstate(SEED, wang.official_id, on(now + DAY, "查无问题"))
    clock.advance(timedelta(hours=1))
    assert services.signon.current(session.token) is None
    assert not asked(services, wang.appointment_id).allowed
    with pytest.raises(SignInRefused):
        sign_in(services)
    with pytest.raises(Conflict):
        services.identity.suspend(SEED, wang.official_id, WHY)
    assert services.identity.settle_due(ACTOR) == 1
    closed = services.authorization_queries.grant(grant_id)
    assert closed is not None
    assert closed.close_reason == "disabled"
    clock.advance(DAY)
    assert sign_in(services).appointment_id == wang.appointment_id
    assert asked(services, wang.appointment_id).allowed
    assert not asked(services, wang.appointment_id, REGISTER).allowed
    assert services.identity.settle_due(ACTOR) == 1


def test_a_planned_suspension_is_cancelled(services: Services, world: World, clock: ManualClock) -> None:
    done = services.identity.suspend(SEED, world.wang.official_id, on(clock.now() + DAY))
    services.identity.change_official(SEED, world.wang.official_id, OfficialChange(rank="四级主任科员"))
    services.identity.cancel_change(SEED, done.change_id, "查无问题")
    clock.advance(2 * DAY)
    view = services.identity_queries.official(world.wang.official_id)
    assert view is not None
    assert (view.active, view.rank) == (True, "四级主任科员")


def test_facts_that_change_hold_in_planned_standings_too(services: Services, world: World, clock: ManualClock) -> None:
    services.identity.suspend(SEED, world.wang.official_id, on(clock.now() + DAY))
    services.identity.change_official(SEED, world.wang.official_id, OfficialChange(rank="四级主任科员"))
    clock.advance(DAY)
    view = services.identity_queries.official(world.wang.official_id)
    assert view is not None
    assert (view.status, view.rank) == ("suspended", "四级主任科员")


def test_a_leaver_loses_everything_at_once(services: Services, world: World, clock: ManualClock) -> None:
    wang, session, grant_id = world.wang, sign_in(services), grant(services, world)
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="支援")
    token = an_access_token(services, world, session)
    assert services.signon.live_token(token).session.official_id == wang.official_id
    services.identity.leave(SEED, wang.official_id, Order("辞职"))

    assert services.identity_queries.appointments_of(wang.official_id) == ()
    view = services.identity_queries.official(wang.official_id)
    assert view is not None
    assert view.status == "left"
    assert services.signon.current(session.token) is None
    with pytest.raises(TokenRefused):
        services.signon.live_token(token)
    closed = services.authorization_queries.grant(grant_id)
    assert closed is not None
    assert closed.close_reason == "leaver"
    assert services.authorization_queries.assignments_of(wang.official_id) == ()
    with pytest.raises(SignInRefused):
        sign_in(services)
    for again in (
        lambda: services.identity.leave(SEED, wang.official_id, WHY),
        lambda: services.identity.suspend(SEED, wang.official_id, WHY),
        lambda: services.identity.disable_official(SEED, wang.official_id, "停用"),
        lambda: services.identity.restore_official(world.system_admin.actor(), wang.official_id, "恢复"),
        lambda: transfer(services, world),
        lambda: services.identity.appoint(SEED, wang.official_id, NewAppointment(world.organisation.ids["data"], "协办员")),
    ):
        with pytest.raises(Conflict, match="离职"):
            again()


def an_access_token(services: Services, world: World, signed_in: SignedIn) -> str:
    """Let 王芳 into the assistance subsystem and return the access token that its client gets."""
    session = services.signon.current(signed_in.token)
    client = services.subsystem_queries.client_by_client_id(world.clients["assistance"].client_id)
    assert session is not None
    assert client is not None
    address = "http://127.0.0.1:8002/oidc/callback"
    code = services.signon.issue_ticket(
        world.wang.actor(session_id=session.session_id), session, client, TicketRequest(address, CHALLENGE, "openid")
    )
    caller = Actor.subsystem(client.client_id, client.name)
    return services.signon.redeem(caller, client, code, redirect_uri=address, code_verifier=VERIFIER).access_token


def test_a_mistaken_leave_is_undone(services: Services, world: World, clock: ManualClock) -> None:
    wang, session, grant_id = world.wang, sign_in(services), grant(services, world)
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="支援", until=clock.now() + 40 * DAY)
    services.identity.second(
        SEED, wang.official_id, Duty(world.organisation.ids["data"], "协办员", ends_at=clock.now() + 60 * DAY), on(clock.now() + 30 * DAY)
    )
    held = services.authorization_queries.assignments_of(wang.official_id)
    left_at = clock.now()
    services.identity.leave(SEED, wang.official_id, Order("误操作"))
    assert services.identity_queries.planned_changes(wang.official_id) == ()
    clock.advance(DAY)
    services.identity.undo_leave(SEED, wang.official_id, "登记有误")

    now = services.identity_queries.appointments_of(wang.official_id)
    assert [(view.kind, view.department_id, view.position, view.ends_at) for view in now] == [
        ("primary", wang.department_id, "窗口受理员", None)
    ]
    assert asked(services, now[0].id).allowed
    assert services.signon.current(session.token) is None
    assert sign_in(services).appointment_id == now[0].id
    closed = services.authorization_queries.grant(grant_id)
    assert closed is not None
    assert closed.closed_at is not None
    again = services.authorization_queries.assignments_of(wang.official_id)
    assert [(row.role_code, row.ends_at) for row in again] == [(row.role_code, row.ends_at) for row in held]
    # The record still says that nobody could act in between.
    assert services.identity_queries.subjects_of(wang.official_id, left_at) == ()
    assert [item.kind for item in services.identity_queries.planned_changes(wang.official_id)] == ["secondment"]
    clock.advance(30 * DAY)
    assert [view.kind for view in services.identity_queries.appointments_of(wang.official_id)] == ["primary", "secondment"]
    with pytest.raises(Conflict, match="没有可以撤销的离职"):
        services.identity.undo_leave(SEED, wang.official_id, "再撤销")


def test_a_leave_ahead_needs_no_job_and_is_undone_after_its_day(services: Services, world: World, clock: ManualClock) -> None:
    wang, day = world.wang, clock.now() + timedelta(hours=3)
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="支援")
    services.identity.leave(SEED, wang.official_id, on(day, "退休"))
    # Who comes for the last days still goes with the leave, and comes back with its undoing.
    late = services.identity.concurrent(SEED, wang.official_id, Duty(world.organisation.ids["data"], "协办员"), WHY)
    session = sign_in(services)
    clock.advance(timedelta(hours=3))
    assert services.signon.current(session.token) is None
    assert services.identity_queries.appointments_of(wang.official_id) == ()
    assert late.appointment_id is not None
    assert not asked(services, late.appointment_id).allowed
    with pytest.raises(SignInRefused):
        sign_in(services)
    clock.advance(DAY)
    services.identity.undo_leave(SEED, wang.official_id, "延迟退休")
    assert [view.kind for view in services.identity_queries.appointments_of(wang.official_id)] == ["primary", "concurrent"]
    assert {row.role_code for row in services.authorization_queries.assignments_of(wang.official_id)} == {"counter_clerk", "housing_clerk"}
    assert events(services, "identity:official:left") == 1
    assert services.identity.settle_due(ACTOR) == 0


def test_a_leave_ahead_is_cancelled(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang
    move = transfer(services, world, on(clock.now() + 2 * DAY))
    leave = services.identity.leave(SEED, wang.official_id, on(clock.now() + DAY, "辞职"))
    assert [item.id for item in services.identity_queries.planned_changes(wang.official_id)] == [leave.change_id]
    services.identity.cancel_change(SEED, leave.change_id, "收回辞呈")
    assert [item.id for item in services.identity_queries.planned_changes(wang.official_id)] == [move.change_id]
    clock.advance(DAY)
    assert asked(services, wang.appointment_id).allowed
    clock.advance(DAY)
    assert not asked(services, wang.appointment_id).allowed
    assert [view.id for view in services.identity_queries.appointments_of(wang.official_id)] == [move.appointment_id]


def test_a_leave_replaces_one_that_was_planned(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang.official_id
    services.identity.leave(SEED, wang, on(clock.now() + 30 * DAY, "退休"))
    services.identity.leave(SEED, wang, on(clock.now() + 2 * DAY, "提前退休"))
    assert len(services.identity_queries.planned_changes(wang)) == 1
    clock.advance(2 * DAY)
    assert services.identity_queries.appointments_of(wang) == ()
    services.identity.undo_leave(SEED, wang, "误操作")
    clock.advance(60 * DAY)
    assert len(services.identity_queries.appointments_of(wang)) == 1


def test_a_moment_that_passed_means_at_once(services: Services, world: World, clock: ManualClock) -> None:
    done = transfer(services, world, on(clock.now() - 3 * DAY))
    assert (done.planned, done.effective_at) == (False, clock.now())
    for wrong in (datetime(2026, 12, 1), clock.now() + 4000 * DAY):  # noqa: DTZ001 - that is what is wrong
        with pytest.raises(Invalid) as error:
            services.identity.leave(SEED, world.wang.official_id, on(wrong))
        assert [item.field for item in error.value.fields] == ["effective_at"]


def test_several_workers_settle_once(app: Flask, services: Services, world: World, clock: ManualClock) -> None:
    for person in list(world.people.values())[:6]:
        services.identity.leave(SEED, person.official_id, on(clock.now() + DAY, "机构撤销"))
    clock.advance(DAY)
    done: list[int] = []

    def work() -> None:
        with app.app_context():
            done.append(services.identity.settle_due(ACTOR))

    workers = [threading.Thread(target=work) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert len(done) == 4
    assert sum(done) + services.identity.settle_due(ACTOR) == 12
    assert events(services, "identity:official:left") == events(services, "identity:appointment:ended") == 6
