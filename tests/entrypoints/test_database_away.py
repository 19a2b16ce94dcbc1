"""A database that goes away while the platform serves: every way in says so in its own form, nothing is half done, and it recovers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from sqlalchemy import event, make_url, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from govcloud.kernel.database import db
from tests.entrypoints.oidc.conftest import Party, basic
from tests.factories import databases
from tests.factories.browsing import said, signed_in
from tests.factories.requests import REGISTER, ask, may_read

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from govcloud.settings import Settings
    from tests.factories.browsing import Visitor
    from tests.factories.world import World

FORM = {"days": "5", "reason": "核对住房情况", "case_number": "XH-1", "scope": "330106000000"}


@contextmanager
def away(settings: Settings) -> Iterator[None]:
    """Close the platform's database to everybody and cut the connections that stand; open it again afterwards."""
    name = str(make_url(settings.database_url).database)
    with psycopg.connect(databases.server().superuser_url, autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS false".encode())
        query = "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = %s"
        assert all(ended for (ended,) in connection.execute(query, (name,)))
        try:
            yield
        finally:
            connection.execute(f"ALTER DATABASE {name} ALLOW_CONNECTIONS true".encode())


@dataclass
class Clients:
    """Somebody at each way in, with what they need before the database goes away."""

    wang: Visitor
    form_token: str
    party: Party
    access_token: str
    code: str
    world: World

    def page(self, path: str) -> TestResponse:
        """Open a page."""
        return self.wang.get(path)

    def form(self, path: str, **fields: str) -> TestResponse:
        """Send a form."""
        return self.wang.client.post(path, data={**fields, "csrf_token": self.form_token})

    def api(self, path: str, body: dict[str, Any]) -> TestResponse:
        """Write JSON."""
        return self.wang.client.post(f"/api/v1{path}", json=body, headers={"X-CSRFToken": self.form_token})

    def question(self) -> TestResponse:
        """Ask the decision point."""
        credentials = self.world.clients["housing"]
        body = {
            "subject": {"type": "official", "id": str(self.world.wang.official_id)},
            "action": {"name": REGISTER},
            "resource": {"type": "register", "id": "*"},
        }
        return self.wang.client.post("/access/v1/evaluation", json=body, auth=(credentials.client_id, credentials.secret or ""))

    def redeem(self) -> TestResponse:
        """Redeem the code of a sign-in."""
        return self.wang.client.post(
            "/oidc/token", data=self.party.form(self.code), headers=basic(self.party.client_id, self.party.secret or "")
        )

    def userinfo(self) -> TestResponse:
        """Bring the access token."""
        return self.wang.client.get("/oidc/userinfo", headers={"Authorization": f"Bearer {self.access_token}"})


@pytest.fixture
def clients(app: Flask, services: Services, world: World) -> Clients:
    """Return everybody, ready."""
    wang = signed_in(app, services, "WANGFANG")
    party = Party(wang.client, "assistance-web", world.clients["assistance"].secret, "http://127.0.0.1:8002/oidc/callback")
    tokens = party.tokens()
    return Clients(wang, wang.token("/"), party, tokens["access_token"], party.code(), world)


Call = Callable[[Clients], "TestResponse"]
PAGES: dict[str, Call] = {
    "workbench": lambda at: at.page("/"),
    "search": lambda at: at.page("/search?q=x&part=1"),
    "console": lambda at: at.page("/console/"),
    "console list": lambda at: at.page("/console/officials/"),
    "request form": lambda at: at.form("/requests/new", item=str(at.world.items[REGISTER]), **FORM),
    "sign-in": lambda at: at.form("/sign-in", login="WANGFANG", password="secret of wang"),
    "sign-out": lambda at: at.form("/sign-out"),
    "password": lambda at: at.form("/account/password", current="a", new="b", again="b"),
    "authorization": lambda at: at.party.authorize(),
    "sign-out of a client": lambda at: at.page("/oidc/logout?client_id=assistance-web"),
    "readiness": lambda at: at.page("/readyz"),
}
PROBLEMS: dict[str, Call] = {
    "me": lambda at: at.page("/api/v1/me"),
    "submit": lambda at: at.api("/requests", {"function": REGISTER, "reason": "x", "days": 1}),
}
OAUTH: dict[str, Call] = {"token": Clients.redeem, "userinfo": Clients.userinfo}


def unharmed(name: str, answer: TestResponse, settings: Settings) -> None:
    """Check status and header, and that nothing of the inside is in the answer."""
    assert answer.status_code == 503, name
    assert answer.headers["Retry-After"] == "5", name
    url = make_url(settings.database_url)
    for secret in (str(url.database), str(url.username), str(url.password), "psycopg", "OperationalError", "Traceback", "secret of wang"):
        assert secret not in answer.text, (name, secret)
    assert not any("govcloud_session=;" in cookie for cookie in answer.headers.getlist("Set-Cookie")), name


def test_every_way_in_says_so_and_recovers(clients: Clients, settings: Settings, services: Services) -> None:
    with away(settings):
        for name, call in PAGES.items():
            page = call(clients)
            unharmed(name, page, settings)
            assert page.mimetype == "text/html", name
            assert "暂时无法服务 数据库暂时无法连接。" in said(page), name
            assert f"追踪号 {page.headers['X-Request-ID']}" in said(page), name
        for name, call in PROBLEMS.items():
            problem = call(clients)
            unharmed(name, problem, settings)
            assert problem.content_type == "application/problem+json", name
            assert problem.get_json()["code"] == "database_away", name
        for name, call in OAUTH.items():
            error = call(clients)
            unharmed(name, error, settings)
            assert error.mimetype == "application/json", name
            assert error.get_json() == {
                "error": "temporarily_unavailable",
                "error_description": "the platform cannot answer right now",
            }, name
        asked = clients.question()
        unharmed("evaluation", asked, settings)
        assert asked.get_json()["error"]["code"] == "unavailable"
        assert "decision" not in asked.get_json()
        # What needs no database goes on.
        assert clients.page("/healthz").status_code == 200
        assert clients.page("/nowhere").status_code == 404
        with clients.page("/static/govcloud.css") as sheet:
            assert sheet.status_code == 200
    # By itself, with the same cookies, codes and tokens as before.
    assert clients.page("/").status_code == 200
    assert clients.page("/readyz").status_code == 200
    assert clients.page("/api/v1/me").get_json()["name"] == "王芳"
    assert clients.redeem().status_code == 200
    assert clients.userinfo().status_code == 200
    assert clients.question().get_json()["decision"] is False
    assert clients.form("/requests/new", item=str(clients.world.items[REGISTER]), **FORM).status_code == 303
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_request")) == 1


def test_a_pool_without_a_free_connection_is_said_in_the_same_way(
    clients: Clients, settings: Settings, services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    def exhausted(*_args: object) -> None:
        raise PoolTimeoutError("QueuePool limit of size 8 overflow 4 reached")

    for name in ("current", "live_token", "redeem"):
        monkeypatch.setattr(services.signon, name, exhausted)
    monkeypatch.setattr(services.subsystem_queries, "authenticate_client", exhausted)
    for name in ("workbench", "console list"):
        unharmed(name, PAGES[name](clients), settings)
    for name, call in {**PROBLEMS, **OAUTH, "evaluation": Clients.question}.items():
        answer = call(clients)
        unharmed(name, answer, settings)
        assert "QueuePool" not in answer.text


def test_no_value_gets_into_a_log(services: Services, settings: Settings) -> None:
    with pytest.raises(DBAPIError) as failed:
        services.uow.read().execute(text("SELECT CAST(:secret AS integer)"), {"secret": "secret of wang"}).scalar()
    assert "hidden due to hide_parameters" in str(failed.value).replace("\n", " ")
    password = make_url(settings.database_url).password
    assert password
    assert password not in repr(settings)


CRASHES = {
    "as the command begins": "SELECT role_assignment",
    "at the decision": "INSERT INTO decision",
    "at the grant": "INSERT INTO access_grant",
    "at the record": "INSERT INTO audit_event",
    "at the commit": "COMMIT",
}


@contextmanager
def cut_at(place: str) -> Iterator[list[str]]:
    """End the database's side of the writing connection at one statement, once; give what was cut."""
    cuts: list[str] = []

    def cut(pid: int) -> None:
        cuts.append(place)
        with psycopg.connect(databases.server().superuser_url, autocommit=True) as connection:
            connection.execute("SELECT pg_terminate_backend(%s, 10000)", (pid,))

    def at_statement(connection: Any, _cursor: object, statement: str, *_rest: object) -> None:  # noqa: ANN401 - SQLAlchemy's event
        writing = not connection.get_execution_options().get("postgresql_readonly")
        if not cuts and writing and place in statement:
            cut(connection.connection.dbapi_connection.info.backend_pid)

    def at_commit(connection: Any) -> None:  # noqa: ANN401 - the same
        if not cuts and place == "COMMIT":
            cut(connection.connection.dbapi_connection.info.backend_pid)

    event.listen(db.engine, "before_cursor_execute", at_statement)
    event.listen(db.engine, "commit", at_commit)
    try:
        yield cuts
    finally:
        event.remove(db.engine, "before_cursor_execute", at_statement)
        event.remove(db.engine, "commit", at_commit)


@pytest.mark.parametrize("place", CRASHES.values(), ids=CRASHES.keys())
def test_a_connection_cut_in_the_middle_of_an_approval_leaves_nothing_half_done(
    app: Flask, services: Services, world: World, settings: Settings, place: str
) -> None:
    line_id = ask(services, world).line_id
    li = signed_in(app, services, "LIQIANG")
    token = li.get("/api/v1/me").get_json()["csrf_token"]

    def approve() -> TestResponse:
        return li.client.post(f"/api/v1/lines/{line_id}/approve", json={"version": 1}, headers={"X-CSRFToken": token})

    with cut_at(place) as cuts:
        answer = approve()
    assert cuts == [place]
    unharmed(place, answer, settings)
    counts = text("SELECT (SELECT count(*) FROM decision) + (SELECT count(*) FROM access_grant)")
    assert services.uow.read().scalar(counts) == 0
    db.session.remove()
    assert not may_read(services, world.wang)
    again = approve()
    assert (again.status_code, again.get_json()["replayed"]) == (200, False)
    db.session.remove()
    assert may_read(services, world.wang)
