"""The second factor at the wire: signing in by steps, setting up, step-up with the form kept, and what each page says."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from html import unescape
from typing import TYPE_CHECKING

import pytest

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.browsing import Visitor, said
from tests.factories.factors import STEP, Phone, code_of, enrolled
from tests.factories.world import PASSWORD, World, give_password

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

NewVisitor = Callable[[], Visitor]
NEW = "Yuhang-2026-river"
_CODES = re.compile(r"<code>([A-Z0-9]{5}-[A-Z0-9]{5})</code>")


@pytest.fixture
def phone(services: Services, world: World, clock: ManualClock) -> Phone:
    """Return 王芳's phone."""
    return enrolled(services, clock)


def demand(services: Services, world: World, **rules: object) -> None:
    services.signon_policies.set(world.security_admin.actor(), rules or {"second_factor": "everybody"}, "等保三级")


def password(somebody: Visitor, target: str = "/requests", login: str = "WANGFANG") -> TestResponse:
    """Take the first step."""
    return somebody.post("/sign-in", {"login": login, "password": PASSWORD, "next": target})


def fields(page: str) -> dict[str, str]:
    """Return the hidden fields of a page's own form."""
    found = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)"', page.partition('id="main"')[2])
    return {name: unescape(value) for name, value in found if name != "csrf_token"}


def secret_on(page: str) -> str:
    """Return the secret that a page shows to be typed by hand."""
    found = re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page)
    assert found
    return found[1].replace(" ", "")


def test_the_password_leads_to_the_second_step_and_the_code_where_one_wanted_to_go(visitor: NewVisitor, phone: Phone) -> None:
    somebody = visitor()
    first = password(somebody)
    assert (first.status_code, first.location) == (303, "/sign-in/second-factor?next=/requests")
    assert somebody.get("/requests").status_code == 302  # nothing is open yet
    assert somebody.get("/api/v1/me").status_code == 401
    page = somebody.get(first.location)
    assert "第二步验证" in said(page)
    second = somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code(), "next": "/requests"})
    assert (second.status_code, second.location) == (303, "/requests")
    assert somebody.get("/requests").status_code == 200
    assert somebody.client.get_cookie("govcloud_steps") is None


def test_a_wrong_code_says_what_to_do_and_five_of_them_when_to_come_back(visitor: NewVisitor, phone: Phone, clock: ManualClock) -> None:
    somebody = visitor()
    password(somebody)
    for _ in range(5):
        answer = somebody.post("/sign-in/second-factor", {"with": "totp", "code": "000000"})
        assert answer.status_code == 403
        assert "动态口令或恢复码不正确" in said(answer)
    locked = somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) == 30 * 60


def test_a_recovery_code_takes_the_place_of_the_phone(visitor: NewVisitor, phone: Phone) -> None:
    somebody = visitor()
    password(somebody)
    other = somebody.post("/sign-in/second-factor", {"with": "totp", "switch": "recovery", "next": "/requests"})
    assert other.status_code == 200
    assert "恢复码" in said(other)
    assert fields(other.text) == {"next": "/requests", "with": "recovery"}
    answer = somebody.post("/sign-in/second-factor", {"with": "recovery", "code": phone.recovery[0], "next": "/requests"})
    assert (answer.status_code, answer.location) == (303, "/requests")
    assert "9 个" in said(somebody.get("/account"))


def test_steps_cannot_be_skipped_nor_taken_without_the_first(visitor: NewVisitor, phone: Phone) -> None:
    stranger = visitor()
    for path in ("/sign-in/second-factor", "/sign-in/set-up", "/sign-in/new-password"):
        assert stranger.get(f"{path}?next=/requests").location == "/sign-in?next=/requests"
    somebody = visitor()
    password(somebody)
    for path in ("/sign-in/set-up", "/sign-in/new-password"):
        assert somebody.get(path).location == "/sign-in/second-factor?next=/"
    token = somebody.token("/sign-in/second-factor")
    for path, form in (("/sign-in/set-up", {"code": "123456"}), ("/sign-in/new-password", {"new": NEW, "again": NEW})):
        answer = somebody.client.post(path, data={**form, "csrf_token": token})
        assert answer.location == "/sign-in/second-factor?next=/"
    assert somebody.get("/").status_code == 302


