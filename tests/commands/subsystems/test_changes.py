"""Changes to functions and items: versions that requests refer to, service items that functions rest on, and nobody else's things."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import Binding, FunctionChange, ItemChange, SubsystemChange
from govcloud.subsystems.inputs import NewClient, NewFunction, NewItem
from govcloud.subsystems.queries import ItemView
from tests.factories.browsing import counted
from tests.factories.requests import REGISTER, ask, granted, may_read
from tests.factories.subsystems import Crew, a_service_item, crew
from tests.factories.world import SEED, World

EXPORT = "housing:register:export"
OPERATOR = Actor.system("operator")


@pytest.fixture
def people(services: Services, world: World) -> Crew:
    return crew(services, world)


def item_of(services: Services, item_id: UUID) -> ItemView:
    return services.subsystem_queries.items([item_id])[item_id]


def as_it_is(view: ItemView, **changes: object) -> ItemChange:
    names = ("name", "exposes", "tier", "max_days", "requires_case_number", "scope_kind")
    return ItemChange(**{**{name: getattr(view, name) for name in names}, **changes})


def events(services: Services, name: str) -> int:
    query = text("SELECT count(*) FROM audit_event WHERE name = :name")
    return int(services.uow.read().execute(query, {"name": name}).scalar_one())


def test_an_item_keeps_its_id_and_counts_its_versions(services: Services, world: World, clock: ManualClock) -> None:
    item, admin, before = world.items[REGISTER], world.people["HEWEI"].actor(), clock.now()
    clock.advance(timedelta(days=1))
    line = ask(services, world)
    changed = as_it_is(item_of(services, item), exposes="姓名、房屋坐落", max_days=15)
    assert services.subsystems.change_item(admin, item, 1, changed, "收窄字段") == 2
    assert services.subsystems.change_item(admin, item, 2, changed, "没有变化") == 2
    view = services.subsystem_queries.item(item)
    assert view is not None
    assert (view.version, view.exposes, view.max_days) == (2, "姓名、房屋坐落", 15)
    then = services.subsystem_queries.item(item, before)
    assert then is not None
    assert (then.version, then.max_days) == (1, 30)
    # What waits for the older version is told so, and may still be refused.
    with pytest.raises(Conflict) as stale:
        services.access.approve(world.li.actor(), line.line_id, 1)
    assert stale.value.code == "item_changed"
    services.access.reject(world.li.actor(), line.line_id, 1, "wrong_item")
    again = ask(services, world)
    services.access.approve(world.li.actor(), again.line_id, 1)
    assert may_read(services, world.wang)


def test_a_version_that_was_not_shown_is_not_changed(services: Services, world: World) -> None:
    item, admin = world.items[REGISTER], world.people["HEWEI"].actor()
    services.subsystems.change_item(admin, item, 1, as_it_is(item_of(services, item), max_days=20), "缩短")
    with pytest.raises(Conflict) as stale:
        services.subsystems.change_item(admin, item, 1, as_it_is(item_of(services, item), max_days=10), "再缩短")
    assert stale.value.code == "item_changed"


@pytest.mark.parametrize(
    ("changes", "loosened"),
    [
        ({"max_days": 31}, 1),
        ({"tier": "two_units"}, 0),
        ({"max_days": 29}, 0),
        ({"requires_case_number": False}, 1),
        ({"exposes": "更多字段"}, 0),
    ],
)
def test_less_care_on_something_sensitive_is_an_event_of_its_own(
    services: Services, world: World, changes: dict[str, object], loosened: int
) -> None:
    item = world.items[REGISTER]
    services.subsystems.change_item(OPERATOR, item, 1, as_it_is(item_of(services, item), **changes), "调整")
    assert events(services, "subsystems:item:changed") == 1
    assert events(services, "subsystems:item:loosened") == loosened


def test_to_call_something_sensitive_no_longer_so_is_an_event_of_its_own(services: Services, world: World) -> None:
    """Otherwise the care for it could be dropped in two quiet steps."""
    admin = world.people["HEWEI"].actor()
    services.subsystems.change_function(admin, REGISTER, FunctionChange("查询", sensitive=True, integration_level=3), "更名")
    assert events(services, "subsystems:function:loosened") == 0
    services.subsystems.change_function(admin, REGISTER, FunctionChange("查询", integration_level=3), "不再敏感")
    assert events(services, "subsystems:function:loosened") == 1


def test_what_stood_before_the_checks_may_be_made_better_step_by_step(services: Services, world: World, superuser_url: str) -> None:
    item = world.items[REGISTER]
    with psycopg.connect(superuser_url) as connection:
        connection.execute("UPDATE catalogue_item_version SET max_days = 366 WHERE item_id = %s", (item,))
    services.subsystems.change_item(OPERATOR, item, 1, as_it_is(item_of(services, item), max_days=300), "缩短")
    with pytest.raises(Conflict):
        services.subsystems.offer_item(OPERATOR, NewItem(REGISTER, "另一项", "姓名", max_days=366))


def test_what_is_in_service_stays_sound(services: Services, world: World) -> None:
    """A change that would have kept a subsystem out of service is refused in service; advice is not."""
    admin, item = world.people["HEWEI"].actor(), world.items[REGISTER]
    refused: list[tuple[set[str], Callable[[], object]]] = [
        ({"sensitive"}, lambda: services.subsystems.change_item(admin, item, 1, as_it_is(item_of(services, item), tier="auto"), "放宽")),
        ({"sensitive"}, lambda: services.subsystems.change_item(admin, item, 1, as_it_is(item_of(services, item), max_days=366), "放宽")),
        (
            {"scope", "promises", "grants_end"},
            lambda: services.subsystems.change_function(admin, REGISTER, FunctionChange("查询", integration_level=1), "调低"),
        ),
        ({"scope", "grants_end"}, lambda: services.subsystems.offer_item(admin, NewItem("housing:guide:read", "指南", "指南"))),
        ({"level"}, lambda: services.subsystems.change_subsystem(admin, "housing", SubsystemChange("住房", 2, "http://127.0.0.1:8001/"))),
        (
            {"launch_client"},
            lambda: services.subsystems.change_subsystem(admin, "housing", SubsystemChange("住房", 3, "https://elsewhere.zj.example/")),
        ),
    ]
    for codes, change in refused:
        with pytest.raises(Conflict) as unsound:
            change()
        assert unsound.value.code == "unsound"
        assert {refusal.code for refusal in unsound.value.refusals} == codes
    assert item_of(services, item).version == 1
    assert services.subsystems.change_subsystem(admin, "housing", SubsystemChange("住房保障系统", 3, "http://127.0.0.1:8001/x"))
    assert services.subsystems.change_function(
        admin, REGISTER, FunctionChange("查询登记", "查询住房登记", sensitive=True, integration_level=2, basis_note=""), "更名"
    )
    view = services.subsystem_queries.function(REGISTER)
    assert view is not None
    assert (view.name, view.integration_level) == ("查询登记", 2)
    assert item_of(services, item).version == 1, "requests that wait are not lost by a new name"


def test_an_item_of_another_department_takes_authority_over_both(services: Services, world: World, people: Crew) -> None:
    """Whoever owns an item decides who gets what is the subsystem's: offering it to oneself would be a way around the owner."""
    civil = world.organisation.ids["civil_affairs"]
    grab = NewItem(REGISTER, "借道查询住房", "姓名", owner_department_id=civil)
    for person in (people.stranger, people.owner):
        with pytest.raises(Denied):
            services.subsystems.offer_item(person.actor(), grab)
    change = as_it_is(item_of(services, world.items[REGISTER]), owner_department_id=civil)
    with pytest.raises(Denied):
        services.subsystems.change_item(people.stranger.actor(), world.items[REGISTER], 1, change, "接管")
    assert services.subsystems.offer_item(people.lead.actor(), grab) == grab.id


