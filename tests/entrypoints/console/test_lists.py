"""The pages of both lists: the list of a department, an entry's versions, and import from file to result; nothing beyond one's reach."""

from __future__ import annotations

import re
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from sqlalchemy import text

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.tables.sources import examine
from govcloud.services import Services
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.listing.importing import ListOrder
from govcloud.subsystems.listing.kinds import kind_of
from tests.entrypoints.console.conftest import Enter, happened
from tests.factories.browsing import Visitor, counted, inline_code, said
from tests.factories.imports import OPERATOR
from tests.factories.lists import Row, list_file, power, service, table
from tests.factories.requests import REGISTER
from tests.factories.world import SEED, World

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

NASTY = "<img src=x onerror=alert(1)>'\"{{7*7}}"
_PLAN = re.compile(r'name="plan" value="([0-9a-f]{64})"')


@pytest.fixture
def listed(services: Services, world: World, tmp_path: Path) -> None:
    """Enter a few entries of three departments."""
    rows = [power(1), power(2), power(1, at="xihu_civil_affairs", name="临时救助"), power(3, at="xihu_housing", kind="01")]
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", rows), ListOrder(title="第一版"))
    rest = [service(1), service(1, at="xihu_civil_affairs", level="4", name="临时救助申请")]
    services.subsystems.import_list(OPERATOR, "implementation", list_file(tmp_path / "s.csv", "implementation", rest), ListOrder())


def upload(visitor: Visitor, rows: list[Row], kind: str = "power", name: str = "清单.csv", **form: str) -> TestResponse:
    """Send a file as the form would."""
    page = "power_items" if kind == "power" else "service_items"
    content = table(kind_of(kind).columns, rows).encode()
    values = {"csrf_token": visitor.token(f"/console/{page}/import/"), "file": (BytesIO(content), name), **form}
    return visitor.client.post(f"/console/{page}/import/", data=values, content_type="multipart/form-data")


def confirm(visitor: Visitor, address: str, **form: str) -> TestResponse:
    """Confirm what the preview at ``address`` shows."""
    shown = _PLAN.search(visitor.get(address).text)
    return visitor.post(f"{address}/confirm", {"plan": shown[1] if shown else "", **form}, page=address)


def test_a_department_administrator_sees_the_own_part(enter: Enter, world: World, listed: None) -> None:
    sun, ids = enter("SUNLI"), world.organisation.ids
    page = said(sun.get("/console/power_items/"))
    assert "临时救助" in page
    assert "公租房租赁补贴" not in page
    for path in (
        f"?id={ids['xihu_housing']}",
        f"level/{ids['xihu']}",
        f"?id={ids['xihu_housing']}&search=公",
        f"export.csv?id={ids['housing']}",
    ):
        assert sun.get(f"/console/power_items/{path}").status_code == 404, path
    system = enter("ZHOUJIANJUN")
    assert all(name in said(system.get("/console/power_items/")) for name in ("临时救助", "公租房租赁补贴 1"))
    below = said(system.get(f"/console/power_items/?id={ids['xihu']}&search=临时"))
    assert "临时救助" in below
    assert "临时救助" not in said(system.get(f"/console/power_items/?id={ids['xihu']}&search=救助"))
    assert "公租房租赁补贴 3" in said(system.get("/console/power_items/?kind=01"))
    assert "公租房租赁补贴 1" not in said(system.get("/console/power_items/?kind=01"))


@pytest.mark.usefixtures("listed")
def test_an_entry_with_its_versions_and_what_rests_on_it(
    enter: Enter, services: Services, world: World, clock: ManualClock, tmp_path: Path
) -> None:
    housing = world.organisation.ids["housing"]
    item = services.subsystem_queries.power_items(housing)[0]
    clock.advance(timedelta(days=2))
    rows = [power(1, name="住房租赁补贴", legal_basis=NASTY)]
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", rows), ListOrder(title=NASTY))
    system, sun = enter("ZHOUJIANJUN"), enter("SUNLI")
    answer = system.get(f"/console/power_items/item/{item.id}")
    page = said(answer)
    assert all(word in page for word in ("住房租赁补贴", "公租房租赁补贴 1", "第 2 版", "公租房租赁补贴申领 1", "05 行政给付", NASTY))
    assert ("<img" not in answer.text, inline_code(answer)) == (True, [])
    assert sun.get(f"/console/power_items/item/{item.id}").status_code == 404
    rest = services.subsystem_queries.service_items(housing)[0]
    page = said(system.get(f"/console/service_items/item/{rest.id}"))
    assert all(word in page for word in ("5 个工作日", "住房租赁补贴", "省住房和城乡建设厅"))
    assert system.get(f"/console/service_items/item/{item.id}").status_code == 404
    old = said(system.get(f"/console/power_items/?id={housing}&at=2026-11-24"))
    assert "公租房租赁补贴 1" in old
    assert "住房租赁补贴 " not in old.replace("公租房租赁补贴", "")
    editions = system.get("/console/power_items/editions/")
    assert ("第一版" in said(editions), "<img" not in editions.text) == (True, True)
    newest = services.subsystem_queries.editions("power").rows[0]
    assert "住房租赁补贴" in said(system.get(f"/console/power_items/editions/{newest.id}"))
    assert system.get(f"/console/service_items/editions/{newest.id}").status_code == 404
    for odd in ("editions/?after=99999999999999", "editions/?after=-1", "?after=x&kind=%00&search=%00", "?at=9999-99-99&id=x"):
        assert system.get(f"/console/power_items/{odd}").status_code == 200, odd


