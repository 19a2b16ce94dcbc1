"""The report on waiting: what counts, in working time; for whom it is; that it names nobody; and that a million past lines do not hurt."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import text

from govcloud.access.clocks.waiting import DepartmentWaiting
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.commands import NewAssignment
from govcloud.identity.reorganisation import Merge
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Denied, Invalid
from govcloud.services import Services
from tests.factories.browsing import counted
from tests.factories.requests import ask
from tests.factories.world import SEED, World

JOBS = Actor.system("jobs")
HOUR = timedelta(hours=1)


def china(stamp: str) -> datetime:
    return datetime.fromisoformat(stamp).replace(tzinfo=CHINA)


def of(services: Services, actor: Actor, **period: datetime) -> dict[str, DepartmentWaiting]:
    db.session.remove()
    return {row.name: row for row in services.waiting.report(actor, **period).departments}


def test_it_counts_working_time_until_the_answer(services: Services, world: World, clock: ManualClock) -> None:
    for person, answered in (
        (world.wang, "2026-11-24T10:30"),
        (world.people["SUNLI"], "2026-11-24T14:00"),
        (world.zhao, "2026-11-25T09:30"),
    ):
        line_id = ask(services, world, person).line_id
        clock.advance(china(answered) - clock.now())
        services.access.reject(world.li.actor(), line_id, 1, "not_needed")
    ask(services, world)
    report = services.waiting.report(world.li.actor())
    [housing] = report.departments
    assert housing.name == "浙江省住房和城乡建设厅"
    # An hour; two (an hour and a half before noon, half an hour after); three and a half hours, half of a day and the next morning.
    assert (housing.closed, housing.lapsed, housing.waiting, housing.overdue) == (3, 0, 1, 0)
    assert housing.p50 == 2 * HOUR
    assert housing.p95 == timedelta(hours=3.5)
    assert report.total.closed == 3
    assert report.total.p50 == housing.p50
    assert report.working_day == timedelta(hours=6.5)


def test_what_lapses_stands_against_the_department_and_what_is_taken_back_does_not(
    services: Services, world: World, clock: ManualClock
) -> None:
    ask(services, world)
    taken_back = ask(services, world, world.people["SUNLI"]).line_id
    services.access.withdraw(world.people["SUNLI"].actor(), taken_back, 1)
    clock.advance(timedelta(days=3))
    assert of(services, world.li.actor())["浙江省住房和城乡建设厅"].overdue == 1
    clock.advance(timedelta(days=4))
    while services.escalating.run(JOBS):
        pass
    row = of(services, world.li.actor())["浙江省住房和城乡建设厅"]
    assert (row.closed, row.lapsed, row.waiting) == (1, 1, 0)
    assert row.p50 == 2 * services.clock_policies.current().to_answer("one") + timedelta(hours=6.5), "the job came a working day late"


def test_the_time_in_which_a_line_was_returned_is_the_requesters(services: Services, world: World, clock: ManualClock) -> None:
    from govcloud.access.lines import lock_line  # noqa: PLC0415

    line_id = ask(services, world).line_id
    for step in (services.clocks.pause, services.clocks.resume):
        clock.advance(HOUR)
        with services.uow.begin(SEED, "govcloud:platform:seed") as tx:
            step(lock_line(tx.session, line_id), tx.now)
    clock.advance(HOUR / 4)
    services.access.reject(world.li.actor(), line_id, 1, "not_needed")
    assert of(services, world.li.actor())["浙江省住房和城乡建设厅"].p95 == HOUR * 1.25


def test_a_reader_sees_what_lies_below_the_own_office(services: Services, world: World) -> None:
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    other = ask(services, world, item_id=world.items["assistance:case:read"], case_number=None)
    services.access.reject(world.zhao.actor(), other.line_id, 1, "not_needed")
    sun = world.people["SUNLI"]
    scope = {"department_path": world.organisation.paths["government"]}
    services.authorization.assign_roles(
        SEED, [NewAssignment(sun.official_id, "senior_admin", sun.appointment_id, scope=scope, reason="岗位")]
    )
    housing, civil = "浙江省住房和城乡建设厅", "浙江省民政厅"
    seen = [set(of(services, person.actor())) for person in (world.li, world.zhao, sun, world.security_admin)]
    assert seen == [{housing}, {civil}, {housing, civil}, {housing, civil}]


def test_nobody_else_reads_it(services: Services, world: World) -> None:
    for actor in (world.wang.actor(), world.system_admin.actor(), world.audit_admin.actor(), JOBS, Actor.anonymous()):
        with pytest.raises(Denied):
            services.waiting.report(actor)


def test_it_names_nobody(services: Services, world: World, clock: ManualClock) -> None:
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    ask(services, world)
    clock.advance(HOUR)
    told = repr(services.waiting.report(world.security_admin.actor()))
    for person in world.people.values():
        assert person.name not in told
        assert str(person.official_id) not in told


def test_the_period_is_half_open_and_bounded(services: Services, world: World, clock: ManualClock) -> None:
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    now, li = clock.now(), world.li.actor()
    clock.advance(timedelta(days=1))
    assert of(services, li, since=now, until=now + HOUR)
    assert not of(services, li, since=now - HOUR, until=now)
    assert not of(services, li, since=now + timedelta(microseconds=1), until=now + HOUR)
    for period in ({"since": now, "until": now}, {"since": now - timedelta(days=93), "until": now}, {"since": now + timedelta(days=9)}):
        with pytest.raises(Invalid):
            services.waiting.report(li, **period)


def test_a_merger_hands_the_waiting_on(services: Services, world: World, clock: ManualClock) -> None:
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    clock.advance(HOUR)
    ids = world.organisation.ids
    services.identity.reorganise(SEED, Merge((ids["housing"],), ids["civil_affairs"], "机构改革"))
    assert set(of(services, world.security_admin.actor())) == {"浙江省民政厅"}


def test_it_takes_a_handful_of_statements_and_the_index(services: Services, world: World, superuser_url: str) -> None:
    """A hundred thousand lines closed in the past, and a report on the last thirty days that reads those days alone."""
    import psycopg  # noqa: PLC0415

    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    db.session.remove()
    copies = """
        INSERT INTO request_line SELECT gen_random_uuid(), request_id, beneficiary_official_id, item_id, item_version, function,
               subsystem_code, owner_department_id, owner_path, 'rejected', 2, requested_scope, requested_days, submitted_at, due_at,
               submitted_at - n * interval '5 minutes' FROM request_line, generate_series(1, 100000) AS n
    """
    with psycopg.connect(superuser_url.replace("+psycopg", "")) as connection:
        connection.execute(copies.replace("INSERT INTO request_line SELECT", f"INSERT INTO request_line ({_COLUMNS}) SELECT"))
        connection.execute(
            "INSERT INTO line_wait SELECT id, owner_department_id, 'rejected', extract(epoch FROM closed_at)::bigint % 90000, closed_at"
            " FROM request_line WHERE NOT EXISTS (SELECT 1 FROM line_wait WHERE line_id = request_line.id)"
        )
        connection.commit()
        connection.autocommit = True
        connection.execute("VACUUM ANALYZE line_wait")
    with counted() as statements:
        report = services.waiting.report(world.security_admin.actor())
    assert len(statements) <= 12
    assert report.total.closed > 8_000
    plan = services.uow.read().scalars(
        text(
            "EXPLAIN SELECT department_id, count(*), percentile_disc(0.95) WITHIN GROUP (ORDER BY seconds) FROM line_wait"
            " WHERE closed_at >= :since AND closed_at < :until GROUP BY department_id"
        ),
        {"since": report.since, "until": report.until},
    )
    assert "Index Only Scan using ix_line_wait_closed" in "\n".join(plan)


_COLUMNS = (
    "id, request_id, beneficiary_official_id, item_id, item_version, function, subsystem_code, owner_department_id, owner_path, state,"
    " version, requested_scope, requested_days, submitted_at, due_at, closed_at"
)
