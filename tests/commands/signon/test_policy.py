"""The rules of sign-on: what holds until they are set, who may set them, their bounds, and that other processes hear of it."""

from __future__ import annotations

import pytest
from flask import Flask

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid
from govcloud.kernel.rulebook import READ_AGAIN
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.policy import BOUNDS, Policies, SignOnPolicy
from tests.factories.racing import together
from tests.factories.world import World


def another_process(services: Services) -> Policies:
    return Policies(services.uow, services.uow.read, services.clock, services.settings)


def test_until_anything_is_set_the_settings_hold(services: Services) -> None:
    policy = services.signon_policies.current()
    assert policy.session_idle_minutes == services.settings.session_idle_minutes
    assert policy.lock_attempts == services.settings.lock_attempts
    assert policy.password_least_length == SignOnPolicy().password_least_length


def test_what_is_set_holds_at_once_here_and_within_half_a_minute_elsewhere(services: Services, world: World, clock: ManualClock) -> None:
    other = another_process(services)
    assert other.current().sessions_at_once == 0
    services.signon_policies.set(world.security_admin.actor(), {"sessions_at_once": 2}, "试点")
    assert services.signon_policies.current().sessions_at_once == 2
    assert other.current().sessions_at_once == 0
    clock.advance(READ_AGAIN)
    assert other.current().sessions_at_once == 2


def test_a_change_is_on_record_from_what_to_what(services: Services, world: World) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"lock_minutes": 45, "second_factor": "privileged"}, "加强")
    entry = services.audit_queries.by_subject("signon:policy")[0]
    assert entry.data["changes"] == {"lock_minutes": [30, 45], "second_factor": ["optional", "privileged"]}
    assert entry.data["reason"] == "加强"


def test_only_the_security_administrator_sets_them(services: Services, world: World) -> None:
    for person in (world.system_admin, world.audit_admin, world.wang):
        with pytest.raises(Denied):
            services.signon_policies.set(person.actor(), {"lock_attempts": 20}, "方便")


@pytest.mark.parametrize("name", sorted(BOUNDS))
def test_a_number_out_of_its_bounds_is_refused_by_name(services: Services, world: World, name: str) -> None:
    least, most = BOUNDS[name]
    for wrong in (least - 1, most + 1, "7", True, None):
        with pytest.raises(Invalid) as refusal:
            services.signon_policies.set(world.security_admin.actor(), {name: wrong}, "试")
        assert [error.field for error in refusal.value.fields] == [name]


def test_everything_wrong_is_named_at_once_and_nothing_is_set(services: Services, world: World) -> None:
    wrong = {"lock_minutes": 0, "second_factor": "never", "colour": 3, "session_idle_minutes": 20}
    with pytest.raises(Invalid) as refusal:
        services.signon_policies.set(world.security_admin.actor(), wrong, "")
    assert {error.field for error in refusal.value.fields} == {"lock_minutes", "second_factor", "colour", "reason"}
    assert services.signon_policies.current().session_idle_minutes == services.settings.session_idle_minutes


def test_of_two_changes_at_once_neither_is_lost(
    app: Flask, settings: Settings, services: Services, world: World, clock: ManualClock
) -> None:
    actor = world.security_admin.actor()
    changes: tuple[dict[str, object], ...] = ({"lock_minutes": 45}, {"sessions_at_once": 2})
    both = (lambda change=change: services.signon_policies.set(actor, change, "同时") for change in changes)
    came = together(app, settings, "SELECT pg_advisory_xact_lock(hashtext('signon_policy'))", *both)
    assert all(isinstance(rules, SignOnPolicy) for rules in came)
    rules = services.signon_policies.current()
    assert (rules.lock_minutes, rules.sessions_at_once) == (45, 2)
    assert [set(change.changes) for change in services.signon_policies.history()] in (
        [{"lock_minutes"}, {"sessions_at_once"}],
        [{"sessions_at_once"}, {"lock_minutes"}],
    )
