"""Policies over the API: the same way through two officers, and the same refusals."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.entrypoints.api.conftest import Caller
from tests.factories.policies import province_policy, second_officer

if TYPE_CHECKING:
    from collections.abc import Callable

    from govcloud.services import Services
    from tests.factories.world import World
