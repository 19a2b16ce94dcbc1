"""The department tree over JSON: reading it as of a moment, changing it, dry runs, and who may."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from govcloud.identity.inputs import NewOffice
from tests.factories.people import a_department
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

ADMIN = "ZHOUJIANJUN"


def new_department(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
    row = a_department(name="西湖区公共服务中心")
    return {"uscc": row.uscc, "name": row.name, "division_code": "330106000000", "level": "county", **changes}


def test_the_tree_is_read_level_by_level(world: World, caller: SignIn) -> None:
    ids, wang = world.organisation.ids, caller("WANGFANG")
    roots = wang.get("/departments").json["departments"]
    assert [(node["name"], node["has_children"]) for node in roots] == [("浙江省人民政府", True)]
    page = wang.get(f"/departments?parent={ids['government']}&limit=2").json
    assert [node["name"] for node in page["departments"]] == ["浙江省住房和城乡建设厅", "浙江省民政厅"]
    rest = wang.get(f"/departments?parent={ids['government']}&limit=100&cursor={page['cursor']}").json
    assert (len(rest["departments"]), rest["cursor"]) == (4, None)
    found = wang.get("/departments/search?q=xhqmzj").json["departments"]
    assert [item["name"] for item in found] == ["杭州市西湖区民政局"]
    shown = wang.get(f"/departments/{ids['xihu_civil_affairs']}").json
    assert [node["name"] for node in shown["ancestors"]] == ["浙江省人民政府", "杭州市西湖区人民政府"]
    assert (shown["department"]["name"], shown["ended_at"], shown["offices"]) == ("杭州市西湖区民政局", None, [])
    assert wang.get(f"/departments/{uuid4()}").status_code == 404
    assert wang.get(f"/departments/{uuid4()}/history").status_code == 404
    assert wang.get("/departments?at=2026-11-24").status_code == 422
    assert wang.get("/departments/search").status_code == 422


def test_a_dry_run_tells_and_the_change_follows(services: Services, world: World, caller: SignIn, clock: ManualClock) -> None:
    ids, admin, before = world.organisation.ids, caller(ADMIN), clock.now()
    clock.advance(timedelta(minutes=5))
    body = {"sources": [str(ids["xihu_civil_affairs"])], "into": str(ids["xihu_housing"]), "reason": "机构改革方案"}
    told = admin.post("/departments/merge", {**body, "dry_run": True})
    assert told.status_code == 200, told.text
    assert (told.json["dry_run"], told.json["department_id"]) == (True, None)
    assert (told.json["looked_at"], told.json["people_after"]) == (2, None)
    assert {item["kind"]: item["count"] for item in told.json["affected"]} == {"people": 2, "appointments": 2, "roles": 1}
    assert services.identity_queries.department(ids["xihu_civil_affairs"]) is not None

    done = admin.post("/departments/merge", body)
    assert (done.status_code, done.json["department_id"]) == (200, str(ids["xihu_housing"]))
    gone = admin.get(f"/departments/{ids['xihu_civil_affairs']}").json
    assert gone["ended_at"] is not None
    then = admin.get(f"/departments/{ids['xihu_civil_affairs']}?at={before.isoformat().replace('+', '%2B')}").json
    assert then["ended_at"] is None
    history = admin.get(f"/departments/{ids['xihu_civil_affairs']}/history").json
    assert [(step["kind"], step["successor_name"]) for step in history["became"]] == [("merge", "杭州市西湖区住房和城乡建设局")]


def test_every_change_has_its_route(services: Services, world: World, caller: SignIn, clock: ManualClock) -> None:
    ids, admin = world.organisation.ids, caller(ADMIN)
    made = admin.post("/departments", new_department(parent_id=str(ids["xihu"]), lead_department_id=str(ids["civil_affairs"])))
    assert made.status_code == 200, made.text
    new = made.json["id"]
    clock.advance(timedelta(minutes=1))
    offices = admin.post(f"/departments/{new}/offices", {"names": ["综合科", "业务科"]}).json["ids"]
    order = [new, str(ids["xihu_housing"]), str(ids["xihu_civil_affairs"])]
    calls: list[tuple[str, dict[str, Any]]] = [
        (f"/offices/{offices[0]}/rename", {"name": "综合处"}),
        (f"/departments/{new}/rename", {"name": "西湖区便民服务中心"}),
        (f"/departments/{new}/change", {"level": "township", "business_lines": ["政务服务"], "unled": True}),
        ("/departments/reorder", {"parent_id": str(ids["xihu"]), "order": order}),
        (
            f"/departments/{ids['xihu_civil_affairs']}/split",
            {"new": new_department(parent_id=str(ids["xihu"])), "people": [str(world.wang.official_id)], "reason": "职能调整"},
        ),
        (f"/departments/{new}/move", {"parent_id": str(ids["data"])}),
        (f"/departments/{new}/abolish", {"reason": "职能取消"}),
    ]
    for path, body in calls:
        answer = admin.post(path, body)
        assert answer.status_code == 200, (path, answer.text)
    assert admin.post(f"/offices/{offices[1]}/close").status_code == 404  # it ended with its department


def test_bad_input_is_named(world: World, caller: SignIn) -> None:
    ids, admin = world.organisation.ids, caller(ADMIN)
    wrong = admin.post("/departments", new_department(uscc="11330000MB12345670", division_code="330199000000"))
    assert wrong.status_code == 422
    assert {item["field"] for item in wrong.json["fields"]} == {"rows[0].uscc", "rows[0].division_code"}
    circle = admin.post(f"/departments/{ids['xihu']}/move", {"parent_id": str(ids["xihu_housing"])})
    assert (circle.status_code, circle.json["code"]) == (409, "department_cycle")
    used = admin.post(f"/departments/{ids['housing']}/abolish", {"reason": "撤销"})
    assert (used.status_code, used.json["code"]) == (409, "department_in_use")
    assert any("李强" in item["message"] for item in used.json["refusals"])
    both = {"into": str(ids["data"]), "new": new_department()}
    for goal in ({}, both):
        answer = admin.post("/departments/merge", {"sources": [str(ids["xihu"])], "reason": "合并", **goal})
        assert [item["field"] for item in answer.json["fields"]] == ["into"]
    assert admin.post(f"/departments/{uuid4()}/rename", {"name": "无"}).status_code == 404
    assert admin.post(f"/departments/{ids['xihu']}/rename", {"name": "名", "unknown": 1}).status_code == 422


@pytest.mark.parametrize("login", ["SUNLI", "WANGFANG", "WUXIAOYAN"])
def test_nobody_reaches_beyond_their_own(services: Services, world: World, caller: SignIn, login: str) -> None:
    ids, who = world.organisation.ids, caller(login)
    outside = services.identity.open_offices(SEED, [NewOffice(ids["xihu_housing"], "办公室")])[0]
    other, own = str(ids["xihu_housing"]), str(ids["xihu_civil_affairs"])
    calls: list[tuple[str, dict[str, Any] | None]] = [
        ("/departments", new_department(parent_id=str(ids["xihu"]))),
        ("/departments", new_department(parent_id=own, level="province")),
        ("/departments/reorder", {"parent_id": str(ids["xihu"]), "order": [other, own]}),
        ("/departments/merge", {"sources": [other], "into": own, "reason": "越权"}),
        (f"/departments/{other}/rename", {"name": "越权"}),
        (f"/departments/{own}/move", {"parent_id": str(ids["data"])}),
        (f"/departments/{other}/change", {"level": "province"}),
        (f"/departments/{other}/split", {"new": new_department(parent_id=own), "people": [], "reason": "越权"}),
        (f"/departments/{other}/abolish", {"reason": "越权", "successor_id": own}),
        (f"/departments/{other}/offices", {"names": ["越权科"]}),
        (f"/offices/{outside}/rename", {"name": "越权"}),
        (f"/offices/{outside}/close", None),
    ]
    for path, body in calls:
        for dry_run in (False, True) if body and path.rpartition("/")[2] in {"merge", "rename", "move", "abolish"} else (None,):
            sent = body if dry_run is None or body is None or path.startswith("/offices") else {**body, "dry_run": dry_run}
            answer = who.post(path, sent)
            assert answer.status_code == 403, (path, answer.text)
    assert services.identity_queries.department(ids["xihu_housing"]) is not None
