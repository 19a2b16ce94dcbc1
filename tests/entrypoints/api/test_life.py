"""The life of a grant and the reports over JSON, and who may what."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from tests.factories.joint import approve, ask_jointly
from tests.factories.requests import REGISTER, granted, may_read

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def test_extend_suspend_resume(services: Services, world: World, caller: SignIn) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    grant_id = granted(services, world, days=5)
    assert wang.get(f"/access/{grant_id}/extension").json["most"] == 25
    sent = wang.post(f"/access/{grant_id}/extension", {"days": 3, "reason": "未办结"})
    assert sent.status_code == 201
    line = wang.get(f"/lines/{sent.json['line_id']}").json
    assert line["extends"] is not None
    decided = li.post(f"/lines/{line['id']}/approve", {"version": 1}).json
    first = wang.get("/access").json["access"]
    assert decided["starts_at"] == next(entry["grant"]["ends_at"] for entry in first if entry["grant"]["id"] == str(grant_id))
    assert li.get(f"/access/{grant_id}/extension").status_code == 404
    assert li.post(f"/access/{grant_id}/extension", {"days": 3, "reason": "x"}).status_code == 404
    assert wang.post(f"/grants/{grant_id}/suspend", {"reason": "x"}).status_code == 403
    assert li.post(f"/grants/{grant_id}/suspend", {"reason": "核查"}).json == {
        "grant_id": str(grant_id),
        "suspended": True,
        "replayed": False,
    }
    assert not may_read(services, world.wang)
    assert li.post(f"/grants/{grant_id}/resume", {"reason": "查清"}).json["replayed"] is False
    assert may_read(services, world.wang)


def test_a_line_that_is_held_back_says_so(services: Services, world: World, caller: SignIn) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    lines = ask_jointly(services, world)
    decided = li.post(f"/lines/{lines[REGISTER]}/approve", {"version": 1}).json
    assert (decided["state"], decided["grant_id"], decided["starts_at"]) == ("approved", None, None)
    assert wang.get("/requests").json["requests"][0]["mode"] == "atomic"
    assert wang.get("/requests").json["requests"][0]["lines"][0]["held_back"] == "waiting"


def test_many_end_after_a_look(services: Services, world: World, caller: SignIn) -> None:
    granted(services, world)
    wang, li, zhao = caller("WANGFANG"), caller("LIQIANG"), caller("ZHAOMIN")
    asked = "/revocations/preview?kind=person&target=" + str(world.wang.official_id)
    seen = li.get(asked).json
    assert (seen["grants"], seen["people"], seen["label"], seen["first"][0]["holder"]["name"]) == (1, 1, "王芳", "王芳")
    assert wang.get(asked).status_code == 403
    assert zhao.get(asked).json["grants"] == 0
    body = {"kind": "person", "target": str(world.wang.official_id), "reason": "核查", "confirmed": 1, "seen_at": seen["seen_at"]}
    assert wang.post("/revocations", body).status_code == 403
    assert li.post("/revocations", {**body, "confirmed": 0}).status_code == 409
    assert li.post("/revocations", {**body, "seen_at": "2026-11-24T09:30:00"}).status_code == 422
    assert li.post("/revocations", {**body, "kind": "everything"}).status_code == 422
    done = li.post("/revocations", body)
    assert (done.status_code, done.json["done"], done.json["finished_at"] is not None) == (201, 1, True)
    assert li.get(done.headers["Location"].removeprefix("/api/v1")).json == done.json
    assert zhao.get(f"/revocations/{done.json['id']}").status_code == 404
    assert not may_read(services, world.wang)
    assert li.post("/revocations", body).json["total"] == 0
    assert li.get("/revocations/preview?kind=matter&target=" + str(uuid4())).status_code == 404


def test_how_an_end_was_taken_in(services: Services, world: World, caller: SignIn) -> None:
    grant_id = granted(services, world)
    wang, li, zhao, sun = caller("WANGFANG"), caller("LIQIANG"), caller("ZHAOMIN"), caller("SUNLI")
    assert wang.get(f"/grants/{grant_id}/taken-back").status_code == 404
    services.access.revoke(world.li.actor(), grant_id, "核查")
    for who in (wang, li):
        assert who.get(f"/grants/{grant_id}/taken-back").json["state"] == "waiting"
    for who in (zhao, sun):
        assert who.get(f"/grants/{grant_id}/taken-back").status_code == 404


def test_reports_show_what_their_reader_answers_for(services: Services, world: World, caller: SignIn) -> None:
    lines = ask_jointly(services, world, mode="progressive")
    for function, line_id in lines.items():
        approve(services, world, function, line_id)
    counts = {}
    for login in ("LIQIANG", "ZHAOMIN", "WUXIAOYAN", "ZHENGGUOHUA"):
        who = caller(login)
        time = who.get("/reports/time-to-access?days=7").json
        held = who.get("/reports/held").json["subsystems"]
        soon = who.get("/reports/expiring?days=7").json
        counts[login] = (time["total"]["lines"], sum(row["grants"] for row in held), len(soon["first"]))
    assert counts == {"LIQIANG": (1, 1, 1), "ZHAOMIN": (1, 1, 1), "WUXIAOYAN": (2, 2, 2), "ZHENGGUOHUA": (2, 2, 2)}
    wang = caller("WANGFANG")
    for path in ("time-to-access", "held", "expiring"):
        assert wang.get(f"/reports/{path}").status_code == 403
    assert caller("LIQIANG").get("/reports/time-to-access?days=0").status_code == 422
