"""A platform that a real browser can reach, and the distribution's Chromium to reach it with."""

from __future__ import annotations

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright
from werkzeug.serving import ThreadedWSGIServer

from govcloud.access.asking.queries import Chosen
from govcloud.access.commands import NewRequest, NewSubmission, Submission, Submitted, WantedItem
from govcloud.authorization.scopes.scope import Scope
from tests.factories.province import database_url, province, world
from tests.factories.world import HANGZHOU, PASSWORD, World

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services

__all__ = ["database_url", "province", "world"]

ARTEFACTS = Path(__file__).parents[1] / "artefacts"
DESK = (1440, 900)
PHONE = (390, 844)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Start Chromium once a module, not once a process: while it lives, its event loop bars every other in this thread."""
    program = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if program is None:
        pytest.fail("Chromium is missing: `make test` installs the distribution's package, or set CHROMIUM to its path")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program, args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        )
        yield browser
        browser.close()


@dataclass
class Site:
    """The platform under a real address, with people who can sign in."""

    address: str
    world: World
    chromium: Browser

    def window(self, size: tuple[int, int] = DESK, *, language: str = "zh-CN", scripts: bool = True) -> BrowserContext:
        """Open a browser window without cookies."""
        return self.chromium.new_context(
            base_url=self.address,
            viewport={"width": size[0], "height": size[1]},
            locale=language,
            java_script_enabled=scripts,
            reduced_motion="reduce",
        )

    def sign_in(self, window: BrowserContext, login: str) -> Page:
        """Sign somebody in and return the page, at the workbench."""
        page = window.new_page()
        page.goto("/sign-in")
        page.fill("#login", login)
        page.fill("#password", PASSWORD)
        page.press("#password", "Enter")
        page.wait_for_selector(".tiles")
        return page


@pytest.fixture
def site(app: Flask, world: World, chromium: Browser) -> Iterator[Site]:
    """Serve the platform of the test on a free port."""
    server = ThreadedWSGIServer("127.0.0.1", 0, app)
    server.daemon_threads = False  # closing waits for the last answers, so that none is left with a connection of the test
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    yield Site(f"http://127.0.0.1:{server.server_port}", world, chromium)
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def submitted(services: Services, world: World) -> Submitted:
    """Return 王芳's request for the housing register, ten days, all of Hangzhou."""
    new = NewRequest(world.items["housing:register:read"], "核对救助申请人的住房情况", 10, Scope((HANGZHOU,)), "XH-2026-0382")
    return services.access.submit(world.wang.actor(), new)


@pytest.fixture
def several(services: Services, world: World) -> Submission:
    """Return a submission of 王芳 for 孙丽, of two items of two departments; both lie in the basket again."""
    items = [world.items["housing:register:read"], world.items["assistance:case:read"]]
    wanted = tuple(WantedItem(item, 5, Scope((HANGZHOU,))) for item in items)
    new = NewSubmission(wanted, "核对救助申请人的住房情况", (world.people["SUNLI"].appointment_id,), case_number="XH-2026-0383")
    done = services.asking.submit(world.wang.actor(), new)
    services.asking.put_in_basket(world.wang.actor(), [Chosen(item) for item in items])
    return done


@pytest.fixture
def addresses(world: World, submitted: Submitted, several: Submission) -> Callable[[], list[tuple[str, str, str]]]:
    """Return name, login and address of every page of the portal; an empty login is nobody."""
    item = world.items["housing:register:read"]
    return lambda: [
        ("sign-in", "", "/sign-in"),
        ("activate", "", "/activate"),
        ("not-found", "", "/nowhere"),
        ("workbench", "WANGFANG", "/"),
        ("search", "WANGFANG", "/search?q=住房"),
        ("catalogue", "WANGFANG", "/requests/new"),
        ("catalogue-found", "WANGFANG", "/requests/new?q=zf"),
        ("request-form", "WANGFANG", f"/requests/new?item={item}"),
        ("matter", "WANGFANG", f"/requests/matter/{world.matter_id}"),
        ("colleagues", "WANGFANG", "/colleagues"),
        ("requests", "WANGFANG", "/requests"),
        ("request", "WANGFANG", f"/requests/{submitted.request_id}"),
        ("request-lines", "WANGFANG", f"/requests/{several.submission_id}"),
        ("basket", "WANGFANG", "/basket"),
        ("access", "WANGFANG", "/access"),
        ("account", "WANGFANG", "/account"),
        ("appointment", "WANGFANG", "/appointment"),
        ("device", "WANGFANG", "/device"),
        ("inbox", "LIQIANG", "/inbox"),
        ("decision", "LIQIANG", f"/inbox/{submitted.line_id}"),
        ("inbox-below", "LIQIANG", "/inbox?below=1"),
        ("decision-hand-on", "LIQIANG", f"/inbox/{submitted.line_id}?hand_on=1"),
        ("delegations", "LIQIANG", "/delegations"),
        ("approval-rules", "LIQIANG", "/approval-rules"),
        ("grants", "LIQIANG", "/grants"),
        ("notices", "LIQIANG", "/notices"),
        ("notice-settings", "WANGFANG", "/notices/settings"),
        ("waiting", "LIQIANG", "/waiting"),
        ("inbox-decided", "LIQIANG", "/inbox?tab=decided"),
        ("revoke-many", "LIQIANG", "/grants/many"),
        ("reports", "LIQIANG", "/reports"),
        ("reports-held", "LIQIANG", "/reports?report=held"),
        ("access-empty", "LIQIANG", "/access"),
        ("basket-empty", "LIQIANG", "/basket"),
        ("requests-empty", "LIQIANG", "/requests"),
    ]
