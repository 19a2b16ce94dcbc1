"""Importing people from the console's pages in Chromium: upload, report, confirm, outcome, codes; on a desk and on a phone."""

from __future__ import annotations

from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from govcloud.jobs.job import ACTOR
from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.imports import a_row, uscc_of, write_csv
from tests.factories.world import World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


def looked_at(page: Page, name: str, size: tuple[int, int]) -> None:
    """Keep a picture of the page and hold it to what every page is held to."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=str(ARTEFACTS / f"{name}-{size[0]}.png"), full_page=True)
    assert page.evaluate(_OVERFLOW) <= 0, f"{name} is wider than the window"
    serious = [found["id"] for found in Axe().run(page).response["violations"] if found["impact"] in {"serious", "critical"}]
    assert not serious, f"{name}: {serious}"


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no-scripts"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_people_are_imported_and_get_codes(
    site: Site, services: Services, world: World, tmp_path: Path, size: tuple[int, int], *, scripts: bool
) -> None:
    give_password(services, world.system_admin)
    rows = [a_row(number) for number in range(8)]
    wrong = [a_row(20, phone="123"), a_row(21, department_uscc=uscc_of("xihu_housing")[:-1] + "0"), a_row(22, name="=1+1", kind="领导")]
    file = write_csv(tmp_path / "西湖区民政局 2026年11月 人员名单.csv", [*rows, *wrong])
    window = site.window(size, scripts=scripts)
    page = window.new_page()
    page.goto("/sign-in")
    page.fill("#login", "ZHOUJIANJUN")
    page.fill("#password", "Xihu-2026-lake")
    page.press("#password", "Enter")
    page.wait_for_selector(".tiles")
    page.goto("/console/imports/")
    if scripts:
        looked_at(page, "imports-empty", size)
    page.set_input_files("#file", file)
    page.click("text=上传并预检")
    page.wait_for_selector("#confirm")
    if scripts:
        looked_at(page, "import-report", size)
    page.click("#confirm")
    page.wait_for_selector("progress")
    if scripts:
        looked_at(page, "import-running", size)
    services.importing.work(ACTOR)
    # Nothing to click: the page comes back by itself.
    page.wait_for_selector("text=导入完成", timeout=15_000)
    if scripts:
        looked_at(page, "import-done", size)
    page.goto("/console/imports/")
    if scripts:
        looked_at(page, "imports", size)
    page.goto("/console/activation/")
    page.fill("#department", "杭州市西湖区民政局")
    page.click("text=批量签发")
    page.wait_for_selector("text=只显示这一次")
    if scripts:
        looked_at(page, "activation-codes", size)
    assert page.locator("tbody tr").count() >= len(rows)
    window.close()
