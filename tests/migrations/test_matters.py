"""Matters keep what they say on the way back to columns and forth to versions; the older release knows them as they were last."""

from __future__ import annotations

from sqlalchemy import make_url

from govcloud.kernel import schema
from govcloud.kernel.database import db
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from govcloud.subsystems.changes import MatterChange, MatterEntry
from tests.factories import databases
from tests.factories.imports import OPERATOR
from tests.factories.requests import ask
from tests.factories.world import World


def test_matters_survive_back_and_forth(services: Services, world: World, database_url: str) -> None:
    queries, old = services.subsystem_queries, services.subsystem_queries.matters()[0]
    ask(services, world, matter_id=old.id)
    items = (MatterEntry(world.items["assistance:case:read"], 1), MatterEntry(world.items["housing:register:read"], 3))
    services.subsystems.change_matter(OPERATOR, old.id, 1, MatterChange("困难群众救助一件事", old.lead_department_id, items), "流程调整")
    before = queries.matters()
    db.session.remove()
    db.engine.dispose()
    name, role = str(make_url(database_url).database), role_of(databases.server().app_url)
    owner = databases.owner_url(name)
    schema.downgrade(owner, role, "0016")
    schema.upgrade(owner, role)
    [after] = queries.matters()
    assert (after.code, after.name, after.items, after.version) == (before[0].code, before[0].name, before[0].items, 1)
    assert len(queries.matter_versions(old.id)) == 1, "the older release knows no versions"
    services.subsystems.change_matter(OPERATOR, old.id, 1, MatterChange("又一次", old.lead_department_id, items[:1]), "流程调整")