def test_a_sign_in_that_takes_too_long_begins_anew(visitor: NewVisitor, phone: Phone, clock: ManualClock) -> None:
    somebody = visitor()
    password(somebody)
    token = somebody.token("/sign-in/second-factor")
    clock.advance(timedelta(minutes=10))
    form = {"with": "totp", "code": phone.code(), "next": "/requests", "csrf_token": token}
    answer = somebody.client.post("/sign-in/second-factor", data=form)
    assert answer.location == "/sign-in?next=/requests"
    assert "登录步骤已过期" in said(somebody.get(answer.location))


def test_whoever_must_have_a_factor_sets_it_up_on_the_way_in(
    visitor: NewVisitor, services: Services, world: World, clock: ManualClock
) -> None:
    demand(services, world)
    somebody = visitor()
    first = password(somebody)
    assert first.location == "/sign-in/set-up?next=/requests"
    page = somebody.get(first.location)
    assert "<svg" in page.text
    secret = secret_on(page.text)
    assert secret_on(somebody.get(first.location).text) == secret
    assert somebody.get("/requests").status_code == 302
    wrong = somebody.post("/sign-in/set-up", {"code": "000000", "next": "/requests"})
    assert wrong.status_code == 422
    assert "动态口令不正确" in said(wrong)
    assert secret_on(wrong.text) == secret
    done = somebody.post("/sign-in/set-up", {"code": code_of(secret, clock), "next": "/requests"})
    assert done.status_code == 200
    assert len(set(_CODES.findall(done.text))) == 10
    assert 'href="/requests"' in done.text
    assert done.headers["Cache-Control"] == "no-store"
    assert somebody.get("/requests").status_code == 200


def test_an_old_password_is_changed_on_the_way_in(visitor: NewVisitor, services: Services, world: World, clock: ManualClock) -> None:
    demand(services, world, password_most_days=90)
    clock.advance(timedelta(days=91))
    somebody = visitor()
    first = password(somebody)
    assert first.location == "/sign-in/new-password?next=/requests"
    assert "90 天" in said(somebody.get(first.location))
    bad = somebody.post("/sign-in/new-password", {"new": "wangfang", "again": "wangfang", "next": "/requests"})
    assert bad.status_code == 422
    for rule in ("密码应为", "密码应包含", "密码不能包含账号"):  # all at once, above the field as well
        assert said(bad).count(rule) >= 3
    same = somebody.post("/sign-in/new-password", {"new": PASSWORD, "again": PASSWORD, "next": "/requests"})
    assert "最近 5 次" in said(same)
    done = somebody.post("/sign-in/new-password", {"new": NEW, "again": NEW, "next": "/requests"})
    assert (done.status_code, done.location) == (303, "/requests")


def test_setting_up_from_the_account_page(wang: Visitor, clock: ManualClock) -> None:
    assert "未绑定" in said(wang.get("/account"))
    secret = secret_on(wang.get("/account/second-factor").text)
    assert secret_on(wang.get("/account/second-factor").text) == secret
    before = wang.client.get_cookie("govcloud_session")
    done = wang.post("/account/second-factor", {"code": code_of(secret, clock)})
    after = wang.client.get_cookie("govcloud_session")
    assert before is not None
    assert after is not None
    assert before.value != after.value
    assert len(set(_CODES.findall(done.text))) == 10
    assert "已绑定" in said(wang.get("/account"))
    assert wang.get("/account/second-factor").status_code == 303


def test_a_code_or_secret_never_stands_in_an_address(wang: Visitor, clock: ManualClock) -> None:
    secret = secret_on(wang.get("/account/second-factor").text)
    form = {"code": code_of(secret, clock)}
    assert wang.get("/account/second-factor", query_string=form).status_code == 200  # read, not taken
    assert "未绑定" in said(wang.get("/account"))


def test_taking_it_away_asks_for_a_proof_first_and_goes_on_afterwards(visitor: NewVisitor, phone: Phone, clock: ManualClock) -> None:
    somebody = signed_in_with(visitor(), phone)
    clock.advance(timedelta(minutes=16))
    asked = somebody.post("/account/second-factor/remove", page="/account")
    assert asked.status_code == 403
    assert "再次核实身份" in said(asked)
    assert "内容已保留" in said(asked)
    kept = fields(asked.text)
    wrong = somebody.post("/step-up", {**kept, "code": "000000"}, page="/account")
    assert wrong.status_code == 403
    assert fields(wrong.text)["kept"] == kept["kept"]
    proven = somebody.post("/step-up", {**kept, "code": phone.code()}, page="/account")
    assert proven.status_code == 200
    assert 'action="/account/second-factor/remove"' in proven.text
    assert "还没有执行" in said(proven)
    assert "已绑定" in said(somebody.get("/account"))
    done = somebody.post("/account/second-factor/remove", page="/account")
    assert done.status_code == 303
    assert "未绑定" in said(somebody.get("/account"))


