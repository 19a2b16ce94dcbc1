"""Two who change the lists at once, on two connections: one waits for the other, and nothing is entered twice or left behind."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.identity.reorganisation import Merge
from govcloud.kernel.errors import Conflict
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.subsystems.listing.importing import ListOrder, Outcome
from tests.factories.imports import OPERATOR
from tests.factories.lists import list_file, power, service
from tests.factories.racing import together
from tests.factories.world import World

LISTS = "SELECT pg_advisory_xact_lock(hashtext('govcloud lists'))"
#: Service items on the list whose power item is not, and entries on the list of a department that is no more.
LOST = """
SELECT (SELECT count(*) FROM service_item s JOIN power_item p ON p.id = s.power_item_id WHERE s.valid_to IS NULL AND p.valid_to IS NOT NULL)
     + (SELECT count(*) FROM power_item p WHERE p.valid_to IS NULL AND NOT EXISTS (
         SELECT 1 FROM department_version v WHERE v.department_id = p.department_id AND v.valid_to IS NULL))
     + (SELECT count(*) FROM power_item p WHERE p.valid_to IS NULL AND NOT EXISTS (
         SELECT 1 FROM power_item_version v WHERE v.power_item_id = p.id AND v.valid_to IS NULL))
"""


Race = Callable[..., list[object]]


@pytest.fixture
def race(app: Flask, settings: Settings) -> Race:
    """Return the way to run commands at once: all wait at one statement's lock, then are let go."""
    return partial(together, app, settings)


def lost(services: Services) -> int:
    return int(services.uow.read().execute(text(LOST)).scalar_one())


def test_the_same_list_twice_at_once_is_one_edition(race: Race, services: Services, world: World, tmp_path: Path) -> None:
    source = list_file(tmp_path / "a.csv", "power", [power(1), power(2)])
    found = race(LISTS, *[lambda: services.subsystems.import_list(OPERATOR, "power", source, ListOrder())] * 2)
    outcomes = [outcome for outcome in found if isinstance(outcome, Outcome)]
    assert sorted((outcome.number or 0, outcome.plan.unchanged) for outcome in outcomes) == [(0, 2), (1, 0)]
    assert len(services.subsystem_queries.editions("power").rows) == 1


def test_two_clicks_on_one_button(race: Race, services: Services, world: World, tmp_path: Path) -> None:
    source = list_file(tmp_path / "a.csv", "power", [power(1)])
    upload = services.subsystems.keep_list(OPERATOR, "power", source.path, "a.csv", ListOrder())
    digest = services.subsystems.plan_kept(OPERATOR, upload).digest()
    lock = f"SELECT id FROM list_upload WHERE id = '{upload}' FOR UPDATE"
    found = race(lock, *[lambda: services.subsystems.import_kept(OPERATOR, upload, expected=digest, skip_wrong=False)] * 2)
    assert sorted(type(outcome).__name__ for outcome in found) == ["Conflict", "Outcome"]
    assert [item.code for item in found if isinstance(item, Conflict)] == ["upload_settled"]
    assert len(services.subsystem_queries.editions("power").rows) == 1


@pytest.mark.parametrize("order", [0, 1])
def test_a_power_leaves_while_a_service_comes_to_rest_on_it(
    race: Race, services: Services, world: World, tmp_path: Path, order: int
) -> None:
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "a.csv", "power", [power(1), power(2)]), ListOrder())
    item = services.subsystem_queries.power_items(world.organisation.ids["housing"])[0].id
    source = list_file(tmp_path / "s.csv", "implementation", [service(1)])
    commands = [
        lambda: services.subsystems.withdraw_power_items(OPERATOR, [item]),
        lambda: services.subsystems.import_list(OPERATOR, "implementation", source, ListOrder()),
    ]
    race(LISTS, *(commands if order == 0 else reversed(commands)))
    assert lost(services) == 0
    assert services.subsystem_queries.service_items(world.organisation.ids["housing"]) == ()


def test_a_list_comes_in_while_its_department_goes(race: Race, services: Services, world: World, tmp_path: Path) -> None:
    ids = world.organisation.ids
    rows = [power(1), power(1, at="xihu_housing"), power(2, at="xihu_housing")]
    services.subsystems.import_list(OPERATOR, "power", list_file(tmp_path / "a.csv", "power", rows[:2]), ListOrder())
    source = list_file(tmp_path / "b.csv", "power", [power(1, at="xihu_housing", name="改名"), rows[2]])
    merge = Merge((ids["xihu_housing"],), ids["housing"], "机构改革")
    lock = f"SELECT id FROM department WHERE id = '{ids['xihu_housing']}' FOR UPDATE"
    found = race(
        lock,
        lambda: services.identity.reorganise(OPERATOR, merge),
        lambda: services.subsystems.import_list(OPERATOR, "power", source, ListOrder()),
    )
    assert lost(services) == 0
    assert services.subsystem_queries.power_items(ids["xihu_housing"]) == ()
    imported = isinstance(found[1], Outcome)
    assert len(services.subsystem_queries.power_items(ids["housing"])) == (2 if imported else 1)
