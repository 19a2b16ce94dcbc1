"""People over JSON: found within one's reach, shown masked, read in clear with a reason, and corrected."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import text

from tests.factories.people import id_number
from tests.factories.world import World

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn


def test_people_are_found_within_reach_and_paged(world: World, caller: SignIn) -> None:
    sun, officer = caller("SUNLI"), caller("ZHOUJIANJUN")
    mine = sun.get("/officials").json
    assert {row["name"] for row in mine["officials"]} == {"王芳", "孙丽"}
    [wang] = sun.get("/officials?q=wf").json["officials"]
    assert (wang["employee_code"], wang["main"]["department_name"], wang["main"]["position"]) == (
        "WANGFANG",
        "杭州市西湖区民政局",
        "窗口受理员",
    )
    assert "*" in wang["masked_id_number"]
    assert sun.get("/officials?q=sxm").json["officials"] == []
    first = officer.get("/officials?limit=2").json
    second = officer.get(f"/officials?limit=2&cursor={first['cursor']}").json
    assert len({row["id"] for page in (first, second) for row in page["officials"]}) == 4
    assert officer.get("/officials?q=sxm&status=left").json["officials"] == []
    page = sun.get(f"/officials/{world.wang.official_id}").json
    assert [place["kind"] for place in page["appointments"]] == ["primary"]
    assert sun.get(f"/officials/{world.people['SHANXUEMEI'].official_id}").status_code == 404


def test_what_is_wrong_with_a_search_is_said(services: Services, world: World, caller: SignIn) -> None:
    sun = caller("SUNLI")
    away = services.identity_queries.department(world.organisation.ids["housing"])
    assert away is not None
    for query, field in (("status=asleep", "status"), (f"department={away.uscc}", "department"), ("limit=0", "limit"), ("size=3", "size")):
        answer = sun.get(f"/officials?{query}")
        assert (answer.status_code, [item["field"] for item in answer.json["fields"]]) == (422, [field])
    assert caller("WANGFANG").get("/officials").status_code == 403


def test_a_number_is_read_with_a_reason_on_record(services: Services, world: World, caller: SignIn) -> None:
    sun, path = caller("SUNLI"), f"/officials/{world.wang.official_id}/unmask"
    assert sun.post(path, {"fact": "id_number", "reason": ""}).status_code == 422
    shown = sun.post(path, {"fact": "id_number", "reason": "核对入职材料"})
    assert len(shown.json["number"]) == 18
    assert shown.headers["Cache-Control"] == "no-store"
    assert sun.post(path, {"fact": "password", "reason": "核对入职材料"}).status_code == 422
    count = text("SELECT count(*) FROM audit_event WHERE name = 'identity:official:unmasked'")
    assert services.uow.read().execute(count).scalar_one() == 1
    assert caller("WUXIAOYAN").post(path, {"fact": "phone", "reason": "核对入职材料"}).status_code == 403


def test_facts_are_changed_and_a_number_corrected(world: World, caller: SignIn) -> None:
    sun, officer, path = caller("SUNLI"), caller("ZHOUJIANJUN"), f"/officials/{world.wang.official_id}"
    assert sun.post(f"{path}/change", {"rank": "二级科员"}).json == {"changed": True}
    assert sun.post(f"{path}/change", {"rank": "二级科员"}).json == {"changed": False}
    assert sun.get(path).json["official"]["rank"] == "二级科员"
    assert [item["field"] for item in sun.post(f"{path}/change", {"name": "", "phone": "12"}).json["fields"]] == ["phone", "name"]
    right = {"id_number": id_number(9100)}
    assert sun.post(f"{path}/correct-id-number", right).status_code == 403
    assert officer.post(f"{path}/correct-id-number", {"id_number": "330106199001011234"}).status_code == 422
    assert officer.post(f"{path}/correct-id-number", right).json == {"changed": True}
    assert officer.post(f"{path}/correct-id-number", right).json == {"changed": False}


def test_the_end_of_a_role_takes_no_moment(caller: SignIn, services: Services, world: World) -> None:
    """It is always at once; a moment that would be ignored is refused."""
    held = services.authorization_queries.assignments_of(world.li.official_id)[0]
    body = {"reason": "不再承担", "at": "2027-01-01T00:00:00+08:00"}
    answer = caller("WUXIAOYAN").post(f"/role-assignments/{held.id}/end", body)
    assert (answer.status_code, [item["field"] for item in answer.json["fields"]]) == (422, ["at"])
