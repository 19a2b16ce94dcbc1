"""Subsystems over JSON: the whole way into service, dry runs, and who may."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.factories.subsystems import a_service_item, crew
from tests.factories.world import World

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn

OWNER, CHECKER, LEAD, STRANGER = "HEWEI", "ZHOUJIANJUN", "SUNLI", "ZHAOMIN"


def a_catalogue(**changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any field of the body
    functions = [
        {"code": "archive:door:enter", "name": "进入住房档案系统"},
        {"code": "archive:record:read", "name": "查看住房档案", "sensitive": True, "integration_level": 3},
    ]
    items = [{"function": "archive:record:read", "name": "查看住房档案", "exposes": "题名、年度"}]
    return {"functions": functions, "items": items, **changes}


def test_from_registration_to_publication(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    owner, checker, lead = caller(OWNER), caller(CHECKER), caller(LEAD)
    new = {
        "code": "archive",
        "name": "住房档案系统",
        "owner_department_id": str(world.organisation.ids["housing"]),
        "integration_level": 3,
        "launch_url": "https://archive.zj.example/",
    }
    made = owner.post("/subsystems", new)
    assert (made.status_code, made.headers["Location"]) == (201, "/api/v1/subsystems/archive")
    assert owner.post("/subsystems", new).status_code == 409
    told = owner.post("/functions", a_catalogue(dry_run=True)).json
    assert (told["dry_run"], told["functions"], told["items"], told["ids"]) == (True, 2, 1, [])
    early = owner.post("/subsystems/archive/submit", {})
    assert (early.status_code, early.json["code"]) == (409, "not_ready")
    assert {item["code"] for item in early.json["refusals"]} == {"door", "launch_client", "confidential_client"}
    assert len(owner.post("/functions", a_catalogue()).json["ids"]) == 2
    client = {"client_id": "archive", "name": "住房档案系统", "redirect_uris": ["https://archive.zj.example/cb"]}
    assert owner.post("/subsystems/archive/clients", client).json["secret"]
    code = a_service_item(services, world)
    binding = {"function": "archive:record:read", "service_item": code}
    assert owner.post("/functions/bind", {"bindings": [binding], "dry_run": True}).json == {"dry_run": True, "new": 1}
    assert owner.post("/functions/bind", {"bindings": [binding]}).json == {"dry_run": False, "new": 1}

    assert owner.post("/subsystems/archive/submit", {"note": "材料齐全"}).json == {"code": "archive", "status": "submitted"}
    assert checker.post("/subsystems/archive/check", {}).json["status"] == "checked"
    assert owner.post("/subsystems/archive/publish", {}).status_code == 403
    assert lead.post("/subsystems/archive/publish", {}).json["status"] == "published"

    page = owner.get("/subsystems/archive").json
    assert [step["step"] for step in page["steps"]] == ["register", "submit", "check", "publish"]
    assert page["publisher_department_id"] == str(world.organisation.ids["government"])
    read = page["functions"][1]
    assert [item["code"] for item in read["service_items"]] == [code]
    item = read["items"][0]
    assert (item["version"], item["tier"]) == (1, "one")
    assert {finding["key"] for finding in page["findings"]} == {"description"}
    [shown] = page["clients"]
    assert (shown["client_id"], shown["auth_method"], "secret" in shown) == ("archive", "client_secret", False)

    change = {"name": "查看住房档案", "exposes": "题名", "tier": "auto", "version": 1, "reason": "放宽"}
    refused = owner.post(f"/items/{item['id']}/change", change)
    assert (refused.status_code, refused.json["code"]) == (409, "unsound")
    assert owner.post(f"/items/{item['id']}/change", {**change, "tier": "one"}).json == {"version": 2}
    listed = caller("WANGFANG").get("/catalogue?q=住房档案").json["items"]
    assert [entry["service_items"] for entry in listed] == [[f"公租房租赁补贴申领（{code}）"]]
    assert owner.post("/functions/unbind", binding).json == {"changed": True}
    function = {"name": "查看档案", "sensitive": True, "integration_level": 3, "reason": "更名"}
    assert owner.post("/functions/archive:record:read/change", function).json == {"changed": True}
    offered = {"items": [{"function": "archive:record:read", "name": "查看目录", "exposes": "题名"}]}
    assert owner.post("/items", {**offered, "dry_run": True}).json["ids"] == []
    [second] = owner.post("/items", offered).json["ids"]
    assert owner.post(f"/items/{second}/withdraw", {"reason": "不再提供"}).json == {"changed": True}
    assert owner.post("/functions/archive:record:read/withdraw", {"reason": "停用"}).status_code == 409
    body = {"name": "住房档案", "integration_level": 3, "launch_url": "https://archive.zj.example/"}
    assert owner.post("/subsystems/archive/change", body).json == {"changed": True}
    assert lead.post("/subsystems/archive/return", {"reason": "退回"}).status_code == 409
    assert lead.post("/subsystems/archive/retire", {"reason": "下线"}).json["status"] == "retired"


def test_nobody_reads_or_changes_what_lies_beyond(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    stranger = caller(STRANGER)
    assert [row["code"] for row in stranger.get("/subsystems").json["subsystems"]] == ["assistance"]
    assert stranger.get("/subsystems/housing").status_code == 404
    for login in ("WANGFANG", "LIQIANG", "WUXIAOYAN"):
        assert caller(login).get("/subsystems").status_code == 403
    item = world.items["housing:register:read"]
    calls: list[tuple[str, dict[str, Any]]] = [
        ("/subsystems", {"code": "x_y", "name": "甲", "owner_department_id": str(world.organisation.ids["housing"])}),
        ("/subsystems/housing/change", {"name": "甲"}),
        ("/subsystems/housing/clients", {"client_id": "housing-3", "name": "甲", "redirect_uris": ["https://h.example/cb"]}),
        ("/subsystems/housing/submit", {}),
        ("/subsystems/housing/return", {"reason": "x"}),
        ("/subsystems/housing/check", {}),
        ("/subsystems/housing/publish", {}),
        ("/subsystems/housing/retire", {"reason": "x"}),
        ("/functions", {"functions": [{"code": "housing:a:b", "name": "甲"}]}),
        ("/functions/housing:guide:read/change", {"name": "甲", "reason": "x"}),
        ("/functions/housing:guide:read/withdraw", {"reason": "x"}),
        ("/functions/bind", {"bindings": [{"function": "housing:register:read", "service_item": "x"}]}),
        ("/functions/unbind", {"function": "housing:register:read", "service_item": "x"}),
        ("/items", {"items": [{"function": "housing:register:read", "name": "甲", "exposes": "乙"}]}),
        (f"/items/{item}/change", {"name": "甲", "exposes": "乙", "version": 1, "reason": "x"}),
        (f"/items/{item}/withdraw", {"reason": "x"}),
    ]
    for path, body in calls:
        answer = stranger.post(path, body)
        assert (answer.status_code, answer.content_type) == (403, "application/problem+json"), path
    wrong = stranger.post("/functions", {"functions": [], "surprise": 1})
    assert wrong.status_code == 422
    assert {field["field"] for field in wrong.json["fields"]} == {"functions", "surprise"}


def test_a_subsystem_is_handed_over_after_a_dry_run(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    civil = str(world.organisation.ids["civil_affairs"])
    body = {"owner_department_id": civil, "reason": "职能调整"}
    assert caller(OWNER).post("/subsystems/housing/hand-over", body).status_code == 403
    lead = caller(LEAD)
    told = lead.post("/subsystems/housing/hand-over", {**body, "dry_run": True}).json
    assert told["dry_run"] is True
    assert told["items"] > 0
    assert lead.get("/subsystems/housing").json["subsystem"]["owner_department_id"] == str(world.organisation.ids["housing"])
    done = lead.post("/subsystems/housing/hand-over", body).json
    assert done == {**told, "dry_run": False}
    assert caller(STRANGER).get("/subsystems/housing").json["steps"][-1]["step"] == "hand_over"
    assert caller(OWNER).get("/subsystems/housing").status_code == 404
    again = lead.post("/subsystems/housing/hand-over", body)
    assert (again.status_code, [item["field"] for item in again.json["fields"]]) == (422, ["owner_department_id"])
    for wrong in ({**body, "owner_department_id": "x"}, {"reason": "x"}, {**body, "dry_run": 1}, {**body, "more": 1}):
        assert lead.post("/subsystems/housing/hand-over", wrong).status_code == 422


def test_clients_get_secrets_are_entrusted_and_closed(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    client = world.clients["housing"].client_id
    owner = caller(OWNER)
    fresh = owner.post(f"/clients/{client}/rotate-secret")
    assert fresh.json["secret"]
    assert fresh.headers["Cache-Control"] == "no-store"
    body = {"roles": ["provisioning"], "reason": "按协议同步"}
    assert owner.post(f"/clients/{client}/entrust", body).status_code == 403
    assert caller("WUXIAOYAN").post(f"/clients/{client}/entrust", body).json == {"changed": True}
    assert caller("WUXIAOYAN").post(f"/clients/{client}/entrust", {**body, "roles": ["security_admin"]}).status_code == 422
    assert caller(STRANGER).post(f"/clients/{client}/disable").status_code == 403
    assert owner.post(f"/clients/{client}/disable").json == {"changed": True}
    assert owner.post(f"/clients/{client}/rotate-secret").status_code == 404


def test_whom_a_label_would_touch(caller: SignIn, services: Services, world: World) -> None:
    crew(services, world)
    address = "/functions/housing:register:read/label-impact"
    owner = caller("HEWEI")
    told = owner.get(f"{address}?label=4").json
    assert (told["gains"], told["losses"]) == (0, 1)
    [person] = told["people"]
    assert (person["name"], person["effect"]) == ("陈杰", "lost")
    assert owner.get(f"{address}?label=0").json == {"gains": 0, "losses": 0, "people": []}
    function = services.subsystem_queries.function("housing:register:read")
    assert function is not None
    assert function.label == 0, "nothing was set"
    assert owner.get(f"{address}?label=5").status_code == 422
    assert owner.get(address).status_code == 422
    # Nobody hears a name, or a number, of what others answer for.
    for login in (STRANGER, "WANGFANG", "ZHENGGUOHUA"):
        refused = caller(login).get(f"{address}?label=4")
        assert refused.status_code == 403, login
        assert "陈杰" not in refused.text
    assert owner.get("/functions/assistance:case:read/label-impact?label=4").status_code == 403
    assert owner.get("/functions/housing:no:such/label-impact?label=4").status_code == 404
