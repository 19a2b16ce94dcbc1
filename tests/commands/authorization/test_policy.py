"""Installing policies: the first one, the next one, what is kept of the old, and who may."""

from __future__ import annotations

import threading

import pytest
import yaml
from flask import Flask
from sqlalchemy import func, select

from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.models import PolicyRule, Role
from govcloud.authorization.policies.document import parse_document
from govcloud.authorization.shipped import baseline
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, Denied
from govcloud.services import Services
from tests.factories.policies import OPERATOR, install, province_policy
from tests.factories.world import SEED, World, small_province

EXTRA = """
roles:
  barred:
    name: 停用
    rules:
      - deny: housing:*
"""


def test_until_a_policy_is_installed_the_shipped_one_decides(services: Services) -> None:
    assert services.authorization_queries.policy().number == 0
    assert services.authorization_queries.installed_document() is None
    for actor in (Actor.anonymous(), Actor.system("jobs"), Actor.subsystem("x", "x")):
        with pytest.raises(Denied):
            services.authorization.install_policy(actor, baseline())
    assert services.authorization.install_policy(SEED, baseline()) == 1
    assert services.authorization_queries.policy().number == 1


def test_the_seed_installs_the_first_policy_and_no_other(services: Services) -> None:
    services.authorization.install_policy(SEED, baseline())
    with pytest.raises(Denied) as refused:
        services.authorization.install_policy(SEED, baseline().extended_by(EXTRA, "more"))
    assert refused.value.code == "condition_not_met"


def test_the_operator_installs_the_first_policy_and_no_other(services: Services) -> None:
    assert services.authorization.install_policy(OPERATOR, baseline()) == 1
    with pytest.raises(Denied) as refused:
        services.authorization.install_policy(OPERATOR, baseline().extended_by(EXTRA, "more"))
    assert refused.value.code == "condition_not_met"


def test_installing_the_same_again_changes_nothing(services: Services) -> None:
    assert services.authorization.install_policy(OPERATOR, baseline()) == 1
    assert install(services, baseline()) == 1
    assert len(services.authorization_queries.policy_versions()) == 1


def test_a_new_policy_counts_in_the_very_next_decision(services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    question = Question("housing:register:read", chen.appointment_id)
    assert services.authorization.decide(question).allowed
    install(services, province_policy(EXTRA))
    services.authorization.assign_role(world.security_admin.actor(), chen.official_id, "barred", reason="停用")
    assert services.authorization.decide(question).code is Reason.FORBIDDEN_BY_RULE


def test_rules_that_stay_keep_their_row_and_those_that_go_are_closed(services: Services) -> None:
    services.authorization.install_policy(OPERATOR, baseline().extended_by(EXTRA, "with"))
    session = services.uow.read()
    before = set(session.scalars(select(PolicyRule.id).where(PolicyRule.valid_to.is_(None))))
    install(services, baseline())
    after = set(services.uow.read().scalars(select(PolicyRule.id).where(PolicyRule.valid_to.is_(None))))
    assert after < before
    assert len(before - after) == 1
    closed = services.uow.read().scalars(select(Role.code).where(Role.valid_to.is_not(None))).all()
    assert list(closed) == ["barred"]


def test_an_empty_policy_denies_everyone(services: Services, world: World) -> None:
    keep = [role.code for role in services.authorization_queries.roles()]
    empty = parse_document(yaml.safe_dump({"roles": {code: {} for code in keep}}), "empty")
    install(services, empty)
    assert services.authorization_queries.policy().number == 2
    for function in ("housing:register:read", "housing:door:enter", "govcloud:request:submit"):
        assert not services.authorization.decide(Question(function, world.people["CHENJIE"].appointment_id)).allowed
    for actor in (OPERATOR, SEED, world.security_admin.actor()):
        with pytest.raises(Denied):
            services.authorization.install_policy(actor, baseline())


def test_a_policy_may_not_drop_a_role_that_officials_hold(services: Services, world: World) -> None:
    assert world.people
    with pytest.raises(Conflict, match="counter_clerk、housing_clerk") as refused:
        install(services, baseline())
    assert refused.value.code == "role_in_use"
    assert services.authorization_queries.policy().number == 1


def test_nobody_installs_over_a_policy_alone(services: Services, world: World) -> None:
    changed = province_policy(EXTRA)
    for login in ("WANGFANG", "LIQIANG", "SUNLI", "ZHOUJIANJUN", "ZHENGGUOHUA", "WUXIAOYAN"):
        with pytest.raises(Denied):
            services.authorization.install_policy(world.people[login].actor(), changed)
    assert services.authorization_queries.policy().number == 1


def test_what_was_installed_is_kept_word_for_word(services: Services) -> None:
    services.authorization.install_policy(OPERATOR, baseline())
    document = services.authorization_queries.installed_document()
    assert document is not None
    assert document.text == baseline().text
    (version,) = services.authorization_queries.policy_versions()
    assert (version.number, version.checksum, version.installed_by) == (1, baseline().checksum, "system:operator")


def test_the_policy_from_the_database_is_the_one_from_the_file(services: Services) -> None:
    services.authorization.install_policy(OPERATOR, baseline())
    policy = services.authorization_queries.policy()
    assert policy.rules[1:] == baseline().rules
    assert {role.code: set(role.includes) for role in policy.roles.values()} == {role.code: set(role.includes) for role in baseline().roles}


def test_decisions_hold_while_policies_are_swapped(app: Flask, services: Services) -> None:
    """Readers on their own connections ask without a pause while a writer installs policy after policy: no wrong answer."""
    world = small_province(services)
    chen, wang = world.people["CHENJIE"], world.wang
    stop = threading.Event()
    wrong: list[str] = []
    asked: list[int] = []

    def ask() -> None:
        with app.app_context():
            count = 0
            while not stop.is_set():
                count += 1
                if not services.authorization.decide(Question("housing:register:read", chen.appointment_id)).allowed:
                    wrong.append("a clerk was denied")
                if services.authorization.decide(Question("housing:register:read", wang.appointment_id)).allowed:
                    wrong.append("somebody without the role was allowed")
            asked.append(count)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    kept = province_policy()
    for number in range(6):
        extra = f"roles: {{extra{number}: {{rules: [{{allow: 'assistance:case:read'}}, {{deny: 'housing:register:read'}}]}}}}"
        install(services, kept.extended_by(extra, f"number {number}"))
    stop.set()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert min(asked) > 0
    assert services.uow.read().scalar(select(func.count()).select_from(Role).where(Role.valid_to.is_(None))) == len(kept.roles) + 1
