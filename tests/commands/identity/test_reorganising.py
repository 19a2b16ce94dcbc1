"""Changing the department tree: what each change does, whom it names before, what it refuses, and that history stays."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from govcloud.authorization.commands import NewAssignment
from govcloud.authorization.deciding.decisions import Question
from govcloud.identity.inputs import NewAppointment, NewDepartment, NewOffice
from govcloud.identity.reorganisation import Abolish, Change, Merge, Move, Rename, Reorder, Reorganisation, Split
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.people import a_department, an_official
from tests.factories.requests import REGISTER, new_request
from tests.factories.world import PASSWORD, SEED, YUHANG, World

WHY = "机构改革方案（2026）"


@pytest.fixture
def ids(world: World) -> dict[str, UUID]:
    return world.organisation.ids


def tomorrow(clock: ManualClock) -> None:
    clock.advance(timedelta(days=1))


def new_below(world: World, parent: str, name: str = "浙江省公共服务中心") -> NewDepartment:
    return replace(a_department(world.organisation.ids[parent], name=name), business_lines=())


def counts(services: Services) -> dict[str, int]:
    session = services.uow.read()
    tables = ("department_version", "appointment", "office", "department_succession", "role_assignment", "audit_event")
    return {table: session.scalar(text(f"SELECT count(*) FROM {table}")) or 0 for table in tables}


def test_a_merger_takes_people_offices_and_children_along(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    office = services.identity.open_offices(SEED, [NewOffice(ids["xihu_civil_affairs"], "救助科")])[0]
    child = services.identity.register_department(SEED, a_department(ids["xihu_civil_affairs"], name="西湖区救助站"))
    person = an_official(ids["xihu_civil_affairs"])
    services.identity.register_official(
        SEED, replace(person, appointments=(replace(person.appointments[0], office_id=office, starts_at=clock.now() + timedelta(days=9)),))
    )
    before = clock.now()
    tomorrow(clock)
    change = Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY)

    preview = services.identity.preview(world.system_admin.actor(), change)
    assert {item.kind: item.count for item in preview.affected} == {
        "people": 3,
        "appointments": 3,
        "offices": 1,
        "children": 1,
        "roles": 1,
    }
    assert {"王芳", "孙丽"} <= set(next(item for item in preview.affected if item.kind == "people").names)
    assert next(item for item in preview.affected if item.kind == "roles").names == ("孙丽（部门管理员）",)

    done = services.identity.reorganise(world.system_admin.actor(), change)
    assert done.department_id == ids["xihu_housing"]
    queries, tree = services.identity_queries, services.tree_queries
    assert queries.department(ids["xihu_civil_affairs"]) is None
    moved = queries.department(child)
    assert moved is not None
    assert (moved.parent_id, moved.path) == (ids["xihu_housing"], f"{world.organisation.paths['xihu_housing']}{child.hex}/")
    assert queries.offices(ids["xihu_housing"]) == {office: "救助科"}
    assert {member.name for member in tree.members(ids["xihu_housing"]).rows} == {"王芳", "孙丽", "陈杰"}
    later = tree.members(ids["xihu_housing"], at=clock.now() + timedelta(days=30)).rows
    assert {member.name: member.office_name for member in later}[person.name] == "救助科"
    # Then it was as it was.
    then = queries.department(ids["xihu_civil_affairs"], before)
    assert then is not None
    assert [view.name for view in queries.children(then.id, before)] == ["西湖区救助站"]
    assert {member.name for member in tree.members(then.id, at=before).rows} == {"王芳", "孙丽"}
    # And one can see what became of it.
    history = tree.history(ids["xihu_civil_affairs"])
    assert [(step.kind, step.successor_name, step.reason) for step in history.became] == [("merge", "杭州市西湖区住房和城乡建设局", WHY)]
    assert [step.predecessor_name for step in tree.history(ids["xihu_housing"]).came_from] == ["杭州市西湖区民政局"]
    last = tree.last_known(ids["xihu_civil_affairs"])
    assert last is not None
    assert (last[0].name, last[1]) == ("杭州市西湖区民政局", clock.now())


def test_a_preview_writes_nothing(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    tomorrow(clock)
    before = counts(services)
    changes: tuple[Reorganisation, ...] = (
        Rename(ids["data"], "省数字局"),
        Move(ids["xihu"], ids["data"]),
        Reorder(ids["xihu"], (ids["xihu_housing"], ids["xihu_civil_affairs"])),
        Change(ids["data"], business_lines=("数据", "政务服务")),
        Merge((ids["xihu_civil_affairs"],), new_below(world, "xihu"), WHY),
        Split(ids["xihu_civil_affairs"], new_below(world, "xihu"), WHY, people=(world.wang.official_id,)),
        Abolish(ids["data"], WHY, successor_id=ids["audit"]),
    )
    for change in changes:
        assert services.identity.preview(world.system_admin.actor(), change).departments
        services.uow.read().rollback()
        assert counts(services) == before, change


def test_what_hung_on_the_old_department_works_on(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    """王芳's session, role and grant, her waiting request, and 孙丽's delegated role go on after the merger."""
    wang, li = world.wang, world.li
    session = services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test")
    submitted = services.access.submit(wang.actor(), new_request(world))
    decided = services.access.approve(li.actor(), submitted.line_id, 1)
    assert decided.grant_id is not None
    services.authorization.assign_role(SEED, wang.official_id, "housing_clerk", wang.appointment_id, reason="兼管")
    waiting = services.access.submit(world.people["SUNLI"].actor(), new_request(world))
    clock.advance(timedelta(minutes=1))
    services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY))

    place = services.identity_queries.appointments_of(wang.official_id)[0]
    assert place.id != wang.appointment_id
    assert place.department_id == ids["xihu_housing"]
    current = services.signon.current(session.token)
    assert current is not None
    assert current.appointment_id == place.id
    assert services.authorization.decide(Question(REGISTER, appointment_id=place.id)).allowed
    assert {view.appointment_id for view in services.authorization_queries.assignments_of(wang.official_id)} == {place.id}
    held = services.access_queries.my_access(wang.official_id)
    assert (held[0].is_live, held[0].request_number) == (True, submitted.number)
    # The one who moved along keeps the delegated role, over the department that took theirs in.
    sun = services.identity_queries.appointments_of(world.people["SUNLI"].official_id)[0]
    paths = services.authorization_queries.department_paths(sun.official_id, sun.id, "department_admin")
    assert paths == (world.organisation.paths["xihu_housing"],)
    # A request that waits can be granted to the duty that goes on.
    yes = services.access.approve(li.actor(), waiting.line_id, 1)
    assert yes.grant_id is not None
    grant = services.authorization_queries.grant(yes.grant_id)
    assert grant is not None
    assert grant.appointment_id == sun.id


def test_what_a_department_owned_belongs_to_its_successor(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    submitted = services.access.submit(world.wang.actor(), new_request(world))
    tomorrow(clock)
    new = new_below(world, "government", "浙江省住房和民政厅")
    change = Merge((ids["housing"], ids["civil_affairs"]), new, WHY)
    preview = services.identity.preview(SEED, change)
    assert {kind: preview.count(kind) for kind in ("subsystems", "items", "lists", "lines", "roles")} == {
        "subsystems": 2,
        "items": 3,
        "lists": 1,
        "lines": 1,
        "roles": 4,
    }
    done = services.identity.reorganise(SEED, change)
    assert done.department_id == new.id
    owners = {view.code: view.owner_department_id for view in services.subsystem_queries.all() if view.code != "govcloud"}
    assert set(owners.values()) == {new.id}
    item = services.subsystem_queries.item_for_function(REGISTER)
    assert item is not None
    assert item.owner_department_id == new.id
    # 李强 decided for housing and still does, for what the new department has.
    li = services.identity_queries.appointments_of(world.li.official_id)[0]
    actor = replace(world.li, appointment_id=li.id).actor()
    assert [entry.line_id for entry in services.access_queries.inbox(actor).entries] == [submitted.line_id]
    assert services.access.approve(actor, submitted.line_id, 1).grant_id is not None


def test_a_split_takes_offices_people_and_children(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    office = services.identity.open_offices(SEED, [NewOffice(ids["xihu_civil_affairs"], "救助科")])[0]
    clerk = an_official(ids["xihu_civil_affairs"])
    services.identity.register_official(
        SEED, replace(clerk, appointments=(NewAppointment(ids["xihu_civil_affairs"], "救助专员", office_id=office),))
    )
    child = services.identity.register_department(SEED, a_department(ids["xihu_civil_affairs"], name="西湖区救助站"))
    tomorrow(clock)
    change = Split(
        ids["xihu_civil_affairs"],
        new_below(world, "xihu", "西湖区社会救助局"),
        WHY,
        offices=(office,),
        people=(world.wang.official_id,),
        children=(child,),
    )
    preview = services.identity.preview(SEED, change)
    assert {item.kind: item.count for item in preview.affected} == {"people": 2, "appointments": 2, "offices": 1, "children": 1}
    new = services.identity.reorganise(SEED, change).department_id
    assert new is not None
    tree = services.tree_queries
    assert {(member.name, member.office_name) for member in tree.members(new).rows} == {("王芳", None), (clerk.name, "救助科")}
    assert [member.name for member in tree.members(ids["xihu_civil_affairs"]).rows] == ["孙丽"]
    assert [node.name for node in tree.children(new).nodes] == ["西湖区救助站"]
    assert [(step.kind, step.successor_id) for step in tree.history(ids["xihu_civil_affairs"]).became] == [("split", new)]


def test_a_split_names_what_is_not_the_departments_own(services: Services, world: World, ids: dict[str, UUID]) -> None:
    strange = Split(
        ids["xihu_civil_affairs"],
        new_below(world, "xihu"),
        WHY,
        offices=(uuid4(),),
        people=(world.people["CHENJIE"].official_id,),
        children=(ids["xihu_housing"],),
    )
    with pytest.raises(Invalid) as error:
        services.identity.reorganise(SEED, strange)
    assert [item.field for item in error.value.fields] == ["offices", "people", "children"]
    with pytest.raises(Invalid):
        services.identity.reorganise(SEED, replace(strange, offices=(), people=(), children=()))


def test_a_department_in_use_is_not_abolished_and_the_refusal_names_what_hangs_on_it(
    services: Services, world: World, ids: dict[str, UUID]
) -> None:
    with pytest.raises(Conflict) as error:
        services.identity.reorganise(SEED, Abolish(ids["housing"], WHY))
    assert error.value.code == "department_in_use"
    assert {item.code for item in error.value.refusals} == {"still_has_people", "still_has_subsystems", "still_has_items"}
    assert "李强" in str(error.value.refusals[0].message)
    with pytest.raises(Conflict) as parent:
        services.identity.reorganise(SEED, Abolish(ids["xihu"], WHY))
    assert {item.code for item in parent.value.refusals} == {"still_has_children"}


def test_an_empty_department_ends_with_the_roles_that_reached_over_it(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    empty = services.identity.register_department(SEED, a_department(ids["government"], name="筹备办公室"))
    services.identity.open_offices(SEED, [NewOffice(empty, "综合科")])
    view = services.identity_queries.department(empty)
    assert view is not None
    chen = world.people["CHENJIE"]
    services.authorization.assign_roles(
        SEED, [NewAssignment(chen.official_id, "department_admin", chen.appointment_id, {"department_path": view.path}, "筹备")]
    )
    tomorrow(clock)
    assert services.identity.reorganise(SEED, Abolish(empty, WHY)).department_id is None
    assert services.identity_queries.department(empty) is None
    assert services.identity_queries.offices(empty) == {}
    assert "department_admin" not in {held.role_code for held in services.authorization_queries.assignments_of(chen.official_id)}
    assert [step.kind for step in services.tree_queries.history(empty).became] == ["abolish"]
    with pytest.raises(NotFound):
        services.identity.reorganise(SEED, Rename(empty, "不复存在"))
    with pytest.raises(Invalid):
        services.identity.appoint(SEED, chen.official_id, NewAppointment(empty, "专员", kind="concurrent"))


def test_departments_below_each_other_merge_into_a_third(
    services: Services, world: World, ids: dict[str, UUID], clock: ManualClock
) -> None:
    grandchild = services.identity.register_department(SEED, a_department(ids["xihu_housing"], name="房产测绘所"))
    tomorrow(clock)
    services.identity.reorganise(SEED, Merge((ids["xihu"], ids["xihu_housing"]), ids["data"], WHY))
    queries = services.identity_queries
    below = {view.id: view for view in queries.departments_under(world.organisation.paths["data"])}
    assert set(below) == {ids["data"], ids["xihu_civil_affairs"], grandchild}
    assert {below[key].parent_id for key in (grandchild, ids["xihu_civil_affairs"])} == {ids["data"]}
    assert "陈杰" in {member.name for member in services.tree_queries.members(ids["data"]).rows}


def test_impossible_mergers_are_refused(services: Services, world: World, ids: dict[str, UUID]) -> None:
    for into in (ids["xihu"], ids["xihu_housing"], new_below(world, "xihu_housing")):
        with pytest.raises(Conflict) as error:
            services.identity.reorganise(SEED, Merge((ids["xihu"],), into, WHY))
        assert error.value.code == "successor_vanishes"
    with pytest.raises(Invalid):
        services.identity.reorganise(SEED, Merge((), ids["xihu"], WHY))
    with pytest.raises(Invalid):
        services.identity.reorganise(SEED, Merge((ids["data"],), ids["xihu"], " "))
    with pytest.raises(Invalid):
        services.identity.reorganise(SEED, Merge((ids["data"],), replace(new_below(world, "government"), uscc="1"), WHY))


def test_nobody_gets_one_position_twice_by_a_merger(services: Services, world: World, ids: dict[str, UUID]) -> None:
    chen = world.people["CHENJIE"]
    second = NewAppointment(ids["xihu_civil_affairs"], "窗口受理员", kind="concurrent")
    services.identity.appoint(SEED, chen.official_id, second)
    with pytest.raises(Conflict) as error:
        services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY))
    assert error.value.code == "position_twice"
    assert "陈杰" in str(error.value.message)
    services.identity.end_appointment(SEED, second.id, "合并前清理")
    services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY))


def test_the_order_of_children_is_set_whole(services: Services, ids: dict[str, UUID], world: World, clock: ManualClock) -> None:
    tomorrow(clock)
    wanted = (ids["xihu_housing"], ids["xihu_civil_affairs"])
    services.identity.reorganise(SEED, Reorder(ids["xihu"], wanted))
    assert tuple(node.id for node in services.tree_queries.children(ids["xihu"]).nodes) == wanted
    for order in (wanted[:1], (*wanted, wanted[0]), (wanted[0], ids["data"])):
        with pytest.raises(Invalid):
            services.identity.reorganise(SEED, Reorder(ids["xihu"], order))


def test_facts_change_and_wrong_ones_are_named(services: Services, ids: dict[str, UUID], clock: ManualClock) -> None:
    before = clock.now()
    tomorrow(clock)
    bureau = ids["xihu_civil_affairs"]
    services.identity.reorganise(SEED, Change(bureau, YUHANG, "township", ("民政", "养老"), ids["civil_affairs"]))
    view, then = services.identity_queries.department(bureau), services.identity_queries.department(bureau, before)
    assert view is not None
    assert then is not None
    assert (view.division, view.level, view.business_lines, view.lead_department_id) == (
        YUHANG,
        "township",
        ("民政", "养老"),
        ids["civil_affairs"],
    )
    assert then.lead_department_id is None
    tomorrow(clock)
    services.identity.reorganise(SEED, Change(bureau, unled=True))
    assert services.identity_queries.department(bureau) == replace(view, lead_department_id=None)
    with pytest.raises(Invalid) as error:
        services.identity.reorganise(SEED, Change(bureau, "330199000000", "国家级", ("",), bureau))
    assert [item.field for item in error.value.fields] == ["level", "business_lines", "division_code", "lead_department_id"]
    with pytest.raises(Invalid):
        services.identity.reorganise(SEED, Change(bureau, lead_department_id=uuid4()))


def test_a_lead_may_come_with_the_same_batch_but_is_another(services: Services, ids: dict[str, UUID]) -> None:
    first = a_department(ids["government"])
    second = replace(a_department(ids["government"]), lead_department_id=first.id)
    services.identity.register_departments(SEED, [first, second])
    own, strange = a_department(ids["government"]), a_department(ids["government"])
    with pytest.raises(Invalid) as error:
        services.identity.register_departments(
            SEED, [replace(own, lead_department_id=own.id), replace(strange, lead_department_id=uuid4())]
        )
    assert [item.field for item in error.value.fields] == ["rows[0].lead_department_id", "rows[1].lead_department_id"]


def test_a_lead_follows_into_the_successor(services: Services, ids: dict[str, UUID], clock: ManualClock) -> None:
    services.identity.reorganise(SEED, Change(ids["xihu_civil_affairs"], lead_department_id=ids["civil_affairs"]))
    tomorrow(clock)
    services.identity.reorganise(SEED, Merge((ids["civil_affairs"],), ids["housing"], WHY))
    view = services.identity_queries.department(ids["xihu_civil_affairs"])
    assert view is not None
    assert view.lead_department_id == ids["housing"]


def test_a_move_counts_all_below_and_may_say_where(services: Services, ids: dict[str, UUID], clock: ManualClock) -> None:
    tomorrow(clock)
    preview = services.identity.preview(SEED, Move(ids["xihu"], ids["data"]))
    assert (preview.count("departments"), preview.count("people"), preview.count("roles")) == (3, 3, 1)
    services.identity.reorganise(SEED, Move(ids["xihu"], ids["data"], position=7))
    view = services.identity_queries.department(ids["xihu"])
    assert view is not None
    assert (view.parent_id, view.position) == (ids["data"], 7)
    with pytest.raises(Conflict) as circle:
        services.identity.preview(SEED, Move(ids["data"], ids["xihu_housing"]))
    assert circle.value.code == "department_cycle"


def test_offices_are_renamed_and_closed(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    before = clock.now()
    office = services.identity.open_offices(SEED, [NewOffice(ids["housing"], "住房保障处")])[0]
    person = an_official()
    services.identity.register_official(SEED, replace(person, appointments=(NewAppointment(ids["housing"], "经办", office_id=office),)))
    tomorrow(clock)
    services.identity.rename_office(SEED, office, "住房保障和房改处")
    queries = services.identity_queries
    assert queries.offices(ids["housing"]) == {office: "住房保障和房改处"}
    assert queries.offices(ids["housing"], before) == {office: "住房保障处"}
    assert queries.appointments_of(person.id)[0].office_name == "住房保障和房改处"
    assert queries.appointments_of(person.id, before)[0].office_name == "住房保障处"
    with pytest.raises(Conflict) as used:
        services.identity.close_office(SEED, office)
    assert person.name in str(used.value.message)
    services.identity.end_appointment(SEED, queries.appointments_of(person.id)[0].id, "处室撤销")
    services.identity.close_office(SEED, office)
    assert queries.offices(ids["housing"]) == {}
    with pytest.raises(NotFound):
        services.identity.close_office(SEED, office)
    with pytest.raises(NotFound):
        services.identity.rename_office(SEED, office, "无")


# Who may: an administrator of 西湖区民政局 only


def attempts(world: World, office: UUID) -> dict[str, Reorganisation]:
    """Return changes that would reach beyond 西湖区民政局 in one way or another."""
    ids = world.organisation.ids
    own, other = ids["xihu_civil_affairs"], ids["xihu_housing"]
    return {
        "rename": Rename(other, "越权"),
        "move out": Move(own, ids["data"]),
        "move in": Move(other, own),
        "move to the root": Move(own, None),
        "reorder": Reorder(ids["xihu"], (other, own)),
        "reorder roots": Reorder(None, (ids["government"],)),
        "change": Change(other, level="province"),
        "change oneself": Change(own, level="province"),
        "swallow": Merge((other,), own, WHY),
        "be swallowed": Merge((own,), other, WHY),
        "both into a new one": Merge((own, other), new_below(world, "xihu"), WHY),
        "split": Split(other, new_below(world, "xihu_civil_affairs"), WHY, people=(world.people["CHENJIE"].official_id,)),
        "split beside oneself": Split(own, new_below(world, "xihu"), WHY, offices=(office,)),
        "abolish": Abolish(ids["data"], WHY),
        "abolish oneself": Abolish(own, WHY),
        "abolish into oneself": Abolish(other, WHY, successor_id=own),
    }


ATTEMPTS = (
    "rename",
    "move out",
    "move in",
    "move to the root",
    "reorder",
    "reorder roots",
    "change",
    "change oneself",
    "swallow",
    "be swallowed",
    "both into a new one",
    "split",
    "split beside oneself",
    "abolish",
    "abolish oneself",
    "abolish into oneself",
)


@pytest.mark.parametrize("what", ATTEMPTS)
def test_a_department_admin_reaches_nothing_outside(services: Services, world: World, what: str) -> None:
    office = services.identity.open_offices(SEED, [NewOffice(world.organisation.ids["xihu_civil_affairs"], "救助科")])[0]
    found = attempts(world, office)
    assert set(found) == set(ATTEMPTS)
    for run in (services.identity.preview, services.identity.reorganise):
        with pytest.raises(Denied):
            run(world.people["SUNLI"].actor(), found[what])
    for person in (world.wang, world.security_admin, world.audit_admin):
        with pytest.raises(Denied):
            services.identity.preview(person.actor(), found[what])


def test_a_department_admin_shapes_what_is_below(services: Services, world: World, ids: dict[str, UUID], clock: ManualClock) -> None:
    sun, own = world.people["SUNLI"].actor(), ids["xihu_civil_affairs"]
    below = replace(a_department(own, name="西湖区救助站", division="330106000000"), level="county", business_lines=("民政",))
    station = services.identity.register_department(sun, below)
    other = services.identity.register_department(sun, replace(below, uscc=a_department().uscc, id=uuid4(), name="西湖区福利院"))
    modest = replace(below, uscc=a_department().uscc, id=uuid4())
    for more in (replace(modest, level="province"), replace(modest, division_code=YUHANG), replace(modest, business_lines=("公安",))):
        with pytest.raises(Denied):
            services.identity.register_department(sun, more)
        with pytest.raises(Denied):
            services.identity.reorganise(sun, Change(station, more.division_code, more.level, more.business_lines))
    tomorrow(clock)
    office = services.identity.open_offices(sun, [NewOffice(station, "值班室")])[0]
    services.identity.rename_office(sun, office, "调度室")
    services.identity.close_office(sun, office)
    services.identity.reorganise(sun, Reorder(own, (other, station)))
    services.identity.reorganise(sun, Change(station, level="township"))
    services.identity.reorganise(sun, Move(other, station))
    services.identity.reorganise(sun, Merge((other,), station, WHY))
    services.identity.reorganise(sun, Rename(station, "西湖区救助管理站"))
    services.identity.reorganise(sun, Abolish(station, WHY))
    outside = services.identity.open_offices(SEED, [NewOffice(ids["xihu_housing"], "办公室")])[0]
    with pytest.raises(Denied):
        services.identity.rename_office(sun, outside, "越权")
    with pytest.raises(Denied):
        services.identity.close_office(sun, outside)
