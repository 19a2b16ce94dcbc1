"""Commands on the catalogue: subsystems, functions, items, and the platform's own entry."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest

from govcloud.authorization.shipped import baseline
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from govcloud.subsystems.changes import MatterEntry
from govcloud.subsystems.inputs import NewClient, NewFunction, NewItem, NewMatter, NewSubsystem
from govcloud.subsystems.listing.inputs import NewPowerItem, NewServiceItem
from govcloud.subsystems.protocols import OidcSettings
from tests.factories.world import SEED, World, bring_into_service

HEARS = OidcSettings(backchannel_logout_uri="https://medical.zj.example/out")


def fields_of(error: pytest.ExceptionInfo[GovcloudError]) -> list[str]:
    return [item.field for item in error.value.fields]


def a_subsystem(world: World, code: str = "medical") -> NewSubsystem:
    return NewSubsystem(code, "医疗救助系统", world.organisation.ids["civil_affairs"], 1, launch_url="https://medical.zj.example/")


def test_a_subsystem_is_seen_once_it_is_published(services: Services, world: World) -> None:
    services.subsystems.register_subsystem(SEED, a_subsystem(world))
    services.subsystems.add_functions(
        SEED, [NewFunction("medical:door:enter", "进入医疗救助系统"), NewFunction("medical:case:read", "查看医疗救助案件")]
    )
    item = services.subsystems.offer_item(SEED, NewItem("medical:case:read", "查看医疗救助案件", "姓名、诊断", scope_kind="none"))
    services.subsystems.register_client(
        SEED, NewClient("medical", "medical", "医疗救助系统", ("https://medical.zj.example/cb",), settings=HEARS)
    )

    queries = services.subsystem_queries
    assert queries.item(item) is None
    assert queries.item_for_function("medical:case:read") is None
    with pytest.raises(Conflict):
        services.subsystems.publish_subsystem(SEED, "medical")
    bring_into_service(services.subsystems, "medical")
    view = queries.item(item)
    assert view is not None
    assert view.owner_department_id == world.organisation.ids["civil_affairs"]
    assert queries.item_for_function("medical:case:read") == view
    with pytest.raises(Conflict):
        services.subsystems.publish_subsystem(SEED, "medical")
    with pytest.raises(NotFound):
        services.subsystems.publish_subsystem(SEED, "nothing")


def test_codes_are_taken_once(services: Services, world: World) -> None:
    with pytest.raises(Conflict, match="子系统代码"):
        services.subsystems.register_subsystem(SEED, a_subsystem(world, "housing"))
    with pytest.raises(Conflict) as function:
        services.subsystems.add_functions(
            SEED, [NewFunction("housing:register:write", "更正"), NewFunction("housing:register:read", "查询")]
        )
    assert fields_of(function) == ["rows[1].code"]
    assert services.subsystem_queries.function("housing:register:write") is None


def test_functions_belong_to_a_registered_subsystem(services: Services, world: World) -> None:
    for code in ("nothing:case:read", "govcloud:official:register_twice", "housing"):
        with pytest.raises(Invalid) as error:
            services.subsystems.add_function(SEED, NewFunction(code, "功能"))
        assert fields_of(error)[0] == "rows[0].code"


def test_items_rest_on_functions_and_departments(services: Services, world: World) -> None:
    with pytest.raises(Invalid) as function:
        services.subsystems.offer_item(SEED, NewItem("housing:nothing:read", "查询", "姓名"))
    assert fields_of(function) == ["rows[0].function"]
    with pytest.raises(Invalid) as department:
        services.subsystems.offer_item(SEED, NewItem("housing:register:read", "查询", "姓名", owner_department_id=uuid4()))
    assert fields_of(department) == ["rows[0].owner_department_id"]


def test_items_are_found_by_any_of_their_names(services: Services, world: World) -> None:
    queries = services.subsystem_queries
    housing = {"housing:register:read", "housing:register:export"}
    for search in ("登记", "housing:register", "住房保障", "HOUSING", "\x00登记\x00"):
        assert {item.function for item in queries.requestable_items(search)} == housing, search
    for search in ("%", "_", "'; --", "\\", "无"):
        assert queries.requestable_items(search) == ()
        assert queries.subsystem(search) is None
        assert queries.function(search) is None
    assert len(queries.requestable_items(limit=1)) == 1


def test_a_subsystem_administrator_keeps_to_the_own_department(services: Services, world: World) -> None:
    admin = world.people["HEWEI"].actor()
    services.subsystems.add_function(admin, NewFunction("housing:register:write", "更正住房登记信息", integration_level=3))
    services.subsystems.offer_item(admin, NewItem("housing:register:write", "更正住房登记信息", "房屋坐落"))
    with pytest.raises(Denied):
        services.subsystems.add_function(admin, NewFunction("assistance:case:write", "更正救助案件"))
    with pytest.raises(Denied):
        services.subsystems.add_functions(admin, [NewFunction("housing:a:b", "甲"), NewFunction("assistance:a:b", "乙")])
    with pytest.raises(Denied):
        services.subsystems.offer_item(
            admin, NewItem("housing:register:write", "借名", "姓名", owner_department_id=world.organisation.ids["civil_affairs"])
        )
    for person in (world.wang, world.li, world.security_admin, world.audit_admin):
        with pytest.raises(Denied):
            services.subsystems.register_subsystem(person.actor(), a_subsystem(world))


def test_the_platform_stands_in_its_own_catalogue(services: Services, world: World, clock: ManualClock) -> None:
    functions = dict(baseline().functions)
    platform = services.subsystem_queries.subsystem("govcloud")
    assert platform is not None
    assert platform.owner_department_id is None
    assert {view.code: view.name for view in services.subsystem_queries.functions_of("govcloud")} == functions

    before = clock.now()
    clock.advance(timedelta(days=1))
    gone = functions.popitem()
    services.subsystems.install_catalogue(SEED, functions | {"govcloud:official:greet": "问候公职人员"})
    services.subsystems.install_catalogue(SEED, functions | {"govcloud:official:greet": "问候公职人员"})
    assert services.subsystem_queries.function(gone[0]) is None
    assert services.subsystem_queries.function(gone[0], before) is not None
    assert services.subsystem_queries.function("govcloud:official:greet") is not None
    # What went may come back, as another fact.
    services.subsystems.install_catalogue(SEED, dict([gone]))
    assert services.subsystem_queries.function(gone[0]) is not None
    with pytest.raises(Invalid):
        services.subsystems.install_catalogue(SEED, {"housing:register:read": "冒名"})


def test_matters_and_lists(services: Services, world: World) -> None:
    housing = world.organisation.ids["housing"]
    department = services.identity_queries.department(housing)
    assert department is not None
    power = NewPowerItem("330530001000", "公租房租赁补贴", "05", housing)
    services.subsystems.register_power_items(SEED, [power])
    code = f"{department.uscc}2{power.code}"
    services.subsystems.register_service_items(SEED, [NewServiceItem(code, "公租房租赁补贴申领", power.id)])

    assert [view.name for view in services.subsystem_queries.power_items(housing)] == ["公租房租赁补贴"]
    assert [view.code for view in services.subsystem_queries.service_items(housing)] == [code]
    with pytest.raises(Invalid) as again:
        services.subsystems.register_power_items(SEED, [replace(power, id=uuid4())])
    assert fields_of(again) == ["rows[0].code"]
    with pytest.raises(Conflict):
        services.subsystems.register_service_items(SEED, [NewServiceItem(code, "重复", power.id)])
    with pytest.raises(Invalid) as stranger:
        services.subsystems.register_service_items(
            SEED, [NewServiceItem(code[:-1] + "1", "不符", power.id), NewServiceItem(code, "无", uuid4())]
        )
    assert fields_of(stranger) == ["rows[0].code", "rows[1].power_item_id"]

    matter = services.subsystem_queries.matters()[0]
    assert [(entry.item.function, entry.stage) for entry in matter.items] == [("housing:register:read", 1)]
    with pytest.raises(Conflict):
        services.subsystems.register_matter(
            SEED, NewMatter("RESCUE-01", "重复", housing, (MatterEntry(world.items["housing:register:read"], 1),))
        )
    with pytest.raises(Invalid) as unknown:
        services.subsystems.register_matter(SEED, NewMatter("RESCUE-02", "未知", uuid4(), (MatterEntry(uuid4(), 1),)))
    assert fields_of(unknown) == ["lead_department_id", "items"]
