"""Many changes in one request, and changes that meet: each operation stands or falls alone, and nobody overwrites unseen."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

from flask import Flask

from govcloud.services import Services
from tests.entrypoints.scim.conftest import BULK, DEPARTMENT, OFFICIAL, PATCH, Scim, a_group, a_user
from tests.factories.world import World


def bulk(scim: Scim, *operations: dict[str, Any], **more: object) -> list[dict[str, Any]]:
    answer = scim.call("POST", "/Bulk", {"schemas": [BULK], "Operations": list(operations), **more})
    assert answer.status_code == 200, answer.text
    ran: list[dict[str, Any]] = answer.get_json()["Operations"]
    return ran


def named(name: str) -> dict[str, Any]:
    return {"schemas": [PATCH], "Operations": [{"op": "replace", "path": "name.formatted", "value": name}]}


def test_operations_refer_to_each_other(services: Services, world: World, scim: Scim) -> None:
    user = a_user(services, world, at=None)
    group = a_group(world, 83_000) | {"members": [{"value": "bulkId:person", "position": "联络员"}]}
    ran = bulk(
        scim,
        {"method": "POST", "path": "/Groups", "bulkId": "department", "data": group},
        {"method": "POST", "path": "/Users", "bulkId": "person", "data": user},
        {"method": "PATCH", "path": "/Users/bulkId:person", "data": named("王小明")},
    )
    assert [operation["status"] for operation in ran] == ["201", "201", "200"]
    shown = scim.get(ran[0]["location"].partition("/scim/v2")[2])
    assert [member["display"] for member in shown["members"]] == ["王小明"]
    assert shown[DEPARTMENT]["memberCount"] == 1


def test_an_operation_that_fails_takes_nothing_with_it(services: Services, world: World, scim: Scim) -> None:
    wang = f"/Users/{world.wang.official_id}"
    bad = a_user(services, world)
    bad[OFFICIAL]["idNumber"] = "1"
    operations: list[dict[str, Any]] = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": bad},
        {"method": "PATCH", "path": wang, "data": named("王方")},
        {"method": "DELETE", "path": "/Users/nobody"},
        {"method": "PUT", "path": "/Users/1/2/3", "data": {}},
        {"method": "PATCH", "path": wang, "version": 'W/"old"', "data": named("王圆")},
    ]
    ran = bulk(scim, *operations)
    assert [operation["status"] for operation in ran] == ["400", "200", "404", "404", "412"]
    assert ran[0]["response"]["scimType"] == "invalidValue"
    assert scim.get(wang)["displayName"] == "王方"

    stopped = bulk(scim, *operations, failOnErrors=1)
    assert [operation["status"] for operation in stopped] == ["400"]


def test_the_limits_that_are_published_hold(world: World, scim: Scim) -> None:
    one = {"method": "DELETE", "path": "/Users/nobody"}
    scim.refused(scim.call("POST", "/Bulk", {"schemas": [BULK], "Operations": [one] * 201}), 413)
    scim.refused(scim.call("POST", "/Bulk", b'{"x":"' + b"a" * 1_100_000 + b'"}'), 413)


def test_versions(world: World, scim: Scim) -> None:
    path = f"/Users/{world.wang.official_id}"
    answer = scim.call("GET", path)
    version = answer.headers["ETag"]
    assert version == answer.get_json()["meta"]["version"]
    unchanged = scim.call("GET", path, If_None_Match=version)
    assert (unchanged.status_code, unchanged.text, unchanged.headers["ETag"]) == (304, "", version)
    changed = scim.patch(path, {"op": "replace", "path": f"{OFFICIAL}:rank", "value": "二级科员"}, If_Match=version)
    assert changed.status_code == 204
    assert changed.headers["ETag"] != version
    for method, body in (("PUT", answer.get_json()), ("PATCH", named("王方")), ("DELETE", None)):
        scim.refused(scim.call(method, path, body, If_Match=version), 412)
    assert scim.call("GET", path, If_None_Match=version).status_code == 200
    group = f"/Groups/{world.organisation.ids['xihu_civil_affairs']}"
    seen = scim.get(group)["meta"]["version"]
    assert scim.call("DELETE", path).status_code == 204
    assert scim.get(group)["meta"]["version"] != seen


def test_of_two_changes_at_once_one_is_told(app: Flask, world: World, scim: Scim) -> None:
    path = f"/Users/{world.wang.official_id}"
    group = f"/Groups/{world.organisation.ids['data']}"
    for target, attribute in ((path, "name.formatted"), (group, "displayName")):
        version, barrier = scim.get(target)["meta"]["version"], Barrier(4)

        def change(value: str, target: str = target, path: str = attribute, seen: str = version, all_here: Barrier = barrier) -> int:
            mine = Scim(app.test_client(), scim.auth)
            all_here.wait()
            return mine.patch(target, {"op": "replace", "path": path, "value": value}, If_Match=seen).status_code

        with ThreadPoolExecutor(4) as pool:
            statuses = sorted(pool.map(change, ("王一", "王二", "王三", "王四")))
        assert statuses == [204, 412, 412, 412]


def test_two_who_enter_the_same_person_make_one(app: Flask, services: Services, world: World, scim: Scim) -> None:
    body = a_user(services, world)
    barrier = Barrier(3)

    def enter(_number: int) -> int:
        mine = Scim(app.test_client(), scim.auth)
        barrier.wait()
        return mine.call("POST", "/Users", body).status_code

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(enter, range(3))) == [201, 409, 409]
