"""The shape of a job, and the actor that all of them are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import timedelta

from govcloud.kernel.actor import Actor
from govcloud.services import Services

ACTOR = Actor.system("jobs")
"""Its rights stand under the role ``system:jobs`` of the policy."""


@dataclass(frozen=True)
class Job:
    """Something to do again and again.

    ``run`` does what is due in transactions of its own and returns how much that was; several processes may run it at once.
    """

    name: str
    every: timedelta
    run: Callable[[Services], int]


_TOLD: ContextVar[Callable[[], bool]] = ContextVar("govcloud_jobs_told_to_stop", default=lambda: False)


def told_to_stop() -> bool:
    """Return whether the jobs were told to stop: a run that does much asks between its parts, and leaves the rest to the next one."""
    return _TOLD.get()()


@contextmanager
def stopping_when(told: Callable[[], bool]) -> Iterator[None]:
    """Let the run within know by ``told`` whether it is to stop."""
    token = _TOLD.set(told)
    try:
        yield
    finally:
        _TOLD.reset(token)
