"""AuthZEN at the wire: questions of a relying system, its credentials, and every malformed request."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select
from werkzeug.test import TestResponse

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.models import Participant
from govcloud.signon.views import SignedIn, TicketRequest
from tests.factories.world import PASSWORD, SEED, XIHU, YUHANG, Person, World

READ = "housing:register:read"
URL = "/access/v1/evaluation"


@pytest.fixture
def wang(services: Services, world: World) -> SignedIn:
    """Return the session of 王芳."""
    return services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test")


@pytest.fixture
def sid(services: Services, world: World, wang: SignedIn) -> UUID:
    """Return how the housing subsystem knows the session of 王芳."""
    session = services.signon.current(wang.token)
    housing = services.subsystem_queries.client_by_client_id("housing-web")
    assert session is not None
    assert housing is not None
    asked = TicketRequest("http://127.0.0.1:8001/oidc/callback", "challenge", "openid")
    services.signon.issue_ticket(world.wang.actor(session_id=wang.session_id), session, housing, asked)
    return services.uow.read().scalars(select(Participant.id).where(Participant.session_id == wang.session_id)).one()


def question(person: Person, sid: object = None, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a right question about reading the housing register, with ``changes``."""
    right = {
        "subject": {"type": "official", "id": str(person.official_id), "properties": {} if sid is None else {"sid": str(sid)}},
        "action": {"name": READ},
        "resource": {"type": "register", "id": "*", "properties": {}},
        "context": {},
    }
    return right | changes


def ask(client: FlaskClient, world: World, body: object, *, as_: str = "housing", **headers: str) -> TestResponse:
    """Ask with the credentials of a subsystem."""
    credentials = world.clients[as_]
    return client.post(URL, json=body, auth=(credentials.client_id, credentials.secret or ""), headers=headers)


def grant(services: Services, world: World, days: int = 5) -> UUID:
    """Open the housing register of 西湖区 to 王芳."""
    now, wang = services.clock.now(), world.wang
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=days), Scope((XIHU,)))
    return services.authorization.open_grant(SEED, new)


def test_the_story_without_a_new_sign_in(services: Services, world: World, client: FlaskClient, sid: UUID) -> None:
    denied = ask(client, world, question(world.wang, sid))
    assert denied.status_code == 200
    body = denied.get_json()
    assert body["decision"] is False
    assert body["context"]["reason"] == "no_permission"
    assert body["context"]["reason_user"]["zh-CN"] == "您的岗位没有这项功能的权限。"
    hint = {
        "url": f"http://localhost/requests/new?item={world.items[READ]}",
        "function_name": "查询住房登记信息",
        "owner": "浙江省住房和城乡建设厅",
        "max_days": 30,
    }
    assert hint.items() <= body["context"]["access_request"].items()
    assert body["context"]["trace_id"] == denied.headers["X-Request-ID"]

    grant_id = grant(services, world)
    allowed = ask(client, world, question(world.wang, sid)).get_json()
    assert allowed["decision"] is True
    assert allowed["context"]["obligations"] == {"rows": {"divisions": [XIHU]}, "label_at_most": 0}
    assert allowed["context"]["ends_at"] == (services.clock.now() + timedelta(days=5)).isoformat()
    assert allowed["context"]["epoch"] > body["context"]["epoch"]
    row = {"type": "register", "id": "7", "properties": {"division": YUHANG}}
    assert ask(client, world, question(world.wang, sid, resource=row)).get_json()["context"]["reason"] == "out_of_scope"

    services.authorization.close_grant(SEED, grant_id, "办结")
    assert ask(client, world, question(world.wang, sid)).get_json()["context"]["reason"] == "grant_revoked"


def test_english_reasons(world: World, client: FlaskClient) -> None:
    context = ask(client, world, question(world.wang)).get_json()["context"]
    assert context["reason_user"]["en"] == "Your appointment does not open this function."


def test_without_a_session_the_primary_appointment_counts(services: Services, world: World, client: FlaskClient) -> None:
    assert ask(client, world, question(world.people["CHENJIE"])).get_json()["decision"] is True
    grant(services, world)
    assert ask(client, world, question(world.wang)).get_json()["decision"] is True


