"""The mapping keeps its laws: what was read changes nothing when it is put back, and a patch is a put of what it patched."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from govcloud.audit.models import AuditEvent
from govcloud.identity.surnames import split_name
from govcloud.services import Services
from tests.entrypoints.scim.conftest import OFFICIAL, Scim, a_user, uscc
from tests.factories.people import phone_number
from tests.factories.world import World

LAWS = settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture])
NAMES = st.sampled_from(["王小明", "欧阳小丽", "阿不都热合曼·艾力", "单雪梅", "𠮷田", "诸葛亮"])
CHANGES = st.fixed_dictionaries(
    {},
    optional={
        "name": NAMES,
        "active": st.booleans(),
        "phone": st.one_of(st.none(), st.integers(92_000, 92_050)),
        "rank": st.sampled_from(["", "一级科员", "二级科员", "县处级正职"]),
        "staffingType": st.sampled_from(["行政编制", "事业编制"]),
        "securityLabel": st.integers(0, 4),
        "place": st.sampled_from([None, "xihu", "housing"]),
    },
)


def changed(services: Services, world: World, user: dict[str, Any], change: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return a whole user after a change, and the operations that make it."""
    whole, operations = deepcopy(user), []
    if "name" in change:
        whole["name"] = {"formatted": change["name"]}
        operations.append({"op": "replace", "path": "name", "value": whole["name"]})
    if "active" in change:
        whole["active"] = change["active"]
        operations.append({"op": "replace", "path": "active", "value": change["active"]})
    if "phone" in change:
        numbers = [] if change["phone"] is None else [{"value": phone_number(change["phone"]), "type": "mobile"}]
        whole["phoneNumbers"] = numbers
        operations.append({"op": "replace", "path": "phoneNumbers", "value": numbers})
    for name in ("rank", "staffingType", "securityLabel"):
        if name in change:
            whole[OFFICIAL][name] = change[name]
            operations.append({"op": "replace", "path": f"{OFFICIAL}:{name}", "value": change[name]})
    if change.get("place"):
        place = {"department": uscc(services, world, change["place"]), "position": "联络员", "kind": "concurrent"}
        whole[OFFICIAL]["appointments"] = [*whole[OFFICIAL].get("appointments", []), place]
        operations.append({"op": "add", "path": f"{OFFICIAL}:appointments", "value": [place]})
    return whole, operations


def essence(user: dict[str, Any]) -> dict[str, Any]:
    """Return a user without what differs between two people who are alike."""
    kept = {name: value for name, value in deepcopy(user).items() if name not in {"id", "meta", "userName", "externalId"}}
    for place in kept[OFFICIAL].get("appointments", []):
        del place["id"]
    for extension in kept.values():
        if isinstance(extension, dict):
            extension.pop("employeeNumber", None)
    return kept


@LAWS
@given(change=CHANGES)
def test_a_patch_is_a_put_of_what_it_patched(services: Services, world: World, scim: Scim, change: dict[str, Any]) -> None:
    alike: dict[str, Any] = {"name": {"formatted": "王敏"}, "phoneNumbers": [{"value": phone_number(92_100), "type": "mobile"}]}
    patched, replaced = (scim.create("/Users", a_user(services, world, **alike)) for _ in range(2))
    whole, operations = changed(services, world, replaced, change)
    if operations:
        answer = scim.patch(f"/Users/{patched['id']}", *changed(services, world, patched, change)[1])
        assert answer.status_code == 204, answer.text
    answer = scim.call("PUT", f"/Users/{replaced['id']}", whole)
    assert answer.status_code == 200, answer.text
    assert essence(scim.get(f"/Users/{patched['id']}")) == essence(answer.get_json())


@LAWS
@given(change=CHANGES)
def test_what_was_read_changes_nothing_when_it_is_put_back(services: Services, world: World, scim: Scim, change: dict[str, Any]) -> None:
    user = scim.create("/Users", a_user(services, world))
    path = f"/Users/{user['id']}"
    scim.call("PUT", path, changed(services, world, user, change)[0])
    read = scim.get(path)
    count = select(func.count()).select_from(AuditEvent)
    recorded = services.uow.read().scalar(count)
    answer = scim.call("PUT", path, read)
    assert (answer.status_code, answer.get_json()) == (200, read)
    assert services.uow.read().scalar(count) == recorded


@given(st.text(alphabet=st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=2, max_size=6))
def test_both_parts_of_a_name_are_the_name(name: str) -> None:
    parts = split_name(name)
    assert parts is not None
    assert "".join(parts) == name


def test_compound_surnames() -> None:
    cases = {"欧阳修": ("欧阳", "修"), "欧阳": ("欧", "阳"), "司马相如": ("司马", "相如"), "单雪梅": ("单", "雪梅"), "王芳": ("王", "芳")}
    assert {name: split_name(name) for name in cases} == cases
    assert [split_name(name) for name in ("买买提·艾力", "John Smith", "王", "", "王 芳")] == [None] * 5
