"""The small province with people who can sign in, and ways to read the record and to count queries."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

import pytest
from flask import Flask
from sqlalchemy import event

from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.signon.sessions import CurrentSession
from tests.factories.world import PASSWORD, World

ADDRESS = "192.0.2.7"
AGENT = "Mozilla/5.0 (test)"

CountQueries = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def session(services: Services, world: World) -> CurrentSession:
    """Return a live session of 王芳."""
    return sign_in(services)


@pytest.fixture
def count_queries(app: Flask) -> CountQueries:
    """Return a context that collects the statements sent to the database."""

    @contextmanager
    def counting() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        engine = db.engine
        event.listen(engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(engine, "before_cursor_execute", note)

    return counting


def sign_in(services: Services, login: str = "WANGFANG", password: str = PASSWORD) -> CurrentSession:
    """Sign in and return the session."""
    signed_in = services.signon.sign_in(login, password, ADDRESS, AGENT)
    session = services.signon.current(signed_in.token)
    assert session is not None
    return session
