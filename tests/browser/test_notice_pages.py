"""消息, 邮件设置, 等待时长 and 时限与工作日历 in Chromium: in order on a desk and a phone, in both languages, and used without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looking import complaints, faults
from tests.browser.test_onboarding import enter
from tests.factories.requests import ask
from tests.factories.world import World, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

OFFICER, DECIDER = "WUXIAOYAN", "LIQIANG"
DAYS = "date,day,name\n2027-01-01,holiday,元旦\n2027-01-02,workday,元旦\n"


@pytest.fixture
def told(site: Site, services: Services, world: World, clock: ManualClock) -> Site:
    """Return the site with notices of each heading for 李强, and something that waited."""
    line_id = ask(services, world).line_id
    clock.advance(timedelta(hours=2))
    services.access.reject(world.people["QIANWEI"].actor(), line_id, 1, "not_needed")
    ask(services, world, world.people["SUNLI"])
    give_password(services, site.world.people[OFFICER])
    return site


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_in_order(told: Site, size: tuple[int, int], language: str) -> None:
    window = told.window(size, language=language)
    page = enter(window, DECIDER)
    minded = complaints(page)
    found: list[tuple[str, str]] = []
    pages = {"notices": "/notices", "unread": "/notices?unread=1", "none": "/notices?group=holding"}
    for name, address in {**pages, "settings": "/notices/settings", "waiting": "/waiting"}.items():
        page.goto(address)
        found += faults(page, f"notices-{name}-{size[0]}-{language}")
    window.close()
    window = told.window(size, language=language)
    page = enter(window, OFFICER)
    page.goto("/console/clocks/")
    found += faults(page, f"clocks-{size[0]}-{language}")
    page.fill("#text", DAYS)
    page.fill("#calendar-reason", "国办放假安排")
    page.click("form[enctype] button")
    found += faults(page, f"clocks-calendar-{size[0]}-{language}")
    assert "2027-01-02" in page.inner_text("main")
    page.goto("/console/clocks/")
    page.fill("#one_hours", "4")
    page.fill("#reason", "简单事项应当尽快答复")
    page.click("form.stack .button-primary")
    found += faults(page, f"clocks-preview-{size[0]}-{language}")
    assert "4" in page.inner_text("main table")
    window.close()
    assert (found, minded) == ([], [])


def test_a_notice_leads_on_without_scripts(told: Site) -> None:
    window = told.window(PHONE, scripts=False)
    page = enter(window, DECIDER)
    page.click("header .topitem[href='/notices']")
    page.click("main table form button >> nth=0")
    assert "/inbox/" in page.url
    window.close()
