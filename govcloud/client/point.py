"""The decision point as one client knows it: addresses, credentials, bounds. Threads and coroutines ask it alike."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import httpx

from govcloud.client import requesting, wire
from govcloud.client.calls import Calls
from govcloud.client.decisions import TAKEN_AWAY, CheckDecision
from govcloud.client.epochs import Epochs
from govcloud.client.errors import CheckRefusedError, ConfigurationError
from govcloud.client.limits import Limits, Pace
from govcloud.client.trace import HEADER
from govcloud.client.wire import Question

#: A decision point that does not know the address of batches answers so.
NO_BATCHES = frozenset({404, 405})
#: An access request is taken (202), or has been decided already (201).
TAKEN = frozenset({200, 201, 202})


class DecisionPoint:
    """What ``Checks`` and ``AsyncChecks`` share; safe for threads."""

    def __init__(self, issuer: str, client_id: str, client_secret: str, *, limits: Limits | None = None, pace: Pace | None = None) -> None:
        """Take the platform's address, the client's credentials, and the bounds.

        Raises:
            ConfigurationError: the address is none of the web, or the credentials are empty.
        """
        if not issuer.startswith(("https://", "http://")) or not httpx.URL(issuer).host:
            raise ConfigurationError(f"the platform's address begins with https:// (or http://), not {issuer[:100]!r}")
        if not client_id or not client_secret:
            raise ConfigurationError("the client's id and its secret must not be empty")
        self.limits = limits or Limits()
        base = issuer.rstrip("/")
        self._one = f"{base}/access/v1/evaluation"
        self._many = f"{base}/access/v1/evaluations"
        self._search = f"{base}/access/v1/search"
        self._requests = f"{base}/access/v1/requests"
        self._auth = httpx.BasicAuth(client_id, client_secret)
        self.pace = pace or Pace()
        self._calls = Calls(self.limits, self.pace)
        self._epochs = Epochs(self.pace)

    def notice(self, epoch: int) -> None:
        """Take no answer from before ``epoch`` during the next minute: the platform told of a revocation with this number.

        Denials that follow from a revocation are noticed by themselves.
        """
        self._epochs.notice(epoch)

    def _single(self, sub: str, sid: str | None, question: Question) -> bytes:
        return self._bounded(wire.single(sub, sid, question, self._epochs.current()))

    def _batches(self, sub: str, sid: str | None, questions: Sequence[Question]) -> Iterator[tuple[list[dict[str, Any]], bytes]]:
        """Return the bodies of the calls that it takes, each with the entities of its questions."""
        for start in range(0, len(questions), self.limits.batch):
            part = questions[start : start + self.limits.batch]
            yield [wire.asked(sub, sid, question) for question in part], self._bounded(wire.batch(sub, sid, part, self._epochs.current()))

    def _submission(self, decision: CheckDecision, justification: str, case_number: str, days: int | None) -> bytes:
        """Return the body of an access request; it goes to the platform that this client asks, and to no address that an answer names.

        Raises:
            ConfigurationError: the decision is none that a request would mend.
            CheckRefusedError: it was made by another decision point.
        """
        denial = decision.access_request.denial if decision.access_request else None
        body = requesting.submission(denial, justification, case_number, days)
        if denial is not None and denial.endpoint != self._requests:
            raise CheckRefusedError(f"requests about this denial go to {denial.endpoint[:200]}, not to the platform asked here")
        return self._bounded(wire.encoded(body))

    def _bounded(self, body: bytes) -> bytes:
        """Return a body that is not too long: one that a visitor made huge must not count as the platform's failure."""
        if len(body) > self.limits.question_bytes:
            raise CheckRefusedError(f"the question is longer than {self.limits.question_bytes} bytes")
        return body

    def _headers(self, trace_id: str) -> dict[str, str]:
        return {"Content-Type": "application/json", "Accept": "application/json", HEADER: trace_id}

    def _noted(self, decision: CheckDecision, trace_id: str) -> CheckDecision:
        """Return a decision with its number, after it was looked at for a revocation."""
        if decision.code in TAKEN_AWAY and not decision.allowed and decision.epoch is not None:
            self._epochs.notice(decision.epoch)
        return decision if decision.trace_id else replace(decision, trace_id=trace_id)
