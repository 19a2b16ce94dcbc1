"""What a subsystem hears of access to its functions: each decision and each turn of a grant's life, signed, and nobody else's."""

from __future__ import annotations

import base64
import hmac
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import text

from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from tests.factories.plans import plan_without
from tests.factories.requests import REGISTER, ask, granted
from tests.factories.world import XIHU, World

JOBS = Actor.system("jobs")


@dataclass
class Endpoint:
    """A subsystem's end of the webhook: what arrived, and what it answers."""

    url: str = ""
    status: int = 204
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    def told(self) -> list[dict[str, Any]]:
        """Return the bodies that arrived, read."""
        return [json.loads(body) for _, body in self.received]


@contextmanager
def _endpoint() -> Iterator[Endpoint]:
    found = Endpoint()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.received.append(({name.lower(): value for name, value in self.headers.items()}, body))
            self.send_response(found.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name that it has
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        found.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        try:
            yield found
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def endpoint(services: Services, superuser_url: str) -> Iterator[Endpoint]:
    """Let the housing subsystem hear at an address of this machine, which a registration would not take."""
    import psycopg  # noqa: PLC0415

    with _endpoint() as found, psycopg.connect(superuser_url.replace("+psycopg", ""), autocommit=True) as owner:
        owner.execute("UPDATE subsystem SET webhook_url = %s WHERE code = 'housing'", (found.url,))
        services.subsystem_queries.subsystem("housing")
        db.session.remove()
        yield found


def delivered(services: Services, endpoint: Endpoint) -> list[str]:
    services.delivery.deliver_due(JOBS)
    return sorted(body["type"].removeprefix("authorization:") for body in endpoint.told())


def test_every_turn_of_a_grants_life_is_told(services: Services, world: World, clock: ManualClock, endpoint: Endpoint) -> None:
    """Opened, at rest, awake again, extended without a gap, opened for later, revoked; and each decision, refusals too."""
    grant_id = granted(services, world)
    services.authorization.suspend_grant(world.li.actor(), grant_id, "核查中")
    services.authorization.resume_grant(world.li.actor(), grant_id)
    longer = services.grant_life.extend(world.wang.actor(), grant_id, 5, "案件未结")
    services.access.approve(world.li.actor(), longer.line_id, 1)
    wished = clock.now() + timedelta(days=3)
    items = (WantedItem(world.items[REGISTER], 5, Scope((XIHU,))),)
    wanted = NewSubmission(items, "办理困难家庭救助", starts_at=wished, case_number="XH-2026-0200")
    [request] = services.asking.submit(world.people["SUNLI"].actor(), wanted).requests
    [later] = request.lines
    services.access.approve(world.li.actor(), later.line_id, 1)
    services.access.revoke(world.li.actor(), grant_id, "王芳已调岗")
    refused = ask(services, world, world.people["SHANXUEMEI"])
    services.access.reject(world.li.actor(), refused.line_id, 1, "not_needed", "单雪梅不需要")
    elsewhere = ask(services, world, item_id=world.items["assistance:case:read"], case_number=None)
    services.access.reject(world.zhao.actor(), elsewhere.line_id, 1, "not_needed")
    assert delivered(services, endpoint) == [
        "access:line:approved",
        "access:line:approved",
        "access:line:approved",
        "access:line:rejected",
        "grant:closed",
        "grant:closed",
        "grant:opened",
        "grant:opened",
        "grant:opened",
        "grant:resumed",
        "grant:suspended",
    ]
    opened = {body["data"]["line_id"]: body["data"] for body in endpoint.told() if body["type"].endswith("grant:opened")}
    first = next(data for line_id, data in opened.items() if line_id not in {str(longer.line_id), str(later.line_id)})
    assert opened[str(longer.line_id)]["starts_at"] == first["ends_at"], "an extension goes on where the first one ends"
    assert opened[str(later.line_id)]["starts_at"] == wished.isoformat()
    told = b"".join(body for _, body in endpoint.received).decode()
    for word in ("王芳", "单雪梅", "孙丽", "案件未结", "核查中"):
        assert word not in told


def test_they_are_signed_with_the_subsystems_own_secret(services: Services, world: World, endpoint: Endpoint) -> None:
    granted(services, world)
    services.delivery.deliver_due(JOBS)
    secret = services.keys.digest("webhook", b"housing")
    for headers, body in endpoint.received:
        content = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        right = base64.b64encode(hmac.new(secret, content, sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{right}"
    assert len({headers["webhook-id"] for headers, _ in endpoint.received}) == len(endpoint.received) == 2


def test_what_was_not_received_comes_again_under_its_id(services: Services, world: World, clock: ManualClock, endpoint: Endpoint) -> None:
    endpoint.status = 503
    granted(services, world)
    services.delivery.deliver_due(JOBS)
    db.session.remove()
    missing = services.outbox_queries.undelivered("subsystem:housing")
    assert (missing.messages, missing.attempts, missing.last_error) == (2, 1, "HTTP 503 Service Unavailable")
    endpoint.status = 204
    clock.advance(timedelta(minutes=1))
    services.delivery.deliver_due(JOBS)
    db.session.remove()
    assert services.outbox_queries.undelivered("subsystem:housing").messages == 0
    ids = [headers["webhook-id"] for headers, _ in endpoint.received]
    assert sorted(ids) == sorted([*set(ids)] * 2)


def test_what_waits_for_one_receiver_is_found_by_the_index_of_what_waits(services: Services) -> None:
    session = services.uow.read()
    plan_without(session, "seqscan")
    waiting = "delivered_at IS NULL AND abandoned_at IS NULL AND destination = 'subsystem:housing'"
    plan = "\n".join(session.scalars(text(f"EXPLAIN SELECT count(*) FROM outbox_message WHERE {waiting}")))
    assert "ix_outbox_message_due" in plan