def test_an_item_is_withdrawn_and_what_was_granted_runs_out_as_it_would(services: Services, world: World) -> None:
    granted(services, world)
    line = ask(services, world)
    admin, item = world.people["HEWEI"].actor(), world.items[REGISTER]
    with pytest.raises(Conflict) as wanted:
        services.subsystems.withdraw_item(admin, item, "不再提供")
    assert wanted.value.code == "in_use"
    assert "困难家庭救助一件事" in str(wanted.value)
    services.subsystems.withdraw_item(admin, world.items[EXPORT], "不再提供")
    with pytest.raises(NotFound):
        services.subsystems.withdraw_item(admin, world.items[EXPORT], "不再提供")
    with pytest.raises(NotFound):
        services.subsystems.change_item(admin, world.items[EXPORT], 1, as_it_is(item_of(services, world.items[EXPORT])), "复活")
    usage = services.subsystems.usage_of([REGISTER])
    assert (usage.grants, usage.lines) == (1, 1)
    assert services.access_queries.line(world.li.actor(), line.line_id).item_name
    assert may_read(services, world.wang)


def test_a_function_on_which_something_hangs_stays(services: Services, world: World, clock: ManualClock) -> None:
    admin = world.people["HEWEI"].actor()
    with pytest.raises(Conflict) as used:
        services.subsystems.withdraw_function(admin, EXPORT, "停用")
    assert used.value.code == "in_use"
    services.subsystems.withdraw_item(admin, world.items[EXPORT], "不再提供")
    code = a_service_item(services, world)
    services.subsystems.bind_functions(admin, [Binding(EXPORT, code)])
    before = clock.now()
    clock.advance(timedelta(minutes=1))
    services.subsystems.withdraw_function(admin, EXPORT, "停用")
    assert services.subsystem_queries.function(EXPORT) is None
    assert services.subsystem_queries.function(EXPORT, before) is not None
    with pytest.raises(Conflict) as door:
        services.subsystems.withdraw_function(admin, "housing:door:enter", "停用")
    assert {refusal.code for refusal in door.value.refusals} == {"door"}
    with pytest.raises(NotFound):
        services.subsystems.withdraw_function(OPERATOR, "govcloud:role:assign", "停用")


