"""Roles: who may give which to whom, that no one is two of the three officers, and delegated administration."""

from __future__ import annotations

import threading
from datetime import timedelta
from itertools import permutations
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import select

from govcloud.authorization.commands import NewAssignment
from govcloud.authorization.deciding.decisions import Question
from govcloud.authorization.models import OFFICER_ROLES, RoleAssignment
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid, NotFound
from govcloud.services import Services
from tests.factories.world import SEED, World


def held(services: Services, official_id: UUID) -> list[str]:
    return [view.role_code for view in services.authorization_queries.assignments_of(official_id)]


def test_the_security_administrator_gives_and_takes_roles(services: Services, world: World) -> None:
    guard, wang = world.security_admin.actor(), world.wang
    assignment_id = services.authorization.assign_role(guard, wang.official_id, "housing_clerk", wang.appointment_id, reason="借调")
    assert "housing_clerk" in held(services, wang.official_id)
    assert services.authorization.decide(Question("housing:register:read", wang.appointment_id)).allowed
    assert services.authorization.end_assignment(guard, assignment_id, "结束借调") is True
    assert services.authorization.end_assignment(guard, assignment_id, "结束借调") is False
    assert not services.authorization.decide(Question("housing:register:read", wang.appointment_id)).allowed


def test_a_role_may_be_given_again_in_the_instant_in_which_it_was_taken(services: Services, world: World) -> None:
    guard, wang = world.security_admin.actor(), world.wang
    first = services.authorization.assign_role(guard, wang.official_id, "housing_clerk", reason="借调")
    services.authorization.end_assignment(guard, first, "误授")
    second = services.authorization.assign_role(guard, wang.official_id, "housing_clerk", reason="借调")
    assert first != second
    assert held(services, wang.official_id).count("housing_clerk") == 1


def test_giving_what_is_held_changes_nothing(services: Services, world: World) -> None:
    guard = world.security_admin.actor()
    terms: dict[str, Any] = {"scope": {"divisions": ["330106000000"]}, "reason": "帮办"}
    first = services.authorization.assign_role(guard, world.wang.official_id, "housing_clerk", **terms)
    assert services.authorization.assign_role(guard, world.wang.official_id, "housing_clerk", **terms) == first
    assert services.authorization.assign_role(guard, world.wang.official_id, "housing_clerk", reason="帮办") != first


def test_the_security_administrator_gives_herself_nothing(services: Services, world: World) -> None:
    me = world.security_admin
    with pytest.raises(Denied) as refused:
        services.authorization.assign_role(me.actor(), me.official_id, "housing_clerk")
    assert refused.value.code == "condition_not_met"
    batch = [NewAssignment(me.official_id, "housing_clerk"), NewAssignment(world.wang.official_id, "housing_clerk")]
    with pytest.raises(Denied):
        services.authorization.assign_roles(me.actor(), batch)
    assert held(services, me.official_id) == ["security_admin"]


def test_nobody_else_gives_roles(services: Services, world: World) -> None:
    people = [world.people[login].actor() for login in ("WANGFANG", "LIQIANG", "SUNLI", "HEWEI", "ZHOUJIANJUN", "ZHENGGUOHUA")]
    others = [Actor.anonymous(), Actor.subsystem("housing-web", "住房"), Actor.system("jobs"), Actor.system("reaction")]
    for actor in (*people, *others):
        with pytest.raises(Denied):
            services.authorization.assign_role(actor, world.wang.official_id, "housing_clerk")


def test_no_one_is_two_of_the_three_officers(services: Services, world: World) -> None:
    names = {"system_admin": "系统管理员", "security_admin": "安全管理员", "audit_admin": "审计管理员"}
    for first, second in permutations(OFFICER_ROLES, 2):
        assignment_id = services.authorization.assign_role(SEED, world.wang.official_id, first)
        with pytest.raises(Conflict, match=f"此人已是{names[first]}") as refused:
            services.authorization.assign_role(SEED, world.wang.official_id, second)
        assert refused.value.code == "officers_exclusive"
        assert set(held(services, world.wang.official_id)) & set(OFFICER_ROLES) == {first}
        services.authorization.end_assignment(world.security_admin.actor(), assignment_id, "换人")


def test_not_in_one_batch_either(services: Services, world: World) -> None:
    with pytest.raises(Conflict):
        services.authorization.assign_roles(SEED, [NewAssignment(world.wang.official_id, role) for role in OFFICER_ROLES])
    assert not set(held(services, world.wang.official_id)) & set(OFFICER_ROLES)


def test_not_by_turns_that_overlap_but_by_turns_that_do_not(services: Services, world: World, clock: ManualClock) -> None:
    until = clock.now() + timedelta(days=30)
    services.authorization.assign_role(SEED, world.wang.official_id, "audit_admin", until=until)
    clock.advance(timedelta(days=29))
    with pytest.raises(Conflict):
        services.authorization.assign_role(SEED, world.wang.official_id, "system_admin")
    clock.advance(timedelta(days=1))
    services.authorization.assign_role(SEED, world.wang.official_id, "system_admin")


