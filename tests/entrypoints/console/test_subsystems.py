"""业务子系统 in the console: what an administrator of one department sees and does, what waits for whom, and nobody else's things."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from govcloud.subsystems.inputs import NewFunction, NewSubsystem
from tests.entrypoints.console.administrators import said
from tests.entrypoints.console.conftest import happened
from tests.factories.browsing import counted
from tests.factories.subsystems import CODE, READ, a_registered_subsystem, a_service_item, crew
from tests.factories.world import SEED

if TYPE_CHECKING:
    from govcloud.services import Services
    from tests.entrypoints.console.administrators import Become
    from tests.factories.world import World

OWNER, CHECKER, LEAD, STRANGER = "HEWEI", "ZHOUJIANJUN", "SUNLI", "ZHAOMIN"


@pytest.fixture(autouse=True)
def people(services: Services, world: World) -> None:
    crew(services, world)


@pytest.fixture
def archive(services: Services, world: World) -> UUID:
    return a_registered_subsystem(services, world)


def details(subsystem_id: UUID) -> str:
    return f"/subsystems/details/?id={subsystem_id}"


def form(name: str, subsystem_id: UUID) -> str:
    return f"/subsystems/form/{name}/{subsystem_id}"


def test_each_sees_the_own_department_s_and_those_that_it_leads(become: Become, archive: UUID) -> None:
    for login, seen in ((OWNER, True), (LEAD, True), (CHECKER, True), (STRANGER, False)):
        by = become(login)
        page = said(by.get("/subsystems/"))
        assert ("住房档案系统" in page) == seen, login
        assert ("民政救助业务系统" in page) == (login != OWNER), login
        assert "政务云身份与权限平台" not in page, "the platform is no relying system"
        assert by.get(details(archive)).status_code == (200 if seen else 404), login
        assert by.get(details(uuid4())).status_code == 404
        assert by.get("/subsystems/details/?id=nonsense").status_code == 404
    assert "没有符合条件" in said(become(OWNER).get("/subsystems/?search=%25&status=nonsense&after=%00"))


def test_what_waits_for_whom(services: Services, become: Become, archive: UUID) -> None:
    owner, checker, lead = become(OWNER), become(CHECKER), become(LEAD)
    assert "待您核查" not in said(owner.get("/subsystems/"))
    assert owner.post(f"/subsystems/step/submit/{archive}", {"note": "请核查"}).status_code == 303
    assert "待您核查 1" in said(checker.get("/subsystems/"))
    assert "住房档案系统" in said(checker.get("/subsystems/?todo=check"))
    assert "请核查" in said(checker.get(details(archive)))
    assert checker.post(f"/subsystems/step/check/{archive}", {"note": ""}).status_code == 303
    assert "待您发布 1" in said(lead.get("/subsystems/"))
    assert "住房档案系统" in said(lead.get("/subsystems/?todo=publish"))
    assert "待您发布 0" in said(owner.get("/subsystems/"))
    assert "住房档案系统" not in said(owner.get("/subsystems/?todo=publish"))
    for by in (owner, checker):
        assert by.get(f"/subsystems/step/publish/{archive}").status_code == 403
        assert by.post(f"/subsystems/step/publish/{archive}", {}).status_code == 403
    assert lead.post(f"/subsystems/step/return/{archive}", {"note": ""}).status_code == 422
    assert lead.post(f"/subsystems/step/return/{archive}", {"note": "名称有误"}).status_code == 303
    assert "已退回，请补正后重新提交 名称有误" in said(owner.get(details(archive)))
    assert services.subsystem_queries.steps(archive)[-1].step == "return"


def test_nobody_else_runs_a_form_or_a_step(services: Services, world: World, become: Become, archive: UUID) -> None:
    housing = services.subsystem_queries.subsystem("housing")
    assert housing is not None
    before = recorded(services)
    paths = [f"/subsystems/step/{step}/{archive}" for step in ("submit", "check", "publish", "return", "retire")]
    paths += [form(name, archive) for name in ("change", "add", "bulk", "function", "offer", "bind", "withdraw-function", "hand-over")]
    paths += [f"/subsystems/new-client/{archive}/?protocol=oidc"]
    paths += [f"/subsystems/client/{archive}/{CODE}/{page}" for page in ("change", "test")]
    for login, status in ((STRANGER, 404), ("LIQIANG", 403), ("WANGFANG", 403), ("WUXIAOYAN", 403)):
        by = become(login)
        if login == STRANGER:
            by.get("/")
        else:
            by.token = "none"
        for path in paths:
            assert by.get(path).status_code == status, (login, path)
            assert by.post(path, {"note": "x", "subject": READ, "rows": "a:b,甲,,0,否", "confirmed": "1"}).status_code in {status, 400}, (
                path
            )
    owner = become(OWNER)
    # A function, an item or a client of one subsystem is not reached through another.
    item = world.items["assistance:case:read"]
    own = {"subject": "assistance:case:read", "name": "甲", "reason": "改名", "integration_level": "3"}
    assert owner.post(form("function", archive), own).status_code == 404
    assert owner.get(f"{form('item', archive)}?subject={item}").status_code == 404
    assert owner.post(form("rotate", archive), {"subject": "housing-web"}).status_code == 404
    assert owner.post(form("disable", archive), {"subject": "assistance-web"}).status_code == 404
    unbound = owner.post(form("unbind", archive), {"subject": "assistance:case:read", "code": "x"})
    assert unbound.status_code in {403, 404}
    assert owner.get(form("nothing", archive)).status_code == 404
    assert owner.get(f"/subsystems/step/nothing/{archive}").status_code == 404
    assert recorded(services) == before


def recorded(services: Services) -> int:
    """Return how many events of the catalogue stand on record."""
    return int(services.uow.read().execute(text("SELECT count(*) FROM audit_event WHERE name LIKE 'subsystems:%'")).scalar_one())


def test_a_subsystem_is_registered_for_one_s_own_department_only(services: Services, become: Become) -> None:
    owner = become(OWNER)
    filled = {"name": "台账<b>", "code": "ledger", "owner": "浙江省民政厅", "integration_level": "0", "description": ""}
    refused = owner.post("/subsystems/new/", filled)
    assert refused.status_code == 422
    assert "在您的管理范围内没有唯一的这个部门" in said(refused)
    assert "台账&lt;b&gt;" in refused.text
    assert owner.post("/subsystems/new/", {**filled, "owner": "浙江省住房和城乡建设厅", "integration_level": "x"}).status_code == 422
    done = owner.post("/subsystems/new/", {**filled, "owner": "浙江省住房和城乡建设厅"})
    assert done.status_code == 303
    assert services.subsystem_queries.subsystem("ledger") is not None
    assert "有入口功能 未通过" in said(owner.client.get(done.location))


def test_all_that_is_wrong_with_a_registration_is_told_at_once(become: Become) -> None:
    answer = become(OWNER).post("/subsystems/new/", {"name": "", "code": "Wrong Code", "owner": "没有的部门", "integration_level": "x"})
    assert answer.status_code == 422
    for field in ("name", "code", "owner", "integration_level"):
        assert f'id="{field}-error"' in answer.text, field


def test_a_subsystem_is_handed_over_after_it_was_told_what_goes_along(
    services: Services, world: World, become: Become, archive: UUID
) -> None:
    lead, path = become(LEAD), form("hand-over", archive)
    sent = {"owner_department_id": "浙江省民政厅", "reason": "职能调整"}
    assert "移交主管部门" in said(lead.get(details(archive)))
    wrong = lead.post(path, {"owner_department_id": "没有的厅", "reason": ""})
    assert wrong.status_code == 422
    assert "在您的管理范围内没有唯一的这个部门" in said(wrong)
    told = said(lead.post(path, sent))
    for line in ("新的主管部门：浙江省民政厅", "功能 2 项照常使用", "可申请项 1 项改由新的主管部门审批", "原因 职能调整"):
        assert line in told
    view = services.subsystem_queries.subsystem(archive)
    assert view is not None
    assert view.owner_department_id == world.organisation.ids["housing"], "nothing was written yet"
    assert lead.post(path, {**sent, "confirmed": "1"}).status_code == 303
    page = said(lead.get(details(archive)))
    assert "浙江省住房和城乡建设厅 → 浙江省民政厅 职能调整" in page
    assert become(OWNER).get(details(archive)).status_code == 404
    assert become(STRANGER).get(details(archive)).status_code == 200


def test_the_owner_alone_gives_its_subsystem_to_nobody(become: Become, archive: UUID) -> None:
    refused = become(OWNER).post(
        form("hand-over", archive), {"owner_department_id": "浙江省民政厅", "reason": "推给别人", "confirmed": "1"}
    )
    assert refused.status_code == 422
    assert "在您的管理范围内没有唯一的这个部门" in said(refused)


def test_every_form_works(services: Services, world: World, become: Become, archive: UUID) -> None:
    owner, code = become(OWNER), a_service_item(services, world)
    sure = {"reason": "更名", "confirmed": "1"}
    sent = {
        "change": {"name": "住房档案", "integration_level": "3", "launch_url": "https://archive.zj.example/"},
        "add": {
            "code": "note:read",
            "name": "查看便签",
            "integration_level": "2",
            "label": "0",
            "exposes": "便签",
            "tier": "one",
            "max_days": "9",
            "scope_kind": "none",
        },
        "function": {"subject": READ, "name": "查看档案", "integration_level": "3", "label": "2", "sensitive": "1"} | sure,
        "bind": {"subject": READ, "codes": f"{code}\n{code.lower()}"},
        "offer": {"subject": READ, "name": "查看目录", "exposes": "题名", "tier": "one", "max_days": "5", "scope_kind": "none"},
    }
    for name, values in sent.items():
        answer = owner.post(form(name, archive), values)
        assert answer.status_code == 303, (name, said(answer))
    queries = services.subsystem_queries
    added = queries.item_for_function(f"{CODE}:note:read")
    assert added is None, "not in service yet"
    items = {item.name: item for item in queries.items_of(archive)}
    assert (items["查看便签"].max_days, items["查看目录"].scope_kind) == (9, "none")
    page = said(owner.get(details(archive)))
    for words in ("查看档案", "安全标记 2", code, "公租房租赁补贴申领", "一人审批 · 最长 9 天 · 不划分 · 第 1 版"):
        assert words in page, words
    item = items["查看目录"]
    changed = {
        "subject": str(item.id),
        "name": "查看目录",
        "exposes": "题名",
        "tier": "one",
        "max_days": "4",
        "scope_kind": "none",
        "version": "1",
    }
    wrong = owner.post(form("item", archive), {**changed, "tier": "quorum", "approval": "9", "reason": "从严"})
    assert (wrong.status_code, "同意人数应为 2 至 5 的整数" in said(wrong)) == (422, True)
    steps = {**changed, "tier": "serial", "approval": "主管部门，上级部门:2"}
    assert owner.post(form("item", archive), {**steps, "reason": "缩短"}).status_code == 303
    assert "依次审批 owner,superior:2 · 最长 4 天" in said(owner.get(details(archive)))
    stale = owner.post(form("item", archive), {**changed, "max_days": "3", "reason": "再缩短"})
    assert stale.status_code == 409
    assert "您看到的是第1版，现为第2版" in said(stale)
    withdrawing = {"subject": str(item.id), "reason": "不再提供"}
    assert "有效临时权限 0 项" in said(owner.post(form("withdraw-item", archive), withdrawing))
    assert owner.post(form("withdraw-item", archive), {**withdrawing, "confirmed": "1"}).status_code == 303
    assert owner.post(form("unbind", archive), {"subject": READ, "code": code}).status_code == 303
    used = owner.post(form("withdraw-function", archive), {"subject": READ, "reason": "停用"})
    assert (used.status_code, "仍在使用：可申请项 1 个" in said(used)) == (409, True)


PASTED = "a:read,甲,说明,2,否\nb:read\t乙\t\t2\t是\t姓名\t一人审批\t20\t是\t是"
WRONG_ROWS = [
    ("", "应填 1 至 500 行"),
    ("a:read,甲", "第 1 行：应有 5 列或 10 列，现有 2 列。"),
    ("a:read,甲,,2,也许", "“也许”应为是或否"),
    ("a:read,甲,,二,否", "“二”应为整数"),
    ('a:read,"甲,,2,否', "请核对引号"),
    ("a:read,甲,,2,否,姓名,随便,5,否,否", "没有“随便”这个事项级别"),
    ("a:read,甲,,2,否\nA:READ!,乙,,9,否", "第 2 行"),
    ("a:read,甲,,2,否\na:read,乙,,2,否", "该功能代码已登记"),
    ("\n".join(f"a{number}:read,甲,,2,否" for number in range(501)), "应填 1 至 500 行"),
]


def test_pasted_rows_are_checked_first_and_then_written(services: Services, become: Become, archive: UUID) -> None:
    owner, path = become(OWNER), form("bulk", archive)
    before = happened(services)
    for rows, words in WRONG_ROWS:
        for confirmed in ({}, {"confirmed": "1"}):
            answer = owner.post(path, {"rows": rows, **confirmed})
            assert answer.status_code in {409, 422}, rows[:60]
            assert words in said(answer), (rows[:60], said(answer))
    told = owner.post(path, {"rows": PASTED})
    assert "将新增功能 2 项、可申请项 1 项" in said(told)
    assert happened(services) == before
    assert owner.confirm(path, told).status_code == 200, "without the button that confirms it is shown again"
    assert owner.post(path, {"rows": PASTED, "confirmed": "1"}).status_code == 303
    assert {view.name for view in services.subsystem_queries.functions_of(CODE)} >= {"甲", "乙"}


def test_more_functions_take_no_more_statements(services: Services, world: World, become: Become, archive: UUID) -> None:
    owner = become(OWNER)
    owner.get(details(archive))
    with counted() as few:
        owner.get(details(archive))
    services.subsystems.add_functions(SEED, [NewFunction(f"{CODE}:f{number}:read", f"功能{number}") for number in range(40)])
    with counted() as many:
        assert "功能39" in said(owner.get(details(archive)))
    assert len(many) == len(few)
    owner.get("/subsystems/")
    with counted() as few:
        owner.get("/subsystems/")
    for number in range(15):
        services.subsystems.register_subsystem(SEED, NewSubsystem(f"s{number}", f"系统{number}", world.organisation.ids["housing"]))
    with counted() as many:
        assert "系统14" in said(owner.get("/subsystems/"))
    assert len(many) == len(few)


def test_text_stays_text(services: Services, world: World, become: Become) -> None:
    nasty = "<img src=x onerror=alert(1)>'\";--{{7*7}}"
    registered = services.subsystems.register_subsystem(
        SEED, NewSubsystem("nasty", nasty, world.organisation.ids["housing"], description=nasty, launch_url="https://x.example/?a=%3Cb%3E")
    )
    services.subsystems.add_function(SEED, NewFunction("nasty:door:enter", nasty, nasty, basis_note=nasty))
    owner = become(OWNER)
    for path in ("/subsystems/", details(registered), form("change", registered), f"/subsystems/step/submit/{registered}"):
        page = owner.get(path)
        assert page.status_code == 200
        assert "<img" not in page.text, path
        assert "49" not in page.text.split("{{", maxsplit=1)[0][-5:], path


def test_whom_a_label_touches_is_told_by_name_before_it_is_set(services: Services, become: Become, world: World) -> None:
    housing = services.subsystem_queries.subsystem("housing")
    assert housing is not None
    function, owner = "housing:register:read", become(OWNER)
    view = services.subsystem_queries.function(function)
    assert view is not None
    values = {
        "subject": function,
        "name": view.name,
        "description": view.description,
        "integration_level": str(view.integration_level),
        "basis_note": view.basis_note,
        "reason": "定级",
    } | ({"sensitive": "1"} if view.sensitive else {})
    told = owner.post(form("function", housing.id), values | {"label": "4"})
    assert told.status_code == 200
    for words in ("安全标记由 0 改为 4", "1 个任职将失去这项功能", "陈杰"):
        assert words in said(told), words
    kept = services.subsystem_queries.function(function)
    assert kept is not None
    assert kept.label == 0
    back = owner.post(form("function", housing.id), values | {"label": "4", "back": "1"})
    assert (back.status_code, "陈杰" in said(back)) == (200, False)
    # Where the label stays, there is nothing to tell, and nothing to confirm.
    renamed = owner.post(form("function", housing.id), values | {"label": "0", "name": "查询住房登记"})
    assert renamed.status_code == 303
    # Nobody is named to those who may not change it, whatever they send.
    stranger = become(STRANGER).post(form("function", housing.id), values | {"label": "4"})
    assert stranger.status_code in {403, 404}
    assert "陈杰" not in said(stranger)
    assert owner.post(form("function", housing.id), values | {"label": "4", "confirmed": "1"}).status_code == 303
    changed = services.subsystem_queries.function(function)
    assert changed is not None
    assert changed.label == 4
    assert world.people
