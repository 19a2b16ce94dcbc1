"""The Access Request & Approval Profile: a denial, the task, the decision of the owning department, and the question asked again."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID, uuid4

import pytest

from govcloud.authorization.scopes.scope import Scope
from tests.entrypoints.authzen.conftest import EVALUATION, EVALUATIONS, READ, Point, action, question, row, subject
from tests.factories.requests import ask
from tests.factories.world import XIHU, YUHANG, World

if TYPE_CHECKING:
    from werkzeug.test import TestResponse

    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services

REQUESTS = "/access/v1/requests"
PROBLEM = "urn:openid:authzen:access-request:error:"


def denied(point: Point, world: World, /, **changes: object) -> dict[str, Any]:
    """Return the context of a denial that a request can mend."""
    answer = point.said(EVALUATION, {**question(world.wang), **changes})
    assert answer["decision"] is False
    context: dict[str, Any] = answer["context"]
    return context


def submission(world: World, context: dict[str, Any], /, **changes: object) -> dict[str, Any]:
    """Return the access request that follows a denial."""
    hint = context["access_request"]
    denial = {
        "evaluation_id": context["evaluation_id"],
        "evaluated_at": context["evaluated_at"],
        "expires_at": hint["expires_at"],
        "reason": context["reason"],
        "binding_token": hint["binding_token"],
        "template": hint["template"],
    }
    return {**question(world.wang), "denial": denial, **changes}


def task_of(answer: TestResponse) -> dict[str, Any]:
    """Return the task in an answer."""
    assert answer.status_code in {200, 201, 202}, answer.text
    task: dict[str, Any] = json.loads(answer.text)["task"]
    return task


def look(point: Point, task: dict[str, Any]) -> dict[str, Any]:
    """Return what the task's own address says."""
    answer = point.browser.get(urlsplit(task["status_endpoint"]).path, auth=point.auth)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = json.loads(answer.text)
    return found


def refused(answer: TestResponse, kind: str) -> None:
    """Hold that an answer is a problem of the profile."""
    assert answer.mimetype == "application/problem+json", answer.text
    found = json.loads(answer.text)
    assert found["type"] == PROBLEM + kind
    assert found["status"] == answer.status_code


def test_the_whole_way(services: Services, world: World, housing: Point, clock: ManualClock) -> None:
    context = denied(housing, world)
    hint = context["access_request"]
    assert hint["endpoint"] == "http://localhost/access/v1/requests"
    assert hint["form_url"] == hint["url"] == f"http://localhost/requests/new?item={world.items[READ]}"
    assert (hint["function_name"], hint["owner"], hint["max_days"]) == ("查询住房登记信息", "浙江省住房和城乡建设厅", 30)
    assert housing.browser.get(urlsplit(hint["request_schema_url"]).path).get_json()["type"] == "object"

    more = {"context": {"business_justification": "核对住房情况", "case_number": "XH-1"}, "requested_access": {"days": 3}}
    answer = housing.post(REQUESTS, submission(world, context, **more))
    assert answer.status_code == 202
    task = task_of(answer)
    assert answer.headers["Location"] == task["status_endpoint"] == f"http://localhost/access/v1/requests/{task['id']}"
    assert task["status"] == "pending"
    assert task["progress"] == {"current_step": 1, "total_steps": 2, "step_name": "requester_confirmation"}
    assert task["display"]["title"]
    filled = parse_qs(urlsplit(task["links"]["ticket"]).query)
    assert filled == {"item": [str(world.items[READ])], "reason": ["核对住房情况"], "case_number": ["XH-1"], "days": ["3"]}
    assert services.access_queries.my_requests(world.wang.official_id).entries == (), "nobody asks in an official's name"

    submitted = ask(services, world, days=3)
    pending = look(housing, task)
    assert pending["task"]["progress"]["step_name"] == "owner_decision"
    assert pending["task"]["links"]["ticket"] == f"http://localhost/requests/{submitted.request_id}"
    assert "result" not in pending

    decided = services.access.approve(world.li.actor(), submitted.line_id, 1)
    approved = look(housing, task)
    assert approved["task"]["status"] == "approved"
    assert approved["result"] == {
        "mode": "reevaluate",
        "approval": {
            "id": str(decided.grant_id),
            "approved_at": clock.now().isoformat(),
            "approved_until": (clock.now() + timedelta(days=3)).isoformat(),
        },
    }
    again = housing.said(EVALUATION, {**question(world.wang), "context": {"approval": approved["result"]["approval"]}})
    assert again["decision"] is True
    assert again["context"]["approval"] == {"id": str(decided.grant_id), "approved_until": approved["result"]["approval"]["approved_until"]}


