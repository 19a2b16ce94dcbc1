"""Files over the API: sent with a submission or a correction, given out to those who may see the request, and nothing else let in."""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING, Any

import pytest

from govcloud.access.asking.models import MOST_BYTES
from tests.entrypoints.api.test_submissions import keyed, submission

if TYPE_CHECKING:
    from flask.testing import FlaskClient

    from govcloud.services import Services
    from tests.entrypoints.api.conftest import SignIn
    from tests.factories.world import World

PDF = b"%PDF-1.7\n" + b"x" * 200
PNG = b"\x89PNG\r\n\x1a\n" + b"y" * 50


def file(name: str, content: bytes) -> dict[str, str]:
    return {"name": name, "content": base64.b64encode(content).decode()}


def test_files_go_with_a_submission_and_come_back_as_they_were(caller: SignIn, world: World) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    body = submission(world, files=[file("名单.pdf", PDF), file("图.png", PNG)])
    done = keyed(wang, "/submissions", body, "a")
    assert done.status_code == 201, done.text
    assert keyed(wang, "/submissions", body, "a").text == done.text
    [request] = done.json["requests"]
    address = f"/requests/{request['request_id']}/files"
    listed = wang.get(address).json["files"]
    assert [(row["name"], row["media_type"], row["size"]) for row in listed] == [
        ("名单.pdf", "application/pdf", len(PDF)),
        ("图.png", "image/png", len(PNG)),
    ], "once, whatever was repeated"
    for reader in (wang, li):
        found = reader.get(f"{address}/{listed[0]['id']}").json
        assert base64.b64decode(found["content"]) == PDF
        assert found["sha256"] == listed[0]["sha256"]
    for stranger in (caller("SUNLI"), caller("ZHOUJIANJUN")):
        assert stranger.get(address).status_code == 404
        assert stranger.get(f"{address}/{listed[0]['id']}").status_code == 404
    other = wang.post("/submissions", submission(world, beneficiary_appointment_ids=[str(world.people["SUNLI"].appointment_id)]))
    elsewhere = f"/requests/{other.json['requests'][0]['request_id']}/files"
    assert wang.get(f"{elsewhere}/{listed[0]['id']}").status_code == 404, "only beside its own request"


@pytest.mark.parametrize(
    ("files", "field"),
    [
        ([file("a.exe", b"MZ")], "files.0"),
        ([file("a.pdf", PNG)], "files.0"),
        ([file("a.pdf", b"")], "files.0"),
        ([{"name": "a.pdf", "content": "not base64!"}], "files.0.content"),
        ([{"name": "a.pdf", "content": "JVBERi0"}], "files.0.content"),
        ([file("a.pdf", PDF + b"x" * MOST_BYTES)], "files.0.content"),
        ([file("a.pdf", b"%PDF-" + b"x" * (MOST_BYTES - 4))], "files.0"),
        ([file("", PDF)], "files.0"),
        ([file("a.pdf", PDF)] * 6, "files"),
        ([{"name": "a.pdf"}], "files.0.content"),
    ],
)
def test_what_is_not_taken_in(caller: SignIn, world: World, files: list[dict[str, str]], field: str) -> None:
    wang = caller("WANGFANG")
    refused = wang.post("/submissions", submission(world, files=files))
    assert refused.status_code == 422, refused.text
    assert field in [row["field"] for row in refused.json["fields"]]
    assert wang.get("/requests").json["requests"] == [], "all of it or nothing"


def test_files_go_with_a_correction(services: Services, caller: SignIn, world: World) -> None:
    wang, li = caller("WANGFANG"), caller("LIQIANG")
    done = wang.post("/submissions", submission(world))
    [request] = done.json["requests"]
    line = next(row for row in wang.get(f"/requests/{request['request_id']}").json["lines"] if row["function"].startswith("housing"))
    li.post(f"/lines/{line['id']}/return", {"version": 1, "missing": "请附名单"})
    body: dict[str, Any] = {"version": 2, "reason": "办理救助", "days": 5, "divisions": ["330106000000"], "case_number": "XH-1"}
    for wrong in ([file("a.exe", b"MZ")], [file("a.pdf", PNG)]):
        assert wang.post(f"/lines/{line['id']}/resubmit", {**body, "files": wrong}).status_code == 422
        assert wang.get(f"/lines/{line['id']}").json["state"] == "returned"
    for stranger in (li, caller("SUNLI")):
        assert stranger.post(f"/lines/{line['id']}/resubmit", {**body, "files": [file("a.pdf", PDF)]}).status_code in {403, 404}
    stale = wang.post(f"/lines/{line['id']}/resubmit", {**body, "version": 1, "files": [file("a.pdf", PDF)]})
    assert stale.status_code == 409
    assert wang.get(f"/requests/{request['request_id']}/files").json == {"files": []}
    again = wang.post(f"/lines/{line['id']}/resubmit", {**body, "files": [file("名单.pdf", PDF)]})
    assert again.status_code == 200, again.text
    assert [row["name"] for row in li.get(f"/requests/{request['request_id']}/files").json["files"]] == ["名单.pdf"]
    assert services.access_queries.line(world.wang.actor(), line["id"]).round == 2


def test_only_files_may_be_large(caller: SignIn, world: World) -> None:
    """A body of many small values weighs little on the wire and much in memory."""
    wang = caller("WANGFANG")
    many = json.dumps(submission(world, items=[{}] * 700_000)).encode()
    assert len(many) > 1_048_576
    assert wang.raw("/submissions", many).status_code == 413
    assert wang.raw("/submissions", b"[" * 2_000_000).status_code == 413
    long = json.dumps(submission(world, reason="长 " * 600_000)).encode()
    assert wang.raw("/submissions", long).status_code == 413
    assert wang.raw("/requests", json.dumps({"reason": "x" * 2_000_000}).encode()).status_code == 413, "other routes keep the limit"


def test_the_document_describes_files(client: FlaskClient) -> None:
    document = client.get("/api/v1/openapi.json").json
    assert document is not None
    schema = document["components"]["schemas"]
    assert schema["FileBody"]["properties"]["content"]["contentEncoding"] == "base64"
    for body in ("NewSubmissionBody", "ResubmitBody"):
        assert schema[body]["properties"]["files"]["items"] == {"$ref": "#/components/schemas/FileBody"}
    assert "/requests/{request_id}/files/{file_id}" in document["paths"]
