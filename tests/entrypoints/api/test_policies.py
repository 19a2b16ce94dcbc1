"""Policies over the API: the same way through two officers, and the same refusals."""

from __future__ import annotations

from uuid import uuid4

from govcloud.services import Services
from tests.entrypoints.api.conftest import SignIn
from tests.factories.policies import province_policy, second_officer
from tests.factories.world import World

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
        parts = (f"{here}/{part}" for part in ("text", "findings", "impact", "impact/people"))
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
