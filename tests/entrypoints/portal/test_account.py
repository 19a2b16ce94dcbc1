"""One's own account: masked profile, sessions, password."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from govcloud.identity.working_life.orders import Duty, Order
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.subsystems.protocols import OidcSettings
from tests.factories.browsing import Visitor, said
from tests.factories.receiving import a_client, enter
from tests.factories.world import PASSWORD, SEED, World

NEW = "Yuhang-2026-river"


def test_personal_numbers_are_masked_and_the_page_carries_a_watermark(wang: Visitor, world: World) -> None:
    page = wang.get("/account")
    assert "********" in page.text
    assert "****" in page.text
    assert "王芳 WANGFANG 2026-11-24 09:30" in page.text


def test_appointments_stand_on_a_time_line(wang: Visitor, services: Services, world: World, clock: ManualClock) -> None:
    ids, who = world.organisation.ids, world.wang.official_id
    clock.advance(timedelta(minutes=10))
    handed = services.clock.now() + timedelta(days=2)
    services.identity.transfer(SEED, who, Duty(ids["xihu_housing"], "综合岗"), Order("调动"), handover_days=2)
    services.identity.second(SEED, who, Duty(ids["data"], "专班成员", ends_at=handed + timedelta(days=60)), Order("借调", handed))
    page = wang.get("/account")
    line = said(page).partition("我的任职")[2].partition("计划中的变动")[0]
    order = [line.index(text) for text in ("浙江省数据局", "杭州市西湖区住房和城乡建设局", "杭州市西湖区民政局")]
    assert order == sorted(order)
    for text in ("借调", "计划中", "主职", "综合岗", "交接至 2026-11-26", "窗口受理员 · 科员", "2026-11-24 — 2026-11-26", "长期"):
        assert text in line, text
    assert page.text.count('<ol class="steps">') == 1
    clock.advance(timedelta(days=3))
    assert "已结束" in said(wang.sign_in("WANGFANG").get("/account")).partition("我的任职")[2]


@pytest.mark.parametrize(
    ("form", "sentence"),
    [
        ({"current": "", "new": "", "again": ""}, "当前密码：请填写。"),
        ({"current": PASSWORD, "new": NEW, "again": "other"}, "两次输入的新密码不一致"),
        ({"current": "wrong", "new": NEW, "again": NEW}, "当前密码：当前密码不正确。"),
        ({"current": PASSWORD, "new": "short", "again": "short"}, "新密码：密码应为"),
    ],
)
def test_a_wrong_password_form_says_what_to_mend(wang: Visitor, form: dict[str, str], sentence: str) -> None:
    answer = wang.post("/account/password", form, page="/account")
    assert answer.status_code == 422
    assert sentence in said(answer)
    assert NEW not in answer.text


def test_changing_the_password_ends_the_other_sessions(wang: Visitor, visitor: Callable[[], Visitor]) -> None:
    other = visitor().sign_in("WANGFANG")
    answer = wang.post("/account/password", {"current": PASSWORD, "new": NEW, "again": NEW}, page="/account")
    assert answer.status_code == 303
    assert "密码已修改" in said(wang.get("/account"))
    assert other.get("/").status_code == 302
    assert visitor().post("/sign-in", {"login": "WANGFANG", "password": PASSWORD}).status_code == 403
    assert visitor().post("/sign-in", {"login": "WANGFANG", "password": NEW}).status_code == 303


def test_a_session_can_be_ended_from_another(wang: Visitor, visitor: Callable[[], Visitor]) -> None:
    other = visitor().sign_in("WANGFANG")
    page = wang.get("/account").text
    ends = [part.split('"')[0] for part in page.split('action="/account/sessions/')[1:] if not part.startswith("end-others")]
    assert len(ends) == 2
    assert page.count("本次会话") == 1
    for end in ends:
        if wang.get("/").status_code == 200 and f"/account/sessions/{end}" in page:
            row = page.split(f'action="/account/sessions/{end}"')[0].rsplit("<tr>", 1)[1]
            if "本次会话" not in row:
                assert wang.post(f"/account/sessions/{end}", page="/account").status_code == 303
    assert other.get("/").status_code == 302
    assert wang.get("/").status_code == 200


def test_one_sees_where_one_is_signed_in_and_ends_all_others(wang: Visitor, visitor: Callable[[], Visitor], services: Services) -> None:
    assert "结束其他所有会话" not in said(wang.get("/account"))
    others = [visitor().sign_in("WANGFANG") for _ in range(2)]
    session = services.signon.sessions_of(services.identity_queries.official_by_code("WANGFANG").id)[0]  # type: ignore[union-attr]
    enter(services, session, a_client(services, "archive-web", OidcSettings()))
    page = said(wang.get("/account")).partition("我在哪里登录")[2]
    for text in ("住房保障管理系统", "已登录", "OIDC", "杭州市西湖区民政局 · 窗口受理员", "127.0.0.1"):
        assert text in page, text
    answer = wang.post("/account/sessions/end-others", page="/account")
    assert answer.status_code == 303
    assert "已结束另外 2 个会话" in said(wang.get("/account"))
    assert [other.get("/").status_code for other in others] == [302, 302]


def test_signing_out_shows_the_frames_that_only_the_browser_can_load(wang: Visitor, world: World, services: Services) -> None:
    front = OidcSettings(frontchannel_logout_uri="https://front.zj.example/bye")
    (session,) = services.signon.sessions_of(world.wang.official_id)
    sid = enter(services, session, a_client(services, "front-web", front))
    answer = wang.post("/sign-out", page="/account")
    assert answer.status_code == 200
    assert f'src="https://front.zj.example/bye?iss=http%3A%2F%2Flocalhost&amp;sid={sid}"' in answer.text
    assert answer.headers["Content-Security-Policy"].endswith("; frame-src https://front.zj.example")
    assert "govcloud_session=;" in answer.headers["Set-Cookie"]
    assert "frame-src" not in wang.get("/sign-in").headers["Content-Security-Policy"]
