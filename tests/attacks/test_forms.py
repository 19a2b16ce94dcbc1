"""CSRF and clickjacking: no page of another site sends a form in somebody's name, or frames a page of this one."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from govcloud.web.gate import gate_of
from tests.architecture.test_routes import EXEMPT_BLUEPRINTS, EXEMPT_VIEWS
from tests.factories.browsing import Visitor

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule

Become = Callable[[str], Visitor]
#: Who opens most of what there is.
LOGINS = ("LIQIANG", "ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA", "")
_ID = UUID(int=7)
_EXAMPLES = {"uuid": str(_ID), "int": "1", "path": "x", "default": "x", "string": "x", "any": "x"}


def browser_routes(app: Flask) -> list[Rule]:
    """Return every route that changes something and takes the browser's cookies."""
    changing = [rule for rule in app.url_map.iter_rules() if (rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}]
    return [rule for rule in changing if not _for_programs(app, rule)]


def _for_programs(app: Flask, rule: Rule) -> bool:
    view = app.view_functions[rule.endpoint]
    gate = gate_of(app, rule.endpoint)
    exempt = f"{view.__module__}.{view.__name__}" in EXEMPT_VIEWS or not EXEMPT_BLUEPRINTS.isdisjoint(rule.endpoint.split("."))
    return exempt or (gate is not None and gate.kind == "client")


def address_of(rule: Rule) -> str:
    """Return an address that matches a rule."""
    return re.sub(r"<(?:(\w+)(?:\([^)]*\))?:)?\w+>", lambda found: _EXAMPLES.get(found[1] or "default", "x"), rule.rule)


def test_no_form_of_another_site_is_taken(app: Flask, visitor: Become) -> None:
    """Every changing route of a browser, tried with a live session and no token, with a wrong one, and with somebody else's."""
    routes = browser_routes(app)
    assert len(routes) > 60
    mine, other = visitor("WANGFANG"), visitor("LIQIANG")
    stolen = other.token("/account")
    open_to_forgery = []
    for rule in routes:
        address = address_of(rule)
        for method in sorted((rule.methods or set()) & {"POST", "PUT", "PATCH", "DELETE"}):
            for form in ({}, {"csrf_token": "x"}, {"csrf_token": stolen}):
                answer = mine.client.open(address, method=method, data=form, headers={"Origin": "https://evil.example"})
                # 400 from the form token; the gate may say 403 or 404 first; the API answers 403 to a missing header.
                if answer.status_code not in {400, 403, 404, 405}:
                    open_to_forgery.append((rule.rule, method, answer.status_code))
    assert open_to_forgery == []


@pytest.mark.parametrize("login", ["ZHOUJIANJUN", "WUXIAOYAN"])
def test_the_token_is_what_stops_it_and_not_the_gate(app: Flask, visitor: Become, login: str) -> None:
    """For an officer most gates are open: there the answer is that of the form token."""
    officer = visitor(login)
    answers = [officer.client.post(address_of(rule), data={}) for rule in browser_routes(app) if "POST" in (rule.methods or set())]
    refused_for_the_token = [
        answer for answer in answers if answer.status_code in {400, 403} and ("表单已过期" in answer.text or "csrf" in answer.text)
    ]
    assert len(refused_for_the_token) > 40
    assert {answer.status_code for answer in answers} <= {400, 403, 404, 405}


def test_reading_changes_nothing(app: Flask, visitor: Become) -> None:
    """A picture of another site can make a browser read any address: a route that changes something does not answer GET with that."""
    both = [rule.rule for rule in browser_routes(app) if "GET" in (rule.methods or set()) and "console" not in rule.endpoint]
    # Flask-Admin's forms live at one address: GET shows, POST changes. Everything else has a view for each; the API's two answer 404.
    assert [path for path in both if not path.startswith("/api/v1/")] == []


_INLINE = re.compile(r"\son\w+\s*=\s*[\"']|\sstyle\s*=\s*[\"']|javascript:", re.IGNORECASE)
#: Data for the page's own script is no script: a browser does not run it.
_BARE_SCRIPT = re.compile(r"<(?:script|style)(?![^>]*\b(?:nonce=|src=|type=.application/json))[^>]*>", re.IGNORECASE)
_FROM_ELSEWHERE = re.compile(r'(?:src|<link[^>]*href)="(?:https?:)?//')


def test_no_page_can_be_framed_or_carries_a_script_of_its_own(app: Flask, visitor: Become) -> None:
    """What a page carries inline it may not run, so nothing may be there; and nothing is loaded from elsewhere."""
    pages = [rule for rule in app.url_map.iter_rules() if "GET" in (rule.methods or set()) and not rule.arguments]
    seen = 0
    for login in LOGINS:
        somebody = visitor(login)
        for rule in pages:
            with somebody.client.get(rule.rule) as answer:
                headers, html = answer.headers, answer.get_data(as_text=True) if answer.mimetype == "text/html" else ""
            assert headers["X-Frame-Options"] == "DENY", rule.rule
            assert "frame-ancestors 'none'" in headers["Content-Security-Policy"], rule.rule
            assert "unsafe" not in headers["Content-Security-Policy"], rule.rule
            found = [pattern.search(html) for pattern in (_INLINE, _BARE_SCRIPT, _FROM_ELSEWHERE)]
            assert not any(found), (login, rule.rule, found)
            seen += html != ""
    assert seen > 80
