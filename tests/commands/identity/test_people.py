"""Commands on people: one account each, appointments in time, disabling and restoring."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text
from sqlalchemy.event import listens_for

from govcloud.audit.models import AuditEvent
from govcloud.identity.inputs import NewAppointment, NewOffice, OfficialChange
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from tests.factories.people import an_official, id_number
from tests.factories.world import SEED, Organisation, World, build_organisation


@pytest.fixture
def places(services: Services) -> Organisation:
    """Return the departments of the small province, without people."""
    return build_organisation(services.identity)


def events(services: Services, name: str) -> int:
    """Return how many events of ``name`` are in the audit record."""
    return services.uow.read().query(AuditEvent).where(AuditEvent.name == name).count()


def fields_of(error: pytest.ExceptionInfo[GovcloudError]) -> list[str]:
    return [item.field for item in error.value.fields]


def test_a_person_has_one_account_and_numbers_are_sealed(services: Services, places: Organisation) -> None:
    row = replace(an_official(places.ids["housing"], name="单雪梅"), phone="13800138000")
    official_id = services.identity.register_official(SEED, row)

    view = services.identity_queries.official(official_id)
    assert view is not None
    assert (view.name, view.pinyin, view.status) == ("单雪梅", "shanxuemei", "active")
    assert view.masked_id_number == f"{row.id_number[:6]}********{row.id_number[-4:]}"
    assert view.masked_phone == "138****8000"
    account = services.identity_queries.account_by_login(f" {row.employee_code.lower()} ")
    assert account is not None
    assert (account.official_id, account.login, account.active) == (official_id, row.employee_code, True)
    assert services.identity_queries.official_by_id_number(row.id_number.lower()) == view
    stored = services.uow.read().execute(text("SELECT id_number_sealed, phone_sealed, id_number_digest FROM official")).one()
    assert all(row.id_number.encode() not in bytes(value) and b"13800138000" not in bytes(value) for value in stored)
    assert events(services, "identity:official:registered") == 1


def test_a_second_account_for_the_same_person_is_refused(services: Services, places: Organisation) -> None:
    row = an_official(places.ids["housing"])
    services.identity.register_official(SEED, row)

    with pytest.raises(Conflict) as same_code:
        services.identity.register_official(SEED, replace(an_official(), employee_code=row.employee_code.lower()))
    assert fields_of(same_code) == ["rows[0].employee_code"]
    with pytest.raises(Conflict) as same_person:
        services.identity.register_official(SEED, replace(an_official(), id_number=row.id_number))
    assert fields_of(same_person) == ["rows[0].id_number"]
    assert same_person.value.fields[0].value == f"{row.id_number[:6]}********{row.id_number[-4:]}"


def test_a_batch_is_all_or_nothing_and_names_every_row(services: Services, places: Organisation) -> None:
    good, twin = an_official(places.ids["housing"]), an_official()
    with pytest.raises(Conflict) as twins:
        services.identity.register_officials(SEED, [good, twin, replace(an_official(), id_number=twin.id_number)])
    assert fields_of(twins) == ["rows[1].id_number", "rows[2].id_number"]
    with pytest.raises(Invalid) as wrong:
        services.identity.register_officials(SEED, [good, replace(twin, id_number="110105194912310021"), an_official(uuid4())])
    assert fields_of(wrong) == ["rows[1].id_number", "rows[2].department_id"]
    assert services.identity_queries.search_officials("").rows == ()
    assert events(services, "identity:official:registered") == 0


def test_a_batch_has_bounds(services: Services) -> None:
    for count in (0, 10_001):
        with pytest.raises(Invalid):
            services.identity.register_officials(SEED, [an_official()] * count)


def test_batches_are_written_set_by_set(services: Services, places: Organisation) -> None:
    statements: list[str] = []

    @listens_for(db.engine, "before_cursor_execute")
    def count(*args: object) -> None:
        statements.append(str(args[2]))

    def cost(rows: int) -> int:
        """Return how many statements the registration of ``rows`` officials takes."""
        statements.clear()
        services.identity.register_officials(SEED, [an_official(places.ids["xihu_civil_affairs"]) for _ in range(rows)])
        return len(statements)

    # psycopg sends the rows of one statement in pipelines; what would take time is a statement for each row. The events of many
    # go by COPY, which is not counted here.
    assert cost(300) <= cost(2)
    assert events(services, "identity:official:registered") == 302
    assert len(services.identity_queries.subjects_in(places.ids["xihu_civil_affairs"], 1000)) == 302


def test_text_is_text(services: Services, places: Organisation) -> None:
    name = "<b>'; DROP TABLE official; --</b>"
    official_id = services.identity.register_official(SEED, an_official(places.ids["housing"], name=name))
    view = services.identity_queries.official(official_id)
    assert view is not None
    assert view.name == name
    assert [row.id for row in services.identity_queries.search_officials("<b>'").rows] == [official_id]


def test_searches_take_anything(services: Services, world: World) -> None:
    people = services.identity_queries
    everybody = {row.id for row in people.search_officials("").rows}
    # What no stored text has is left out of a search; then these two are empty and list everybody.
    for search in ("\x00", "\ud800"):
        assert {row.id for row in people.search_officials(search).rows} == everybody
    assert [row.name for row in people.search_officials("王\x00").rows] == ["王芳"]
    for search in ("%", "_", "' OR 1=1 --", "\\", "王" * 10_000):
        assert people.search_officials(search).rows == ()
        assert people.search_departments(search) == ()
    for nonsense in ("\x00", "\ud800", "%", "'", "王" * 10_000):
        assert people.account_by_login(nonsense) is None
        assert people.official_by_code(nonsense) is None
        assert people.official_by_id_number(nonsense) is None
        assert people.department_by_uscc(nonsense) is None
        assert people.division(nonsense) is None


def test_people_are_found_by_name_pinyin_initials_and_code(services: Services, world: World) -> None:
    table = {
        "王": {"王芳"},
        "wangf": {"王芳"},
        "wf": {"王芳"},
        "sxm": {"单雪梅"},
        "Shan": {"单雪梅"},
        "wangfang": {"王芳"},
        "liq": {"李强"},
        "nobody": set(),
    }
    for search, names in table.items():
        assert {row.name for row in services.identity_queries.search_officials(search).rows} == names, search


def test_search_pages_are_disjoint_and_complete(services: Services, world: World) -> None:
    seen: list[UUID] = []
    after = None
    while True:
        page = services.identity_queries.search_officials("", limit=3, after=after)
        seen += [row.id for row in page.rows]
        if page.after is None:
            break
        after = page.after
    assert len(seen) == len(set(seen)) == len(world.people)


def test_an_appointment_holds_in_its_window_only(services: Services, world: World, clock: ManualClock) -> None:
    start = clock.now() + timedelta(days=1)
    place = NewAppointment(
        world.organisation.ids["xihu_housing"], "协办员", kind="secondment", starts_at=start, ends_at=start + timedelta(days=5)
    )
    appointment_id = services.identity.appoint(SEED, world.wang.official_id, place)

    queries = services.identity_queries
    assert queries.appointment(appointment_id) is None
    assert queries.subject(appointment_id, start - timedelta(microseconds=1)) is None
    subject = queries.subject(appointment_id, start)
    assert subject is not None
    assert (subject.name, subject.kind, subject.division) == ("王芳", "secondment", "330106000000")
    assert queries.subject(appointment_id, start + timedelta(days=5)) is None
    assert [view.kind for view in queries.appointments_of(world.wang.official_id, start)] == ["primary", "secondment"]


def test_at_most_one_primary_appointment_at_a_time(services: Services, world: World, clock: ManualClock) -> None:
    place = NewAppointment(world.organisation.ids["housing"], "业务审核员")
    with pytest.raises(Conflict) as error:
        services.identity.appoint(SEED, world.wang.official_id, place)
    assert "主职" in str(error.value)

    services.identity.appoint(SEED, world.wang.official_id, replace(place, kind="concurrent"))
    services.identity.end_appointment(SEED, world.wang.appointment_id, "调动")
    services.identity.appoint(SEED, world.wang.official_id, replace(place, id=uuid4(), position="内设机构负责人"))
    assert [view.kind for view in services.identity_queries.appointments_of(world.wang.official_id)] == ["primary", "concurrent"]


def test_an_ended_appointment_stays_on_record(services: Services, world: World, clock: ManualClock) -> None:
    before = clock.now()
    clock.advance(timedelta(days=3))
    services.identity.end_appointment(SEED, world.wang.appointment_id, "调动")

    assert services.identity_queries.subject(world.wang.appointment_id) is None
    then = services.identity_queries.subject(world.wang.appointment_id, before)
    assert then is not None
    assert then.department_name == "杭州市西湖区民政局"
    with pytest.raises(Conflict):
        services.identity.end_appointment(SEED, world.wang.appointment_id, "调动")
    with pytest.raises(NotFound):
        services.identity.end_appointment(SEED, uuid4(), "调动")


def test_an_appointment_that_has_not_begun_never_holds(services: Services, world: World, clock: ManualClock) -> None:
    start = clock.now() + timedelta(days=1)
    place = NewAppointment(world.organisation.ids["housing"], "协办员", kind="secondment", starts_at=start)
    services.identity.appoint(SEED, world.wang.official_id, place)
    services.identity.end_appointment(SEED, place.id, "取消")
    assert services.identity_queries.subject(place.id, start + timedelta(days=1)) is None


def test_many_are_asked_about_at_once_each_at_its_own_moment(services: Services, world: World, clock: ManualClock) -> None:
    wang, li, zhao = world.wang, world.li, world.zhao
    before = clock.now()
    clock.advance(timedelta(days=1))
    for person in (wang, li):
        services.identity.end_appointment(SEED, person.appointment_id, "调离")

    queries = services.identity_queries
    now = clock.now()
    asked = [(wang.appointment_id, before), (wang.appointment_id, now), (li.appointment_id, now), (zhao.appointment_id, now)]
    assert queries.subjects_asked(asked) == {
        (wang.appointment_id, before): queries.subject(wang.appointment_id, before),
        (zhao.appointment_id, now): queries.subject(zhao.appointment_id),
    }
    assert queries.subjects_asked([]) == {}


def test_an_office_belongs_to_its_department(services: Services, world: World) -> None:
    housing = world.organisation.ids["housing"]
    office = NewOffice(housing, "住房保障处")
    services.identity.open_offices(SEED, [office])
    place = NewAppointment(housing, "协办员", kind="concurrent", office_id=office.id)
    services.identity.appoint(SEED, world.wang.official_id, place)
    view = services.identity_queries.appointment(place.id)
    assert view is not None
    assert view.office_name == "住房保障处"
    with pytest.raises(Invalid) as error:
        services.identity.appoint(SEED, world.wang.official_id, replace(place, id=uuid4(), department_id=world.organisation.ids["data"]))
    assert fields_of(error) == ["office_id"]


def test_a_disabled_official_cannot_act_and_can_be_restored(services: Services, world: World, clock: ManualClock) -> None:
    before = clock.now()
    clock.advance(timedelta(hours=1))
    services.identity.disable_official(SEED, world.wang.official_id, "停职检查")

    queries = services.identity_queries
    account, subject = queries.account_of(world.wang.official_id), queries.subject(world.wang.appointment_id)
    assert account is not None
    assert subject is not None
    assert (account.active, subject.active) == (False, False)
    then = queries.subject(world.wang.appointment_id, before)
    assert then is not None
    assert then.active
    with pytest.raises(Conflict, match="停用"):
        services.identity.disable_official(SEED, world.wang.official_id, "再次停用")

    # In the same instant: an empty window held at no moment.
    services.identity.restore_official(world.system_admin.actor(), world.wang.official_id, "查无问题")
    restored = queries.subject(world.wang.appointment_id)
    assert restored is not None
    assert restored.active
    assert events(services, "identity:official:disabled") == events(services, "identity:official:restored") == 1


def test_disabling_needs_a_reason(services: Services, world: World) -> None:
    for reason in ("", " ", "因" * 501, "停职\x00"):
        with pytest.raises(Invalid) as error:
            services.identity.disable_official(SEED, world.wang.official_id, reason)
        assert fields_of(error) == ["reason"]


def test_unknown_people_are_not_found(services: Services, world: World) -> None:
    with pytest.raises(NotFound):
        services.identity.disable_official(SEED, uuid4(), "停职")
    with pytest.raises(NotFound):
        services.identity.appoint(SEED, uuid4(), NewAppointment(world.organisation.ids["data"], "协办员"))


def test_people_administration_is_for_those_whose_duty_it_is(services: Services, world: World) -> None:
    xihu, yuhang = world.organisation.ids["xihu_civil_affairs"], world.organisation.ids["yuhang_civil_affairs"]
    for person in (world.wang, world.li, world.audit_admin):
        with pytest.raises(Denied):
            services.identity.register_official(person.actor(), an_official(xihu))
    services.identity.register_official(world.system_admin.actor(), an_official(yuhang))

    # A department's administrator manages that department and nothing beside it, not even in one batch.
    admin = world.people["SUNLI"].actor()
    services.identity.register_official(admin, an_official(xihu))
    for rows in (
        [an_official(yuhang)],
        [an_official(xihu), an_official(yuhang)],
        [an_official()],
        [an_official(xihu), an_official()],
        [an_official(uuid4())],
    ):
        with pytest.raises(Denied):
            services.identity.register_officials(admin, rows)
    with pytest.raises(Denied):
        services.identity.end_appointment(admin, world.people["SHANXUEMEI"].appointment_id, "越权")


def test_two_registrations_of_one_person_at_once_leave_one(services: Services, places: Organisation) -> None:
    # What a race would do: the look before the write finds nothing, so the constraint has to hold.
    first = an_official(places.ids["housing"])
    services.identity.register_official(SEED, first)
    row = replace(an_official(), id_number=first.id_number)
    digest = services.keys.digest("id-number", first.id_number.encode())

    def write_without_looking() -> None:
        with services.uow.begin(SEED, "govcloud:official:register") as tx:
            services.identity._insert_officials(tx, [row], [digest])

    with pytest.raises(Conflict, match="一人只能有一个账号"):
        write_without_looking()
    assert len(services.identity_queries.search_officials("").rows) == 1


def test_ids_of_the_generators_differ() -> None:
    assert len({id_number(number) for number in range(1000)}) == 1000


def test_facts_change_from_now_on_and_stay_as_of_before(services: Services, places: Organisation, clock: ManualClock) -> None:
    official_id = services.identity.register_official(SEED, replace(an_official(places.ids["housing"], name="仇英"), phone="13800138000"))
    before = clock.now()
    clock.advance(timedelta(days=1))
    change = OfficialChange(name="仇小英", phone="", rank="四级主任科员", security_label=2)
    assert services.identity.change_official(SEED, official_id, change) is True
    assert services.identity.change_official(SEED, official_id, change) is False
    now, then = services.identity_queries.official(official_id), services.identity_queries.official(official_id, before)
    assert now is not None
    assert (now.name, now.pinyin, now.masked_phone, now.rank, now.security_label) == ("仇小英", "qiuxiaoying", None, "四级主任科员", 2)
    assert then is not None
    assert (then.rank, then.security_label) == ("一级科员", 0)
    assert events(services, "identity:official:changed") == 1
    with pytest.raises(Invalid) as wrong:
        services.identity.change_official(SEED, official_id, OfficialChange(name=" ", phone="123", security_label=9))
    assert sorted(fields_of(wrong)) == ["name", "phone", "security_label"]
    with pytest.raises(NotFound):
        services.identity.change_official(SEED, uuid4(), OfficialChange(name="无"))
