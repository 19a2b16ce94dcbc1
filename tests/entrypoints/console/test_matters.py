"""一件事 in the console: finding items and putting them in, previews, versions, and nobody else's matters."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from sqlalchemy import text

from govcloud.kernel.database import db
from tests.entrypoints.console.administrators import said
from tests.factories.imports import OPERATOR
from tests.factories.requests import ask
from tests.factories.subsystems import crew

if TYPE_CHECKING:
    from uuid import UUID

    from govcloud.services import Services
    from tests.entrypoints.console.administrators import Become
    from tests.factories.world import World

OWNER, LEAD, CIVIL = "HEWEI", "SUNLI", "ZHAOMIN"
READ, CASE = "housing:register:read", "assistance:case:read"
CIVIL_AFFAIRS = "浙江省民政厅"


@pytest.fixture(autouse=True)
def people(services: Services, world: World) -> None:
    crew(services, world)


@pytest.fixture
def rescue(world: World) -> UUID:
    """Return the matter that civil affairs leads."""
    assert world.matter_id is not None
    return world.matter_id


def happened(services: Services) -> int:
    db.session.remove()
    return int(services.uow.read().execute(text("SELECT count(*) FROM audit_event WHERE name LIKE 'subsystems:matter:%'")).scalar_one())


def test_each_sees_what_the_own_department_leads(become: Become, rescue: UUID) -> None:
    for login, seen in ((CIVIL, True), (LEAD, True), ("ZHOUJIANJUN", True), (OWNER, False)):
        by = become(login)
        assert ("困难家庭救助一件事" in said(by.get("/matters/"))) == seen, login
        for page in (f"/matters/details/?id={rescue}", f"/matters/change/{rescue}", f"/matters/end/{rescue}"):
            assert by.get(page).status_code == (200 if seen else 404), (login, page)
        assert by.get(f"/matters/details/?id={uuid4()}").status_code == 404
        assert by.get("/matters/details/?id=nonsense").status_code == 404
    assert "没有符合条件的一件事" in said(become(LEAD).get("/matters/?search=%25&state=ended&after=%00"))
    for login in ("WANGFANG", "LIQIANG", "WUXIAOYAN", "ZHENGGUOHUA"):
        assert become(login).get("/matters/").status_code == 403, login


def test_a_matter_is_put_together_looked_at_and_entered(services: Services, world: World, become: Become) -> None:
    by = become(CIVIL)
    typed: dict[str, object] = {"name": "出生<b>一件事", "code": "BIRTH-01", "lead": CIVIL_AFFAIRS, "find": "住房登记"}
    found = by.post("/matters/new/", {**typed, "step": "find"})
    assert "查询住房登记信息" in said(found)
    item, case = world.items[READ], world.items[CASE]
    assert f'name="add" value="{item}"' in found.text
    put_in = by.post("/matters/new/", {**typed, "add": str(item)})
    assert f'name="item" value="{item}"' in put_in.text
    assert f'name="add" value="{item}"' not in put_in.text, "what is chosen is not found once more"
    both = {**typed, "item": [str(item), str(case)], f"stage-{item}": "2", f"stage-{case}": "1"}
    less = by.post("/matters/new/", {**both, "remove": str(item)})
    assert f'name="item" value="{item}"' not in less.text
    assert f'name="item" value="{case}"' in less.text

    events = happened(services)
    preview = by.post("/matters/new/", {**both, "step": "preview"})
    assert "涉及 2 个审批部门" in said(preview)
    assert "出生&lt;b&gt;一件事" in preview.text
    assert happened(services) == events
    assert 'value="出生&lt;b&gt;一件事"' in by.post("/matters/new/", {**both, "step": "edit"}).text
    done = by.confirm("/matters/new/", preview)
    assert done.status_code == 303
    made = services.subsystem_queries.matter("BIRTH-01")
    assert made is not None
    assert done.headers["Location"].endswith(str(made.id))
    assert [(entry.item.id, entry.stage) for entry in made.items] == [(case, 1), (item, 2)]
    page = said(by.get(f"/matters/details/?id={made.id}"))
    for told in ("出生<b>一件事", "BIRTH-01", CIVIL_AFFAIRS, "浙江省住房和城乡建设厅", "查看救助案件"):
        assert told in page, told


def test_what_is_wrong_is_said_on_its_field_and_kept(services: Services, world: World, become: Become) -> None:
    by, events = become(CIVIL), happened(services)
    item = str(world.items[READ])
    wrong = by.post(
        "/matters/new/", {"name": "", "code": "!", "lead": CIVIL_AFFAIRS, "item": item, f"stage-{item}": "1", "step": "preview"}
    )
    assert wrong.status_code == 422
    for field in ("name", "code"):
        assert f'id="{field}-error"' in wrong.text
    assert f'name="item" value="{item}"' in wrong.text
    for lead in ("", "浙江省住房和城乡建设厅", "没有这个部门", "\x00"):
        refused = by.post(
            "/matters/new/", {"name": "甲", "code": "AB", "lead": lead, "item": item, f"stage-{item}": "1", "step": "confirm"}
        )
        assert (refused.status_code, 'id="lead-error"' in refused.text) == (422, True), lead
    for stage in ("", "0", "-1", "1.5", "１", "999999999999", "<b>"):
        answer = by.post(
            "/matters/new/", {"name": "甲", "code": "AB", "lead": CIVIL_AFFAIRS, "item": item, f"stage-{item}": stage, "step": "confirm"}
        )
        assert (answer.status_code, 'id="items-error"' in answer.text) == (422, True), stage
    none = by.post("/matters/new/", {"name": "甲", "code": "AB", "lead": CIVIL_AFFAIRS, "item": ["nonsense", ""], "step": "confirm"})
    assert 'id="items-error"' in none.text
    many = by.post(
        "/matters/new/", {"name": "甲", "code": "AB", "lead": CIVIL_AFFAIRS, "item": [str(uuid4()) for _ in range(900)], "step": "confirm"}
    )
    assert many.status_code == 422
    double = by.post(
        "/matters/new/", {"name": "甲", "code": "RESCUE-01", "lead": CIVIL_AFFAIRS, "item": item, f"stage-{item}": "1", "step": "confirm"}
    )
    assert (double.status_code, "该一件事代码已登记" in said(double)) == (409, True)
    assert happened(services) == events


def test_a_change_shows_what_differs_before_it_is_made(services: Services, world: World, become: Become, rescue: UUID) -> None:
    ask(services, world, matter_id=rescue)
    by, item, case = become(CIVIL), str(world.items[READ]), str(world.items[CASE])
    shown = by.get(f"/matters/change/{rescue}")
    assert f'name="item" value="{item}"' in shown.text
    sent = {
        "name": "困难群众救助一件事",
        "lead": CIVIL_AFFAIRS,
        "version": "1",
        "item": [item, case],
        f"stage-{item}": "2",
        f"stage-{case}": "1",
    }
    unsaid = by.post(f"/matters/change/{rescue}", {**sent, "step": "preview"})
    assert (unsaid.status_code, 'id="reason-error"' in unsaid.text) == (422, True)
    sent["reason"] = "流程调整"
    preview = by.post(f"/matters/change/{rescue}", {**sent, "step": "preview"})
    for told in ("困难家庭救助一件事 → 困难群众救助一件事", "加入“查看救助案件”", "由第 1 阶段改到第 2 阶段", "1 项待审批的申请"):
        assert told in said(preview), told
    assert by.confirm(f"/matters/change/{rescue}", preview).status_code == 303
    page = said(by.get(f"/matters/details/?id={rescue}"))
    assert "历次变更" in page
    assert "困难家庭救助一件事" in page, "as it was called before"
    # What was shown to somebody else meanwhile is old.
    late = by.post(f"/matters/change/{rescue}", {**sent, "name": "又一次", "step": "confirm"})
    assert (late.status_code, "在您查看之后有变化" in said(late)) == (409, True)
    for version in ("", "x", "-1", "99999999999999999999"):
        assert by.post(f"/matters/change/{rescue}", {**sent, "name": "又", "version": version, "step": "confirm"}).status_code == 409, (
            version
        )
    same = by.post(f"/matters/change/{rescue}", {**sent, "version": "2", "step": "confirm"})
    assert "内容没有变化" in said(same)


def test_the_end_says_what_waits_and_is_for_good(services: Services, world: World, become: Become, rescue: UUID) -> None:
    ask(services, world, matter_id=rescue)
    by = become(CIVIL)
    assert "1 项待审批的申请" in said(by.get(f"/matters/end/{rescue}"))
    assert by.post(f"/matters/end/{rescue}", {"version": "1", "reason": ""}).status_code == 422
    assert by.post(f"/matters/end/{rescue}", {"version": "1", "reason": "不再办理"}).status_code == 303
    assert "已结束“困难家庭救助一件事”" in said(by.get("/"))
    assert "困难家庭救助一件事" not in said(by.get("/matters/"))
    assert "困难家庭救助一件事" in said(by.get("/matters/?state=ended"))
    page = by.get(f"/matters/details/?id={rescue}")
    assert "已结束" in said(page)
    assert f"/matters/end/{rescue}" not in page.text
    assert by.post(f"/matters/end/{rescue}", {"version": "1", "reason": "不再办理"}).status_code == 404


def test_what_may_be_seen_need_not_be_changed(services: Services, world: World, become: Become, rescue: UUID) -> None:
    """Of the matter of one's own department: another department as the lead takes authority over that one too."""
    by, events = become(CIVIL), happened(services)
    item = str(world.items[READ])
    away = {
        "name": "甲",
        "lead": "浙江省住房和城乡建设厅",
        "version": "1",
        "item": item,
        f"stage-{item}": "1",
        "reason": "移交",
        "step": "confirm",
    }
    assert by.post(f"/matters/change/{rescue}", away).status_code == 422, "it is no department within reach"
    assert happened(services) == events
    given = become(LEAD).post(f"/matters/change/{rescue}", away)
    assert given.status_code == 303, said(given)
    assert by.get(f"/matters/details/?id={rescue}").status_code == 404
    assert services.subsystem_queries.matters_within([world.organisation.paths["housing"]]).rows[0].id == rescue
    services.subsystems.end_matter(OPERATOR, rescue, 2, "清理")
