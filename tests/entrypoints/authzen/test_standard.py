"""OpenID Authorization API 1.0, requirement by requirement: each test names the section that it holds the platform to."""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from govcloud.authorization.decision_log.reading import LogAsked
from govcloud.kernel.actor import Actor
from tests.entrypoints.authzen.conftest import EVALUATION, EVALUATIONS, EXPORT, GUIDE, READ, Point, action, question, row, subject
from tests.factories.world import XIHU, YUHANG, World

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from govcloud.services import Services

SEARCHES: dict[str, dict[str, Any]] = {
    "subject": {"subject": {"type": "official"}, "action": action(), "resource": row()},
    "resource": {"subject": None, "action": action(), "resource": {"type": "govcloud:division"}},
    "action": {"subject": None, "resource": row()},
}
POSTS = (EVALUATION, EVALUATIONS, *(f"/access/v1/search/{kind}" for kind in SEARCHES))


def search(kind: str, world: World, **changes: object) -> dict[str, Any]:
    """Return a search that is in order."""
    body = {name: subject(world.people["CHENJIE"]) if value is None else value for name, value in SEARCHES[kind].items()}
    return {**body, **changes}


def body_for(path: str, world: World) -> dict[str, Any]:
    """Return what an endpoint takes."""
    kind = path.rpartition("/")[2]
    return search(kind, world) if kind in SEARCHES else question(world.people["CHENJIE"])


# 4 API Version


def test_4_endpoints_name_the_version(client: FlaskClient) -> None:
    metadata = client.get("/.well-known/authzen-configuration").get_json()
    assert all("/access/v1/" in address for name, address in metadata.items() if name.endswith("_endpoint"))


# 5 Information Model


@pytest.mark.parametrize(
    "wrong", [None, "alice", 7, [], {"id": "x"}, {"type": "official"}, {"type": 7, "id": "x"}, {"type": "official", "id": 7}]
)
def test_5_1_a_subject_is_an_object_with_type_and_id(housing: Point, world: World, wrong: object) -> None:
    assert housing.post(EVALUATION, question(world.wang) | {"subject": wrong}).status_code == 400


@pytest.mark.parametrize("wrong", [None, "doc", [], {"id": "x"}, {"type": "register"}, {"type": "register", "id": True}])
def test_5_2_a_resource_is_an_object_with_type_and_id(housing: Point, world: World, wrong: object) -> None:
    assert housing.post(EVALUATION, question(world.wang) | {"resource": wrong}).status_code == 400


@pytest.mark.parametrize("wrong", [None, READ, {}, {"name": 123}, {"name": [READ]}, {"name": READ, "properties": "soft"}])
def test_5_3_an_action_is_an_object_with_a_name(housing: Point, world: World, wrong: object) -> None:
    assert housing.post(EVALUATION, question(world.wang) | {"action": wrong}).status_code == 400


@pytest.mark.parametrize("entity", ["subject", "resource", "action"])
def test_5_properties_are_an_object_of_any_values(housing: Point, world: World, entity: str) -> None:
    asked = question(world.people["CHENJIE"])
    asked[entity]["properties"] = {**asked[entity].get("properties", {}), "n": 1.5, "list": [1, {"a": None}], "text": "文", "yes": True}
    assert housing.decides(asked) is True
    asked[entity]["properties"] = ["not", "an", "object"]
    assert housing.post(EVALUATION, asked).status_code == 400


def test_5_4_context_is_an_object_and_may_be_left_out(housing: Point, world: World) -> None:
    asked = question(world.people["CHENJIE"])
    assert housing.decides(asked) is True
    assert housing.decides({**asked, "context": {"time": "1985-10-26T01:22-07:00", "ip": "192.168.1.1"}}) is True
    assert housing.post(EVALUATION, {**asked, "context": "tuesday"}).status_code == 400


def test_5_5_a_decision_is_a_boolean_with_an_object_as_context(housing: Point, world: World) -> None:
    for person, expected in (("CHENJIE", True), ("WANGFANG", False)):
        answer = housing.said(EVALUATION, question(world.people[person]))
        assert answer["decision"] is expected
        assert isinstance(answer["context"], dict)


# 6 Access Evaluation API


