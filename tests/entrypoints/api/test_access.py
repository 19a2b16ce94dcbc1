"""The story over JSON, and what each person sees of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from govcloud.authorization.case_numbers import written
from tests.entrypoints.api.conftest import body_of
from tests.factories.requests import REGISTER, may_read
from tests.factories.world import HANGZHOU, XIHU, YUHANG

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def test_ask_decide_use_end(services: Services, world: World, caller: SignIn) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    found = wang.get("/catalogue?q=住房登记").json
    item = next(entry for entry in found["items"] if entry["function"] == REGISTER)
    assert (item["owner_department_name"], item["max_days"], item["requires_case_number"]) == ("浙江省住房和城乡建设厅", 30, True)
    choices = wang.get(f"/catalogue/{item['id']}/scopes").json["choices"]
    assert choices[0] == {"divisions": [XIHU], "name": "西湖区", "level": "county", "suggested": True}

    submitted = wang.post("/requests", body_of(divisions=[HANGZHOU]))
    assert submitted.status_code == 201
    assert submitted.headers["Location"] == f"/api/v1/requests/{submitted.json['request_id']}"
    shown = wang.get(submitted.headers["Location"].removeprefix("/api/v1")).json
    assert (shown["state"], shown["may_withdraw"], shown["lines"][0]["waits_for"]) == ("pending", True, ["浙江省住房和城乡建设厅"])
    line_id = submitted.json["line_id"]

    assert li.get("/me").json["inbox_count"] == 1
    assert [line["line_id"] for line in li.get("/inbox").json["lines"]] == [line_id]
    page = li.get(f"/lines/{line_id}/decision").json
    assert (page["may_decide"], page["evidence"]["beneficiary"]["name"], page["max_days"]) == (True, "王芳", 10)
    answer = {"version": 1, "divisions": [XIHU], "days": 5, "comment": "仅限西湖区", "evidence_hash": page["evidence_hash"]}
    decided = li.post(f"/lines/{line_id}/approve", answer)
    assert (decided.status_code, decided.json["state"], decided.json["replayed"]) == (200, "approved", False)
    again = li.post(f"/lines/{line_id}/approve", answer)
    assert (again.status_code, again.json["replayed"], again.json["grant_id"]) == (200, True, decided.json["grant_id"])

    assert may_read(services, world.wang)
    assert not may_read(services, world.wang, YUHANG)
    held = wang.get("/access").json["access"]
    assert [(entry["grant"]["state"], entry["grant"]["scope"]["names"]) for entry in held] == [("active", ["西湖区"])]
    assert held[0]["grant"]["integration_level"] == 3
    assert [entry["holder"]["name"] for entry in li.get("/access/overseen").json["access"]] == ["王芳"]

    grant_id = decided.json["grant_id"]
    assert li.post(f"/grants/{grant_id}/revoke", {"reason": "办件已结束"}).json == {"grant_id": grant_id, "replayed": False}
    assert not may_read(services, world.wang)
    assert wang.post(f"/grants/{grant_id}/relinquish").json == {"grant_id": grant_id, "replayed": True}
    [line] = wang.get("/requests").json["requests"][0]["lines"]
    assert (line["grant"]["state"], line["integration_level"], line["grant"]["integration_level"]) == ("closed", 3, 3)


def test_reject_and_withdraw(caller: SignIn, world: World) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    line_id = wang.post("/requests", body_of()).json["line_id"]
    rejected = li.post(f"/lines/{line_id}/reject", {"version": 1, "reason_code": "too_broad", "comment": "<b>过宽</b>"})
    assert rejected.json["state"] == "rejected"
    line = wang.get(f"/lines/{line_id}").json
    assert (line["decision"]["reason_code"], line["decision"]["comment"]) == ("too_broad", "<b>过宽</b>")
    second = wang.post("/requests", body_of(item_id=str(world.items[REGISTER]), function=None)).json
    withdrawn = wang.post(f"/lines/{second['line_id']}/withdraw", {"version": 1})
    assert (withdrawn.status_code, withdrawn.json["version"]) == (200, 2)


def test_text_stays_text_and_is_never_html(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    nasty = "<script>alert('x')</script>'; DROP TABLE decision; --"
    submitted = wang.post("/requests", body_of(reason=nasty, case_number=nasty)).json
    answer = wang.get(f"/requests/{submitted['request_id']}")
    assert answer.content_type == "application/json"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.json["reason"] == nasty
    assert answer.json["case_number"] == written(nasty), "in the one form in which case numbers are kept"


def test_who_is_signed_in(caller: SignIn, world: World) -> None:
    me = caller("WANGFANG").get("/me").json
    assert (me["name"], me["employee_code"], me["appointment_id"]) == ("王芳", "WANGFANG", str(world.wang.appointment_id))
    assert [(duty["department_name"], duty["division"]) for duty in me["appointments"]] == [("杭州市西湖区民政局", XIHU)]
