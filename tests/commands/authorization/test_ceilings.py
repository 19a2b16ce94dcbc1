"""Ceilings: what administrators of departments may give directly, and every way in which they may not (越权)."""

from __future__ import annotations

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.models import OFFICER_ROLES, RoleCeiling
from govcloud.identity.inputs import NewAppointment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied, Invalid, NotFound
from govcloud.kernel.ids import new_id
from govcloud.services import Services
from tests.factories.world import SEED, Person, World

CLERK = "housing_clerk"


def until(services: Services) -> datetime:
    return services.clock.now() + timedelta(days=30)


def ceiling(services: Services, world: World, key: str) -> set[str]:
    return set(services.authorization_queries.duties.ceiling(world.organisation.paths[key]).roles)


def set_ceiling(services: Services, world: World, key: str, *roles: str, actor: Actor | None = None) -> bool:
    department = world.organisation.ids[key]
    return services.authorization.set_role_ceiling(actor or world.security_admin.actor(), department, roles, "窗口力量调配")


@pytest.fixture
def sun(services: Services, world: World) -> Person:
    """Return 孙丽, who administers 西湖区民政局, where the clerk's role may be given."""
    set_ceiling(services, world, "xihu_civil_affairs", CLERK)
    return world.people["SUNLI"]


def test_a_ceiling_is_inherited_until_a_nearer_one_is_set(services: Services, world: World) -> None:
    assert ceiling(services, world, "xihu_civil_affairs") == set()
    assert set_ceiling(services, world, "government", CLERK, "counter_clerk") is True
    assert set_ceiling(services, world, "government", CLERK, "counter_clerk") is False
    assert ceiling(services, world, "xihu_civil_affairs") == {CLERK, "counter_clerk"}
    set_ceiling(services, world, "xihu", CLERK)
    assert ceiling(services, world, "xihu_civil_affairs") == {CLERK}
    assert ceiling(services, world, "housing") == {CLERK, "counter_clerk"}
    set_ceiling(services, world, "xihu_civil_affairs")
    assert ceiling(services, world, "xihu_civil_affairs") == set()
    guard, department = world.security_admin.actor(), world.organisation.ids["xihu_civil_affairs"]
    services.authorization.set_role_ceiling(guard, department, None, "恢复继承")
    assert ceiling(services, world, "xihu_civil_affairs") == {CLERK}


def test_what_is_taken_above_is_taken_below(services: Services, world: World) -> None:
    set_ceiling(services, world, "government", CLERK, "counter_clerk")
    set_ceiling(services, world, "xihu_civil_affairs", "counter_clerk")
    set_ceiling(services, world, "xihu_housing", CLERK)
    set_ceiling(services, world, "government", CLERK)
    assert ceiling(services, world, "xihu_civil_affairs") == set()
    assert ceiling(services, world, "xihu_housing") == {CLERK}
    assert ceiling(services, world, "data") == {CLERK}


def test_a_ceiling_follows_the_tree(services: Services, world: World) -> None:
    set_ceiling(services, world, "xihu", CLERK)
    services.identity.move_department(SEED, world.organisation.ids["xihu_civil_affairs"], world.organisation.ids["government"])
    moved = services.identity_queries.department(world.organisation.ids["xihu_civil_affairs"])
    assert moved is not None
    assert services.authorization_queries.duties.ceiling(moved.path).roles == frozenset()


def test_an_administrator_gives_and_takes_within_the_ceiling(services: Services, world: World, sun: Person) -> None:
    wang = world.wang
    given = services.authorization.assign_role(
        sun.actor(), wang.official_id, CLERK, wang.appointment_id, reason="窗口支援", until=until(services)
    )
    assert services.authorization.decide(Question("housing:register:read", wang.appointment_id)).allowed
    assert services.authorization.end_assignment(sun.actor(), given, "支援结束") is True
    assert not services.authorization.decide(Question("housing:register:read", wang.appointment_id)).allowed


def test_not_without_end_nor_without_reason(services: Services, world: World, sun: Person) -> None:
    wang = world.wang
    with pytest.raises(Invalid) as refused:
        services.authorization.assign_role(sun.actor(), wang.official_id, CLERK, wang.appointment_id)
    assert {item.field for item in refused.value.fields} == {"reason", "until"}
    with pytest.raises(Invalid) as refused:
        services.authorization.assign_role(world.security_admin.actor(), wang.official_id, CLERK, wang.appointment_id)
    assert {item.field for item in refused.value.fields} == {"reason"}


def test_not_beyond_subtree_ceiling_or_office_and_not_to_oneself(services: Services, world: World, sun: Person) -> None:
    """越权 of an administrator of a department, each with its reason."""
    wang, chen, shan = world.wang, world.people["CHENJIE"], world.people["SHANXUEMEI"]
    assign, end = services.authorization.assign_role, until(services)
    # 西湖区民政局 lies beside, 余杭区民政局 elsewhere; the government above.
    for outsider in (chen, shan, world.li):
        with pytest.raises(Denied) as refused:
            assign(sun.actor(), outsider.official_id, CLERK, outsider.appointment_id, reason="越权", until=end)
        assert refused.value.code == "out_of_scope"
    for role in ("counter_clerk", "senior_admin", "department_admin", *OFFICER_ROLES):
        scope = {"department_path": world.organisation.paths["xihu_civil_affairs"]} if role.endswith("_admin") else None
        with pytest.raises(Denied) as refused:
            assign(sun.actor(), wang.official_id, role, wang.appointment_id, scope=scope, reason="越权", until=end)
        assert refused.value.code == "above_ceiling", role
    with pytest.raises(Denied) as refused:
        assign(sun.actor(), sun.official_id, CLERK, sun.appointment_id, reason="越权", until=end)
    assert refused.value.code == "condition_not_met"
    # A role of the person would hold under appointments elsewhere, too.
    with pytest.raises(Denied) as refused:
        assign(sun.actor(), wang.official_id, CLERK, None, reason="越权", until=end)
    assert refused.value.code == "out_of_scope"


