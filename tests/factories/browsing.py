"""Visitors with a browser of their own, who fill in forms as they come; what a page says; and how many statements it took."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import unescape
from html.parser import HTMLParser
from typing import TYPE_CHECKING, Any

from sqlalchemy import event

from govcloud.kernel.database import db
from tests.factories.world import PASSWORD

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from govcloud.services import Services

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAGS = re.compile(r"<[^>]+>")
_NONCE = re.compile(r"'nonce-([^']+)'")


@dataclass
class Visitor:
    """Somebody with a browser of their own; who fills in forms as they come."""

    client: FlaskClient

    def get(self, path: str, **options: Any) -> TestResponse:  # noqa: ANN401 - handed to the test client as they are
        """Open a page."""
        return self.client.get(path, **options)

    def token(self, page: str = "/sign-in?next=/account") -> str:
        """Return the form token that a page carries."""
        found = _TOKEN.search(self.get(page).text)
        assert found, f"{page} has no form"
        return found[1]

    def post(self, path: str, form: Mapping[str, object] | None = None, *, page: str | None = None) -> TestResponse:
        """Submit a form as the page at ``page`` (by default ``path`` itself) would."""
        data = {**(form or {}), "csrf_token": self.token(page or path)}
        return self.client.post(path, data=data)

    def sign_in(self, login: str) -> Visitor:
        """Sign in; people of the small province have one appointment, which is chosen at once."""
        answer = self.post("/sign-in", {"login": login, "password": PASSWORD})
        assert answer.status_code == 303, said(answer)
        return self


def signed_in(app: Flask, services: Services, login: str) -> Visitor:
    """Return somebody who has signed in already, without the way through the form."""
    visitor = Visitor(app.test_client())
    visitor.client.set_cookie("govcloud_session", services.signon.sign_in(login, PASSWORD, "127.0.0.1", "test").token)
    return visitor


def said(answer: TestResponse) -> str:
    """Return the text of a page without its markup."""
    return re.sub(r"\s+", " ", unescape(_TAGS.sub(" ", answer.text)))


def alerts(answer: TestResponse) -> str:
    """Return what the page says in its error summary or its flashes."""
    parts = re.findall(
        r'role="(?:alert|status)".*?(?=</form|<header|<section|<div class="pagehead|<nav class="crumbs|<label)', answer.text, re.DOTALL
    )
    return re.sub(r"\s+", " ", unescape(_TAGS.sub(" ", " ".join(parts))))


class _Markup(HTMLParser):
    """Walks a page and notes what a strict Content-Security-Policy would stop, and what a browser would run."""

    def __init__(self, nonce: str) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self._nonce = nonce

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        self.faults += [f"<{tag} {name}>" for name in given if name.startswith("on") or name == "style"]
        self.faults += [f"<{tag} {name}={value}>" for name, value in attrs if (value or "").strip().lower().startswith("javascript:")]
        data_only = tag == "script" and given.get("type") == "application/json"
        if tag in {"script", "style"} and not data_only and given.get("nonce") != self._nonce:
            self.faults.append(f"<{tag}> without the nonce of the answer")
        if tag == "script" and not data_only and not (given.get("src") or "").startswith("/static/"):
            self.faults.append("<script> that is no file of the platform")
        if tag in {"iframe", "object", "embed", "base"}:
            self.faults.append(f"<{tag}>")


def inline_code(answer: TestResponse) -> list[str]:
    """Return what of a page its own Content-Security-Policy would stop: handlers, inline styles, scripts without the nonce."""
    found = _NONCE.search(answer.headers["Content-Security-Policy"])
    walk = _Markup(found[1] if found else "")
    walk.feed(answer.text)
    return walk.faults


@contextmanager
def counted() -> Iterator[list[str]]:
    """Collect the SQL statements that run meanwhile."""
    statements: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        statements.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
