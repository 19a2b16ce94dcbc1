"""Permission checks over AuthZEN (Authorization API 1.0), for programs with threads. No answer means no."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import httpx

from govcloud.client.calls import Answer, Call
from govcloud.client.decisions import CheckDecision
from govcloud.client.errors import CheckRefusedError
from govcloud.client.limits import Limits, Pace
from govcloud.client.point import NO_BATCHES, DecisionPoint
from govcloud.client.trace import trace_of
from govcloud.client.wire import Question, read_decision, read_decisions


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
        answer = self._post(self._one, self._single(sub, sid, question), trace_id)
        return self._noted(read_decision(answer), trace_id)

    def ask_all(self, sub: str, sid: str | None, questions: Sequence[Question], *, trace_id: str | None = None) -> list[CheckDecision]:
        """Ask several questions about one official in one call (one for each ``limits.batch``); answers in their order.

        A decision point that has no batches (the standard leaves them open, section 9.1) is asked one question after the other.

        Raises:
            CheckUnavailableError: not every question got a trustworthy answer; refuse them all.
        """
        trace_id = trace_of(trace_id)
        found: list[CheckDecision] = []
        for size, body in self._batches(sub, sid, questions):
            try:
                found += read_decisions(self._post(self._many, body, trace_id), size)
            except CheckRefusedError as error:
                if error.status not in NO_BATCHES:
                    raise
                return [self.ask(sub, sid, question, trace_id=trace_id) for question in questions]
        return [self._noted(decision, trace_id) for decision in found]

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

    def _post(self, url: str, body: bytes, trace_id: str) -> Any:  # noqa: ANN401 - JSON from the wire
        with self._calls.begin(trace_id) as call:
            while True:
                try:
                    answer = self._send(url, body, trace_id, call)
                except httpx.HTTPError as error:
                    pause: float | None = call.failed(error)
                else:
                    pause = call.answered(answer)
                    if pause is None:
                        return call.read(answer)
                self._sleep(pause or 0.0)

    def _send(self, url: str, body: bytes, trace_id: str, call: Call) -> Answer:
        """Try once."""
        headers = self._headers(trace_id)
        timeout = call.timeout()
        with self._http.stream("POST", url, content=body, headers=headers, auth=self._auth, timeout=timeout, follow_redirects=False) as got:
            read = bytearray()
            for piece in got.iter_bytes():
                read += piece
                call.received(len(read))
            return Answer(got.status_code, got.headers, bytes(read))


def pooled(limits: Limits, transport: httpx.BaseTransport | None = None) -> httpx.Client:
    """Return a client of httpx with a pool of connections within ``limits``; safe for threads."""
    size = httpx.Limits(max_connections=limits.connections, max_keepalive_connections=limits.connections, keepalive_expiry=30)
    timeout = httpx.Timeout(connect=limits.connect, pool=limits.connect, read=limits.read, write=limits.read)
    return httpx.Client(limits=size, timeout=timeout, transport=transport, follow_redirects=False)
