"""No way in reads more than the platform takes: every route that accepts a body answers 413 in its own form, and nothing happens."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING, Any

import pytest
from sqlalchemy import text

from govcloud.web.gate import Gate, gate_of
from tests.factories.browsing import signed_in
from tests.factories.requests import granted

if TYPE_CHECKING:
    from flask import Flask
    from werkzeug.routing import Rule
    from werkzeug.test import TestResponse

    from govcloud.services import Services
    from tests.factories.browsing import Visitor
    from tests.factories.world import World

NOBODY = "00000000-0000-7000-8000-000000000000"
CHUNKED = "chunked"
#: What each kind of way in answers with.
FORMS = {"api": "application/problem+json", "authzen": "application/json", "oidc.wire": "application/json", "scim": "application/scim+json"}


def routes(app: Flask, how: str) -> list[Rule]:
    """Return the routes that read a body; one that takes none has nothing to read when no length is announced."""
    found = [rule for rule in app.url_map.iter_rules() if rule.methods and rule.methods & {"POST", "PUT", "PATCH", "DELETE"}]
    files = set(app.extensions["govcloud.uploads"])
    without_body = {"api.unknown", "authzen.unknown"} | ({"api.relinquish"} if how == CHUNKED else set())
    return sorted((rule for rule in found if rule.endpoint not in without_body | files), key=str)


def address_of(rule: Rule) -> str:
    """Return an address of the route."""
    return re.sub(r"<[^>]+>", NOBODY, re.sub(r"<int:[^>]+>", "1", rule.rule))


@pytest.fixture
def callers(app: Flask, services: Services, world: World) -> dict[str, Visitor]:
    """Return who passes the gates, between them."""
    return {login: signed_in(app, services, login) for login in ("WANGFANG", "LIQIANG", "ZHOUJIANJUN", "WUXIAOYAN")}


def caller_for(gate: Gate | None, callers: dict[str, Visitor], services: Services, world: World) -> Visitor:
    """Return somebody who may call a route with this gate."""
    for login, visitor in callers.items():
        person = world.people[login]
        if gate is None or gate.kind != "requires":
            return visitor
        if services.authorization_queries.open_among(person.official_id, person.appointment_id, [gate.detail]):
            return visitor
    raise AssertionError(f"nobody passes {gate}")


def send(visitor: Visitor, rule: Rule, world: World, how: str) -> TestResponse:
    """Send two megabytes to a route, in the way that it takes them."""
    credentials = world.clients["housing"]
    blueprint = rule.endpoint.rpartition(".")[0]
    as_json = blueprint in {"api", "authzen", "scim"}
    body = b'{"reason": "' + b"x" * 2_000_000 + b'"}' if as_json else b"reason=" + b"x" * 2_000_000
    options: dict[str, Any] = {
        "content_type": "application/json" if as_json else "application/x-www-form-urlencoded",
        "headers": {"X-CSRFToken": visitor.client.get("/api/v1/me").get_json()["csrf_token"]},
    }
    if blueprint in {"authzen", "scim"} or rule.endpoint == "api.personnel_events":
        options["auth"] = (credentials.client_id, credentials.secret or "")
    if how == CHUNKED:
        environ = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
        options |= {"input_stream": BytesIO(body), "environ_overrides": environ}
    else:
        options["data"] = body
    return visitor.client.post(address_of(rule), **options)


@pytest.mark.parametrize("how", ["with its length", CHUNKED])
def test_every_route_refuses_an_oversized_body(app: Flask, services: Services, world: World, callers: dict[str, Visitor], how: str) -> None:
    grant_id = granted(services, world)
    services.subsystems.entrust_client(world.security_admin.actor(), world.clients["housing"].client_id, ["provisioning"], "人事系统")
    events = text("SELECT count(*) FROM audit_event")
    before = services.uow.read().scalar(events)
    found = routes(app, how)
    assert len(found) > 30
    for rule in found:
        answer = send(caller_for(gate_of(app, rule.endpoint), callers, services, world), rule, world, how)
        assert answer.status_code == 413, (rule, answer.text[:200])
        assert answer.mimetype == FORMS.get(rule.endpoint.rpartition(".")[0], "text/html"), rule
        assert "xxx" not in answer.text, rule
    assert services.uow.read().scalar(events) == before
    grant = services.authorization_queries.grant(grant_id)
    assert grant is not None
    assert grant.closed_at is None
