"""The shape of a job, and the actor that all of them are."""

from __future__ import annotations

from collections.abc import Callable
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
