"""Ending a grant before its time: by whom, once, and with effect on the very next decision."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import text

from govcloud.access.lifecycle import GrantState
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid, NotFound
from govcloud.services import Services
from tests.factories.requests import granted, may_read
from tests.factories.world import SEED, XIHU, YUHANG, World

READ = "housing:register:read"


def test_who_answers_for_the_function_or_for_security_revokes(services: Services, world: World) -> None:
    for login in ("LIQIANG", "QIANWEI", "WUXIAOYAN"):
        grant_id = granted(services, world)
        assert may_read(services, world.wang)
        first = services.access.revoke(world.people[login].actor(), grant_id, "办件已结束")
        again = services.access.revoke(world.people[login].actor(), grant_id, "另一个理由")
        assert (first.replayed, again.replayed) == (False, True)
        assert not may_read(services, world.wang)
        grant = services.authorization_queries.grant(grant_id)
        assert grant is not None
        assert grant.close_reason == "办件已结束"


def test_nobody_else_revokes(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    people = [world.people[login].actor() for login in ("WANGFANG", "SUNLI", "ZHAOMIN", "HEWEI", "ZHOUJIANJUN", "ZHENGGUOHUA")]
    for actor in (*people, Actor.anonymous(), Actor.system("seed"), Actor.subsystem("housing-web", "住房")):
        with pytest.raises(Denied):
            services.access.revoke(actor, grant_id, "试试")
    assert may_read(services, world.wang)


def test_a_revocation_has_a_reason(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    for reason in ("", "  ", "长" * 501, "a\x07"):
        with pytest.raises(Invalid):
            services.access.revoke(world.li.actor(), grant_id, reason)
    assert may_read(services, world.wang)
    services.access.revoke(world.li.actor(), grant_id, "<script>alert(1)</script>'; --")
    assert services.access_queries.my_access(world.wang.official_id)[0].grant.close_reason == "<script>alert(1)</script>'; --"


def test_an_unknown_grant_is_not_found(services: Services, world: World) -> None:
    with pytest.raises(NotFound):
        services.access.revoke(world.li.actor(), uuid4(), "理由")
    with pytest.raises(NotFound):
        services.access.relinquish(world.wang.actor(), uuid4())


def test_the_holder_and_only_the_holder_gives_back(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    for person in (world.people["SUNLI"], world.li, world.security_admin):
        with pytest.raises(Denied):
            services.access.relinquish(person.actor(), grant_id)
    assert not services.access.relinquish(world.wang.actor(), grant_id).replayed
    assert services.access.relinquish(world.wang.actor(), grant_id).replayed
    assert not may_read(services, world.wang)
    held = services.access_queries.my_access(world.wang.official_id)[0]
    assert (held.grant.state, held.grant.close_reason, held.is_live) == (GrantState.CLOSED, "relinquished", False)


def test_two_grants_stand_side_by_side(services: Services, world: World, clock: ManualClock) -> None:
    """Effective access is the union of live grants: the end of one never cuts off another."""
    short = granted(services, world, days=1, scope=Scope((XIHU,)))
    granted(services, world, days=3, scope=Scope((XIHU, YUHANG)))
    services.access.revoke(world.li.actor(), short, "重复")
    assert may_read(services, world.wang)
    assert may_read(services, world.wang, YUHANG)
    clock.advance(timedelta(days=3))
    assert not may_read(services, world.wang)


def test_revoking_after_the_end_changes_nothing(services: Services, world: World, clock: ManualClock) -> None:
    grant_id = granted(services, world, days=1)
    clock.advance(timedelta(days=1))
    assert services.access.revoke(world.li.actor(), grant_id, "迟了").replayed
    assert services.access_queries.my_access(world.wang.official_id)[0].grant.state is GrantState.EXPIRED


def test_leaving_ends_every_grant(services: Services, world: World) -> None:
    granted(services, world)
    services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
    held = services.access_queries.my_access(world.wang.official_id)
    assert [entry.grant.state for entry in held] == [GrantState.CLOSED]
    assert not may_read(services, world.wang)


def test_leaving_the_post_ends_what_was_granted_in_it(services: Services, world: World) -> None:
    granted(services, world)
    services.identity.end_appointment(world.system_admin.actor(), world.wang.appointment_id, "调动")
    held = services.access_queries.my_access(world.wang.official_id)
    assert [(entry.grant.state, entry.grant.close_reason) for entry in held] == [(GrantState.CLOSED, "mover")]


def test_live_grants_are_listed_for_whoever_may_revoke_them(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    queries = services.access_queries
    assert [entry.grant.id for entry in queries.overseen_access(world.li.actor()).entries] == [grant_id]
    assert queries.overseen_access(world.li.actor()).entries[0].holder.name == "王芳"
    assert queries.overseen_access(world.zhao.actor()).entries == ()
    services.access.revoke(world.li.actor(), grant_id, "办件已结束")
    assert queries.overseen_access(world.li.actor()).entries == ()


def test_the_oldest_of_many_can_still_be_revoked(services: Services, world: World) -> None:
    """A list has pages, and what stands on a later one is under the same authority."""
    li, now = world.li.actor(), services.clock.now()
    owner = world.organisation.ids["housing"]
    people = [world.people[login] for login in ("WANGFANG", "SHANXUEMEI", "CHENJIE")]
    oldest = [
        services.authorization.open_grant(
            SEED,
            NewGrant(
                person.official_id,
                person.appointment_id,
                "housing",
                READ,
                now,
                now + timedelta(days=5),
                Scope((XIHU,)),
                owner_department_id=owner,
            ),
        )
        for person in people
    ]
    queries = services.access_queries
    page = queries.overseen_access(li, limit=2)
    assert [entry.grant.id for entry in page.entries] == oldest[:0:-1]
    rest = queries.overseen_access(li, page.cursor, limit=2)
    assert ([entry.grant.id for entry in rest.entries], rest.cursor) == (oldest[:1], None)
    first = queries.overseen_grant(li, oldest[0])
    assert first is not None
    assert first.holder.name == "王芳"
    assert queries.overseen_grant(world.zhao.actor(), oldest[0]) is None
    services.authorization.close_grant(SEED, oldest[0], "办结")
    assert queries.overseen_grant(li, oldest[0]) is None


def test_what_ended_long_ago_is_no_longer_listed(services: Services, world: World, clock: ManualClock) -> None:
    granted(services, world, days=1)
    clock.advance(timedelta(days=31))
    assert services.access_queries.my_access(world.wang.official_id) == ()


def test_opening_and_closing_are_promised_to_the_subsystem(services: Services, world: World) -> None:
    grant_id = granted(services, world)
    services.access.revoke(world.li.actor(), grant_id, "办件已结束")
    names = services.uow.read().scalars(text("SELECT name FROM audit_event WHERE name LIKE 'authorization:grant:%'"))
    assert sorted(names) == ["authorization:grant:closed", "authorization:grant:opened"]