def test_from_the_file_to_the_result(enter: Enter, services: Services, world: World, listed: None) -> None:
    system, before = enter("ZHOUJIANJUN"), happened(services)
    rows = [
        power(1, name="住房租赁补贴"),
        power(4, name=NASTY),
        power(1, at="xihu_civil_affairs", name="临时救助"),
        power(3, at="xihu_housing", kind="01"),
    ]
    sent = upload(system, rows, complete="yes", title="2026 年第二版")
    assert sent.status_code == 303
    address = sent.location
    preview = system.get(address)
    page = said(preview)
    assert all(word in page for word in ("公租房租赁补贴 1", "住房租赁补贴", "公租房租赁补贴 2", "超过安全阈值 5%", NASTY))
    assert ("<img" not in preview.text, inline_code(preview)) == (True, [])
    assert happened(services) == before
    # Beyond the threshold nothing is written before somebody says how much may go.
    refused = confirm(system, address)
    assert (refused.status_code, "超过安全阈值" in said(refused)) == (409, True)
    assert happened(services) == before
    done = confirm(system, address, allow_vanish="30")
    assert done.status_code == 303
    assert all(word in said(system.get(done.location)) for word in ("2026 年第二版", "退出的事项", "公租房租赁补贴 2"))
    # Going back, and a second click, end at the result.
    assert system.get(address).location == done.location
    assert system.post(f"{address}/confirm", {"plan": ""}, page="/console/").location == done.location
    assert [edition.number for edition in services.subsystem_queries.editions("power").rows] == [2, 1]
    assert services.uow.read().execute(text("SELECT count(*) FROM list_piece")).scalar_one() == 0


def test_wrong_rows_are_shown_reported_and_left_out_on_request(enter: Enter, services: Services, world: World) -> None:
    system = enter("ZHOUJIANJUN")
    address = upload(system, [power(1), power(2) | {"kind": "99"}, power(3, name="=1+1") | {"kind": "x"}]).location
    page = said(system.get(address))
    assert "与基本编码的第 3、4 位（05）不一致" in page
    report = system.get(f"{address}/report.csv")
    assert report.text.startswith("\ufeff行号,列,值,问题与处理办法\r\n3,事项类型,99,")
    refused = confirm(system, address)
    assert (refused.status_code, "没有写入任何内容" in said(refused)) == (422, True)
    assert confirm(system, address, skip_wrong="yes").status_code == 303
    assert len(services.subsystem_queries.power_items(world.organisation.ids["housing"])) == 1


def test_what_was_shown_is_what_is_written(enter: Enter, services: Services, world: World, tmp_path: Path, listed: None) -> None:
    system = enter("ZHOUJIANJUN")
    address = upload(system, [power(9)]).location
    shown = _PLAN.search(system.get(address).text)
    assert shown is not None
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", [power(9)]), ListOrder())
    again = system.post(f"{address}/confirm", {"plan": shown[1]}, page=address)
    assert (again.status_code, "又有变化" in said(again)) == (409, True)
    assert "没有可以写入的变动" in said(system.get(address))


