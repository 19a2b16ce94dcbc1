"""Policies over the API: the same way through two officers, and the same refusals."""

from __future__ import annotations

from uuid import uuid4

from govcloud.authorization.deciding.decisions import Question
from govcloud.services import Services
from tests.entrypoints.api.conftest import SignIn
from tests.factories.policies import differing, drafted, province_policy, run_shadow, second_officer
from tests.factories.world import XIHU, World

READ = "housing:register:read"
FEWER = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter'], scope: own_division}]}}"


def test_a_text_goes_through_two_officers(caller: SignIn, services: Services, world: World) -> None:
    second_officer(services, world)
    maker, checker, auditor = caller("WUXIAOYAN"), caller("HEWEI"), caller("ZHENGGUOHUA")
    assert maker.get("/policy-versions/text").json["text"] == province_policy().text
    made = maker.post("/policy-drafts", {"title": "收回", "reason": "岗位调整", "text": province_policy(FEWER).text})
    assert made.status_code == 200, made.text
    here = f"/policy-drafts/{made.json['draft_id']}"
    assert maker.get(f"{here}/impact").status_code == 404
    assert maker.post(f"{here}/impact").status_code == 200
    impact = maker.get(f"{here}/impact").json
    assert (impact["state"], impact["touched"], impact["losses"], impact["population"]) == ("done", 1, 1, 11)
    (touched,) = auditor.get(f"{here}/impact/people?kind=losses").json["people"]
    assert (touched["name"], touched["effects"]["housing:register:read"]) == ("陈杰", "lost")
    assert maker.post(f"{here}/submit", {"revision": 1}).json["cases"] > 50
    draft = checker.get(here).json
    shown = {"revision": draft["revision"], "checksum": draft["checksum"], "impact_id": impact["id"], "digest": impact["digest"]}
    assert maker.post(f"{here}/approve", shown).json["code"] == "own_draft"
    assert checker.post(f"{here}/approve", shown | {"digest": "0" * 64}).status_code == 409
    assert checker.post(f"{here}/approve", shown | {"comment": "同意"}).status_code == 200
    assert [item["verdict"] for item in auditor.get(f"{here}/reviews").json["reviews"]] == ["approve"]
    assert checker.post(f"{here}/apply").json == {"number": 2}
    (version, _) = auditor.get("/policy-versions").json["versions"]
    assert (version["number"], version["basis"], version["reviewer_id"]) == (2, "approved", str(world.people["HEWEI"].official_id))
    back = checker.post("/policy-drafts/rollback", {"number": 1, "reason": "改错了"}).json["draft_id"]
    assert checker.get(f"/policy-drafts/{back}").json["rollback_of"] == 1
    assert checker.post(f"/policy-drafts/{back}/shadow", {"hours": 1}).status_code == 200
    assert checker.get(f"/policy-drafts/{back}/shadow").json["checked"] == 0
    assert checker.post(f"/policy-drafts/{back}/shadow/end").json == {"changed": True}
    assert checker.post(f"/policy-drafts/{back}/discard", {"reason": "不用了"}).json == {"changed": True}
    assert len(auditor.get("/policy-drafts?over=true").json["drafts"]) == 2


def test_nobody_else_reads_or_writes_policies(caller: SignIn, services: Services, world: World) -> None:
    maker = caller("WUXIAOYAN")
    body = {"title": "x", "reason": "y", "text": province_policy(FEWER).text}
    here = f"/policy-drafts/{maker.post('/policy-drafts', body).json['draft_id']}"
    for login in ("WANGFANG", "SUNLI", "ZHOUJIANJUN", "LIQIANG"):
        somebody = caller(login)
        parts = (f"{here}/{part}" for part in ("text", "findings", "difference", "cases", "shadow", "impact", "impact/people"))
        for path in ("/policy-drafts", here, *parts, "/policy-versions"):
            assert somebody.get(path).status_code == 403, (login, path)
        assert somebody.post("/policy-drafts", body).status_code == 403
        assert somebody.post(f"{here}/submit", {"revision": 1}).status_code == 403
    auditor = caller("ZHENGGUOHUA")
    assert auditor.get(here).status_code == 200
    assert auditor.post(f"{here}/apply").status_code == 403
    assert services.draft_queries.live_number() == 1
    assert world.people


