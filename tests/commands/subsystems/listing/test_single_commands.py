"""The single commands on the lists, and that importing is those commands in sequence."""

from __future__ import annotations

from datetime import timedelta
from itertools import count
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.identity.reorganisation import Merge
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Invalid
from govcloud.services import Services
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.inputs import ItemChange, NewPowerItem, NewServiceItem
from tests.factories.imports import OPERATOR, uscc_of
from tests.factories.lists import Row, list_file, power, service
from tests.factories.world import World

_numbers = count(1)
_NAMES = ("公租房租赁补贴", "住房_保障%", "=SUM(A1)", "𠮷田·补贴")

facts = st.fixed_dictionaries({"name": st.sampled_from(_NAMES), "legal_basis": st.sampled_from(("", "第一条\n第二款", "《办法》第十九条"))})
days = st.fixed_dictionaries({"name": st.sampled_from(_NAMES), "promised_days": st.sampled_from((None, 0, 5))})
#: Each edition is a complete pair of lists: entries by number; what rests on an entry of the power list that is not there is left out.
editions = st.lists(st.tuples(st.dictionaries(st.integers(0, 3), facts), st.dictionaries(st.integers(0, 3), days)), min_size=1, max_size=4)


class Twins:
    """Two departments: the lists of one are imported, those of the other go through the single commands."""

    def __init__(self, services: Services, world: World, folder: Path) -> None:
        self.services, self.path = services, folder / "list.csv"
        self.base = next(_numbers) * 10
        self.ids = {"A": world.organisation.ids["housing"], "B": world.organisation.ids["civil_affairs"]}
        self.places = {"A": "housing", "B": "civil_affairs"}

    def code(self, number: int) -> str:
        return power(self.base + number)["code"]

    def bring(self, kind: str, rows: list[Row]) -> None:
        if not rows:
            # A file without rows is no list: the last entries go by command on both sides.
            self.withdraw_all(kind)
            return
        order = ListOrder(complete=True, department_id=self.ids["A"], allow_vanish=100)
        self.services.subsystems.import_list(OPERATOR, kind, list_file(self.path, kind, rows), order)

    def withdraw_all(self, kind: str) -> None:
        queries, commands = self.services.subsystem_queries, self.services.subsystems
        if kind == "power":
            items = [item.id for item in queries.power_items(self.ids["A"])]
            if items:
                commands.withdraw_power_items(OPERATOR, items)
            return
        items = [item.id for item in queries.service_items(self.ids["A"])]
        if items:
            commands.withdraw_service_items(OPERATOR, items)

    def import_both(self, powers: dict[int, Any], rest: dict[int, Any]) -> None:
        self.bring("power", [power(self.base + number, at=self.places["A"], **said) for number, said in powers.items()])
        rows = [
            service(self.base + number, at=self.places["A"], name=said["name"])
            | {"promised_days": "" if said["promised_days"] is None else str(said["promised_days"])}
            for number, said in rest.items()
            if number in powers
        ]
        self.bring("implementation", rows)

    def run_both(self, powers: dict[int, Any], rest: dict[int, Any]) -> None:
        commands, queries, place = self.services.subsystems, self.services.subsystem_queries, self.ids["B"]
        here: dict[str, Any] = {item.code: item for item in queries.power_items(place)}
        for number, said in powers.items():
            if self.code(number) not in here:
                commands.register_power_items(
                    OPERATOR, [NewPowerItem(self.code(number), said["name"], "05", place, legal_basis=said["legal_basis"])]
                )
            else:
                commands.change_power_items(OPERATOR, [ItemChange(here[self.code(number)].id, said)])
        if gone := [item.id for code, item in here.items() if code not in {self.code(number) for number in powers}]:
            commands.withdraw_power_items(OPERATOR, gone)
        bases = {item.code: item.id for item in queries.power_items(place)}
        there: dict[str, Any] = {item.code[19:]: item for item in queries.service_items(place)}
        wanted = {self.code(number): said for number, said in rest.items() if number in powers}
        for code, said in wanted.items():
            if code not in there:
                full = f"{uscc_of(self.places['B'])}2{code}"
                commands.register_service_items(
                    OPERATOR, [NewServiceItem(full, said["name"], bases[code], promised_days=said["promised_days"])]
                )
            else:
                commands.change_service_items(OPERATOR, [ItemChange(there[code].id, said)])
        if gone := [item.id for code, item in there.items() if code not in wanted]:
            commands.withdraw_service_items(OPERATOR, gone)

    def stored(self, side: str) -> list[Any]:
        """Return all that is stored of one side, without ids."""
        read = self.services.uow.read()
        powers = (
            "SELECT i.code, i.valid_from, i.valid_to, v.version, v.name, v.kind, v.legal_basis, v.valid_from, v.valid_to"
            " FROM power_item i JOIN power_item_version v ON v.power_item_id = i.id WHERE i.department_id = :place"
        )
        rest = (
            "SELECT substr(i.code, 19), p.code, i.valid_from, i.valid_to, v.version, v.name, v.promised_days, v.valid_from, v.valid_to"
            " FROM service_item i JOIN service_item_version v ON v.service_item_id = i.id"
            " JOIN power_item p ON p.id = i.power_item_id WHERE i.department_id = :place"
        )
        record = (
            "SELECT name, at, data ->> 'version', data -> 'changed', right(data ->> 'code', 12), data ->> 'kind' FROM (SELECT name, at,"
            " convert_from(canonical, 'UTF8')::jsonb -> 'data' AS data FROM audit_event) AS entry"
            " WHERE name LIKE 'subsystems:%item:%' AND data ->> 'department_id' = CAST(:place AS text)"
        )
        queries = (powers, rest, record)
        return [sorted(map(repr, read.execute(text(query), {"place": self.ids[side]}).all())) for query in queries]


