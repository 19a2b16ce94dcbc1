"""What holds for every page of the console: nothing inline, few statements whatever the number of rows, search, paging, language."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from govcloud.authorization.commands import NewAssignment
from govcloud.identity.inputs import NewAppointment, NewOfficial
from tests.entrypoints.console.conftest import Rows
from tests.entrypoints.console.test_who_may import OPENED, RUN
from tests.factories.browsing import Visitor, counted, inline_code, said
from tests.factories.people import an_official, id_number
from tests.factories.requests import ask
from tests.factories.world import SEED, World

if TYPE_CHECKING:
    from govcloud.services import Services

#: The SQL statements that the index (``""``) and each list take. More is a regression; less is good news: lower the number.
STATEMENTS = {
    "ZHOUJIANJUN": {
        "": 21,
        "access": 21,
        "activation": 24,
        "clients": 23,
        "departments": 45,
        "imports": 28,
        "keys": 23,
        "officials": 27,
        "outbox": 22,
        "planned": 25,
        "power_items": 28,
        "service_items": 28,
        "logouts": 22,
        "matters": 28,
        "sessions": 25,
        "subsystems": 27,
    },
    "WUXIAOYAN": {
        "": 21,
        "access": 21,
        "assignments": 24,
        "ceilings": 30,
        "clients": 23,
        "clocks": 23,
        "duties": 24,
        "grants": 27,
        "keys": 23,
        "officials": 27,
        "playground": 24,
        "policies": 23,
        "policy_drafts": 29,
        "requests": 25,
        "roles": 22,
        "logouts": 22,
        "sessions": 25,
        "signon": 23,
        "sod_drafts": 23,
        "sod_exceptions": 24,
        "sod_rules": 23,
        "sod_violations": 24,
        "who_can": 21,
    },
    "ZHENGGUOHUA": {
        "": 21,
        "audit": 31,
        "decision_log": 32,
        "policies": 23,
        "policy_drafts": 29,
        "sod_drafts": 23,
        "sod_exceptions": 24,
        "sod_rules": 23,
        "sod_violations": 24,
    },
}
SURNAME = "仇"


@pytest.fixture
def crowd(services: Services, world: World) -> list[UUID]:
    """Register 25 people who share a surname, each with a role and a request that waits; return their ids."""
    place = world.organisation.ids["yuhang_civil_affairs"]
    people = [
        NewOfficial(
            f"CROWD-{number:03d}",
            f"{SURNAME}{'甲乙丙丁戊'[number % 5]}",
            id_number(6000 + number),
            appointments=(NewAppointment(place, "窗口受理员", "科员"),),
        )
        for number in range(25)
    ]
    services.identity.register_officials(SEED, people)
    services.authorization.assign_roles(SEED, [NewAssignment(row.id, "counter_clerk", row.appointments[0].id) for row in people])
    manager = world.people["SHANXUEMEI"]
    for row in people:
        ask(services, world, manager, beneficiary_appointment_id=row.appointments[0].id)
    return [row.id for row in people]


def pages_of(rows: Rows, login: str) -> list[str]:
    """Return every page that somebody opens: lists, details, forms."""
    found = ["/console/", *(f"/console/{table}/" for table in sorted(OPENED[login]))]
    found += [f"/console/{table}/details/?id={row}" for table, row in rows.addresses().items() if table in OPENED[login]]
    return found + [f"/console/{path.format(rows=rows)}" for path, runners in RUN.items() if login in runners]


@pytest.mark.parametrize("login", ["ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA"])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_no_page_has_anything_inline(officers: dict[str, Visitor], rows: Rows, login: str, language: str) -> None:
    visitor = officers[login]
    visitor.client.set_cookie("govcloud_language", language)
    for address in pages_of(rows, login):
        page = visitor.get(address)
        assert page.status_code == 200, address
        assert inline_code(page) == [], address
        assert "unsafe" not in page.headers["Content-Security-Policy"]
        assert f'<html lang="{language}">' in page.text
        assert page.text.count("<h1") == 1, address
        assert all('name="csrf_token"' in form for form in re.findall(r'<form[^>]+method="post".*?</form>', page.text, re.DOTALL))


@pytest.mark.parametrize("login", STATEMENTS)
def test_a_list_takes_few_statements(officers: dict[str, Visitor], rows: Rows, login: str) -> None:
    taken = {}
    for table in ("", *sorted(OPENED[login])):
        address = f"/console/{table}/" if table else "/console/"
        officers[login].get(address)
        with counted() as statements:
            assert officers[login].get(address).status_code == 200
        taken[table] = len(statements)
    assert taken == STATEMENTS[login]


@pytest.mark.parametrize(
    ("table", "login"), [("officials", "ZHOUJIANJUN"), ("assignments", "WUXIAOYAN"), ("requests", "WUXIAOYAN"), ("officials", "WUXIAOYAN")]
)
def test_more_rows_take_no_more_statements(officers: dict[str, Visitor], crowd: list[UUID], table: str, login: str) -> None:
    visitor, found = officers[login], set()
    for query in ("", "?page=1", f"?search={'CROWD' if table == 'officials' else ''}"):
        visitor.get(f"/console/{table}/{query}")
        with counted() as statements:
            assert visitor.get(f"/console/{table}/{query}").text.count("<tr>") > 3
        found.add(len(statements))
    # A search for people looks first which of their keys hold anybody at all.
    assert max(found) <= STATEMENTS[login][table] + 1


def shown(page: str) -> list[str]:
    """Return the ids of a list's rows, in their order."""
    return list(dict.fromkeys(re.findall(r'/details/\?id=([0-9a-f-]{36})"', page)))


