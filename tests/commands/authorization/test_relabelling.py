"""What another security label would do, told before it is set: exactly what decisions say before and after, by name."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID

import pytest

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.answering import Seen, opens
from govcloud.authorization.deciding.decider import Standing
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.drafting.effects import Effect
from govcloud.authorization.rights.duty_inputs import NewDutyRule
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.inputs import OfficialChange
from govcloud.kernel.errors import NotFound
from govcloud.subsystems.changes import FunctionChange
from govcloud.subsystems.levels import Traits
from tests.factories.policies import OPERATOR
from tests.factories.world import SEED, XIHU, World

if TYPE_CHECKING:
    from govcloud.authorization.drafting.measuring import Measured
    from govcloud.kernel.clock import ManualClock
    from govcloud.services import Services

READ, DOOR = "housing:register:read", "housing:door:enter"
Key = tuple[UUID, UUID | None]


@pytest.fixture
def cleared(services: Services, world: World, clock: ManualClock) -> World:
    """Return the province with people of several clearances who hold the function by role, by duty and by grant."""
    now = clock.now()
    services.authorization.assign_role(OPERATOR, world.people["LIQIANG"].official_id, "housing_clerk", reason="兼管")
    duty = NewDutyRule("housing_clerk", "西湖", AppointmentCriteria(division_code=XIHU), "岗位")
    services.authorization.add_duty_rules(SEED, [duty])
    for login in ("HEWEI", "QIANWEI"):
        person, ends_at = world.people[login], now + timedelta(days=9)
        grant = NewGrant(person.official_id, person.appointment_id, "housing", READ, now, ends_at, Scope((XIHU,)))
        services.authorization.open_grant(SEED, grant)
    for login, label in (("CHENJIE", 2), ("LIQIANG", 0), ("HEWEI", 1), ("QIANWEI", 4), ("WANGFANG", 3)):
        services.identity.change_official(SEED, world.people[login].official_id, OfficialChange(security_label=label))
    return world


def named(services: Services, found: Measured) -> dict[Key, Effect]:
    """Return what happens to whom with the one function, through the list of names."""
    effects: dict[Key, Effect] = {}
    for group in found.groups:
        people = services.draft_queries.people_of(found, group, 500)
        assert len(people) == group.size
        (effect,) = group.effects.values()
        assert not effects.keys() & {(person.official_id, person.appointment_id) for person in people}
        effects |= {(person.official_id, person.appointment_id): effect for person in people}
    return effects


def opened(services: Services, world: World, function: str, label: int) -> set[Key]:
    """Return whom the engine lets use the function if its label is ``label``, one after another."""
    decider, now = services.drafting.measuring._decider, services.clock.now()
    engine, duties = decider.live.engine_for(decider.policy()), decider.duties()
    found: set[Key] = set()
    for subject in services.identity_queries.subjects_among({person.official_id for person in world.people.values()}):
        who = (subject.official_id, subject.appointment_id, now)
        facts = (decider.facts.assignments(*who), decider.facts.grants(*who))
        snapshot = decider.snapshot(Standing(subject.official_id, subject), engine.policy, duties, *facts, now)
        if opens(function, Traits(label), Seen(snapshot, engine, 0, now)):
            found.add(who[:2])
    return found


def test_a_function_s_label_touches_exactly_those_whose_decision_differs(services: Services, cleared: World) -> None:
    decider, at = services.drafting.measuring._decider, services.clock.now()
    for function in (READ, DOOR):
        for before, after in ((0, 1), (0, 4), (1, 3), (4, 0), (3, 2), (2, 2)):
            found = services.drafting.measuring.relabelled(decider.policy(), function, (Traits(before), Traits(after)), at)
            had, has = opened(services, cleared, function, before), opened(services, cleared, function, after)
            expected = dict.fromkeys(had - has, Effect.LOST) | dict.fromkeys(has - had, Effect.GAINED)
            assert named(services, found) == expected, (function, before, after)


def test_what_is_told_of_a_function_is_what_happens(services: Services, cleared: World) -> None:
    found = services.drafting.relabelling.of_function(READ, 2)
    lost = {key for key, effect in named(services, found).items() if effect is Effect.LOST}
    assert {cleared.people[login].official_id for login in ("LIQIANG", "HEWEI")} <= {official for official, _ in lost}
    epoch = services.authorization_queries.policy().number
    view = services.subsystem_queries.function(READ)
    assert view is not None
    assert view.label == 0, "nothing was set"
    change = FunctionChange(view.name, view.description, view.sensitive, view.integration_level, view.basis_note, 2)
    services.subsystems.change_function(OPERATOR, READ, change, "定级")
    for person in cleared.people.values():
        allowed = services.authorization.decide(Question(READ, person.appointment_id, resource={"division": XIHU})).allowed
        assert not (allowed and (person.official_id, person.appointment_id) in lost)
    assert services.authorization_queries.policy().number == epoch
    with pytest.raises(NotFound):
        services.drafting.relabelling.of_function("housing:no:such", 1)


def test_what_is_told_of_a_person_is_what_happens(services: Services, cleared: World) -> None:
    view = services.subsystem_queries.function(READ)
    assert view is not None
    change = FunctionChange(view.name, view.description, view.sensitive, view.integration_level, view.basis_note, 2)
    services.subsystems.change_function(OPERATOR, READ, change, "定级")
    for login, label, effect in (("CHENJIE", 1, Effect.LOST), ("LIQIANG", 2, Effect.GAINED), ("QIANWEI", 2, None), ("HEWEI", 0, None)):
        person = cleared.people[login]
        told = services.drafting.relabelling.of_person(person.official_id, label)
        assert [dict(item.effects) for item in told] == ([] if effect is None else [{READ: effect}]), login
        ask = Question(READ, person.appointment_id, resource={"division": XIHU})
        before = services.authorization.decide(ask).allowed
        services.identity.change_official(SEED, person.official_id, OfficialChange(security_label=label))
        now = services.authorization.decide(ask).allowed
        assert (now != before) == (effect is not None), login
    assert services.drafting.relabelling.of_person(UUID(int=7), 3) == ()
