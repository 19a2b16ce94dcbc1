"""The pages of people in Chromium, on a desk and on a phone: accessible, in one piece, and a transfer by keyboard without scripts."""

from __future__ import annotations

from datetime import timedelta

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from govcloud.identity.working_life.orders import Duty, Order
from govcloud.services import Services
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.world import PASSWORD, SEED, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture
def wang(site: Site, services: Services) -> str:
    """Return the id of 王芳, who has every kind of duty: handing over, present, planned."""
    ids, now, who = site.world.organisation.ids, services.clock.now(), site.world.wang.official_id
    order = Order("组织决定")
    services.identity.second(SEED, who, Duty(ids["xihu_civil_affairs"], "专班成员", "科员", ends_at=now + timedelta(days=90)), order)
    services.identity.transfer(SEED, who, Duty(ids["xihu_civil_affairs"], "综合岗", "四级主任科员"), order, handover_days=10)
    ahead = Order("机构改革", now + timedelta(days=20))
    services.identity.concurrent(SEED, who, Duty(ids["xihu_civil_affairs"], "信息员"), ahead)
    services.identity.leave(SEED, who, Order("退休", now + timedelta(days=200)))
    return str(who)


@pytest.fixture(autouse=True)
def sun(site: Site, services: Services) -> None:
    """Let 孙丽, the administrator of 西湖区民政局, sign in."""
    give_password(services, site.world.people["SUNLI"])


def sign_in(window: BrowserContext, login: str, arrived: str = ".topbar") -> Page:
    """Sign somebody in, who may have nothing on the workbench, or a duty to choose."""
    page = window.new_page()
    page.goto("/sign-in")
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")
    page.wait_for_selector(arrived)
    return page


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_of_people(site: Site, wang: str, size: tuple[int, int]) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    with site.window(size) as window:
        page = sign_in(window, "SUNLI")
        addresses = {
            "list": "/console/officials/",
            "nobody": "/console/officials/?search=nobody",
            "person": f"/console/officials/details/?id={wang}",
            "transfer": f"/console/officials/change/transfer/{wang}",
            "leave": f"/console/officials/change/leave/{wang}",
            "planned": "/console/planned/",
            "unmask": f"/console/officials/unmask/id_number/{wang}",
            "new": "/console/officials/new/",
            "facts": f"/console/officials/facts/{wang}",
        }
        found = []
        for name, address in addresses.items():
            page.goto(address)
            page.wait_for_load_state("networkidle")
            if name == "leave":
                page.fill("#reason", "本人申请辞职")
                page.get_by_role("button", name="下一步").click()
                page.wait_for_selector("[name=confirmed]")
            if name == "list":
                # A table that fits does not scroll in a box of its own, so its head stays below the top bar.
                assert page.locator(".tablewrap.fits").count() == 1
                assert page.locator("tbody tr").first.bounding_box()["height"] == 40 or size == PHONE  # type: ignore[index]
            if page.evaluate(_OVERFLOW) > 0:
                found.append((name, "wider than the window"))
            found += [(name, item["id"]) for item in Axe().run(page).response["violations"] if item["impact"] in {"serious", "critical"}]
            page.screenshot(path=ARTEFACTS / f"people-{name}-{size[0]}.png", full_page=True)
        assert not found
    with site.window(size) as window:
        page = sign_in(window, "WANGFANG", ".choices")
        for name, address in {"account": "/account", "appointment": "/appointment"}.items():
            page.goto(address)
            page.screenshot(path=ARTEFACTS / f"people-{name}-{size[0]}.png", full_page=True)
            assert page.evaluate(_OVERFLOW) <= 0
        assert "交接中" in page.content()
        assert "借调" in page.content()


def test_a_transfer_by_keyboard_without_scripts(site: Site, services: Services) -> None:
    who = site.world.wang.official_id
    with site.window(scripts=False) as window:
        page = sign_in(window, "SUNLI")
        page.goto(f"/console/officials/change/transfer/{who}")
        for field, text in {
            "department": "杭州市西湖区民政局",
            "position": "综合岗",
            "handover_days": "3",
            "reason": "按规定轮岗",
        }.items():
            page.focus(f"#{field}")
            page.keyboard.press("Control+A")
            page.keyboard.type(text)
        page.get_by_role("button", name="下一步").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector("[name=confirmed]")
        assert "结束任职" in page.content()
        page.get_by_role("button", name="确认调动").focus()
        page.keyboard.press("Enter")
        page.wait_for_selector(".steps")
    held = services.identity_queries.appointments_of(who)
    assert [(view.position, view.handing_over) for view in held] == [("综合岗", False), ("窗口受理员", True)]
