"""Separation of duty and receipts over JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from govcloud.access.evidence.receipt_checks import check_receipt
from govcloud.kernel.actor import Actor
from tests.factories.apart import ACCEPT, REGISTER, second_officer
from tests.factories.requests import ask, granted

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

RULE: dict[str, Any] = {
    "code": "accept-and-check",
    "name": "受理与核对分离",
    "kind": "static",
    "functions": [REGISTER, ACCEPT],
    "reason": "受理人不核对住房登记",
}


def test_a_rule_an_exception_and_a_violation(services: Services, world: World, caller: SignIn) -> None:
    granted(services, world)
    second_officer(services, world)
    first, second, anybody, auditor = caller("WUXIAOYAN"), caller("HEWEI"), caller("WANGFANG"), caller("ZHENGGUOHUA")
    assert anybody.post("/sod-rules", RULE).status_code == 403
    draft_id = first.post("/sod-rules", RULE).json["draft_id"]
    assert [draft["code"] for draft in auditor.get("/sod-drafts").json["drafts"]] == ["accept-and-check"]
    preview = second.get(f"/sod-drafts/{draft_id}/preview").json
    assert (preview["broken"], preview["lifted"]) == (1, 0)
    assert preview["named"][0]["name"] == "王芳"
    assert first.post(f"/sod-drafts/{draft_id}/approve").json["code"] == "own_draft"
    assert second.post(f"/sod-drafts/{draft_id}/approve").json == {"version": 1}
    assert second.post(f"/sod-drafts/{draft_id}/approve").status_code == 409
    assert [rule["functions"] for rule in auditor.get("/sod-rules").json["rules"]] == [[ACCEPT, REGISTER]]
    assert auditor.get("/sod-rules/accept-and-check").json["rules"][0]["approved_by"] == f"official:{world.people['HEWEI'].official_id}"
    assert auditor.get("/sod-rules/no-such").status_code == 404
    assert auditor.get("/sod-rules/accept-and-check/breaches").json["broken"] == 1
    assert anybody.get("/sod-rules").status_code == 403

    services.apart.look_for_violations(Actor.system("jobs"))
    assert [found["rule_code"] for found in auditor.get("/sod-violations").json["violations"]] == ["accept-and-check"]
    exception = {
        "official_id": str(world.wang.official_id),
        "rule_code": "accept-and-check",
        "ends_at": "2026-12-20T00:00:00+08:00",
        "reason": "期间由处长复核",
    }
    assert auditor.post("/sod-exceptions", exception).status_code == 403
    assert first.post("/sod-exceptions", exception | {"ends_at": "2020-01-01T00:00:00Z"}).status_code == 422
    given = first.post("/sod-exceptions", exception).json["exception_id"]
    [listed] = auditor.get("/sod-exceptions").json["exceptions"]
    assert (listed["id"], listed["functions"]) == (given, [ACCEPT, REGISTER])
    assert first.post(f"/sod-exceptions/{given}/end", {"reason": "事由已消失"}).json == {"changed": True}
    assert first.post(f"/sod-exceptions/{given}/end", {"reason": "再次"}).json == {"changed": False}
    ending = first.post("/sod-rules/accept-and-check/end", {"reason": "不再需要"}).json["draft_id"]
    assert second.post(f"/sod-drafts/{ending}/drop", {"reason": "仍然需要"}).json == {"changed": True}


def test_a_blocked_line_names_its_rules(services: Services, world: World, caller: SignIn) -> None:
    second_officer(services, world)
    draft_id = caller("WUXIAOYAN").post("/sod-rules", RULE).json["draft_id"]
    caller("HEWEI").post(f"/sod-drafts/{draft_id}/approve")
    asked = ask(services, world)
    line = caller("WANGFANG").get(f"/lines/{asked.line_id}").json
    assert (line["state"], line["conflicts"]) == ("blocked_sod", ["accept-and-check"])


def test_receipts_for_whoever_may_see_the_line_and_keys_for_everybody(app: Flask, services: Services, world: World, caller: SignIn) -> None:
    granted(services, world)
    line = services.access_queries.my_requests(world.wang.official_id).entries[0].lines[0]
    keys = app.test_client().get("/.well-known/govcloud-receipt-keys.json")
    assert keys.status_code == 200
    for login in ("WANGFANG", "LIQIANG"):
        [found] = caller(login).get(f"/lines/{line.id}/receipts").json["receipts"]
        assert check_receipt(found["document"], keys.json).payload["request"]["line_id"] == str(line.id)
    assert caller("CHENJIE").get(f"/lines/{line.id}/receipts").status_code == 404
    assert line.decision is not None
    path = f"/lines/{line.id}/receipts/{line.decision.id}/signatures"
    body = {"protected": "e30", "signature": "AA", "jwk": {"kty": "EC"}}
    assert caller("LIQIANG").post(path, body).status_code == 422
    assert caller("WANGFANG").post(path, body).status_code == 403
    assert caller("CHENJIE").post(path, body).status_code == 404