def test_not_through_an_appointment_elsewhere(services: Services, world: World, sun: Person) -> None:
    also = NewAppointment(world.organisation.ids["yuhang_civil_affairs"], "业务审核员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, also)
    with pytest.raises(Denied):
        services.authorization.assign_role(sun.actor(), world.wang.official_id, CLERK, also.id, reason="越权", until=until(services))
    # Nor with another person's appointment.
    with pytest.raises(Denied):
        services.authorization.assign_role(
            sun.actor(), world.li.official_id, CLERK, world.wang.appointment_id, reason="越权", until=until(services)
        )


def test_not_with_a_wider_department(services: Services, world: World, sun: Person) -> None:
    set_ceiling(services, world, "xihu_civil_affairs", "department_admin")
    wang, paths = world.wang, world.organisation.paths
    for key in ("xihu", "government", "yuhang_civil_affairs"):
        with pytest.raises(Denied) as refused:
            services.authorization.assign_role(
                sun.actor(),
                wang.official_id,
                "department_admin",
                wang.appointment_id,
                scope={"department_path": paths[key]},
                reason="越权",
                until=until(services),
            )
        assert refused.value.code == "out_of_scope"
    services.authorization.assign_role(
        sun.actor(),
        wang.official_id,
        "department_admin",
        wang.appointment_id,
        scope={"department_path": paths["xihu_civil_affairs"]},
        reason="代管",
        until=until(services),
    )


def test_nothing_is_taken_that_lies_above(services: Services, world: World, sun: Person) -> None:
    for login in ("WANGFANG", "SHANXUEMEI", "WUXIAOYAN", "ZHENGGUOHUA"):
        [held] = services.authorization_queries.assignments_of(world.people[login].official_id)
        with pytest.raises(Denied):
            services.authorization.end_assignment(sun.actor(), held.id, "越权")


def test_an_administrator_above_sets_the_ceiling_within_the_own_one(services: Services, world: World) -> None:
    paths, chief = world.organisation.paths, world.people["QIANWEI"]
    services.authorization.assign_role(SEED, chief.official_id, "department_admin", scope={"department_path": paths["xihu"]})
    set_ceiling(services, world, "xihu", CLERK)
    assert set_ceiling(services, world, "xihu_civil_affairs", CLERK, actor=chief.actor())
    with pytest.raises(Denied) as refused:
        set_ceiling(services, world, "xihu_civil_affairs", CLERK, "counter_clerk", actor=chief.actor())
    assert refused.value.code == "above_ceiling"
    # Neither the own ceiling, nor one beside or above.
    for key in ("xihu", "government", "yuhang_civil_affairs", "housing"):
        with pytest.raises(Denied) as refused:
            set_ceiling(services, world, key, CLERK, actor=chief.actor())
        assert refused.value.code == "out_of_scope", key
    # 孙丽 administers the bureau itself, and nothing below it.
    with pytest.raises(Denied):
        set_ceiling(services, world, "xihu_civil_affairs", CLERK, actor=world.people["SUNLI"].actor())
    for login in ("WANGFANG", "LIQIANG", "HEWEI", "ZHOUJIANJUN", "ZHENGGUOHUA"):
        with pytest.raises(Denied):
            set_ceiling(services, world, "xihu_civil_affairs", actor=world.people[login].actor())


def test_no_officer_stands_in_a_ceiling(services: Services, world: World) -> None:
    for role in (*OFFICER_ROLES, "official", "no_such_role", "system:seed"):
        with pytest.raises(Invalid):
            set_ceiling(services, world, "xihu", role)
    with services.uow.begin(SEED, "govcloud:role_ceiling:set") as tx:
        row = RoleCeiling(
            id=new_id(), department_id=world.organisation.ids["xihu"], role_code="audit_admin", reason="", set_by="", valid_from=tx.now
        )
        with pytest.raises(IntegrityError, match="ck_role_ceiling_no_officer"), tx.session.begin_nested():
            tx.session.add(row)
    with pytest.raises(NotFound):
        services.authorization.set_role_ceiling(world.security_admin.actor(), uuid4(), [CLERK], "窗口力量调配")


def test_what_held_before_can_still_be_asked(services: Services, world: World, clock: ManualClock) -> None:
    set_ceiling(services, world, "xihu", CLERK)
    before = clock.now()
    clock.advance(timedelta(days=1))
    set_ceiling(services, world, "xihu", "counter_clerk")
    duties = services.authorization_queries.duties
    assert duties.ceiling(world.organisation.paths["xihu"], before).roles == {CLERK}
    assert duties.ceiling(world.organisation.paths["xihu"]).roles == {"counter_clerk"}
    assert duties.departments_with_ceiling() == (world.organisation.ids["xihu"],)
    rows = services.uow.read().scalars(select(RoleCeiling.role_code)).all()
    assert sorted(str(role) for role in rows) == ["counter_clerk", CLERK]
