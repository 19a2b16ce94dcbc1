"""机构 in the console: the tree, one department as of a day, changes with a preview, and nothing beyond one's own subtree."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.identity import tree
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import NewAppointment, NewOffice
from govcloud.identity.reorganisation import Merge, Rename
from tests.entrypoints.console.administrators import said
from tests.factories.browsing import counted
from tests.factories.people import a_department
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from tests.entrypoints.console.administrators import Administrator, Become
    from tests.factories.world import World

ADMIN = "ZHOUJIANJUN"
WHY = "机构改革方案"


@pytest.fixture
def ids(world: World) -> dict[str, UUID]:
    return world.organisation.ids


def change(name: str, department_id: UUID) -> str:
    return f"/departments/change/{name}/{department_id}"


def test_the_tree_opens_down_to_what_is_selected(become: Become, ids: dict[str, UUID]) -> None:
    admin = become(ADMIN)
    first = said(admin.get("/departments/"))
    assert "浙江省人民政府" in first
    assert "杭州市西湖区人民政府" in first
    assert "杭州市西湖区民政局" not in first
    page = admin.get(f"/departments/?id={ids['xihu_civil_affairs']}")
    assert page.status_code == 200
    for text in ("浙江省人民政府", "杭州市西湖区住房和城乡建设局", "王芳", "孙丽", "没有内设处室", "没有下级机构", "沿革"):
        assert text in said(page), text
    level = admin.get(f"/departments/level/{ids['xihu']}")
    assert "杭州市西湖区民政局" in level.text
    assert "<html" not in level.text
    assert admin.get(f"/departments/?id={uuid4()}").status_code == 404
    assert admin.get(f"/departments/level/{uuid4()}").status_code == 404
    assert admin.get("/departments/?id=nonsense&at=nonsense&after=nonsense").status_code == 200


def test_a_search_shows_a_table(become: Become) -> None:
    admin = become(ADMIN)
    assert "杭州市西湖区民政局" in said(admin.get("/departments/?search=xhqmzj"))
    assert "没有符合" in said(admin.get("/departments/?search=%3Cscript%3E"))


def test_any_past_day_can_be_looked_at(services: Services, become: Become, ids: dict[str, UUID], clock: ManualClock) -> None:
    clock.advance(timedelta(days=2))
    services.identity.reorganise(SEED, Rename(ids["data"], "浙江省数字政府建设局"))
    services.identity.reorganise(SEED, Merge((ids["xihu_civil_affairs"],), ids["xihu_housing"], WHY))
    admin = become(ADMIN)
    now, then = admin.get(f"/departments/?id={ids['data']}"), admin.get(f"/departments/?id={ids['data']}&at=2026-11-24")
    assert "浙江省数字政府建设局" in said(now)
    assert "更名" in said(now)
    assert "浙江省数据局" in said(then)
    assert "当日终了时的情况" in said(then)
    assert "/departments/change/" not in then.text
    gone = admin.get(f"/departments/?id={ids['xihu_civil_affairs']}")
    assert "撤销或并入其他机构" in said(gone)
    assert "王芳" in said(gone)
    assert WHY in said(gone)
    assert "/departments/change/" not in gone.text


def test_who_gains_and_loses_functions_is_seen_before(services: Services, become: Become, ids: dict[str, UUID]) -> None:
    """By function and, to who may see what these people may do, by name."""
    criteria = AppointmentCriteria(department_id=ids["xihu_housing"])
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "住建局", criteria, "一窗通办")])
    form = {"into": "杭州市西湖区住房和城乡建设局", "reason": WHY, "step": "preview"}
    text = said(become(ADMIN).post(change("merge", ids["xihu_civil_affairs"]), form))
    assert "已看 2 个任职，按生效后的实际判定比较" in text
    assert "查询住房登记信息 2 0 0" in text
    assert ("名单只向可以查看这些人员权限的人显示" in text) != ("王芳 杭州市西湖区民政局 窗口受理员 ；得到：" in text)


def test_who_serves_elsewhere_as_well_is_named_to_who_has_charge_of_both(
    services: Services, become: Become, ids: dict[str, UUID], world: World
) -> None:
    criteria = AppointmentCriteria(department_id=ids["xihu_housing"])
    services.authorization.add_duty_rules(SEED, [NewDutyRule("housing_clerk", "住建局", criteria, "一窗通办")])
    sun = world.people["SUNLI"]
    scope = {"department_path": world.organisation.paths["xihu"]}
    services.authorization.assign_role(SEED, sun.official_id, "department_admin", sun.appointment_id, scope=scope, reason="合并")
    form = {"into": "杭州市西湖区住房和城乡建设局", "reason": WHY, "step": "preview"}
    page, hidden = change("merge", ids["xihu_civil_affairs"]), "名单只向可以查看这些人员权限的人显示"

    def shown(login: str) -> tuple[bool, bool]:
        text = said(become(login).post(page, form))
        assert "查询住房登记信息 2 0 0" in text
        return "王芳 杭州市西湖区民政局 窗口受理员" in text, hidden in text

    assert shown("SUNLI") == (True, False)
    services.identity.appoint(SEED, world.wang.official_id, NewAppointment(ids["housing"], "联络员", "科员", kind="concurrent"))
    assert shown("SUNLI") == (False, True), "of what she may elsewhere another administrator has charge"


def test_a_merger_is_previewed_and_then_confirmed(services: Services, become: Become, ids: dict[str, UUID], clock: ManualClock) -> None:
    admin, path = become(ADMIN), change("merge", ids["xihu_civil_affairs"])
    clock.advance(timedelta(minutes=1))
    assert "预览影响" in said(admin.get(path))
    wrong = admin.post(path, {"into": "民政", "reason": "", "step": "preview"})
    assert wrong.status_code == 422
    assert "有多个机构符合" in said(wrong)
    previewed = admin.post(path, {"into": "杭州市西湖区住房和城乡建设局", "reason": WHY, "step": "preview"})
    assert previewed.status_code == 200
    for text in ("确认前请核对影响范围", "人员 2", "王芳", "孙丽（部门管理员）", "已看 2 个任职"):
        assert text in said(previewed), text
    assert services.identity_queries.department(ids["xihu_civil_affairs"]) is not None
    again = admin.post(path, {"into": "杭州市西湖区住房和城乡建设局", "reason": WHY, "step": "edit"})
    assert "预览影响" in said(again)
    done = admin.confirm(path, previewed)
    assert done.status_code == 303
    assert services.identity_queries.department(ids["xihu_civil_affairs"]) is None
    assert admin.get(path).status_code == 404


def test_every_change_works_from_its_form(
    services: Services, become: Become, ids: dict[str, UUID], world: World, clock: ManualClock
) -> None:
    admin, xihu = become(ADMIN), ids["xihu"]
    new = {
        "name": "西湖区救助中心",
        "uscc": a_department().uscc,
        "division_code": "330106000000",
        "level": "county",
        "business_lines": "民政、救助",
    }
    assert admin.post(change("new", xihu), {**new, "lead": "浙江省民政厅", "step": "confirm"}).status_code == 303
    made = services.identity_queries.department_by_uscc(str(new["uscc"]))
    assert made is not None
    assert (made.business_lines, made.lead_department_id) == (("民政", "救助"), ids["civil_affairs"])
    assert admin.post(change("open-office", made.id), {"name": "救助科", "step": "confirm"}).status_code == 303
    office = next(iter(services.identity_queries.offices(made.id)))
    assert "救助科" in said(admin.get(f"/departments/?id={made.id}"))
    clock.advance(timedelta(minutes=1))
    office_form = {"office": str(office), "name": "救助管理科", "step": "confirm"}
    assert admin.post(change("rename-office", made.id), office_form).status_code == 303
    assert services.identity_queries.offices(made.id) == {office: "救助管理科"}
    assert admin.post(change("close-office", made.id), {"office": str(office), "step": "confirm"}).status_code == 303
    assert admin.post(change("close-office", made.id), {"office": "nonsense", "step": "confirm"}).status_code == 422
    split = {"name": "西湖区社会组织局", "uscc": a_department().uscc, "people": "WANGFANG", "reason": WHY}
    places = {f"place-{ids['xihu_civil_affairs']}": "3", f"place-{ids['xihu_housing']}": "1", f"place-{made.id}": "2"}
    for name, department_id, form in (
        ("rename", made.id, {"name": "西湖区救助管理中心", "short_name": "救助中心"}),
        ("change", made.id, {"division_code": "330106000000", "level": "township", "business_lines": "", "lead": ""}),
        ("reorder", xihu, places),
        ("split", ids["xihu_civil_affairs"], split),
        ("move", made.id, {"parent": "浙江省数据局"}),
        ("abolish", made.id, {"reason": WHY}),
        (
            "merge",
            ids["xihu_civil_affairs"],
            {"name": "西湖区民生局", "uscc": a_department().uscc, "others": "西湖区社会组织局", "reason": WHY},
        ),
    ):
        previewed = admin.post(change(name, department_id), {**form, "step": "preview"})
        assert previewed.status_code == 200, (name, said(previewed))
        assert admin.confirm(change(name, department_id), previewed).status_code == 303, name
    assert [node.name for node in services.tree_queries.children(xihu).nodes] == ["杭州市西湖区住房和城乡建设局", "西湖区民生局"]
    assert "王芳" in {member.name for member in services.tree_queries.members(services.tree_queries.children(xihu).nodes[1].id).rows}


def test_what_is_wrong_stands_beside_its_field(become: Become, ids: dict[str, UUID]) -> None:
    admin = become(ADMIN)
    wrong = {"name": "", "uscc": "1", "division_code": "33", "level": "county", "business_lines": "", "step": "confirm"}
    answer = admin.post(change("new", ids["xihu"]), wrong)
    assert answer.status_code == 422
    for text in ("不能为空", "统一社会信用代码应为 18 位", "行政区划代码应为 12 位数字"):
        assert text in said(answer)
    used = admin.post(change("abolish", ids["housing"]), {"reason": WHY, "step": "preview"})
    assert used.status_code == 409
    assert "李强" in said(used)
    circle = admin.post(change("move", ids["xihu"]), {"parent": "杭州市西湖区民政局", "step": "preview"})
    assert circle.status_code == 409
    nobody = admin.post(
        change("split", ids["housing"]), {"name": "新厅", "uscc": a_department().uscc, "people": "NOBODY", "reason": WHY, "step": "preview"}
    )
    assert "没有工号为“NOBODY”的人员" in said(nobody)
    strange = admin.post(change("split", ids["housing"]), {"name": "新厅", "offices": "x", "reason": WHY, "step": "preview"})
    assert "选择的内容有误" in said(strange)
    assert admin.get(change("nonsense", ids["xihu"])).status_code == 404


def test_a_form_without_its_token_changes_nothing(services: Services, become: Become, ids: dict[str, UUID]) -> None:
    admin = become(ADMIN)
    answer = admin.client.post(f"/console{change('rename', ids['data'])}", data={"name": "伪造", "step": "confirm"})
    assert answer.status_code == 400
    view = services.identity_queries.department(ids["data"])
    assert view is not None
    assert view.name == "浙江省数据局"


def test_a_department_admin_sees_and_changes_the_own_subtree_only(services: Services, become: Become, ids: dict[str, UUID]) -> None:
    sun, own = become("SUNLI"), ids["xihu_civil_affairs"]
    office = services.identity.open_offices(SEED, [NewOffice(ids["xihu_housing"], "办公室")])[0]
    page = sun.get("/departments/")
    assert page.status_code == 200
    assert "杭州市西湖区民政局" in said(page)
    for other in ("浙江省人民政府", "杭州市西湖区人民政府", "住房和城乡建设局", "陈杰"):
        assert other not in said(page).partition("沿革")[0], other
    assert "住房" not in said(sun.get("/departments/?search=住房和城乡")).partition("没有符合")[0]
    for outside in (ids["xihu"], ids["xihu_housing"], ids["government"]):
        assert sun.get(f"/departments/?id={outside}").status_code == 403
        assert sun.get(f"/departments/level/{outside}").status_code == 403
    for name in ("new", "rename", "change", "move", "reorder", "merge", "split", "abolish", "open-office"):
        assert sun.get(change(name, ids["xihu_housing"])).status_code == 403, name
    # What is within reach but would reach out is refused by the command.
    for name, form, status in (
        ("move", {"root": "1"}, 403),
        ("move", {"parent": "浙江省数据局"}, 422),
        ("merge", {"into": "杭州市西湖区住房和城乡建设局", "reason": WHY}, 422),
        ("merge", {"name": "新局", "uscc": a_department().uscc, "reason": WHY}, 403),
        ("abolish", {"reason": WHY}, 403),
        ("change", {"division_code": "330106000000", "level": "province", "business_lines": "民政"}, 403),
    ):
        assert sun.post(change(name, own), {**form, "step": "preview"}).status_code == status, name
    stolen = {"office": str(office), "name": "越权", "step": "confirm"}
    assert sun.post(change("rename-office", own), stolen).status_code == 403
    assert sun.post(change("close-office", own), stolen).status_code == 403
    assert sun.post(change("open-office", own), {"name": "救助科", "step": "confirm"}).status_code == 303
    assert sun.get("/subsystems/").status_code == 403


def test_only_what_may_succeed_is_offered(services: Services, become: Become, ids: dict[str, UUID]) -> None:
    own = ids["xihu_civil_affairs"]
    below = replace(a_department(own, name="西湖区救助站", division="330106000000"), level="county", business_lines=("民政",))
    station = services.identity.register_department(SEED, below)
    sun, admin = become("SUNLI"), become(ADMIN)

    def offered(administrator: Administrator, department_id: UUID) -> set[str]:
        return set(re.findall(r"/departments/change/([a-z-]+)/", administrator.get(f"/departments/?id={department_id}").text))

    everything = {"new", "rename", "change", "move", "reorder", "merge", "split", "abolish", "open-office"}
    assert offered(admin, own) == everything
    assert offered(sun, station) == everything
    assert offered(sun, own) == {"new", "rename", "reorder", "open-office"}
    new = {
        "name": "西湖区福利院",
        "uscc": a_department().uscc,
        "division_code": "330106000000",
        "level": "county",
        "business_lines": "民政",
    }
    assert sun.post(change("new", own), {**new, "level": "province", "step": "confirm"}).status_code == 403
    assert sun.post(change("new", own), {**new, "step": "confirm"}).status_code == 303


def test_others_do_not_get_in(become: Become) -> None:
    for login in ("WANGFANG", "LIQIANG", "ZHENGGUOHUA"):
        assert become(login).get("/departments/").status_code == 403


def test_a_day_before_the_department_is_told_and_an_unknown_id_stays_unsaid(become: Become, ids: dict[str, UUID]) -> None:
    admin = become(ADMIN)
    before = admin.get(f"/departments/?id={ids['xihu_civil_affairs']}&at=2020-01-01")
    assert (before.status_code, before.location) == (302, f"/console/departments/?id={ids['xihu_civil_affairs']}")
    assert "2020-01-01 当日还没有这个机构" in said(admin.get(f"/departments/?id={ids['xihu_civil_affairs']}"))
    nobody = uuid4()
    missing = admin.get(f"/departments/?id={nobody}")
    assert missing.status_code == 404
    assert "找不到这个部门" in said(missing)
    assert str(nobody) not in said(missing)


def test_an_office_goes_by_its_name(become: Become, services: Services, ids: dict[str, UUID]) -> None:
    [office] = services.identity.open_offices(SEED, [NewOffice(ids["xihu_civil_affairs"], "社会救助科")])
    admin = become(ADMIN)
    form = change("close-office", ids["xihu_civil_affairs"])
    assert "撤销处室：杭州市西湖区民政局 · 社会救助科" in said(admin.get(f"{form}?office={office}"))
    again = admin.post(change("open-office", ids["xihu_civil_affairs"]), {"name": "社会救助科", "step": "confirm"})
    assert again.status_code == 422
    assert '<a href="#name">名称：本部门已有同名的处室' in again.text


def test_the_export_holds_the_shown_subtree_and_is_harmless(
    services: Services, become: Become, ids: dict[str, UUID], clock: ManualClock
) -> None:
    before, path = clock.now(), f"/departments/export.csv?id={ids['xihu']}"
    zhou = become("ZHOUJIANJUN")
    assert f"/console{path}" in zhou.get(f"/departments/?id={ids['xihu']}").text
    answer = zhou.get(path)
    assert (answer.status_code, answer.is_streamed, answer.mimetype) == (200, True, "text/csv")
    rows = list(csv.reader(answer.text.removeprefix("\ufeff").splitlines()))
    assert [row[0] for row in rows] == ["名称", "杭州市西湖区人民政府", "杭州市西湖区民政局", "杭州市西湖区住房和城乡建设局"]
    assert rows[2][3:8] == ["杭州市西湖区人民政府", "县级", "330106000000", "西湖区", "民政"]
    clock.advance(timedelta(days=2))
    services.identity.rename_department(SEED, ids["xihu_housing"], "=HYPERLINK(1)")
    zhou = become("ZHOUJIANJUN")
    assert "'=HYPERLINK(1)" in zhou.get(path).text
    assert "HYPERLINK" not in zhou.get(f"{path}&at={before.date() + timedelta(days=1)}").text
    sun = become("SUNLI")
    assert [line.split(",")[0] for line in sun.get("/departments/export.csv").text.splitlines()[1:]] == ["杭州市西湖区民政局"]
    for other in ("xihu", "housing"):
        assert sun.get(f"/departments/export.csv?id={ids[other]}").status_code == 403
    assert zhou.get(f"/departments/export.csv?id={uuid4()}").status_code == 404
    assert become("WANGFANG").get("/departments/export.csv").status_code == 403
    zhou.client.set_cookie("govcloud_language", "en")
    assert "County" in zhou.get(path).text


def test_the_export_reads_page_by_page(services: Services, become: Become, ids: dict[str, UUID], monkeypatch: pytest.MonkeyPatch) -> None:
    services.identity.register_departments(SEED, [a_department(parent_id=ids["data"]) for _ in range(7)])
    monkeypatch.setattr(tree, "_MOST_ROWS", 3)
    zhou, names = become("ZHOUJIANJUN"), f"/departments/export.csv?id={ids['data']}"
    with counted() as statements:
        text = zhou.get(names).text
    assert len(text.splitlines()) == 1 + 8
    pages = [one for one in statements if "department_version.path >" in one]
    assert len(pages) == 3