@pytest.mark.timeout(400)
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(story=editions)
def test_importing_is_the_single_commands_in_sequence(
    services: Services, world: World, clock: ManualClock, tmp_path: Path, story: list[tuple[dict[int, Any], dict[int, Any]]]
) -> None:
    twins, seen = Twins(services, world, tmp_path), []
    for powers, rest in story:
        clock.advance(timedelta(hours=1))
        twins.import_both(powers, rest)
        twins.run_both(powers, rest)
        before = twins.stored("A")
        assert before == twins.stored("B")
        clock.advance(timedelta(hours=1))
        twins.import_both(powers, rest)
        assert twins.stored("A") == before
        seen.append((clock.now(), {twins.code(number): said["name"] for number, said in powers.items()}))
    for at, names in seen:
        assert {item.code: item.name for item in services.subsystem_queries.power_items(twins.ids["A"], at)} == names
    # The next story begins with empty lists.
    clock.advance(timedelta(hours=1))
    twins.import_both({}, {})
    twins.run_both({}, {})


def test_wrong_changes_and_withdrawals_change_nothing(services: Services, world: World) -> None:
    commands, queries, housing = services.subsystems, services.subsystem_queries, world.organisation.ids["housing"]
    [item] = commands.register_power_items(OPERATOR, [NewPowerItem("330530001000", "公租房租赁补贴", "05", housing)], "第一批")
    wrong: list[dict[str, Any]] = [
        {"name": ""},
        {"kind": "06"},
        {"legal_basis": "x" * 4001},
        {"code": "330530002000"},
        {"promised_days": 5},
    ]
    for facts in wrong:
        with pytest.raises(Invalid):
            commands.change_power_items(OPERATOR, [ItemChange(item, facts)])
    for ids in ([uuid4()], [item, item], []):
        with pytest.raises(Invalid):
            commands.withdraw_power_items(OPERATOR, ids)
    assert commands.change_power_items(OPERATOR, [ItemChange(item, {"name": "公租房租赁补贴"})]) == 0
    assert [edition.title for edition in queries.editions("power").rows] == ["第一批"]
    assert commands.withdraw_power_items(OPERATOR, [item]) == 1
    with pytest.raises(Invalid):
        commands.change_power_items(OPERATOR, [ItemChange(item, {"name": "晚了"})])


def test_a_merger_takes_the_lists_along_with_their_history(services: Services, world: World, clock: ManualClock, tmp_path: Path) -> None:
    ids, queries = world.organisation.ids, services.subsystem_queries
    rows = [power(1), power(2), power(1, at="xihu_housing", name="西湖区补贴"), power(3, at="xihu_housing", name="区级事项")]
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "a.csv", "power", rows), ListOrder())
    rest = [service(1, at="xihu_housing", level="4"), service(3, at="xihu_housing", level="4")]
    services.subsystems.import_list(OPERATOR, "implementation", list_file(tmp_path / "b.csv", "implementation", rest), ListOrder())
    before = clock.now()
    clock.advance(timedelta(days=1))
    services.identity.reorganise(OPERATOR, Merge((ids["xihu_housing"],), ids["housing"], "机构改革"))
    names = [item.name for item in queries.power_items(ids["housing"])]
    assert names == ["公租房租赁补贴 1", "公租房租赁补贴 2", "区级事项"]
    items = queries.service_items(ids["housing"])
    assert [queries.items_by_id("power", [item.power_item_id])[item.power_item_id].name for item in items] == [
        "公租房租赁补贴 1",
        "区级事项",
    ]
    joined = queries.list_page("power", _in(ids["housing"]), at=before).rows
    assert "西湖区补贴" in [item.name for item in joined]
    # The codes keep the credit code of the department that was: the list can be brought in again, and changed.
    again = services.subsystems.import_list(OPERATOR, "implementation", list_file(tmp_path / "b.csv", "implementation", rest), ListOrder())
    assert (again.edition_id, again.plan.unchanged) == (None, 2)
    renamed = [rest[0] | {"name": "并入后的事项"}]
    order = ListOrder(department_id=ids["housing"])
    assert (
        services.subsystems.import_list(
            OPERATOR, "implementation", list_file(tmp_path / "b.csv", "implementation", renamed), order
        ).plan.counts()["changed"]
        == 1
    )


def test_a_code_that_stands_cannot_be_registered_again(services: Services, world: World) -> None:
    housing = world.organisation.ids["housing"]
    [item] = services.subsystems.register_power_items(OPERATOR, [NewPowerItem("330530001000", "补贴", "05", housing)])
    code = f"{uscc_of('housing')}2330530001000"
    services.subsystems.register_service_items(OPERATOR, [NewServiceItem(code, "申领", item)])
    with pytest.raises(Conflict):
        services.subsystems.register_service_items(OPERATOR, [NewServiceItem(code, "申领", item)])
    services.subsystems.withdraw_power_items(OPERATOR, [item])
    with pytest.raises(Invalid):
        services.subsystems.register_service_items(OPERATOR, [NewServiceItem(code, "申领", item)])
    [again] = services.subsystems.register_power_items(OPERATOR, [NewPowerItem("330530001000", "补贴", "05", housing)])
    services.subsystems.register_service_items(OPERATOR, [NewServiceItem(code, "申领", again)])
    assert len(services.subsystem_queries.service_items(housing)) == 1


def _in(department: UUID) -> Any:  # noqa: ANN401 - what a page asks for
    from govcloud.subsystems.listing.queries import Wanted  # noqa: PLC0415

    return Wanted(department)
