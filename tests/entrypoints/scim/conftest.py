"""Clients at the SCIM wire: one that was entrusted with provisioning, and one that was not."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from govcloud.kernel.actor import Actor
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.factories.people import an_official, credit_code
from tests.factories.world import World

OPERATOR = Actor.system("operator")
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
OFFICIAL = "urn:govcloud:params:scim:schemas:1.0:Official"
DEPARTMENT = "urn:govcloud:params:scim:schemas:1.0:Department"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
BULK = "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
ERROR = "urn:ietf:params:scim:api:messages:2.0:Error"


@dataclass(frozen=True)
class Scim:
    """A client with its credentials."""

    client: FlaskClient
    auth: tuple[str, str]

    def call(self, method: str, path: str, body: object = None, **headers: str) -> TestResponse:
        """Send a request; ``body`` is JSON, or bytes as they are."""
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        given = {"Content-Type": "application/scim+json", "Accept-Language": "en"} | {
            name.replace("_", "-"): value for name, value in headers.items()
        }
        return self.client.open(f"/scim/v2{path}", method=method, data=data, headers=given, auth=self.auth)

    def get(self, path: str, **headers: str) -> Any:  # noqa: ANN401 - any JSON
        """Read what is there."""
        answer = self.call("GET", path, **headers)
        assert answer.status_code == 200, answer.text
        return answer.get_json()

    def create(self, path: str, body: Mapping[str, Any]) -> Any:  # noqa: ANN401 - any JSON
        """Enter something and return it."""
        answer = self.call("POST", path, body)
        assert answer.status_code == 201, answer.text
        return answer.get_json()

    def patch(self, path: str, *operations: Mapping[str, Any], **headers: str) -> TestResponse:
        """Change something."""
        return self.call("PATCH", path, {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def refused(self, answer: TestResponse, status: int, keyword: str | None = None) -> str:
        """Expect a refusal and return its detail."""
        assert answer.status_code == status, answer.text
        body = answer.get_json()
        assert (answer.mimetype, body["schemas"], body["status"]) == ("application/scim+json", [ERROR], str(status))
        assert body.get("scimType") == keyword, body
        return str(body["detail"])


@pytest.fixture
def scim(app: Flask, services: Services, world: World) -> Scim:
    """Return a client that was entrusted with provisioning."""
    credentials = world.clients["housing"]
    services.subsystems.entrust_client(OPERATOR, credentials.client_id, ["provisioning"], "目录同步")
    return Scim(app.test_client(), (credentials.client_id, credentials.secret or ""))


@pytest.fixture
def stranger(app: Flask, world: World) -> Scim:
    """Return a client that proves its credentials and was entrusted with nothing."""
    credentials = world.clients["assistance"]
    return Scim(app.test_client(), (credentials.client_id, credentials.secret or ""))


Counted = Callable[[], AbstractContextManager[list[str]]]


@pytest.fixture
def counted(app: Flask) -> Counted:
    """Return the way to collect the SQL statements that run meanwhile."""

    @contextmanager
    def collect() -> Iterator[list[str]]:
        statements: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_rest: object) -> None:
            statements.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        try:
            yield statements
        finally:
            event.remove(db.engine, "before_cursor_execute", note)

    return collect


def a_user(services: Services, world: World, at: str | None = "xihu_civil_affairs", **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a user as a personnel system sends it, who serves ``at`` a department of the world."""
    row = an_official()
    places = [{"department": uscc(services, world, at), "position": "窗口受理员", "post": "科员"}] if at else []
    body: dict[str, Any] = {
        "schemas": [USER, OFFICIAL],
        "userName": row.employee_code,
        "name": {"formatted": row.name},
        "phoneNumbers": [{"value": row.phone, "type": "mobile"}],
        OFFICIAL: {"idNumber": row.id_number, "rank": row.rank, "appointments": places},
    }
    return body | changes


def uscc(services: Services, world: World, key: str) -> str:
    """Return the unified social credit code of a department of the world."""
    view = services.identity_queries.department(world.organisation.ids[key])
    assert view is not None
    return view.uscc


def a_group(world: World, number: int, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - any JSON
    """Return a department below the government as a personnel system sends it."""
    body: dict[str, Any] = {
        "schemas": [GROUP, DEPARTMENT],
        "externalId": credit_code(number),
        "displayName": f"第{number}研究中心",
        DEPARTMENT: {"division": "330000000000", "level": "province", "parent": str(world.organisation.ids["government"])},
    }
    return body | changes