def test_unreadable_files_and_thrown_away_ones(enter: Enter, services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    system = enter("ZHOUJIANJUN")
    empty = upload(system, [service(1)], kind="implementation")
    assert "没有" in said(system.get(empty.location))
    wrong = system.client.post(
        "/console/power_items/import/",
        data={"csrf_token": system.token("/console/"), "file": (BytesIO("备注\n1\n".encode()), "a.csv")},
        content_type="multipart/form-data",
    )
    assert (wrong.status_code, "缺少必需的列" in said(wrong)) == (422, True)
    long = upload(system, [power(1)], title="长" * 101)
    assert (long.status_code, "长度应为" in long.text) == (422, True)
    nothing = system.post("/console/power_items/import/", {}, page="/console/")
    assert nothing.status_code == 422
    monkeypatch.setattr("govcloud.entrypoints.console.catalogue.list_imports.MOST_LINES", 1)
    many = upload(system, [power(1), power(2)])
    assert (many.status_code, "govcloud lists import" in said(many)) == (422, True)
    monkeypatch.undo()
    address = upload(system, [power(1)]).location
    assert system.post(f"{address}/discard", {}, page=address).status_code == 303
    assert system.get(address).location.endswith("/import/")
    waiting = text("SELECT count(*) FROM list_upload WHERE state = 'waiting'")
    # What nobody confirms goes when the next one comes a day later.
    assert services.uow.read().execute(waiting).scalar_one() == 1


def test_an_upload_is_its_uploaders_own_and_bound_to_what_they_reach(
    enter: Enter, services: Services, world: World, clock: ManualClock
) -> None:
    ids, sun, he, wang = world.organisation.ids, enter("SUNLI"), enter("HEWEI"), enter("WANGFANG")
    rows = [power(1, at="xihu_civil_affairs", name="临时救助")]
    assert upload(sun, rows).status_code == 403
    assert upload(sun, rows, department=str(ids["xihu_housing"])).status_code == 404
    before = happened(services)
    address = upload(sun, rows, department=str(ids["xihu_civil_affairs"])).location
    for other in (he, enter("ZHOUJIANJUN")):
        assert other.get(address).status_code == 404
        assert other.post(f"{address}/confirm", {"plan": ""}, page="/console/").status_code == 404
        assert other.get(f"{address}/report.csv").status_code == 404
    assert wang.get("/console/power_items/").status_code == 403
    assert sun.get(address.replace("power_items", "service_items")).status_code == 404
    assert happened(services) == before + 1  # 周建军 signed in
    assert confirm(sun, address).status_code == 303
    assert [edition.actor_name for edition in services.subsystem_queries.editions("power").rows] == ["孙丽"]
    assert upload(he, [power(1)], department=str(ids["housing"])).status_code == 303
    clock.advance(timedelta(hours=25))
    he = enter("HEWEI")
    upload(he, [power(1)], department=str(ids["housing"]))
    states = services.uow.read().execute(text("SELECT state FROM list_upload ORDER BY created_at")).scalars().all()
    assert states == ["applied", "discarded", "waiting"]


def test_tables_go_out_and_come_back_unchanged(enter: Enter, services: Services, world: World, tmp_path: Path, listed: None) -> None:
    system = enter("ZHOUJIANJUN")
    for kind, page in (("power", "power_items"), ("implementation", "service_items")):
        for form in ("csv", "xlsx"):
            answer = system.get(f"/console/{page}/export.{form}")
            assert answer.status_code == 200
            path = tmp_path / f"out.{form}"
            path.write_bytes(answer.data)
            source = examine(path, kind_of(kind).columns)
            plan = services.subsystems.plan_list(OPERATOR, kind, source, ListOrder(complete=True))
            assert (plan.empty, plan.findings, plan.unchanged) == (True, [], plan.managed)
        for form in ("csv", "xlsx"):
            path = tmp_path / f"template.{form}"
            path.write_bytes(system.get(f"/console/{page}/template.{form}").data)
            assert list(examine(path, kind_of(kind).columns).records()) == []
        assert system.get(f"/console/{page}/export.exe").status_code == 404
        assert system.get(f"/console/{page}/template.exe").status_code == 404
    services.subsystems.import_list(
        OPERATOR, "power", list_file(tmp_path / "p.csv", "power", [power(1, name="=HYPERLINK(1)")]), ListOrder()
    )
    assert ",'=HYPERLINK(1)," in system.get("/console/power_items/export.csv").text


def test_a_page_costs_the_same_however_long_the_list(enter: Enter, services: Services, world: World, tmp_path: Path, listed: None) -> None:
    system = enter("ZHOUJIANJUN")

    def statements(path: str) -> int:
        with counted() as found:
            assert system.get(path).status_code == 200
        return len(found)

    few = {path: statements(path) for path in ("/console/power_items/", "/console/power_items/editions/")}
    places = ("housing", "xihu_housing", "xihu_civil_affairs", "data", "civil_affairs")
    rows = [power(number, at=place) for number in range(10, 60) for place in places]
    for some in (rows[:200], rows[200:]):
        services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", some), ListOrder())
    assert {path: statements(path) for path in few} == few
    item: UUID = services.subsystem_queries.power_items(world.organisation.ids["housing"])[0].id
    # Twenty of them are those of every page of the console: the session, the reader's roles, the rail.
    assert statements(f"/console/power_items/item/{item}") <= 29


def test_a_service_item_names_the_functions_that_rest_on_it(enter: Enter, services: Services, world: World, listed: None) -> None:
    (item,) = services.subsystem_queries.service_items(world.organisation.ids["housing"])
    visitor = enter("ZHOUJIANJUN")
    assert "没有业务子系统的功能依此办理。" in visitor.get(f"/console/service_items/item/{item.id}").text
    services.subsystems.bind_functions(SEED, [Binding(REGISTER, item.code)])
    page = visitor.get(f"/console/service_items/item/{item.id}").text
    assert REGISTER in page
    assert services.subsystem_queries.functions_resting_on(item.id)[0].code == REGISTER
