"""scim2-tester's full check against the platform: it discovers what is published, then creates, reads, changes and deletes."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from datetime import timedelta
from itertools import count
from typing import Any, cast
from uuid import uuid4

import pytest
from flask import Flask
from scim2_client.engines.wsgi import WSGISCIMClient
from scim2_models import Extension, Mutability, Resource
from scim2_tester import CheckResult, Status, check_server

from govcloud.services import Services
from tests.entrypoints.scim.conftest import DEPARTMENT, OFFICIAL, Scim, uscc
from tests.factories.people import an_official, credit_code, id_number, phone_number
from tests.factories.world import SEED, World

_numbers = count(70_000)
_MEMBER = "王敏"
#: Enterprise added, removed and replaced; Official and Department replaced: see ``compares_what_cannot_be``.
COMPARED_WHOLE = 5


class Fresh(list[Any]):
    """Examples without end: whenever the tester picks one, it gets another."""

    def __init__(self, make: Callable[[], Any]) -> None:
        """Take what makes an example."""
        super().__init__([None])
        self._make = make

    def __getitem__(self, _index: Any) -> Any:  # noqa: ANN401 - as list has it
        return self._make()


@pytest.mark.timeout(400)
def test_the_platform_passes_the_full_check(app: Flask, services: Services, world: World, scim: Scim) -> None:
    token = b64encode(":".join(scim.auth).encode()).decode()
    client = WSGISCIMClient(app, base_url="http://localhost/scim/v2", headers={"Authorization": f"Basic {token}"})
    client.discover()
    user, group = client.get_resource_model("User"), client.get_resource_model("Group")
    assert user is not None
    assert group is not None
    give_examples(services, world, user, group)

    results = check_server(client)

    failed = [result for result in results if result.status in {Status.ERROR, Status.CRITICAL, Status.DEVIATION}]
    assert [f"{result.title}: {result.reason}" for result in failed if not compares_what_cannot_be(result)] == []
    assert len(failed) == COMPARED_WHOLE
    skipped = {(result.title, result.resource_type) for result in results if result.status is Status.SKIPPED}
    # Both kinds of resource are searched apart.
    assert skipped == {("search_with_attributes", "User"), ("search_with_attributes", "Group")}
    assert sum(result.status is Status.SUCCESS for result in results) > 40


def compares_what_cannot_be(result: CheckResult) -> bool:
    """Say whether the tester only missed that nobody may write, or nobody gets back, a part of an extension that it wrote whole.

    It compares an extension with what it sent, the ID number (never returned) and what the server alone says (readOnly) included;
    all that a client may write and read is as it was sent.
    """
    data = result.data if isinstance(result.data, dict) else {}
    sent, found = data.get("expected"), data.get("actual", data.get("actual_value"))
    if not isinstance(found, Extension):
        return False
    plain = (Mutability.read_write, Mutability.immutable)
    fields = [name for name in type(found).model_fields if name != "schemas" and found.get_field_annotation(name, Mutability) in plain]
    return all(getattr(sent, name, None) == getattr(found, name) for name in fields)


def give_examples(services: Services, world: World, user: type[Resource[Any]], group: type[Resource[Any]]) -> None:
    """Tell the tester what values look like: ID numbers, codes and departments are nothing one can make up."""
    root = services.identity_queries.department(world.organisation.ids["government"])
    assert root is not None
    official = user.get_extension_model(OFFICIAL)
    department = group.get_extension_model(DEPARTMENT)
    assert official is not None
    assert department is not None
    name, phone = user.get_field_root_type("name"), user.get_field_root_type("phone_numbers")
    place, member = official.get_field_root_type("appointments"), group.get_field_root_type("members")
    assert name is not None
    assert phone is not None
    assert place is not None
    assert member is not None

    def a_member_ref() -> str:
        official_id = services.identity.register_official(SEED, an_official(name=_MEMBER))
        return f"http://localhost/scim/v2/Users/{official_id}"

    def a_member() -> Any:  # noqa: ANN401 - the client's own class
        ref = a_member_ref()
        return member(value=ref.rpartition("/")[2], ref=ref, type="User", display=_MEMBER, position="窗口受理员")

    places: dict[str, Callable[[], Any]] = {
        "id": lambda: str(uuid4()),
        "department": lambda: uscc(services, world, "xihu"),
        "position": lambda: "联络员",
        "post": lambda: "科员",
        "kind": lambda: "concurrent",
        "starts_at": services.clock.now,
        "ends_at": lambda: services.clock.now() + timedelta(days=90),
    }
    examples: dict[Any, dict[str, Callable[[], Any]]] = {
        user: {
            "user_name": lambda: f"S{next(_numbers)}",
            "name": lambda: cast("Any", name)(formatted="欧阳小丽", family_name="欧阳", given_name="小丽"),
            # One who is suspended and serves nowhere has left, and is gone.
            "active": lambda: True,
            "phone_numbers": lambda: cast("Any", phone)(value=phone_number(next(_numbers)), type="mobile"),
        },
        official: {
            "id_number": lambda: id_number(next(_numbers)),
            "rank": lambda: "二级科员",
            "staffing_type": lambda: "事业编制",
            "security_label": lambda: 2,
            "appointments": lambda: cast("Any", place)(**{field: make() for field, make in places.items()}),
        },
        group: {
            "external_id": lambda: credit_code(next(_numbers)),
            "display_name": lambda: f"第{next(_numbers)}办公室",
            "members": a_member,
        },
        department: {
            "short_name": lambda: "办公室",
            "parent": lambda: str(root.id),
            "division": lambda: "330000000000",
            "level": lambda: "province",
        },
    }
    # The tester fills the parts of a complex attribute one by one as well.
    examples[name] = {"formatted": lambda: "欧阳小丽", "family_name": lambda: "欧阳", "given_name": lambda: "小丽"}
    examples[phone] = {"value": lambda: phone_number(next(_numbers)), "type": lambda: "mobile"}
    examples[place] = places
    examples[member] = {"ref": a_member_ref, "type": lambda: "User", "display": lambda: _MEMBER, "position": lambda: "窗口受理员"}
    for model, made in examples.items():
        for field, make in made.items():
            model.model_fields[field].examples = Fresh(make)
