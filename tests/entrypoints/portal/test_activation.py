"""The page 激活账号."""

from __future__ import annotations

from collections.abc import Callable

from govcloud.services import Services
from tests.factories.browsing import Visitor, alerts, said
from tests.factories.imports import OPERATOR
from tests.factories.world import World

NEW = "Qiantang-2026-tide"


def test_a_code_sets_the_password_and_leads_to_sign_in(visitor: Callable[[], Visitor], services: Services, world: World) -> None:
    [issued] = services.signon.issue_activation_codes(OPERATOR, [world.people["SUNLI"].official_id])
    page = visitor()
    assert "用激活码设置密码" in said(page.get("/sign-in"))
    form = {"login": "sunli", "code": issued.code, "new": NEW, "again": NEW}
    answer = page.post("/activate", form)
    assert (answer.status_code, answer.location) == (303, "/sign-in?login_hint=sunli")
    assert "账号已激活" in alerts(page.get("/sign-in"))
    assert page.post("/sign-in", {"login": "SUNLI", "password": NEW}).status_code == 303


def test_what_is_wrong_stands_beside_its_field_or_on_top(visitor: Callable[[], Visitor], world: World) -> None:
    page = visitor()
    empty = page.post("/activate", {})
    assert empty.status_code == 422
    assert "激活码：请填写。" in alerts(empty)
    form = {"login": "WANGFANG", "code": "AAAA-AAAA-AAAA", "new": NEW, "again": NEW}
    assert "两次输入的新密码不一致" in alerts(page.post("/activate", form | {"again": "x"}))
    assert "至少 3 类" in alerts(page.post("/activate", form | {"new": "a" * 12, "again": "a" * 12}))
    known, unknown = page.post("/activate", form), page.post("/activate", form | {"login": "NOBODY"})
    assert known.status_code == unknown.status_code == 403
    assert "工号或激活码不正确" in alerts(known)
    assert alerts(known) == alerts(unknown)
    assert NEW not in known.text
    for _ in range(5):
        last = page.post("/activate", form)
    assert last.status_code == 429
    assert int(last.headers["Retry-After"]) > 0