def test_a_sensitive_form_comes_back_filled_in(visitor: NewVisitor, services: Services, world: World, clock: ManualClock) -> None:
    demand(services, world, second_factor="privileged")
    phone = enrolled_on_the_way_in(visitor(), services, world, clock)
    somebody = visitor()
    password(somebody, login="SUNLI")
    somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    clock.advance(timedelta(minutes=16))
    page = f"/console/officials/unmask/phone/{world.wang.official_id}"
    asked = somebody.post(page, {"reason": "核对“联系方式” & 地址"})
    assert asked.status_code == 403
    proven = somebody.post("/step-up", {**fields(asked.text), "code": phone.code()}, page="/account")
    assert f'action="{page}"' in proven.text
    assert fields(proven.text) == {"reason": "核对“联系方式” & 地址"}
    shown = somebody.post(page, fields(proven.text))
    assert shown.status_code == 200
    assert "本次查看已记入审计" in said(shown)


def test_what_was_kept_opens_in_its_own_session_alone(visitor: NewVisitor, phone: Phone, services: Services, clock: ManualClock) -> None:
    """A form that somebody else prepared must not be sent on in one's name."""
    attacker_phone = enrolled(services, clock, "LIQIANG")
    attacker = visitor()
    password(attacker, login="LIQIANG")
    attacker.post("/sign-in/second-factor", {"with": "totp", "code": attacker_phone.code()})
    victim = signed_in_with(visitor(), phone)
    clock.advance(timedelta(minutes=16))
    prepared = fields(attacker.post("/account/second-factor/remove", page="/account").text)["kept"]
    for kept in (prepared, prepared[:-4], "AAAA", "é", "x" * 10_000):
        clock.advance(STEP)
        answer = victim.post("/step-up", {"kept": kept, "next": "/requests", "with": "totp", "code": phone.code()}, page="/account")
        assert (answer.status_code, answer.location) == (303, "/requests"), said(answer)


def test_step_up_leads_only_to_this_platform(visitor: NewVisitor, phone: Phone) -> None:
    somebody = signed_in_with(visitor(), phone)
    for target in ("https://evil.example/", "//evil.example", "/\\evil.example", "javascript:alert(1)"):
        assert f'value="{target}"' not in somebody.get("/step-up", query_string={"next": target}).text


def test_an_api_call_that_needs_a_proof_says_so(visitor: NewVisitor, services: Services, world: World, clock: ManualClock) -> None:
    demand(services, world, second_factor="privileged")
    phone = enrolled_on_the_way_in(visitor(), services, world, clock, "WUXIAOYAN")
    somebody = visitor()
    password(somebody, login="WUXIAOYAN")
    somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    clock.advance(timedelta(minutes=16))
    body = {"role_code": "counter_clerk", "label": "窗口", "criteria": {"positions": ["窗口受理员"]}, "reason": "岗位职责调整"}
    answer = somebody.client.post("/api/v1/duty-rules", json=body, headers={"X-CSRFToken": somebody.token("/account")})
    assert answer.status_code == 403, answer.text
    assert answer.json is not None
    assert answer.json["code"] == "step_up_required"


def signed_in_with(somebody: Visitor, phone: Phone) -> Visitor:
    """Sign 王芳 in with both factors."""
    password(somebody)
    answer = somebody.post("/sign-in/second-factor", {"with": "totp", "code": phone.code()})
    assert answer.status_code == 303, said(answer)
    phone.clock.advance(STEP)
    return somebody


def enrolled_on_the_way_in(somebody: Visitor, services: Services, world: World, clock: ManualClock, login: str = "SUNLI") -> Phone:
    """Let somebody who must have a factor set it up at sign-in."""
    give_password(services, world.people[login])
    password(somebody, login=login)
    secret = secret_on(somebody.get("/sign-in/set-up").text)
    somebody.post("/sign-in/set-up", {"code": code_of(secret, clock)})
    clock.advance(STEP)
    return Phone(secret, clock, ())
