"""The lists over the API: read as of a moment, page by page; imported after a dry run, by who may and nobody else."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.listing.importing import ListOrder
from tests.entrypoints.api.conftest import SignIn
from tests.factories.imports import OPERATOR, uscc_of
from tests.factories.lists import list_file, power, service
from tests.factories.world import World


@pytest.fixture
def listed(services: Services, world: World, tmp_path: Path) -> None:
    """Enter a few entries of two departments."""
    rows = [power(1), power(2), power(1, at="xihu_civil_affairs")]
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", rows), ListOrder(title="第一版"))
    services.subsystems.import_list(OPERATOR, "implementation", list_file(tmp_path / "s.csv", "implementation", [service(1)]), ListOrder())


@pytest.mark.usefixtures("listed")
def test_everybody_reads_the_lists_as_of_any_moment(caller: SignIn, services: Services, clock: ManualClock, tmp_path: Path) -> None:
    wang, before = caller("WANGFANG"), clock.now().isoformat().replace("+", "%2B")
    clock.advance(timedelta(days=1))
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", [power(1, name="住房租赁补贴")]), ListOrder())
    wang = caller("WANGFANG")
    housing = f"department={uscc_of('housing')}"
    page = wang.get(f"/power-items?{housing}&limit=1")
    assert [item["name"] for item in page.json["items"]] == ["住房租赁补贴"]
    assert page.json["items"][0] | {"id": "", "department_id": "", "listed_at": ""} == {
        "id": "",
        "code": power(1)["code"],
        "name": "住房租赁补贴",
        "kind": "05",
        "legal_basis": power(1)["legal_basis"],
        "department_id": "",
        "department_uscc": uscc_of("housing"),
        "department_name": "浙江省住房和城乡建设厅",
        "version": 2,
        "listed_at": "",
        "ended_at": None,
    }
    rest = wang.get(f"/power-items?{housing}&limit=1&cursor={page.json['cursor']}").json
    assert ([item["code"] for item in rest["items"]], rest["cursor"]) == ([power(2)["code"]], None)
    assert wang.get(f"/power-items?{housing}&as_of={before}").json["items"][0]["name"] == "公租房租赁补贴 1"
    assert len(wang.get("/power-items?q=公租房").json["items"]) == 2
    assert wang.get("/power-items?kind=01").json["items"] == []
    item = page.json["items"][0]["id"]
    one = wang.get(f"/power-items/{item}").json
    assert [(said["version"], said["changed"], said["facts"]["name"]) for said in one["versions"]] == [
        (2, ["name"], "住房租赁补贴"),
        (1, [], "公租房租赁补贴 1"),
    ]
    services_of_it = wang.get(f"/service-items?power_item={item}").json["items"]
    assert [(found["promised_days"], found["power_item_id"]) for found in services_of_it] == [(5, item)]
    assert wang.get(f"/service-items/{services_of_it[0]['id']}").json["item"]["code"] == service(1)["code"]
    editions = wang.get("/power-items/editions?limit=1").json
    assert (editions["editions"][0]["number"], editions["cursor"]) == (2, 2)
    assert wang.get("/power-items/editions?cursor=2").json["editions"][0]["title"] == "第一版"
    assert wang.get("/service-items/editions").json["editions"][0]["added"] == 1


def test_rows_are_rehearsed_and_then_imported(caller: SignIn, services: Services, world: World, listed: None) -> None:
    sun = caller("SUNLI")
    body = {"department": uscc_of("xihu_civil_affairs"), "rows": [power(1, at="xihu_civil_affairs", name="临时救助")], "title": "区第一版"}
    dry = sun.post("/power-items/imports", body)
    assert (dry.status_code, dry.json["dry_run"], dry.json["changed"], dry.json["edition"]) == (200, True, 1, None)
    done = sun.post("/power-items/imports", body | {"dry_run": False})
    assert (done.status_code, done.json["edition"]["title"], done.json["changed"]) == (200, "区第一版", 1)
    again = sun.post("/power-items/imports", body | {"dry_run": False})
    assert (again.json["edition"], again.json["unchanged"]) == (None, 1)
    # What is left out of a row stays as it is.
    row = {key: value for key, value in body["rows"][0].items() if key != "legal_basis"}  # type: ignore[attr-defined]
    assert sun.post("/power-items/imports", body | {"rows": [row]}).json["unchanged"] == 1
    gone = sun.post("/power-items/imports", body | {"rows": [power(7, at="xihu_civil_affairs")], "complete": True, "dry_run": False})
    assert (gone.status_code, gone.json["code"]) == (409, "too_many_vanish")
    rest = {"rows": [service(1, at="xihu_civil_affairs", level="4")], "department": uscc_of("xihu_civil_affairs"), "dry_run": False}
    assert sun.post("/service-items/imports", rest).json["added"] == 1


def test_who_may_not_and_what_is_wrong(caller: SignIn, world: World, listed: None) -> None:
    sun, wang = caller("SUNLI"), caller("WANGFANG")
    row = power(1, at="xihu_civil_affairs")
    for who, department in ((wang, "xihu_civil_affairs"), (sun, "housing"), (sun, None), (wang, None)):
        body = {"rows": [row], "department": uscc_of(department) if department else None}
        for dry in (True, False):
            assert who.post("/power-items/imports", body | {"dry_run": dry}).status_code == 403
    own = {"department": uscc_of("xihu_civil_affairs")}
    for rows in ([], [row | {"code": 1}], [row | {"x": "y"}], [{"code": "x"}]):
        assert sun.post("/power-items/imports", own | {"rows": rows}).status_code == 422, rows
    wrong = sun.post("/power-items/imports", own | {"rows": [row, power(2, at="housing")], "dry_run": False})
    assert (wrong.status_code, wrong.json["code"], wrong.json["fields"][0]["field"]) == (
        422,
        "list_has_findings",
        "rows[2].department_uscc",
    )
    rehearsed = sun.post("/power-items/imports", own | {"rows": [row, power(2, at="housing")]})
    assert [(found["row"], found["field"]) for found in rehearsed.json["findings"]] == [(2, "department_uscc")]
    nobody = "00000000-0000-7000-8000-000000000000"
    for path in (f"/power-items/{nobody}", f"/service-items/{nobody}", "/power-items?department=91330000000000000X"):
        assert wang.get(path).status_code == 404, path
    for path in (
        "/power-items?limit=0",
        "/power-items?as_of=2026-11-24",
        "/power-items?cursor=x",
        "/power-items/editions?cursor=99999999999",
    ):
        assert wang.get(path).status_code == 422, path
