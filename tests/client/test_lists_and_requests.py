"""Searches and access requests where the decision point is wrong, or not the one that was asked: no yes, and no secret given away."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import anyio
import pytest

from govcloud.client import (
    AccessTask,
    AsyncChecks,
    CheckDecision,
    CheckRefusedError,
    Checks,
    CheckUnavailableError,
    ConfigurationError,
    Limits,
    Search,
    SearchPage,
)
from tests.client.conftest import READ, Hands
from tests.factories.deciding import Asked, Fault, Point, no

T = TypeVar("T")
SUBJECT, REQUESTS = "/access/v1/search/subject", "/access/v1/requests"
PEOPLE = Search.subjects(READ, {"division": "330106000000"}, limit=2)
APPROVAL = {"id": "01a2181e-a009-72ac-84b0-8ac877d05dbd", "approved_until": "2026-11-26T13:59:57+00:00"}


class Threads:
    """Asks as a program with threads."""

    def __init__(self, origin: str, hands: Hands, **limits: Any) -> None:  # noqa: ANN401 - handed on
        self.checks = Checks(origin, "housing-web", "secret", limits=Limits(**limits), pace=hands.pace, sleep=hands.wait)

    def pages(self, search: Search) -> list[SearchPage]:
        return list(self.checks.search_pages(search))

    def found(self, search: Search) -> list[str]:
        return [result.id for result in self.checks.search(search)]

    def check(self) -> CheckDecision:
        return self.checks.check(sub="s", sid="q", function=READ, resource={"division": "330106000000"})

    def request(self, decision: CheckDecision, **more: Any) -> AccessTask:  # noqa: ANN401 - handed on
        return self.checks.request_access(decision, **more)

    def task(self, task: AccessTask | str) -> AccessTask:
        return self.checks.access_task(task)


class Coroutines:
    """Asks as a program with coroutines."""

    def __init__(self, origin: str, hands: Hands, **limits: Any) -> None:  # noqa: ANN401 - handed on
        self._origin, self._hands, self._limits = origin, hands, Limits(**limits)

    def _run(self, work: Callable[[AsyncChecks], Awaitable[T]]) -> T:
        async def main() -> T:
            pace, sleep = self._hands.pace, self._hands.wait_async
            async with AsyncChecks(self._origin, "housing-web", "secret", limits=self._limits, pace=pace, sleep=sleep) as checks:
                return await work(checks)

        return anyio.run(main)

    def pages(self, search: Search) -> list[SearchPage]:
        return self._run(lambda checks: _all(checks.search_pages(search)))

    def found(self, search: Search) -> list[str]:
        return [result.id for result in self._run(lambda checks: _all(checks.search(search)))]

    def check(self) -> CheckDecision:
        return self._run(lambda checks: checks.check(sub="s", sid="q", function=READ, resource={"division": "330106000000"}))

    def request(self, decision: CheckDecision, **more: Any) -> AccessTask:  # noqa: ANN401 - handed on
        return self._run(lambda checks: checks.request_access(decision, **more))

    def task(self, task: AccessTask | str) -> AccessTask:
        return self._run(lambda checks: checks.access_task(task))


async def _all(given: AsyncIterator[T]) -> list[T]:
    return [item async for item in given]


Client = Threads | Coroutines


@pytest.fixture(params=[Threads, Coroutines], ids=["threads", "coroutines"])
def client(request: pytest.FixtureRequest, point: Point, hands: Hands) -> Iterator[Client]:
    """Return a client; both kinds have to pass."""
    made: Client = request.param(point.origin, hands, total=5.0)
    yield made
    if isinstance(made, Threads):
        made.checks.close()


def listed(*names: object, token: str = "", **context: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
    results = [name if isinstance(name, dict) else {"type": "official", "id": name} for name in names]
    return {"page": {"next_token": token, "count": len(names)}, "context": context, "results": results}


def pages_of(*pages: dict[str, Any]) -> Callable[[Any], Any]:
    """Answer with one page after the other."""
    left = iter(pages)
    return lambda _body: next(left)


def test_pages_follow_their_tokens(point: Point, client: Client) -> None:
    conditional = [{"type": "official", "id": "d", "missing": ["context.network_zone"]}]
    point.others[SUBJECT] = pages_of(listed("a", "b", token="one", epoch=7), listed(token="two"), listed("c", conditional=conditional))
    pages = client.pages(PEOPLE)
    assert [[result.id for result in page.results] for page in pages] == [["a", "b"], [], ["c"]]
    assert (pages[0].epoch, pages[1].epoch) == (7, None)
    [item] = pages[2].conditional
    assert (item.result.id, item.missing) == ("d", ("context.network_zone",))
    bodies = [heard.body for heard in point.heard]
    assert [body.pop("page") for body in bodies] == [{"limit": 2}, {"limit": 2, "token": "one"}, {"limit": 2, "token": "two"}]
    assert bodies[0] == bodies[1] == bodies[2], "a token belongs to its search"
    assert bodies[0]["subject"] == {"type": "official"}
    assert len({heard.header("X-Request-ID") for heard in point.heard}) == 1


def test_a_page_is_asked_for_when_it_is_needed(point: Point, hands: Hands) -> None:
    point.others[SUBJECT] = pages_of(listed("a", token="one"), listed("b"))
    with Checks(point.origin, "housing-web", "secret", pace=hands.pace, sleep=hands.wait) as checks:
        found = checks.search(PEOPLE)
        assert next(found).id == "a"
        assert len(point.heard) == 1


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"results": {}},
        {"results": ["a"]},
        {"results": [{"type": "official"}]},
        {"results": [{"type": "official", "id": 7}]},
        {"results": [{"type": "group", "id": "a"}]},
        {"results": [], "page": []},
        {"results": [], "page": {"next_token": 7}},
        {"results": [], "context": {"conditional": {}}},
        {"results": [], "context": {"conditional": [{"type": "official", "id": "a"}]}},
    ],
)
def test_a_list_that_cannot_be_read_is_none(point: Point, client: Client, answer: object) -> None:
    point.others[SUBJECT] = lambda _body: answer
    with pytest.raises(CheckUnavailableError):
        client.found(PEOPLE)


def test_pages_that_go_round_end(point: Point, client: Client) -> None:
    point.others[SUBJECT] = lambda _body: listed(token="again")
    with pytest.raises(CheckUnavailableError, match="the next page is this one"):
        client.found(PEOPLE)
    assert len(point.heard) == 2


def test_trouble_between_pages_is_asked_again_and_then_told(point: Point, client: Client, hands: Hands) -> None:
    point.others[SUBJECT] = pages_of(listed("a", token="one"), listed("b"))
    point.faults.extend([Fault(503, {"Retry-After": "1"})])
    assert client.found(PEOPLE) == ["a", "b"]
    assert hands.waits == [1.025]
    point.others[SUBJECT] = pages_of(listed("a", token="one"), {"error": {}})
    with pytest.raises(CheckUnavailableError):
        client.found(PEOPLE)


def test_a_search_of_nobodys_function_is_refused(point: Point, client: Client) -> None:
    point.faults.extend([Fault(403, body=b'{"error": {"code": "foreign_function"}}')])
    with pytest.raises(CheckRefusedError, match="foreign_function"):
        client.found(PEOPLE)


# Access requests


def offer(point: Point, **changes: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
    """Return a denial that a request would mend."""
    hint = {
        "endpoint": point.origin + REQUESTS,
        "expires_at": "2026-11-26T13:59:57+00:00",
        "binding_token": "t.o.k",
        "url": "https://cloud.example.gov.cn/requests/new?item=1",
    }
    return no(access_request=hint | changes, evaluation_id="e-1")


def _offered(point: Point, endpoint: str, _asked: Asked) -> dict[str, Any]:
    return offer(point, endpoint=endpoint)


def task(status: str = "pending", **more: Any) -> dict[str, Any]:  # noqa: ANN401 - handed on
    links = {"ticket": "https://cloud.example.gov.cn/requests/new?item=1"}
    return {"task": {"id": "han-dle_1", "status": status, "links": links, "progress": {"step_name": "owner_decision"}}, **more}


def test_a_denial_is_submitted_as_it_was_asked(point: Point, client: Client) -> None:
    point.decide = lambda _: offer(point)
    point.others[REQUESTS] = lambda _body: task()
    sent = client.request(client.check(), justification="核对", case_number="XH-1", days=3)
    asked, submitted = (heard.body for heard in point.heard)
    assert {name: submitted[name] for name in ("subject", "action", "resource")} == {
        name: asked[name] for name in ("subject", "action", "resource")
    }
    assert submitted["denial"] == {"expires_at": "2026-11-26T13:59:57+00:00", "evaluation_id": "e-1", "binding_token": "t.o.k"}
    assert submitted["context"] == {"business_justification": "核对", "case_number": "XH-1"}
    assert submitted["requested_access"] == {"days": 3}
    assert (sent.is_pending, sent.is_approved, sent.step) == (True, False, "owner_decision")
    assert sent.url == "https://cloud.example.gov.cn/requests/new?item=1"
    point.others[f"{REQUESTS}/han-dle_1"] = lambda _body: task("approved", result={"mode": "reevaluate", "approval": APPROVAL})
    approved = client.task(sent)
    assert (approved.is_approved, approved.approval) == (True, APPROVAL)


def test_credentials_go_to_no_address_that_an_answer_names(point: Point, client: Client) -> None:
    for endpoint in ("https://evil.example/requests", point.origin + "/elsewhere", "file:///etc/passwd"):
        point.decide = partial(_offered, point, endpoint)
        decision = client.check()
        with pytest.raises(CheckRefusedError, match="not to the platform asked here"):
            client.request(decision)
    for handle in ("../evaluation", "a/b", "", "x" * 501, "a?b", "http://evil.example/"):
        with pytest.raises(ConfigurationError):
            client.task(handle)
    assert set(point.paths) == {"/access/v1/evaluation"}


@pytest.mark.parametrize("changes", [{"binding_token": None}, {"expires_at": 7}, {"endpoint": ""}, {"url": "javascript:alert(1)"}])
def test_a_denial_without_its_parts_is_not_submitted(point: Point, client: Client, changes: dict[str, Any]) -> None:
    point.decide = lambda _: offer(point, **changes)
    with pytest.raises(ConfigurationError):
        client.request(client.check())
    point.decide = lambda _: no()
    with pytest.raises(ConfigurationError):
        client.request(client.check())


@pytest.mark.parametrize(
    "answer",
    [
        [],
        {},
        {"task": {"id": "h", "status": "granted"}},
        {"task": {"id": "h", "status": ["approved"]}},
        {"task": {"id": "../h", "status": "pending"}},
        {"task": {"id": "h", "status": "approved"}},
        {"task": {"id": "h", "status": "approved"}, "result": {"approval": "yes"}},
    ],
)
def test_a_task_that_is_not_understood_is_no_approval(point: Point, client: Client, answer: object) -> None:
    point.others[f"{REQUESTS}/h"] = lambda _body: answer
    with pytest.raises(CheckUnavailableError):
        client.task("h")


def test_a_link_of_a_task_runs_no_script(point: Point, client: Client) -> None:
    point.others[f"{REQUESTS}/h"] = lambda _body: {"task": {"id": "h", "status": "pending", "links": {"ticket": "javascript:alert(1)"}}}
    assert client.task("h").url is None


@pytest.mark.parametrize("status", [400, 404, 410])
def test_a_request_that_is_not_taken_says_why(point: Point, client: Client, status: int) -> None:
    point.decide = lambda _: offer(point)
    decision = client.check()
    point.faults.extend([Fault(status, body=b'{"type": "urn:openid:authzen:access-request:error:expired_denial"}')])
    with pytest.raises(CheckRefusedError, match="expired_denial") as raised:
        client.request(decision)
    assert raised.value.status == status
