"""An approver decides a routine line in three clicks: counted by the browser itself, by mouse and by the keyboard alone."""

from __future__ import annotations

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from govcloud.access.commands import Submitted
from govcloud.access.lifecycle import LineState
from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.factories.requests import may_read
from tests.factories.world import World

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]

MOST = 3
MOST_TABS = 60
#: Counts what a person does, on whatever page: what scripts do is not trusted by the browser, and does not count.
_COUNTING = """
for (const kind of ["click", "keydown", "pointerdown"]) {
  addEventListener(kind, event => {
    if (!event.isTrusted) return;
    const name = kind === "keydown" ? "key:" + event.key : kind;
    const seen = JSON.parse(sessionStorage.getItem("seen") || "{}");
    seen[name] = (seen[name] || 0) + 1;
    sessionStorage.setItem("seen", JSON.stringify(seen));
  }, true);
}
"""

_FOCUSED = """() => {
  const found = document.activeElement;
  return found && found !== document.body ? found.getAttribute("aria-label") || found.textContent : "";
}"""


def counting(window: BrowserContext) -> BrowserContext:
    """Let every page of a window count what is done on it."""
    window.add_init_script(_COUNTING)
    return window


def seen(page: Page) -> dict[str, int]:
    found: dict[str, int] = page.evaluate('() => JSON.parse(sessionStorage.getItem("seen") || "{}")')
    return found


def forget(page: Page) -> None:
    page.evaluate('() => sessionStorage.removeItem("seen")')


def tab_to(page: Page, name: str) -> None:
    """Go on by the tabulator until what is focused has that name, as a person without a mouse does."""
    for _ in range(MOST_TABS):
        page.keyboard.press("Tab")
        if name in page.evaluate(_FOCUSED):
            return
    pytest.fail(f"{name} is not reached within {MOST_TABS} stops")


@pytest.mark.parametrize("size", [DESK, PHONE])
def test_by_mouse_from_the_workbench_through_the_inbox(
    site: Site, services: Services, world: World, submitted: Submitted, size: tuple[int, int]
) -> None:
    page = site.sign_in(counting(site.window(size)), "LIQIANG")
    page.goto("/inbox")
    forget(page)
    page.get_by_role("link", name="审批 王芳 的申请").click()
    page.get_by_role("button", name="按申请同意").click()
    expect(page.get_by_role("status")).to_contain_text("已同意，权限即刻生效")
    assert seen(page)["click"] == 2 <= MOST, "one more may lead to the inbox"
    assert services.access_queries.line(world.wang.actor(), submitted.line_id).state is LineState.APPROVED
    assert may_read(services, world.wang)


def test_the_way_to_the_inbox_is_the_third(site: Site, submitted: Submitted) -> None:
    page = site.sign_in(counting(site.window()), "LIQIANG")
    forget(page)
    page.get_by_role("navigation").get_by_role("link", name="待我审批").first.click()
    page.get_by_role("link", name="审批 王芳 的申请").click()
    page.get_by_role("button", name="按申请同意").click()
    expect(page.get_by_role("status")).to_contain_text("已同意，权限即刻生效")
    assert seen(page)["click"] == MOST
    assert submitted.line_id


def test_by_the_keyboard_alone(site: Site, services: Services, world: World, submitted: Submitted) -> None:
    page = site.sign_in(counting(site.window()), "LIQIANG")
    page.goto("/inbox")
    forget(page)
    for name in ("跳到正文", "审批 王芳 的申请"):
        tab_to(page, name)
        page.keyboard.press("Enter")
    page.wait_for_url(f"**/inbox/{submitted.line_id}")
    for name in ("跳到正文", "按申请同意"):
        tab_to(page, name)
        page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("已同意，权限即刻生效")
    done = seen(page)
    assert "pointerdown" not in done, "nothing was done with a mouse"
    assert done["key:Enter"] == 4, "two decide, and two skip what stands before the content"
    assert services.access_queries.line(world.wang.actor(), submitted.line_id).state is LineState.APPROVED


def test_without_scripts_it_takes_no_more(site: Site, services: Services, world: World, submitted: Submitted) -> None:
    """Scripts count nothing here, so the test does: it clicks twice."""
    page = site.sign_in(site.window(scripts=False), "LIQIANG")
    page.goto("/inbox")
    page.get_by_role("link", name="审批 王芳 的申请").click()
    page.get_by_role("button", name="按申请同意").click()
    expect(page.get_by_role("status")).to_contain_text("已同意，权限即刻生效")
    assert services.access_queries.line(world.wang.actor(), submitted.line_id).state is LineState.APPROVED
