"""An ID number that was mistyped."""

from __future__ import annotations

import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from tests.factories.people import id_number
from tests.factories.world import SEED, World

OPERATOR = Actor.system("operator")
PROVISIONING = Actor.subsystem("hr-sync", "人事系统", roles=("provisioning",))


def test_who_may_not(services: Services, world: World) -> None:
    for actor in (world.li.actor(), world.security_admin.actor(), Actor.subsystem("housing-web", "住房"), SEED):
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
