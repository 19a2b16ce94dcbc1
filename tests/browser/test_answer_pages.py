"""The pages of answers in Chromium: who may use a function, a decision tried out, the log and why; desk and phone, both languages."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from govcloud.authorization.deciding.decisions import Question
from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looking import complaints, faults
from tests.browser.test_people_pages import sign_in
from tests.factories.people import an_official
from tests.factories.requests import REGISTER, granted
from tests.factories.world import SEED, XIHU, World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

OFFICER, AUDITOR, OWNER = "WUXIAOYAN", "ZHENGGUOHUA", "HEWEI"
WHO, TRY, LOG, ACCESS = "/console/who_can/", "/console/playground/", "/console/decision_log/", "/console/access/"
_LONG = "浙江省住房和城乡建设厅住房保障与房地产市场监管处公共租赁住房配租管理综合协调岗"
_MANY = 200

#: Page, whose it is, its address, and words that show the state it is to be looked at in.
PAGES = (
    ("who-empty", OFFICER, WHO, "填写功能，看谁能使用"),
    ("who-choose", OFFICER, f"{WHO}?function=住房", "请选择功能"),
    ("who-many", OFFICER, f"{WHO}?function={REGISTER}", f"{_MANY + 2} 人可以使用"),
    ("who-nobody", OFFICER, f"{WHO}?function={REGISTER}&at=2000-01-01T08:00", "没有人可以使用"),
    ("who-nowhere", OFFICER, f"{WHO}?function={REGISTER}&department=无此部门", "没有唯一的这个部门"),
    ("who-nothing", OFFICER, f"{WHO}?function=无此功能", "没有符合"),
    ("try-empty", OFFICER, TRY, "填写工号和功能，试算一次判定"),
    ("try-yes", OFFICER, f"{TRY}?code=CHENJIE&function={REGISTER}&resource=division%3D{XIHU}", "考虑过的规则"),
    ("try-no", OFFICER, f"{TRY}?code=SHANXUEMEI&function={REGISTER}", "怎样才可以"),
    ("try-name", OFFICER, f"{TRY}?code=王芳&function=住房登记", "请选择人员"),
    ("try-wrong", OFFICER, f"{TRY}?code=WANGFANG&function={REGISTER}&resource=wrong", "每行写一个"),
    ("access-empty", OFFICER, ACCESS, "填写姓名或工号"),
    ("access", OFFICER, f"{ACCESS}?code=WANGFANG", "此人可以做什么"),
    ("access-then", OFFICER, f"{ACCESS}?code=WANGFANG&at=2000-01-01T08:00", "没有符合"),
    ("log", AUDITOR, LOG, "拒绝"),
    ("log-nothing", AUDITOR, f"{LOG}?function=nothing:at:all", "没有符合条件的判定"),
    ("log-nobody", AUDITOR, f"{LOG}?code=NOBODY", "没有符合"),
    ("log-owner", OWNER, LOG, "请选择子系统"),
    ("log-own", OWNER, f"{LOG}?subsystem=housing", "拒绝"),
)


@pytest.fixture(autouse=True)
def asked(site: Site, services: Services, world: World) -> None:
    """Let many people hold a function, one of them with a long name of everything, and let some questions stand in the log."""
    place = world.organisation.ids["xihu_housing"]
    rows = [an_official(place, name=f"住房{number:03d}") for number in range(_MANY)]
    services.identity.register_officials(SEED, rows)
    for row in rows:
        services.authorization.assign_role(SEED, row.id, "housing_clerk", row.appointments[0].id, reason=_LONG)
    granted(services, world)
    for function in (REGISTER, "housing:register:export", "housing:guide:read"):
        question = Question(function, world.wang.appointment_id, world.wang.official_id, {"division": XIHU})
        decision = services.authorization.decide(question)
        services.decision_log.note(question, decision, "housing-web", trace_id="5f95b6f4a35b46dbb75efc5d71f063f9")
    services.decision_log.flush()
    for login in (OFFICER, AUDITOR, OWNER):
        give_password(services, world.people[login])


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_in_each_of_its_states(site: Site, size: tuple[int, int], language: str) -> None:
    found: list[tuple[str, str]] = []
    pages: dict[str, tuple[Page, list[str]]] = {}
    for name, login, address, words in PAGES:
        if login not in pages:
            page = sign_in(site.window(size, language=language), login)
            pages[login] = page, complaints(page)
        page, minded = pages[login]
        page.goto(address)
        if language == "zh-CN":
            expect(page.locator("main")).to_contain_text(words)
        found += faults(page, f"answers-{name}-{size[0]}-{language}")
        found += [(name, text) for text in minded]
        minded.clear()
    assert found == []


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_from_a_denial_to_what_stands_behind_it(site: Site, size: tuple[int, int]) -> None:
    page = sign_in(site.window(size), OWNER)
    page.goto(f"{LOG}?subsystem=housing&kind=denied")
    page.get_by_role("link", name=re.compile("看依据")).first.click()
    expect(page.locator("h1")).to_contain_text("王芳：导出住房登记信息")
    expect(page.locator("main")).to_contain_text("怎样才可以")
    assert faults(page, f"answers-why-{size[0]}") == []
    page.click(".crumbs a:has-text('判定日志')")
    expect(page.locator("#subsystem")).to_have_value("housing")


def _press(page: Page, reached: Callable[[], bool], most: int = 60) -> None:
    """Press Tab until something has the focus."""
    for _ in range(most):
        page.keyboard.press("Tab")
        if reached():
            return
    pytest.fail("the keyboard does not reach it")


def test_a_decision_is_tried_by_keyboard_from_a_persons_page(site: Site, world: World) -> None:
    page = sign_in(site.window(), OFFICER)
    page.goto(f"/console/officials/details/?id={world.people['CHENJIE'].official_id}")
    page.get_by_role("link", name=re.compile("试算一次判定")).focus()
    page.keyboard.press("Enter")
    page.wait_for_selector("#function")
    expect(page.locator("#code")).to_have_value("CHENJIE")
    page.focus("#code")
    _press(page, lambda: page.evaluate("document.activeElement.id") == "function")
    page.keyboard.type("查询住房登记")
    page.keyboard.press("Enter")
    page.wait_for_selector("#functions")
    choice = page.get_by_role("link", name="选择查询住房登记信息", exact=True)
    choice.focus()
    page.keyboard.press("Enter")
    expect(page.locator("[aria-labelledby=answer]")).to_contain_text("陈杰 · 查询住房登记信息")
    expect(page.locator("[aria-labelledby=answer]")).to_contain_text("可以")


def test_from_a_holder_to_the_explanation_as_of_the_same_day(site: Site) -> None:
    page = sign_in(site.window(), OFFICER)
    page.goto(f"{WHO}?function={REGISTER}&department=杭州市西湖区民政局")
    page.get_by_role("link", name="试算：王芳").click()
    expect(page.locator("[aria-labelledby=answer]")).to_contain_text("临时权限")
