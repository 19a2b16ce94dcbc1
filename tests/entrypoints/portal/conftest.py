"""What the portal's tests stand on: the small province, and visitors who fill in forms as a browser does."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from govcloud.access.commands import NewRequest, Submitted
from govcloud.authorization.scopes.scope import Scope
from tests.factories.browsing import Visitor
from tests.factories.province import database_url, province, world
from tests.factories.world import HANGZHOU, World

if TYPE_CHECKING:
    from flask import Flask

    from govcloud.services import Services

__all__ = ["database_url", "province", "world"]


@pytest.fixture
def visitor(app: Flask, world: World) -> Callable[[], Visitor]:
    """Return a maker of visitors, each with cookies of their own."""
    return lambda: Visitor(app.test_client())


@pytest.fixture
def wang(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 王芳 at the workbench."""
    return visitor().sign_in("WANGFANG")


@pytest.fixture
def li(visitor: Callable[[], Visitor]) -> Visitor:
    """Return 李强, who decides for the housing department."""
    return visitor().sign_in("LIQIANG")


@pytest.fixture
def submitted(services: Services, world: World) -> Submitted:
    """Return 王芳's request for the housing register, ten days, all of Hangzhou."""
    new = NewRequest(world.items["housing:register:read"], "核对救助申请人的住房情况", 10, Scope((HANGZHOU,)), "XH-2026-0382")
    return services.access.submit(world.wang.actor(), new)
