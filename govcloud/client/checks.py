"""Permission checks over AuthZEN (Authorization API 1.0), for programs with threads. No answer means no."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Self

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


class Checks(DecisionPoint):
    """Asks the platform's decision point as one client; safe for threads. Nothing is remembered from one check to the next."""

    def __init__(
        self,
        issuer: str,
        client_id: str,
        client_secret: str,
        *,
        http: httpx.Client | None = None,
        limits: Limits | None = None,
        pace: Pace | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        """Take the platform's address and the client's credentials.

        Args:
            issuer: the platform's address, exactly its public one.
            client_id: from registering the client.
            client_secret: from registering the client.
            http: a client of httpx to send with; one that is handed in is not closed here.
            limits: time-outs, repeats, sizes.
            pace: the clock; for tests.
            sleep: waits before a repeat; for tests.

        Raises:
            ConfigurationError: the address or the credentials cannot be used.
        """
        super().__init__(issuer, client_id, client_secret, limits=limits, pace=pace)
        self._own = http is None
        self._http = http or pooled(self.limits)
        self._sleep = sleep

    def check(
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
        """Ask whether the official of session ``sid`` may use ``function`` (``subsystem:resource:action``).

        Args:
            sub: the official (``sub`` of the ID token).
            sid: the session (``sid`` of the ID token); a session that ended is refused. ``None`` (a batch, nobody at a browser): the
                official's primary appointment counts.
            function: the function's code.
            resource_id: the one row that is asked about, or ``*`` for the function as such.
            resource: attributes of the row, e.g. ``{"division": "330106000000"}``.
            context: the surroundings, where a rule reads them.
            trace_id: the number of the request that this belongs to (``X-Request-ID``).

        Raises:
            CheckUnavailableError: no trustworthy answer came; refuse.
        """
        return self.ask(sub, sid, Question(function, resource or {}, resource_id, context or {}), trace_id=trace_id)

    def ask(self, sub: str, sid: str | None, question: Question, *, trace_id: str | None = None) -> CheckDecision:
        """Ask one question about an official; parameters and errors as in ``check``."""
        trace_id = trace_of(trace_id)
        answer = self._call("POST", self._one, self._single(sub, sid, question), trace_id)
        return self._noted(read_decision(answer, asked(sub, sid, question)), trace_id)

    def ask_all(self, sub: str, sid: str | None, questions: Sequence[Question], *, trace_id: str | None = None) -> list[CheckDecision]:
        """Ask several questions about one official in one call (one for each ``limits.batch``); answers in their order.

        A decision point that has no batches (the standard leaves them open, section 9.1) is asked one question after the other.

        Raises:
            CheckUnavailableError: not every question got a trustworthy answer; refuse them all.
        """
        trace_id = trace_of(trace_id)
        found: list[CheckDecision] = []
        for about, body in self._batches(sub, sid, questions):
            try:
                found += read_decisions(self._call("POST", self._many, body, trace_id), about)
            except CheckRefusedError as error:
                if error.status not in NO_BATCHES:
                    raise
                return [self.ask(sub, sid, question, trace_id=trace_id) for question in questions]
        return [self._noted(decision, trace_id) for decision in found]

    def search(self, search: Search, *, trace_id: str | None = None) -> Iterator[SearchResult]:
        """Give what is searched for, result by result; pages are asked for as they are needed.

        A list that breaks off is no list: what came before the error must not be taken for all there is.

        Args:
            search: made by ``Search.subjects``, ``Search.actions`` or ``Search.resources``.
            trace_id: the number of the request that this belongs to.

        Raises:
            CheckUnavailableError: no trustworthy page came; refuse.
        """
        for page in self.search_pages(search, trace_id=trace_id):
            yield from page.results

    def search_pages(self, search: Search, *, trace_id: str | None = None) -> Iterator[SearchPage]:
        """Give the pages of a search, each with what is conditional; parameters and errors as in ``search``."""
        trace_id, url = trace_of(trace_id), f"{self._search}/{search.kind}"
        token, least = None, self._epochs.current()  # all pages are of one search, so they name one epoch
        while True:
            page = read_page(self._call("POST", url, self._bounded(search.body(token, least)), trace_id), search.kind, token)
            yield page
            token = page.next_token
            if not token:
                return

    def request_access(
        self,
        decision: CheckDecision,
        *,
        justification: str = "",
        case_number: str = "",
        days: int | None = None,
        trace_id: str | None = None,
    ) -> AccessTask:
        """Submit an access request about a denial (Access Request & Approval Profile); the official has to send it off (``url``).

        Submitting the same denial again gives the same task.

        Args:
            decision: the denial; it has an ``access_request``, and is ten minutes old at the most.
            justification: what the official's reason is filled in with.
            case_number: likewise the number of the case.
            days: likewise for how long.
            trace_id: the number of the request that this belongs to.

        Raises:
            ConfigurationError: a request would not mend it.
            CheckUnavailableError: it was not taken (``CheckRefusedError``: and will not be), or no trustworthy answer came.
        """
        body = self._submission(decision, justification, case_number, days)
        return read_task(self._call("POST", self._requests, body, trace_of(trace_id), TAKEN))

    def access_task(self, task: AccessTask | str, *, trace_id: str | None = None) -> AccessTask:
        """Look how far an access request is; once it ``is_approved``, ask the question again.

        Raises:
            ConfigurationError: that is no handle of a task.
            CheckUnavailableError: there is no such task (``CheckRefusedError``), or no trustworthy answer came.
        """
        return read_task(self._call("GET", f"{self._requests}/{handle(task)}", b"", trace_of(trace_id)))

    def close(self) -> None:
        """Close the connections; afterwards nothing can be asked."""
        if self._own:
            self._http.close()

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self.close()

    def _call(self, method: str, url: str, body: bytes, trace_id: str, good: frozenset[int] = ANSWERED) -> Any:  # noqa: ANN401 - JSON from the wire
        with self._calls.begin(trace_id, good) as call:
            while True:
                try:
                    answer = self._send(method, url, body, trace_id, call)
                except httpx.HTTPError as error:
                    pause: float | None = call.failed(error)
                else:
                    pause = call.answered(answer)
                    if pause is None:
                        return call.read(answer)
                self._sleep(pause or 0.0)

    def _send(self, method: str, url: str, body: bytes, trace_id: str, call: Call) -> Answer:
        """Try once."""
        headers = self._headers(trace_id)
        timeout = call.timeout()
        with self._http.stream(method, url, content=body, headers=headers, auth=self._auth, timeout=timeout, follow_redirects=False) as got:
            read = bytearray()
            for piece in got.iter_bytes():
                read += piece
                call.received(len(read))
            return Answer(got.status_code, got.headers, bytes(read))


def pooled(limits: Limits, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return a client of httpx with a pool of connections within ``limits``; safe for threads."""
    size = httpx.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections, keepalive_expiry=30)
    timeout = httpx.Timeout(connect=limits.connect, pool=limits.connect, read=limits.read, write=limits.read)
    return httpx.Client(limits=size, timeout=timeout, transport=transport, verify=trusted(), follow_redirects=False)
