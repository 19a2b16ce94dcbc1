"""Standing access over the API: rules are previewed before they are added, ceilings bind, and reasons are told to those in charge."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

from govcloud.kernel.clock import ManualClock
from tests.entrypoints.api.conftest import SignIn
from tests.factories.world import World

RULE: dict[str, Any] = {
    "role_code": "housing_clerk",
    "label": "民政窗口兼办",
    "criteria": {"positions": ["窗口受理员"], "business_lines": ["民政"]},
    "reason": "一窗通办",
}


def test_a_rule_from_preview_to_end(caller: SignIn, world: World) -> None:
    guard, wang = caller("WUXIAOYAN"), caller("WANGFANG")
    shown = guard.post("/duty-rules/preview", {"new": RULE}).json
    assert (shown["matching"], shown["gains"], shown["losses"]) == (2, 2, 0)
    assert {row["name"] for row in shown["gainers"]} == {"王芳", "单雪梅"}
    assert guard.get("/duty-rules").json == {"rules": [], "cursor": None}
    rule_id = guard.post("/duty-rules", RULE).json["rule_id"]
    [listed] = guard.get("/duty-rules?role=housing_clerk").json["rules"]
    assert (listed["id"], listed["business_lines"], listed["bound"]) == (rule_id, ["民政"], False)
    own = wang.get(f"/officials/{world.wang.official_id}/access").json
    register = next(item for item in own["functions"] if item["function"] == "housing:register:read")
    assert [(cause["kind"], cause["because"], cause["id"]) for cause in register["causes"]] == [("duty", "民政窗口兼办", rule_id)]
    assert register["divisions"] == ["330106000000"]
    changed = guard.post(f"/duty-rules/{rule_id}/change", {**RULE, "criteria": {"positions": ["业务审核员"]}}).json
    assert changed["rule_id"] != rule_id
    assert guard.post(f"/duty-rules/{changed['rule_id']}/end", {"reason": "不再需要"}).json == {"changed": True}
    assert guard.post(f"/duty-rules/{changed['rule_id']}/end", {"reason": "不再需要"}).json == {"changed": False}
    ended = guard.get("/duty-rules?ended=true&limit=1").json
    assert ended["cursor"] is not None
    assert len(guard.get(f"/duty-rules?ended=true&cursor={ended['cursor']}").json["rules"]) == 1


def test_what_is_wrong_is_said_by_field(caller: SignIn) -> None:
    guard = caller("WUXIAOYAN")
    for body, field in (
        ({**RULE, "role_code": "audit_admin"}, "role_code"),
        ({**RULE, "criteria": {}}, "positions"),
        ({**RULE, "starts_at": "2026-11-24T09:30:00"}, "starts_at"),
        ({**RULE, "criteria": {"colour": ["red"]}}, "criteria.colour"),
        ({**RULE, "bound": "yes"}, "bound"),
    ):
        answer = guard.post("/duty-rules", body)
        assert answer.status_code == 422, body
        assert [item["field"] for item in answer.json["fields"]] == [field]
    assert guard.post(f"/duty-rules/{uuid4()}/end", {"reason": "没有"}).status_code == 404


def test_nobody_else_sees_or_writes_rules(caller: SignIn) -> None:
    for login in ("WANGFANG", "SUNLI", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        somebody = caller(login)
        assert somebody.get("/duty-rules").status_code == 403
        assert somebody.post("/duty-rules/preview", {"new": RULE}).status_code == 403
        assert somebody.post("/duty-rules", RULE).status_code == 403


def test_access_is_told_to_oneself_and_to_those_in_charge(caller: SignIn, world: World, clock: ManualClock) -> None:
    wang, li = world.wang.official_id, world.li.official_id
    assert caller("WANGFANG").get(f"/officials/{wang}/access").status_code == 200
    assert caller("WANGFANG").get(f"/officials/{li}/access").status_code == 403
    assert caller("SUNLI").get(f"/officials/{wang}/access").status_code == 200
    assert caller("SUNLI").get(f"/officials/{li}/access").status_code == 403
    assert caller("ZHENGGUOHUA").get(f"/officials/{wang}/access").status_code == 403
    guard = caller("WUXIAOYAN")
    assert guard.get(f"/officials/{li}/access").json["refused"] is None
    before = (clock.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    assert guard.get(f"/officials/{li}/access?at={before}").json["refused"] == "unknown_subject"
    assert guard.get(f"/officials/{uuid4()}/access").json["refused"] == "unknown_subject"


def test_a_ceiling_and_a_role_within_it(caller: SignIn, world: World, clock: ManualClock) -> None:
    guard, sun, ids = caller("WUXIAOYAN"), caller("SUNLI"), world.organisation.ids
    wang, bureau = world.wang, f"/departments/{ids['xihu_civil_affairs']}/role-ceiling"
    until = (clock.now() + timedelta(days=30)).strftime("%Y-%m-%dT%H:%M:%SZ")
    body = {"role_code": "housing_clerk", "reason": "窗口支援", "appointment_id": str(wang.appointment_id), "until": until}
    refused = sun.post(f"/officials/{wang.official_id}/roles", body)
    assert (refused.status_code, refused.json["code"]) == (403, "above_ceiling")
    assert guard.post(bureau, {"roles": ["housing_clerk"], "reason": "窗口力量调配"}).json == {"changed": True}
    assert sun.get(bureau).json == {"roles": ["housing_clerk"], "set_on": str(ids["xihu_civil_affairs"])}
    assert sun.get(f"/departments/{ids['housing']}/role-ceiling").status_code == 403
    assert sun.post(bureau, {"roles": ["housing_clerk", "counter_clerk"], "reason": "越权"}).status_code == 403
    given = sun.post(f"/officials/{wang.official_id}/roles", body).json["assignment_id"]
    for missing in ("until", "reason"):
        wrong = sun.post(f"/officials/{wang.official_id}/roles", {**body, missing: None if missing == "until" else ""})
        assert [item["field"] for item in wrong.json["fields"]] == [missing]
    assert sun.post(f"/role-assignments/{given}/end", {"reason": "支援结束"}).json == {"changed": True}
    elsewhere = {**body, "appointment_id": str(world.li.appointment_id)}
    assert sun.post(f"/officials/{world.li.official_id}/roles", elsewhere).status_code == 403
