"""Notices, the report on waiting, the rules of the clock and the calendar, over the API."""

from __future__ import annotations

from govcloud.services import Services
from tests.entrypoints.api.conftest import SignIn
from tests.factories.requests import ask
from tests.factories.world import World


def test_notices_are_listed_and_read(caller: SignIn, services: Services, world: World) -> None:
    submitted = ask(services, world)
    li = caller("LIQIANG")
    page = li.get("/notices?unread=true").json
    [notice] = page["notices"]
    assert (page["unread"], notice["kind"], notice["group"]) == (1, "to_decide", "deciding")
    assert notice["link"] == f"/inbox/{submitted.line_id}"
    assert notice["text"].startswith("王芳申请“查询住房登记信息”")
    assert "asks for" in li.get("/notices", **{"Accept-Language": "en"}).json["notices"][0]["text"]
    assert caller("WANGFANG").post("/notices/read", {"notices": [notice["id"]]}).json == {"read": 0}
    assert li.post("/notices/read", {"notices": [notice["id"]]}).json == {"read": 1}
    assert li.post("/notices/read", {}).json == {"read": 0}
    assert li.get("/notices?unread=true").json["notices"] == []
    assert li.get("/notices?group=nothing").status_code == 422


def test_what_is_mailed_is_chosen(caller: SignIn, world: World) -> None:
    wang = caller("WANGFANG")
    assert wang.get("/notices/settings").json["mail"] is False
    chosen = wang.post("/notices/settings", {"mailed": ["lapsed"], "language": "en"})
    assert (chosen.status_code, chosen.json["mailed"], chosen.json["language"]) == (200, ["lapsed"], "en")
    assert wang.post("/notices/settings", {"mailed": ["x"], "language": "en"}).status_code == 422
    assert wang.post("/notices/address", {"address": "w@zj.example"}).status_code == 409
    assert wang.post("/notices/address/confirm", {"code": "000000"}).status_code == 409
    assert wang.post("/notices/address/remove").status_code == 200


def test_waiting_is_for_those_in_charge(caller: SignIn, services: Services, world: World) -> None:
    services.access.reject(world.li.actor(), ask(services, world).line_id, 1, "not_needed")
    [row] = caller("LIQIANG").get("/waiting").json["departments"]
    assert (row["name"], row["closed"], row["p95_seconds"]) == ("浙江省住房和城乡建设厅", 1, 0)
    assert caller("WANGFANG").get("/waiting").status_code == 403
    assert caller("WUXIAOYAN").get("/waiting?since=2026-01-01T00:00:00Z").status_code == 422
    assert caller("WUXIAOYAN").get("/waiting?since=2026-01-01T00:00:00").status_code == 422, "a moment has an offset"


def test_a_line_tells_of_its_clock(caller: SignIn, services: Services, world: World) -> None:
    line = caller("WANGFANG").get(f"/lines/{ask(services, world).line_id}").json
    assert (line["answer_by"], line["due_at"], line["escalation"]) == ("2026-11-26T01:30:00Z", "2026-11-30T01:30:00Z", 0)


def test_rules_and_calendar_are_securitys(caller: SignIn, world: World) -> None:
    wu, wang = caller("WUXIAOYAN"), caller("WANGFANG")
    assert wang.get("/clocks").json["one_hours"] == 13
    assert wang.post("/clocks", {"one_hours": 4, "reason": "x"}).status_code == 403
    assert wu.post("/clocks", {"one_hours": 4, "reason": "加快答复"}).json["one_hours"] == 4
    assert wu.post("/clocks", {"one_hours": 0, "reason": "加快答复"}).status_code == 422
    days = "date,day,name\n2027-01-01,holiday,元旦\n"
    tried = wu.post("/work-calendar", {"file": days, "dry_run": True}).json
    assert (tried["new_years"], tried["days"], tried["dry_run"]) == ([2027], [{"day": "2027-01-01", "works": False, "name": "元旦"}], True)
    assert wu.post("/work-calendar", {"file": days, "reason": "放假安排"}).json["dry_run"] is False
    assert wu.post("/work-calendar", {"file": days, "dry_run": True}).json["days"] == []
    assert wu.post("/work-calendar", {"file": "x", "reason": "放假安排"}).status_code == 422
    assert wang.post("/work-calendar", {"file": days, "reason": "放假安排"}).status_code == 403