def test_functions_are_bound_to_the_service_items_that_they_serve(services: Services, world: World, clock: ManualClock) -> None:
    admin = world.people["HEWEI"].actor()
    first, second = a_service_item(services, world), a_service_item(services, world, "330130001001", "公租房资格复核")
    rows = [Binding(REGISTER, first), Binding(REGISTER, second.lower()), Binding(EXPORT, first), Binding(REGISTER, first)]
    assert services.subsystems.bind_functions(admin, rows, dry_run=True) == 3
    assert events(services, "subsystems:function:bound") == 0
    assert services.subsystems.bind_functions(admin, rows) == 3
    assert services.subsystems.bind_functions(admin, rows) == 0
    assert events(services, "subsystems:function:bound") == 3
    function = services.subsystem_queries.function(REGISTER)
    assert function is not None
    bound_at = clock.now()
    with pytest.raises(Invalid) as unknown:
        services.subsystems.bind_functions(SEED, [Binding("housing:nothing:read", first), Binding(REGISTER, "0" * 31)])
    assert [item.field for item in unknown.value.fields] == ["rows[0].function", "rows[1].service_item"]
    clock.advance(timedelta(minutes=1))
    services.subsystems.unbind_function(admin, Binding(REGISTER, first))
    with pytest.raises(Conflict):
        services.subsystems.unbind_function(admin, Binding(REGISTER, first))
    queries = services.subsystem_queries
    assert [view.code for view in queries.bases_of([function.id])[function.id]] == [second]
    assert [view.code for view in queries.bases_of([function.id], bound_at)[function.id]] == [first, second]
    assert services.subsystems.bind_functions(admin, [Binding(REGISTER, first)]) == 1


