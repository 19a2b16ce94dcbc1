"""Departments as groups: their place in the tree, their members, and the end of one."""

from __future__ import annotations

from typing import Any

from govcloud.entrypoints.scim import storage
from govcloud.services import Services
from tests.entrypoints.scim.conftest import DEPARTMENT, GROUP, Scim, a_group, uscc
from tests.factories.people import an_official
from tests.factories.world import SEED, World


def address(world: World, key: str) -> str:
    return f"/Groups/{world.organisation.ids[key]}"


def ids(group: dict[str, Any]) -> set[str]:
    return {member["value"] for member in group.get("members", [])}


def test_a_department_is_shown(services: Services, world: World, scim: Scim) -> None:
    group = scim.get(address(world, "xihu_civil_affairs"))
    assert group["schemas"] == [GROUP, DEPARTMENT]
    assert (group["displayName"], group["externalId"]) == ("杭州市西湖区民政局", uscc(services, world, "xihu_civil_affairs"))
    assert group[DEPARTMENT] == {
        "parent": str(world.organisation.ids["xihu"]),
        "division": "330106000000",
        "level": "county",
        "businessLines": ["民政"],
        "memberCount": 2,
    }
    assert group["members"][0] == {
        "value": str(world.wang.official_id),
        "$ref": f"http://localhost/scim/v2/Users/{world.wang.official_id}",
        "type": "User",
        "display": "王芳",
        "position": "窗口受理员",
    }
    assert "members" not in scim.get(f"{address(world, 'xihu_civil_affairs')}?excludedAttributes=members")


def test_a_department_is_entered_renamed_moved_and_abolished(services: Services, world: World, scim: Scim) -> None:
    group = scim.create("/Groups", a_group(world, 82_000))
    path = f"/Groups/{group['id']}"
    assert group[DEPARTMENT]["memberCount"] == 0
    scim.patch(path, {"op": "replace", "value": {"displayName": "省大数据中心", DEPARTMENT: {"shortName": "数据中心"}}})
    moved = {"op": "replace", "path": f"{DEPARTMENT}:parent", "value": str(world.organisation.ids["data"])}
    assert scim.patch(path, moved).status_code == 204
    view = services.identity_queries.department_by_uscc(group["externalId"])
    assert view is not None
    assert (view.name, view.short_name, view.parent_id) == ("省大数据中心", "数据中心", world.organisation.ids["data"])
    scim.patch(path, {"op": "remove", "path": f"{DEPARTMENT}:shortName"})
    assert "shortName" not in scim.get(path)[DEPARTMENT]
    assert scim.call("PUT", path, scim.get(path)).get_json() == scim.get(path)

    assert scim.call("DELETE", path).status_code == 204
    scim.refused(scim.call("GET", path), 404)
    assert services.identity_queries.department(view.id, view_time(services)) is None
    scim.refused(scim.call("POST", "/Groups", a_group(world, 82_000)), 409, "uniqueness")


def view_time(services: Services) -> Any:  # noqa: ANN401 - a datetime
    return services.clock.now()


def test_a_department_in_use_is_not_abolished(world: World, scim: Scim) -> None:
    detail = scim.refused(scim.call("DELETE", address(world, "xihu")), 409)
    assert "Below 2: " in detail
    assert "People 2: " in scim.refused(scim.call("DELETE", address(world, "xihu_civil_affairs")), 409)


def test_a_department_cannot_lie_below_itself_or_below_nothing(world: World, scim: Scim) -> None:
    for parent, status in ((world.organisation.ids["xihu_housing"], 409), ("01a2184d-3f03-7301-bff3-000000000000", 400), ("x", 400)):
        operation = {"op": "replace", "path": f"{DEPARTMENT}:parent", "value": str(parent)}
        scim.refused(scim.patch(address(world, "xihu"), operation), status, "invalidValue" if status == 400 else None)
    for path, value in (("externalId", "113300000000000000"), (f"{DEPARTMENT}:level", "city"), (f"{DEPARTMENT}:memberCount", 3)):
        scim.refused(scim.patch(address(world, "xihu"), {"op": "replace", "path": path, "value": value}), 400, "mutability")


def test_members_follow_appointments(services: Services, world: World, scim: Scim) -> None:
    path, li = address(world, "xihu_housing"), str(world.li.official_id)
    before = ids(scim.get(path))
    detail = scim.refused(scim.patch(path, {"op": "add", "path": "members", "value": [{"value": li}]}), 400, "invalidValue")
    assert "position" in detail
    assert scim.patch(path, {"op": "add", "path": "members", "value": [{"value": li, "position": "联络员"}]}).status_code == 204
    assert ids(scim.get(path)) == before | {li}
    places = services.identity_queries.appointments_of(world.li.official_id)
    assert [(place.kind, place.position) for place in places][1:] == [("concurrent", "联络员")]
    # Said twice, it is there once.
    scim.patch(path, {"op": "add", "path": "members", "value": [{"value": li}]})
    assert len(services.identity_queries.appointments_of(world.li.official_id)) == 2

    assert scim.patch(path, {"op": "remove", "path": f'members[value eq "{li}"]'}).status_code == 204
    assert ids(scim.get(path)) == before
    assert [place.kind for place in services.identity_queries.appointments_of(world.li.official_id)] == ["primary"]
    for member in ({"value": "x"}, {"value": str(world.organisation.ids["xihu"]), "position": "x"}, {"value": li, "type": "Group"}):
        scim.refused(scim.patch(path, {"op": "add", "path": "members", "value": [member]}), 400, "invalidValue")


def test_a_put_without_members_keeps_them_and_one_with_none_ends_them(world: World, scim: Scim) -> None:
    path = address(world, "xihu_housing")
    group = scim.get(path)
    without = {name: value for name, value in group.items() if name != "members"}
    assert ids(scim.call("PUT", path, without).get_json()) == ids(group)
    assert "members" not in scim.call("PUT", path, without | {"members": []}).get_json()


def test_a_list_leaves_out_the_members_of_a_big_department_and_says_so(services: Services, world: World, scim: Scim) -> None:
    big = world.organisation.ids["yuhang_civil_affairs"]
    services.identity.register_officials(SEED, [an_official(big) for _ in range(storage.MANY)])
    listed = {group["id"]: group for group in scim.get("/Groups")["Resources"]}
    group = listed.pop(str(big))
    assert "members" not in group
    assert (group[DEPARTMENT]["memberCount"], group[DEPARTMENT]["membersLeftOut"]) == (storage.MANY + 1, True)
    assert all(len(ids(other)) == other[DEPARTMENT]["memberCount"] for other in listed.values())
    assert not any("membersLeftOut" in other[DEPARTMENT] for other in listed.values())

    asked = {group["id"]: group for group in scim.get("/Groups?attributes=members")["Resources"]}
    assert len(ids(asked[str(big)])) == storage.MANY + 1
    alone = scim.get(f"/Groups/{big}")
    assert len(ids(alone)) == storage.MANY + 1
    assert alone["meta"]["version"] == group["meta"]["version"]
