"""A department that ends without a successor, and an ID number that was mistyped."""

from __future__ import annotations

from datetime import timedelta

import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.people import a_department, an_official, id_number
from tests.factories.world import SEED, World

OPERATOR = Actor.system("operator")
PROVISIONING = Actor.subsystem("hr-sync", "人事系统", roles=("provisioning",))


def test_a_department_ends_and_was_there_before(services: Services, world: World, clock: ManualClock) -> None:
    department_id = services.identity.register_department(SEED, a_department(world.organisation.ids["government"]))
    before = clock.now()
    clock.advance(timedelta(days=1))
    services.identity.abolish_department(PROVISIONING, department_id, "机构改革")
    assert services.identity_queries.department(department_id) is None
    assert services.identity_queries.department(department_id, before) is not None
    newest = services.audit_queries.by_subject(f"department:{department_id}")[0]
    assert (newest.name, newest.data["reason"]) == ("identity:department:abolished", "机构改革")
    with pytest.raises(NotFound):
        services.identity.abolish_department(OPERATOR, department_id, "再次撤销")


def test_a_department_in_use_stays(services: Services, world: World, clock: ManualClock) -> None:
    department_id = services.identity.register_department(SEED, a_department(world.organisation.ids["government"]))
    official_id = services.identity.register_official(SEED, an_official(department_id))
    for used in (department_id, world.organisation.ids["xihu"]):
        with pytest.raises(Conflict) as refusal:
            services.identity.abolish_department(OPERATOR, used, "机构改革")
        assert refusal.value.code == "department_in_use"
    clock.advance(timedelta(days=1))
    (place,) = services.identity_queries.appointments_of(official_id)
    services.identity.end_appointment(SEED, place.id, "机构改革")
    services.identity.abolish_department(OPERATOR, department_id, "机构改革")


def test_who_may_not(services: Services, world: World) -> None:
    for actor in (world.li.actor(), world.security_admin.actor(), Actor.subsystem("housing-web", "住房"), SEED):
        with pytest.raises(Denied):
            services.identity.abolish_department(actor, world.organisation.ids["audit"], "越权")
        with pytest.raises(Denied):
            services.identity.correct_id_number(actor, world.wang.official_id, id_number(93_000))


def test_an_id_number_is_corrected_once(services: Services, world: World) -> None:
    right = id_number(93_001)
    assert services.identity.correct_id_number(PROVISIONING, world.wang.official_id, f" {right.lower()} ")
    assert not services.identity.correct_id_number(OPERATOR, world.wang.official_id, right)
    found = services.identity_queries.official_by_id_number(right)
    assert found is not None
    assert found.id == world.wang.official_id
    newest = services.audit_queries.by_subject(f"official:{found.id}")[0]
    assert newest.data["changed"] == ["id_number"]
    assert right not in str(newest)
    with pytest.raises(Conflict):
        services.identity.correct_id_number(OPERATOR, world.li.official_id, right)
    with pytest.raises(Invalid) as wrong:
        services.identity.correct_id_number(OPERATOR, world.li.official_id, right[:-1] + "?")
    assert right[6:14] not in str(wrong.value.fields)
