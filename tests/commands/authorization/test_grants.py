"""Opening and closing grants: what is refused, what is recorded, and two connections at once."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from govcloud.authorization.commands import NewGrant
from govcloud.authorization.models import AccessGrant, EpochChange
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from tests.factories.world import SEED, XIHU, World

READ = "housing:register:read"


def new_grant(services: Services, world: World, **changes: object) -> NewGrant:
    now = services.clock.now()
    wang = world.wang
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, now, now + timedelta(days=5), Scope((XIHU,)))
    return replace(new, **changes)  # type: ignore[arg-type]  # each case names fields of NewGrant


#: Changes of a sensible grant (times as distance from now) → the field that is refused.
SENSELESS: list[tuple[dict[str, object], str]] = [
    ({"ends_at": timedelta(0)}, "ends_at"),
    ({"ends_at": timedelta(days=-1)}, "ends_at"),
    ({"starts_at": timedelta(days=-9), "ends_at": timedelta(days=-1)}, "ends_at"),
    ({"function": "housing:register:burn"}, "function"),
    ({"function": "assistance:case:read"}, "function"),
    ({"function": "govcloud:policy:install"}, "function"),
    ({"function": "govcloud:policy:install", "subsystem_code": "govcloud"}, "function"),
    ({"function": "housing:*"}, "function"),
]


def test_grants_that_make_no_sense(services: Services, world: World) -> None:
    now = services.clock.now()
    for changes, field in SENSELESS:
        given = {name: now + value if isinstance(value, timedelta) else value for name, value in changes.items()}
        with pytest.raises(Invalid) as refused:
            services.authorization.open_grant(SEED, new_grant(services, world, **given))
        assert [item.field for item in refused.value.fields] == [field], changes
    assert services.authorization_queries.grants_of(world.wang.official_id) == ()


def test_nobody_is_granted_anything_under_an_appointment_that_is_not_theirs(services: Services, world: World) -> None:
    for appointment_id in (world.li.appointment_id, uuid4()):
        with pytest.raises(Conflict) as refused:
            services.authorization.open_grant(SEED, new_grant(services, world, appointment_id=appointment_id))
        assert refused.value.code == "beneficiary_inactive"


def test_nobody_who_was_disabled_is_granted_anything(services: Services, world: World) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "调查")
    with pytest.raises(Conflict):
        services.authorization.open_grant(SEED, new_grant(services, world))


def test_a_line_gives_one_grant(services: Services, world: World) -> None:
    line_id = uuid4()
    services.authorization.open_grant(SEED, new_grant(services, world, line_id=line_id))
    with pytest.raises(Conflict) as refused:
        services.authorization.open_grant(SEED, new_grant(services, world, line_id=line_id))
    assert refused.value.code == "grant_exists"
    assert len(services.authorization_queries.grants_of_lines([line_id])) == 1


def test_every_change_of_a_grant_is_an_epoch(services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, new_grant(services, world))
    services.authorization.suspend_grant(world.security_admin.actor(), grant_id, "核查")
    services.authorization.resume_grant(world.security_admin.actor(), grant_id)
    services.authorization.close_grant(SEED, grant_id, "结束")
    services.authorization.close_grant(SEED, grant_id, "结束")
    query = select(EpochChange).where(EpochChange.kind == "grant").order_by(EpochChange.epoch)
    changes = services.uow.read().scalars(query).all()
    assert [change.reduces for change in changes] == [False, True, False, True]
    assert {change.official_id for change in changes} == {world.wang.official_id}
    assert {change.subsystem_code for change in changes} == {"housing"}


def test_a_closed_grant_cannot_be_suspended_or_resumed(services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, new_grant(services, world))
    services.authorization.close_grant(SEED, grant_id, "结束")
    guard = world.security_admin.actor()
    with pytest.raises(Conflict, match="已经终止"):
        services.authorization.suspend_grant(guard, grant_id, "x")
    with pytest.raises(Conflict, match="已经终止"):
        services.authorization.resume_grant(guard, grant_id)


def test_an_unknown_grant(services: Services, world: World) -> None:
    with pytest.raises(NotFound):
        services.authorization.close_grant(world.security_admin.actor(), uuid4(), "x")


def test_an_expired_grant_stays_expired(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = services.authorization.open_grant(SEED, new_grant(services, world))
    clock.advance(timedelta(days=6))
    assert services.authorization.close_grant(SEED, grant_id, "结束") is False
    grant = services.authorization_queries.grant(grant_id)
    assert grant is not None
    assert (grant.closed_at, grant.state(clock.now())) == (None, "expired")


def test_all_grants_of_a_person_end_together(services: Services, world: World) -> None:
    for _ in range(3):
        services.authorization.open_grant(SEED, new_grant(services, world))
    guard = world.security_admin.actor()
    assert services.authorization.close_grants_of(guard, [world.wang.official_id], "离职") == 3
    assert services.authorization.close_grants_of(guard, [world.wang.official_id], "离职") == 0


def test_two_connections_close_at_once_and_one_of_them_does(app: Flask, services: Services, world: World) -> None:
    grant_id = services.authorization.open_grant(SEED, new_grant(services, world))
    start = threading.Barrier(4)
    results: list[bool | GovcloudError] = []

    def close(number: int) -> None:
        with app.app_context():
            start.wait()
            try:
                results.append(services.authorization.close_grant(world.security_admin.actor(), grant_id, f"理由 {number}"))
            except GovcloudError as error:
                results.append(error)

    threads = [threading.Thread(target=close, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results, key=bool) == [False, False, False, True]
    assert services.uow.read().scalars(select(AccessGrant.close_reason).where(AccessGrant.id == grant_id)).one() is not None
