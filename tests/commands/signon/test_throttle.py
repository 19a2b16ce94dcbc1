"""The brake on guessing: the pair first, then the address; an account under attack stays open to its owner."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, text

from govcloud.jobs.purge import purge
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.signon.errors import SignInLocked, SignInRefused
from govcloud.signon.models import SignInAttempt
from tests.commands.signon.conftest import AGENT, sign_in
from tests.factories.plans import plan_without
from tests.factories.world import PASSWORD, World

WRONG = "Not-the-password-1"
OWN, FAR = "192.0.2.7", "198.51.100.1"


@pytest.fixture
def tight(services: Services, world: World) -> None:
    """Lock an address after twelve failures, and slow an account down after ten."""
    services.signon_policies.set(world.security_admin.actor(), {"address_attempts": 12, "account_attempts": 10}, "演练")


def answer(services: Services, login: str, address: str, password: str = WRONG) -> type[GovcloudError] | None:
    """Return how a try is refused, ``None`` when it is not."""
    try:
        services.signon.sign_in(login, password, address, AGENT)
    except GovcloudError as error:
        return type(error)
    return None


def attack(services: Services, login: str, tries: int) -> list[type[GovcloudError] | None]:
    """Guess from a fresh address each time."""
    return [answer(services, login, f"203.0.113.{number}") for number in range(tries)]


def test_an_address_that_goes_through_accounts_is_locked(services: Services, world: World, tight: None, clock: ManualClock) -> None:
    answers = [answer(services, f"NOBODY{number}", FAR) for number in range(13)]
    assert answers == [SignInRefused] * 12 + [SignInLocked]
    assert answer(services, "WANGFANG", FAR, PASSWORD) is SignInLocked
    assert answer(services, "WANGFANG", OWN, PASSWORD) is None
    clock.advance(timedelta(minutes=30))
    assert answer(services, "WANGFANG", FAR, PASSWORD) is None


def test_the_try_that_would_lock_the_address_may_still_succeed(services: Services, world: World, tight: None) -> None:
    for number in range(11):
        answer(services, f"NOBODY{number}", FAR)
    assert answer(services, "WANGFANG", FAR, PASSWORD) is None
    assert answer(services, "LIQIANG", FAR, PASSWORD) is None


def test_nobody_locks_a_colleague_out_from_outside(services: Services, world: World, tight: None, clock: ManualClock) -> None:
    assert answer(services, "WANGFANG", OWN, PASSWORD) is None  # her desk is known to her account
    clock.advance(timedelta(minutes=1))
    assert attack(services, "WANGFANG", 12) == [SignInRefused] * 10 + [SignInLocked] * 2
    # A stranger's address waits, though it has the password; her own does not.
    assert answer(services, "WANGFANG", FAR, PASSWORD) is SignInLocked
    assert answer(services, "WANGFANG", OWN, PASSWORD) is None
    # Others are not touched at all.
    assert answer(services, "LIQIANG", FAR, PASSWORD) is None


def test_an_account_under_attack_is_slowed_down_and_never_locked(services: Services, world: World, tight: None, clock: ManualClock) -> None:
    attack(services, "WANGFANG", 12)
    clock.advance(timedelta(minutes=5))  # the window: nothing that was refused meanwhile was counted
    assert answer(services, "WANGFANG", FAR, PASSWORD) is None


def test_an_unknown_account_under_attack_looks_the_same(services: Services, world: World, tight: None) -> None:
    assert attack(services, "NOBODY", 12) == [SignInRefused] * 10 + [SignInLocked] * 2


def test_tries_at_once_get_no_further_than_tries_in_turn(app: Flask, services: Services, world: World, tight: None) -> None:
    def guess(number: int) -> type[GovcloudError] | None:
        with app.app_context():
            return answer(services, f"NOBODY{number}", FAR)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(20)))
    assert answers.count(SignInRefused) == 12
    assert answers.count(SignInLocked) == 8


def test_the_table_grows_with_the_pairs_and_not_with_the_sign_ins(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(5):
        sign_in(services)
        clock.advance(timedelta(minutes=1))
    assert rows(services) == 1
    for number in range(4):
        answer(services, "WANGFANG", f"203.0.113.{number}")
    clock.advance(timedelta(days=2, minutes=1))
    purge(services)
    assert rows(services) == 1  # the success stays: her desk is known for a quarter
    clock.advance(timedelta(days=90))
    purge(services)
    assert rows(services) == 0


def test_programs_that_fail_are_counted_in_the_same_way(services: Services, world: World, clock: ManualClock) -> None:
    failed = [services.failure_limits.failed("client", "housing-web", FAR) for _ in range(6)]
    assert failed[:4] == [None] * 4
    assert failed[4:] == [30 * 60] * 2
    # Neither another client at that address nor the same elsewhere.
    assert services.failure_limits.failed("client", "assistance-web", FAR) is None
    assert services.failure_limits.failed("client", "housing-web", OWN) is None
    assert services.failure_limits.failed("device", "housing-web", FAR) is None
    clock.advance(timedelta(minutes=30))
    assert services.failure_limits.failed("client", "housing-web", FAR) is None


def test_the_counts_are_looked_up_by_index(services: Services, world: World) -> None:
    """What every try asks must not slow down with the table."""
    session = services.uow.read()
    plan_without(session, "seqscan")
    for column in ("login_digest = '\\x00'", "source_address = '192.0.2.7'"):
        plan = session.execute(
            text(f"EXPLAIN SELECT id FROM sign_in_attempt WHERE {column} AND outcome = 'failed' AND at > now() ORDER BY at DESC LIMIT 50")
        )
        assert "ix_sign_in_attempt_failed" in " ".join(plan.scalars())


def rows(services: Services) -> int:
    """Return how many tries the table holds."""
    return services.uow.read().scalar(select(func.count()).select_from(SignInAttempt)) or 0
