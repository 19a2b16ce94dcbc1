"""What the portal's tests stand on: the small province, and visitors who fill in forms as a browser does."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from html import unescape
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import event

from govcloud.access.commands import NewRequest, Submitted
from govcloud.authorization.scope import Scope
from govcloud.kernel.database import db
from tests.factories.province import database_url, province, world
from tests.factories.world import HANGZHOU, PASSWORD, World

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from govcloud.services import Services

__all__ = ["database_url", "province", "world"]

_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')
_TAGS = re.compile(r"<[^>]+>")


@dataclass
class Visitor:
    """Somebody with a browser of their own; who fills in forms as they come."""

    client: FlaskClient
    statements: list[str] = field(default_factory=list)

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


def said(answer: TestResponse) -> str:
    """Return the text of a page without its markup."""
    return re.sub(r"\s+", " ", unescape(_TAGS.sub(" ", answer.text)))


def alerts(answer: TestResponse) -> str:
    """Return what the page says in its error summary or its flashes."""
    parts = re.findall(
        r'role="(?:alert|status)".*?(?=</form|<header|<section|<div class="pagehead|<nav class="crumbs|<label)', answer.text, re.DOTALL
    )
    return re.sub(r"\s+", " ", unescape(_TAGS.sub(" ", " ".join(parts))))


@pytest.fixture
def visitor(app: Flask, world: World) -> Callable[[], Visitor]:
    """Return a maker of visitors, each with cookies of their own."""
    return lambda: Visitor(app.test_client())


@pytest.fixture
def wang(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 王芳 at the workbench."""
    return visitor().sign_in("WANGFANG")


@pytest.fixture
def li(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 李强, who decides for the housing department."""
    return visitor().sign_in("LIQIANG")


@pytest.fixture
def submitted(services: Services, world: World) -> Submitted:
    """Return 王芳's request for the housing register, ten days, all of Hangzhou."""
    new = NewRequest(world.items["housing:register:read"], "核对救助申请人的住房情况", 10, Scope((HANGZHOU,)), "XH-2026-0382")
    return services.access.submit(world.wang.actor(), new)


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
