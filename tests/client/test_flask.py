"""The Flask extension on a page: filter, masks, one call for the page, and what is answered when it goes wrong."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask, render_template_string, request
from flask.testing import FlaskClient
from sqlalchemy import create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column
from sqlalchemy.pool import StaticPool

from govcloud.client import ConfigurationError, Govcloud, Question
from tests.client.conftest import READ
from tests.factories.deciding import MANY, ONE, Asked, Fault, Point, no, yes

XIHU, YUHANG = "330106000000", "330110000000"
EXPORT = "housing:register:export"
PAGE = """{% for row in rows %}{{ row.division }} {{ row.phone }} {{ row.get("note", "-") }}
{%- if govcloud_can("housing:register:export", {"division": row.division}) %} export{% endif %};{% endfor %}"""


class Base(DeclarativeBase):
    """Models of the subsystem."""


class Household(Base):
    """A household."""

    __tablename__ = "household"
    id: Mapped[int] = mapped_column(primary_key=True)
    division: Mapped[str]
    phone: Mapped[str]
    note: Mapped[str]


@pytest.fixture
def session() -> Iterator[Session]:
    engine = create_engine("sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False})
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        for number, code in enumerate((XIHU, YUHANG, XIHU, "330109000000"), 1):
            session.add(Household(id=number, division=code, phone="13800138000", note="夜间来访"))
        session.commit()
        yield session
    engine.dispose()


@pytest.fixture
def site(point: Point, session: Session) -> Iterator[Flask]:
    app = Flask("subsystem")
    app.config.update(
        SECRET_KEY="of the subsystem",
        SESSION_COOKIE_NAME="housing",
        GOVCLOUD_ISSUER=point.origin,
        GOVCLOUD_CLIENT_ID="housing-web",
        GOVCLOUD_CLIENT_SECRET="secret",
    )
    govcloud = Govcloud(app, context=lambda: {"client_address": request.remote_addr})

    @app.get("/register")
    @govcloud.require(READ)
    def register() -> str:
        found = session.scalars(govcloud.filter(select(Household), Household).order_by(Household.id)).all()
        rows = govcloud.masked(found)
        govcloud.prefetch([(EXPORT, {"division": row["division"]}) for row in rows])
        return render_template_string(PAGE, rows=rows)

    @app.get("/one/<division>")
    @govcloud.require(READ, resource=lambda: {"division": "330110000000"})
    def one(division: str) -> str:
        return division

    @app.get("/inside")
    def inside() -> str:
        govcloud.access.require(EXPORT)
        return "exported"

    @app.get("/free")
    def free() -> str:
        return "free"

    yield app
    with app.app_context():
        govcloud.close()


def decide(asked: Asked) -> dict[str, Any]:
    division = asked["resource"]["properties"].get("division")
    if asked["action"]["name"] == EXPORT:
        return yes() if division == XIHU else no("out_of_scope")
    views = [
        {"rows": {"divisions": [XIHU]}, "fields": {"hide": ["note"]}},
        {"rows": {"divisions": [YUHANG]}, "fields": {"mask": ["phone"]}},
    ]
    return yes({"divisions": [XIHU, YUHANG]}, views)


@pytest.fixture
def wang(site: Flask, point: Point) -> FlaskClient:
    """Return a browser in which 王芳 is signed in."""
    point.decide = decide
    client = site.test_client()
    with client.session_transaction() as kept:
        names = ("department", "division", "appointment_id")
        kept["govcloud_official"] = {"sub": "s", "sid": "q", "name": "王芳", "id_token": "x.y.z", **dict.fromkeys(names)}
    return client


def test_a_page_is_filtered_masked_and_asked_in_two_calls(wang: FlaskClient, point: Point) -> None:
    assert wang.get("/register").text == (
        "330106000000 13800138000 - export;330110000000 138****8000 夜间来访;330106000000 13800138000 - export;"
    )
    assert point.paths == [ONE, MANY]


def test_requests_do_not_share_answers(site: Flask, wang: FlaskClient, point: Point) -> None:
    """Even when they share an application context, as tests and command lines do."""
    with site.app_context():
        wang.get("/register")
        point.decide = lambda _: no("grant_revoked")
        assert wang.get("/register").status_code == 403


def test_a_row_is_asked_about_by_its_attributes(wang: FlaskClient, point: Point) -> None:
    assert wang.get("/one/x").text == "x"
    assert point.heard[0].body["resource"]["properties"] == {"division": YUHANG}
    assert point.heard[0].body["context"] == {"client_address": "127.0.0.1"}


def test_what_a_view_requires_itself_is_refused_alike(wang: FlaskClient) -> None:
    answer = wang.get("/inside", headers={"X-Request-ID": "t-1"})
    assert (answer.status_code, answer.headers["X-Request-ID"]) == (403, "t-1")
    assert "没有权限。" in answer.text
    told = wang.get("/inside", headers={"Accept": "application/json"})
    assert (told.status_code, told.get_json()["error"]) == (403, "out_of_scope")


def test_without_an_answer(wang: FlaskClient, point: Point) -> None:
    for path in ("/register", "/inside"):
        point.faults.append(Fault(503, {"Retry-After": "9"}))
        answer = wang.get(path)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "9")
        assert "平台没有应答" in answer.text
    point.faults.extend([Fault(500)])
    assert wang.get("/register", headers={"Accept": "application/json"}).get_json()["error"] == "check_unavailable"


def test_a_page_that_cannot_be_asked_about_is_not_shown(wang: FlaskClient, point: Point) -> None:
    wang.get("/register")
    point.whole = {"evaluations": []}
    assert wang.get("/register").status_code == 503


def test_nobody(site: Flask, point: Point) -> None:
    client = site.test_client()
    for path in ("/register", "/inside"):
        assert client.get(path, headers={"Accept": "application/json"}).status_code == 401
        assert client.get(path).status_code == 503, "the receiver is no OpenID provider"
    assert point.heard == []


def test_a_session_that_ended(wang: FlaskClient, point: Point) -> None:
    point.decide = lambda _: no("session_ended")
    assert wang.get("/register", headers={"Accept": "application/json"}).status_code == 401
    with wang.session_transaction() as kept:
        assert "govcloud_official" not in kept


def test_signing_out_while_the_platform_is_away(wang: FlaskClient, site: Flask) -> None:
    site.add_url_rule("/", "index", lambda: "home")
    with wang.session_transaction() as kept:
        kept["govcloud_token"] = "form"
    answer = wang.post("/govcloud/sign-out", data={"token": "form"})
    assert (answer.status_code, answer.location) == (302, "http://localhost/")
    with wang.session_transaction() as kept:
        assert "govcloud_official" not in kept


def test_a_page_that_asks_nothing_keeps_no_session(site: Flask) -> None:
    answer = site.test_client().get("/free", headers={"X-Request-ID": "t-1"})
    assert (answer.text, answer.headers["X-Request-ID"]) == ("free", "t-1")
    assert "Cookie" not in answer.headers.get("Vary", "")


def test_the_rest_of_the_face(site: Flask, wang: FlaskClient, point: Point) -> None:
    govcloud = Govcloud()
    with site.test_request_context(), pytest.raises(ConfigurationError):
        govcloud.decision()
    with wang:
        wang.get("/register")
        assert govcloud.granted_rows().covers(YUHANG)
        assert govcloud.mask({"division": YUHANG, "phone": "13800138000"})["phone"] == "138****8000"
        assert govcloud.can(Question(EXPORT, {"division": XIHU}))
        assert govcloud.explain(READ).decision.allowed
        assert str(govcloud.rows(Household.division)).count("BETWEEN") == 2


@pytest.mark.parametrize(
    "wrong", [{"GOVCLOUD_TIMEOUT": "soon"}, {"GOVCLOUD_READ_TIMEOUT": 0}, {"GOVCLOUD_ISSUER": "cloud"}, {"GOVCLOUD_CLIENT_ID": ""}]
)
def test_settings_that_cannot_be_used(site: Flask, wrong: dict[str, object]) -> None:
    app = Flask("other")
    app.config.update({**site.config, **wrong})
    with pytest.raises(ConfigurationError):
        Govcloud(app)
