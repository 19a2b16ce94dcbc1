"""The search over the catalogue: service items by the names that the list gives them, and every kind on an index of its own."""

from __future__ import annotations

from pathlib import Path

import pytest

from govcloud.access.asking.views import HitKind
from govcloud.kernel.actor import Actor
from govcloud.services import Services
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.models import CatalogueItemVersion, MatterVersion, ServiceItemKey, Subsystem, SubsystemFunctionVersion
from govcloud.subsystems.sought import Sought, holds, sought
from tests.factories.lists import list_file, power, service
from tests.factories.plans import plan_without
from tests.factories.world import SEED, World

OPERATOR = Actor.system("operator")
REGISTER = "housing:register:read"


def names(services: Services, words: str) -> list[str]:
    """Return the names of the service items that are found."""
    return [found.name for found in services.subsystem_queries.service_items_named(words, 10)]


def test_service_items_are_found_by_their_present_names_while_functions_rest_on_them(
    services: Services, world: World, tmp_path: Path
) -> None:
    commands = services.subsystems
    commands.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", [power(1), power(2)]), ListOrder())
    rows = [service(1), service(2)]
    commands.import_list(OPERATOR, "implementation", list_file(tmp_path / "s.csv", "implementation", rows), ListOrder())
    assert names(services, "公租房") == [], "nothing rests on it"
    binding = Binding(REGISTER, rows[0]["code"])
    assert commands.bind_functions(SEED, [binding]) == 1
    assert names(services, "公租房") == names(services, "gzfzlbt") == names(services, rows[0]["code"][:20]) == ["公租房租赁补贴申领 1"]
    [hit] = [hit for hit in services.asking_queries.search(world.wang.actor(), "zulinbutie") if hit.kind is HitKind.SERVICE_ITEM]
    assert (hit.items, hit.may_ask, hit.place) == ((world.items[REGISTER],), True, "住房保障管理系统") or hit.of == len(
        {REGISTER, "export"}
    )

    renamed = [service(1, name="保障性住房补助申领"), service(2, name="另一个名称")]
    commands.import_list(OPERATOR, "implementation", list_file(tmp_path / "t.csv", "implementation", renamed), ListOrder())
    assert names(services, "公租房") == []
    assert names(services, "bzxzf") == ["保障性住房补助申领"]
    assert names(services, "另一个名称") == []

    commands.unbind_function(SEED, binding)
    assert names(services, "bzxzf") == []
    commands.bind_functions(SEED, [binding])
    assert names(services, "bzxzf") == ["保障性住房补助申领"]


@pytest.mark.parametrize("table", [Subsystem, SubsystemFunctionVersion, CatalogueItemVersion, MatterVersion, ServiceItemKey])
def test_each_search_can_be_answered_by_its_index(services: Services, world: World, table: type[Sought]) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan")
    query = session.query(table).where(holds(table, "住房登记 zf")).statement.compile(session.connection())
    plan = session.connection().exec_driver_sql(f"EXPLAIN {query}", {**query.params}).scalars().all()
    assert any("_search_grams" in line for line in plan), plan


def test_what_stands_beside_a_name() -> None:
    made = sought("查询住房登记信息")
    assert made["search_text"] == "查询住房登记信息\nchaxunzhufangdengjixinxi\ncxzfdjxx"
    assert {"住房", "zf", "c", "查"} <= set(made["search_grams"])