@pytest.mark.parametrize("missing", ["subject", "action", "resource"])
def test_6_1_subject_action_and_resource_are_required(housing: Point, world: World, missing: str) -> None:
    asked = question(world.wang)
    del asked[missing]
    assert housing.post(EVALUATION, asked).status_code == 400


def test_6_2_a_denial_is_200(housing: Point, world: World) -> None:
    assert housing.post(EVALUATION, question(world.wang)).status_code == 200


def test_6_2_the_same_question_has_the_same_answer(housing: Point, world: World) -> None:
    assert {housing.decides(question(world.people["CHENJIE"])) for _ in range(5)} == {True}


# 7 Access Evaluations API


def test_7_1_without_evaluations_it_is_a_single_evaluation(housing: Point, world: World) -> None:
    without: tuple[dict[str, Any], ...] = ({}, {"evaluations": []})
    for listed in without:
        assert housing.said(EVALUATIONS, question(world.people["CHENJIE"]) | listed)["decision"] is True
        assert housing.post(EVALUATIONS, {"subject": subject(world.wang), "action": action()} | listed).status_code == 400


def test_7_1_every_question_may_be_complete(housing: Point, world: World) -> None:
    answers = housing.batch(question(world.people["CHENJIE"]), question(world.wang), question(world.people["CHENJIE"], division=YUHANG))
    assert [answer["decision"] for answer in answers] == [True, False, False]
    assert [answer["context"]["reason"] for answer in answers] == ["allowed", "no_permission", "out_of_scope"]


def test_7_1_1_defaults_fill_in_what_is_left_out(housing: Point, world: World) -> None:
    chen = world.people["CHENJIE"]
    answers = housing.batch({"resource": row()}, {"resource": row(YUHANG)}, {}, subject=subject(chen), action=action(), resource=row())
    assert [answer["decision"] for answer in answers] == [True, False, True]


def test_7_1_1_an_entity_of_an_item_replaces_the_default_as_a_whole(housing: Point, world: World) -> None:
    """Properties of the default are not put into the item's entity: the row would then stand in the default's division."""
    chen = world.people["CHENJIE"]
    other = {"type": "register", "id": "9"}
    [inherited, replaced] = housing.batch({}, {"resource": other}, subject=subject(chen), action=action(), resource=row(YUHANG))
    assert inherited["context"]["reason"] == "out_of_scope"
    assert replaced["decision"] is True


@pytest.mark.parametrize("part", [{"id": "9"}, {"type": "register"}, {"properties": {"division": XIHU}}, None, "register", []])
def test_7_1_1_parts_of_two_entities_are_never_put_together(housing: Point, world: World, part: object) -> None:
    chen = world.people["CHENJIE"]
    [wrong, right] = housing.batch({"resource": part}, {}, subject=subject(chen), action=action(), resource=row())
    assert wrong["decision"] is False
    assert wrong["context"]["error"]["status"] == 400
    assert right["decision"] is True


def test_7_1_1_a_context_of_an_item_replaces_the_default(housing: Point, world: World) -> None:
    chen = world.people["CHENJIE"]
    items: tuple[dict[str, Any], ...] = ({}, {"context": {"source": "override"}})
    answers = housing.batch(*items, subject=subject(chen), action=action(), resource=row(), context={"time": "2025-06-27T18:03-07:00"})
    assert [answer["decision"] for answer in answers] == [True, True]


@pytest.mark.parametrize("top", [{"subject": "alice"}, {"action": {}}, {"resource": {"id": "1"}}, {"context": []}, {"options": "x"}])
def test_7_1_1_a_default_that_is_no_entity_concerns_the_whole_request(housing: Point, world: World, top: dict[str, object]) -> None:
    assert housing.post(EVALUATIONS, {"evaluations": [question(world.wang)], **top}).status_code == 400


def test_7_1_2_unknown_options_are_ignored(housing: Point, world: World) -> None:
    assert len(housing.batch(question(world.wang), question(world.wang), options={"another_option": "value"})) == 2


@pytest.mark.parametrize("semantic", ["", "EXECUTE_ALL", "first", 7, ["execute_all"], {"a": 1}, True])
def test_7_1_2_1_an_unknown_semantic_is_400(housing: Point, world: World, semantic: object) -> None:
    body = {"evaluations": [question(world.wang)], "options": {"evaluations_semantic": semantic}}
    assert housing.post(EVALUATIONS, body).status_code == 400


