"""Every page of the portal in Chromium: accessible, still, local, small, and in one piece on a desk and on a phone."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page

from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

Addresses = Callable[[], list[tuple[str, str, str]]]
_SERIOUS = {"serious", "critical"}
_WATCH_SHIFTS = """
window.shifted = [];
new PerformanceObserver((list) => list.getEntries().forEach((entry) => {
  const rect = ({x, y, width, height}) => [x, y, width, height];
  const name = (node) => node && `${node.nodeName} ${node.className || ""} ${(node.textContent || "").trim().slice(0, 30)}`;
  const moved = entry.sources.map((source) => [name(source.node), rect(source.previousRect), rect(source.currentRect)]);
  window.shifted.push([entry.value, moved]);
})).observe({type: "layout-shift", buffered: true});
"""
_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_BYTES = """() => performance.getEntriesByType("resource").concat(performance.getEntriesByType("navigation"))
  .reduce((sum, entry) => sum + entry.encodedBodySize, 0)"""
_FIRST_LOAD = 200_000
_PRESSED = (
    ".button, .topitem, .tabs a, .bottombar > a, .bottombar summary, main summary, main select, "
    "main input:not([type=checkbox], [type=radio], [type=hidden])"
)
_SMALL = """(pressed) => [...document.querySelectorAll(pressed)]
  .filter((item) => item.checkVisibility() && item.getBoundingClientRect().height < 44 && !item.closest(".sr-only"))
  .map((item) => [item.tagName, item.className, (item.textContent || item.name || "").trim().slice(0, 20)])"""
#: On a machine so much slower two loads of five moved something, while pages were painted as far as they had been read.
_SLOWER, _SLOW_LOADS = 20, 6


def _pages(site: Site, addresses: Addresses, size: tuple[int, int], language: str = "zh-CN") -> Iterator[tuple[str, Page, str]]:
    """Go through all pages, each opened by the one whom it is for."""
    windows: dict[str, BrowserContext] = {}
    pages: dict[str, Page] = {}
    for name, login, address in addresses():
        if login not in windows:
            windows[login] = site.window(size, language=language)
            windows[login].add_init_script(_WATCH_SHIFTS)
            pages[login] = site.sign_in(windows[login], login) if login else windows[login].new_page()
        yield name, pages[login], address
    for window in windows.values():
        window.close()


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_no_serious_finding_of_axe(site: Site, addresses: Addresses, size: tuple[int, int]) -> None:
    axe = Axe()
    found: list[tuple[str, str, list[str]]] = []
    for name, page, address in _pages(site, addresses, size):
        page.goto(address)
        found.extend(
            (name, violation["id"], [node["target"] for node in violation["nodes"]])
            for violation in axe.run(page).response["violations"]
            if violation["impact"] in _SERIOUS
        )
    assert not found


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_pictures(site: Site, addresses: Addresses, size: tuple[int, int], language: str) -> None:
    """Keep a picture of every page, and find those that are wider than the window or shift while they load."""
    ARTEFACTS.mkdir(exist_ok=True)
    wide, shifted = [], []
    for name, page, address in _pages(site, addresses, size, language):
        page.goto(address)
        page.wait_for_load_state("networkidle")
        if page.evaluate(_OVERFLOW) > 0:
            wide.append(name)
        if moved := page.evaluate("window.shifted"):
            shifted.append((name, moved))
        # Last: for a picture of the full page the window grows, which moves what is sticky.
        page.screenshot(path=ARTEFACTS / f"portal-{name}-{size[0]}-{language}.png", full_page=True)
    assert not wide
    assert not shifted


def test_fingers_find_what_they_press_on_a_phone(site: Site, addresses: Addresses) -> None:
    """What is pressed is at least 44 pixels high; links within a sentence, and boxes with their label, are as high as their line."""
    found = []
    for name, page, address in _pages(site, addresses, PHONE):
        page.goto(address)
        found += [(name, small) for small in page.evaluate(_SMALL, _PRESSED)]
    assert not found


def test_nothing_moves_while_a_slow_machine_reads_the_page(site: Site) -> None:
    """A parser that pauses within the head must not have half of it painted: the rest would move what is there."""
    moved = []
    for _ in range(_SLOW_LOADS):
        window = site.window(PHONE, language="en")
        window.add_init_script(_WATCH_SHIFTS)
        page = window.new_page()
        window.new_cdp_session(page).send("Emulation.setCPUThrottlingRate", {"rate": _SLOWER})
        page.goto("/sign-in")
        page.wait_for_load_state("networkidle")
        moved += page.evaluate("window.shifted")
        window.close()
    assert not moved


def test_everything_is_local_and_small_and_no_script_fails(site: Site, addresses: Addresses) -> None:
    elsewhere, complaints, heavy = [], [], []
    watched: set[Page] = set()
    for name, page, address in _pages(site, addresses, DESK):
        if page not in watched:
            watched.add(page)
            page.on("request", lambda request: elsewhere.append(request.url) if not request.url.startswith(site.address) else None)
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("console", lambda message: complaints.append(message.text) if "404" not in message.text else None)
        page.goto(address)
        page.wait_for_load_state("networkidle")
        if page.evaluate(_BYTES) > _FIRST_LOAD:
            heavy.append(name)
    assert not elsewhere
    assert not complaints, "a script failed or the policy blocked something"
    assert not heavy
