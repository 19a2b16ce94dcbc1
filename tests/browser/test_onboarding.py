"""业务子系统 in Chromium: from registration to publication by three people, without scripts; every page in order on a desk and a phone."""

from __future__ import annotations

from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from govcloud.services import Services
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.inputs import NewSubsystem
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.subsystems import a_registered_subsystem, a_service_item, crew
from tests.factories.world import PASSWORD, SEED, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

OWNER, CHECKER, PUBLISHER = "HEWEI", "ZHOUJIANJUN", "SUNLI"
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def console(site: Site, services: Services) -> Site:
    """Return the site with the three people who bring a subsystem into service."""
    crew(services, site.world)
    for login in (OWNER, CHECKER, PUBLISHER):
        give_password(services, site.world.people[login])
    return site


def enter(window: BrowserContext, login: str) -> Page:
    page = window.new_page()
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    return page


def test_three_people_bring_a_subsystem_into_service_without_scripts(console: Site) -> None:
    window = console.window(scripts=False)
    page = enter(window, OWNER)
    page.goto("/console/subsystems/")
    page.click(".pagehead a.button-primary")
    for name, value in {
        "name": "住房档案系统",
        "code": "archive",
        "owner": "浙江省住房和城乡建设厅",
        "launch_url": "http://127.0.0.1:8009/",
    }.items():
        page.fill(f"#{name}", value)
    page.select_option("#integration_level", "3")
    page.click("#send")
    assert "缺少入口功能" in page.inner_text("main")
    page.click("a.button:has-text('批量新增')")
    page.fill("#rows", "door:enter,进入住房档案系统,,0,否\nrecord:read,查看住房档案,题名,3,是,题名、年度,一人审批,30,是,是")
    page.click("#send")
    assert "将新增功能 2 项、可申请项 1 项" in page.inner_text("main")
    page.click("#confirm")
    page.click("a.button:has-text('登记客户端')")
    page.click("#protocol-oidc")
    page.fill("#redirect_uris", "http://127.0.0.1:8009/govcloud/callback")
    page.click("#send")
    assert len(page.inner_text("#secret")) > 40
    page.click("text=下一步：复制配置")
    assert "http://127.0.0.1:8009/govcloud/callback" in page.inner_text("#ready")
    page.click(".crumbs a:has-text('住房档案系统')")
    page.click(".pagehead a:has-text('提交核查')")
    page.click("#confirm")
    assert "已提交" in page.inner_text(".flashes")
    for login, todo, step in ((CHECKER, "待您核查 1", "核查通过"), (PUBLISHER, "待您发布 1", "发布")):
        other = console.window(scripts=False)
        page = enter(other, login)
        page.goto("/console/subsystems/")
        page.click(f"text={todo}")
        page.click("text=住房档案系统")
        page.click(f".pagehead a:has-text('{step}')")
        page.click("#confirm")
        page.wait_for_selector(".flashes")
        shown = page.inner_text("main")
        other.close()
    assert "已发布" in shown
    for name in ("何伟", "周建军", "孙丽"):
        assert name in shown
    window.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_a_subsystem_goes_to_another_department_without_scripts(console: Site, services: Services, size: tuple[int, int]) -> None:
    housing = services.subsystem_queries.subsystem("housing")
    assert housing is not None
    with console.window(size, scripts=False) as window:
        page = enter(window, PUBLISHER)
        page.goto(f"/console/subsystems/details/?id={housing.id}")
        page.click(".pagehead a:has-text('移交主管部门')")
        page.fill("#owner_department_id", "浙江省民政厅")
        page.fill("#reason", "机构职能调整")
        page.click("#send")
        assert "新的主管部门：浙江省民政厅" in page.inner_text(".note-warning")
        page.click("#confirm")
        assert "已移交给浙江省民政厅" in page.inner_text(".flashes")
        assert "浙江省住房和城乡建设厅 → 浙江省民政厅" in page.inner_text("[aria-labelledby=history]")


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_in_order(console: Site, services: Services, size: tuple[int, int], language: str) -> None:
    registered = a_registered_subsystem(services, console.world)
    services.subsystems.bind_functions(SEED, [Binding("housing:register:read", a_service_item(services, console.world))])
    housing = services.subsystem_queries.subsystem("housing")
    assert housing is not None
    unready = _unready(services, console)
    addresses = {
        "list": "/console/subsystems/",
        "registered": f"/console/subsystems/details/?id={registered}",
        "unready": f"/console/subsystems/details/?id={unready}",
        "published": f"/console/subsystems/details/?id={housing.id}",
        "new": "/console/subsystems/new/",
        "add": f"/console/subsystems/form/add/{registered}",
        "bulk": f"/console/subsystems/form/bulk/{registered}",
        "item": f"/console/subsystems/form/item/{housing.id}?subject={console.world.items['housing:register:read']}",
        "submit": f"/console/subsystems/step/submit/{registered}",
        "hand-over": f"/console/subsystems/form/hand-over/{housing.id}",
        "retire": f"/console/subsystems/step/retire/{housing.id}",
    }
    window = console.window(size, language=language)
    page = enter(window, CHECKER)
    page.wait_for_selector(".tiles")
    ARTEFACTS.mkdir(exist_ok=True)
    for name, address in addresses.items():
        page.goto(address)
        page.screenshot(path=str(ARTEFACTS / f"onboarding-{name}-{size[0]}-{language}.png"), full_page=True)
        assert page.evaluate(_OVERFLOW) == 0, name
        found = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in {"serious", "critical"}]
        assert found == [], name
    window.close()


def _unready(services: Services, console: Site) -> UUID:
    new = NewSubsystem("ledger", "台账系统", console.world.organisation.ids["data"], 2, launch_url="https://ledger.zj.example/")
    return services.subsystems.register_subsystem(SEED, new)