def test_what_is_wrong_is_said(caller: SignIn) -> None:
    maker = caller("WUXIAOYAN")
    wrong = maker.post("/policy-drafts", {"title": "x", "reason": "y", "text": "roles: {a: {rules: [{allow: 'govcloud:*'}]}}"})
    assert wrong.status_code == 200
    (finding, *_) = wrong.json["findings"]
    assert (finding["line"], finding["place"]) == (1, "roles.a.rules")
    here = f"/policy-drafts/{wrong.json['draft_id']}"
    assert maker.get(f"{here}/findings").json["findings"] == wrong.json["findings"]
    refused = maker.post(f"{here}/submit", {"revision": 1})
    assert (refused.status_code, refused.json["code"]) == (422, "bad_policy")
    mended = maker.post(f"{here}/change", {"title": "x", "reason": "y", "text": province_policy(FEWER).text, "revision": 1})
    assert mended.json == {"revision": 2, "findings": []}
    assert maker.post("/policy-drafts", {"title": "x", "reason": "y", "text": "roles: {}\0"}).status_code == 422
    assert maker.post("/policy-drafts", {"title": "x", "reason": "y", "text": "roles: {}", "base_number": 7}).status_code == 404
    assert maker.post("/policy-drafts", {"title": "x"}).status_code == 422
    assert maker.get(f"/policy-drafts/{uuid4()}").status_code == 404
    assert maker.post(f"/policy-drafts/{uuid4()}/apply").status_code == 404


def test_a_shadow_tells_what_differed_and_for_whom(caller: SignIn, services: Services, world: World) -> None:
    draft_id = run_shadow(services, world, FEWER)
    chen = world.people["CHENJIE"]
    for function in (READ, READ, "housing:door:enter"):
        question = Question(function, chen.appointment_id, chen.official_id, {"division": XIHU})
        services.given_out.note(question, services.authorization.decide(question), "housing-web")
    assert differing(services, draft_id) == [(READ, "allowed", "no_permission")]
    found = caller("ZHENGGUOHUA").get(f"/policy-drafts/{draft_id}/shadow").json
    assert (found["checked"], found["different"], found["dropped"], found["ended_at"]) == (3, 2, 0, None)
    [difference] = found["differences"]
    assert (difference["function"], difference["live"], difference["shadow"], difference["times"]) == (READ, "allowed", "no_permission", 2)
    assert [(item["official_id"], item["function"], item["division"], item["shadow"]) for item in found["samples"]] == [
        (str(chen.official_id), READ, XIHU, "no_permission")
    ] * 2
    assert caller("WUXIAOYAN").post(f"/policy-drafts/{draft_id}/shadow/end").json == {"changed": True}
    assert caller("WUXIAOYAN").get(f"/policy-drafts/{draft_id}/shadow").json["ended_at"] is not None


def test_what_a_draft_says_otherwise_line_by_line(caller: SignIn, services: Services, world: World) -> None:
    rule = f"{{allow: ['{READ}'], when: context.workday, scope: own_division, fields: {{mask: [phone], hide: [note]}}, label: 工作日}}"
    more = f"roles: {{visitor: {{name: 访客, includes: [housing_clerk], rules: [{rule}]}}}}"
    draft_id = drafted(services, world.security_admin, province_policy(more).text)
    auditor = caller("ZHENGGUOHUA")
    found = auditor.get(f"/policy-drafts/{draft_id}/difference").json
    assert (found["live_number"], found["roles_added"], found["roles_removed"], found["rules_removed"]) == (1, ["visitor"], [], [])
    assert found["inclusions_added"] == [{"role": "visitor", "includes": "housing_clerk"}]
    assert found["rules_added"] == [
        {
            "role": "visitor",
            "effect": "allow",
            "function": READ,
            "when": "context.workday",
            "scope": "own_division",
            "mask": ["phone"],
            "hide": ["note"],
            "label": "工作日",
        }
    ]
    assert found["checksum"] == auditor.get(f"/policy-drafts/{draft_id}").json["checksum"]
    assert services.draft_queries.tests(draft_id) is None
    run = auditor.get(f"/policy-drafts/{draft_id}/cases").json
    assert (run["failed"], run["shown"]) == (0, [])
    assert run["cases"] > 50
    assert services.draft_queries.tests(draft_id) is None, "it was not submitted by being looked at"
    maker = caller("WUXIAOYAN")
    wrong = maker.post("/policy-drafts", {"title": "x", "reason": "y", "text": "roles: {a: {rules: [{allow: 'govcloud:*'}]}}"}).json
    for part in ("difference", "cases"):
        refused = maker.get(f"/policy-drafts/{wrong['draft_id']}/{part}")
        assert (refused.status_code, refused.json["code"]) == (422, "bad_policy")
        assert maker.get(f"/policy-drafts/{uuid4()}/{part}").status_code == 404