def test_what_comes_of_a_task(services: Services, world: World, housing: Point, clock: ManualClock) -> None:
    def task() -> dict[str, Any]:
        return task_of(housing.post(REQUESTS, submission(world, denied(housing, world))))

    first = task()
    line = ask(services, world).line_id
    services.access.reject(world.li.actor(), line, 1, "not_needed")
    assert look(housing, first)["task"]["status"] == "denied"
    assert "result" not in look(housing, first)
    clock.advance(timedelta(minutes=1))
    second = task()
    assert second["status"] == "pending", "what was decided before the denial is not about it"
    line = ask(services, world).line_id
    services.access.withdraw(world.wang.actor(), line, 1)
    assert look(housing, second)["task"]["status"] == "cancelled"
    clock.advance(timedelta(minutes=1))
    third = task()
    clock.advance(timedelta(days=3))
    assert look(housing, third)["task"]["status"] == "expired"
    clock.advance(timedelta(days=27))
    refused(housing.browser.get(urlsplit(third["status_endpoint"]).path, auth=housing.auth), "task_expired")


def test_a_request_that_waits_already_is_the_task(services: Services, world: World, housing: Point, clock: ManualClock) -> None:
    submitted = ask(services, world)
    clock.advance(timedelta(hours=1))
    task = task_of(housing.post(REQUESTS, submission(world, denied(housing, world))))
    assert task["progress"]["step_name"] == "owner_decision"
    services.access.approve(world.li.actor(), submitted.line_id, 1)
    assert look(housing, task)["result"]["mode"] == "reevaluate"


def test_submitting_twice_opens_one_task(services: Services, world: World, housing: Point) -> None:
    body = submission(world, denied(housing, world))
    tasks = [task_of(housing.post(REQUESTS, body, **{"Idempotency-Key": "7b8d0f0d"})) for _ in range(2)]
    assert tasks[0] == tasks[1]


def test_what_has_been_decided_already_is_201(services: Services, world: World, housing: Point) -> None:
    body = submission(world, denied(housing, world))
    services.access.approve(world.li.actor(), ask(services, world).line_id, 1)
    answer = housing.post(REQUESTS, body)
    assert answer.status_code == 201
    assert json.loads(answer.text)["result"]["mode"] == "reevaluate"


def test_only_a_denial_that_a_request_mends_can_be_requested(services: Services, world: World, housing: Point) -> None:
    allowed = housing.said(EVALUATION, question(world.people["CHENJIE"]))["context"]
    unknown = housing.said(EVALUATION, question(world.wang, "housing:register:burn"))["context"]
    foreign = housing.said(EVALUATION, {**question(world.wang), "subject": {"type": "official", "id": str(uuid4())}})["context"]
    for context in (allowed, unknown, foreign):
        assert "access_request" not in context
        assert "evaluation_id" not in context


def test_a_batch_of_denials_has_a_hint_each(world: World, housing: Point) -> None:
    answers = housing.batch(question(world.wang), question(world.wang, division=YUHANG), question(world.people["CHENJIE"]))
    first, second, third = (answer["context"] for answer in answers)
    assert first["evaluation_id"] != second["evaluation_id"]
    assert "access_request" not in third
    for context, asked in ((first, question(world.wang)), (second, question(world.wang, division=YUHANG))):
        assert housing.post(REQUESTS, submission(world, context, **asked)).status_code == 202
    refused(housing.post(REQUESTS, submission(world, first, **question(world.wang, division=YUHANG))), "invalid_denial_binding")


