"""The clock of a line: its marks in working time, what it does at each, and once; and that it stands while a line is returned."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.access.clocks.line_clock import LEFT_LYING, MARKS
from govcloud.access.lifecycle import LineState
from govcloud.access.lines import lock_line
from govcloud.access.models import RequestLine
from govcloud.authorization.around.surroundings import CHINA
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.plans import plan_without
from tests.factories.racing import together
from tests.factories.requests import ask, may_read
from tests.factories.world import SEED, World

JOBS = Actor.system("jobs")
SECOND = timedelta(seconds=1)


def china(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=CHINA)


def line_of(services: Services, line_id: UUID) -> RequestLine:
    db.session.remove()
    return services.uow.read().get_one(RequestLine, line_id)


def story(services: Services, line_id: UUID) -> list[str]:
    """Return the names of the events about a line, in their order."""
    query = text("SELECT name FROM audit_event WHERE subject = :subject ORDER BY id")
    return list(services.uow.read().scalars(query, {"subject": f"request_line:{line_id}"}))


def until(clock: ManualClock, stamp: str, *, less: timedelta = timedelta(0)) -> None:
    clock.advance(china(stamp) - less - clock.now())


def test_the_marks_stand_in_working_time(services: Services, world: World) -> None:
    line = line_of(services, ask(services, world).line_id)
    # Asked on a Tuesday at 09:30; two working days of six and a half hours to answer.
    assert [getattr(line, column) for column, _ in MARKS] == [
        china("2026-11-25T09:30"),
        china("2026-11-26T09:30"),
        china("2026-11-27T09:30"),
        china("2026-11-30T09:30"),
    ]
    assert line.acts_at == line.remind_at


def test_each_mark_is_acted_on_at_its_moment_and_once(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    steps = (
        ("2026-11-25T09:30", 1, "access:line:reminded"),
        ("2026-11-26T09:30", 2, "access:line:deputised"),
        ("2026-11-27T09:30", 3, "access:line:escalated"),
        ("2026-11-30T09:30", 3, "access:line:lapsed"),
    )
    for moment, escalation, event in steps:
        until(clock, moment, less=SECOND)
        before = story(services, line_id)
        assert services.escalating.run(JOBS) == 0, f"a second before {moment}"
        clock.advance(SECOND)
        assert services.escalating.run(JOBS) == 1
        assert services.escalating.run(JOBS) == 0
        assert story(services, line_id) == [*before, event]
        line = line_of(services, line_id)
        assert (line.escalation, line.version) == (escalation, 1 if event != "access:line:lapsed" else 2), (
            "a step makes no shown page stale"
        )
    assert line.state == LineState.LAPSED


def test_after_a_long_stop_every_step_that_is_due_is_taken_in_its_order(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    until(clock, "2026-11-27T10:00")
    while services.escalating.run(JOBS):
        pass
    assert story(services, line_id) == ["access:line:reminded", "access:line:deputised", "access:line:escalated"]


def test_who_was_asked_first_may_answer_until_it_lapses(services: Services, world: World, clock: ManualClock) -> None:
    first, second = ask(services, world).line_id, ask(services, world, world.people["SUNLI"]).line_id
    until(clock, "2026-11-30T09:30", less=SECOND)
    while services.escalating.run(JOBS):
        pass
    assert services.access.approve(world.li.actor(), first, 1).grant_id is not None
    assert may_read(services, world.wang)
    clock.advance(SECOND)
    with pytest.raises(Conflict) as caught:
        services.access.approve(world.li.actor(), second, 1)
    assert caught.value.code == "line_overdue", "at its very moment it is over, whether the job has run or not"
    services.escalating.run(JOBS)
    assert story(services, first) == [*story(services, second)[:3], "access:line:approved"]


def test_an_answered_line_has_no_clock(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    services.access.reject(world.li.actor(), line_id, 1, "not_needed")
    clock.advance(timedelta(days=30))
    assert services.escalating.run(JOBS) == 0


def test_nobody_else_drives_the_clock(services: Services, world: World, clock: ManualClock) -> None:
    ask(services, world)
    clock.advance(timedelta(days=2))
    for actor in (world.wang.actor(), world.li.actor(), world.security_admin.actor(), Actor.anonymous()):
        with pytest.raises(Denied):
            services.escalating.run(actor)
    clock.advance(timedelta(days=30))
    with pytest.raises(Denied):
        services.escalating.run(world.li.actor())


def test_two_processes_take_a_step_once(app: Flask, services: Services, settings: Settings, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    clock.advance(timedelta(days=30))
    gate = f"SELECT id FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE"
    outcomes = together(app, settings, gate, lambda: services.escalating.run(JOBS), lambda: services.escalating.run(JOBS))
    assert sorted(map(str, outcomes)) == ["0", "1"]
    assert story(services, line_id) == ["access:line:lapsed"]


def test_a_line_that_another_transaction_holds_is_left_to_the_next_run(
    services: Services, world: World, clock: ManualClock, settings: Settings
) -> None:
    import psycopg  # noqa: PLC0415

    held, free = ask(services, world).line_id, ask(services, world, world.people["SUNLI"]).line_id
    until(clock, "2026-11-25T09:30")
    db.session.remove()
    with psycopg.connect(settings.database_url.replace("+psycopg", "")) as other:
        other.execute("SELECT id FROM request_line WHERE id = %s FOR UPDATE", (held,))
        assert services.escalating.run(JOBS) == 1
        assert (line_of(services, held).escalation, line_of(services, free).escalation) == (0, 1)
        db.session.remove()
    assert services.escalating.run(JOBS) == 1


def test_a_stop_in_the_middle_of_a_step_leaves_nothing_of_it(
    services: Services, world: World, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    line_id = ask(services, world).line_id
    until(clock, "2026-11-25T09:30")

    class Stop(BaseException):
        """The process ends here."""

    def stop(*_: object) -> None:
        raise Stop

    with monkeypatch.context() as patched:
        patched.setattr("govcloud.kernel.unit_of_work.UnitOfWork._finish", stop)
        with pytest.raises(Stop):
            services.escalating.run(JOBS)
    assert (line_of(services, line_id).escalation, story(services, line_id)) == (0, [])
    assert services.escalating.run(JOBS) == 1
    assert story(services, line_id) == ["access:line:reminded"]


def test_the_job_leaves_the_rest_when_it_is_told_to_stop(services: Services, world: World, clock: ManualClock) -> None:
    for person in (world.wang, world.people["SUNLI"]):
        ask(services, world, person)
    until(clock, "2026-11-25T09:30")
    told = iter((False, True))
    assert services.escalating.run(JOBS, until=lambda: next(told)) == 1
    assert services.escalating.run(JOBS) == 1


def _paused(services: Services, line_id: UUID) -> None:
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        line = lock_line(tx.session, line_id)
        services.clocks.pause(line, tx.now)
        line.state = LineState.RETURNED


def _resumed(services: Services, line_id: UUID) -> None:
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        line = lock_line(tx.session, line_id)
        services.clocks.resume(line, tx.now)
        line.state = LineState.PENDING


def test_while_a_line_is_returned_its_clock_stands(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    until(clock, "2026-11-25T10:30")  # an hour beyond the reminder
    services.escalating.run(JOBS)
    _paused(services, line_id)
    clock.advance(LEFT_LYING - timedelta(seconds=1))
    assert services.escalating.run(JOBS) == 0
    until(clock, "2027-03-01T14:00")
    _resumed(services, line_id)
    line = line_of(services, line_id)
    # Five and a half hours were left to the deputies: three that Monday, two and a half the next day.
    assert line.remind_at == china("2026-11-25T09:30"), "what is past stays"
    assert line.deputy_at == china("2027-03-02T11:30")
    assert (line.acts_at, line.escalation) == (line.deputy_at, 1)
    assert services.clocks.waited(line, china("2027-03-02T11:30")) == services.clock_policies.current().to_answer("one")


def test_a_clock_that_stands_or_runs_already_is_left_alone(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    for step in (_resumed, _paused, _paused, _resumed, _resumed):
        step(services, line_id)
        clock.advance(timedelta(hours=1))
    line = line_of(services, line_id)
    # It stood from 10:30 to 12:30 (an hour and a half of work), and ran the rest of the time.
    assert services.clocks.waited(line, clock.now()) == services.clocks.working.between(line.submitted_at, clock.now()) - timedelta(
        hours=1.5
    )
    assert line.remind_at == services.clocks.working.add(line.submitted_at, timedelta(hours=8))


def test_the_time_to_answer_is_set_in_one_place(services: Services, world: World, clock: ManualClock) -> None:
    before = line_of(services, ask(services, world).line_id)
    told = before.deputy_at
    services.clock_policies.set(world.security_admin.actor(), {"one_hours": 4, "afternoon_to": "18:00"}, "简单事项应当半天答复")
    services.access.withdraw(world.wang.actor(), before.id, 1)
    assert line_of(services, before.id).deputy_at == told, "nobody's deadline moves"
    after = line_of(services, ask(services, world).line_id)
    assert after.deputy_at == china("2026-11-24T15:00")
    assert after.due_at == china("2026-11-25T10:00"), "a day is longer by an hour now"
    [change] = services.clock_policies.history()
    assert dict(change.changes) == {"afternoon_to": ("17:00", "18:00"), "one_hours": (13, 4)}
    clock.advance(timedelta(seconds=31))
    assert services.clock_policies.current().one_hours == 4


WRONG: list[tuple[dict[str, object], str]] = [
    ({"one_hours": 0}, "one_hours"),
    ({"one_hours": 261}, "one_hours"),
    ({"one_hours": "4"}, "one_hours"),
    ({"one_hours": True}, "one_hours"),
    ({"morning_from": "25:00"}, "morning_from"),
    ({"morning_from": "'; DROP TABLE notice"}, "morning_from"),
    ({"afternoon_to": "13:00"}, "morning_to"),
    ({"nobody": 1}, "nobody"),
]


@pytest.mark.parametrize(("changes", "field"), WRONG)
def test_a_rule_that_cannot_be_is_named(services: Services, world: World, changes: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as caught:
        services.clock_policies.set(world.security_admin.actor(), changes, "试试")
    assert [item.field for item in caught.value.fields] == [field]
    assert services.clock_policies.history() == ()


def test_rules_are_set_by_security_alone(services: Services, world: World) -> None:
    for person in (world.wang, world.li, world.system_admin, world.audit_admin):
        with pytest.raises(Denied):
            services.clock_policies.set(person.actor(), {"one_hours": 20}, "不应成功")


def test_another_process_notices_within_half_a_minute(services: Services, clock: ManualClock) -> None:
    from govcloud.access.clocks.clock_rules import ClockPolicies  # noqa: PLC0415

    other = ClockPolicies(services.uow, services.uow.read, clock)
    assert other.current().one_hours == 13
    services.clock_policies.set(Actor.system("operator"), {"one_hours": 20}, "另一进程")
    db.session.remove()
    assert other.current().one_hours == 13
    clock.advance(timedelta(seconds=30))
    assert other.current().one_hours == 20


def test_what_is_due_is_found_by_its_index(services: Services) -> None:
    due = "state IN ('blocked_sod', 'pending', 'returned') AND acts_at <= now()"
    session = services.uow.read()
    plan_without(session, "seqscan")
    plan = session.scalars(text(f"EXPLAIN SELECT id FROM request_line WHERE {due} ORDER BY acts_at, id LIMIT 200"))
    assert "ix_request_line_acts" in "\n".join(plan)


def test_a_page_goes_on_where_the_one_before_ended(services: Services, world: World, clock: ManualClock) -> None:
    lines = [ask(services, world, world.people[login]).line_id for login in ("WANGFANG", "SUNLI", "SHANXUEMEI", "CHENJIE", "ZHAOMIN")]
    until(clock, "2026-11-25T09:30")
    assert services.escalating.run(JOBS, limit=2) == 5
    assert [line_of(services, line_id).escalation for line_id in lines] == [1] * 5
    session = services.uow.read()
    plan_without(session, "seqscan")
    due = "state IN ('blocked_sod', 'pending', 'returned') AND acts_at <= now()"
    due += " AND (acts_at, id) > (now() - interval '1 day', gen_random_uuid())"
    plan = "\n".join(session.scalars(text(f"EXPLAIN SELECT id FROM request_line WHERE {due} ORDER BY acts_at, id LIMIT 200")))
    assert "ix_request_line_acts" in plan
    assert "Sort" not in plan


def test_a_line_whose_step_fails_holds_up_no_other(
    services: Services, world: World, clock: ManualClock, superuser_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """However many fail, and though they are the oldest: a trigger of the database refuses whatever is done to the first two."""
    import psycopg  # noqa: PLC0415

    broken = [ask(services, world, world.people[login]).line_id for login in ("WANGFANG", "SUNLI")]
    whole = [ask(services, world, world.people[login]).line_id for login in ("SHANXUEMEI", "CHENJIE")]
    listed = ", ".join(f"'{line_id}'" for line_id in broken)
    with psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''broken''; END'")
        owner.execute(
            f"CREATE TRIGGER refuse BEFORE UPDATE ON request_line FOR EACH ROW WHEN (OLD.id IN ({listed})) EXECUTE FUNCTION refuse()"
        )
    until(clock, "2026-11-25T09:30")
    assert services.escalating.run(JOBS, limit=1) == 2
    assert [line_of(services, line_id).escalation for line_id in (*broken, *whole)] == [0, 0, 1, 1]
    assert all(str(line_id) in caplog.text for line_id in broken)
    assert story(services, broken[0]) == []


def test_several_workers_take_each_step_once(app: Flask, services: Services, settings: Settings, world: World, clock: ManualClock) -> None:
    """Both read the same due lines and meet at the first: who comes second finds it taken, and so each of the rest."""
    lines = [ask(services, world, world.people[login]).line_id for login in ("WANGFANG", "SUNLI", "SHANXUEMEI")]
    clock.advance(timedelta(days=30))
    gate = f"SELECT id FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE"
    run = partial(services.escalating.run, JOBS)
    taken = [done for done in together(app, settings, gate, run, run) if isinstance(done, int)]
    assert (len(taken), sum(taken)) == (2, 3)
    assert [story(services, line_id) for line_id in lines] == [["access:line:lapsed"]] * 3
    told = "SELECT count(*) FROM notice WHERE kind = 'lapsed' GROUP BY line_id, official_id"
    assert list(services.uow.read().scalars(text(told))) == [1, 1, 1]


def test_what_waits_for_an_exception_lapses_against_no_department(services: Services, world: World, clock: ManualClock) -> None:
    line_id = ask(services, world).line_id
    with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
        lock_line(tx.session, line_id).state = LineState.BLOCKED_SOD
    clock.advance(timedelta(days=30))
    services.escalating.run(JOBS)
    assert services.uow.read().scalar(text("SELECT count(*) FROM line_wait")) == 0
    assert [view.kind for view in services.notice_queries.page(world.wang.official_id).entries] == ["lapsed_blocked"]
