"""The pages of a grant's life in Chromium, on a desk and on a phone; and an extension from my access, clicked through."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.sync_playwright import Axe

from govcloud.access.ending.targets import Kind
from tests.browser.conftest import ARTEFACTS, DESK, PHONE, Site
from tests.factories.joint import CASES, approve, ask_jointly, many_grants
from tests.factories.requests import REGISTER, granted
from tests.factories.world import World

if TYPE_CHECKING:
    from govcloud.services import Services

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(240)]

_OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
_SERIOUS = {"serious", "critical"}


def lived(services: Services, world: World) -> dict[str, tuple[str, str]]:
    """Let things happen, and return whose pages show them, by name."""
    lines = ask_jointly(services, world)
    approve(services, world, REGISTER, lines[REGISTER])
    approve(services, world, CASES, lines[CASES])
    first = services.authorization_queries.grant_of_line(lines[REGISTER])
    other = services.authorization_queries.grant_of_line(lines[CASES])
    assert first is not None
    assert other is not None
    services.grant_life.extend(world.wang.actor(), first.id, 3, "案件尚未办结，需再核对住房情况")
    ended = many_grants(services, world, [world.wang.official_id], 1)[0]
    services.access.revoke(world.li.actor(), ended, "核查")
    resting = many_grants(services, world, [world.people["SUNLI"].official_id], 3)[0]
    services.grant_life.suspend(world.li.actor(), resting, "核查")
    waiting = ask_jointly(services, world, functions=(CASES,), days=6)
    assert waiting
    request = services.access_queries.my_requests(world.wang.official_id).entries[0]
    seen = services.ending.preview(world.li.actor(), Kind.PERSON, str(world.people["SUNLI"].official_id))
    order = services.ending.order(world.li.actor(), Kind.PERSON, seen.target, "核查结束", confirmed=seen.grants, seen_at=seen.seen_at)
    return {
        "access": ("WANGFANG", "/access"),
        "extend": ("WANGFANG", f"/access/{other.id}/extend"),
        "request-whole": ("WANGFANG", f"/requests/{request.id}"),
        "grants": ("LIQIANG", "/grants"),
        "suspend": ("LIQIANG", f"/grants/{first.id}/suspend"),
        "revoke-many": ("LIQIANG", "/grants/many?kind=subsystem&target=住房"),
        "revoke-preview": ("LIQIANG", "/grants/many?kind=subsystem&target=housing"),
        "revocation": ("LIQIANG", f"/grants/many/{order.id}"),
        "report-time": ("LIQIANG", "/reports"),
        "report-held": ("LIQIANG", "/reports?report=held"),
        "report-expiring": ("LIQIANG", "/reports?report=expiring"),
    }


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_fit_and_are_accessible(site: Site, services: Services, world: World, size: tuple[int, int]) -> None:
    ARTEFACTS.mkdir(exist_ok=True)
    axe, wide, found = Axe(), [], []
    pages = {login: site.sign_in(site.window(size), login) for login in ("WANGFANG", "LIQIANG")}
    for name, (login, address) in lived(services, world).items():
        page = pages[login]
        page.goto(address)
        if page.evaluate(_OVERFLOW) > 0:
            wide.append(name)
        found += [
            (name, violation["id"], [node["target"] for node in violation["nodes"]])
            for violation in axe.run(page).response["violations"]
            if violation["impact"] in _SERIOUS
        ]
        page.screenshot(path=ARTEFACTS / f"portal-life-{name}-{size[0]}.png", full_page=True)
    for page in pages.values():
        page.context.close()
    assert not wide
    assert not found


def test_an_extension_in_three_clicks(site: Site, services: Services, world: World) -> None:
    """Without a script, from my access: extend, say why, send."""
    granted(services, world, days=2)
    window = site.window(PHONE, scripts=False)
    page = site.sign_in(window, "WANGFANG")
    page.goto("/access")
    page.click("text=续期 >> nth=0")
    page.fill("#reason", "尚未办结")
    page.click("text=提交续期申请")
    assert "已提交续期申请" in page.inner_text("main")
    window.close()
