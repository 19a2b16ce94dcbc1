"""A decision point, a clock that tests move, and one way to ask for programs with threads and with coroutines alike."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Any, TypeVar

import anyio
import pytest

from govcloud.client import AsyncChecks, CheckDecision, Checks, Limits, Question
from govcloud.client.limits import Pace
from tests.factories.deciding import Point, deciding

READ = "housing:register:read"
T = TypeVar("T")


@pytest.fixture
def point() -> Iterator[Point]:
    """Return a decision point that denies everything until it is told otherwise."""
    with deciding() as point:
        yield point


@dataclass
class Hands:
    """A clock that stands until it is moved; waiting moves it, and is noted."""

    seconds: float = 1_000.0
    waits: list[float] = field(default_factory=list)

    def wait(self, seconds: float) -> None:
        """Let time pass."""
        self.waits.append(seconds)
        self.seconds += seconds

    async def wait_async(self, seconds: float) -> None:
        """Let time pass."""
        self.wait(seconds)

    @property
    def pace(self) -> Pace:
        """Return the clock as the client takes it; what is spread at random takes half of the most."""
        return Pace(now=lambda: self.seconds, wall=lambda: 1_795_700_000 + self.seconds, spread=lambda most: most / 2)


@pytest.fixture
def hands() -> Hands:
    return Hands()


@dataclass
class Asking:
    """Asks as a program with threads or as one with coroutines."""

    ask: Callable[..., CheckDecision]
    ask_all: Callable[[Sequence[Question]], list[CheckDecision]]
    notice: Callable[[int], None]
    close: Callable[[], None]


Make = Callable[..., Asking]


def _in_loop(origin: str, hands: Hands, limits: Limits) -> Asking:
    point = AsyncChecks(origin, "housing-web", "secret", limits=limits, pace=hands.pace, sleep=hands.wait_async)

    def run(work: Callable[[AsyncChecks], Awaitable[T]]) -> T:
        async def main() -> T:
            # A pool belongs to one event loop; what is remembered of the platform does not.
            async with AsyncChecks(origin, "housing-web", "secret", limits=limits, pace=hands.pace, sleep=hands.wait_async) as own:
                own._calls, own._epochs = point._calls, point._epochs
                return await work(own)

        return anyio.run(main)

    def ask(question: Question | str = READ, **more: Any) -> CheckDecision:  # noqa: ANN401 - handed on
        asked = Question(question) if isinstance(question, str) else question
        return run(lambda checks: checks.ask("s", "q", asked, **more))

    return Asking(
        ask, lambda questions: run(lambda checks: checks.ask_all("s", "q", questions)), point.notice, lambda: anyio.run(point.aclose)
    )


def _in_threads(origin: str, hands: Hands, limits: Limits) -> Asking:
    own = Checks(origin, "housing-web", "secret", limits=limits, pace=hands.pace, sleep=hands.wait)

    def ask(question: Question | str = READ, **more: Any) -> CheckDecision:  # noqa: ANN401 - handed on
        return own.ask("s", "q", Question(question) if isinstance(question, str) else question, **more)

    return Asking(ask, lambda questions: own.ask_all("s", "q", questions), own.notice, own.close)


@pytest.fixture(params=[_in_threads, _in_loop], ids=["threads", "coroutines"])
def asking(request: pytest.FixtureRequest, point: Point, hands: Hands) -> Iterator[Make]:
    """Return what makes a client of the decision point; both kinds have to pass."""
    with ExitStack() as made:

        def make(*, origin: str | None = None, **limits: Any) -> Asking:  # noqa: ANN401 - fields of Limits
            asking: Asking = request.param(origin or point.origin, hands, Limits(**limits))
            made.callback(asking.close)
            return asking

        yield make
