"""Commands on the organisation: the division table, the department tree and its history."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.identity.inputs import NewDivision, NewOffice
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from tests.factories.people import a_department
from tests.factories.world import HANGZHOU, PROVINCE, SEED, XIHU, YUHANG, Organisation, World, build_organisation


@pytest.fixture
def places(services: Services) -> Organisation:
    """Return the departments of the small province, without people."""
    return build_organisation(services.identity)


def fields_of(error: pytest.ExceptionInfo[GovcloudError]) -> list[str]:
    return [item.field for item in error.value.fields]


def test_divisions_come_in_any_order_and_know_their_level(services: Services) -> None:
    rows = [NewDivision(XIHU, "西湖区", HANGZHOU), NewDivision(PROVINCE, "浙江省"), NewDivision(HANGZHOU, "杭州市", PROVINCE)]
    services.identity.register_divisions(SEED, rows)

    queries = services.identity_queries
    assert [(view.code, view.level) for view in (queries.division(code) for code in (PROVINCE, HANGZHOU, XIHU)) if view] == [
        (PROVINCE, "province"),
        (HANGZHOU, "city"),
        (XIHU, "county"),
    ]
    assert [view.name for view in queries.division_children(PROVINCE)] == ["杭州市"]
    assert [view.name for view in queries.division_children(None)] == ["浙江省"]
    assert [view.name for view in queries.children_of_divisions([PROVINCE, HANGZHOU, XIHU])] == ["杭州市", "西湖区"]
    assert queries.children_of_divisions([]) == ()
    assert queries.division_names([XIHU, "999999999999"]) == {XIHU: "西湖区"}


def test_an_unknown_parent_and_a_known_code_are_refused(services: Services) -> None:
    with pytest.raises(Invalid) as orphan:
        services.identity.register_divisions(SEED, [NewDivision(XIHU, "西湖区", HANGZHOU)])
    assert fields_of(orphan) == ["rows[0].parent_code"]
    services.identity.register_divisions(SEED, [NewDivision(PROVINCE, "浙江省")])
    with pytest.raises(Conflict) as known:
        services.identity.register_divisions(SEED, [NewDivision(HANGZHOU, "杭州市", PROVINCE), NewDivision(PROVINCE, "浙江省")])
    assert fields_of(known) == ["rows[1].code"]
    assert services.identity_queries.division(HANGZHOU) is None


def test_the_tree_has_paths_and_an_order(services: Services, places: Organisation) -> None:
    queries = services.identity_queries
    xihu = queries.department(places.ids["xihu"])
    assert xihu is not None
    assert xihu.path == f"/{places.ids['government'].hex}/{places.ids['xihu'].hex}/"
    assert [view.name for view in queries.children(places.ids["xihu"])] == ["杭州市西湖区民政局", "杭州市西湖区住房和城乡建设局"]
    assert {view.name for view in queries.departments_under(xihu.path)} == {
        "杭州市西湖区人民政府",
        "杭州市西湖区民政局",
        "杭州市西湖区住房和城乡建设局",
    }
    assert queries.departments_under(xihu.path)[0].id == xihu.id
    assert [view.name for view in queries.children(None)] == ["浙江省人民政府"]
    assert queries.department_by_uscc(f" {xihu.uscc.lower()} ") == xihu
    assert [view.name for view in queries.search_departments("住房和城乡")] == ["浙江省住房和城乡建设厅", "杭州市西湖区住房和城乡建设局"]
    assert queries.search_departments(xihu.uscc) == (xihu,)


def test_a_department_that_is_wrong_is_refused_whole(services: Services, places: Organisation) -> None:
    good = a_department(places.ids["government"])
    with pytest.raises(Invalid) as wrong:
        services.identity.register_departments(
            SEED,
            [good, a_department(uuid4()), replace(a_department(), division_code="339900000000"), replace(a_department(), uscc="1")],
        )
    assert set(fields_of(wrong)) == {"rows[1].parent_id", "rows[2].division_code", "rows[3].uscc"}
    services.identity.register_department(SEED, good)
    with pytest.raises(Conflict) as known:
        services.identity.register_department(SEED, replace(a_department(), uscc=good.uscc))
    assert fields_of(known) == ["rows[0].uscc"]
    assert len(services.identity_queries.departments_under("/")) == len(places.ids) + 1


def test_a_rename_keeps_the_old_name_for_the_time_before(services: Services, places: Organisation, clock: ManualClock) -> None:
    before = clock.now()
    clock.advance(timedelta(days=1))
    services.identity.rename_department(SEED, places.ids["data"], "浙江省数字政府建设局", "省数字局")

    now = services.identity_queries.department(places.ids["data"])
    then = services.identity_queries.department(places.ids["data"], before)
    assert now is not None
    assert then is not None
    assert (now.name, now.short_name, then.name) == ("浙江省数字政府建设局", "省数字局", "浙江省数据局")
    assert (now.path, now.business_lines) == (then.path, then.business_lines)
    with pytest.raises(Invalid):
        services.identity.rename_department(SEED, places.ids["data"], "")
    with pytest.raises(NotFound):
        services.identity.rename_department(SEED, uuid4(), "不存在")


def test_a_move_takes_the_subtree_along_and_keeps_history(services: Services, places: Organisation, clock: ManualClock) -> None:
    before = clock.now()
    clock.advance(timedelta(days=1))
    services.identity.move_department(SEED, places.ids["xihu"], places.ids["data"])

    queries = services.identity_queries
    bureau = queries.department(places.ids["xihu_civil_affairs"])
    assert bureau is not None
    chain = [places.ids[key].hex for key in ("government", "data", "xihu", "xihu_civil_affairs")]
    assert bureau.path == "/" + "/".join(chain) + "/"
    assert len(queries.departments_under(places.paths["xihu"])) == 0
    assert len(queries.departments_under(places.paths["xihu"], before)) == 3
    old = queries.department(places.ids["xihu_civil_affairs"], before)
    assert old is not None
    assert old.path == places.paths["xihu_civil_affairs"]


def test_a_department_cannot_go_below_itself(services: Services, places: Organisation) -> None:
    for below in ("xihu", "xihu_civil_affairs"):
        with pytest.raises(Conflict) as error:
            services.identity.move_department(SEED, places.ids["xihu"], places.ids[below])
        assert error.value.code == "department_cycle"


def test_a_move_needs_authority_and_both_places(services: Services, world: World) -> None:
    ids = world.organisation.ids
    for person in (world.wang, world.people["SUNLI"], world.security_admin, world.audit_admin):
        with pytest.raises(Denied):
            services.identity.move_department(person.actor(), ids["xihu"], ids["data"])
    services.identity.move_department(world.system_admin.actor(), ids["xihu"], ids["data"])
    with pytest.raises(NotFound):
        services.identity.move_department(SEED, ids["xihu"], uuid4())


def test_offices_belong_to_departments(services: Services, places: Organisation) -> None:
    rows = [NewOffice(places.ids["housing"], "住房保障处"), NewOffice(places.ids["housing"], "房地产市场监管处")]
    services.identity.open_offices(SEED, rows)
    assert services.identity_queries.offices(places.ids["housing"]) == {rows[0].id: "住房保障处", rows[1].id: "房地产市场监管处"}
    with pytest.raises(Invalid) as error:
        services.identity.open_offices(SEED, [NewOffice(uuid4(), "无主处")])
    assert fields_of(error) == ["rows[0].department_id"]


def test_no_two_offices_of_a_department_bear_one_name(services: Services, places: Organisation) -> None:
    first, second = NewOffice(places.ids["housing"], "住房保障处"), NewOffice(places.ids["housing"], "市场处")
    services.identity.open_offices(SEED, [first, second])
    with pytest.raises(Invalid) as error:
        services.identity.open_offices(SEED, [NewOffice(places.ids["housing"], "法规处"), NewOffice(places.ids["housing"], "住房保障处")])
    assert fields_of(error) == ["rows[1].name"]
    with pytest.raises(Invalid) as error:
        services.identity.open_offices(SEED, [NewOffice(places.ids["xihu"], "法规处"), NewOffice(places.ids["xihu"], "法规处")])
    assert fields_of(error) == ["rows[1].name"]
    with pytest.raises(Invalid) as error:
        services.identity.rename_office(SEED, second.id, "住房保障处")
    assert fields_of(error) == ["name"]
    services.identity.rename_office(SEED, first.id, "住房保障处")
    services.identity.open_offices(SEED, [NewOffice(places.ids["xihu"], "住房保障处")])
    services.identity.close_office(SEED, first.id)
    services.identity.open_offices(SEED, [NewOffice(places.ids["housing"], "住房保障处")])


MOVES = st.lists(st.tuples(st.integers(0, 8), st.integers(-1, 8)), max_size=12)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(moves=MOVES)
def test_whatever_moves_paths_follow_parents(services: Services, clock: ManualClock, moves: list[tuple[int, int]]) -> None:
    queries = services.identity_queries
    if queries.division(PROVINCE) is None:
        services.identity.register_divisions(SEED, [NewDivision(PROVINCE, "浙江省")])
    rows = [a_department() for _ in range(9)]
    services.identity.register_departments(SEED, rows)
    ids = [row.id for row in rows]
    parents: dict[UUID, UUID | None] = dict.fromkeys(ids)
    for what, where in moves:
        clock.advance(timedelta(seconds=1))
        goal = None if where < 0 else ids[where]
        if goal is not None and ids[what] in above(goal, parents):
            with pytest.raises(Conflict):
                services.identity.move_department(SEED, ids[what], goal)
        else:
            services.identity.move_department(SEED, ids[what], goal)
            parents[ids[what]] = goal
    for department_id in ids:
        view = queries.department(department_id)
        assert view is not None
        assert view.parent_id == parents[department_id]
        assert view.path == "/" + "".join(f"{item.hex}/" for item in reversed(above(department_id, parents)))


def above(department_id: UUID, parents: dict[UUID, UUID | None]) -> list[UUID]:
    """Return a department and all above it, the root last."""
    chain = [department_id]
    while (parent := parents[chain[-1]]) is not None:
        chain.append(parent)
    return chain


def test_yuhang_is_not_in_xihu(services: Services, places: Organisation) -> None:
    assert YUHANG not in {view.division for view in services.identity_queries.departments_under(places.paths["xihu"])}
