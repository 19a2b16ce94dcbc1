"""The story in Chromium, on a desk and on a phone: one sign-in, a refusal, a request, a narrow approval, use, revocation.

Pictures of every step are kept in ``tests/artefacts/story``.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, expect
from werkzeug.serving import ThreadedWSGIServer

from examples import assistance, housing
from govcloud.cli.stack import Ports, free_ports
from govcloud.kernel.clock import Clock, SystemClock
from govcloud.settings import Environment, Settings, load_settings
from govcloud.subsystems.inputs import NewClient
from tests.browser.conftest import ARTEFACTS, DESK, PHONE
from tests.factories.world import PASSWORD, SEED, World

if TYPE_CHECKING:
    from pathlib import Path

    from flask import Flask

    from govcloud.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.timeout(240)]

XIHU = "330106"


@pytest.fixture
def clock() -> Clock:
    """Return the machine's clock: subsystems check the times of ID tokens by theirs."""
    return SystemClock()


@pytest.fixture
def ports() -> Ports:
    return free_ports()


@pytest.fixture
def settings(database_url: str, master_key_file: Path, ports: Ports) -> Settings:
    """Return settings whose public address is the one that the browser will use."""
    return load_settings(
        environment=Environment.TEST, DATABASE_URL=database_url, master_key_file=master_key_file, public_url=ports.platform_url
    )


@dataclass
class Town:
    """Platform and both subsystems under real addresses."""

    ports: Ports
    chromium: Browser
    step: int = 0
    folder: str = "desk"
    windows: list[BrowserContext] = field(default_factory=list)

    def window(self, size: tuple[int, int]) -> Page:
        """Open a window without cookies."""
        context = self.chromium.new_context(viewport={"width": size[0], "height": size[1]}, locale="zh-CN", reduced_motion="reduce")
        self.windows.append(context)
        return context.new_page()

    def picture(self, page: Page, name: str) -> None:
        """Keep a picture of the page."""
        self.step += 1
        page.screenshot(path=ARTEFACTS / "story" / self.folder / f"{self.step:02}-{name}.png", full_page=True)


Application = Callable[..., Iterable[bytes]]


@pytest.fixture
def applications(services: Services, ports: Ports, monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, Application]]:
    """Return both examples with their ports, each as a client of its own."""
    monkeypatch.setenv("GOVCLOUD_ISSUER", ports.platform_url)
    made: list[tuple[int, Application]] = []
    for code, module, port in (("housing", housing, ports.housing), ("assistance", assistance, ports.assistance)):
        url = ports.example_urls[code]
        client = NewClient(code, f"{code}-story", code, (f"{url}govcloud/callback",), (url,))
        credentials = services.subsystems.register_client(SEED, client)
        monkeypatch.setenv("GOVCLOUD_CLIENT_ID", credentials.client_id)
        monkeypatch.setenv("GOVCLOUD_CLIENT_SECRET", credentials.secret or "")
        made.append((port, module.create_app()))
    return made


@pytest.fixture
def town(app: Flask, world: World, ports: Ports, chromium: Browser, applications: list[tuple[int, Application]]) -> Iterator[Town]:
    """Serve the platform and both examples."""
    served: list[tuple[int, Application]] = [(ports.platform, app), *applications]
    with ExitStack() as running:
        for port, application in served:
            server = ThreadedWSGIServer("127.0.0.1", port, application)
            server.daemon_threads = False  # closing waits for the last answers, so that none is left with a connection of the test
            thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
            thread.start()
            running.callback(server.server_close)
            running.callback(thread.join)
            running.callback(server.shutdown)
        town = Town(ports, chromium)
        yield town
        for context in town.windows:
            context.close()


def _sign_in(page: Page, login: str) -> None:
    page.fill("#login", login)
    page.fill("#password", PASSWORD)
    page.press("#password", "Enter")


@pytest.mark.parametrize(("folder", "size"), [("desk", DESK), ("phone", PHONE)])
def test_the_story(town: Town, folder: str, size: tuple[int, int]) -> None:  # noqa: PLR0915 - one story, read from top to bottom
    town.folder = folder
    wang, li = town.window(size), town.window(size)

    # She signs in once and opens two subsystems of different departments.
    wang.goto(town.ports.example_urls["assistance"])
    town.picture(wang, "sign-in")
    _sign_in(wang, "WANGFANG")
    expect(wang.get_by_role("heading", level=1)).to_have_text("救助案件")
    town.picture(wang, "assistance")
    wang.goto(town.ports.example_urls["housing"])
    expect(wang.get_by_role("heading", level=1)).to_have_text("业务办理")
    town.picture(wang, "housing")

    # One function belongs to the housing department: the refusal says what to do, and opens the request.
    wang.click("#open-register")
    expect(wang.get_by_role("heading", level=1)).to_contain_text("权限")
    town.picture(wang, "refused")
    wang.click("#request-access")
    wang.fill("#reason", "办理公租房申请，需核对申请家庭的住房情况。")
    wang.fill("#case_number", "XH20261124001")
    wang.locator("input[name=days][value='10']").check(force=True)
    town.picture(wang, "request")
    wang.get_by_role("button", name="提交申请").click()
    expect(wang.locator("main")).to_contain_text("待审批")
    town.picture(wang, "submitted")

    # The senior administrator sees the evidence, narrows and approves.
    li.goto(f"{town.ports.platform_url}/inbox")
    _sign_in(li, "LIQIANG")
    town.picture(li, "inbox")
    li.locator("main a[href*='/inbox/']").first.click()
    expect(li.locator("main")).to_contain_text("王芳")
    town.picture(li, "decision")
    li.get_by_text("缩小范围或期限后同意").click()
    scope = li.locator("select[name=scope]")
    if scope.count():
        scope.select_option(label=next(text for text in scope.locator("option").all_inner_texts() if "西湖区" in text))
    li.fill("#days", "5")
    town.picture(li, "narrowing")
    li.get_by_role("button", name="缩小后同意").click()
    expect(li.locator("main")).to_contain_text("同意")
    town.picture(li, "approved")

    # Without a new sign-in her next click works, for her county only.
    wang.goto(f"{town.ports.example_urls['housing']}register")
    rows = wang.locator("tbody tr")
    expect(rows.first).to_be_visible()
    divisions = {str(row.get_attribute("data-division")) for row in rows.all()}
    assert divisions
    assert all(code.startswith(XIHU) for code in divisions)
    town.picture(wang, "register")

    # Revoked: her next click is refused.
    li.goto(f"{town.ports.platform_url}/grants")
    town.picture(li, "grants")
    li.locator("main a[href*='/revoke']").first.click()
    li.fill("#reason", "办件已结束，收回权限。")
    town.picture(li, "revoking")
    li.locator("main form button").first.click()
    expect(li.locator("main")).to_contain_text("撤销")
    wang.reload()
    expect(wang.locator("#title")).to_contain_text("权限")
    expect(wang.locator("main")).to_contain_text("撤销")
    town.picture(wang, "refused-again")
