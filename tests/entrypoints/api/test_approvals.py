"""Approvals over JSON: several lines, corrections, claims, comments, delegations, rules signed in advance."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from tests.factories.deciders import give_office, put_together, set_tier
from tests.factories.requests import ask, may_read
from tests.factories.world import XIHU

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def test_a_line_is_returned_and_put_up_again(services: Services, world: World, caller: SignIn) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    line_id = ask(services, world).line_id
    assert li.post(f"/lines/{line_id}/return", {"version": 1, "missing": ""}).status_code == 422
    assert li.post(f"/lines/{line_id}/return", {"version": 1, "missing": "缺名单"}).json["version"] == 2
    assert wang.get(f"/lines/{line_id}").json["missing"] == "缺名单"
    body: dict[str, Any] = {"version": 2, "reason": "名单见附页", "days": 5, "divisions": [XIHU], "case_number": "X-1"}
    assert li.post(f"/lines/{line_id}/resubmit", body).status_code == 403
    assert wang.post(f"/lines/{line_id}/resubmit", body).json["version"] == 3
    shown = wang.get(f"/lines/{line_id}").json
    assert (shown["state"], shown["round"], shown["task"]["needed"]) == ("pending", 2, 1)


def test_claims_candidates_and_comments(services: Services, world: World, caller: SignIn) -> None:
    li, qian, wang, zhao = caller("LIQIANG"), caller("QIANWEI"), caller("WANGFANG"), caller("ZHAOMIN")
    line_id = ask(services, world).line_id
    assert li.post(f"/lines/{line_id}/claim").status_code == 200
    assert qian.post(f"/lines/{line_id}/claim").json["code"] == "claimed"
    assert wang.get(f"/lines/{line_id}").json["task"]["holder"] == "李强"
    assert [one["name"] for one in qian.get(f"/lines/{line_id}/candidates").json["candidates"]] == ["李强", "钱伟"]
    for other in (wang, zhao):
        assert other.get(f"/lines/{line_id}/candidates").status_code == 404
    mine = {"official_id": str(world.people["QIANWEI"].official_id), "reason": "急件"}
    assert qian.post(f"/lines/{line_id}/reassign", mine).status_code == 200
    assert li.post(f"/lines/{line_id}/release").json["code"] == "not_claimed"
    assert qian.post(f"/lines/{line_id}/release").status_code == 200
    assert li.post(f"/lines/{line_id}/comments", {"text": "几户？"}).status_code == 200
    assert [one["text"] for one in wang.get(f"/lines/{line_id}/comments").json["comments"]] == ["几户？"]
    assert zhao.get(f"/lines/{line_id}/comments").status_code == 404
    assert zhao.post(f"/lines/{line_id}/comments", {"text": "?"}).status_code == 403


def test_several_lines_each_and_together(services: Services, world: World, caller: SignIn, superuser_url: str) -> None:
    li = caller("LIQIANG")
    set_tier(services, world, "one", function="housing:register:export")
    first, second = ask(services, world), ask(services, world, item_id=world.items["housing:register:export"], days=7)
    foreign = {"lines": [{"line_id": str(second.line_id), "version": 1, "outcome": "approve"}]}
    assert li.post(f"/requests/{first.request_id}/decide", foreign).status_code == 404
    put_together(superuser_url, first.request_id, second.line_id)
    lines = [
        {"line_id": str(first.line_id), "version": 1, "outcome": "approve", "days": 3},
        {"line_id": str(second.line_id), "version": 7, "outcome": "approve"},
    ]
    assert li.post(f"/requests/{first.request_id}/decide", {"lines": lines}).json["code"] == "line_changed"
    assert not may_read(services, world.wang)
    verdicts = {one["line_id"]: one for one in li.post("/lines/decide", {"lines": lines}).json["verdicts"]}
    assert verdicts[str(first.line_id)]["decided"]["state"] == "approved"
    assert verdicts[str(second.line_id)]["error"]["code"] == "line_changed"
    refuse = {"line_id": str(second.line_id), "version": 1, "outcome": "reject", "reason_code": "too_broad", "alternative": {"days": 2}}
    assert li.post("/lines/decide", {"lines": [refuse]}).json["verdicts"][0]["decided"]["state"] == "rejected"
    assert caller("WANGFANG").get(f"/lines/{second.line_id}").json["decision"]["alternative"]["days"] == 2
    for wrong in ([], [refuse, refuse], [{**refuse, "outcome": "maybe"}]):
        assert li.post("/lines/decide", {"lines": wrong}).status_code == 422


def test_the_inbox_with_all_below(services: Services, world: World, caller: SignIn) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    ask(services, world)
    above = caller("SHANXUEMEI")
    assert above.get("/inbox").json["lines"] == []
    assert len(above.get("/inbox?below=true").json["lines"]) == 1


def test_delegations(services: Services, world: World, caller: SignIn, clock: ManualClock) -> None:
    li, chen = caller("LIQIANG"), caller("CHENJIE")
    line_id = ask(services, world).line_id
    ends_at = (clock.now() + timedelta(days=2)).isoformat()
    body = {"delegate_appointment_id": str(world.people["CHENJIE"].appointment_id), "ends_at": ends_at, "reason": "出差"}
    assert chen.post("/delegations", {**body, "delegate_appointment_id": str(world.wang.appointment_id)}).status_code == 422
    assert li.post("/delegations", {**body, "ends_at": "2026-11-30T00:00:00"}).status_code == 422  # without an offset
    made = li.post("/delegations", body).json["id"]
    assert [one["id"] for one in chen.get("/delegations").json["delegations"]] == [made]
    assert chen.get(f"/lines/{line_id}/decision").json["may_decide"]
    assert caller("ZHAOMIN").post(f"/delegations/{made}/end").status_code == 404
    assert li.post(f"/delegations/{made}/end").json["ended"]
    assert chen.get(f"/lines/{line_id}/decision").status_code == 404


def test_rules(services: Services, world: World, caller: SignIn, clock: ManualClock) -> None:
    li, wang = caller("LIQIANG"), caller("WANGFANG")
    body = {
        "item_id": str(world.items["housing:register:read"]),
        "departments": [str(world.organisation.ids["xihu_civil_affairs"])],
        "max_days": 10,
        "ends_at": (clock.now() + timedelta(days=30)).isoformat(),
        "reason": "例行",
    }
    assert wang.get("/approval-rules").status_code == 403
    assert wang.post("/approval-rules", body).status_code == 403
    refused = li.post("/approval-rules", body)
    assert (refused.status_code, refused.json["fields"][0]["field"]) == (422, "item_id")
    assert li.get("/approval-rules").json["rules"] == []
