"""职责分离 in Chromium: the console's pages, a blocked request and a card with rules, on a desk and a phone, in both languages."""

from __future__ import annotations

import pytest

from govcloud.kernel.actor import Actor
from govcloud.services import Services
from tests.browser.conftest import DESK, PHONE, Site
from tests.browser.looking import complaints, faults
from tests.browser.test_onboarding import enter
from tests.factories.apart import ACCEPT, CASES, REGISTER, excepted, in_force, new_rule
from tests.factories.requests import ask
from tests.factories.world import give_password

pytestmark = [pytest.mark.browser, pytest.mark.clients, pytest.mark.timeout(300)]


@pytest.fixture
def apart(site: Site, services: Services) -> dict[str, tuple[str, str]]:
    """Make rules, a draft, an exception, a violation, a blocked line and one that an exception lifts; return pages and who opens them."""
    world = site.world
    give_password(services, world.people["WUXIAOYAN"])
    sun = world.people["SUNLI"]
    done = services.access.approve(world.li.actor(), ask(services, world, sun, case_number="XH-2026-0300").line_id, 1)
    in_force(services, world, "accept-and-check", REGISTER, ACCEPT, name="受理与核对分离")
    in_force(services, world, "read-one", REGISTER, CASES, name="两类档案择一查阅")
    in_force(services, world, "guide-and-register", REGISTER, "housing:guide:read", name="指南与登记分离")
    services.apart.look_for_violations(Actor.system("jobs"))
    draft_id = services.apart.propose_rule(Actor.system("operator"), new_rule("four-eyes", (), kind="per_case", name="经办不复核"))
    blocked = ask(services, world)
    other = ask(services, world, world.people["SHANXUEMEI"], days=5)
    for code in ("accept-and-check", "read-one", "guide-and-register"):
        excepted(services, world, world.people["SHANXUEMEI"], code)
    [rule, *_rest] = services.authorization_queries.apart.rules()
    [exception, *_others] = services.authorization_queries.apart.exceptions()
    return {
        "rules": ("WUXIAOYAN", "/console/sod_rules/"),
        "rule": ("WUXIAOYAN", f"/console/sod_rules/details/?id={rule.id}"),
        "propose": ("WUXIAOYAN", "/console/sod_rules/new/"),
        "drafts": ("WUXIAOYAN", "/console/sod_drafts/"),
        "approve": ("WUXIAOYAN", f"/console/sod_drafts/command/approve/{draft_id}"),
        "exceptions": ("WUXIAOYAN", "/console/sod_exceptions/"),
        "give": ("WUXIAOYAN", "/console/sod_exceptions/new/"),
        "take-back": ("WUXIAOYAN", f"/console/sod_exceptions/command/end/{exception.id}"),
        "violations": ("WUXIAOYAN", "/console/sod_violations/"),
        "blocked": ("WANGFANG", f"/requests/{blocked.request_id}"),
        "lifted": ("LIQIANG", f"/inbox/{other.line_id}"),
        "decided": ("LIQIANG", f"/inbox/{done.line_id}"),
    }


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_pages_are_in_order(site: Site, apart: dict[str, tuple[str, str]], size: tuple[int, int], language: str) -> None:
    found: list[tuple[str, str]] = []
    for login in ("WUXIAOYAN", "WANGFANG", "LIQIANG"):
        window = site.window(size, language=language)
        page = enter(window, login)
        said = complaints(page)
        for name, (who, address) in apart.items():
            if who == login:
                page.goto(address)
                found += faults(page, f"apart-{name}-{size[0]}-{language}")
        assert said == []
        window.close()
    assert found == []
