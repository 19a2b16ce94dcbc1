"""Defects of stock Casbin's adapters and watchers that a policy kept by the database itself must not have (4, 7 and 8 of the ten)."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest
from sqlalchemy import select, text

from govcloud.app import assemble
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.deciding.decisions import Question, Reason
from govcloud.authorization.models import PolicyRule
from govcloud.authorization.policies.document import PolicyDocument
from govcloud.authorization.shipped import baseline
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Settings
from tests.factories.policies import install, province_policy
from tests.factories.world import SEED, World

READ = "housing:register:read"
OPERATOR = Actor.system("operator")
DENY = "roles: {housing_clerk: {name: 住房保障经办, rules: [{deny: 'housing:register:read'}]}}"


def pairs(services: Services) -> set[tuple[str, str]]:
    """Return role and function of the rules of the two roles under test that are in force."""
    query = select(PolicyRule.role_code, PolicyRule.function).where(PolicyRule.valid_to.is_(None), PolicyRule.role_code.in_(["one", "two"]))
    return {(row.role_code, row.function) for row in services.uow.read().execute(query)}


def policy(one: list[str], two: list[str]) -> PolicyDocument:
    return baseline().extended_by(f"roles: {{one: {{rules: [{{allow: {one}}}]}}, two: {{rules: [{{allow: {two}}}]}}}}", "pairs")


def test_4_removing_two_rules_removes_two_and_not_their_cross_product(services: Services) -> None:
    reading, writing = "housing:register:read", "housing:register:write"
    install(services, policy([reading, writing], [reading, writing]))
    install(services, policy([reading], [writing]))
    assert pairs(services) == {("one", reading), ("two", writing)}


class _BrokenError(Exception):
    """Something went wrong after the policy was written."""


def test_7_what_fails_to_commit_is_in_force_nowhere(services: Services, world: World) -> None:
    chen = world.people["CHENJIE"]
    number, before = services.authorization_queries.policy().number, pairs(services)

    def install_and_break() -> None:
        with services.uow.begin(SEED, "govcloud:platform:seed", None) as tx:
            install(services, province_policy(DENY))
            tx.session.flush()
            raise _BrokenError

    with pytest.raises(_BrokenError):
        install_and_break()
    assert services.authorization.decide(Question(READ, chen.appointment_id)).allowed
    assert (services.authorization_queries.policy().number, pairs(services)) == (number, before)


def test_8_a_worker_that_nobody_told_decides_by_the_new_policy(
    services: Services, world: World, settings: Settings, clock: ManualClock
) -> None:
    """There is no watcher that could die: which policy decides is read together with the subject."""
    chen = world.people["CHENJIE"]
    other = assemble(settings, clock)
    codes: list[Reason] = []
    turn = threading.Barrier(2)

    def work() -> None:
        with other.app_context():
            theirs: Services = other.extensions["govcloud"]
            for _ in range(2):
                codes.append(theirs.authorization.decide(Question(READ, chen.appointment_id)).code)
                theirs.uow.read().rollback()
                turn.wait(30)
                turn.wait(30)
            db.session.remove()
            db.engine.dispose()

    worker = threading.Thread(target=work)
    worker.start()
    turn.wait(30)
    clock.advance(timedelta(seconds=1))
    install(services, province_policy(DENY))
    turn.wait(30)
    turn.wait(30)
    turn.wait(30)
    worker.join()
    assert codes == [Reason.ALLOWED, Reason.FORBIDDEN_BY_RULE]


def test_a_machine_whose_clock_is_behind_opens_nothing_early(
    services: Services, world: World, settings: Settings, clock: ManualClock
) -> None:
    """What has not begun for it is denied there; which policy decides is told by its number, not by its date."""
    clock.advance(timedelta(hours=1))
    wang, now = world.wang, clock.now()
    behind = assemble(settings, ManualClock(now - timedelta(minutes=10)))
    ahead = now + timedelta(minutes=1)
    new = NewGrant(wang.official_id, wang.appointment_id, "housing", READ, ahead, ahead + timedelta(days=5))
    services.authorization.open_grant(SEED, new)
    install(services, province_policy(DENY))
    clock.advance(timedelta(minutes=2))
    assert services.authorization.decide(Question(READ, wang.appointment_id)).allowed
    with behind.app_context():
        theirs: Services = behind.extensions["govcloud"]
        assert not theirs.authorization.decide(Question(READ, wang.appointment_id)).allowed
        chen = theirs.authorization.decide(Question(READ, world.people["CHENJIE"].appointment_id))
        assert chen.code is Reason.FORBIDDEN_BY_RULE
        db.session.remove()
        db.engine.dispose()


@pytest.mark.parametrize("name", ["mallory, admin", 'says "x"', "it's; DROP TABLE role", "p, admin, *, *"])
def test_5_names_with_commas_and_quotes_are_kept_as_they_are(services: Services, name: str) -> None:
    document = baseline().extended_by(f"roles: {{odd: {{name: {name!r}, rules: [{{allow: 'housing:a:b', label: {name!r}}}]}}}}", "odd")
    install(services, document)
    policy_ = services.authorization_queries.policy()
    assert policy_.roles["odd"].name == name
    assert [rule.label for rule in policy_.rules if rule.role == "odd"] == [name]
    assert services.uow.read().scalar(text("SELECT count(*) FROM role WHERE valid_to IS NULL AND code = 'odd'")) == 1
