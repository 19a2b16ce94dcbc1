"""Appointments that were there before they carried search keys are found by them, and on the way back nothing is lost."""

from __future__ import annotations

from sqlalchemy import make_url, text

from govcloud.identity.finding.reach import Reach
from govcloud.identity.inputs import OfficialChange
from govcloud.kernel import schema
from govcloud.kernel.database import db
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from tests.factories import databases
from tests.factories.world import SEED, World

STRAY = text(
    """
    SELECT count(*) FROM appointment a JOIN official o ON o.id = a.official_id
     WHERE (a.employee_code, a.name, a.pinyin, a.initials) IS DISTINCT FROM (o.employee_code, o.name, o.pinyin, o.initials)
    """
)


def test_what_was_there_is_filled_in(services: Services, world: World, database_url: str) -> None:
    appointments = services.identity_queries.appointments_of(world.wang.official_id)
    db.session.remove()
    db.engine.dispose()
    owner, role = databases.owner_url(str(make_url(database_url).database)), role_of(databases.server().app_url)
    schema.downgrade(owner, role, "0012")
    schema.upgrade(owner, role)
    assert services.uow.read().scalar(STRAY) == 0
    assert services.identity_queries.appointments_of(world.wang.official_id) == appointments
    services.identity.change_official(SEED, world.wang.official_id, OfficialChange(name="欧阳芳"))
    assert services.uow.read().scalar(STRAY) == 0
    found = services.identity_queries.search_officials("ouyang", reach=Reach((world.organisation.paths["xihu"],)))
    assert [row.id for row in found.rows] == [world.wang.official_id]
