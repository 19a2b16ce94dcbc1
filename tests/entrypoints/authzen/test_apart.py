"""Dynamic separation of duty at the decision point: what one session uses closes the others of the set to it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID

from govcloud.kernel.clock import ManualClock
from govcloud.services import Services
from tests.entrypoints.authzen.conftest import EVALUATION, READ, Point, action, row, subject
from tests.factories.apart import in_force
from tests.factories.requests import granted
from tests.factories.world import World

GUIDE, DOOR = "housing:guide:read", "housing:door:enter"


def test_two_functions_are_not_both_used_in_one_session(
    housing: Point, services: Services, world: World, clock: ManualClock, sid: UUID
) -> None:
    granted(services, world)
    in_force(services, world, "guide-or-register", READ, GUIDE, kind="dynamic")
    clock.advance(timedelta(seconds=2))

    def asked(name: str, known: UUID | None) -> dict[str, Any]:
        return {"subject": subject(world.wang, known), "action": action(name), "resource": row()}

    assert housing.decides(asked(READ, None)), "without a session nobody uses anything"
    assert housing.decides(asked(GUIDE, sid))
    refused = housing.said(EVALUATION, asked(READ, sid))
    assert refused["decision"] is False
    assert "used_apart" in str(refused["context"])
    assert housing.decides(asked(GUIDE, sid))
    answers = housing.batch(asked(READ, sid), asked(GUIDE, sid), options={"evaluations_semantic": "permit_on_first_permit"})
    assert [answer["decision"] for answer in answers] == [False, True], "the batch goes on where the session says no"
