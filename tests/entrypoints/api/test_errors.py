"""Errors on the API's wire: the right status, problem details in the caller's language, nothing of the inside, nothing changed."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from sqlalchemy import text

from govcloud.app import create_app
from tests.entrypoints.api.conftest import Reply, body_of
from tests.factories.deciders import give_office
from tests.factories.requests import ask

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from govcloud.settings import Settings
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World


def problem(answer: Reply, status: int, code: str) -> dict[str, Any]:
    """Return the problem details of an answer, having checked their form (RFC 9457)."""
    assert answer.status_code == status, answer.text
    assert answer.content_type == "application/problem+json"
    body: dict[str, Any] = answer.json
    assert (body["status"], body["code"], body["type"]) == (status, code, f"urn:govcloud:problem:{code}")
    assert body["trace_id"] == answer.headers["X-Request-ID"]
    assert body["title"]
    assert body["detail"]
    assert "Traceback" not in answer.text
    return body


def test_without_a_session_there_is_a_challenge(client: FlaskClient, world: World) -> None:
    for path in ("/me", "/requests", f"/lines/{uuid4()}"):
        answer = Reply.of(client.get(f"/api/v1{path}"))
        problem(answer, 401, "sign_in_required")
        assert "/sign-in" in answer.headers["WWW-Authenticate"]
    client.set_cookie("govcloud_session", "' OR 1=1 --")
    problem(Reply.of(client.get("/api/v1/me")), 401, "sign_in_required")


def test_writing_needs_the_token(caller: SignIn, services: Services) -> None:
    wang = caller("WANGFANG")
    for token in (None, "wrong"):
        wang.headers = {} if token is None else {"X-CSRFToken": token}
        problem(wang.post("/requests", body_of()), 403, "csrf")
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_request")) == 0


MALFORMED = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'"text"',
    b'{"a": 1,}',
    b'{"days": NaN}',
    b'{"days": Infinity}',
    b'{"days": 1, "days": 2}',
    b'{"reason": "\\ud800"}',
    b"\xff\xfe{}",
    b'{"a":' + b"[" * 50_000 + b"]" * 50_000 + b"}",
    b'{"days": ' + b"9" * 5000 + b"}",
    b"reason=x&days=1",
]


def test_what_is_not_json_is_malformed(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    for data in MALFORMED:
        problem(wang.raw("/requests", data), 400, "malformed_json")


def test_only_json_is_taken(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "application/xml", ""):
        problem(wang.raw("/requests", json.dumps(body_of()).encode(), content_type), 415, "http_415")


def test_an_oversized_body_is_refused_unread(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    problem(wang.raw("/requests", json.dumps(body_of(reason="x" * 2_000_000)).encode()), 413, "http_413")


WRONG: list[tuple[dict[str, Any], str]] = [
    ({"reason": "长" * 1001}, "reason"),
    ({"reason": ""}, "reason"),
    ({"reason": None}, "reason"),
    ({"reason": 5}, "reason"),
    ({"reason": "a\u0000b"}, "reason"),
    ({"days": "10"}, "days"),
    ({"days": 1.5}, "days"),
    ({"days": True}, "days"),
    ({"days": 0}, "days"),
    ({"days": 31}, "days"),
    ({"days": 10**40}, "days"),
    ({"divisions": "330106000000"}, "divisions"),
    ({"divisions": []}, "divisions"),
    ({"divisions": ["330106"]}, "divisions.0"),
    ({"divisions": ["330106000000' OR 1"]}, "divisions.0"),
    ({"divisions": ["330106000000"] * 500}, "divisions"),
    ({"case_number": None}, "case_number"),
    ({"matter_id": "no"}, "matter_id"),
    ({"matter_id": str(uuid4())}, "matter_id"),
    ({"beneficiary_appointment_id": str(uuid4())}, "beneficiary_appointment_id"),
    ({"item_id": str(uuid4())}, "item_id"),
    ({"function": None}, "item_id"),
    ({"function": "housing:guide:read"}, "function"),
    ({"function": "nothing:at:all"}, "function"),
    ({"function": "'; DROP TABLE decision; --"}, "function"),
    ({"approved": True}, "approved"),
    ({"state": "approved"}, "state"),
]


def test_a_wrong_field_is_named(caller: SignIn, services: Services) -> None:
    wang = caller("WANGFANG")
    for changes, field in WRONG:
        answer = wang.post("/requests", body_of(**changes))
        assert answer.status_code == 422, (changes, answer.text)
        assert answer.content_type == "application/problem+json"
        assert field in [found["field"] for found in answer.json["fields"]], changes
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_request")) == 0


def test_every_wrong_field_is_named_at_once(caller: SignIn) -> None:
    body = problem(caller("WANGFANG").post("/requests", {"days": "x", "wish": 1, "function": "f"}), 422, "invalid_input")
    assert {found["field"] for found in body["fields"]} == {"reason", "days", "wish"}


def test_a_wrong_query_is_named(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    for query in ("limit=0", "limit=101", "limit=x", "page=2", "limit=5&limit=6", "cursor=" + "x" * 100):
        body = problem(wang.get(f"/requests?{query}"), 422, "invalid_input")
        assert [found["field"] for found in body["fields"]] == [query.partition("=")[0]]


def test_unknown_things_and_addresses(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    problem(wang.get(f"/requests/{uuid4()}"), 404, "not_found")
    problem(wang.post(f"/grants/{uuid4()}/relinquish"), 404, "not_found")
    for path in ("/nothing", "/requests/not-a-uuid", "/requests/' OR 1", "/"):
        problem(wang.get(path), 404, "http_404")
    answer = Reply.of(wang.client.delete("/api/v1/requests", headers=wang.headers))
    problem(answer, 405, "http_405")
    assert set(answer.headers["Allow"].split(", ")) >= {"GET", "POST"}


def test_approving_ones_own_request_is_refused_with_the_reason(caller: SignIn, services: Services, world: World) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    li = caller("LIQIANG")
    line_id = li.post("/requests", body_of()).json["line_id"]
    body = problem(li.post(f"/lines/{line_id}/approve", {"version": 1}), 403, "own_request")
    assert [refusal["code"] for refusal in body["refusals"]] == ["own_request"]


def test_approving_without_authority_is_refused(caller: SignIn, services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    for login in ("WANGFANG", "SUNLI", "ZHAOMIN"):
        answer = caller(login).post(f"/lines/{line_id}/approve", {"version": 1})
        assert answer.status_code == 403
    assert caller("ZHAOMIN").get(f"/lines/{line_id}/decision").status_code == 404
    assert services.uow.read().scalar(text("SELECT count(*) FROM decision")) == 0


def test_the_second_decision_gets_the_current_state(caller: SignIn, services: Services, world: World) -> None:
    line_id = ask(services, world).line_id
    assert caller("LIQIANG").post(f"/lines/{line_id}/approve", {"version": 1}).status_code == 200
    body = problem(caller("QIANWEI").post(f"/lines/{line_id}/approve", {"version": 1}), 409, "line_already_decided")
    assert "李强" in body["detail"]
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_grant")) == 1


def test_errors_are_in_the_callers_language(caller: SignIn) -> None:
    wang = caller("WANGFANG")
    english = wang.get("/nothing", **{"Accept-Language": "en"})
    assert (english.json["title"], english.headers["Content-Language"]) == ("Not found", "en")
    chinese = wang.get("/nothing", **{"Accept-Language": "fr, zh;q=0.5"})
    assert (chinese.json["title"], chinese.headers["Content-Language"]) == ("没有找到", "zh-CN")
    assert "Accept-Language" in english.headers["Vary"]


def test_a_database_that_is_away_is_a_503_that_says_when_to_come_back(settings: Settings, clock: ManualClock) -> None:
    away = settings.model_copy(update={"database_url": "postgresql+psycopg://nobody:secret-of-nobody@127.0.0.1:1/none"})
    client = create_app(away, clock).test_client()
    client.set_cookie("govcloud_session", "any")
    answer = Reply.of(client.get("/api/v1/me"))
    problem(answer, 503, "database_away")
    assert answer.headers["Retry-After"] == "5"
    assert "secret-of-nobody" not in answer.text
    assert "127.0.0.1" not in answer.text