def test_7_1_2_1_execute_all_is_the_default(housing: Point, world: World) -> None:
    chen = world.people["CHENJIE"]
    mixed = (question(world.wang), question(chen), question(world.wang))
    every: tuple[dict[str, Any], ...] = ({}, {"options": {}}, {"options": {"evaluations_semantic": "execute_all"}})
    for options in every:
        assert [answer["decision"] for answer in housing.batch(*mixed, **options)] == [False, True, False]


def test_7_1_2_1_deny_on_first_deny_ends_with_the_first_no(housing: Point, world: World) -> None:
    chen, options = world.people["CHENJIE"], {"evaluations_semantic": "deny_on_first_deny"}
    answers = housing.batch(question(chen), question(world.wang), question(chen), options=options)
    assert [answer["decision"] for answer in answers] == [True, False]
    assert [answer["decision"] for answer in housing.batch(question(chen), question(chen), options=options)] == [True, True]


def test_7_1_2_1_deny_on_first_deny_ends_with_a_failure(housing: Point, world: World) -> None:
    chen, options = world.people["CHENJIE"], {"evaluations_semantic": "deny_on_first_deny"}
    for failure in ({}, question(chen, "assistance:case:read"), question(chen) | {"subject": {"type": "robot", "id": "1"}}):
        answers = housing.batch(question(chen), failure, question(chen), options=options)
        assert [answer["decision"] for answer in answers] == [True, False]
    # A no before the failure comes first.
    assert len(housing.batch(question(world.wang), {}, question(chen), options=options)) == 1


def test_7_1_2_1_permit_on_first_permit_ends_with_the_first_yes(housing: Point, world: World) -> None:
    chen, options = world.people["CHENJIE"], {"evaluations_semantic": "permit_on_first_permit"}
    answers = housing.batch({}, question(world.wang), question(chen), question(world.wang), options=options)
    assert [answer["decision"] for answer in answers] == [False, False, True]
    assert [answer["decision"] for answer in housing.batch(question(world.wang), {}, options=options)] == [False, False]
    assert len(housing.batch(question(chen), {}, question(chen), options=options)) == 1


def test_7_2_answers_stand_in_the_order_of_the_questions(housing: Point, world: World) -> None:
    chen = world.people["CHENJIE"]
    expected = [number % 3 == 0 for number in range(30)]
    answers = housing.batch(*(question(chen if yes else world.wang) for yes in expected))
    assert [answer["decision"] for answer in answers] == expected


def test_7_2_1_an_error_of_one_question_is_not_one_of_the_others(housing: Point, world: World) -> None:
    chen = world.people["CHENJIE"]
    wrong: tuple[Any, ...] = (
        "text",
        None,
        7,
        [],
        {},
        {"subject": subject(chen)},
        question(chen) | {"context": "x"},
        question(chen, "assistance:case:read"),
    )
    answers = housing.batch(*wrong, question(chen))
    assert [answer["decision"] for answer in answers] == [False] * len(wrong) + [True]
    statuses = [answer["context"]["error"]["status"] for answer in answers[:-1]]
    assert statuses == [400] * (len(wrong) - 1) + [403]
    assert all(answer["context"]["error"]["message"] for answer in answers[:-1])


