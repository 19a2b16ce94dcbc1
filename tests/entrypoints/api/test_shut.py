"""Over JSON: an approval taken back, lines given up, what separation of duty makes wait, and the part in a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govcloud.kernel.actor import Actor
from govcloud.subsystems.changes import ItemChange
from tests.factories.apart import ACCEPT, in_force
from tests.factories.joint import CASES, approve, ask_jointly
from tests.factories.requests import REGISTER
from tests.factories.world import XIHU

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def test_taking_an_approval_back(services: Services, world: World, caller: SignIn) -> None:
    li, zhao, wang = caller("LIQIANG"), caller("ZHAOMIN"), caller("WANGFANG")
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    path = f"/lines/{lines[REGISTER]}/retract"
    body = {"version": 2, "reason_code": "not_needed", "comment": "改由本厅办理"}
    for other in (zhao, wang):
        assert other.post(path, body).status_code == 403
    assert li.post(path, {**body, "reason_code": "because"}).status_code == 422
    done = li.post(path, body)
    assert (done.status_code, done.json["state"], done.json["replayed"]) == (200, "rejected", False)
    assert li.post(path, body).json["replayed"] is True
    assert li.post(path, {**body, "comment": "别的"}).json["code"] == "line_not_held_back"
    assert zhao.post(f"/lines/{lines[CASES]}/approve", {"version": 1}).json["grant_id"] is None
    held = {line["function"]: line["held_back"] for line in wang.get("/requests").json["requests"][0]["lines"]}
    assert held == {REGISTER: None, CASES: "given_up"}


def test_withdrawing_says_why_the_rest_does_not_open(services: Services, world: World, caller: SignIn) -> None:
    wang = caller("WANGFANG")
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    change = ItemChange("查询住房登记信息", "姓名、房屋坐落", max_days=30, requires_case_number=True)
    services.subsystems.change_item(Actor.system("operator"), world.items[REGISTER], 1, change, "内容缩减")
    done = wang.post(f"/lines/{lines[CASES]}/withdraw", {"version": 1})
    assert done.status_code == 200
    assert done.json["not_opened"]["code"] == "together_changed"


def test_the_search_says_what_would_wait(services: Services, world: World, caller: SignIn) -> None:
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT, name="受理与核对分离")
    hits = caller("WANGFANG").get("/search?q=查询住房").json["hits"]
    [hit] = [hit for hit in hits if hit["kind"] == "item"]
    assert hit["may_ask"] is True
    assert [conflict["code"] for conflict in hit["conflicts"]] == ["accept-and-check"]
    assert "受理与核对分离" in hit["conflicts"][0]["message"]


def test_the_part_in_a_case_over_the_api(services: Services, world: World, caller: SignIn) -> None:
    in_force(services, world, "four-eyes", kind="per_case")
    wang = caller("WANGFANG")
    body = {"item_id": str(world.items[REGISTER]), "reason": "办理救助", "days": 5, "divisions": [XIHU], "case_number": "XH-1"}
    refused = wang.post("/requests", body)
    assert refused.status_code == 422
    assert [field["field"] for field in refused.json["fields"]] == ["duty"]
    assert wang.post("/requests", {**body, "duty": "both"}).status_code == 422
    assert wang.post("/requests", {**body, "duty": "review"}).status_code == 201
    item = {"item_id": str(world.items[REGISTER])}
    assert wang.post("/basket", {"items": [item]}).json["items"][0]["by_case"] is True
