"""The feed of people: only an entrusted client, the same report as everywhere, and nothing of others' runs."""

from __future__ import annotations

import json
from base64 import b64encode
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from govcloud.services import Services
from tests.factories.imports import Row, a_row, uscc_of
from tests.factories.world import World


class Feed:
    """A client that calls with its credentials."""

    def __init__(self, app: Flask, world: World, name: str = "housing") -> None:
        credentials = world.clients[name]
        basic = b64encode(f"{credentials.client_id}:{credentials.secret}".encode()).decode()
        self.client, self.headers = app.test_client(), {"Authorization": f"Basic {basic}"}

    def send(self, rows: list[Row] | bytes, query: str = "", **headers: str) -> Any:  # noqa: ANN401 - an answer
        body = rows if isinstance(rows, bytes) else json.dumps(rows).encode()
        all_headers = {"Content-Type": "application/json", **self.headers, **headers}
        return self.client.post(f"/api/v1/imports{query}", data=body, headers=all_headers)

    def get(self, path: str) -> Any:  # noqa: ANN401 - an answer
        return self.client.get(path, headers=self.headers)


@pytest.fixture
def feed(app: Flask, services: Services, world: World) -> Feed:
    """Return a client that is entrusted with provisioning."""
    client_id = world.clients["housing"].client_id
    services.subsystems.entrust_client(world.security_admin.actor(), client_id, ["provisioning"], "省人社厅人事系统，按协议同步")
    return Feed(app, world)


def test_rows_are_reported_then_imported(feed: Feed, services: Services, world: World) -> None:
    rows = [a_row(1), a_row(2, phone="1")]
    dry = feed.send(rows, "?dry_run=true")
    assert dry.status_code == 201
    assert (dry.json["state"], dry.json["summary"]["new"], dry.json["summary"]["refused"]) == ("checked", 1, 1)
    assert [(found["row"], found["field"], found["value"]) for found in dry.json["findings"]] == [(2, "phone", "*")]
    assert services.identity_queries.official_by_code("IM00001") is None
    done = feed.send(rows)
    assert (done.json["state"], done.json["rows_done"]) == ("done", 2)
    assert services.identity_queries.official_by_code("IM00001") is not None
    assert feed.get(done.headers["Location"]).json["summary"] == done.json["summary"]
    page = feed.get(f"{done.headers['Location']}/findings?limit=1").json
    assert (page["findings"][0]["number"], page["after"]) == (0, 0)
    assert feed.get(f"{done.headers['Location']}/findings?after=0").json == {"findings": [], "after": None}
    [entry] = [entry for entry in services.audit_queries.newest() if entry.name == "identity:import:finished"]
    assert entry.actor_id == world.clients["housing"].client_id


def test_lines_and_complete_lists(feed: Feed, services: Services, world: World) -> None:
    rows = [a_row(number) for number in range(3)]
    body = "\n".join(json.dumps(row) for row in rows).encode()
    assert feed.send(body, "?complete=true", **{"Content-Type": "application/x-ndjson"}).json["summary"]["new"] == 3
    refused = feed.send(rows[:2], "?complete=true")
    assert (refused.status_code, refused.json["code"]) == (409, "too_many_vanish")
    assert feed.send(rows[:2], "?complete=true&allow_vanish=50").json["summary"]["vanished"] == 1


def test_a_department_bounds_the_feed(feed: Feed, world: World) -> None:
    answer = feed.send([a_row(1), a_row(2, at="xihu_housing")], f"?department={uscc_of('xihu_civil_affairs')}")
    assert answer.json["summary"]["refused"] == 1
    assert feed.send([a_row(1)], "?department=91330000000000000X").status_code == 404


def test_a_feed_may_come_in_pieces(feed: Feed, services: Services, world: World, app: Flask) -> None:
    """A body without an announced length is read piece by piece, up to the limit of files and not to that of forms."""
    rows = b"\n".join(json.dumps(a_row(number, position="窗口" + "理" * 20)).encode() for number in range(4_000))
    assert len(rows) > services.settings.request_max_bytes
    pieces = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}

    def send(body: bytes) -> Any:  # noqa: ANN401 - an answer
        options: dict[str, Any] = {"content_type": "application/x-ndjson", "headers": feed.headers, "environ_overrides": pieces}
        return feed.client.post("/api/v1/imports?dry_run=true", input_stream=BytesIO(body), **options)

    answer = send(rows)
    assert (answer.status_code, answer.json["summary"]["new"]) == (201, 4_000), answer.text[:300]
    beyond = send(b"\n" * (services.settings.import_max_bytes + 100_000))
    assert (beyond.status_code, beyond.mimetype) == (413, "application/problem+json")


def test_what_is_wrong_with_a_call_is_a_problem(feed: Feed, app: Flask, services: Services, world: World) -> None:
    assert feed.send(b"not json").status_code == 422
    assert feed.send(b"[{").status_code == 422
    assert feed.send([a_row(1)], "?dry=1").status_code == 422
    assert feed.send([a_row(1)], **{"Content-Type": "text/csv"}).status_code == 415
    too_long = feed.send(b'[{"name": "' + b"x" * 2_000_000)
    assert (too_long.status_code, too_long.json["code"]) == (422, "record_too_long")
    claimed = {"CONTENT_LENGTH": str(10**9), "CONTENT_TYPE": "application/json"}
    assert feed.client.post("/api/v1/imports", data=b"[]", headers=feed.headers, environ_overrides=claimed).status_code == 413
    assert feed.client.post("/api/v1/imports", json=[]).status_code == 401
    other = Feed(app, world, "assistance")
    assert other.send([a_row(1)]).status_code == 403
    run = feed.send([a_row(9)]).headers["Location"]
    assert other.get(run).status_code == 404
