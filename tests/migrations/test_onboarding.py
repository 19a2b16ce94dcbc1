"""The catalogue keeps what it says on the way back to columns and forth to versions."""

from __future__ import annotations

from sqlalchemy import make_url

from govcloud.kernel import schema
from govcloud.kernel.database import db
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from tests.factories import databases
from tests.factories.requests import REGISTER
from tests.factories.world import World


def test_functions_and_items_survive_back_and_forth(services: Services, world: World, database_url: str) -> None:
    queries, item = services.subsystem_queries, world.items[REGISTER]
    before = (queries.functions(), queries.items_of("housing"), queries.item(item))
    db.session.remove()
    db.engine.dispose()
    name, role = str(make_url(database_url).database), role_of(databases.server().app_url)
    owner = databases.owner_url(name)
    schema.downgrade(owner, role, "0009")
    schema.upgrade(owner, role)
    assert (queries.functions(), queries.items_of("housing"), queries.item(item)) == before
    assert queries.steps(before[1][0].subsystem_id) == (), "the older release knows no steps"