def test_7_2_1_what_fails_is_a_denial_in_the_decision_log(housing: Point, services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    foreign = {"type": "govcloud:function", "id": "assistance:case:read"}
    by_target = {"subject": subject(chen), "action": action("use"), "resource": foreign}
    items: tuple[Any, ...] = ("text", question(chen, "assistance:case:read"), by_target)
    assert [answer["decision"] for answer in housing.batch(*items)] == [False] * 3
    # What comes after the end of a batch is not answered, so it is no denial.
    housing.batch({}, {}, options={"evaluations_semantic": "deny_on_first_deny"})
    services.decision_log.flush()
    found = services.decision_log.read(Actor.system("operator"), LogAsked(kind="denied")).rows
    assert sorted((row.function, row.reason, row.official_id) for row in found if row.official_id) == [
        ("assistance:case:read", "foreign_function", chen.official_id),
        ("assistance:case:read", "foreign_function", chen.official_id),
    ]
    unread = [row for row in found if not row.official_id]
    assert [(row.function, row.reason, row.client_id, row.subsystem_code) for row in unread] == [
        ("housing:*", "invalid_request", "housing-web", "housing")
    ] * 2
    assert all(row.trace_id for row in found)


def test_7_2_1_what_is_wrong_with_all_of_it_is_a_status(housing: Point) -> None:
    for listed in ({"x": 1}, "x", 7, True):
        assert housing.post(EVALUATIONS, {"evaluations": listed}).status_code == 400


# 8 Search APIs


@pytest.mark.parametrize("kind", sorted(SEARCHES))
def test_8_1_results_are_permitted_when_they_are_asked_for(housing: Point, world: World, kind: str) -> None:
    body = search(kind, world)
    results = housing.said(f"/access/v1/search/{kind}", body)["results"]
    assert results
    for result in results:
        assert housing.decides({**body, kind: {**body.get(kind, {}), **result}}) is True


@pytest.mark.parametrize("kind", sorted(SEARCHES))
def test_8_2_pages_hold_everything_once(housing: Point, world: World, kind: str) -> None:
    body, path = search(kind, world), f"/access/v1/search/{kind}"
    whole = housing.said(path, body)["results"]
    page = housing.said(path, {**body, "page": {"limit": 1}})
    found = page["results"]
    while page["page"]["next_token"]:
        # The standard's own example leaves the limit out.
        page = housing.said(path, {**body, "page": {"token": page["page"]["next_token"]}})
        assert len(page["results"]) <= 1
        found += page["results"]
    assert found == whole
    assert page["page"]["next_token"] == ""


@pytest.mark.parametrize("kind", sorted(SEARCHES))
@pytest.mark.parametrize(
    "page", ["x", [], {"limit": -1}, {"limit": "1"}, {"limit": 1.0}, {"limit": True}, {"token": 7}, {"token": "x"}, {"token": ""}]
)
def test_8_2_1_a_page_that_is_none(housing: Point, world: World, kind: str, page: object) -> None:
    assert housing.post(f"/access/v1/search/{kind}", search(kind, world, page=page)).status_code == 400


@pytest.mark.parametrize("kind", sorted(SEARCHES))
def test_8_2_1_a_limit_of_nothing_gives_nothing_and_goes_on(housing: Point, world: World, kind: str) -> None:
    found = housing.said(f"/access/v1/search/{kind}", search(kind, world, page={"limit": 0}))
    assert found["results"] == []
    assert found["page"]["next_token"]


def test_8_2_a_token_goes_on_with_the_same_search_only(housing: Point, assistance: Point, world: World) -> None:
    body, path = search("resource", world), "/access/v1/search/resource"
    token = housing.said(path, {**body, "page": {"limit": 1}})["page"]["next_token"] or pytest.fail("there is a second page")
    changed: dict[str, dict[str, Any]] = {
        "subject": {"subject": subject(world.people["HEWEI"])},
        "action": {"action": action(GUIDE)},
        "resource": {"resource": {"type": "govcloud:division", "properties": {"x": 1}}},
        "context": {"context": {"x": 1}},
        "limit": {"page": {"limit": 2, "token": token}},
    }
    for name, change in changed.items():
        answer = housing.post(path, {**body, "page": {"token": token}, **change})
        assert answer.status_code == 400, name
    assert housing.post("/access/v1/search/subject", search("subject", world, page={"token": token})).status_code == 400
    assert assistance.post(path, {**body, "action": action(), "page": {"token": token}}).status_code == 400
    assert housing.post(path, {**body, "page": {"token": token[:-2] + "AA"}}).status_code == 400
    assert housing.post(path, {**body, "page": {"token": token, "limit": 1}}).status_code == 200


@pytest.mark.parametrize("kind", sorted(SEARCHES))
def test_8_3_the_page_comes_first_and_counts(housing: Point, world: World, kind: str) -> None:
    found = housing.said(f"/access/v1/search/{kind}", search(kind, world))
    assert list(found) == ["page", "context", "results"]
    assert found["page"]["count"] == len(found["results"])


def test_8_4_subjects_of_the_type_that_is_searched_for(housing: Point, world: World) -> None:
    found = housing.said("/access/v1/search/subject", search("subject", world))["results"]
    assert found == [subject(world.people["CHENJIE"])]


@pytest.mark.parametrize(("kind", "missing"), [(kind, name) for kind, body in SEARCHES.items() for name in body])
def test_8_what_a_search_requires(housing: Point, world: World, kind: str, missing: str) -> None:
    body = search(kind, world)
    del body[missing]
    assert housing.post(f"/access/v1/search/{kind}", body).status_code == 400


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("subject", {"subject": {}}),
        ("subject", {"subject": {"type": 7}}),
        ("subject", {"resource": {"type": "register"}}),
        ("resource", {"subject": {"type": "official"}}),
        ("resource", {"resource": {"id": "x"}}),
        ("action", {"subject": {"type": "official"}}),
        ("action", {"resource": {"type": "register"}}),
        ("action", {"context": "x"}),
    ],
)
def test_8_the_entity_searched_for_may_lack_its_id_and_no_other(
    housing: Point, world: World, kind: str, changes: dict[str, object]
) -> None:
    assert housing.post(f"/access/v1/search/{kind}", search(kind, world, **changes)).status_code == 400


