"""As many sessions as the rules allow: at every step one is told why no further one opens, and what was right is no failure."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.entrypoints.portal.test_second_factor import NEW, NewVisitor, demand, password, secret_on
from tests.factories.browsing import said
from tests.factories.factors import STEP, code_of, enrolled, opened
from tests.factories.world import World

WHY = "您已有 1 个登录会话，达到上限。"
REMEDY = "请先在其他设备上退出登录"


@pytest.fixture
def full(services: Services, world: World) -> Callable[..., None]:
    """Return what lets the rules allow one session, which is open elsewhere, and end none for another."""

    def fill(**rules: object) -> None:
        opened(services)
        demand(services, world, sessions_at_once=1, when_exceeded="refuse", **rules)

    return fill


def sessions(services: Services, world: World) -> int:
    return len(services.signon.sessions_of(world.wang.official_id))


def test_by_password_alone(visitor: NewVisitor, services: Services, world: World, full: Callable[..., None]) -> None:
    full()
    somebody = visitor()
    for _ in range(7):  # more often than a wrong password may be typed
        answer = password(somebody)
        assert answer.status_code == 403
        assert WHY in said(answer)
        assert REMEDY in said(answer)
    assert somebody.client.get_cookie("govcloud_session") is None
    assert sessions(services, world) == 1
    failures = [item for item in services.audit_queries.by_subject(f"official:{world.wang.official_id}") if item.name.endswith("failed")]
    assert {item.data["reason"] for item in failures} == {"too_many_sessions"}
    services.signon.end_sessions_of(world.system_admin.actor(), [world.wang.official_id], "设备遗失")
    assert password(somebody).status_code == 303


def test_with_a_second_factor(visitor: NewVisitor, services: Services, world: World, clock: ManualClock, full: Callable[..., None]) -> None:
    phone = enrolled(services, clock)
    for one in services.signon.sessions_of(world.wang.official_id):
        services.signon.sign_out(world.wang.actor(), one.session_id)
    first = visitor()
    password(first)
    demand(services, world, sessions_at_once=1, when_exceeded="refuse")
    assert first.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()}).status_code == 303
    somebody = visitor()
    assert password(somebody).location == "/sign-in/second-factor?next=/requests"  # nothing is told before all is proven
    for _ in range(7):  # more often than a wrong code may be typed
        clock.advance(STEP)
        answer = somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": "/requests"})
        assert answer.status_code == 403
        assert WHY in said(answer)
    first.post("/sign-out", page="/account")
    clock.advance(STEP)
    assert somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": "/requests"}).location == "/requests"


def test_setting_up_an_app_on_the_way_in(
    visitor: NewVisitor, services: Services, world: World, clock: ManualClock, full: Callable[..., None]
) -> None:
    full(second_factor="everybody")
    somebody = visitor()
    assert password(somebody).location == "/sign-in/set-up?next=/requests"
    secret = secret_on(somebody.get("/sign-in/set-up").text)
    done = somebody.post("/sign-in/set-up", {"code": code_of(secret, clock), "next": "/requests"})
    assert done.status_code == 200
    assert done.text.count("<code>") == 10  # they count from now on, so they are shown
    assert 'href="/sign-in?next=/requests"' in done.text
    assert WHY in said(done) + said(somebody.get("/sign-in?next=/requests"))
    assert somebody.client.get_cookie("govcloud_session") is None
    assert sessions(services, world) == 1
    # The app is set up all the same.
    assert password(somebody).location == "/sign-in/second-factor?next=/requests"


def test_a_new_password_on_the_way_in_ends_what_the_old_one_opened(
    visitor: NewVisitor, services: Services, world: World, clock: ManualClock, full: Callable[..., None]
) -> None:
    clock.advance(timedelta(days=91))
    full(password_most_days=90)
    somebody = visitor()
    assert password(somebody).location == "/sign-in/new-password?next=/requests"
    assert somebody.post("/sign-in/new-password", {"new": NEW, "again": NEW, "next": "/requests"}).location == "/requests"
    assert sessions(services, world) == 1
