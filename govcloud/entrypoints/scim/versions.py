"""The version of a resource (RFC 7644 section 3.14): it differs as soon as anything that is shown, or hidden behind a mask, differs."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from scim2_models import Resource


def version_of(resource: Resource[Any], mark: str) -> str:
    """Return a weak entity tag of a resource that has no version yet; ``mark`` stands for what it does not show."""
    shown = json.dumps([resource.model_dump(), mark], sort_keys=True, separators=(",", ":"))
    return f'W/"{hashlib.sha256(shown.encode()).hexdigest()[:32]}"'
