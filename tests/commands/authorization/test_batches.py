"""Many questions at once: the same answers as one by one, in the same order, with each subject read once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.decisions import Decision, Question, Reason
from govcloud.authorization.errors import inputs_behind
from govcloud.authorization.scope import Scope
from govcloud.kernel.errors import Unavailable
from tests.factories.browsing import counted
from tests.factories.world import SEED, XIHU, YUHANG, World

if TYPE_CHECKING:
    from collections.abc import Callable

    from govcloud.services import Services

FUNCTIONS = ("housing:register:read", "housing:guide:read", "housing:register:burn", "assistance:case:read", "govcloud:workbench:read")


def questions(world: World) -> list[Question]:
    """Return questions of every kind about everybody: known and unknown functions, rows in and out of reach, nobody at all."""
    rows: tuple[dict[str, Any], ...] = ({}, {"type": "register", "id": "1"}, {"division": XIHU}, {"division": YUHANG}, {"division": "33"})
    found = []
    for person in world.people.values():
        for function in FUNCTIONS:
            for row in rows:
                found.append(Question(function, person.appointment_id, person.official_id, row))
                found.append(Question(function, None, person.official_id, row))
    found.append(Question(FUNCTIONS[0], uuid4(), world.wang.official_id))
    found.append(Question(FUNCTIONS[0], None, uuid4()))
    return found


def granted(services: Services, world: World) -> None:
    """Open a function to somebody, and close what another had."""
    now, wang = services.clock.now(), world.wang
    opened = [NewGrant(wang.official_id, wang.appointment_id, "housing", FUNCTIONS[0], now, now + timedelta(days=1), Scope((XIHU,)))]
    hewei = world.people["HEWEI"]
    opened.append(NewGrant(hewei.official_id, hewei.appointment_id, "housing", FUNCTIONS[0], now, now + timedelta(days=1)))
    ids = [services.authorization.open_grant(SEED, new) for new in opened]
    services.authorization.close_grant(SEED, ids[1], "办结")


def test_a_batch_answers_as_single_questions_do(services: Services, world: World) -> None:
    granted(services, world)
    asked = questions(world)
    together = services.authorization.decide_all(asked)
    assert together == [services.authorization.decide(question) for question in asked]
    assert {decision.code for decision in together} >= {Reason.ALLOWED, Reason.GRANT_REVOKED, Reason.OUT_OF_SCOPE, Reason.BAD_RESOURCE}


def test_a_subject_is_read_once(services: Services, world: World) -> None:
    def taken(count: int) -> int:
        asked = [Question(FUNCTIONS[0], None, world.wang.official_id, {"id": str(number)}) for number in range(count)]
        with counted() as statements:
            services.authorization.decide_all(asked)
        return len(statements)

    taken(1)
    assert taken(100) == taken(1)


def test_it_ends_where_it_is_told_to(services: Services, world: World) -> None:
    chen, wang = world.people["CHENJIE"], world.wang
    asked = [Question(FUNCTIONS[0], person.appointment_id) for person in (wang, wang, chen, wang)]

    def first_yes() -> Callable[[Decision], bool]:
        return lambda decision: decision.allowed

    assert [decision.allowed for decision in services.authorization.decide_all(asked, first_yes)] == [False, False, True]
    assert services.authorization.decide_all([]) == []


def test_one_epoch_holds_for_all(services: Services, world: World) -> None:
    epoch = services.authorization.decide(Question(FUNCTIONS[0], world.wang.appointment_id)).epoch
    asked = [Question(FUNCTIONS[0], world.wang.appointment_id, min_epoch=least) for least in (None, epoch, 0)]
    assert [decision.epoch for decision in services.authorization.decide_all(asked)] == [epoch] * 3
    with pytest.raises(Unavailable) as caught:
        services.authorization.decide_all([*asked, Question(FUNCTIONS[0], world.wang.appointment_id, min_epoch=epoch + 1)])
    assert caught.value.code == inputs_behind(0, 0).code