def test_a_denial_is_good_for_its_own_question(world: World, housing: Point) -> None:
    body = submission(world, denied(housing, world))
    others: tuple[dict[str, Any], ...] = (
        {"subject": subject(world.people["SUNLI"])},
        {"subject": {**subject(world.wang), "properties": {"x": 1}}},
        {"action": action("housing:register:export")},
        {"resource": row(number="8")},
        {"resource": row(YUHANG)},
        {"resource": {"type": "register", "id": "7"}},
    )
    for other in others:
        refused(housing.post(REQUESTS, {**body, **other}), "invalid_denial_binding")
    reordered = {"id": "7", "properties": {"division": XIHU}, "type": "register"}
    assert housing.post(REQUESTS, {**body, "resource": reordered}).status_code == 202
    acting = {**subject(world.wang), "properties": {"act": {"sub": "agent"}}}
    assert housing.post(REQUESTS, {**body, "subject": {**acting, "properties": {}}}).status_code == 400


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"binding_token": None}, "invalid_denial_binding"),
        ({"binding_token": "x.y.z"}, "invalid_denial_binding"),
        ({"binding_token": ""}, "invalid_denial_binding"),
        ({"binding_token": "字.字.字"}, "invalid_denial_binding"),
        ({"evaluation_id": "other"}, "invalid_denial_binding"),
        ({"expires_at": "2099-01-01T00:00:00+00:00"}, "invalid_denial_binding"),
        ({"expires_at": "tomorrow"}, "invalid_denial_binding"),
    ],
)
def test_a_denial_that_was_altered(world: World, housing: Point, changes: dict[str, object], kind: str) -> None:
    body = submission(world, denied(housing, world))
    refused(housing.post(REQUESTS, {**body, "denial": {**body["denial"], **changes}}), kind)


def test_a_token_that_was_altered(world: World, housing: Point) -> None:
    body = submission(world, denied(housing, world))
    header, payload, signature = body["denial"]["binding_token"].split(".")
    for token in (
        f"{header}.{payload}x.{signature}",
        f"{header}.{payload}.{signature[:-3]}AAA",
        f".{payload}.{signature}",
        f"{header}.{payload}",
    ):
        refused(housing.post(REQUESTS, {**body, "denial": {**body["denial"], "binding_token": token}}), "invalid_denial_binding")


def test_a_denial_is_fresh_for_ten_minutes(world: World, housing: Point, clock: ManualClock) -> None:
    body = submission(world, denied(housing, world))
    clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert housing.post(REQUESTS, body).status_code == 202
    clock.advance(timedelta(seconds=1))
    answer = housing.post(REQUESTS, body)
    assert answer.status_code == 410
    refused(answer, "expired_denial")


def test_another_subsystem_can_neither_submit_nor_look(world: World, housing: Point, assistance: Point) -> None:
    body = submission(world, denied(housing, world))
    refused(assistance.post(REQUESTS, body), "invalid_denial_binding")
    path = urlsplit(task_of(housing.post(REQUESTS, body))["status_endpoint"]).path
    answer = assistance.browser.get(path, auth=assistance.auth)
    assert answer.status_code == 404
    refused(answer, "unknown_task")
    assert housing.browser.get(path).status_code == 401
    for handle in ("x", "A" * 120, path.rpartition("/")[2][:-4] + "AAAA", "字"):
        refused(housing.browser.get(f"{REQUESTS}/{handle}", auth=housing.auth), "unknown_task")


