"""The number under which one request is traced, here and at the platform: ``X-Request-ID``."""

from __future__ import annotations

import re
from uuid import uuid4

HEADER = "X-Request-ID"
_WELL_FORMED = re.compile(r"[A-Za-z0-9._:/+=-]{1,128}")


def trace_of(given: str | None) -> str:
    """Return the number that came with a request when it is well formed, else a new one."""
    return given if given and _WELL_FORMED.fullmatch(given) else uuid4().hex
