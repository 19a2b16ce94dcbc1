"""A relying system that asks the decision point, and questions that are in order."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest
from sqlalchemy import select

from govcloud.signon.models import Participant
from govcloud.signon.views import TicketRequest
from tests.factories.world import PASSWORD, XIHU, Person, World

if TYPE_CHECKING:
    from flask.testing import FlaskClient
    from werkzeug.test import TestResponse

    from govcloud.services import Services

READ, EXPORT, GUIDE, DOOR = "housing:register:read", "housing:register:export", "housing:guide:read", "housing:door:enter"
EVALUATION, EVALUATIONS = "/access/v1/evaluation", "/access/v1/evaluations"


@dataclass
class Point:
    """The decision point, as one client sees it."""

    browser: FlaskClient
    auth: tuple[str, str]

    def post(self, path: str, body: object, **headers: str) -> TestResponse:
        """Send JSON with the client's credentials."""
        return self.browser.post(path, json=body, auth=self.auth, headers=headers)

    def raw(self, path: str, data: bytes, content_type: str = "application/json") -> TestResponse:
        """Send bytes as they are."""
        return self.browser.post(path, data=data, content_type=content_type, auth=self.auth)

    def said(self, path: str, body: object) -> Any:  # noqa: ANN401 - any JSON
        """Return the body of an answer that is in order."""
        answer = self.post(path, body)
        assert answer.status_code == 200, answer.text
        assert answer.mimetype == "application/json"
        assert answer.headers["Cache-Control"] == "no-store"
        return json.loads(answer.text)

    def decides(self, body: object) -> bool:
        """Return the decision on one question."""
        decision = self.said(EVALUATION, body)["decision"]
        assert isinstance(decision, bool)
        return decision

    def batch(self, *items: object, **top: object) -> list[Any]:
        """Return the answers to several questions."""
        found = self.said(EVALUATIONS, {**top, "evaluations": list(items)})
        assert set(found) == {"evaluations"}, "decision is left out (section 7.2)"
        assert isinstance(found["evaluations"], list)
        return found["evaluations"]


@pytest.fixture
def housing(world: World, client: FlaskClient) -> Point:
    """Return the decision point as the housing subsystem sees it."""
    credentials = world.clients["housing"]
    return Point(client, (credentials.client_id, credentials.secret or ""))


@pytest.fixture
def assistance(world: World, client: FlaskClient) -> Point:
    """Return the decision point as the assistance subsystem sees it."""
    credentials = world.clients["assistance"]
    return Point(client, (credentials.client_id, credentials.secret or ""))


def subject(person: Person, sid: object = None) -> dict[str, Any]:
    """Return an official as the standard's subject."""
    return {"type": "official", "id": str(person.official_id)} | ({} if sid is None else {"properties": {"sid": str(sid)}})


def action(name: str = READ) -> dict[str, Any]:
    """Return a function as the standard's action."""
    return {"name": name}


def row(division: str = XIHU, number: str = "7") -> dict[str, Any]:
    """Return a row of the housing register."""
    return {"type": "register", "id": number, "properties": {"division": division}}


def question(person: Person, name: str = READ, division: str = XIHU, **more: object) -> dict[str, Any]:
    """Return a question that is in order."""
    return {"subject": subject(person), "action": action(name), "resource": row(division), **more}


@pytest.fixture
def sid(services: Services, world: World) -> UUID:
    """Return how the housing subsystem knows the session of 王芳."""
    signed_in = services.signon.sign_in("WANGFANG", PASSWORD, "127.0.0.1", "test")
    session = services.signon.current(signed_in.token)
    known = services.subsystem_queries.client_by_client_id("housing-web")
    assert session is not None
    assert known is not None
    asked = TicketRequest("http://127.0.0.1:8001/oidc/callback", "challenge", "openid")
    services.signon.issue_ticket(world.wang.actor(session_id=signed_in.session_id), session, known, asked)
    return services.uow.read().scalars(select(Participant.id).where(Participant.session_id == signed_in.session_id)).one()
