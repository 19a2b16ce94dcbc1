"""一件事 in Chromium: one put together without scripts; every page in order on a desk and a phone, in both languages."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.browser.test_onboarding import CHECKER, enter
from tests.factories.subsystems import crew
from tests.factories.world import give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def console(site: Site, services: Services) -> Site:
    """Return the site with somebody who may keep every matter."""
    crew(services, site.world)
    give_password(services, site.world.people[CHECKER])
    return site


def test_a_matter_is_put_together_without_scripts(console: Site, services: Services) -> None:
    window = console.window(scripts=False)
    page = enter(window, CHECKER)
    page.goto("/console/matters/")
    page.click(".pagehead a.button-primary")
    for name, value in {"name": "出生一件事", "code": "BIRTH-01", "lead": "浙江省民政厅", "find": "住房"}.items():
        page.fill(f"#{name}", value)
    page.press("#find", "Enter")
    page.click("button[name=add] >> nth=0")
    page.fill("#find", "救助案件")
    page.press("#find", "Enter")
    page.click("button[name=add] >> nth=0")
    page.fill("input[name^=stage-] >> nth=1", "2")
    page.click("#send")
    assert "涉及 2 个审批部门" in page.inner_text("main")
    page.click("#confirm")
    assert "已登记“出生一件事”" in page.inner_text("main")
    made = services.subsystem_queries.matter("BIRTH-01")
    assert made is not None
    assert sorted(entry.stage for entry in made.items) == [1, 2]
    window.close()


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_in_order(console: Site, size: tuple[int, int], language: str) -> None:
    matter = console.world.matter_id
    window = console.window(size, language=language)
    page = enter(window, CHECKER)
    page.wait_for_selector(".tiles")
    ARTEFACTS.mkdir(exist_ok=True)

    def look(name: str) -> None:
        page.screenshot(path=str(ARTEFACTS / f"matters-{name}-{size[0]}-{language}.png"), full_page=True)
        assert page.evaluate(_OVERFLOW) == 0, name
        found = [item["id"] for item in Axe().run(page).response["violations"] if item["impact"] in {"serious", "critical"}]
        assert found == [], name

    for name, address in {
        "list": "/console/matters/",
        "new": "/console/matters/new/",
        "end": f"/console/matters/end/{matter}",
        "change": f"/console/matters/change/{matter}",
    }.items():
        page.goto(address)
        look(name)
    page.fill("#find", "救助")
    page.press("#find", "Enter")
    look("found")
    page.click("button[name=add] >> nth=0")
    page.fill("#reason", "流程调整")
    page.click("#send")
    look("preview")
    page.click("#confirm")
    look("details")
    window.close()
