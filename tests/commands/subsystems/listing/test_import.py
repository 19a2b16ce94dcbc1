"""Importing lists: what a plan says, what an import writes, and that nothing is half written."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.kernel.tables.sources import examine
from govcloud.kernel.tables.template import csv_template
from govcloud.services import Services
from govcloud.subsystems.listing import importing
from govcloud.subsystems.listing.importing import ListFaulty, ListOrder, Outcome
from govcloud.subsystems.listing.inputs import ItemChange
from govcloud.subsystems.listing.kinds import POWER
from govcloud.subsystems.listing.planning import Plan
from govcloud.subsystems.listing.queries import Wanted
from tests.factories.imports import OPERATOR, uscc_of
from tests.factories.lists import Row, list_file, list_workbook, power, service
from tests.factories.world import World

PART = ListOrder()
WHOLE = ListOrder(complete=True, allow_vanish=100.0)


class Desk:
    """Somebody who imports lists from a folder."""

    def __init__(self, services: Services, folder: Path) -> None:
        self.services, self.path = services, folder / "list.csv"

    def plan(self, kind: str, rows: list[Row], order: ListOrder = PART) -> Plan:
        return self.services.subsystems.plan_list(OPERATOR, kind, list_file(self.path, kind, rows), order)

    def bring(self, kind: str, rows: list[Row], order: ListOrder = PART) -> Outcome:
        return self.services.subsystems.import_list(OPERATOR, kind, list_file(self.path, kind, rows), order)

    def written(self) -> dict[str, int]:
        tables = ("power_item", "power_item_version", "service_item", "service_item_version", "list_edition", "audit_event")
        read = self.services.uow.read()
        return {table: int(read.execute(text(f"SELECT count(*) FROM {table}")).scalar_one()) for table in tables}


@pytest.fixture
def desk(services: Services, world: World, tmp_path: Path) -> Desk:
    return Desk(services, tmp_path)


def findings(plan: Plan) -> list[tuple[int, str]]:
    return [(found.line, found.field) for found in plan.findings]


def test_a_plan_names_what_is_new_changed_and_gone_and_writes_nothing(desk: Desk, clock: ManualClock) -> None:
    desk.bring("power", [power(1), power(2), power(3)])
    clock.advance(timedelta(days=30))
    before = desk.written()
    rows = [power(1), power(2, name="公租房货币补贴", legal_basis="第二十条"), power(4)]
    plan = desk.plan("power", rows, ListOrder(complete=True))
    assert [entry.facts["name"] for entry in plan.new] == ["公租房租赁补贴 4"]
    assert [change.differences() for change in plan.changed] == [
        [("name", "公租房租赁补贴 2", "公租房货币补贴"), ("legal_basis", "《公共租赁住房管理办法》第十九条", "第二十条")]
    ]
    assert [item.facts["name"] for item in plan.withdrawn] == ["公租房租赁补贴 3"]
    assert (plan.unchanged, plan.lines, plan.managed, plan.findings) == (1, 3, 3, [])
    assert desk.written() == before


def test_lists_as_of_a_day_before_an_edition_are_the_old_ones(desk: Desk, services: Services, world: World, clock: ManualClock) -> None:
    housing, queries = world.organisation.ids["housing"], services.subsystem_queries
    desk.bring("power", [power(1), power(2)])
    desk.bring("implementation", [service(1), service(2, promised_days="")])
    first = clock.now()
    clock.advance(timedelta(days=30))
    outcome = desk.bring("power", [power(1, name="住房租赁补贴"), power(3)], WHOLE)
    assert outcome.plan.counts() == {"added": 1, "changed": 1, "unchanged": 0, "withdrawn": 1}
    assert (outcome.number, outcome.title) == (2, "2026 年第 2 版")
    assert [item.name for item in queries.power_items(housing)] == ["住房租赁补贴", "公租房租赁补贴 3"]
    assert [item.name for item in queries.power_items(housing, first)] == ["公租房租赁补贴 1", "公租房租赁补贴 2"]
    # What rested on the entry that is gone went with it.
    assert [(item.name, item.promised_days) for item in queries.service_items(housing)] == [("公租房租赁补贴申领 1", 5)]
    assert [item.promised_days for item in queries.service_items(housing, first)] == [5, None]
    code = service(2)["code"]
    assert (queries.service_items_by_code([code]), queries.service_items_by_code([code.lower()], first)[code].name) == (
        {},
        "公租房租赁补贴申领 2",
    )
    gone = queries.service_items(housing, first)[1].id
    assert queries.service_items_by_id([gone])[gone].ended_at == clock.now()
    history = queries.power_item_history(queries.power_items(housing)[0].id)
    assert [(said.version, said.changed, said.edition.number) for said in history.versions] == [(2, ("name",), 2), (1, (), 1)]
    assert history.versions[1].valid_to == history.versions[0].valid_from == clock.now()


def test_the_same_file_again_writes_no_version_and_no_edition(desk: Desk, clock: ManualClock) -> None:
    rows = [power(1), power(2)]
    desk.bring("power", rows)
    before = desk.written()
    clock.advance(timedelta(days=1))
    again = desk.bring("power", rows, WHOLE)
    assert (again.edition_id, again.plan.unchanged) == (None, 2)
    assert desk.written() == before


def test_what_left_and_comes_back_gets_a_new_stay(desk: Desk, services: Services, world: World, clock: ManualClock) -> None:
    housing, queries = world.organisation.ids["housing"], services.subsystem_queries
    desk.bring("power", [power(1), power(2)])
    desk.bring("implementation", [service(1)])
    first = queries.service_items(housing)[0].id
    for rows in ([power(2)], [power(1), power(2)]):
        clock.advance(timedelta(days=1))
        desk.bring("power", rows, WHOLE)
    desk.bring("implementation", [service(1)])
    item = queries.service_items(housing)[0]
    assert item.id != first
    assert [stay.id for stay in queries.service_item_history(item.id).other_stays] == [first]
    assert [item.code for item in queries.power_items(housing)] == [power(1)["code"], power(2)["code"]]


def test_every_part_of_a_code_is_checked(desk: Desk) -> None:
    desk.bring("power", [power(1), power(1, at="xihu_housing")])
    wrong = service(1)["code"]
    stranger = wrong[:17] + ("0" if wrong[17] != "0" else "1") + wrong[18:]
    rows = [
        service(1, code=wrong[:-1]),
        service(1, code=stranger),
        service(1, level="9"),
        service(2),
        service(1, at="civil_affairs"),
        service(1, at="xihu_housing", level="2"),
        service(1, code="11330000MB7654321" + "0" + wrong[18:]),
        service(1, promised_days="三天"),
        service(1, at="xihu_housing", level="4", name="", promised_days="1000"),
    ]
    assert findings(desk.plan("implementation", rows)) == [
        (2, "code"),
        (3, "code"),
        (4, "code"),
        (5, "code"),
        (6, "code"),
        (7, "code"),
        (8, "code"),
        (9, "promised_days"),
        (10, "name"),
        (10, "promised_days"),
    ]
    rows = [power(1, code="33053000100"), power(2) | {"kind": "5"}, power(3) | {"kind": "行政给付"}, power(4, name="x" * 101)]
    rows += [
        power(5, department_uscc=uscc_of("housing")[:-1] + "?"),
        power(6, legal_basis="条" * 4001),
        power(7, name="a\tb"),
        power(8) | {"kind": "01"},
    ]
    assert findings(desk.plan("power", rows)) == [
        (2, "code"),
        (3, "kind"),
        (5, "name"),
        (6, "department_uscc"),
        (7, "row"),
        (8, "name"),
        (9, "kind"),
    ]


def test_rows_about_one_entry(desk: Desk) -> None:
    plan = desk.plan("power", [power(1), power(1), power(2), power(2, name="另一个名称"), power(1, at="xihu_housing")])
    assert findings(plan) == [(3, "code"), (4, "code"), (5, "code")]
    assert (len(plan.new), plan.refused) == (2, 3)


def test_with_a_finding_nothing_is_written_unless_wrong_rows_are_skipped(desk: Desk, services: Services, world: World) -> None:
    before = desk.written()
    rows = [power(1), power(2) | {"kind": "99"}, power(3)]
    with pytest.raises(ListFaulty) as caught:
        desk.bring("power", rows)
    assert [field.field for field in caught.value.fields] == ["rows[3].kind"]
    assert desk.written() == before
    outcome = desk.bring("power", rows, ListOrder(skip_wrong=True))
    assert outcome.plan.counts()["added"] == 2


def test_a_complete_list_takes_nothing_off_by_a_slip(desk: Desk) -> None:
    desk.bring("power", [power(number) for number in range(40)])
    rows = [power(number) for number in range(1, 40)]
    assert len(desk.plan("power", rows, ListOrder(complete=True)).withdrawn) == 1
    # A row with a finding names its entry all the same.
    broken = [power(0, name=""), *rows]
    plan = desk.bring("power", broken, ListOrder(complete=True, skip_wrong=True)).plan
    assert (plan.withdrawn, plan.refused) == ([], 1)
    with pytest.raises(Conflict) as unplaced:
        desk.bring("power", [power(0, code="?"), *rows], ListOrder(complete=True, skip_wrong=True))
    assert unplaced.value.code == "rows_unplaced"
    with pytest.raises(Conflict) as many:
        desk.bring("power", rows[3:], ListOrder(complete=True))
    assert many.value.code == "too_many_vanish"
    assert all(number in str(many.value.message) for number in ("4 项", "40 项", "10.0%", "5%"))
    assert len(desk.bring("power", rows[3:], ListOrder(complete=True, allow_vanish=10)).plan.withdrawn) == 4


def test_a_list_is_bound_to_a_subtree(desk: Desk, services: Services, world: World) -> None:
    ids, people = world.organisation.ids, world.people
    desk.bring("power", [power(1), power(1, at="xihu_housing"), power(1, at="xihu_civil_affairs")])
    own = ListOrder(complete=True, department_id=ids["xihu_civil_affairs"], allow_vanish=100)
    source = list_file(desk.path, "power", [power(2, at="xihu_civil_affairs"), power(2, at="xihu_housing")])
    sun = people["SUNLI"].actor()
    plan = services.subsystems.plan_list(sun, "power", source, own)
    assert (findings(plan), len(plan.withdrawn)) == ([(3, "department_uscc")], 1)
    for order in (ListOrder(), ListOrder(department_id=ids["xihu_housing"]), ListOrder(department_id=ids["xihu"])):
        for command in (services.subsystems.plan_list, services.subsystems.import_list):
            with pytest.raises(Denied):
                command(sun, "power", source, order)
    with pytest.raises(Denied):
        services.subsystems.plan_list(people["WANGFANG"].actor(), "power", source, own)
    he = people["HEWEI"].actor()
    source = list_file(desk.path, "power", [power(1, name="新名称")])
    assert services.subsystems.import_list(he, "power", source, ListOrder(department_id=ids["housing"])).plan.counts()["changed"] == 1
    with pytest.raises(Denied):
        services.subsystems.change_power_items(
            sun, [ItemChange(services.subsystem_queries.power_items(ids["housing"])[0].id, {"name": "x"})]
        )
    with pytest.raises(NotFound):
        services.subsystems.plan_list(OPERATOR, "secret", source, ListOrder())


def test_a_plan_that_was_shown_is_the_plan_that_is_written(desk: Desk) -> None:
    shown = desk.plan("power", [power(1), power(2)])
    desk.bring("power", [power(2)])
    before = desk.written()
    with pytest.raises(Conflict) as other:
        desk.bring("power", [power(1), power(2)], ListOrder(expected=shown.digest()))
    assert other.value.code == "plan_changed"
    assert desk.written() == before
    again = desk.plan("power", [power(1), power(2)])
    assert desk.bring("power", [power(1), power(2)], ListOrder(expected=again.digest())).edition_id is not None


def test_a_long_list_is_cut_by_department(desk: Desk, services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "MOST_ROWS", 5)
    places = ("housing", "xihu_housing", "xihu_civil_affairs", "data")
    rows = [power(number, at=place) for number in range(3) for place in places]
    told: list[tuple[int, int]] = []
    source = list_file(desk.path, "power", rows)
    outcome = services.subsystems.import_list(OPERATOR, "power", source, ListOrder(), lambda *done: told.append(done))
    assert told == [(3, 12), (6, 12), (9, 12), (12, 12)]
    edition = services.subsystem_queries.edition(outcome.edition_id) if outcome.edition_id else None
    assert edition is not None
    assert (edition.number, edition.added) == (1, 12)
    query = "SELECT convert_from(canonical, 'UTF8')::jsonb -> 'data' FROM audit_event WHERE name = 'subsystems:list:imported' ORDER BY id"
    parts = services.uow.read().scalars(text(query)).all()
    assert [(data["part"], data["parts"], data["added"]) for data in parts] == [(part, 4, 3) for part in (1, 2, 3, 4)]
    # The next edition touches one department only, and takes what is gone elsewhere off as well.
    kept = [row for row in rows if row["department_uscc"] != uscc_of("data")]
    outcome = services.subsystems.import_list(OPERATOR, "power", list_file(desk.path, "power", [*kept[1:], power(9)]), WHOLE)
    assert outcome.plan.counts() == {"added": 1, "changed": 0, "unchanged": 8, "withdrawn": 4}
    edition = services.subsystem_queries.edition(outcome.edition_id) if outcome.edition_id else None
    assert edition is not None
    assert (edition.added, edition.unchanged, edition.withdrawn) == (1, 8, 4)
    assert services.subsystem_queries.power_items(world.organisation.ids["data"]) == ()


def test_files_that_are_no_list(desk: Desk, services: Services, tmp_path: Path) -> None:
    source = list_file(desk.path, "implementation", [service(1)])
    with pytest.raises(Invalid) as wrong:
        services.subsystems.plan_list(OPERATOR, "power", replace(source, columns=POWER.columns), ListOrder())
    assert wrong.value.code == "missing_columns"
    desk.path.write_text("".join(csv_template(POWER.columns)), encoding="utf-8")
    with pytest.raises(Invalid) as empty:
        services.subsystems.plan_list(OPERATOR, "power", examine(desk.path, POWER.columns), ListOrder())
    assert empty.value.code == "empty_source"
    with pytest.raises(Invalid) as many:
        desk.plan("power", [power(1), power(2)], ListOrder(most_lines=1))
    assert many.value.code == "too_many_rows"
    with pytest.raises(Invalid):
        desk.bring("power", [power(1)], ListOrder(title="x" * 101))
    book = list_workbook(tmp_path / "a.xlsx", "implementation", [service(1)])
    desk.bring("power", [power(1)])
    assert services.subsystems.import_list(OPERATOR, "implementation", book, ListOrder()).plan.counts()["added"] == 1


def test_pages_search_and_editions(desk: Desk, services: Services, world: World) -> None:
    queries, paths = services.subsystem_queries, world.organisation.paths
    desk.bring(
        "power", [power(number, at=place) for number in range(6) for place in ("housing", "xihu_housing")], ListOrder(title="第一版")
    )
    desk.bring("power", [power(7, at="xihu_housing", name="住房%保障")], ListOrder(department_id=world.organisation.ids["xihu_housing"]))
    seen, after = [], None
    while True:
        page = queries.list_page("power", Wanted(), after, 5)
        seen += [item.id for item in page.rows]
        after = page.after
        if after is None:
            break
    assert len(seen) == len(set(seen)) == 13
    below = Wanted(paths=(paths["xihu"],))
    assert len(queries.list_page("power", below, limit=50).rows) == 7
    assert [item.name for item in queries.list_page("power", Wanted(text="住房%", paths=(paths["xihu"],))).rows] == ["住房%保障"]
    assert queries.list_page("power", Wanted(text="住房_")).rows == ()
    assert len(queries.list_page("power", Wanted(text=power(3)["code"].lower())).rows) == 2
    assert queries.list_page("power", Wanted(text="公租房", paths=())).rows == ()
    assert queries.list_page("power", Wanted(kind="01")).rows == ()
    assert [(edition.number, edition.title) for edition in queries.editions("power").rows] == [(2, "2026 年第 2 版"), (1, "第一版")]
    assert [edition.number for edition in queries.editions("power", paths=(paths["civil_affairs"],)).rows] == [1]
    assert queries.editions("power", limit=1).after == 2
    assert [edition.number for edition in queries.editions("power", 2, 1).rows] == [1]
    assert queries.editions("implementation").rows == ()
    newest = queries.editions("power").rows[0]
    assert [item.name for item in queries.edition_rows(newest)] == ["住房%保障"]
    assert queries.edition_rows(newest, (paths["housing"],)) == ()
