"""Open lines from before there were tasks get one each; what several people decided is one decision a person to the older release."""

from __future__ import annotations

from sqlalchemy import make_url, text

from govcloud.access.lifecycle import LineState
from govcloud.kernel import schema
from govcloud.kernel.database import db
from govcloud.kernel.keys import RECEIPTS
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from tests.factories import databases
from tests.factories.deciders import set_tier
from tests.factories.requests import REGISTER, ask, may_read
from tests.factories.world import World


def test_open_lines_wait_for_one_person_of_their_owner(services: Services, world: World, database_url: str) -> None:
    decided = ask(services, world, case_number="XH-2026-0100").line_id
    services.access.approve(world.li.actor(), decided, 1)
    set_tier(services, world, "quorum", {"needed": 2}, function="housing:register:export")
    waiting = ask(services, world).line_id
    halfway = ask(services, world, item_id=world.items["housing:register:export"], days=7).line_id
    services.access.approve(world.li.actor(), halfway, 1)
    db.session.remove()
    db.engine.dispose()
    name, role = str(make_url(database_url).database), role_of(databases.server().app_url)
    owner = databases.owner_url(name)
    schema.downgrade(owner, role, "0021")
    schema.upgrade(owner, role)
    services.keys.forget(RECEIPTS)  # the older release had taken the keys of receipts away
    found = services.uow.read().execute(text("SELECT line_id, path FROM decision_task WHERE state = 'open'"))
    tasks = {row.line_id: row.path for row in found}
    assert tasks == dict.fromkeys((waiting, halfway), world.organisation.paths["housing"])
    assert services.access_queries.inbox_count(world.people["QIANWEI"].actor()) == 2
    assert services.access.approve(world.people["QIANWEI"].actor(), waiting, 1).state is LineState.APPROVED
    assert services.access.approve(world.li.actor(), decided, 1).replayed
    assert may_read(services, world.wang)
    assert services.subsystem_queries.items([world.items[REGISTER]])[world.items[REGISTER]].approval == {}
