"""What a row of the table of routes says, and how a row becomes a view: parse, call, answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import Any

from flask import Response

from govcloud.entrypoints.api.wire.answers import Answer
from govcloud.entrypoints.api.wire.bodies import Input, NoQuery
from govcloud.entrypoints.api.wire.calls import Keeping, answered
from govcloud.entrypoints.api.wire.reading import read_body, read_query
from govcloud.kernel.answered_calls import CallAnswer
from govcloud.web.gate import services


class Once(Enum):
    """How a call with an ``Idempotency-Key`` is done once (``kernel/answered_calls.py``)."""

    WITHIN = auto()
    """The key is kept in the transaction of the work."""
    APART = auto()
    """The work has transactions of its own, which bear being done again; the key is kept before and the answer after."""


@dataclass(frozen=True)
class Route:
    """One route: its address, the function behind it, what it takes and what it gives.

    The function gets the ids of the path, ``query`` if the row names one and ``body`` if the row names one; its docstring is the
    route's description. ``location`` makes the address of what was created out of the answer (then the status is 201).
    ``by_client`` says that programs call it with the credentials of a client, so no cookie counts and no token is asked for. ``once``:
    a caller may name the call by an ``Idempotency-Key``, and make it again without doing it again. ``reads``: it changes nothing,
    although it is called by ``POST``. ``takes_files``: its body may hold files and be as large as these.
    """

    method: str
    path: str
    handler: Callable[..., Answer]
    answer: type[Answer]
    body: type[Input] | None = None
    query: type[Input] | None = None
    location: Callable[[Any], str] | None = None
    by_client: bool = False
    once: Once | None = None
    reads: bool = False
    takes_files: bool = False

    @property
    def name(self) -> str:
        """The name of the endpoint, and of the operation in the document."""
        return self.handler.__name__

    @property
    def status(self) -> int:
        """The status of success."""
        return 201 if self.location else 200

    @property
    def summary(self) -> str:
        """The first line of the function's docstring."""
        return (self.handler.__doc__ or "").strip().partition("\n")[0].rstrip(".")


def keyed(*routes: Route) -> tuple[Route, ...]:
    """Return the rows so that every one that changes something takes an ``Idempotency-Key``, unless it says how already."""
    return tuple(
        replace(route, once=Once.WITHIN) if route.method != "GET" and route.once is None and not route.reads else route for route in routes
    )


def view_of(route: Route) -> Callable[..., Response]:
    """Return the view of a row; the gate's mark on the function goes over to it."""

    @functools.wraps(route.handler)
    def view(**ids: Any) -> Response:  # noqa: ANN401 - the converters of the path make them
        given: dict[str, Any] = dict(ids)
        query = read_query(route.query or NoQuery)
        if route.query is not None:
            given["query"] = query
        if route.body is not None:
            given["body"] = read_body(route.body)
        return answered(_keeping(route.once), functools.partial(_called, route, given))

    return view


def _keeping(once: Once | None) -> Keeping | None:
    """Return what keeps the answers of calls that are done once so."""
    calls = services().answered_calls
    return {None: None, Once.WITHIN: calls.once, Once.APART: calls.once_apart}[once]


def _called(route: Route, given: dict[str, Any]) -> CallAnswer:
    """Do what the row says, and return the answer as it goes over the wire."""
    answer = route.handler(**given)
    location = route.location(answer) if route.location is not None else None
    return CallAnswer(route.status, answer.model_dump_json().encode(), location)
