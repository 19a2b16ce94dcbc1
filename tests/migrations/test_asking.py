"""Requests that were sent off together, a basket and the keys of the search, on the way back to a release without them and forth."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import make_url

from govcloud.access.asking.queries import Chosen
from govcloud.access.commands import NewSubmission, WantedItem
from govcloud.kernel import schema
from govcloud.kernel.database import db
from govcloud.kernel.provisioning import role_of
from govcloud.services import Services
from govcloud.subsystems.changes import Binding
from govcloud.subsystems.listing.importing import ListOrder
from tests.factories import databases
from tests.factories.imports import OPERATOR
from tests.factories.lists import list_file, power, service
from tests.factories.requests import REGISTER
from tests.factories.world import SEED, World


def test_what_has_a_name_is_found_again_after_the_upgrade(services: Services, world: World, database_url: str, tmp_path: Path) -> None:
    commands, row = services.subsystems, service(1)
    commands.import_list(OPERATOR, "power", list_file(tmp_path / "p.csv", "power", [power(1)]), ListOrder())
    commands.import_list(OPERATOR, "implementation", list_file(tmp_path / "s.csv", "implementation", [row]), ListOrder())
    commands.bind_functions(SEED, [Binding(REGISTER, row["code"])])
    wang = world.wang.actor()
    words = {text: len(services.asking_queries.search(wang, text)) for text in ("zfdj", "knjt", "gzfzlbt", "zfbz")}
    assert all(words.values())
    services.asking.put_in_basket(wang, [Chosen(world.items[REGISTER])])
    items = (WantedItem(world.items[REGISTER], 5), WantedItem(world.items["assistance:case:read"], 5))
    people = (world.wang.appointment_id, world.people["SUNLI"].appointment_id)
    done = services.asking.submit(wang, NewSubmission(items, "办理救助", people, case_number="X"))
    db.session.remove()
    db.engine.dispose()
    role, owner = role_of(databases.server().app_url), databases.owner_url(str(make_url(database_url).database))
    schema.downgrade(owner, role, "0020")
    schema.upgrade(owner, role)
    assert {text: len(services.asking_queries.search(wang, text)) for text in words} == words
    assert services.asking_queries.basket(wang) == ()
    found = services.access_queries.my_requests(world.wang.official_id).entries
    assert {view.id for view in found} == {request.request_id for request in done.requests}, "requests stay, each for itself"
    assert {(view.submission_id, len(view.lines)) for view in found} == {(None, len(items))}
