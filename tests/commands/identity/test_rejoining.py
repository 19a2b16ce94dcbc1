"""重新入职: who left comes back as the same person under the same account, with nothing of what ended; a mistake is undone instead."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from sqlalchemy import text

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.importing.report import Report
from govcloud.identity.importing.runs import Order as ImportOrder
from govcloud.identity.importing.sources import examine
from govcloud.identity.inputs import NewAppointment, NewOfficial
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.jobs.job import ACTOR
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.signon.errors import ActivationRefused, SignInRefused
from tests.factories.imports import OPERATOR, a_row, write_csv
from tests.factories.people import id_number
from tests.factories.world import PASSWORD, SEED, XIHU, World

DAY = timedelta(days=1)
WHY = Order("组织决定")
FRESH = "Qiantang-2026-tide"
CASES, REGISTER = "assistance:case:read", "housing:register:read"


def at(world: World, key: str = "yuhang_civil_affairs", position: str = "窗口受理员") -> NewAppointment:
    return NewAppointment(world.organisation.ids[key], position, "科员")


def leave(services: Services, world: World, clock: ManualClock) -> None:
    """Let 王芳 leave after a day, and another one pass."""
    clock.advance(DAY)
    services.identity.leave(SEED, world.wang.official_id, WHY)
    clock.advance(DAY)


def accounts(services: Services) -> int:
    return int(services.uow.read().scalar(text("SELECT count(*) FROM account")) or 0)


def may(services: Services, appointment_id: UUID, function: str) -> bool:
    return services.authorization.decide(Question(function, appointment_id)).allowed


def test_the_same_person_in_a_new_period_of_service(services: Services, world: World, clock: ManualClock) -> None:
    wang, before = world.wang, accounts(services)
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="专项")
    now = clock.now()
    grant = NewGrant(wang.official_id, wang.appointment_id, "housing", REGISTER, now, now + 20 * DAY, Scope((XIHU,)))
    services.authorization.open_grant(SEED, grant)
    leave(services, world, clock)
    place = at(world)
    done = services.identity.rejoin(SEED, wang.official_id, [place], WHY)
    assert (done.planned, done.appointment_id) == (False, place.id)

    person = services.identity_queries.official(wang.official_id)
    assert person is not None
    assert (person.status, person.employee_code, accounts(services)) == ("active", "WANGFANG", before)
    assert [view.id for view in services.identity_queries.appointments_of(wang.official_id)] == [place.id]
    # Nothing that ended comes back: neither roles of the person or of a duty, nor grants.
    assert services.authorization_queries.assignments_of(wang.official_id) == ()
    assert not any(may(services, key, function) for key in (place.id, wang.appointment_id) for function in (CASES, REGISTER))
    # Both periods are in the history, and on the time line.
    assert [item.kind for item in services.identity_queries.changes_of(wang.official_id)] == ["rejoin", "leave"]
    assert [item.state for item in services.identity_queries.timeline(wang.official_id)] == ["present", "past"]


def test_the_password_of_then_opens_nothing_and_a_code_sets_another(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang
    (old_code,) = services.signon.issue_activation_codes(world.system_admin.actor(), [wang.official_id])
    leave(services, world, clock)
    services.identity.rejoin(SEED, wang.official_id, [at(world)], WHY)
    with pytest.raises(SignInRefused):
        services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test")
    with pytest.raises(ActivationRefused):
        services.signon.activate("WANGFANG", old_code.code, FRESH, "192.0.2.7")
    assert services.signon.without_password([wang.official_id]) == {wang.official_id}
    (code,) = services.signon.issue_activation_codes(world.system_admin.actor(), [wang.official_id])
    services.signon.activate("WANGFANG", code.code, FRESH, "192.0.2.7")
    assert services.signon.sign_in("WANGFANG", FRESH, "192.0.2.7", "test").token


def test_a_return_that_was_made_is_no_leave_to_be_undone(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang.official_id
    leave(services, world, clock)
    services.identity.rejoin(SEED, wang, [at(world)], WHY)
    with pytest.raises(Conflict) as refused:
        services.identity.undo_leave(SEED, wang, "登记有误")
    assert refused.value.code == "no_leave"
    # Leaving again is a leave of its own, which can be undone.
    clock.advance(DAY)
    services.identity.leave(SEED, wang, WHY)
    clock.advance(DAY)
    services.identity.undo_leave(SEED, wang, "登记有误")
    assert [view.position for view in services.identity_queries.appointments_of(wang)] == ["窗口受理员"]


def test_for_a_day_that_lies_ahead_without_any_job(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang
    leave(services, world, clock)
    place = at(world)
    done = services.identity.rejoin(SEED, wang.official_id, [place], Order("公开招录", clock.now() + 3 * DAY))
    assert done.planned
    for again in (services.identity.rejoin, lambda *_: services.identity.undo_leave(SEED, wang.official_id, "有误")):
        with pytest.raises(Conflict) as refused:
            again(SEED, wang.official_id, [at(world, position="另一岗位")], WHY)
        assert refused.value.code == "change_stands"
    clock.advance(3 * DAY - timedelta(microseconds=1))
    assert services.identity_queries.appointments_of(wang.official_id) == ()
    assert services.signon.issue_activation_codes(world.system_admin.actor(), [wang.official_id]) == ()
    clock.advance(timedelta(microseconds=1))
    assert [view.id for view in services.identity_queries.appointments_of(wang.official_id)] == [place.id]
    (code,) = services.signon.issue_activation_codes(world.system_admin.actor(), [wang.official_id])
    services.signon.activate("WANGFANG", code.code, FRESH, "192.0.2.7")
    assert services.identity.settle_due(ACTOR) == 1
    assert services.signon.sign_in("WANGFANG", FRESH, "192.0.2.7", "test").token


def test_a_planned_return_is_cancelled_and_the_leave_can_be_undone_again(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang.official_id
    leave(services, world, clock)
    day = clock.now() + 3 * DAY
    done = services.identity.rejoin(SEED, wang, [at(world)], Order("招录", day))
    beside = Duty(world.organisation.ids["data"], "联络员")
    later = services.identity.concurrent(SEED, wang, beside, Order("兼职", day + DAY))
    with pytest.raises(Conflict) as refused:
        services.identity.cancel_change(SEED, done.change_id, "取消")
    assert refused.value.code == "change_stands"
    services.identity.cancel_change(SEED, later.change_id, "取消")
    services.identity.cancel_change(SEED, done.change_id, "取消")
    clock.advance(5 * DAY)
    person = services.identity_queries.official(wang)
    assert person is not None
    assert (person.status, services.identity_queries.appointments_of(wang)) == ("left", ())
    services.identity.undo_leave(SEED, wang, "登记有误")
    assert [view.department_id for view in services.identity_queries.appointments_of(wang)] == [world.wang.department_id]


def test_a_leave_that_no_job_has_settled_is_settled_first(services: Services, world: World, clock: ManualClock) -> None:
    wang, now = world.wang, clock.now()
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", reason="专项")
    grant = NewGrant(wang.official_id, None, "housing", REGISTER, now, now + 20 * DAY, Scope((XIHU,)))
    services.authorization.open_grant(SEED, grant)
    services.identity.leave(SEED, wang.official_id, Order("辞职", now + DAY))
    clock.advance(2 * DAY)
    place = at(world)
    services.identity.rejoin(SEED, wang.official_id, [place], WHY)
    assert services.authorization_queries.assignments_of(wang.official_id) == ()
    assert not may(services, place.id, REGISTER)
    assert services.identity.settle_due(ACTOR) == 0


def test_the_code_of_then_is_told_to_those_who_may_take_the_person_on(services: Services, world: World, clock: ManualClock) -> None:
    leave(services, world, clock)
    for actor in (world.people["SUNLI"].actor(), world.li.actor()):
        with pytest.raises(Denied) as refused:
            services.identity.join(actor, a_form(world, employee_code="WF0002"), WHY)
        assert "WANGFANG" not in str(refused.value.message)


def test_who_has_not_left_does_not_come_back(services: Services, world: World, clock: ManualClock) -> None:
    wang = world.wang.official_id
    services.identity.leave(SEED, wang, Order("退休", clock.now() + DAY))
    for suspend in (False, True):
        if suspend:
            services.identity.suspend(SEED, wang, WHY)
        with pytest.raises(Conflict) as refused:
            services.identity.rejoin(SEED, wang, [at(world)], WHY)
        assert refused.value.code == "not_left"
    with pytest.raises(NotFound):
        services.identity.rejoin(SEED, UUID(int=1), [at(world)], WHY)
    clock.advance(2 * DAY)
    for place, order, field in (
        (at(world), Order(""), "reason"),
        (replace(at(world), department_id=UUID(int=1)), WHY, "department_id"),
        (replace(at(world), position=""), WHY, "position"),
        (replace(at(world), ends_at=clock.now()), WHY, "ends_at"),
    ):
        with pytest.raises(Invalid) as wrong:
            services.identity.rejoin(SEED, wang, [place], order)
        assert [item.field for item in wrong.value.fields] == [field]
    assert services.identity_queries.planned_changes(wang) == ()


def test_a_department_takes_back_into_its_own_places_only(services: Services, world: World, clock: ManualClock) -> None:
    leave(services, world, clock)
    wang, sun, shan = world.wang.official_id, world.people["SUNLI"].actor(), world.people["SHANXUEMEI"]
    for actor, place in ((sun, at(world)), (world.li.actor(), at(world, "xihu_civil_affairs")), (world.audit_admin.actor(), at(world))):
        with pytest.raises(Denied):
            services.identity.rejoin(actor, wang, [place], WHY)
    with pytest.raises(Denied):
        services.identity.rejoin(sun, wang, [at(world, "xihu_civil_affairs"), at(world)], WHY)
    with pytest.raises(Denied):
        services.identity.rejoin(sun, wang, [], WHY)
    # Somebody who left elsewhere may be taken on, as anybody may; what she held there does not come along.
    services.identity.leave(SEED, shan.official_id, WHY)
    clock.advance(DAY)
    services.identity.rejoin(sun, shan.official_id, [at(world, "xihu_civil_affairs")], WHY)
    assert services.authorization_queries.assignments_of(shan.official_id) == ()


# Every way in that takes people on


def a_form(world: World, **changes: object) -> NewOfficial:
    """Return 王芳 as somebody registers her who does not know that she was here before."""
    form = NewOfficial("WANGFANG", "王芳", id_number(5000), None, "二级主任科员", appointments=(at(world),))
    return replace(form, **changes)  # type: ignore[arg-type]


def test_registering_recognises_who_left(services: Services, world: World, clock: ManualClock) -> None:
    before = accounts(services)
    with pytest.raises(Conflict) as refused:
        services.identity.join(SEED, a_form(world), WHY)
    assert refused.value.code == "already_exists"
    leave(services, world, clock)
    with pytest.raises(Conflict) as other:
        services.identity.join(SEED, a_form(world, employee_code="WF0002"), WHY)
    assert other.value.code == "left_under_another_code"
    assert "WANGFANG" in str(other.value.message)
    with pytest.raises(Conflict):
        services.identity.join(SEED, a_form(world, id_number=id_number(61_000)), WHY)
    joined = services.identity.join(SEED, a_form(world), WHY)
    assert joined.again is not None
    assert joined.official_id == world.wang.official_id
    person = services.identity_queries.official(joined.official_id)
    assert person is not None
    assert (person.rank, person.status, accounts(services)) == ("二级主任科员", "active", before)
    assert joined.official_id in services.signon.without_password([joined.official_id])


def test_a_wrong_fact_leaves_the_person_away(services: Services, world: World, clock: ManualClock) -> None:
    leave(services, world, clock)
    with pytest.raises(Invalid) as refused:
        services.identity.join(SEED, a_form(world, phone="12"), WHY)
    assert [item.field for item in refused.value.fields] == ["phone"]
    person = services.identity_queries.official(world.wang.official_id)
    assert person is not None
    assert (person.status, services.identity_queries.timeline(person.id)[0].state) == ("left", "past")


def run(services: Services, path: Path, *rows: dict[str, str]) -> Report:
    report = Report()
    services.importing.apply(OPERATOR, examine(write_csv(path, rows)), ImportOrder("hr"), report)
    return report


def test_an_import_lets_who_left_come_back_once(services: Services, world: World, clock: ManualClock, tmp_path: Path) -> None:
    row = a_row(1, starts_at="2026-11-01")
    run(services, tmp_path / "a.csv", row)
    person = services.identity_queries.official_by_code("IM00001")
    account = services.identity_queries.account_by_login("IM00001")
    assert person is not None
    assert account is not None
    services.signon.set_password(OPERATOR, account.id, PASSWORD)
    services.authorization.assign_role(SEED, person.id, "housing_clerk", reason="专项")
    services.identity.leave(SEED, person.id, WHY)
    clock.advance(DAY)
    before = accounts(services)
    dry = services.importing.dry_run(OPERATOR, examine(write_csv(tmp_path / "b.csv", [row | {"rank": "二级科员"}])), ImportOrder("hr"))
    assert (dry.summary.changed, dry.summary.begun, dry.findings) == (1, 1, [])
    report = run(services, tmp_path / "b.csv", row | {"rank": "二级科员"})
    assert (report.summary.changed, report.summary.begun, report.findings) == (1, 1, [])
    again = services.identity_queries.official(person.id)
    assert again is not None
    assert (again.status, again.rank, accounts(services)) == ("active", "二级科员", before)
    # The list says since when she served the first time; the new period begins with the return.
    assert [view.starts_at for view in services.identity_queries.appointments_of(person.id)] == [clock.now()]
    assert services.authorization_queries.assignments_of(person.id) == ()
    with pytest.raises(SignInRefused):
        services.signon.sign_in("IM00001", PASSWORD, "192.0.2.7", "test")
    assert [item.kind for item in services.identity_queries.changes_of(person.id)] == ["rejoin", "leave"]
    clock.advance(DAY)
    repeated = run(services, tmp_path / "c.csv", row | {"rank": "二级科员"})
    assert (repeated.summary.unchanged, repeated.summary.changed) == (1, 0)


def stored(services: Services, code: str) -> list[object]:
    """Return what stands of a person, without ids: standings, appointments, changes, and the record in its order."""
    person = services.identity_queries.official_by_code(code)
    assert person is not None
    parts = (
        (
            "SELECT status, rank, staffing_type, security_label, valid_from, valid_to FROM official_version"
            " WHERE official_id = :id ORDER BY 5, 6"
        ),
        "SELECT department_id, kind, position, post, valid_from, valid_to FROM appointment WHERE official_id = :id ORDER BY 5, 6",
        "SELECT kind, effective_at, reason, recorded_at FROM personnel_change WHERE official_id = :id ORDER BY id",
    )
    found: list[object] = [services.uow.read().execute(text(part), {"id": person.id}).all() for part in parts]
    names = text("SELECT name FROM audit_event WHERE subject = :subject ORDER BY id")
    return [*found, services.uow.read().scalars(names, {"subject": f"official:{person.id}"}).all()]


def test_a_return_by_import_is_the_single_command(services: Services, world: World, clock: ManualClock, tmp_path: Path) -> None:
    rows = [a_row(number, phone="") for number in (1, 2)]
    run(services, tmp_path / "a.csv", *rows)
    clock.advance(DAY)
    for code in ("IM00001", "IM00002"):
        person = services.identity_queries.official_by_code(code)
        assert person is not None
        services.identity.leave(SEED, person.id, WHY)
    clock.advance(DAY)
    changes = {"rank": "二级科员", "position": "综合岗", "name": "单小莉"}
    run(services, tmp_path / "b.csv", rows[0] | changes)
    place = NewAppointment(world.wang.department_id, "综合岗", "科员")
    form = NewOfficial("IM00002", "单小莉", rows[1]["id_number"], None, "二级科员", security_label=1, appointments=(place,))
    services.identity.join(OPERATOR, form, Order("重新入职"))
    assert stored(services, "IM00001") == stored(services, "IM00002")


def test_an_import_says_what_it_cannot_do_about_a_return(services: Services, world: World, clock: ManualClock, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(3)]
    run(services, tmp_path / "a.csv", *rows)
    for number in range(3):
        person = services.identity_queries.official_by_code(f"IM{number:05d}")
        assert person is not None
        services.identity.leave(SEED, person.id, WHY)
    clock.advance(DAY)
    over = rows[0] | {"starts_at": "2026-11-01", "ends_at": "2026-11-20"}
    other_code = rows[1] | {"employee_code": "IM99999"}
    ahead = rows[2] | {"starts_at": "2026-12-20"}
    report = run(services, tmp_path / "b.csv", over, other_code, ahead)
    assert [(item.line, item.field) for item in report.findings] == [(2, "position"), (3, "id_number")]
    third = services.identity_queries.official_by_code("IM00002")
    assert third is not None
    assert [item.kind for item in services.identity_queries.planned_changes(third.id)] == ["rejoin"]
    # Until that day the same line changes nothing, and another one is a finding.
    clock.advance(DAY)
    repeated = run(services, tmp_path / "c.csv", ahead, ahead | {"employee_code": "IM88888", "id_number": id_number(88_888)})
    assert (repeated.summary.unchanged, repeated.summary.new) == (1, 1)
    moved = run(services, tmp_path / "d.csv", ahead | {"position": "另一岗位"})
    assert [(item.line, item.field) for item in moved.findings] == [(2, "position")]


def test_a_complete_list_passes_over_a_return_that_lies_ahead(services: Services, world: World, clock: ManualClock, tmp_path: Path) -> None:
    rows = [a_row(number) for number in range(3)]
    run(services, tmp_path / "a.csv", *rows)
    away = services.identity_queries.official_by_code("IM00002")
    assert away is not None
    services.identity.leave(SEED, away.id, WHY)
    clock.advance(DAY)
    services.identity.rejoin(SEED, away.id, [at(world)], Order("招录", clock.now() + 5 * DAY))
    report = Report()
    order = ImportOrder("hr", complete=True, allow_vanish=60)
    services.importing.apply(OPERATOR, examine(write_csv(tmp_path / "b.csv", rows[:2])), order, report)
    assert report.summary.vanished == 0
    clock.advance(6 * DAY)
    back = services.identity_queries.official(away.id)
    assert back is not None
    assert back.active
