"""Many questions at once: the same answers as one by one, in the same order, with each subject read once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from govcloud.authorization.answers.service import Asked, Subjected
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Decision, Question, Reason
from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.deciding.inputs import DatabaseActing, DatabaseInputs, SourceError
from govcloud.authorization.errors import inputs_behind
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import Unavailable
from tests.factories.browsing import counted
from tests.factories.keeping import keeping
from tests.factories.world import SEED, XIHU, YUHANG, World

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime
    from pathlib import Path
    from uuid import UUID

    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services
    from govcloud.settings import Settings

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


def test_checks_ask_the_catalogue_once_for_everybody(services: Services, world: World) -> None:
    answers, everybody = services.authorization_queries.answers, list(world.people.values())
    asked = [Subjected(one.official_id, one.appointment_id, Asked("housing:register:burn")) for one in everybody]
    answers.check(asked)
    about = []
    for questions_ in (asked[:1], asked):
        with counted() as statements:
            assert not any(found.decision.allowed for found in answers.check(questions_))
        about.append([said for said in statements if "FROM subsystem" in said or "FROM catalogue_item" in said])
    assert len(about[0]) == len(about[1]) > 0


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


def test_the_replica_answers_batches_as_the_database_does(
    services: Services, world: World, settings: Settings, clock: ManualClock, tmp_path: Path
) -> None:
    granted(services, world)
    asked = questions(world)
    with keeping(services, settings, clock, tmp_path) as kept:
        kept.step()
        services.uow.read().rollback()
        look = kept.replica.look(None)
        assert look is not None, "the replica is in use"
        look.close()
        found = kept.decider.decide_all(asked)
    assert found == services.authorization.decide_all(asked)


def test_a_round_that_a_damaged_source_ended_begins_anew(services: Services, world: World, clock: ManualClock) -> None:
    """What was answered before the damage is answered again, and what ends a round counts from its beginning."""

    class Damaged(DatabaseInputs):
        """Inputs that turn out to be damaged when the second official is looked for."""

        __slots__ = ()

        def acting(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> DatabaseActing | Reason:
            if appointment_id == world.people["CHENJIE"].appointment_id:
                raise SourceError
            return super().acting(official_id, appointment_id, at)

        def close(self) -> None:
            """Nothing is held."""

    class Broken:
        """A source of such inputs."""

        def look(self, _min_epoch: int | None) -> Damaged:
            facts = DecisionFacts(services.uow.read)
            return Damaged(facts, services.identity_queries, services.subsystem_queries, facts.state())

    def third() -> Callable[[Decision], bool]:
        answered = 0

        def last(_decision: Decision) -> bool:
            nonlocal answered
            answered += 1
            return answered == 3

        return last

    people = [world.wang, world.people["CHENJIE"], world.li, world.zhao]
    asked = [Question(FUNCTIONS[0], person.appointment_id, person.official_id) for person in people]
    decider = Decider(services.uow.read, services.identity_queries, services.subsystem_queries, clock, source=Broken())
    assert decider.decide_all(asked, third) == services.authorization.decide_all(asked)[:3]