def test_the_session_decides(services: Services, world: World, client: FlaskClient, wang: SignedIn, sid: UUID) -> None:
    grant(services, world)
    for other in (uuid4(), "nonsense", ""):
        assert ask(client, world, question(world.wang, other)).get_json()["context"]["reason"] == "session_ended"
    somebody_else = question(world.people["CHENJIE"], sid)
    assert ask(client, world, somebody_else).get_json()["context"]["reason"] == "session_ended"
    assert ask(client, world, question(world.wang, sid)).get_json()["decision"] is True
    services.signon.sign_out(world.wang.actor(session_id=wang.session_id), wang.session_id)
    assert ask(client, world, question(world.wang, sid)).get_json()["context"]["reason"] == "session_ended"


def test_a_session_is_known_to_its_own_client_only(world: World, client: FlaskClient, sid: UUID) -> None:
    asked = question(world.wang, sid, action={"name": "assistance:case:read"})
    assert ask(client, world, asked, as_="assistance").get_json()["context"]["reason"] == "session_ended"


def test_a_client_asks_about_its_own_functions_only(world: World, client: FlaskClient) -> None:
    for function in ("assistance:case:read", "govcloud:policy:install", "nonsense"):
        answer = ask(client, world, question(world.wang, action={"name": function}))
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "foreign_function")


def test_unknown_things_are_denials(world: World, client: FlaskClient) -> None:
    unknown = question(world.wang, subject={"type": "official", "id": str(uuid4())})
    assert ask(client, world, unknown).get_json()["context"]["reason"] == "unknown_subject"
    for subject in ({"type": "robot", "id": str(world.wang.official_id)}, {"type": "official", "id": "' or 1=1 --"}):
        assert ask(client, world, question(world.wang, subject=subject)).get_json()["context"]["reason"] == "unknown_subject"
    for function in ("housing:register:burn", "housing:register:read\x00", "housing:<script>:x"):
        answer = ask(client, world, question(world.wang, action={"name": function}))
        assert (answer.status_code, answer.get_json()["context"]["reason"]) == (200, "unknown_function")


def test_unknown_fields_are_ignored_and_the_clock_is_ours(world: World, client: FlaskClient) -> None:
    asked = question(world.people["CHENJIE"], context={"time": "03:00", "anything": [1]}, evaluations_note="x")
    asked["subject"]["colour"] = "red"
    assert ask(client, world, asked).get_json()["decision"] is True