def test_a_grant_names_its_service_item(services: Services, world: World) -> None:
    """政务数据共享条例: request, evidence card and decision say which service item the function serves."""
    code = a_service_item(services, world)
    line = ask(services, world)
    with counted() as bare:
        services.access_queries.decision_page(world.li.actor(), line.line_id)
    services.subsystems.bind_functions(SEED, [Binding(REGISTER, code)])
    with counted() as bound:
        page = services.access_queries.decision_page(world.li.actor(), line.line_id)
    named = (f"公租房租赁补贴申领（{code}）",)
    assert page.card.item.service_items == named
    assert page.line.service_items == named
    assert len(bound) == len(bare) + 2, "the card and the line each look the bound items up once"
    entry = services.access_queries.item(world.items[REGISTER])
    assert entry is not None
    assert entry.service_items == named
    services.access.approve(world.li.actor(), line.line_id, 1)
    stored = services.uow.read().execute(text("SELECT evidence->'item'->'service_items' FROM decision")).scalar_one()
    assert stored == list(named)


def test_functions_and_items_come_together_or_not_at_all(services: Services, world: World) -> None:
    admin = world.people["HEWEI"].actor()
    function = NewFunction("housing:stats:read", "统计", integration_level=3)
    wrong = NewItem("housing:stats:read", "统计", "", scope_kind="none")
    with pytest.raises(Invalid):
        services.subsystems.add_offered(admin, [function], [wrong])
    assert services.subsystem_queries.function("housing:stats:read") is None
    right = NewItem("housing:stats:read", "统计", "套数、面积", scope_kind="none")
    services.subsystems.add_offered(admin, [function], [right], dry_run=True)
    assert services.subsystem_queries.function("housing:stats:read") is None
    services.subsystems.add_offered(admin, [function], [right])
    assert services.subsystem_queries.item(right.id) is not None


Attempt = Callable[[Services, World, Actor], object]
COMMANDS: dict[str, Attempt] = {
    "change subsystem": lambda s, _w, a: s.subsystems.change_subsystem(a, "housing", SubsystemChange("甲", 3, "http://127.0.0.1:8001/")),
    "add function": lambda s, _w, a: s.subsystems.add_function(a, NewFunction("housing:a:b", "甲")),
    "change function": lambda s, _w, a: s.subsystems.change_function(a, "housing:guide:read", FunctionChange("甲"), "改"),
    "withdraw function": lambda s, _w, a: s.subsystems.withdraw_function(a, "housing:guide:read", "停用"),
    "offer item": lambda s, _w, a: s.subsystems.offer_item(a, NewItem(REGISTER, "甲", "乙")),
    "change item": lambda s, w, a: s.subsystems.change_item(a, w.items[EXPORT], 1, ItemChange("甲", "乙", "one", 5), "改"),
    "withdraw item": lambda s, w, a: s.subsystems.withdraw_item(a, w.items[EXPORT], "下架"),
    "bind": lambda s, _w, a: s.subsystems.bind_functions(a, [Binding(REGISTER, "x")]),
    "unbind": lambda s, _w, a: s.subsystems.unbind_function(a, Binding(REGISTER, "x")),
    "add offered": lambda s, _w, a: s.subsystems.add_offered(a, [NewFunction("housing:a:b", "甲")], []),
    "register client": lambda s, _w, a: s.subsystems.register_client(a, NewClient("housing", "housing-2", "甲", ("https://h.example/cb",))),
}


@pytest.mark.parametrize("name", COMMANDS)
def test_nobody_changes_what_is_another_departments(services: Services, world: World, people: Crew, name: str) -> None:
    before = services.uow.read().execute(text("SELECT count(*) FROM audit_event WHERE name <> 'kernel:command:refused'")).scalar_one()
    for person in (people.stranger, world.wang, world.li, world.security_admin, world.audit_admin):
        with pytest.raises(Denied):
            COMMANDS[name](services, world, person.actor())
    after = services.uow.read().execute(text("SELECT count(*) FROM audit_event WHERE name <> 'kernel:command:refused'")).scalar_one()
    assert after == before
