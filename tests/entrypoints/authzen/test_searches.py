"""Searches beside evaluations: under denies, conditions, expiry and sessions a search lists exactly what an evaluation allows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.shipped import baseline
from govcloud.entrypoints.authzen import searching
from tests.entrypoints.authzen.conftest import DOOR, EVALUATION, GUIDE, READ, Point, action, question, row, subject
from tests.factories.policies import install
from tests.factories.world import HANGZHOU, POLICY, PROVINCE, SEED, XIHU, YUHANG, Person, World

if TYPE_CHECKING:
    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services

SUBJECT, RESOURCE, ACTION = (f"/access/v1/search/{kind}" for kind in ("subject", "resource", "action"))
EVERY_DIVISION = (PROVINCE, HANGZHOU, XIHU, YUHANG)
#: A deny that wins, and an allow that needs to be told what for.
MORE = """
      - deny: [housing:guide:read]
        when: resource.secret == true
        label: 涉密指南
      - allow: [housing:register:export]
        when: resource.purpose == "audit"
        label: 审计导出
"""


def grant(services: Services, person: Person, function: str = READ, division: str = XIHU, days: int = 5) -> UUID:
    """Open a function to a person."""
    now = services.clock.now()
    new = NewGrant(person.official_id, person.appointment_id, "housing", function, now, now + timedelta(days=days), Scope((division,)))
    return services.authorization.open_grant(SEED, new)


def names(found: dict[str, Any]) -> set[str]:
    """Return the ids or names of results."""
    return {result.get("id") or result["name"] for result in found["results"]}


def evaluated(point: Point, asked: dict[str, Any], changes: list[dict[str, Any]]) -> set[str]:
    """Return what evaluations allow, one after the other."""
    found = set()
    for change in changes:
        body = {**asked, **change}
        if point.decides(body):
            entity = next(iter(change.values()))
            found.add(entity.get("id") or entity["name"])
    return found


def everybody(world: World) -> list[dict[str, Any]]:
    """Return every official as a subject."""
    return [{"subject": subject(person)} for person in world.people.values()]


def test_who_may_read_the_register(services: Services, world: World, housing: Point, clock: ManualClock) -> None:
    grant(services, world.wang)
    grant(services, world.people["SHANXUEMEI"], division=YUHANG, days=1)
    for division in EVERY_DIVISION:
        asked = {"action": action(), "resource": row(division)}
        found = housing.said(SUBJECT, {**asked, "subject": {"type": "official"}})
        assert names(found) == evaluated(housing, asked, everybody(world)), division
    clock.advance(timedelta(days=1))
    assert names(housing.said(SUBJECT, {"subject": {"type": "official"}, "action": action(), "resource": row(YUHANG)})) == set()


def test_what_somebody_may_use(services: Services, world: World, housing: Point) -> None:
    grant(services, world.wang)
    functions = [{"action": action(view.code)} for view in services.subsystem_queries.functions_of("housing")]
    assert len(functions) == 4
    for person in world.people.values():
        for resource in (row(), row(YUHANG), {"type": "register", "id": "*"}):
            asked = {"subject": subject(person), "resource": resource}
            assert names(housing.said(ACTION, asked)) == evaluated(housing, asked, functions), (person.name, resource)


def test_on_which_divisions(services: Services, world: World, housing: Point) -> None:
    grant(services, world.wang)
    for person in (world.wang, world.people["CHENJIE"], world.people["HEWEI"]):
        for function in (READ, GUIDE, DOOR):
            asked = {"subject": subject(person), "action": action(function)}
            found = housing.said(RESOURCE, {**asked, "resource": {"type": "govcloud:division"}})
            divisions = [{"resource": {"type": "govcloud:division", "id": code}} for code in EVERY_DIVISION]
            assert names(found) == evaluated(housing, asked, divisions), (person.name, function)


def test_functions_and_the_subsystem_as_resources(services: Services, world: World, housing: Point) -> None:
    chen = world.people["CHENJIE"]
    asked = {"subject": subject(chen), "action": action("use")}
    found = housing.said(RESOURCE, {**asked, "resource": {"type": "govcloud:function"}})
    functions = [view.code for view in services.subsystem_queries.functions_of("housing")]
    resources = [{"resource": {"type": "govcloud:function", "id": code}} for code in functions]
    assert names(found) == evaluated(housing, asked, resources)
    assert READ in names(found)
    enter = {"subject": subject(chen), "action": action("enter")}
    assert names(housing.said(RESOURCE, {**enter, "resource": {"type": "govcloud:subsystem"}})) == {"housing"}
    assert housing.decides({**enter, "resource": {"type": "govcloud:subsystem", "id": "housing"}}) is True
    other = {**enter, "resource": {"type": "govcloud:subsystem", "id": "assistance"}}
    assert housing.post(EVALUATION, other).status_code == 403


def test_actions_on_what_the_platform_knows(world: World, housing: Point) -> None:
    asked = {"subject": subject(world.people["CHENJIE"])}
    on_function = {**asked, "resource": {"type": "govcloud:function", "id": READ}}
    assert names(housing.said(ACTION, on_function)) == {"use"}
    assert names(housing.said(ACTION, {"subject": subject(world.wang), "resource": on_function["resource"]})) == set()
    assert names(housing.said(ACTION, {**asked, "resource": {"type": "govcloud:subsystem", "id": "housing"}})) == {"enter"}
    on_division = housing.said(ACTION, {**asked, "resource": {"type": "govcloud:division", "id": YUHANG}})
    assert READ not in names(on_division)
    assert READ in names(housing.said(ACTION, {**asked, "resource": {"type": "govcloud:division", "id": XIHU}}))


def test_an_action_that_such_a_resource_does_not_know(world: World, housing: Point) -> None:
    asked = {"subject": subject(world.people["CHENJIE"]), "action": action(), "resource": {"type": "govcloud:function", "id": READ}}
    assert housing.said(EVALUATION, asked)["context"]["reason"] == "unknown_function"
    assert names(housing.said(RESOURCE, {**asked, "resource": {"type": "govcloud:function"}})) == set()
    assert names(housing.said(SUBJECT, {**asked, "subject": {"type": "official"}})) == set()


def test_a_division_is_what_its_id_says(world: World, housing: Point) -> None:
    chen = world.people["CHENJIE"]
    lying = {"type": "govcloud:division", "id": YUHANG, "properties": {"division": XIHU}}
    assert housing.decides({"subject": subject(chen), "action": action(), "resource": lying}) is False
    nowhere = {"type": "govcloud:division", "id": "33"}
    answer = housing.said(EVALUATION, {"subject": subject(chen), "action": action(), "resource": nowhere})
    assert answer["context"]["reason"] == "bad_resource"
    whole = {"type": "govcloud:division", "id": "*"}
    assert housing.decides({"subject": subject(chen), "action": action(), "resource": whole}) is True


def test_searches_under_denies_and_conditions(services: Services, world: World, housing: Point) -> None:
    document = baseline().extended_by(POLICY + MORE.lstrip("\n"), "small province")
    install(services, document)
    chen = world.people["CHENJIE"]
    secret = {"type": "guide", "id": "1", "properties": {"secret": True}}
    asked = {"action": action(GUIDE), "resource": secret}
    found = names(housing.said(SUBJECT, {**asked, "subject": {"type": "official"}}))
    assert found == evaluated(housing, asked, everybody(world))
    assert str(chen.official_id) not in found
    assert str(world.wang.official_id) in found
    export = {"subject": subject(chen), "resource": row()}
    conditional = housing.said(ACTION, export)["context"]["conditional"]
    lacking = {entry["name"]: entry["missing"] for entry in conditional}
    assert lacking == {"housing:register:export": ["resource.purpose"], "housing:guide:read": ["resource.secret"]}
    told = {**export, "resource": {**row(), "properties": {"division": XIHU, "purpose": "audit", "secret": False}}}
    assert "housing:register:export" in names(housing.said(ACTION, told))
    assert "conditional" not in housing.said(ACTION, told)["context"]
    people = housing.said(SUBJECT, {"subject": {"type": "official"}, "action": action("housing:register:export"), "resource": row()})
    assert people["results"] == []
    assert [entry["id"] for entry in people["context"]["conditional"]] == [str(chen.official_id)]


def test_the_session_decides_in_searches_too(services: Services, world: World, housing: Point, assistance: Point, sid: UUID) -> None:
    asked = {"subject": subject(world.wang, sid), "resource": row()}
    assert GUIDE in names(housing.said(ACTION, asked))
    stranger = {"subject": subject(world.people["CHENJIE"], sid), "resource": row()}
    for point, body in ((assistance, asked), (housing, stranger)):
        found = point.said(ACTION, body)
        assert found["results"] == []
        assert found["context"]["reason"] == "session_ended"
    services.signon.sign_out(world.wang.actor(), services.signon.sessions_of(world.wang.official_id)[0].session_id)
    assert housing.said(RESOURCE, {**asked, "action": action(GUIDE), "resource": {"type": "govcloud:division"}})["results"] == []


def test_an_inactive_official_is_nowhere(services: Services, world: World, housing: Point) -> None:
    chen = world.people["CHENJIE"]
    services.identity.disable_official(SEED, chen.official_id, "停职")
    assert names(housing.said(ACTION, {"subject": subject(chen), "resource": row()})) == set()
    assert names(housing.said(SUBJECT, {"subject": {"type": "official"}, "action": action(), "resource": row()})) == set()
    assert names(housing.said(RESOURCE, {"subject": subject(chen), "action": action(), "resource": {"type": "govcloud:division"}})) == set()


def test_a_client_searches_its_own_subsystem_only(world: World, housing: Point, assistance: Point) -> None:
    assert names(assistance.said(ACTION, {"subject": subject(world.wang), "resource": row()})).isdisjoint({READ, GUIDE, DOOR})
    for path, body in (
        (SUBJECT, {"subject": {"type": "official"}, "action": action("govcloud:policy:install"), "resource": row()}),
        (RESOURCE, {"subject": subject(world.wang), "action": action("assistance:case:read"), "resource": {"type": "govcloud:division"}}),
    ):
        assert housing.post(path, body).status_code == 403


def test_an_epoch_that_lists_may_not_miss(services: Services, world: World, housing: Point) -> None:
    grant(services, world.wang)
    epoch = housing.said(EVALUATION, question(world.wang))["context"]["epoch"]
    asked = {"subject": subject(world.wang), "resource": row()}
    assert READ in names(housing.said(ACTION, {**asked, "context": {"min_epoch": epoch}}))
    for path, body in (
        (ACTION, asked),
        (RESOURCE, {**asked, "action": action(), "resource": {"type": "govcloud:division"}}),
        (SUBJECT, {"subject": {"type": "official"}, "action": action(), "resource": row()}),
        (EVALUATION, question(world.wang)),
    ):
        answer = housing.post(path, {**body, "context": {"min_epoch": epoch + 1}})
        assert answer.status_code == 503, path
        assert int(answer.headers["Retry-After"]) > 0
    for least in (-1, "1", 1.0, True, [1]):
        assert housing.post(EVALUATION, {**question(world.wang), "context": {"min_epoch": least}}).status_code == 400


def test_tokens_end(world: World, housing: Point, clock: ManualClock) -> None:
    asked = {"subject": subject(world.people["CHENJIE"]), "resource": row()}
    token = housing.said(ACTION, {**asked, "page": {"limit": 1}})["page"]["next_token"]
    clock.advance(timedelta(minutes=10) - timedelta(seconds=1))
    assert housing.post(ACTION, {**asked, "page": {"token": token}}).status_code == 200
    clock.advance(timedelta(seconds=1))
    answer = housing.post(ACTION, {**asked, "page": {"token": token}})
    assert answer.status_code == 400
    assert "expired" in answer.get_json()["error"]["message"]


def test_a_token_says_nothing(world: World, housing: Point) -> None:
    asked = {"subject": subject(world.people["CHENJIE"]), "resource": row()}
    token = housing.said(ACTION, {**asked, "page": {"limit": 1}})["page"]["next_token"]
    import base64  # noqa: PLC0415

    assert b"housing" not in base64.urlsafe_b64decode(token + "==")


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_pages_of_people_and_of_divisions(services: Services, world: World, housing: Point, limit: int) -> None:
    for person in world.people.values():
        grant(services, person, division=PROVINCE)
    for path, body in (
        (SUBJECT, {"subject": {"type": "official"}, "action": action(), "resource": row()}),
        (RESOURCE, {"subject": subject(world.wang), "action": action(), "resource": {"type": "govcloud:division"}}),
    ):
        whole = housing.said(path, body)["results"]
        found: list[dict[str, Any]] = []
        page: dict[str, Any] = {"limit": limit}
        while page:
            answer = housing.said(path, {**body, "page": page})
            assert len(answer["results"]) <= limit
            found += answer["results"]
            page = {"token": answer["page"]["next_token"]} if answer["page"]["next_token"] else {}
        assert found == whole
        assert len(whole) == (len(world.people) if path == SUBJECT else len(EVERY_DIVISION))


def test_a_page_that_looked_far_enough_goes_on_without_results(world: World, housing: Point, monkeypatch: pytest.MonkeyPatch) -> None:
    """Somebody may have the last of thousands of divisions alone; a page looks at a bounded number of them."""
    monkeypatch.setattr(searching, "IN_A_PIECE", 1)
    monkeypatch.setattr(searching, "MOST_PIECES", 1)
    body = {"subject": subject(world.people["CHENJIE"]), "action": action(), "resource": {"type": "govcloud:division"}}
    found: list[str] = []
    pages = 0
    page: dict[str, Any] = {"limit": 5}
    while page:
        answer = housing.said(RESOURCE, {**body, "page": page})
        found += [result["id"] for result in answer["results"]]
        page = {"token": answer["page"]["next_token"]} if answer["page"]["next_token"] else {}
        pages += 1
    assert found == [XIHU]
    assert pages == len(EVERY_DIVISION) + 1
