"""A listener for notices of sign-out."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.factories.receiving import Listener, listening


@pytest.fixture
def listener() -> Iterator[Listener]:
    """Return a subsystem's server."""
    with listening() as found:
        yield found
