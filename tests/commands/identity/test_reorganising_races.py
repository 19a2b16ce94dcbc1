"""A merger and an appointment at the same moment: held at the department's row, then let go; nobody is left in what is no more."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest
from flask import Flask
from sqlalchemy import text

from govcloud.identity.inputs import NewAppointment
from govcloud.identity.reorganisation import Abolish, Merge, Move, Reorganisation
from govcloud.kernel.errors import Conflict, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories import racing
from tests.factories.people import a_department, an_official
from tests.factories.world import SEED, World

LOST = """
SELECT count(*) FROM appointment WHERE (valid_to IS NULL OR valid_to > valid_from)
   AND (valid_to IS NULL OR valid_to > :now)
   AND NOT EXISTS (SELECT 1 FROM department_version v WHERE v.department_id = appointment.department_id AND v.valid_to IS NULL)
"""


@pytest.fixture
def together(app: Flask, settings: Settings) -> Callable[..., list[object]]:
    """Return the way to run commands at once: all wait at one statement's lock, then are let go."""
    return partial(racing.together, app, settings)


@pytest.mark.parametrize("ends", ["merge", "abolish"])
def test_nobody_is_placed_in_a_department_that_ends_meanwhile(
    services: Services, world: World, together: Callable[..., list[object]], ends: str
) -> None:
    ids = world.organisation.ids
    empty = services.identity.register_department(SEED, a_department(ids["government"]))
    change: Reorganisation = Merge((empty,), ids["data"], "并入") if ends == "merge" else Abolish(empty, "撤销")
    person = an_official(empty)
    lock = f"SELECT id FROM department WHERE id = '{empty}' FOR UPDATE"
    outcomes = together(
        lock,
        lambda: services.identity.reorganise(SEED, change),
        lambda: services.identity.appoint(SEED, world.wang.official_id, NewAppointment(empty, "专员", kind="concurrent")),
        lambda: services.identity.register_official(SEED, person),
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, GovcloudError)]
    assert all(isinstance(error, Conflict | Invalid) for error in refused)
    assert services.uow.read().scalar(text(LOST), {"now": services.clock.now()}) == 0
    if ends == "merge" and not isinstance(outcomes[2], GovcloudError):
        assert services.identity_queries.appointments_of(person.id)[0].department_id == ids["data"]


def test_two_moves_at_once_make_no_circle(services: Services, world: World, together: Callable[..., list[object]]) -> None:
    ids = world.organisation.ids
    outcomes = together(
        "SELECT pg_advisory_xact_lock(hashtext('govcloud department tree'))",
        lambda: services.identity.reorganise(SEED, Move(ids["xihu"], ids["data"])),
        lambda: services.identity.reorganise(SEED, Move(ids["data"], ids["xihu"])),
    )
    assert sum(isinstance(outcome, Conflict) for outcome in outcomes) == 1
    above, below = services.identity_queries.department(ids["data"]), services.identity_queries.department(ids["xihu"])
    assert above is not None
    assert below is not None
    assert above.path.startswith(below.path) or below.path.startswith(above.path)