def test_8_4_1_and_8_5_1_an_id_of_what_is_searched_for_is_ignored(housing: Point, world: World) -> None:
    for kind, given in (
        ("subject", {"type": "official", "id": str(world.wang.official_id)}),
        ("resource", {"type": "govcloud:division", "id": "x"}),
    ):
        path = f"/access/v1/search/{kind}"
        assert housing.said(path, search(kind, world, **{kind: given}))["results"] == housing.said(path, search(kind, world))["results"]


@pytest.mark.parametrize(
    ("kind", "changes"),
    [
        ("subject", {"subject": {"type": "spaceship"}}),
        ("resource", {"resource": {"type": "spaceship"}}),
        ("resource", {"subject": {"type": "spaceship", "id": "1"}}),
        ("resource", {"subject": {"type": "official", "id": str(uuid4())}}),
        ("action", {"subject": {"type": "spaceship", "id": "1"}}),
        ("action", {"subject": {"type": "official", "id": "nonexistent"}}),
        ("subject", {"action": {"name": "housing:spaceship:launch"}}),
    ],
)
def test_8_unknown_types_and_ids_have_no_results(housing: Point, world: World, kind: str, changes: dict[str, object]) -> None:
    found = housing.said(f"/access/v1/search/{kind}", search(kind, world, **changes))
    assert found["results"] == []
    assert found["page"]["next_token"] == ""


@pytest.mark.parametrize("kind", sorted(SEARCHES))
def test_8_a_context_that_no_rule_reads_changes_nothing(housing: Point, world: World, kind: str) -> None:
    path, body = f"/access/v1/search/{kind}", search(kind, world)
    with_context = {**body, "context": {"time": "2025-06-27T18:03-07:00", "ip": "192.168.1.1"}}
    assert housing.said(path, with_context)["results"] == housing.said(path, body)["results"]


def test_8_6_actions_have_names(housing: Point, world: World) -> None:
    found = housing.said("/access/v1/search/action", search("action", world))["results"]
    assert {"name": READ} in found
    assert {"name": EXPORT} not in found
    assert all(set(result) == {"name"} for result in found)


# 9 Policy Decision Point Metadata


@pytest.mark.parametrize(
    "claimed",
    [
        {"Host": "evil.example"},
        {"Host": "localhost:8443"},
        {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "1"},
        {"Forwarded": "host=evil.example;proto=https"},
    ],
)
def test_9_1_1_metadata_names_what_exists_below_the_configured_address(client: FlaskClient, claimed: dict[str, str]) -> None:
    """Whatever the caller claims that the platform is called, which would send a client's credentials there."""
    answer = client.get("/.well-known/authzen-configuration", headers=claimed)
    if answer.status_code == 400:
        assert "evil.example" not in answer.text, "a Host that is not ours may be refused as well"
        return
    assert (answer.status_code, answer.mimetype) == (200, "application/json")
    metadata = answer.get_json()
    assert metadata["policy_decision_point"] == "http://localhost"
    endpoints = {name: address for name, address in metadata.items() if name.endswith("_endpoint")}
    assert endpoints == {
        "access_evaluation_endpoint": "http://localhost/access/v1/evaluation",
        "access_evaluations_endpoint": "http://localhost/access/v1/evaluations",
        "search_subject_endpoint": "http://localhost/access/v1/search/subject",
        "search_resource_endpoint": "http://localhost/access/v1/search/resource",
        "search_action_endpoint": "http://localhost/access/v1/search/action",
        "access_request_endpoint": "http://localhost/access/v1/requests",
    }
    for address in endpoints.values():
        assert client.post(address.removeprefix("http://localhost"), json={}).status_code == 401
    assert metadata["capabilities"] == ["urn:openid:authzen:capability:access-request"]


