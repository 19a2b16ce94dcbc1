"""Signing in and out: what is refused, in which words, and where one ends up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from urllib.parse import quote

import pytest

from govcloud.kernel.clock import ManualClock
from tests.factories.browsing import Visitor, said
from tests.factories.world import PASSWORD, World

NewVisitor = Callable[[], Visitor]


def test_a_page_behind_sign_in_sends_there_and_back(visitor: NewVisitor) -> None:
    somebody = visitor()
    sent = somebody.get("/requests?after=1")
    assert sent.status_code == 302
    assert sent.location == "/sign-in?next=/requests?after%3D1"
    answer = somebody.post("/sign-in", {"login": "wangfang ", "password": PASSWORD, "next": "/requests"})
    assert (answer.status_code, answer.location) == (303, "/requests")
    assert somebody.get("/requests").status_code == 200


@pytest.mark.parametrize(("login", "password"), [("WANGFANG", "wrong"), ("NOBODY", PASSWORD), ("' OR 1=1 --", "x")])
def test_wrong_account_and_wrong_password_read_the_same(visitor: NewVisitor, login: str, password: str) -> None:
    answer = visitor().post("/sign-in", {"login": login, "password": password})
    assert answer.status_code == 403
    assert "账号或密码不正确。" in said(answer)
    assert "连续 5 次不正确将锁定 30 分钟" in said(answer)
    assert not any("govcloud_session" in cookie for cookie in answer.headers.getlist("Set-Cookie"))


def test_empty_fields_are_named_one_by_one(visitor: NewVisitor) -> None:
    answer = visitor().post("/sign-in", {"login": " ", "password": ""})
    assert answer.status_code == 422
    assert "请填写工号。" in said(answer)
    assert "请填写密码。" in said(answer)


def test_after_five_failures_the_page_says_when_to_come_back(visitor: NewVisitor, clock: ManualClock) -> None:
    somebody = visitor()
    for _ in range(5):
        somebody.post("/sign-in", {"login": "WANGFANG", "password": "wrong"})
    locked = somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD})
    assert locked.status_code == 429
    assert int(locked.headers["Retry-After"]) > 0
    assert "登录已暂时锁定" in said(locked)
    clock.advance(timedelta(minutes=31))
    assert somebody.post("/sign-in", {"login": "WANGFANG", "password": PASSWORD}).status_code == 303


def test_what_was_typed_comes_back_as_text(visitor: NewVisitor) -> None:
    answer = visitor().post("/sign-in", {"login": '"><script>alert(1)</script>', "password": "x"})
    assert "<script>alert" not in answer.text
    assert "&lt;script&gt;alert(1)" in answer.text


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example", "/\\evil.example", "/\t/evil.example", "javascript:alert(1)", "requests", "/" + "a" * 9000],
)
def test_one_never_ends_up_elsewhere(visitor: NewVisitor, target: str) -> None:
    answer = visitor().post("/sign-in", {"login": "WANGFANG", "password": PASSWORD, "next": target})
    assert (answer.status_code, answer.location) == (303, "/")


def test_the_form_may_end_at_the_clients_registered_origin_only(visitor: NewVisitor) -> None:
    way = "/oidc/authorize?client_id=housing-web&redirect_uri=https://evil.example/cb"
    page = visitor().get(f"/sign-in?next={quote(way, safe='')}")
    policy = page.headers["Content-Security-Policy"]
    assert "form-action 'self' http://127.0.0.1:8001" in policy
    assert "evil.example" not in policy
    assert "住房保障管理系统" in said(page)
    assert "form-action 'self';" in visitor().get("/sign-in").headers["Content-Security-Policy"] + ";"


def test_signing_out_ends_the_session(visitor: NewVisitor) -> None:
    somebody = visitor().sign_in("WANGFANG")
    stolen = somebody.client.get_cookie("govcloud_session")
    assert stolen is not None
    answer = somebody.post("/sign-out", page="/")
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    assert "已退出登录" in said(somebody.get("/sign-in"))
    thief = visitor()
    thief.client.set_cookie("govcloud_session", stolen.value)
    assert thief.get("/").status_code == 302


def test_the_form_token_changes_at_sign_in(visitor: NewVisitor) -> None:
    somebody = visitor()
    before = somebody.token("/sign-in")
    somebody.sign_in("WANGFANG")
    refused = somebody.client.post("/sign-out", data={"csrf_token": before})
    assert refused.status_code == 400


def test_somebody_signed_in_who_strays_to_sign_in_goes_on(wang: Visitor, world: World) -> None:
    assert wang.get("/sign-in").location == "/"
    assert wang.get("/sign-in?next=/requests").status_code == 200
