"""When what is approved begins and ends: looked at by the rules before it opens, and by what opens it."""

from __future__ import annotations

from datetime import datetime, timedelta

from govcloud.access.models import AccessRequest


def starts_at(request: AccessRequest, now: datetime) -> datetime:
    """Return when what is approved at ``now`` begins: at once, or when the request wants it."""
    return now if request.starts_at is None else max(now, request.starts_at)


def ends_at(request: AccessRequest, days: int, now: datetime, parent_ends: datetime | None = None) -> datetime:
    """Return when what is approved at ``now`` for so many days of 24 hours ends; ``parent_ends`` is the end of what it extends."""
    return max(starts_at(request, now), parent_ends or now) + timedelta(days=days)
