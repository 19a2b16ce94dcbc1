"""Sessions, sign-out notices and the rules of sign-on in Chromium, on a desk and a phone, in both languages."""

from __future__ import annotations

import contextvars
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from uuid import UUID

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.protocols import CasSettings, OidcSettings
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.browser.test_people_pages import sign_in
from tests.factories.receiving import JOBS, Listener, a_client, enter, enter_by_cas, listening, told_at
from tests.factories.requests import granted
from tests.factories.world import PASSWORD, give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_AGENT = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/130.0 Safari/537.36"


@pytest.fixture
def listener() -> Iterator[Listener]:
    with listening() as found:
        yield found


@pytest.fixture
def busy(site: Site, services: Services, listener: Listener, clock: ManualClock) -> UUID:
    """Let 王芳 be signed in twice, in subsystems of every kind, and let some notices have failed; return her."""
    world = site.world
    for person in (world.people["SUNLI"], world.system_admin, world.security_admin):
        give_password(services, person)
    good = a_client(services, "archive-web", told_at(listener, "/archive"))
    bad = a_client(services, "ledger-web", told_at(listener, "/ledger"), "assistance")
    old = a_client(services, "old-web", CasSettings())
    front = a_client(services, "front-web", OidcSettings(frontchannel_logout_uri=f"{listener.base}/front"))
    listener.statuses["/ledger"] = 503
    sessions = []
    for _ in range(3):
        signed = services.signon.sign_in("WANGFANG", PASSWORD, "10.33.7.21", _AGENT)
        session = services.signon.current(signed.token)
        assert session is not None
        for client in (good, bad, front):
            enter(services, session, client)
        enter_by_cas(services, session, old, "https://old.zj.example/")
        sessions.append(session.session_id)
    services.logout.end_sessions(world.system_admin.actor(), world.wang.official_id, "设备遗失", session_id=sessions[0])
    clock.advance(timedelta(seconds=2))
    deliver(services)
    return world.wang.official_id


def deliver(services: Services) -> None:
    """Let the jobs deliver, in a thread of their own as in service: Chromium's event loop bars any other in this one."""
    context = contextvars.copy_context()
    with ThreadPoolExecutor(1) as pool:
        pool.submit(context.run, services.delivery.deliver_due, JOBS).result()


def faults(page: Page, name: str) -> list[tuple[str, str]]:
    """Return what is wrong with a page as it stands, and keep its picture."""
    page.wait_for_load_state("networkidle")
    page.screenshot(path=ARTEFACTS / f"sessions-{name}.png", full_page=True)
    found = [(name, "wider than the window")] if page.evaluate(_OVERFLOW) > 0 else []
    violations = Axe().run(page).response["violations"]
    return [*found, *((name, rule["id"]) for rule in violations if rule["impact"] in {"serious", "critical"})]


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_every_page_on_a_desk_and_a_phone(site: Site, services: Services, busy: UUID, size: tuple[int, int], language: str) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    at = f"{language}-{size[0]}"
    with site.window(size, language=language) as window:
        page = sign_in(window, "WANGFANG")
        page.goto("/account")
        found = faults(page, f"account-{at}")
    with site.window(size, language=language) as window:
        page = sign_in(window, "SUNLI")
        page.goto(f"/console/officials/details/?id={busy}")
        found += faults(page, f"person-{at}")
        page.goto("/console/sessions/")
        found += faults(page, f"list-{at}")
        page.locator("a[href*='command/end_all']").first.click()
        page.wait_for_selector("#confirm")
        found += faults(page, f"end-{at}")
        page.fill("#reason", "设备遗失，按规定办理")
        page.click("#confirm")
        page.wait_for_selector(".toast, .note-success, [role=status]")
    deliver(services)
    with site.window(size, language=language) as window:
        page = sign_in(window, site.world.system_admin.login)
        page.goto("/console/logouts/")
        found += faults(page, f"deliveries-{at}")
        page.goto("/console/logouts/client/?client=ledger-web")
        found += faults(page, f"client-{at}")
    with site.window(size, language=language) as window:
        page = sign_in(window, site.world.security_admin.login)
        page.goto("/console/signon/")
        page.fill("#session_idle_minutes", "0")
        page.fill("#reason", "一人一处，按规定办理")
        page.locator("button.button-primary").last.click()
        page.wait_for_selector("#error-summary")
        found += faults(page, f"wrong-{at}")
        page.fill("#session_idle_minutes", "20")
        page.fill("#sessions_at_once", "1")
        page.locator("button.button-primary").last.click()
        page.wait_for_selector("[name=confirmed]")
        found += faults(page, f"preview-{at}")
        page.click("[name=confirmed]")
        page.wait_for_selector("#history")
        found += faults(page, f"rules-{at}")
    assert found == []


def test_the_page_after_a_sign_out_loads_the_frames_and_goes_on(site: Site, services: Services, listener: Listener) -> None:
    front = a_client(services, "front-web", OidcSettings(frontchannel_logout_uri=f"{listener.base}/front"))
    asked: list[str] = []
    with site.window() as window:
        page = site.sign_in(window, "WANGFANG")
        (session,) = services.signon.sessions_of(site.world.wang.official_id)
        sid = enter(services, session, front)
        page.on("request", lambda request: asked.append(request.url))
        page.locator("form[action='/sign-out'] button").first.evaluate("button => button.form.requestSubmit(button)")
        page.wait_for_selector("iframe", state="attached")
        page.wait_for_load_state("networkidle")
        page.screenshot(path=ARTEFACTS / "sessions-signed-out.png")
    assert [url for url in asked if url.startswith(f"{listener.base}/front")] != []
    assert any(f"sid={sid}" in url for url in asked)


def test_a_receipt_shows_how_a_grant_was_taken_back(site: Site, services: Services, listener: Listener) -> None:
    world = site.world
    grant = granted(services, world)
    services.access.revoke(world.li.actor(), grant, "不再需要")
    line = services.access_queries.my_access(world.wang.official_id)[0].grant.line_id
    with site.window() as window:
        page = sign_in(window, world.li.login)
        page.goto(f"/inbox/{line}")
        assert "无须通知" in page.inner_text("main")
        page.screenshot(path=ARTEFACTS / "sessions-receipt.png", full_page=True)