def test_11_9_metadata_may_be_kept_for_a_while(client: FlaskClient) -> None:
    assert "max-age" in client.get("/.well-known/authzen-configuration").headers["Cache-Control"]


# 10 Transport


@pytest.mark.parametrize("path", POSTS)
def test_10_1_another_content_type_is_400(housing: Point, world: World, path: str) -> None:
    right = json.dumps(body_for(path, world)).encode()
    for content_type in ("text/plain", "application/x-www-form-urlencoded", "", "application/jsonp", "multipart/form-data; boundary=x"):
        assert housing.raw(path, right, content_type).status_code == 400, content_type
    for content_type in ("application/json", "application/json; charset=utf-8", "APPLICATION/JSON"):
        assert housing.raw(path, right, content_type).status_code == 200, content_type


@pytest.mark.parametrize("path", POSTS)
def test_10_1_only_post(client: FlaskClient, path: str) -> None:
    for method in ("GET", "PUT", "DELETE", "PATCH"):
        answer = client.open(path, method=method)
        assert (answer.status_code, answer.headers["Allow"], answer.mimetype) == (405, "POST", "application/json")


def test_10_1_an_address_that_there_is_not(client: FlaskClient) -> None:
    answer = client.post("/access/v1/evaluationz", json={})
    assert (answer.status_code, answer.mimetype) == (404, "application/json")


@pytest.mark.parametrize("path", POSTS)
@pytest.mark.parametrize("data", [b"", b"{", b"[]", b'"text"', b"null", b"7", b"{}x", b"{'a': 1}"])
def test_10_1_1_the_body_is_a_json_object(housing: Point, path: str, data: bytes) -> None:
    assert housing.raw(path, data).status_code == 400


@pytest.mark.parametrize("path", POSTS)
def test_10_1_1_unknown_members_are_ignored(housing: Point, world: World, path: str) -> None:
    body = body_for(path, world) | {"foo": "bar", "futureField": {"nested": True}}
    body["resource"] = {**body["resource"], "colour": "red"}
    assert housing.said(path, body)


def test_10_1_1_members_come_in_any_order(housing: Point, world: World) -> None:
    asked = question(world.people["CHENJIE"])
    assert housing.decides(dict(reversed(asked.items()))) is True


