"""The small province under attack: a relying party and a browser at the wire, and visitors of the pages."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from tests.entrypoints.oidc.conftest import Party, browser, party, wang
from tests.factories.browsing import Visitor, signed_in

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services
    from tests.factories.world import World

__all__ = ["Party", "browser", "party", "wang"]


@pytest.fixture
def visitor(app: Flask, services: Services, world: World) -> Callable[[str], Visitor]:
    """Return the way to become somebody; an empty login is nobody."""

    def become(login: str) -> Visitor:
        return signed_in(app, services, login) if login else Visitor(app.test_client())

    return become