@pytest.mark.parametrize(
    "changes",
    [
        {"denial": None},
        {"denial": "x"},
        {"denial": {}},
        {"items": []},
        {"callback": {"endpoint": "https://housing.example/callback"}},
        {"context": "x"},
        {"context": {"business_justification": 7}},
        {"context": {"business_justification": "x" * 301}},
        {"context": {"case_number": ["x"]}},
        {"requested_access": []},
        {"requested_access": {"days": 0}},
        {"requested_access": {"days": True}},
        {"requested_access": {"requested_until": "2020-01-01T00:00:00Z"}},
        {"requested_access": {"requested_until": "next week"}},
        {"requested_access": {"requested_until": "2027-01-01"}},
        {"subject": None},
    ],
)
def test_a_malformed_submission(world: World, housing: Point, changes: dict[str, object]) -> None:
    assert housing.post(REQUESTS, submission(world, denied(housing, world), **changes)).status_code == 400


def test_until_a_day_is_so_many_days(world: World, housing: Point, clock: ManualClock) -> None:
    until = (clock.now() + timedelta(days=2, hours=1)).isoformat()
    task = task_of(housing.post(REQUESTS, submission(world, denied(housing, world), requested_access={"requested_until": until})))
    assert parse_qs(urlsplit(task["links"]["ticket"]).query)["days"] == ["3"]


def test_a_denial_in_a_session_is_bound_to_it(services: Services, world: World, housing: Point, sid: UUID) -> None:
    asked = {"subject": subject(world.wang, sid)}
    body = submission(world, denied(housing, world, **asked), **asked)
    assert housing.post(REQUESTS, body).status_code == 202
    refused(housing.post(REQUESTS, {**body, "subject": subject(world.wang)}), "invalid_denial_binding")


def approval(grant_id: object) -> dict[str, Any]:
    """Return an approval as it is shown when a question is asked again."""
    return {"context": {"approval": {"id": str(grant_id)}}}


def test_an_approval_opens_nothing_by_itself(services: Services, world: World, housing: Point, clock: ManualClock) -> None:
    grant_id = services.access.approve(world.li.actor(), ask(services, world, days=2).line_id, 1).grant_id
    # Somebody else shows it, or it is shown for another function, or there is none such.
    for asked, shown in (
        (question(world.people["SUNLI"]), grant_id),
        (question(world.wang, "housing:register:export"), grant_id),
        (question(world.people["SUNLI"]), uuid4()),
        (question(world.people["SUNLI"]), "x"),
    ):
        answer = housing.said(EVALUATION, {**asked, **approval(shown)})
        assert answer["decision"] is False
        assert answer["context"]["next_action"] == "none"
        assert "approval" not in answer["context"]
    out_of_scope = housing.said(EVALUATION, {**question(world.wang, division=YUHANG), **approval(grant_id)})
    assert (out_of_scope["decision"], out_of_scope["context"]["next_action"]) == (False, "request")
    clock.advance(timedelta(days=2))
    over = housing.said(EVALUATION, {**question(world.wang), **approval(grant_id)})
    assert (over["decision"], over["context"]["reason"], over["context"]["next_action"]) == (False, "grant_expired", "request")
    assert over["context"]["access_request"]


def test_a_closed_approval_says_so(services: Services, world: World, housing: Point) -> None:
    task = task_of(housing.post(REQUESTS, submission(world, denied(housing, world))))
    grant_id = services.access.approve(world.li.actor(), ask(services, world, scope=Scope((XIHU,))).line_id, 1).grant_id
    assert grant_id is not None
    services.access.revoke(world.li.actor(), grant_id, "办结")
    result = look(housing, task)["result"]["approval"]
    assert result["approved_until"] == result["approved_at"]
    answer = housing.batch({**question(world.wang), **approval(grant_id)})[0]
    assert (answer["decision"], answer["context"]["next_action"]) == (False, "request")


def test_the_approval_of_another_right_is_not_said(services: Services, world: World, housing: Point) -> None:
    """What a role opens does not end with a grant."""
    chen = world.people["CHENJIE"]
    answer = housing.said(EVALUATIONS, {**question(chen), **approval(uuid4())})
    assert answer["decision"] is True
    assert "approval" not in answer["context"]
