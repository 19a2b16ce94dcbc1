"""The feed of personnel events at the wire: credentials, batches, repeats, and every kind of event."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from govcloud.audit.models import AuditEvent
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.factories.people import id_number
from tests.factories.world import SEED, World

URL = "/api/v1/personnel-events"


@pytest.fixture
def uscc(services: Services, world: World) -> str:
    view = services.identity_queries.department(world.organisation.ids["yuhang_civil_affairs"])
    assert view is not None
    return view.uscc


@pytest.fixture
def sender(services: Services, world: World) -> tuple[str, str]:
    """Return the credentials of a client that is entrusted with provisioning."""
    credentials = world.clients["assistance"]
    services.subsystems.entrust_client(world.security_admin.actor(), credentials.client_id, ["provisioning"], "人事系统")
    assert credentials.secret is not None
    return credentials.client_id, credentials.secret


def send(client: FlaskClient, sender: tuple[str, str], *events: dict[str, Any]) -> TestResponse:
    return client.post(URL, json={"events": list(events)}, auth=sender)


def results(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = (answer.json or {})["results"]
    return found


def test_a_working_life_over_the_feed(
    client: FlaskClient, services: Services, clock: ManualClock, sender: tuple[str, str], uscc: str
) -> None:
    place = {"department_uscc": uscc, "position": "窗口受理员", "post": "科员"}
    at = clock.now() + timedelta(days=3)
    term = {"ends_at": (clock.now() + timedelta(days=90)).isoformat()}
    who = {"employee_code": "HR0001", "reason": "人事系统报送"}
    join = {"id": "1", "kind": "join", "employee_code": "hr0001", "name": "单于敏", "id_number": id_number(40_001), **place}
    rows = results(
        send(
            client,
            sender,
            join,
            {"id": "2", "kind": "concurrent", **who, **place, "position": "信息员"},
            {"id": "3", "kind": "attachment", **who, **place, "position": "挂职副局长", **term},
            {"id": "4", "kind": "secondment", **who, **place, "position": "专班成员", **term},
            {"id": "5", "kind": "transfer", **who, **place, "position": "科室负责人", "handover_days": 5, "effective_at": at.isoformat()},
            {"id": "6", "kind": "suspend", **who},
            {"id": "7", "kind": "reinstate", **who},
            {"id": "8", "kind": "leave", **who},
            {"id": "9", "kind": "undo_leave", **who},
        )
    )
    assert [(row["id"], row["outcome"]) for row in rows] == [
        (str(number), "planned" if number == 5 else "applied") for number in range(1, 10)
    ], rows
    official = services.identity_queries.official_by_code("HR0001")
    assert official is not None
    assert official.active
    assert len(services.identity_queries.appointments_of(official.id)) == 4
    assert [item.kind for item in services.identity_queries.planned_changes(official.id)] == ["transfer"]
    recorded = services.uow.read().scalars(select(AuditEvent.actor_id).where(AuditEvent.subject == f"official:{official.id}"))
    assert set(recorded) == {sender[0]}


def test_an_event_happens_once(client: FlaskClient, services: Services, world: World, sender: tuple[str, str]) -> None:
    event = {"id": "a-1", "kind": "suspend", "employee_code": "WANGFANG", "reason": "停职检查"}
    first, second = results(send(client, sender, event, event))
    assert (first["replayed"], second["replayed"]) == (False, True)
    assert {**first, "replayed": True} == second
    (other,) = results(send(client, sender, {**event, "employee_code": "LIQIANG"}))
    assert other["outcome"] == "refused"
    assert (other["problem"]["status"], other["problem"]["code"]) == (422, "event_id_reused")
    li = services.identity_queries.official(world.li.official_id)
    assert li is not None
    assert li.active


def test_a_refused_event_keeps_nothing_and_can_be_mended(client: FlaskClient, world: World, sender: tuple[str, str], uscc: str) -> None:
    wrong = {"id": "b-1", "kind": "transfer", "employee_code": "WANGFANG", "reason": "调动", "department_uscc": "x", "position": "受理员"}
    rows = results(
        send(
            client,
            sender,
            wrong,
            {"id": "b-2", "kind": "leave", "employee_code": "NOBODY", "reason": "离职"},
            {"id": "b-3", "kind": "promote", "employee_code": "WANGFANG"},
            {"id": "b 4", "kind": "leave", "employee_code": "WANGFANG", "reason": "离职"},
            {"id": "b-5", "kind": "leave", "employee_code": "WANGFANG"},
            {"id": "b-6", "kind": "secondment", "employee_code": "WANGFANG", "reason": "借调", "department_uscc": uscc, "position": "协办"},
        )
    )
    found = [(row["outcome"], row["problem"]["status"], [item["field"] for item in row["problem"]["fields"]]) for row in rows]
    assert found == [
        ("refused", 422, ["department_uscc"]),
        ("refused", 404, []),
        ("refused", 422, ["kind"]),
        ("refused", 422, ["id"]),
        ("refused", 422, ["reason"]),
        ("refused", 422, ["ends_at"]),
    ]
    (mended,) = results(send(client, sender, {**wrong, "department_uscc": uscc}))
    assert mended["outcome"] == "applied"


def test_the_feed_is_for_entrusted_clients(client: FlaskClient, world: World, sender: tuple[str, str]) -> None:
    event = {"id": "c-1", "kind": "leave", "employee_code": "WANGFANG", "reason": "离职"}
    other = world.clients["housing"]
    for credentials, status in (((other.client_id, other.secret or ""), 403), ((sender[0], "wrong"), 401), (("nobody", "x"), 401)):
        answer = send(client, credentials, event)
        assert answer.status_code == status
        assert answer.content_type == "application/problem+json"
    answer = client.post(URL, json={"events": [event]})
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_a_batch_has_bounds(client: FlaskClient, world: World, sender: tuple[str, str]) -> None:
    event = {"id": "d", "kind": "leave", "employee_code": "NOBODY", "reason": "离职"}
    for events in ([], [event] * 501):
        answer = send(client, sender, *events)
        assert answer.status_code == 422
        assert (answer.json or {})["fields"][0]["field"] == "events"
    naive = send(client, sender, {**event, "effective_at": "2026-12-01T00:00:00"})
    assert naive.status_code == 422
    assert (answer.json or {})["fields"]


def test_personal_numbers_stay_out_of_the_answer(client: FlaskClient, world: World, sender: tuple[str, str], uscc: str) -> None:
    number = id_number(40_002)
    join = {"kind": "join", "employee_code": "HR0002", "name": "甲", "department_uscc": uscc, "position": "受理员"}
    answer = send(client, sender, {"id": "e-1", **join, "id_number": number}, {"id": "e-2", **join, "id_number": number[:-1] + "Y"})
    assert answer.status_code == 200
    assert number not in answer.text
    assert number[:-1] not in answer.text


def test_joining_again_is_coming_back(  # noqa: PLR0917 - fixtures
    client: FlaskClient, services: Services, world: World, clock: ManualClock, sender: tuple[str, str], uscc: str
) -> None:
    wang = world.wang.official_id
    services.authorization.assign_role(SEED, wang, "housing_clerk", reason="专项")
    join = {"kind": "join", "employee_code": "WANGFANG", "name": "王芳", "department_uscc": uscc, "position": "窗口受理员"}
    join |= {"id_number": id_number(5000), "rank": "二级科员"}
    (serving,) = results(send(client, sender, {"id": "j-1", **join}))
    assert (serving["outcome"], serving["problem"]["code"]) == ("refused", "already_exists")
    clock.advance(timedelta(days=1))
    results(send(client, sender, {"id": "j-2", "kind": "leave", "employee_code": "WANGFANG", "reason": "辞职"}))
    clock.advance(timedelta(days=1))
    (other,) = results(send(client, sender, {"id": "j-1", **join, "employee_code": "WF2"}))
    assert (other["outcome"], other["problem"]["code"]) == ("refused", "left_under_another_code")
    assert [item["field"] for item in other["problem"]["fields"]] == ["employee_code"]
    first, again = results(send(client, sender, {"id": "j-3", **join}, {"id": "j-3", **join}))
    assert (first["outcome"], first["official_id"]) == ("applied", str(wang))
    assert {**first, "replayed": True} == again
    person = services.identity_queries.official(wang)
    assert person is not None
    assert (person.status, person.rank) == ("active", "二级科员")
    assert [item.kind for item in services.identity_queries.changes_of(wang)] == ["rejoin", "leave"]
    assert services.authorization_queries.assignments_of(wang) == ()
    assert services.signon.without_password([wang]) == {wang}