def read_on(visitor: Visitor, address: str) -> Iterator[list[str]]:
    """Go from page to page by the links and give the rows of each."""
    following: str | None = address
    while following:
        page = visitor.get(following).text
        yield shown(page)
        link = re.search(r'href="([^"]+)" rel="next"', page)
        following = unescape(link[1]) if link else None


def test_pages_follow_each_other_without_gap_or_overlap(system: Visitor, services: Services, crowd: list[UUID]) -> None:
    everybody = [str(row.id) for row in services.identity_queries.search_officials("", limit=200).rows]
    pages = list(read_on(system, "/console/officials/"))
    assert [len(page) for page in pages] == [20, len(everybody) - 20]
    assert [row for page in pages for row in page] == everybody, "each once, in the order of pinyin"


@pytest.mark.parametrize("word", [SURNAME, "qiu", "crowd-0"])
def test_a_search_is_paged_too(system: Visitor, crowd: list[UUID], word: str) -> None:
    pages = list(read_on(system, f"/console/officials/?search={word}"))
    assert [len(page) for page in pages] == [20, 5]
    assert {UUID(row) for page in pages for row in page} == set(crowd)


#: Who, table, what is searched, and what is among the results.
SEARCHES = [
    ("ZHOUJIANJUN", "officials", "王芳", "WANGFANG"),
    ("ZHOUJIANJUN", "officials", "wf", "WANGFANG"),
    ("ZHOUJIANJUN", "officials", "wangfa", "WANGFANG"),
    ("ZHOUJIANJUN", "departments", "西湖区民政", "杭州市西湖区民政局"),
    ("ZHOUJIANJUN", "subsystems", "housing", "住房保障管理系统"),
    ("ZHOUJIANJUN", "subsystems", "住房 HOUS", "住房保障管理系统"),
    ("ZHOUJIANJUN", "clients", "housing-web", "housing-web"),
    ("ZHOUJIANJUN", "sessions", "周建军", "ZHOUJIANJUN"),
    ("WUXIAOYAN", "roles", "窗口", "counter_clerk"),
    ("WUXIAOYAN", "assignments", "audit_admin", "郑国华"),
    ("WUXIAOYAN", "policies", "housing:register:read", "housing:register:read"),
    ("WUXIAOYAN", "requests", "register:read", "housing:register:read"),
    ("WUXIAOYAN", "grants", "register", "housing:register:read"),
]
#: Patterns of LIKE and of Flask-Admin's own search are letters like any other.
NOWHERE = ("没有这个词", "%", "\\", "=\\", "^", "' OR 1=1 --")


def test_search_finds_and_leaves_out(officers: dict[str, Visitor], rows: Rows) -> None:
    for login, table, word, hit in SEARCHES:
        assert hit in said(officers[login].get(f"/console/{table}/", query_string={"search": word})), (table, word)
    for login, table in dict.fromkeys((login, table) for login, table, _word, _hit in SEARCHES):
        for word in NOWHERE:
            nothing = officers[login].get(f"/console/{table}/", query_string={"search": word})
            assert "没有符合" in said(nothing), (table, word)


ODD = [
    "endpoint=x&name=y",
    "page=-1",
    "page=99999999999999999999",
    "search=a%00b",
    "search==%5C",
    "_external=1&_scheme=javascript&_anchor=x",
    "page=x",
    "page_size=100000",
    "sort=0&desc=1",
    "sort=-1",
    "flt0_0=x",
    "search=%00",
    "search=%ED%A0%80",
    "search=" + "x" * 5000,
    "subject=a%00b&chain=%00",
    "subject=" + "x" * 5000,
    "after=9999-12-31T23:59:59-14:00~00000000-0000-7000-8000-000000000000",
    "after=0001-01-01~00000000-0000-7000-8000-000000000000",
    "after=x~y",
    "search=%3Cscript%3Ealert(1)%3C/script%3E&subject=%3Cscript%3Ealert(1)%3C/script%3E",
]


def test_whatever_stands_in_the_address_the_list_is_a_page(officers: dict[str, Visitor], rows: Rows) -> None:
    """One list of each kind takes every oddity; the others, which share their code, those that reach the database."""
    for login, officer in officers.items():
        for table in sorted(OPENED[login]):
            for query in ODD if table in {"officials", "grants", "audit"} else ODD[:5]:
                page = officer.get(f"/console/{table}/?{query}")
                assert page.status_code == 200, (table, query)
                assert inline_code(page) == [], (table, query)
                assert "<script>alert" not in page.text
                assert "javascript:" not in page.text


def test_a_list_does_not_show_what_a_form_did_not_ask_for(services: Services, system: Visitor, world: World) -> None:
    """Personal numbers are masked, in lists, details and search."""
    new = an_official(world.organisation.ids["data"], name="密涵")
    services.identity.register_official(SEED, new)
    for query in ("", "?search=密涵", f"details/?id={new.id}"):
        page = system.get(f"/console/officials/{query}").text
        assert new.id_number not in page
        assert new.phone is not None
        assert new.phone not in page
    assert "********" in system.get(f"/console/officials/details/?id={new.id}").text


def test_pages_are_watermarked_and_kept_by_no_cache(security: Visitor) -> None:
    page = security.get("/console/officials/")
    assert "吴晓燕 WUXIAOYAN 2026-11-24 09:30" in page.text
    assert page.headers["Cache-Control"] == "no-store"