def test_two_connections_at_once_make_one_officer(app: Flask, services: Services, world: World) -> None:
    start = threading.Barrier(3)
    results: list[UUID | GovcloudError] = []

    def assign(role: str) -> None:
        with app.app_context():
            start.wait()
            try:
                results.append(services.authorization.assign_role(SEED, world.wang.official_id, role))
            except GovcloudError as error:
                results.append(error)

    threads = [threading.Thread(target=assign, args=(role,)) for role in OFFICER_ROLES]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [type(result) for result in results].count(UUID) == 1
    assert all(isinstance(result, UUID | Conflict) for result in results)
    assert len(set(held(services, world.wang.official_id)) & set(OFFICER_ROLES)) == 1


def test_the_database_itself_refuses_two_offices(services: Services, world: World) -> None:
    from sqlalchemy.exc import IntegrityError  # noqa: PLC0415

    from govcloud.kernel.ids import new_id  # noqa: PLC0415

    guard = world.people["WUXIAOYAN"]
    with services.uow.begin(SEED, "govcloud:role:assign") as tx:
        row = RoleAssignment(
            id=new_id(), official_id=guard.official_id, role_code="audit_admin", reason="", assigned_by="", valid_from=tx.now
        )
        with pytest.raises(IntegrityError, match="ex_role_assignment_officers"), tx.session.begin_nested():
            tx.session.add(row)


#: Role and scope → the field that is refused.
NOT_TO_BE_GIVEN: list[tuple[str, dict[str, object] | None, str]] = [
    ("no_such_role", None, "role_code"),
    ("official", None, "role_code"),
    ("anonymous", None, "role_code"),
    ("system:operator", None, "role_code"),
    ("grant:housing:register:read", None, "role_code"),
    ("senior_admin", None, "scope"),
    ("senior_admin", {"divisions": ["330106000000"]}, "scope"),
    ("senior_admin", {"department_path": "abc"}, "scope"),
    ("housing_clerk", {"divisions": ["33"]}, "scope"),
    ("housing_clerk", {"divisions": "330106000000"}, "scope"),
    ("housing_clerk", {"colour": "red"}, "scope"),
]


def test_roles_that_cannot_be_given(services: Services, world: World) -> None:
    for role, scope, field in NOT_TO_BE_GIVEN:
        with pytest.raises(Invalid) as refused:
            services.authorization.assign_role(SEED, world.wang.official_id, role, scope=scope)
        assert [item.field for item in refused.value.fields] == [field], (role, scope)


def test_a_role_that_ends_before_it_begins(services: Services, world: World) -> None:
    with pytest.raises(Invalid):
        services.authorization.assign_role(SEED, world.wang.official_id, "housing_clerk", until=services.clock.now())


def test_unknown_officials_and_assignments(services: Services, world: World) -> None:
    with pytest.raises(NotFound, match="公职人员"):
        services.authorization.assign_role(SEED, uuid4(), "housing_clerk")
    with pytest.raises(NotFound, match="任职"):
        services.authorization.assign_role(SEED, world.wang.official_id, "housing_clerk", uuid4())
    with pytest.raises(NotFound):
        services.authorization.end_assignment(world.security_admin.actor(), uuid4(), "x")


def test_department_paths_and_holders(services: Services, world: World) -> None:
    queries, paths = services.authorization_queries, world.organisation.paths
    li = world.li
    assert queries.department_paths(li.official_id, li.appointment_id, "senior_admin") == (paths["housing"],)
    assert queries.department_paths(world.wang.official_id, world.wang.appointment_id, "senior_admin") == ()
    holders = queries.role_holders("senior_admin", [paths["housing"], paths["government"]])
    assert {holder.official_id for holder in holders} == {li.official_id, world.people["QIANWEI"].official_id}
    services.authorization.assign_role(SEED, li.official_id, "senior_admin", scope={"department_path": paths["government"]})
    assert queries.department_paths(li.official_id, li.appointment_id, "senior_admin") == (paths["government"],)


def test_delegated_roles_follow_a_department_that_moves(services: Services, world: World) -> None:
    paths, li = world.organisation.paths, world.li
    old, new = paths["housing"], paths["data"] + paths["housing"].removeprefix(paths["government"])
    with services.uow.begin(SEED, "govcloud:department:move") as tx:
        assert services.authorization.follow_department(tx, old, new) == 3
    assert services.authorization_queries.department_paths(li.official_id, li.appointment_id, "senior_admin") == (new,)
    rows = services.uow.read().scalars(select(RoleAssignment).where(RoleAssignment.official_id == li.official_id)).all()
    assert len(rows) == 2
