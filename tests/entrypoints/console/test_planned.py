"""计划中的变动: everybody's plans within reach on one page, filtered, page by page, and cancelled from there; the API says the same."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from govcloud.identity.inputs import NewAppointment, NewOfficial
from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.entrypoints.console.administrators import Become, said
from tests.entrypoints.console.conftest import Enter
from tests.factories.people import id_number
from tests.factories.world import SEED, World

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

DAY = timedelta(days=1)
REASON = "另有任用，按规定办理"
Plan = Callable[[str, str, int], Any]


@pytest.fixture
def plan(services: Services, world: World, clock: ManualClock) -> Plan:
    """Return the way to plan a leave or a secondment so many days ahead."""

    def order(login: str, kind: str, days: int) -> Any:  # noqa: ANN401 - what the command returns
        who, at = world.people[login], Order(f"计划{days}", clock.now() + days * DAY)
        if kind == "leave":
            return services.identity.leave(world.system_admin.actor(), who.official_id, at)
        duty = Duty(world.organisation.ids["xihu_civil_affairs"], "专班成员", ends_at=clock.now() + 90 * DAY)
        return services.identity.second(SEED, who.official_id, duty, at)

    return order


def names(answer: TestResponse, *people: str) -> list[str]:
    assert answer.status_code == 200
    text = said(answer)
    return [name for name in people if name in text]


def test_each_sees_the_plans_within_reach(world: World, plan: Plan, become: Become) -> None:
    plan("WANGFANG", "leave", 9)
    plan("SHANXUEMEI", "leave", 5)
    # Somebody who comes into the subtree lies within reach from the order on.
    plan("CHENJIE", "secondment", 7)
    everybody = ("王芳", "单雪梅", "陈杰")
    assert names(become("SUNLI").get("/planned/"), *everybody) == ["王芳", "陈杰"]
    assert names(become("ZHOUJIANJUN").get("/planned/"), *everybody) == list(everybody)
    page = said(become("ZHOUJIANJUN").get("/planned/"))
    assert page.index("单雪梅") < page.index("陈杰") < page.index("王芳")
    for word in ("离职", "借调", "杭州市西湖区民政局 · 专班成员", "2026-12-03", "周建军", "平台：seed", "计划9"):
        assert word in page, word


def test_the_query_narrows(world: World, plan: Plan, become: Become) -> None:
    plan("WANGFANG", "leave", 9)
    plan("SHANXUEMEI", "leave", 5)
    plan("CHENJIE", "secondment", 7)
    everybody = ("王芳", "单雪梅", "陈杰")
    system = become("ZHOUJIANJUN")
    for query, found in (
        ("kind=secondment", ["陈杰"]),
        ("kind=undo_leave", list(everybody)),
        ("department=杭州市余杭区民政局", ["单雪梅"]),
        ("department=杭州市西湖区人民政府", ["王芳", "陈杰"]),
        ("first=2026-12-01", ["王芳", "陈杰"]),
        ("last=2026-12-01", ["单雪梅", "陈杰"]),
        ("first=2026-12-01&last=2026-12-01&kind=secondment", ["陈杰"]),
        ("first=yesterday", list(everybody)),
        ("first=0001-01-01&last=9999-12-31", list(everybody)),
        ("first=2026-12-04", []),
        ("after=nonsense~%00", list(everybody)),
    ):
        assert names(system.get(f"/planned/?{query}"), *everybody) == found, query
    assert "没有符合条件的变动" in said(system.get("/planned/?first=2026-12-04"))
    assert "没有唯一对应" in said(system.get("/planned/?department=杭州市"))
    # What lies beyond one's reach is not even named.
    assert "您的管理范围内没有这个部门" in said(become("SUNLI").get("/planned/?department=杭州市余杭区民政局"))


def test_an_empty_page_says_what_comes_here(world: World, become: Become) -> None:
    page = said(become("SUNLI").get("/planned/"))
    assert "没有计划中的变动" in page
    assert "查看人员" in page


def test_a_plan_is_cancelled_from_here_and_nobody_elses(services: Services, world: World, plan: Plan, become: Become) -> None:
    mine, other = plan("WANGFANG", "leave", 9), plan("SHANXUEMEI", "leave", 5)
    sun = become("SUNLI")
    assert f"/console/officials/cancel/{mine.change_id}?back=planned" in sun.get("/planned/").text
    done = sun.post(f"/officials/cancel/{mine.change_id}?back=planned", {"reason": REASON})
    assert (done.status_code, done.location) == (303, "/console/planned/")
    assert "没有计划中的变动" in said(sun.get("/planned/"))
    for answer in (sun.get(f"/officials/cancel/{other.change_id}"), sun.post(f"/officials/cancel/{other.change_id}", {"reason": REASON})):
        assert answer.status_code == 404
    assert [item.id for item in services.identity_queries.planned_changes()] == [other.change_id]


@pytest.fixture
def many(services: Services, world: World, clock: ManualClock) -> int:
    """Plan the leave of forty-five people of one department, two of them at each moment."""
    rows = [
        NewOfficial(f"PL{n:04d}", "单小丽", id_number(62_000 + n), appointments=(NewAppointment(world.wang.department_id, "受理员"),))
        for n in range(45)
    ]
    services.identity.register_officials(SEED, rows)
    for number, row in enumerate(rows):
        services.identity.leave(SEED, row.id, Order("退休", clock.now() + DAY * (1 + number // 2)))
    return len(rows)


def test_pages_follow_one_another_and_cost_the_same(world: World, many: int, become: Become) -> None:
    sun, seen, after, statements = become("SUNLI"), list[str](), "", list[int]()
    sun.get("/planned/")

    def note(*_: object) -> None:
        statements[-1] += 1

    event.listen(db.engine, "before_cursor_execute", note)
    while True:
        statements.append(0)
        page = sun.get(f"/planned/{after}").text
        seen += [part[:6] for part in page.split('<small class="muted">')[1:] if part.startswith("PL")]
        link = page.partition('rel="next"')[0].rpartition('href="')[2].partition('"')[0]
        if 'rel="next"' not in page:
            break
        after = link.removeprefix("/console/planned/").replace("&amp;", "&")
    event.remove(db.engine, "before_cursor_execute", note)
    assert seen == [f"PL{number:04d}" for number in range(many)]
    # As many statements for a page of twenty as for one of five.
    assert len(set(statements)) == 1, statements


def test_the_api_says_the_same(services: Services, world: World, plan: Plan, enter: Enter, clock: ManualClock) -> None:
    mine, other = plan("WANGFANG", "leave", 9), plan("SHANXUEMEI", "leave", 5)
    sun, system = enter("SUNLI"), enter("ZHOUJIANJUN")
    address = "/api/v1/personnel-changes"
    (row,) = sun.get(address).get_json()["changes"]
    expected = {"id": str(mine.change_id), "name": "王芳", "employee_code": "WANGFANG", "kind": "leave", "recorded_by": "周建军"}
    assert row | expected == row
    first = system.get(f"{address}?limit=1").get_json()
    second = system.get(address, query_string={"limit": 1, "cursor": first["cursor"]}).get_json()
    assert [item["id"] for page in (first, second) for item in page["changes"]] == [str(other.change_id), str(mine.change_id)]
    assert second["cursor"] is None
    for query, field in (
        ({"kind": "promotion"}, "kind"),
        ({"department": "nothing"}, "department"),
        ({"since": "2026-12-01T00:00:00"}, "since"),
        ({"limit": 101}, "limit"),
        ({"who": "x"}, "who"),
    ):
        problem = system.get(address, query_string=query)
        assert (problem.status_code, problem.get_json()["fields"][0]["field"]) == (422, field)
    narrowed = system.get(address, query_string={"kind": "leave", "until": (clock.now() + 6 * DAY).isoformat()}).get_json()
    assert [item["name"] for item in narrowed["changes"]] == ["单雪梅"]
    for login in ("WANGFANG", "LIQIANG", "ZHENGGUOHUA"):
        assert enter(login).get(address).status_code == 403

    headers = {"X-CSRFToken": sun.token("/appointment")}
    refused = sun.client.post(f"{address}/{other.change_id}/cancel", json={"reason": REASON}, headers=headers)
    assert (refused.status_code, refused.get_json()["code"]) == (403, "out_of_scope")
    assert sun.client.post(f"{address}/{mine.change_id}/cancel", json={"reason": ""}, headers=headers).status_code == 422
    assert sun.client.post(f"{address}/{mine.change_id}/cancel", json={"reason": REASON}, headers=headers).status_code == 200
    assert sun.client.post(f"{address}/{mine.change_id}/cancel", json={"reason": REASON}, headers=headers).status_code == 409
    assert [item.id for item in services.identity_queries.planned_changes()] == [other.change_id]
