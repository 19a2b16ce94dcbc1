"""The small province as a database to clone: built once a process, so that each test that stands on it starts at once.

A folder's conftest imports the three fixtures; they then take the place of the empty platform's database.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.signing import ES256
from govcloud.settings import Environment, load_settings
from tests.conftest import START
from tests.factories import databases
from tests.factories.world import World, small_province

if TYPE_CHECKING:
    from govcloud.services import Services

#: Those who can sign in, with ``tests.factories.world.PASSWORD``.
SIGNING_IN = ("WANGFANG", "LIQIANG", "QIANWEI", "ZHAOMIN")


@dataclass(frozen=True)
class Province:
    """The name of the database to clone, and what stands in it."""

    database: str
    world: World


@pytest.fixture(scope="session")
def province(template_database: str, master_key_file: Path) -> Iterator[Province]:
    """Build the small province once."""
    from govcloud.app import assemble  # noqa: PLC0415
    from govcloud.kernel.database import db  # noqa: PLC0415

    with databases.clone(template_database) as name:
        settings = load_settings(
            environment=Environment.TEST,
            DATABASE_URL=databases.app_url(name),
            master_key_file=master_key_file,
            public_url="http://localhost",
        )
        app = assemble(settings, ManualClock(START))
        with app.app_context():
            services = cast("Services", app.extensions["govcloud"])
            services.key_rotation.ensure(Actor.system("operator"), (ES256,))
            world = small_province(services, passwords=SIGNING_IN)
            db.session.remove()
            db.engine.dispose()
        yield Province(name, world)


@pytest.fixture
def database_url(province: Province) -> Iterator[str]:
    """Return the address of a fresh clone of the province."""
    with databases.clone(province.database) as name:
        yield databases.app_url(name)


@pytest.fixture
def world(province: Province) -> World:
    """Return what stands in the clone."""
    return deepcopy(province.world)
