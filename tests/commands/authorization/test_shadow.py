"""Shadow mode: a draft decides beside the live policy, differences are counted and sampled, and no check notices."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.drafting import shadowing
from govcloud.authorization.drafting.shadowing import A_SECOND, OTHER_ROWS, SAMPLES
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, Invalid
from govcloud.services import Services
from tests.factories.policies import drafted, install, province_policy, put_in_force
from tests.factories.policies import run_shadow as running
from tests.factories.world import World

READ = "housing:register:read"
CLOSED = "roles: {housing_clerk: {name: 住房保障经办, rules: [{allow: ['housing:door:enter'], scope: own_division}]}}"
_EVERYWHERE = "{allow: ['housing:door:enter', 'housing:guide:read', 'housing:register:read']}"
WIDER = f"roles: {{housing_clerk: {{name: 住房保障经办, rules: [{_EVERYWHERE}]}}}}"


def ask(services: Services, world: World, login: str = "CHENJIE", function: str = READ) -> bool:
    question = Question(function, world.people[login].appointment_id, world.people[login].official_id)
    allowed = services.authorization.decide(question).allowed
    services.shadowing.note(question)
    return allowed


def test_what_the_draft_would_have_said_is_counted_and_sampled(services: Services, world: World) -> None:
    draft_id = running(services, world, CLOSED)
    assert ask(services, world)
    assert ask(services, world, "CHENJIE", "housing:door:enter")
    assert not ask(services, world, "WANGFANG")
    assert services.shadowing.work() == 3
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert (shadow.checked, shadow.different, shadow.dropped) == (3, 1, 0)
    (difference,) = shadow.differences
    assert (difference.function, difference.live, difference.shadow, difference.times) == (READ, "allowed", "no_permission", 1)
    (sample,) = shadow.samples
    assert (sample.official_id, sample.function) == (world.people["CHENJIE"].official_id, READ)
    # Nothing follows from it.
    assert ask(services, world)


def test_other_rows_are_a_difference(services: Services, world: World) -> None:
    draft_id = running(services, world, WIDER)
    ask(services, world)
    services.shadowing.work()
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert [item.shadow for item in shadow.differences] == [OTHER_ROWS]


def test_a_busy_second_is_sampled_and_the_rest_counted(services: Services, world: World) -> None:
    draft_id = running(services, world, CLOSED)
    for _ in range(A_SECOND + 7):
        ask(services, world)
    assert services.shadowing.work() == A_SECOND
    assert services.shadowing.work() == 0
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert (shadow.checked, shadow.dropped) == (A_SECOND, 7)


def test_the_table_of_samples_does_not_grow(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_id = running(services, world, CLOSED)
    monkeypatch.setattr(shadowing, "SAMPLES", 3)
    assert SAMPLES > 3
    for _ in range(4):
        ask(services, world)
        ask(services, world)
        services.shadowing.work()
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert (shadow.different, len(shadow.samples), shadow.differences[0].times) == (8, 3, 8)


def test_kinds_beyond_the_most_are_counted_together(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    draft_id = running(services, world, CLOSED)
    monkeypatch.setattr(shadowing, "MOST_KINDS", 1)
    ask(services, world)
    ask(services, world, "CHENJIE", "housing:guide:read")
    services.shadowing.work()
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert min(item.function for item in shadow.differences) == "*"
    assert sum(item.times for item in shadow.differences) == 2


def test_no_shadow_costs_nothing_and_keeps_nothing(services: Services, world: World) -> None:
    services.shadowing.note(Question("x"))
    services.shadowing.look()
    for _ in range(100):
        ask(services, world)
    assert services.shadowing.work() == 0


def test_noting_never_fails(services: Services, world: World) -> None:
    running(services, world, CLOSED)
    for question in (Question(""), Question("a:b:c"), Question(READ, UUID(int=9), UUID(int=9)), Question(READ, resource={"division": 7})):
        services.shadowing.note(question)
    assert services.shadowing.work() == 4


def test_a_shadow_ends_by_itself(services: Services, world: World, clock: ManualClock) -> None:
    draft_id = running(services, world, CLOSED, hours=1)
    clock.advance(timedelta(hours=1))
    services.shadowing.look()
    ask(services, world)
    assert services.shadowing.work() == 0
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert shadow.ended_at is not None
    # Another may begin then.
    assert running(services, world, WIDER)


def test_only_one_runs_at_a_time(services: Services, world: World) -> None:
    first = running(services, world, CLOSED)
    second = drafted(services, world.security_admin, province_policy(WIDER).text)
    with pytest.raises(Conflict) as refused:
        services.drafting.start_shadow(world.security_admin.actor(), second, 1)
    assert refused.value.code == "shadow_running"
    for hours in (0, -1, 10_000):
        with pytest.raises(Invalid):
            services.drafting.start_shadow(world.security_admin.actor(), second, hours)
    assert services.drafting.stop_shadow(world.security_admin.actor(), first)
    assert not services.drafting.stop_shadow(world.security_admin.actor(), first)
    services.shadowing.look()
    ask(services, world)
    assert services.shadowing.work() == 0


def test_the_shadow_follows_the_live_policy(services: Services, world: World) -> None:
    """What separates the two is asked anew: a live policy that says the same leaves no difference."""
    draft_id = running(services, world, CLOSED)
    put_in_force(services, world, province_policy(CLOSED).text)
    ask(services, world)
    services.shadowing.work()
    shadow = services.draft_queries.shadow_of(draft_id)
    assert shadow is not None
    assert (shadow.checked, shadow.different) == (1, 0)


def test_a_policy_without_the_shadow_s_role_lets_checks_go_on(services: Services, world: World) -> None:

    running(services, world, CLOSED)
    install(services, province_policy("roles: {'system:shadow': {rules: []}}"))
    assert ask(services, world)
    with pytest.raises(Denied):
        services.shadowing.work()
    assert ask(services, world)
