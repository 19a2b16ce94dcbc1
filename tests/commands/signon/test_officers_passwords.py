"""Whoever issues a password could sign in with it: so nobody issues one for somebody who may do more."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from tests.factories.world import SEED, World


def account_id(services: Services, world: World, login: str) -> UUID:
    account = services.identity_queries.account_of(world.people[login].official_id)
    assert account is not None
    return account.id


@pytest.mark.parametrize("officer", ["WUXIAOYAN", "ZHENGGUOHUA", "ZHOUJIANJUN"])
def test_no_officer_gets_a_password_from_another(services: Services, world: World, officer: str) -> None:
    with pytest.raises(Denied):
        services.signon.issue_password(world.system_admin.actor(), account_id(services, world, officer))
    assert services.signon.issue_password(Actor.system("operator"), account_id(services, world, officer))


def test_an_office_that_is_planned_counts(services: Services, world: World) -> None:
    wang = account_id(services, world, "WANGFANG")
    assert services.signon.issue_password(world.system_admin.actor(), wang)
    later = services.clock.now() + timedelta(days=30)
    services.authorization.assign_role(SEED, world.wang.official_id, "audit_admin", until=later, reason="轮岗")
    with pytest.raises(Denied):
        services.signon.issue_password(world.system_admin.actor(), wang)


def test_a_department_administrator_issues_for_staff_alone(services: Services, world: World) -> None:
    sunli = world.people["SUNLI"].actor()
    assert services.signon.issue_password(sunli, account_id(services, world, "WANGFANG"))
    path = world.organisation.paths["xihu_civil_affairs"]
    services.authorization.assign_role(SEED, world.wang.official_id, "senior_admin", scope={"department_path": path}, reason="主持工作")
    with pytest.raises(Denied):
        services.signon.issue_password(sunli, account_id(services, world, "WANGFANG"))
    with pytest.raises(Denied):
        services.signon.issue_password(sunli, account_id(services, world, "SUNLI"))
    with pytest.raises(Denied):
        services.signon.issue_password(sunli, account_id(services, world, "CHENJIE"))
