"""One call to the decision point, whoever carries it out (a thread or a coroutine): its attempts, its pauses, and when it is given up.

A check changes nothing at the platform, so it may be repeated; but only what an overloaded or restarting platform does is worth it:
429, 503, and connections that were refused or broke. An answer that is slow is not asked for twice.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from govcloud.client.circuit import Circuit, RepeatBudget
from govcloud.client.errors import CheckRefusedError, CheckUnavailableError
from govcloud.client.limits import Limits, Pace

#: What a question is answered with; every other status is none that can be trusted.
ANSWERED = frozenset({200})
_BUSY = frozenset({429, 503})
_CLIENT_ERRORS = range(400, 500)
_BROKE = (httpx.ConnectError, httpx.ConnectTimeout, httpx.ReadError, httpx.WriteError, httpx.RemoteProtocolError)


@dataclass(frozen=True)
class Answer:
    """An answer as it came."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Calls:
    """What the calls of one client share: limits, clock, circuit, budget of repeats; safe for threads."""

    def __init__(self, limits: Limits, pace: Pace) -> None:
        """Take the bounds and the clock."""
        self.limits = limits
        self.pace = pace
        self._circuit = Circuit(limits, pace)
        self._budget = RepeatBudget()

    @contextmanager
    def begin(self, trace_id: str, good: frozenset[int] = ANSWERED) -> Iterator[Call]:
        """Give a call that is answered with one of the statuses ``good``.

        Raises:
            CircuitOpenError: the platform is left alone for now.
        """
        self._circuit.enter()
        call = Call(self.limits, self.pace, self._budget, trace_id, good)
        try:
            yield call
        finally:
            self._circuit.leave(answered=call.was_answered)
            if call.was_answered:
                self._budget.earn()


class Call:
    """The attempts of one call."""

    def __init__(self, limits: Limits, pace: Pace, budget: RepeatBudget, trace_id: str, good: frozenset[int]) -> None:
        """Begin; from now on ``limits.total`` runs."""
        self._limits = limits
        self._pace = pace
        self._budget = budget
        self._trace_id = trace_id
        self._good = good
        self._deadline = pace.now() + limits.total
        self._attempts = 0
        #: Whether the platform turned out to be there; ``None``: it did not come to that.
        self.was_answered: bool | None = None

    def timeout(self) -> httpx.Timeout:
        """Return the time-outs of the next attempt: those of the limits, within what is left of the whole.

        Raises:
            CheckUnavailableError: nothing is left.
        """
        left = self.left()
        connect, read = min(self._limits.connect, left), min(self._limits.read, left)
        return httpx.Timeout(connect=connect, pool=connect, read=read, write=read)

    def left(self) -> float:
        """Return how many seconds the call has left; raises as ``timeout``."""
        left = self._deadline - self._pace.now()
        if left <= 0:
            raise self.overdue()
        return left

    def overdue(self) -> CheckUnavailableError:
        """Return the error of a call whose time is up, and note it."""
        self.was_answered = False
        return self._unavailable(f"the decision point did not answer within {self._limits.total} s")

    def received(self, size: int) -> None:
        """Note that ``size`` bytes of an answer have come.

        Raises:
            CheckUnavailableError: they are too many, or came too slowly.
        """
        if size > self._limits.answer_bytes:
            self.was_answered = False
            raise self._unavailable(f"the decision point's answer is longer than {self._limits.answer_bytes} bytes")
        self.left()

    def failed(self, error: httpx.HTTPError) -> float:
        """Return after how many seconds to try again.

        Raises:
            CheckUnavailableError: not at all.
        """
        # That no connection of the pool was free says nothing of the platform.
        self.was_answered = None if isinstance(error, httpx.PoolTimeout) else False
        problem = f"the decision point did not answer: {type(error).__name__} {error}"
        if not isinstance(error, _BROKE):
            raise self._unavailable(problem) from error
        pause = self._pause(None)
        if pause is None:
            raise self._unavailable(problem) from error
        return pause

    def answered(self, answer: Answer) -> float | None:
        """Return ``None`` when this is the answer, else after how many seconds to try again.

        Raises:
            CheckRefusedError: the platform does not take the question.
            CheckUnavailableError: it cannot answer now.
        """
        self.was_answered = answer.status in self._good or answer.status in _CLIENT_ERRORS
        if answer.status in self._good:
            return None
        problem = f"the decision point answered {answer.status}: {answer.body[:200].decode(errors='replace')}"
        if answer.status not in _BUSY:
            kind = CheckRefusedError if answer.status in _CLIENT_ERRORS else CheckUnavailableError
            raise kind(problem, status=answer.status, trace_id=self._trace_id)
        wished = retry_after(answer.headers, self._pace.wall())
        pause = self._pause(wished)
        if pause is None:
            raise CheckUnavailableError(problem, status=answer.status, retry_after=wished, trace_id=self._trace_id)
        return pause

    def read(self, answer: Answer) -> Any:  # noqa: ANN401 - JSON from the wire
        """Return the JSON of an answer.

        Raises:
            CheckUnavailableError: it is none.
        """
        try:
            return json.loads(answer.body)
        except (ValueError, RecursionError) as error:
            self.was_answered = False
            raise self._unavailable("the decision point's answer is not JSON") from error

    def _pause(self, wished: float | None) -> float | None:
        """Return how long to wait before the next attempt; ``None`` when there is none: attempts, time or the budget are used up."""
        self._attempts += 1
        first = self._limits.pause * 2 ** (self._attempts - 1)
        pause = self._pace.spread(first) if wished is None else wished + self._pace.spread(self._limits.pause)
        if self._attempts >= self._limits.attempts or pause >= self._deadline - self._pace.now():
            return None
        return pause if self._budget.spend() else None

    def _unavailable(self, problem: str) -> CheckUnavailableError:
        return CheckUnavailableError(problem, trace_id=self._trace_id)


def retry_after(headers: Mapping[str, str], now: float) -> float | None:
    """Return how many seconds ``Retry-After`` asks to wait (RFC 9110 section 10.2.3); ``None`` when it says nothing readable.

    Args:
        headers: those of the answer; names in any case.
        now: seconds since 1970, against which a date is held.
    """
    value = httpx.Headers(headers).get("Retry-After", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, parsedate_to_datetime(value).timestamp() - now)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
