"""Makes the next signing key when the present one has signed long enough, and retires the one before when its successor signs."""

from __future__ import annotations

from datetime import timedelta

from govcloud.jobs.job import ACTOR, Job
from govcloud.services import Services


def rotate(services: Services) -> int:
    """Do what is due for the keys of tokens and those of receipts; return how many keys were made or retired."""
    now = services.clock.now()
    due = (rotation for rotation in (services.key_rotation, services.receipt_key_rotation) if rotation.needs_tending(now))
    return sum(rotation.tend(ACTOR) for rotation in due)


ROTATE_KEYS = Job("rotate_keys", timedelta(minutes=1), rotate)
