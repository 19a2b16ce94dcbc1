"""The small province for the commands of access."""

from __future__ import annotations

import pytest

from govcloud.services import Services
from tests.factories.world import World, small_province


@pytest.fixture
def world(services: Services) -> World:
    """Return the small province."""
    return small_province(services)
