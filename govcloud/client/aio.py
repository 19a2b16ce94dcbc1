"""Permission checks over AuthZEN for programs with coroutines (asyncio or trio): the twin of ``checks``. No answer means no."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from typing import Any, Self

import anyio
import httpx

from govcloud.client.calls import ANSWERED, Answer, Call
from govcloud.client.decisions import CheckDecision
from govcloud.client.errors import CheckRefusedError
from govcloud.client.limits import Limits, Pace
from govcloud.client.point import NO_BATCHES, TAKEN, DecisionPoint
from govcloud.client.requesting import AccessTask, handle, read_task
from govcloud.client.searching import Search, SearchPage, SearchResult, read_page
from govcloud.client.trace import trace_of
from govcloud.client.trusting import trusted
from govcloud.client.wire import Question, asked, read_decision, read_decisions


class AsyncChecks(DecisionPoint):
    """Asks the platform's decision point as one client, within one event loop. Nothing is remembered from one check to the next."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        http: httpx.AsyncClient | None = None,
        limits: Limits | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
    ) -> None:
        """Take what ``Checks`` takes."""
        super().__init__(issuer, client_id, client_secret, limits=limits, pace=pace)
        self._own = http is None
        self._http = http or async_pooled(self.limits)
        self._sleep = sleep

    async def check(
        self,
        *,
        sub: str,
        sid: str | None = None,
        function: str,
        resource_id: str = "*",
        resource: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        trace_id: str | None = None,
    ) -> CheckDecision:
        """Ask whether an official may use a function; parameters and errors as in ``Checks.check``."""
        return await self.ask(sub, sid, Question(function, resource or {}, resource_id, context or {}), trace_id=trace_id)

    async def ask(self, sub: str, sid: str | None, question: Question, *, trace_id: str | None = None) -> CheckDecision:
        """Ask one question about an official; parameters and errors as in ``Checks.check``."""
        trace_id = trace_of(trace_id)
        answer = await self._call("POST", self._one, self._single(sub, sid, question), trace_id)
        return self._noted(read_decision(answer, asked(sub, sid, question)), trace_id)

    async def ask_all(
        self, sub: str, sid: str | None, questions: Sequence[Question], *, trace_id: str | None = None
    ) -> list[CheckDecision]:
        """Ask several questions about one official; as ``Checks.ask_all``."""
        trace_id = trace_of(trace_id)
        found: list[CheckDecision] = []
        for about, body in self._batches(sub, sid, questions):
            try:
                found += read_decisions(await self._call("POST", self._many, body, trace_id), about)
            except CheckRefusedError as error:
                if error.status not in NO_BATCHES:
                    raise
                return [await self.ask(sub, sid, question, trace_id=trace_id) for question in questions]
        return [self._noted(decision, trace_id) for decision in found]

    async def search(self, search: Search, *, trace_id: str | None = None) -> AsyncIterator[SearchResult]:
        """Give what is searched for; as ``Checks.search``."""
        async for page in self.search_pages(search, trace_id=trace_id):
            for result in page.results:
                yield result

    async def search_pages(self, search: Search, *, trace_id: str | None = None) -> AsyncIterator[SearchPage]:
        """Give the pages of a search; as ``Checks.search_pages``."""
        trace_id, url = trace_of(trace_id), f"{self._search}/{search.kind}"
        token, least = None, self._epochs.current()  # all pages are of one search, so they name one epoch
        while True:
            page = read_page(await self._call("POST", url, self._bounded(search.body(token, least)), trace_id), search.kind, token)
            yield page
            token = page.next_token
            if not token:
                return

    async def request_access(
        self,
        decision: CheckDecision,
        *,
        justification: str = "",
        case_number: str = "",
        days: int | None = None,
        trace_id: str | None = None,
    ) -> AccessTask:
        """Submit an access request about a denial; as ``Checks.request_access``."""
        body = self._submission(decision, justification, case_number, days)
        return read_task(await self._call("POST", self._requests, body, trace_of(trace_id), TAKEN))

    async def access_task(self, task: AccessTask | str, *, trace_id: str | None = None) -> AccessTask:
        """Look how far an access request is; as ``Checks.access_task``."""
        return read_task(await self._call("GET", f"{self._requests}/{handle(task)}", b"", trace_of(trace_id)))

    async def aclose(self) -> None:
        """Close the connections; afterwards nothing can be asked."""
        if self._own:
            await self._http.aclose()

    async def __aenter__(self) -> Self:
        """Return itself."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close the connections."""
        await self.aclose()

    async def _call(self, method: str, url: str, body: bytes, trace_id: str, good: frozenset[int] = ANSWERED) -> Any:  # noqa: ANN401 - JSON from the wire
        with self._calls.begin(trace_id, good) as call:
            while True:
                try:
                    with anyio.fail_after(call.left()):
                        answer = await self._send(method, url, body, trace_id, call)
                except httpx.HTTPError as error:
                    pause: float | None = call.failed(error)
                except TimeoutError:
                    raise call.overdue() from None
                else:
                    pause = call.answered(answer)
                    if pause is None:
                        return call.read(answer)
                await self._sleep(pause or 0.0)

    async def _send(self, method: str, url: str, body: bytes, trace_id: str, call: Call) -> Answer:
        """Try once."""
        headers = self._headers(trace_id)
        timeout = call.timeout()
        sent = self._http.stream(method, url, content=body, headers=headers, auth=self._auth, timeout=timeout, follow_redirects=False)
        async with sent as got:
            read = bytearray()
            async for piece in got.aiter_bytes():
                read += piece
                call.received(len(read))
            return Answer(got.status_code, got.headers, bytes(read))


def async_pooled(limits: Limits, transport: httpx.AsyncBaseTransport | None = None) -> httpx.AsyncClient:
    """Return a client of httpx with a pool of connections within ``limits``."""
    size = httpx.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections, keepalive_expiry=30)
    timeout = httpx.Timeout(connect=limits.connect, pool=limits.connect, read=limits.read, write=limits.read)
    return httpx.AsyncClient(limits=size, timeout=timeout, transport=transport, verify=trusted(), follow_redirects=False)
