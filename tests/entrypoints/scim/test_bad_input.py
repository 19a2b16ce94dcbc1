"""Whatever comes over the wire is answered on the wire: a SCIM error, nothing of the inside, and nothing half done."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from govcloud.services import Services
from tests.entrypoints.scim.conftest import OFFICIAL, PATCH, USER, Scim, a_user
from tests.factories.world import World

INSIDE = ("Traceback", "sqlalchemy", "psycopg", "SELECT ", "govcloud/", "site-packages", "pydantic")


@pytest.mark.parametrize(
    ("body", "status", "keyword"),
    [
        (b"", 400, "invalidSyntax"),
        (b"{", 400, "invalidSyntax"),
        (b"[]", 400, "invalidSyntax"),
        (b"null", 400, "invalidSyntax"),
        (b'"text"', 400, "invalidSyntax"),
        (b"\xff\xfe", 400, "invalidSyntax"),
        (b'{"a":' * 5000 + b"1" + b"}" * 5000, 400, "invalidSyntax"),
        (b"[" * 100_000, 400, "invalidSyntax"),
        (b'{"schemas":["urn:x"],"userName":"A123"}', 400, None),
        (b'{"userName":{"$ne":1}}', 400, "invalidValue"),
        (b'{"userName":"' + b"x" * 1_100_000 + b'"}', 413, None),
    ],
)
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
def test_bodies_that_are_none(world: World, scim: Scim, method: str, body: bytes, status: int, keyword: str | None) -> None:  # noqa: PLR0917 - pytest hands the cases over
    path = "/Users" if method == "POST" else f"/Users/{world.wang.official_id}"
    answer = scim.call(method, path, body)
    assert answer.status_code == status, answer.text
    wire = answer.get_json()
    assert wire["schemas"] == ["urn:ietf:params:scim:api:messages:2.0:Error"]
    if keyword and method == "POST":
        assert wire["scimType"] == keyword
    assert not any(word in answer.text for word in INSIDE)


def test_other_content_types_and_unknown_attributes(services: Services, world: World, scim: Scim) -> None:
    body = a_user(services, world)
    scim.refused(scim.call("POST", "/Users", body, Content_Type="text/xml"), 415)
    scim.refused(scim.call("POST", "/Users", body, Content_Type="application/x-www-form-urlencoded"), 415)
    detail = scim.refused(scim.call("POST", "/Users", body | {"emails": [{"value": "a@b.cn"}]}), 400, "invalidSyntax")
    assert "emails" in detail
    detail = scim.refused(scim.call("POST", "/Users", body | {OFFICIAL: body[OFFICIAL] | {"isAdmin": True}}), 400, "invalidSyntax")
    assert "isAdmin" in detail
    unknown = {"op": "replace", "path": "roles", "value": ["system_admin"]}
    scim.refused(scim.patch(f"/Users/{world.wang.official_id}", unknown), 400, "invalidPath")
    assert scim.call("POST", "/Users", body, Content_Type="application/json").status_code == 201


def test_text_is_text(services: Services, world: World, scim: Scim) -> None:
    path = f"/Users/{world.wang.official_id}"
    for value in ("=1+1", "'; DROP TABLE official; --", "<script>alert(1)</script>"):
        assert scim.patch(path, {"op": "replace", "path": f"{OFFICIAL}:rank", "value": value}).status_code == 204
        assert scim.get(path)[OFFICIAL]["rank"] == value
    for value in ("a\x00b", "a\u202eb", "\ud800", "x" * 51):
        answer = scim.patch(path, {"op": "replace", "path": f"{OFFICIAL}:rank", "value": value})
        assert answer.status_code == 400, answer.text


def test_messages_come_in_the_callers_language(world: World, scim: Scim) -> None:
    assert "公职人员" in scim.refused(scim.call("GET", "/Users/x", Accept_Language="zh-CN"), 404)
    assert "official" in scim.refused(scim.call("GET", "/Users/x", Accept_Language="en"), 404)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=8,
)
ATTRIBUTES = st.sampled_from(["userName", "name", "active", "phoneNumbers", OFFICIAL, "groups", "meta", "id", "members", "schemas", "x"])
PATHS = st.sampled_from(
    ["userName", "name.familyName", "active", 'phoneNumbers[type eq "mobile"].value', f"{OFFICIAL}:appointments", OFFICIAL, "x[", ""]
) | st.text(max_size=12)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(body=st.dictionaries(ATTRIBUTES, JSON, max_size=5), op=st.sampled_from(["add", "remove", "replace", "x"]), path=PATHS, value=JSON)
def test_no_body_is_a_defect(world: World, scim: Scim, body: dict[str, Any], op: str, path: str, value: Any) -> None:  # noqa: ANN401, PLR0917 - any JSON
    whole = {"schemas": [USER, OFFICIAL], **body}
    patch = {"schemas": [PATCH], "Operations": [{"op": op, "path": path, "value": value}]}
    here = f"/Users/{world.people['HEWEI'].official_id}"
    requests = (("POST", "/Users", whole), ("PUT", here, whole), ("PATCH", here, patch), ("POST", "/Users/.search", body))
    for method, address, sent in requests:
        answer = scim.call(method, address, json.dumps(sent).encode())
        assert answer.status_code < 500, (method, sent, answer.text)
        assert not any(word in answer.text for word in INSIDE), answer.text
