"""What holds for every page: status, headers, language, form tokens, escaping, and how many queries it takes."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import unquote

import pytest

from govcloud.access.commands import Submitted
from tests.factories.browsing import Visitor, counted, said
from tests.factories.world import World

if TYPE_CHECKING:
    from flask import Flask

#: Page, who opens it, and the SQL statements that it takes. More than this is a regression; less is good news: lower the number.
PAGES = [
    ("/", "wang", 23),
    ("/search?q=住房", "wang", 50),
    ("/requests/new", "wang", 21),
    ("/requests/new?q=住房", "wang", 44),
    ("/requests/new?item={item}", "wang", 35),
    ("/requests", "wang", 28),
    ("/requests/{request}", "wang", 31),
    ("/access", "wang", 28),
    ("/account", "wang", 21),
    ("/appointment", "wang", 4),
    ("/inbox", "li", 37),
    ("/inbox?tab=decided", "li", 23),
    ("/inbox/{line}", "li", 79),
    ("/grants", "li", 31),
]
_INLINE = re.compile(r"<[^>]+\s(?:on\w+|style)=", re.IGNORECASE)


@pytest.fixture
def people(wang: Visitor, li: Visitor) -> dict[str, Visitor]:
    """Return the visitors by name."""
    return {"wang": wang, "li": li}


@pytest.fixture
def address_of(world: World, submitted: Submitted) -> Callable[[str], str]:
    """Return what fills in the ids of the small province."""
    ids = {
        "item": world.items["housing:register:read"],
        "request": submitted.request_id,
        "line": submitted.line_id,
        "matter": world.matter_id,
    }
    return lambda path: path.format(**ids)


@pytest.mark.parametrize(("path", "who", "most"), PAGES)
def test_page(people: dict[str, Visitor], address_of: Callable[[str], str], path: str, who: str, most: int) -> None:
    address = address_of(path)
    people[who].get(address)
    with counted() as statements:
        page = people[who].get(address)
    assert page.status_code == 200
    assert '<html lang="zh-CN">' in page.text
    assert not _INLINE.search(page.text)
    assert page.text.count("<h1") == 1
    assert all('name="csrf_token"' in form for form in re.findall(r'<form[^>]+method="post".*?</form>', page.text, re.DOTALL))
    assert len(statements) <= most, f"{len(statements)} statements:\n" + "\n".join(statements)


@pytest.mark.parametrize(("path", "who"), [(path, who) for path, who, _most in PAGES])
def test_page_in_english(people: dict[str, Visitor], address_of: Callable[[str], str], path: str, who: str) -> None:
    address, visitor = address_of(path), people[who]
    changed = visitor.post("/language", {"language": "en", "next": address}, page="/")
    assert (changed.status_code, unquote(changed.location)) == (303, address)
    page = visitor.get(address)
    assert '<html lang="en">' in page.text
    assert "My requests" in said(page) or path == "/appointment"
    # The language switch says 中文; data (names of people, departments, functions) stays as it is.
    assert "登录" not in re.sub(r"查询住房登记信息|住房登记", "", said(page))


@pytest.mark.parametrize("path", ["/", "/requests/new", "/sign-in", "/nowhere"])
def test_headers(wang: Visitor, path: str) -> None:
    page = wang.get(path + ("?next=/" if path == "/sign-in" else ""))
    policy = page.headers["Content-Security-Policy"]
    nonce = re.search(r"script-src 'self' 'nonce-([^']+)'", policy)
    assert nonce
    assert f'nonce="{nonce[1]}"' in page.text
    assert "unsafe" not in policy
    assert page.headers["Cache-Control"] == "no-store"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert page.headers["X-Request-ID"]


def test_nothing_on_a_page_comes_from_elsewhere(wang: Visitor) -> None:
    page = wang.get("/").text
    sources = re.findall(r'<(?:link|script|img|iframe)[^>]+(?:href|src)="([^"]+)"', page)
    assert sources
    # What a page waits for before it is painted is a part of itself.
    assert all(source.startswith(("/static/", "#")) for source in sources)


def test_assets_may_be_kept_and_change_their_address_with_their_content(wang: Visitor) -> None:
    address = re.search(r'href="(/static/govcloud\.css\?v=[0-9a-f]{12})"', wang.get("/").text)
    assert address
    with wang.get(address[1]) as sheet:
        assert sheet.mimetype == "text/css"
        assert "max-age=31536000" in sheet.headers["Cache-Control"]


@pytest.mark.parametrize(
    "path",
    ["/sign-in", "/sign-out", "/language", "/appointment", "/requests/new", "/account/password"],
)
def test_a_form_without_its_token_is_refused(wang: Visitor, path: str) -> None:
    answer = wang.client.post(path, data={"login": "WANGFANG"})
    assert answer.status_code == 400
    assert "表单已过期" in said(answer)


@pytest.mark.parametrize(
    ("method", "path", "status", "words"),
    [
        ("GET", "/nowhere", 404, "页面不存在"),
        ("GET", "/requests/not-an-id", 404, "页面不存在"),
        ("POST", "/requests", 405, "操作方式不支持"),
        ("GET", "/requests/00000000-0000-7000-8000-000000000000", 404, "找不到这个权限申请，或者您不能查看"),
    ],
)
def test_errors_are_pages(wang: Visitor, method: str, path: str, status: int, words: str) -> None:
    answer = wang.client.open(path, method=method, data={"csrf_token": wang.token("/")} if method == "POST" else None)
    assert answer.status_code == status
    text = said(answer)
    assert words in text
    assert "追踪号 " + answer.headers["X-Request-ID"] in text
    assert "回到工作台" in text


def test_a_body_that_is_too_large_is_refused(wang: Visitor, world: World) -> None:
    answer = wang.post("/requests/new", {"item": str(world.items["housing:register:read"]), "reason": "长" * 600_000})
    assert answer.status_code == 413
    assert "内容过大" in said(answer)


def test_a_defect_shows_nothing_of_the_inside(app: Flask, visitor: Callable[[], Visitor], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(app.config, "PROPAGATE_EXCEPTIONS", value=False)
    services = app.extensions["govcloud"]
    monkeypatch.setattr(services.subsystem_queries, "client_by_client_id", lambda _client_id: 1 / 0)
    answer = visitor().get("/sign-in?next=/oidc/authorize?client_id=housing-web")
    assert answer.status_code == 500
    assert "平台内部发生了未预料的错误" in said(answer)
    assert "ZeroDivisionError" not in answer.text


def test_the_language_comes_back_to_this_platform_only(visitor: Callable[[], Visitor]) -> None:
    somebody = visitor()
    answer = somebody.post("/language", {"language": "en", "next": "//evil.example"}, page="/sign-in")
    assert answer.location == "/"
    assert "Sign in" in said(somebody.get("/sign-in"))
    somebody.post("/language", {"language": "<script>"}, page="/sign-in")
    assert somebody.get("/sign-in").status_code == 200


def test_lists_say_what_to_do_when_they_are_empty(wang: Visitor, li: Visitor) -> None:
    assert "您还没有提交过申请" in said(wang.get("/requests"))
    assert "没有有效的临时权限" in said(wang.get("/access"))
    assert "没有等您审批的申请" in said(li.get("/inbox"))
    assert "目前没有有效的临时权限" in said(li.get("/grants"))