@pytest.mark.parametrize("path", POSTS)
def test_10_1_2_who_does_not_prove_who_they_are_gets_401(client: FlaskClient, world: World, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer nonsense"}, {"Authorization": "Basic !!!"}):
        answer = client.post(path, json=body_for(path, world), headers=headers)
        assert answer.status_code == 401
        assert answer.headers["WWW-Authenticate"].startswith("Basic ")  # 11.3
        assert "decision" not in answer.get_json()


@pytest.mark.parametrize("path", [EVALUATION, EVALUATIONS, "/access/v1/search/subject", "/access/v1/search/resource"])
def test_10_1_2_who_may_not_ask_this_gets_403(assistance: Point, world: World, path: str) -> None:
    answer = assistance.post(path, body_for(path, world))
    assert (answer.status_code, answer.get_json()["error"]["code"]) == (403, "foreign_function")


@pytest.mark.parametrize("number", ["bfe9eb29-ab87-4ca3-be83-a1d5d8305716", "1", "an id, with (signs) & spaces", "x" * 256])
@pytest.mark.parametrize("path", POSTS)
def test_10_1_3_the_request_id_comes_back(housing: Point, client: FlaskClient, world: World, path: str, number: str) -> None:
    answer = housing.post(path, body_for(path, world), **{"X-Request-ID": number})
    assert (answer.status_code, answer.headers.getlist("X-Request-ID")) == (200, [number])
    assert client.post(path, json={}, headers={"X-Request-ID": number}).headers.getlist("X-Request-ID") == [number]


def test_10_1_3_one_that_is_no_text_gets_a_number_of_ours(housing: Point, world: World) -> None:
    for number in ("x" * 257, "ÿ", ""):
        given = housing.post(EVALUATION, question(world.wang), **{"X-Request-ID": number}).headers.getlist("X-Request-ID")
        assert len(given) == 1
        assert given[0]
        assert given[0] != number


# 11 Security Considerations


def test_11_5_text_is_utf_8(housing: Point, world: World) -> None:
    right = json.dumps(question(world.people["CHENJIE"]))
    for data in (right.encode("utf-16"), right.encode("utf-32"), b"\xef\xbb\xbf" + right.encode(), b"\xff\xfe{}", b'{"a": "\xc0\xaf"}'):
        assert housing.raw(EVALUATION, data).status_code == 400
    lone = right.replace('"7"', r'"\ud800"')
    assert housing.raw(EVALUATION, lone.encode()).status_code == 400
    paired = right.replace('"7"', r'"\ud83d\ude00"')
    assert housing.raw(EVALUATION, paired.encode()).status_code == 200


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "9" * 5000])
def test_11_5_numbers_are_numbers(housing: Point, world: World, number: str) -> None:
    asked = json.dumps(question(world.people["CHENJIE"], context={"n": 1})).replace('"n": 1', f'"n": {number}')
    assert housing.raw(EVALUATION, asked.encode()).status_code == 400


@pytest.mark.parametrize(
    "twice",
    [
        '{"subject": SUBJECT, "subject": OTHER, "action": ACTION, "resource": RESOURCE}',
        '{"subject": SUBJECT, "action": {"name": "housing:guide:read", "name": "housing:register:read"}, "resource": RESOURCE}',
        '{"subject": SUBJECT, "action": {"name": "housing:guide:read", "n\\u0061me": "housing:register:read"}, "resource": RESOURCE}',
    ],
)
def test_11_5_a_name_stands_once_in_an_object(housing: Point, world: World, twice: str) -> None:
    parts = {
        "SUBJECT": subject(world.people["CHENJIE"]),
        "OTHER": subject(world.wang),
        "ACTION": action(),
        "RESOURCE": row(),
    }
    for name, value in parts.items():
        twice = twice.replace(name, json.dumps(value))
    answer = housing.raw(EVALUATION, twice.encode())
    assert answer.status_code == 400
    assert "twice" in answer.get_json()["error"]["message"]


@pytest.mark.parametrize("path", POSTS)
def test_11_7_nested_attacks(housing: Point, world: World, path: str) -> None:
    for deep in ("[" * 100_000, "[" * 500 + "]" * 500, '{"a":' * 500 + "1" + "}" * 500, "[" * 33 + "]" * 33):
        body = json.dumps(body_for(path, world) | {"context": {"deep": 0}}).replace('"deep": 0', f'"deep": {deep}')
        assert housing.raw(path, body.encode()).status_code == 400
    flat = json.dumps(body_for(path, world) | {"context": {"text": "[{" * 100, "list": [[1], [2], [3]] * 20}})
    assert housing.raw(path, flat.encode()).status_code == 200


@pytest.mark.parametrize("path", POSTS)
def test_11_7_ten_megabytes_are_refused_before_they_are_read(housing: Point, world: World, path: str) -> None:
    class Unread(BytesIO):
        """A body that fails when anybody reads it."""

        def read(self, _size: int | None = -1, /) -> bytes:
            pytest.fail("the body was read")

    options: dict[str, Any] = {"content_type": "application/json", "auth": housing.auth}
    answer = housing.browser.post(path, input_stream=Unread(b" " * 10_000_000), **options)
    assert answer.status_code == 413
    assert answer.get_json()["error"]["trace_id"]


def test_11_7_too_many_questions(housing: Point, world: World) -> None:
    item = {"resource": {"type": "r", "id": "1"}}
    top = {"subject": subject(world.wang), "action": action(GUIDE)}
    assert len(housing.batch(*[item] * 500, **top)) == 500
    assert housing.post(EVALUATIONS, {**top, "evaluations": [item] * 501}).status_code == 400
