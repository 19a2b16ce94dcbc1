"""SCIM over HTTP, timed: a page of a list, look-ups, one change and a hundred in one request (a part of `bench.identity`)."""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any
from uuid import UUID

import httpx

from bench._platform import Platform
from bench._running import counting, percentile, say
from govcloud.kernel.actor import Actor
from govcloud.services import Services

_CLIENT = "housing"
_BULK = 100
_SECONDS = 60
_SCHEMAS = "urn:ietf:params:scim:api:messages:2.0"

Request = Callable[[httpx.Client], httpx.Response]


def entrust(services: Services) -> list[tuple[UUID, str, str]]:
    """Let the client of the housing subsystem provision people; return some of them: id, employee code and name."""
    services.subsystems.entrust_client(Actor.system("operator"), _CLIENT, ["provisioning"], "measuring")
    page = services.identity_queries.search_officials("", 200)
    return [(row.id, row.employee_code, row.name) for row in page.rows if row.active]


def measure(place: Platform, people: list[tuple[UUID, str, str]], size: str, laps: int) -> None:
    """Send each kind of request again and again over one connection; rows say requests a second, and the work of one."""
    credentials = (_CLIENT, place.client_secrets[_CLIENT])
    headers = {"Content-Type": "application/scim+json"}
    say(f"SCIM at {size}")
    with httpx.Client(base_url=f"{place.url}/scim/v2", auth=credentials, headers=headers, timeout=_SECONDS) as client:
        stopwatch = place.stopwatch()
        for name, requests, times in _kinds(client, people, laps):
            sent = itertools.cycle(requests)
            for _ in range(2):
                _answered(next(sent)(client))
            taken = [stopwatch.lap(lambda: _answered(next(sent)(client))) for _ in counting(range(times), name)]  # noqa: B023 - called at once
            clock, work = sum(lap.clock for lap in taken), percentile([lap.work for lap in taken], 50)
            place.sheet.add(f"SCIM: {name}, at {size}, 1 worker, 1 connection", len(taken) / clock * 1000, "requests/s")
            place.sheet.add(f"SCIM: {name}, at {size}, work, p50", work, "ms")


def _kinds(client: httpx.Client, people: list[tuple[UUID, str, str]], laps: int) -> Iterator[tuple[str, list[Request], int]]:
    """Give the kinds of requests, each with how often it is sent."""
    first = _answered(client.get("/Users", params={"count": 100, "cursor": ""})).json()
    follow = {"count": 100, "cursor": first["nextCursor"]}
    yield "first page of 100 users", [_asking({"count": 100, "cursor": ""})], laps
    yield "next page of 100 users", [_asking(follow)], laps
    yield "user by userName", [_asking({"filter": f'userName eq "{code}"'}) for _, code, _ in people[:50]], laps
    yield (
        "users by displayName",
        [_asking({"filter": f'displayName eq "{name}"', "cursor": "", "count": 20}) for *_, name in people[:50]],
        laps,
    )
    phones = (f"154{number:08d}" for number in itertools.count())
    yield "PATCH of one user", [partial(_patch, people, phones, number) for number in range(50)], laps
    yield f"{_BULK} PATCHes in one bulk request", [partial(_bulk, people, phones)], max(2, laps // 20)


def _asking(parameters: dict[str, Any]) -> Request:
    return lambda client: client.get("/Users", params=parameters)


def _phone(number: str) -> dict[str, Any]:
    change = {"op": "replace", "path": "phoneNumbers", "value": [{"value": number, "type": "mobile"}]}
    return {"schemas": [f"{_SCHEMAS}:PatchOp"], "Operations": [change]}


def _patch(people: list[tuple[UUID, str, str]], phones: Iterator[str], number: int, client: httpx.Client) -> httpx.Response:
    return client.patch(f"/Users/{people[number % len(people)][0]}", content=json.dumps(_phone(next(phones))))


def _bulk(people: list[tuple[UUID, str, str]], phones: Iterator[str], client: httpx.Client) -> httpx.Response:
    operations = [{"method": "PATCH", "path": f"/Users/{person}", "data": _phone(next(phones))} for person, *_ in people[:_BULK]]
    answer = client.post("/Bulk", content=json.dumps({"schemas": [f"{_SCHEMAS}:BulkRequest"], "Operations": operations}))
    wrong = [result for result in answer.json()["Operations"] if result["status"] != "200"]
    assert not wrong, wrong[:1]
    return answer


def _answered(answer: httpx.Response) -> httpx.Response:
    answer.raise_for_status()
    return answer
