"""Matters over JSON: read by every official, changed by whoever administers the leading department, dry runs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.factories.requests import REGISTER
from tests.factories.subsystems import crew

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def test_a_matter_from_its_registration_to_its_end(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    civil, housing, anybody = caller("ZHAOMIN"), caller("HEWEI"), caller("WANGFANG")
    item, case = str(world.items[REGISTER]), str(world.items["assistance:case:read"])
    new: dict[str, Any] = {
        "code": "BIRTH-01",
        "name": "出生一件事",
        "lead_department_id": str(world.organisation.ids["civil_affairs"]),
        "items": [{"item_id": case}, {"item_id": item, "stage": 2}],
    }
    assert housing.post("/matters", new).status_code == 403
    assert anybody.post("/matters", new).status_code == 403
    assert civil.post("/matters", new | {"dry_run": True}).json == {"id": None, "code": "BIRTH-01", "dry_run": True}
    assert anybody.get("/matters/BIRTH-01").status_code == 404
    made = civil.post("/matters", new).json
    shown = anybody.get("/matters/BIRTH-01").json
    assert (shown["id"], shown["version"], shown["ended_at"]) == (made["id"], 1, None)
    assert [(entry["item_id"], entry["stage"]) for entry in shown["items"]] == [(case, 1), (item, 2)]
    assert [row["code"] for row in anybody.get("/matters").json["matters"]] == ["BIRTH-01", "RESCUE-01"]
    page = anybody.get("/matters?limit=1").json
    assert [row["code"] for row in anybody.get(f"/matters?limit=1&cursor={page['cursor']}").json["matters"]] == ["RESCUE-01"]
    assert anybody.get("/matters?q=%25").json == {"matters": [], "cursor": None}

    change = {key: new[key] for key in ("name", "lead_department_id")} | {"items": [{"item_id": item}], "version": 1, "reason": "调整"}
    told = civil.post("/matters/BIRTH-01/change", change | {"dry_run": True}).json
    assert told == {"dry_run": True, "version": 2, "changed": ["items"], "added": [], "removed": [case], "restaged": [item], "assigned": []}
    assert anybody.get("/matters/BIRTH-01").json["version"] == 1
    assert housing.post("/matters/BIRTH-01/change", change).status_code == 403
    assert civil.post("/matters/BIRTH-01/change", change).json == told | {"dry_run": False}
    assert civil.post("/matters/BIRTH-01/change", change | {"name": "又"}).json["code"] == "matter_changed"

    end = {"version": 2, "reason": "不再办理"}
    assert housing.post("/matters/BIRTH-01/end", end).status_code == 403
    assert civil.post("/matters/BIRTH-01/end", end | {"version": 1}).status_code == 409
    assert civil.post("/matters/BIRTH-01/end", end | {"dry_run": True}).json == {"dry_run": True, "waiting": 0}
    assert civil.post("/matters/BIRTH-01/end", end).json == {"dry_run": False, "waiting": 0}
    assert anybody.get("/matters/BIRTH-01").json["ended_at"]
    assert [row["code"] for row in anybody.get("/matters").json["matters"]] == ["RESCUE-01"]
    assert civil.post("/matters/BIRTH-01/end", end).status_code == 404


def test_wrong_bodies_are_named(services: Services, world: World, caller: SignIn) -> None:
    crew(services, world)
    civil = caller("ZHAOMIN")
    good: dict[str, Any] = {
        "code": "BIRTH-01",
        "name": "出生一件事",
        "lead_department_id": str(world.organisation.ids["civil_affairs"]),
        "items": [{"item_id": str(world.items[REGISTER])}],
    }
    wrongs: tuple[dict[str, Any], ...] = (
        {"items": []},
        {"items": [{"item_id": str(world.items[REGISTER]), "stage": 0}]},
        {"items": [{"item_id": str(world.items[REGISTER]), "stage": True}]},
        {"items": [{"item_id": "x"}]},
        {"items": good["items"] * 501},
        {"name": ""},
        {"name": 5},
        {"code": "x y"},
        {"lead_department_id": "00000000-0000-0000-0000-000000000000"},
        {"unknown": 1},
    )
    for wrong in wrongs:
        answer = civil.post("/matters", good | wrong)
        assert answer.status_code in {400, 403, 422}, wrong
        assert answer.content_type == "application/problem+json", wrong
    assert services.subsystem_queries.matter("BIRTH-01") is None
