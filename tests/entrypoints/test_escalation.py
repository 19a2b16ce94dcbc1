"""越权: who has no right to a thing is refused in the right form at every way in, and nothing changes; the console has its own folder."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import psycopg
import pytest
from sqlalchemy import text

from govcloud.identity.inputs import NewAppointment
from tests.entrypoints.oidc.conftest import Party, basic
from tests.factories.browsing import Visitor, said, signed_in
from tests.factories.deciders import give_office
from tests.factories.requests import REGISTER, ask, granted, may_read
from tests.factories.world import HANGZHOU, SEED, XIHU

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.world import World

EVERYBODY = ("WANGFANG", "SUNLI", "LIQIANG", "QIANWEI", "ZHAOMIN", "HEWEI", "ZHOUJIANJUN", "WUXIAOYAN", "ZHENGGUOHUA", "nobody")


@dataclass(frozen=True)
class Things:
    """What belongs to 王芳: a line that waits, another that was granted, her session and her appointment."""

    request: UUID
    line: UUID
    grant: UUID
    session: UUID
    appointment: UUID
    item: UUID


@dataclass
class Intruder:
    """Somebody at the portal's and the API's wire, with valid form tokens of their own."""

    visitor: Visitor
    token: str

    def form(self, path: str, **fields: object) -> TestResponse:
        """Send a form of the portal."""
        return self.visitor.client.post(path, data={**fields, "csrf_token": self.token})

    def api(self, path: str, body: dict[str, Any] | None = None) -> TestResponse:
        """Write through the API."""
        return self.visitor.client.post(f"/api/v1{path}", json=body, headers={"X-CSRFToken": self.token})


@pytest.fixture
def things(app: Flask, services: Services, world: World) -> Things:
    """Return what 王芳 has; her second request waits for another item."""
    grant = granted(services, world)
    submitted = ask(services, world)
    visitor = signed_in(app, services, "WANGFANG")
    assert visitor.get("/").status_code == 200
    session = services.signon.sessions_of(world.wang.official_id)[0].session_id
    return Things(submitted.request_id, submitted.line_id, grant, session, world.wang.appointment_id, world.items[REGISTER])


@pytest.fixture
def intruder(app: Flask, services: Services, world: World) -> Callable[[str], Intruder]:
    """Return the way to become somebody; ``nobody`` has not signed in."""

    def become(login: str) -> Intruder:
        if login == "nobody":
            stranger = Visitor(app.test_client())
            return Intruder(stranger, stranger.token("/sign-in"))
        visitor = signed_in(app, services, login)
        return Intruder(visitor, visitor.token("/appointment"))

    return become


Write = Callable[[Intruder, Things], "TestResponse"]
#: Every write of portal and API on somebody's things, and who may run it.
WRITES: dict[str, tuple[Write, set[str]]] = {
    "portal withdraw": (lambda by, at: by.form(f"/requests/{at.request}/lines/{at.line}/withdraw", version=1), {"WANGFANG"}),
    "portal approve": (lambda by, at: by.form(f"/inbox/{at.line}", action="approve", version=1), {"LIQIANG", "QIANWEI"}),
    "portal narrow": (
        lambda by, at: by.form(f"/inbox/{at.line}", action="narrow", version=1, scope=XIHU, days=1),
        {"LIQIANG", "QIANWEI"},
    ),
    "portal reject": (
        lambda by, at: by.form(f"/inbox/{at.line}", action="reject", version=1, reason_code="other", refusal="x"),
        {"LIQIANG", "QIANWEI"},
    ),
    "portal hand back": (lambda by, at: by.form(f"/access/{at.grant}/relinquish"), {"WANGFANG"}),
    "portal revoke": (lambda by, at: by.form(f"/grants/{at.grant}/revoke", reason="好奇"), {"LIQIANG", "QIANWEI"}),
    "portal end session": (lambda by, at: by.form(f"/account/sessions/{at.session}/end"), {"WANGFANG"}),
    "portal act as": (lambda by, at: by.form("/appointment", appointment=at.appointment), {"WANGFANG"}),
    "api withdraw": (lambda by, at: by.api(f"/lines/{at.line}/withdraw", {"version": 1}), {"WANGFANG"}),
    "api approve": (lambda by, at: by.api(f"/lines/{at.line}/approve", {"version": 1}), {"LIQIANG", "QIANWEI"}),
    "api reject": (
        lambda by, at: by.api(f"/lines/{at.line}/reject", {"version": 1, "reason_code": "other"}),
        {"LIQIANG", "QIANWEI"},
    ),
    "api revoke": (lambda by, at: by.api(f"/grants/{at.grant}/revoke", {"reason": "好奇"}), {"LIQIANG", "QIANWEI", "WUXIAOYAN"}),
    "api relinquish": (lambda by, at: by.api(f"/grants/{at.grant}/relinquish"), {"WANGFANG"}),
    "api ask for another": (
        lambda by, at: by.api(
            "/requests",
            {"item_id": str(at.item), "reason": "x", "days": 1, "case_number": "1", "beneficiary_appointment_id": str(at.appointment)},
        ),
        {"WANGFANG", "SUNLI"},
    ),
}
REFUSED = {401, 403, 404, 422}


@pytest.mark.parametrize("login", EVERYBODY)
def test_nobody_writes_to_what_is_not_theirs(
    intruder: Callable[[str], Intruder], things: Things, services: Services, world: World, login: str
) -> None:
    by = intruder(login)
    events = text("SELECT count(*) FROM audit_event WHERE name NOT IN ('kernel:command:refused')")
    before = services.uow.read().scalar(events)
    for name, (write, allowed) in WRITES.items():
        if login in allowed:
            continue
        answer = write(by, things)
        assert answer.status_code in REFUSED, (name, said(answer))
        assert answer.mimetype == ("text/html" if name.startswith("portal") else "application/problem+json"), name
        for secret in ("XH-2026-0117", "办理困难家庭救助"):
            assert secret not in answer.text, name
    assert services.uow.read().scalar(events) == before
    assert may_read(services, world.wang)


@pytest.mark.parametrize("login", [login for login in EVERYBODY if login not in {"WANGFANG", "LIQIANG", "QIANWEI"}])
def test_nobody_reads_what_is_not_theirs(intruder: Callable[[str], Intruder], things: Things, login: str) -> None:
    by = intruder(login)
    for path in (
        f"/requests/{things.request}",
        f"/inbox/{things.line}",
        f"/access/{things.grant}/relinquish",
        f"/grants/{things.grant}/revoke",
        f"/api/v1/requests/{things.request}",
        f"/api/v1/lines/{things.line}",
        f"/api/v1/lines/{things.line}/decision",
    ):
        answer = by.visitor.get(path)
        assert answer.status_code in {302, 401, 403, 404}, path
        assert "办理困难家庭救助" not in answer.text, path
    if login != "nobody":
        for path in ("/inbox", "/requests", "/access", "/api/v1/inbox", "/api/v1/requests", "/api/v1/access", "/api/v1/access/overseen"):
            assert "查询住房登记信息" not in by.visitor.get(path).text, path


def test_a_line_cannot_be_reached_through_a_request_of_ones_own(
    intruder: Callable[[str], Intruder], things: Things, services: Services, world: World
) -> None:
    own = ask(services, world, world.people["SHANXUEMEI"])
    answer = intruder("SHANXUEMEI").form(f"/requests/{own.request_id}/lines/{things.line}/withdraw", version=1)
    assert answer.status_code == 403
    assert services.uow.read().scalar(text("SELECT count(*) FROM request_line WHERE state = 'pending'")) == 2


def test_an_approver_gives_no_more_than_was_asked_for(intruder: Callable[[str], Intruder], things: Things, services: Services) -> None:
    li = intruder("LIQIANG")
    for changes, status in (
        ({"days": 11}, 422),
        ({"days": 0}, 422),
        ({"days": -1}, 422),
        ({"divisions": [HANGZHOU]}, 422),
        ({"divisions": [XIHU, HANGZHOU]}, 422),
        ({"divisions": []}, 422),
        ({"starts_at": "2020-01-01T00:00:00Z"}, 422),
        ({"official_id": str(UUID(int=1))}, 422),
        ({"version": 0}, 409),
        ({"version": 2}, 409),
    ):
        answer = li.api(f"/lines/{things.line}/approve", {"version": 1, **changes})
        assert answer.status_code == status, changes
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_grant")) == 1


def test_authority_hangs_on_the_appointment_in_which_one_acts(
    intruder: Callable[[str], Intruder], things: Things, services: Services, world: World
) -> None:
    second = NewAppointment(world.organisation.ids["data"], "联络员", "处长", kind="concurrent")
    services.identity.appoint(SEED, world.li.official_id, second)
    li = intruder("LIQIANG")
    approve = {"version": 1}
    without = li.api(f"/lines/{things.line}/approve", approve)
    # Without an appointment, or in another, one is like everybody, who may decide only where somebody lent the right.
    assert (without.status_code, without.get_json()["code"]) == (403, "condition_not_met"), "no appointment chosen"
    assert li.form("/appointment", appointment=second.id).status_code == 303
    elsewhere = li.api(f"/lines/{things.line}/approve", approve)
    assert (elsewhere.status_code, elsewhere.get_json()["code"]) == (403, "condition_not_met")
    assert li.visitor.get(f"/inbox/{things.line}").status_code == 404
    assert li.form("/appointment", appointment=world.li.appointment_id).status_code == 303
    assert li.api(f"/lines/{things.line}/approve", approve).status_code == 200


@pytest.mark.parametrize("loss", ["role", "appointment", "office"])
def test_authority_that_has_ended_decides_nothing_though_the_page_stands_open(
    intruder: Callable[[str], Intruder], things: Things, services: Services, world: World, loss: str
) -> None:
    li = intruder("LIQIANG")
    assert li.visitor.get(f"/inbox/{things.line}").status_code == 200
    if loss == "role":
        held = services.authorization_queries.assignments_of(world.li.official_id)[0]
        services.authorization.end_assignment(world.security_admin.actor(), held.id, "岗位调整")
    elif loss == "appointment":
        services.identity.end_appointment(world.system_admin.actor(), world.li.appointment_id, "岗位调整")
    else:
        services.identity.disable_official(world.security_admin.actor(), world.li.official_id, "停职检查")
    for name in ("portal approve", "portal reject", "portal revoke", "api approve", "api reject", "api revoke"):
        answer = WRITES[name][0](li, things)
        assert answer.status_code in {303, 401, 403, 404}, name
        assert answer.status_code != 303 or answer.location.startswith("/appointment"), name
    assert services.uow.read().scalar(text("SELECT count(*) FROM decision WHERE official_id = :li"), {"li": world.li.official_id}) == 1
    assert may_read(services, world.wang)


def test_nobody_decides_on_their_own_request_or_their_superiors(
    intruder: Callable[[str], Intruder], services: Services, world: World
) -> None:
    give_office(services, world, "SHANXUEMEI", "government")
    own = ask(services, world, world.li)
    li = intruder("LIQIANG")
    page = li.form(f"/inbox/{own.line_id}", action="approve", version=1)
    assert page.status_code == 403
    assert "不能自己审批，须由其他高级管理员办理" in said(page)
    problem = li.api(f"/lines/{own.line_id}/approve", {"version": 1})
    assert (problem.status_code, problem.get_json()["code"]) == (403, "own_request")
    assert li.api(f"/lines/{own.line_id}/reject", {"version": 1, "reason_code": "other"}).get_json()["code"] == "own_request"
    # His deputy, who stands below him, does not decide for him either.
    assert intruder("QIANWEI").api(f"/lines/{own.line_id}/approve", {"version": 1}).get_json()["code"] == "subordinate"
    assert not may_read(services, world.li)


UNREQUESTABLE = [
    ("housing:door:enter", "not_requestable"),
    ("housing:guide:read", "not_requestable"),
    ("govcloud:role:assign", "not_requestable"),
    ("govcloud:console:open", "not_requestable"),
    ("nothing:at:all", "not_requestable"),
]


def test_what_cannot_be_requested_is_refused_with_the_reason(intruder: Callable[[str], Intruder], services: Services, world: World) -> None:
    wang = intruder("WANGFANG")
    for function, code in UNREQUESTABLE:
        problem = wang.api("/requests", {"function": function, "reason": "x", "days": 1, "case_number": "1"})
        assert (problem.status_code, problem.get_json()["code"]) == (422, code), function
        assert problem.get_json()["fields"][0]["field"] in {"function", "item_id"}
    page = wang.form("/requests/new", item=world.items["housing:register:export"], reason="保留", days=1, scope=XIHU, case_number="XH-1")
    # Two departments have to agree, and there are deciders in one alone.
    assert page.status_code == 409
    assert "没有可以审批的高级管理员" in said(page)
    assert "保留</textarea>" in page.text
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_request")) == 0


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE catalogue_item SET valid_to = valid_from",
        "UPDATE subsystem_function SET valid_to = valid_from",
        "UPDATE subsystem SET status = 'retired'",
    ],
    ids=["item withdrawn", "function withdrawn", "subsystem retired"],
)
def test_what_was_withdrawn_while_the_form_stood_open(
    intruder: Callable[[str], Intruder], services: Services, world: World, superuser_url: str, change: str
) -> None:
    wang = intruder("WANGFANG")
    assert wang.visitor.get(f"/requests/new?item={world.items[REGISTER]}").status_code == 200
    with psycopg.connect(superuser_url) as connection:
        connection.execute(change.encode())
    page = wang.form("/requests/new", item=world.items[REGISTER], reason="x", days=1, scope=XIHU, case_number="XH-1")
    assert page.status_code == 404
    assert "这项权限不能申请：它不在可申请的目录中，或已经下架。" in said(page)
    for body in ({"item_id": str(world.items[REGISTER])}, {"function": REGISTER}):
        problem = wang.api("/requests", {"reason": "x", "days": 1, "case_number": "1", **body})
        assert (problem.status_code, problem.get_json()["code"]) == (422, "not_requestable")
    assert services.uow.read().scalar(text("SELECT count(*) FROM access_request")) == 0


# Programs


def test_a_disabled_client_is_out_everywhere_at_once(app: Flask, services: Services, world: World) -> None:
    wang = signed_in(app, services, "WANGFANG")
    secret = world.clients["assistance"].secret or ""
    party = Party(wang.client, "assistance-web", secret, "http://127.0.0.1:8002/oidc/callback")
    tokens, code = party.tokens(), party.code()
    services.subsystems.disable_client(world.system_admin.actor(), "assistance-web")
    redeemed = wang.client.post("/oidc/token", data=party.form(code), headers=basic("assistance-web", secret))
    assert (redeemed.status_code, redeemed.get_json()["error"]) == (401, "invalid_client")
    userinfo = wang.client.get("/oidc/userinfo", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert (userinfo.status_code, userinfo.get_json()["error"]) == (401, "invalid_token")
    asked = wang.client.post("/access/v1/evaluation", json={}, auth=("assistance-web", secret))
    assert asked.status_code == 401
    assert party.authorize().status_code == 400


def test_credentials_of_one_kind_open_no_other_way_in(app: Flask, services: Services, world: World) -> None:
    wang = signed_in(app, services, "WANGFANG")
    client = world.clients["assistance"]
    party = Party(wang.client, client.client_id, client.secret, "http://127.0.0.1:8002/oidc/callback")
    bearer = {"Authorization": f"Bearer {party.tokens()['access_token']}"}
    proof = basic(client.client_id, client.secret or "")
    stranger = Visitor(app.test_client())
    for headers in (bearer, proof):
        assert stranger.get("/api/v1/me", headers=headers).status_code == 401
        assert stranger.get("/console/", headers=headers).status_code == 302
        assert stranger.get("/", headers=headers).status_code == 302
    assert stranger.client.post("/access/v1/evaluation", json={}, headers=bearer).status_code == 401
    assert wang.client.post("/access/v1/evaluation", json={}).status_code == 401, "a browser's session is no client's credential"
    assert wang.get("/oidc/userinfo").status_code == 401


def test_nobody_speaks_for_the_proxy(app: Flask, services: Services, world: World) -> None:
    """Headers of a proxy that is not configured say nothing: neither who, nor from where, nor over what."""
    stranger = Visitor(app.test_client())
    claims = {
        "X-Forwarded-For": "127.0.0.1",
        "X-Forwarded-Host": "evil.example",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-User": "ZHOUJIANJUN",
        "X-Remote-User": "ZHOUJIANJUN",
        "X-HTTP-Method-Override": "DELETE",
        "X-Original-URL": "/console/",
    }
    for path in ("/", "/console/", "/api/v1/me"):
        answer = stranger.get(path, headers=claims)
        assert answer.status_code in {302, 401}
        assert "evil.example" not in str(answer.headers)
    signed_in(app, services, "WANGFANG").get("/", headers=claims)
    addresses = services.uow.read().execute(text("SELECT DISTINCT source_address FROM session")).scalars().all()
    assert addresses == ["127.0.0.1"]
