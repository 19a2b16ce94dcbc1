"""Asking over JSON: many items at once, keys against asking twice, the basket, the search, and comparing with a colleague."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.entrypoints.api.conftest import Caller, Reply, body_of
from tests.factories.requests import REGISTER
from tests.factories.world import XIHU

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

CASE = "assistance:case:read"


def submission(world: World, **given: Any) -> dict[str, Any]:  # noqa: ANN401 - fields of the body
    """Return the body of a submission of two items."""
    items = [{"item_id": str(world.items[function]), "days": 5, "divisions": [XIHU]} for function in (REGISTER, CASE)]
    return {"items": items, "reason": "办理救助", "case_number": "XH-1", **given}


def keyed(caller: Caller, path: str, body: dict[str, Any], key: str) -> Reply:
    """Send a body under a key."""
    answer = caller.client.post(
        f"/api/v1{path}", data=json.dumps(body), content_type="application/json", headers={**caller.headers, "Idempotency-Key": key}
    )
    return Reply.of(answer)


def test_several_items_for_several_people(caller: SignIn, world: World) -> None:
    wang, sun = caller("WANGFANG"), world.people["SUNLI"]
    people = [str(world.wang.appointment_id), str(sun.appointment_id)]
    body = submission(world, beneficiary_appointment_ids=people, mode="atomic", starts_at="2026-12-01T00:00:00+08:00")
    done = wang.post("/submissions", body)
    assert done.status_code == 201, done.text
    assert [len(request["lines"]) for request in done.json["requests"]] == [2, 2]
    assert done.headers["Location"] == f"/api/v1/submissions/{done.json['submission_id']}"
    shown = wang.get(done.headers["Location"].removeprefix("/api/v1")).json["requests"]
    assert [(row["beneficiary"]["name"], row["mode"], row["starts_at"]) for row in shown] == [
        ("王芳", "atomic", "2026-11-30T16:00:00Z"),
        ("孙丽", "atomic", "2026-11-30T16:00:00Z"),
    ]
    assert caller("CHENJIE").get(done.headers["Location"].removeprefix("/api/v1")).status_code == 404


def test_each_line_that_is_wrong_is_named(caller: SignIn, world: World) -> None:
    wang, body = caller("WANGFANG"), submission(world)
    body["items"][1]["days"] = 99
    refused = wang.post("/submissions", body)
    assert (refused.status_code, [field["field"] for field in refused.json["fields"]]) == (422, ["items.1.days"])
    assert "“查看救助案件”" in refused.json["fields"][0]["message"]
    assert wang.get("/requests").json["requests"] == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"items": []}, 422),
        ({"items": [{"item_id": "x", "days": 1}]}, 422),
        ({"mode": "both"}, 422),
        ({"starts_at": "2026-12-01T00:00:00"}, 422),
        ({"starts_at": "2020-12-01T00:00:00+08:00"}, 422),
        ({"unknown": 1}, 422),
        ({"items": [{"item_id": "00000000-0000-7000-8000-000000000000", "days": 1}]}, 404),
    ],
)
def test_wrong_bodies(caller: SignIn, world: World, change: dict[str, Any], status: int) -> None:
    assert caller("WANGFANG").post("/submissions", submission(world, **change)).status_code == status


def test_a_key_makes_a_call_once(caller: SignIn, world: World) -> None:
    wang = caller("WANGFANG")
    first = keyed(wang, "/submissions", submission(world), "a-1")
    again = keyed(wang, "/submissions", submission(world), '"a-1"')
    assert (first.status_code, again.status_code) == (201, 201)
    assert (again.text, again.headers["Location"]) == (first.text, first.headers["Location"])
    assert ("Idempotent-Replayed" in first.headers, again.headers["Idempotent-Replayed"]) == (False, "true")
    other = keyed(wang, "/submissions", submission(world, reason="另一事"), "a-1")
    assert (other.status_code, other.json["code"]) == (422, "idempotency_key_reused")
    elsewhere = keyed(wang, "/requests", submission(world), "a-1")
    assert elsewhere.status_code == 422
    assert len(wang.get("/requests").json["requests"]) == 1


def test_one_request_and_its_decision_take_keys_as_well(caller: SignIn) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    made = [keyed(wang, "/requests", body_of(), "b-1") for _ in range(2)]
    assert made[0].json == made[1].json
    line = made[0].json["line_id"]
    decided = [keyed(li, f"/lines/{line}/approve", {"version": 1}, "b-1") for _ in range(2)]
    assert [answer.json["replayed"] for answer in decided] == [False, False], "the answer is the first one, word by word"
    assert decided[1].headers["Idempotent-Replayed"] == "true"


def test_a_refused_call_may_be_mended_under_its_key(caller: SignIn, world: World) -> None:
    wang = caller("WANGFANG")
    assert keyed(wang, "/submissions", submission(world, reason=" "), "c-1").status_code == 422
    assert keyed(wang, "/submissions", submission(world), "c-1").status_code == 201


@pytest.mark.parametrize("key", ["", " ", '""', "x" * 256])
def test_a_key_that_is_none_is_refused(caller: SignIn, world: World, key: str) -> None:
    refused = keyed(caller("WANGFANG"), "/submissions", submission(world), key)
    assert (refused.status_code, [field["field"] for field in refused.json["fields"]]) == (422, ["Idempotency-Key"])


def test_the_basket(caller: SignIn, world: World) -> None:
    wang = caller("WANGFANG")
    put = wang.post("/basket", {"items": [{"item_id": str(world.items[REGISTER]), "days": 3}]})
    assert [(entry["item"]["function"], entry["days"], entry["standing"]["may_ask"]) for entry in put.json["items"]] == [
        (REGISTER, 3, True)
    ]
    assert put.json["items"][0]["waits_for"] == ["浙江省住房和城乡建设厅"]
    assert wang.get("/basket").json == put.json
    assert caller("SUNLI").get("/basket").json == {"items": []}
    assert wang.post("/basket/take-out", {"item_ids": [str(world.items[REGISTER])]}).json == {"items": []}


def test_the_search_says_how_one_stands(caller: SignIn, world: World) -> None:
    found = caller("WANGFANG").get("/search?q=zfdj").json["hits"]
    stands = {
        hit["code"]: (hit["kind"], hit["held"], hit["may_ask"], [why["code"] for why in hit["why"]])
        for hit in found
        if hit["kind"] == "item"
    }
    assert stands[REGISTER] == ("item", False, True, [])
    assert stands["housing:register:export"] == ("item", False, False, ["nobody_decides"])
    assert caller("WANGFANG").get("/search?q=x&limit=99").status_code == 422
    shown = caller("WANGFANG").get(f"/basket/matters/{world.matter_id}").json
    assert [(entry["item"]["function"], entry["stage"], entry["duty"]) for entry in shown["items"]] == [(REGISTER, 1, None)]


def test_comparing_with_a_colleague(caller: SignIn, services: Services, world: World) -> None:
    sun = caller("SUNLI")
    shown = sun.post("/basket/compare", {"appointment_id": str(world.wang.appointment_id)})
    assert (shown.status_code, shown.json["colleague_name"]) == (200, "王芳")
    assert [entry["item"]["function"] for entry in shown.json["items"]] == [CASE]
    assert sun.post("/basket/compare", {"appointment_id": str(world.people["CHENJIE"].appointment_id)}).status_code == 403
