"""Officials as users: what is shown, what a change becomes, and that all of a change happens or nothing."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import func, select

from govcloud.audit.models import AuditEvent
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from govcloud.signon.errors import SignInRefused
from tests.entrypoints.scim.conftest import ENTERPRISE, OFFICIAL, USER, Scim, a_user, uscc
from tests.factories.people import id_number, phone_number
from tests.factories.world import PASSWORD, SEED, World


def wang_at(world: World) -> str:
    return f"/Users/{world.wang.official_id}"


def events(services: Services) -> int:
    return services.uow.read().scalar(select(func.count()).select_from(AuditEvent)) or 0


def places(user: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = user[OFFICIAL].get("appointments", [])
    return found


def test_an_official_is_shown(services: Services, world: World, scim: Scim) -> None:
    user = scim.get(wang_at(world))
    department = services.identity_queries.department(world.wang.department_id)
    assert department is not None
    assert user["schemas"] == [USER, ENTERPRISE, OFFICIAL]
    assert (user["id"], user["userName"], user["externalId"]) == (str(world.wang.official_id), "WANGFANG", "WANGFANG")
    assert user["name"] == {"formatted": "王芳", "familyName": "王", "givenName": "芳"}
    assert (user["displayName"], user["title"], user["active"]) == ("王芳", "科员", True)
    assert user["phoneNumbers"][0]["type"] == "mobile"
    assert "****" in user["phoneNumbers"][0]["value"]
    address = f"http://localhost/scim/v2/Groups/{department.id}"
    assert user["groups"] == [{"value": str(department.id), "$ref": address, "display": department.name, "type": "direct"}]
    assert user[ENTERPRISE] == {
        "employeeNumber": "WANGFANG",
        "organization": "浙江省人民政府",
        "division": "330106000000 西湖区",
        "department": "杭州市西湖区民政局",
    }
    assert user[OFFICIAL] == {
        "rank": "一级科员",
        "staffingType": "行政编制",
        "securityLabel": 0,
        "appointments": [
            {
                "id": str(world.wang.appointment_id),
                "department": department.uscc,
                "position": "窗口受理员",
                "post": "科员",
                "kind": "primary",
                "startsAt": "2026-11-24T01:30:00Z",
            }
        ],
    }
    assert user["meta"]["resourceType"] == "User"
    assert user["meta"]["location"] == f"http://localhost/scim/v2{wang_at(world)}"
    assert user["meta"]["version"].startswith('W/"')


def test_a_person_is_entered_with_an_account_and_a_place(services: Services, world: World, scim: Scim) -> None:
    body = a_user(services, world)
    answer = scim.call("POST", "/Users", body)
    user = answer.get_json()
    assert answer.status_code == 201
    assert answer.headers["Location"] == user["meta"]["location"]
    assert body[OFFICIAL]["idNumber"] not in answer.text
    assert body["phoneNumbers"][0]["value"] not in answer.text
    official = services.identity_queries.official_by_id_number(body[OFFICIAL]["idNumber"])
    assert official is not None
    assert str(official.id) == user["id"]
    assert services.identity_queries.account_by_login(body["userName"]) is not None
    assert [place["position"] for place in places(user)] == ["窗口受理员"]
    assert scim.get(f"/Users/{user['id']}") == user


def test_a_person_may_be_entered_suspended(services: Services, world: World, scim: Scim) -> None:
    user = scim.create("/Users", a_user(services, world, active=False))
    assert user["active"] is False
    assert scim.get(f"/Users/{user['id']}")["active"] is False


def test_one_person_has_one_account(services: Services, world: World, scim: Scim) -> None:
    first = a_user(services, world)
    scim.create("/Users", first)
    detail = scim.refused(scim.call("POST", "/Users", a_user(services, world, userName=first["userName"])), 409, "uniqueness")
    assert "userName" in detail
    same_person = a_user(services, world)
    same_person[OFFICIAL]["idNumber"] = first[OFFICIAL]["idNumber"]
    detail = scim.refused(scim.call("POST", "/Users", same_person), 409, "uniqueness")
    assert "idNumber" in detail
    assert first[OFFICIAL]["idNumber"] not in detail


def test_every_wrong_attribute_is_named(services: Services, world: World, scim: Scim) -> None:
    body = a_user(services, world, userName="x", phoneNumbers=[{"value": "12"}])
    body[OFFICIAL] |= {"idNumber": "330106190001011234", "securityLabel": 9}
    detail = scim.refused(scim.call("POST", "/Users", body), 400, "invalidValue")
    assert all(name in detail for name in ("userName", "phoneNumbers.value", "idNumber", "securityLabel"))
    body = a_user(services, world)
    body[OFFICIAL]["appointments"][0]["department"] = "11330000MB1234567X"
    assert "appointments[0].department" in scim.refused(scim.call("POST", "/Users", body), 400, "invalidValue")
    del body[OFFICIAL]["idNumber"]
    assert "idNumber" in scim.refused(scim.call("POST", "/Users", body), 400, "invalidValue")


def test_putting_back_what_was_read_changes_nothing(services: Services, world: World, scim: Scim) -> None:
    before, recorded = scim.get(wang_at(world)), events(services)
    answer = scim.call("PUT", wang_at(world), before)
    assert answer.status_code == 200
    assert answer.get_json() == before
    assert events(services) == recorded


def test_what_a_put_leaves_out_stays_or_is_cleared(services: Services, world: World, scim: Scim) -> None:
    scim.patch(wang_at(world), {"op": "replace", "path": "active", "value": False})
    before = scim.get(wang_at(world))
    sparse = {"schemas": [USER, OFFICIAL], "userName": "wangfang", "name": before["name"], OFFICIAL: {}}
    after = scim.call("PUT", wang_at(world), sparse).get_json()
    kept = ("active", "phoneNumbers", "groups", "title")
    assert {name: after.get(name) for name in kept} == {name: before.get(name) for name in kept}
    assert places(after) == places(before)
    assert "rank" not in after[OFFICIAL]


def test_suspending_ends_sessions_and_restoring_brings_nothing_back(services: Services, world: World, scim: Scim) -> None:
    token = services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test").token
    assert scim.patch(wang_at(world), {"op": "replace", "path": "active", "value": False}).status_code == 204
    assert services.signon.current(token) is None
    assert scim.get(wang_at(world))["active"] is False
    assert scim.patch(wang_at(world), {"op": "Replace", "value": {"active": True}}).status_code == 204
    assert scim.get(wang_at(world))["active"] is True
    assert services.signon.current(token) is None


def test_a_phone_number_changes_and_its_mask_changes_nothing(services: Services, world: World, scim: Scim) -> None:
    number = phone_number(91_000)
    mobile = 'phoneNumbers[type eq "mobile"].value'
    scim.patch(wang_at(world), {"op": "replace", "path": mobile, "value": number})
    shown = scim.get(wang_at(world))
    assert shown["phoneNumbers"] == [{"value": f"{number[:3]}****{number[-4:]}", "type": "mobile"}]

    recorded = events(services)
    scim.patch(wang_at(world), {"op": "replace", "path": "phoneNumbers", "value": shown["phoneNumbers"]})
    assert events(services) == recorded
    # Another number behind the same mask is another number.
    alike = number[:3] + number[3:7][::-1] + number[-4:]
    scim.patch(wang_at(world), {"op": "replace", "path": mobile, "value": alike})
    assert scim.get(wang_at(world))["meta"]["version"] != shown["meta"]["version"]

    scim.patch(wang_at(world), {"op": "remove", "path": "phoneNumbers"})
    assert "phoneNumbers" not in scim.get(wang_at(world))
    scim.patch(wang_at(world), {"op": "add", "path": mobile, "value": number})
    assert "phoneNumbers" in scim.get(wang_at(world))
    foreign = {"op": "replace", "path": "phoneNumbers", "value": [{"value": "139****0000"}]}
    scim.refused(scim.patch(wang_at(world), foreign), 400, "invalidValue")


@pytest.mark.parametrize(
    ("written", "formatted", "parts"),
    [
        ({"formatted": "欧阳小丽"}, "欧阳小丽", ("欧阳", "小丽")),
        ({"familyName": "李"}, "李芳", ("李", "芳")),
        ({"familyName": "司马", "givenName": "相如"}, "司马相如", ("司马", "相如")),
        ({"formatted": "单雪梅", "familyName": "王", "givenName": "芳"}, "单雪梅", ("单", "雪梅")),
        ({"formatted": "阿不都热合曼·艾力"}, "阿不都热合曼·艾力", (None, None)),
        ({"formatted": "𠮷田"}, "𠮷田", ("𠮷", "田")),
    ],
)
def test_a_name_is_written_whole_or_in_parts(
    world: World, scim: Scim, written: dict[str, str], formatted: str, parts: tuple[str | None, str | None]
) -> None:
    assert scim.patch(wang_at(world), {"op": "replace", "path": "name", "value": written}).status_code == 204
    name = scim.get(wang_at(world))["name"]
    assert (name["formatted"], (name.get("familyName"), name.get("givenName"))) == (formatted, parts)


def test_what_cannot_be_changed(world: World, scim: Scim) -> None:
    for path, value in (("userName", "OTHER"), ("displayName", "x"), ("title", "x"), (f"{ENTERPRISE}:department", "x"), ("groups", [])):
        scim.refused(scim.patch(wang_at(world), {"op": "replace", "path": path, "value": value}), 400, "mutability")
    for path in ("active", "name", "userName", f"{OFFICIAL}:staffingType"):
        scim.refused(scim.patch(wang_at(world), {"op": "remove", "path": path}), 400, "mutability")
    user = scim.get(wang_at(world))
    scim.refused(scim.call("PUT", wang_at(world), user | {"userName": "OTHER"}), 400, "mutability")


def test_an_id_number_is_corrected(services: Services, world: World, scim: Scim) -> None:
    right = id_number(91_001)
    path = f"{OFFICIAL}:idNumber"
    assert scim.patch(wang_at(world), {"op": "replace", "path": path, "value": right}).status_code == 204
    found = services.identity_queries.official_by_id_number(right)
    assert found is not None
    assert found.id == world.wang.official_id
    recorded = events(services)
    assert scim.patch(wang_at(world), {"op": "replace", "path": path, "value": right}).status_code == 204
    assert events(services) == recorded
    scim.refused(scim.patch(f"/Users/{world.li.official_id}", {"op": "replace", "path": path, "value": right}), 409, "uniqueness")
    scim.refused(scim.patch(wang_at(world), {"op": "replace", "path": path, "value": "1"}), 400, "invalidValue")


def test_appointments_begin_end_and_change(services: Services, world: World, clock: ManualClock, scim: Scim) -> None:
    housing = uscc(services, world, "xihu_housing")
    path = f"{OFFICIAL}:appointments"
    clock.advance(timedelta(days=1))
    ahead = (clock.now() + timedelta(days=30)).isoformat()
    added = [{"department": housing, "position": "联络员", "kind": "concurrent", "startsAt": ahead}]
    assert scim.patch(wang_at(world), {"op": "add", "path": path, "value": added}).status_code == 204
    user = scim.get(wang_at(world))
    first, second = places(user)
    assert first["id"] == str(world.wang.appointment_id)
    assert (second["department"], second["kind"]) == (housing, "concurrent")
    assert [group["value"] for group in user["groups"]] == [str(world.wang.department_id)]

    # Another position is another appointment; it begins now, and the old one ends.
    changed = {"op": "replace", "path": f'{path}[id eq "{first["id"]}"].position', "value": "内设机构负责人"}
    assert scim.patch(wang_at(world), changed).status_code == 204
    now_first, now_second = places(scim.get(wang_at(world)))
    assert (now_first["position"], now_first["kind"]) == ("内设机构负责人", "primary")
    assert now_first["id"] != first["id"]
    assert now_second == second
    assert services.identity_queries.appointment(world.wang.appointment_id) is None

    assert scim.patch(wang_at(world), {"op": "remove", "path": f'{path}[id eq "{second["id"]}"]'}).status_code == 204
    assert places(scim.get(wang_at(world))) == [now_first]


def test_all_of_a_change_happens_or_nothing(services: Services, world: World, scim: Scim) -> None:
    before, recorded = scim.get(wang_at(world)), events(services)
    second_primary = {"department": uscc(services, world, "housing"), "position": "处长", "kind": "primary"}
    answer = scim.patch(
        wang_at(world),
        {"op": "replace", "path": "name.formatted", "value": "王方"},
        {"op": "replace", "path": "active", "value": False},
        {"op": "add", "path": f"{OFFICIAL}:appointments", "value": [second_primary]},
    )
    scim.refused(answer, 409, "uniqueness")
    assert scim.get(wang_at(world)) == before
    assert events(services) == recorded


def test_two_entries_with_one_id_and_a_moment_without_offset_are_refused(services: Services, world: World, scim: Scim) -> None:
    user = scim.get(wang_at(world))
    twice = user | {OFFICIAL: user[OFFICIAL] | {"appointments": places(user) * 2}}
    scim.refused(scim.call("PUT", wang_at(world), twice), 400, "invalidValue")
    naive = {"department": uscc(services, world, "housing"), "position": "处长", "kind": "concurrent", "startsAt": "2026-12-01T09:00:00"}
    detail = scim.refused(
        scim.patch(wang_at(world), {"op": "add", "path": f"{OFFICIAL}:appointments", "value": [naive]}), 400, "invalidValue"
    )
    assert "startsAt" in detail


def test_who_is_deleted_is_gone_but_not_erased_and_comes_back_under_the_same_account(
    services: Services, world: World, clock: ManualClock, scim: Scim
) -> None:
    body = a_user(services, world)
    user = scim.create("/Users", body)
    address = f"/Users/{user['id']}"
    clock.advance(timedelta(days=1))
    assert scim.call("DELETE", address).status_code == 204
    scim.refused(scim.call("GET", address), 404)
    scim.refused(scim.call("DELETE", address), 404)
    scim.refused(scim.patch(address, {"op": "replace", "path": "active", "value": True}), 404)
    assert scim.get(f'/Users?filter=userName eq "{body["userName"]}"')["totalResults"] == 0
    official = services.identity_queries.official(UUID(user["id"]))
    assert official is not None
    assert (official.status, services.identity_queries.appointments_of(official.id)) == ("left", ())

    # Somebody else under the same code is refused, and so is the person under another one; the same person comes back.
    clock.advance(timedelta(days=1))
    scim.refused(scim.call("POST", "/Users", a_user(services, world, userName=body["userName"])), 409, "uniqueness")
    detail = scim.refused(scim.call("POST", "/Users", body | {"userName": "OTHER01", "externalId": "OTHER01"}), 409)
    assert body["userName"] in detail
    again = scim.create("/Users", body | {"name": {"formatted": "王小明"}})
    assert again["id"] == user["id"]
    assert [item.kind for item in services.identity_queries.changes_of(official.id)] == ["rejoin", "leave"]
    assert (again["active"], again["displayName"], len(places(again))) == (True, "王小明", 1)


def test_who_left_elsewhere_is_gone_and_comes_back_by_post_alone(services: Services, world: World, clock: ManualClock, scim: Scim) -> None:
    wang = world.wang.official_id
    services.authorization.assign_role(SEED, wang, "housing_clerk", reason="专项")
    clock.advance(timedelta(days=1))
    services.identity.leave(SEED, wang, Order("辞职"))
    clock.advance(timedelta(days=1))
    for operation in ({"op": "replace", "path": "active", "value": True}, {"op": "replace", "value": {"active": True}}):
        scim.refused(scim.patch(wang_at(world), operation), 404)
    body = a_user(services, world, userName="WANGFANG", externalId="WANGFANG")
    body[OFFICIAL]["idNumber"] = id_number(5000)
    again = scim.create("/Users", body)
    assert (again["id"], again["active"], len(places(again))) == (str(wang), True, 1)
    assert services.authorization_queries.assignments_of(wang) == ()
    with pytest.raises(SignInRefused):
        services.signon.sign_in("WANGFANG", PASSWORD, "192.0.2.7", "test")


def test_somebody_without_a_place_is_there_until_suspended(services: Services, world: World, scim: Scim) -> None:
    user = scim.create("/Users", a_user(services, world, at=None))
    address = f"/Users/{user['id']}"
    assert "groups" not in scim.get(address)
    assert scim.patch(address, {"op": "replace", "path": "active", "value": False}).status_code == 204
    scim.refused(scim.call("GET", address), 404)


def test_parts_of_a_user(world: World, scim: Scim) -> None:
    user = scim.get(f"{wang_at(world)}?attributes=userName,{OFFICIAL}:rank")
    assert user == {"schemas": [USER, OFFICIAL], "id": str(world.wang.official_id), "userName": "WANGFANG", OFFICIAL: {"rank": "一级科员"}}
    user = scim.get(f"{wang_at(world)}?excludedAttributes=phoneNumbers,groups")
    assert not {"phoneNumbers", "groups"} & user.keys()


def test_what_is_not_there(world: World, scim: Scim) -> None:
    for path in ("/Users/nobody", "/Users/01a2184d-3f03-7301-bff3-000000000000", "/Robots", "/Users/1/2", "/Groups/%00"):
        scim.refused(scim.call("GET", path), 404)
    scim.refused(scim.call("GET", "/Me"), 501)
    answer = scim.call("PUT", "/Users", {})
    scim.refused(answer, 405)
    assert answer.headers["Allow"] == "GET, POST"
