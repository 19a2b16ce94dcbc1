"""Makes the next signing key when the present one has signed long enough, and retires the one before when its successor signs."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def rotate(services: Services) -> int:
    """Do what is due; return how many keys were made or retired."""
    return services.key_rotation.tend(ACTOR) if services.key_rotation.needs_tending(services.clock.now()) else 0


ROTATE_KEYS = Job("rotate_keys", timedelta(minutes=1), rotate)
