"""The integration level stands wherever a subsystem, a function, a grant or an item does: what a grant means there hangs on it."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import pytest

from tests.factories.browsing import Visitor, said, signed_in
from tests.factories.requests import granted
from tests.factories.subsystems import crew

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.factories.world import World

Enter = Callable[[str], Visitor]
DOOR, ROWS = "L0 入口控制", "L3 行级过滤"
REGISTER, GUIDE = "housing:register:read", "housing:guide:read"


@pytest.fixture
def become(app: Flask, services: Services, world: World) -> Enter:
    """Return the way to become somebody of the small province."""
    crew(services, world)
    return lambda login: signed_in(app, services, login)


def test_what_the_search_finds(become: Enter) -> None:
    wang = become("WANGFANG")
    panel = wang.get("/search?q=住房&part=1").text
    links = re.findall(r"<a [^>]*>(.*?)</a>", panel, re.DOTALL)
    assert len(links) == 3, panel  # the subsystem and two items of it
    assert all(ROWS in link for link in links)
    page = wang.get("/search?q=住房").text
    found = re.findall(r'<li(?: class="item")?>(.*?)</li>', page.partition('id="main"')[2], re.DOTALL)
    # The subsystem stands among what can be opened, and among what can be asked for.
    assert len(found) == 4
    assert all(ROWS in one for one in found)


def test_what_one_holds(become: Enter) -> None:
    text = said(become("WANGFANG").get("/access"))
    for level in (DOOR, ROWS):
        assert f"民政救助业务系统 {level}" in text


def test_a_persons_page_in_the_console(become: Enter, services: Services, world: World) -> None:
    granted(services, world)
    address = f"/console/officials/details/?id={world.wang.official_id}"
    text = said(become("WUXIAOYAN").get(address))
    held = text.partition("直接授予的角色与临时权限")[2]
    assert f"查询住房登记信息 {ROWS} —" in held
    for level in (DOOR, ROWS):
        assert f"民政救助业务系统 {level}" in text
    access = said(become("WUXIAOYAN").get("/console/access/?code=WANGFANG"))
    for level in (DOOR, ROWS):
        assert f"民政救助业务系统 {level}" in access


def test_the_items_of_a_matter(become: Enter, world: World) -> None:
    text = said(become("ZHAOMIN").get(f"/console/matters/details/?id={world.matter_id}"))
    assert f"{REGISTER} {ROWS}" in text


@pytest.mark.parametrize(("function", "level"), [(REGISTER, ROWS), (GUIDE, DOOR)])
def test_who_can_use_a_function(become: Enter, function: str, level: str) -> None:
    assert f"{function} {level}" in said(become("WUXIAOYAN").get(f"/console/who_can/?{urlencode({'function': function})}"))


def test_the_functions_to_choose_from(become: Enter) -> None:
    text = said(become("WUXIAOYAN").get("/console/who_can/?function=住房"))
    assert f"查询住房登记信息 {ROWS}" in text
    assert f"进入住房保障管理系统 {DOOR}" in text


def test_the_refusal_at_a_door(become: Enter) -> None:
    asked = {
        "client_id": "assistance-web",
        "redirect_uri": "http://127.0.0.1:8002/oidc/callback",
        "response_type": "code",
        "scope": "openid",
        "code_challenge": "x" * 43,
        "code_challenge_method": "S256",
    }
    refused = become("ZHENGGUOHUA").get("/oidc/authorize", query_string=asked)
    assert refused.status_code == 403
    assert f"接入级别 {ROWS}" in said(refused)