def test_credentials(services: Services, world: World, client: FlaskClient) -> None:
    credentials = world.clients["housing"]
    body = question(world.wang)
    assert credentials.secret is not None
    for auth in (None, (credentials.client_id, "wrong"), ("nobody", credentials.secret), (credentials.client_id, ""), ("", "")):
        answer = client.post(URL, json=body, auth=auth)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")
        assert answer.get_json()["error"]["code"] == "invalid_client"
    bearer = client.post(URL, json=body, headers={"Authorization": f"Bearer {credentials.secret}"})
    assert bearer.status_code == 401
    # The session of a browser is no client's credential.
    client.set_cookie("govcloud_session", services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test").token)
    assert client.post(URL, json=body).status_code == 401


def test_malformed_requests(world: World, client: FlaskClient) -> None:
    credentials = world.clients["housing"]
    auth = (credentials.client_id, credentials.secret or "")
    right = json.dumps(question(world.wang)).encode()
    for data, content_type in (
        (right, "text/plain"),
        (right, "application/x-www-form-urlencoded"),
        (right, ""),
        (b"{", "application/json"),
        (b"", "application/json"),
        (b"[]", "application/json"),
        (b'"text"', "application/json"),
        (b"\xff\xfe", "application/json"),
        (b"[" * 100_000, "application/json"),
    ):
        answer = client.post(URL, data=data, content_type=content_type, auth=auth)
        assert (answer.status_code, answer.get_json()["error"]["code"]) == (400, "invalid_request"), (data[:20], content_type)
    assert client.post(URL, data=right, content_type="application/json; charset=utf-8", auth=auth).status_code == 200


@pytest.mark.parametrize(
    "changes",
    [
        {"subject": None},
        {"subject": "official"},
        {"subject": {"type": "official"}},
        {"subject": {"type": "official", "id": 7}},
        {"subject": {"type": "", "id": "x"}},
        {"subject": {"type": "official", "id": "x", "properties": []}},
        {"subject": {"type": "official", "id": "x", "properties": {"sid": 7}}},
        {"action": {}},
        {"action": {"name": ["x"]}},
        {"resource": {"id": "x"}},
        {"resource": {"type": "x", "id": "x", "properties": "x"}},
        {"context": "x"},
    ],
)
def test_every_required_field(changes: dict[str, Any]) -> None:
    from govcloud.entrypoints.authzen.errors import MalformedError  # noqa: PLC0415
    from govcloud.entrypoints.authzen.wire import read_evaluation  # noqa: PLC0415

    person = Person("x", "X", uuid4(), uuid4(), uuid4())
    with pytest.raises(MalformedError, match=next(iter(changes))):
        read_evaluation(question(person) | changes)


def test_an_oversized_body(world: World, client: FlaskClient) -> None:
    answer = ask(client, world, question(world.wang, context={"note": "x" * 2_000_000}))
    assert answer.status_code == 413
    assert "trace_id" in answer.get_json()["error"]


def test_the_request_id_is_echoed(world: World, client: FlaskClient) -> None:
    for number in ("bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "1", "trace:7/b=c"):
        assert ask(client, world, question(world.wang), **{"X-Request-ID": number}).headers["X-Request-ID"] == number
    assert client.post(URL, json={}, headers={"X-Request-ID": "failed-7"}).headers["X-Request-ID"] == "failed-7"
    assert ask(client, world, question(world.wang)).headers["X-Request-ID"]


def test_a_division_that_is_none(world: World, client: FlaskClient) -> None:
    for division in ("33", 330106, ["330106000000"], "'; drop table role"):
        row = {"type": "register", "id": "1", "properties": {"division": division}}
        answer = ask(client, world, question(world.people["CHENJIE"], resource=row))
        assert answer.get_json()["context"]["reason"] == "bad_resource"


def test_an_ended_grant_needs_no_job(services: Services, world: World, client: FlaskClient, clock: ManualClock) -> None:
    grant(services, world, days=1)
    clock.advance(timedelta(days=1) - timedelta(microseconds=1))
    assert ask(client, world, question(world.wang)).get_json()["decision"] is True
    clock.advance(timedelta(microseconds=1))
    assert ask(client, world, question(world.wang)).get_json()["context"]["reason"] == "grant_expired"


def test_the_next_check_goes_by_the_appointment_that_was_chosen_meanwhile(
    services: Services, world: World, client: FlaskClient, wang: SignedIn
) -> None:
    """The stay of a subsystem that asks goes on; what it opens is the new appointment's, and the old one's once that is chosen again."""
    session = services.signon.current(wang.token)
    assistance = services.subsystem_queries.client_by_client_id("assistance-web")
    assert session is not None
    assert assistance is not None
    actor = world.wang.actor(session_id=wang.session_id)
    asked = TicketRequest("http://127.0.0.1:8002/oidc/callback", "challenge", "openid")
    services.signon.issue_ticket(actor, session, assistance, asked)
    sid = services.uow.read().scalars(select(Participant.id).where(Participant.session_id == wang.session_id)).one()
    new = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    second = services.identity.appoint(SEED, world.wang.official_id, new)
    body = question(world.wang, sid, action={"name": "assistance:case:read"}, resource={"type": "case", "id": "*"})
    found = []
    for appointment in (world.wang.appointment_id, second, world.wang.appointment_id):
        services.signon.choose_appointment(actor, wang.session_id, appointment)
        found.append(ask(client, world, body, as_="assistance").get_json()["decision"])
    assert found == [True, False, True]
