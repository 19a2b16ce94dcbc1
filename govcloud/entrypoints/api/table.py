"""What a row of the table of routes says, and how a row becomes a view: parse, call, answer."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Response

from govcloud.entrypoints.api.answers import Answer
from govcloud.entrypoints.api.bodies import Input, NoQuery
from govcloud.entrypoints.api.calls import answered
from govcloud.entrypoints.api.reading import read_body, read_query
from govcloud.kernel.answered_calls import CallAnswer


@dataclass(frozen=True)
class Route:
    """One route: its address, the function behind it, what it takes and what it gives.

    The function gets the ids of the path, ``query`` if the row names one and ``body`` if the row names one; its docstring is the
    route's description. ``location`` makes the address of what was created out of the answer (then the status is 201).
    ``by_client`` says that programs call it with the credentials of a client, so no cookie counts and no token is asked for. ``once``:
    a caller may name the call by an ``Idempotency-Key``, and make it again without doing it again.
    """

    method: str
    path: str
    handler: Callable[..., Answer]
    answer: type[Answer]
    body: type[Input] | None = None
    query: type[Input] | None = None
    location: Callable[[Any], str] | None = None
    by_client: bool = False
    once: bool = False

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
        return answered(route.once, functools.partial(_called, route, given))

    return view


def _called(route: Route, given: dict[str, Any]) -> CallAnswer:
    """Do what the row says, and return the answer as it goes over the wire."""
    answer = route.handler(**given)
    location = route.location(answer) if route.location is not None else None
    return CallAnswer(route.status, answer.model_dump_json().encode(), location)
