"""Step-up: sensitive commands run in a session that proved a second factor lately, whichever way they come in."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest

from govcloud.authorization.shipped import baseline
from govcloud.identity.importing.runs import Order
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Denied
from govcloud.services import Services
from govcloud.signon.errors import FactorRefused, SignInLocked, SignInRefused
from govcloud.signon.step_up import SENSITIVE, Means, StepUpRequired
from govcloud.signon.views import ACR_MFA, CurrentSession
from tests.factories.factors import STEP, Phone, acting, enrolled, opened
from tests.factories.imports import OPERATOR, a_row, write_csv
from tests.factories.world import PASSWORD, SEED, World


@pytest.fixture
def phone(services: Services, world: World, clock: ManualClock) -> Phone:
    return enrolled(services, clock, "SUNLI")


@pytest.fixture
def session(services: Services, world: World, phone: Phone) -> CurrentSession:
    """Return 孙丽's session, in which her second factor was proven just now."""
    return services.signon.sessions_of(world.people["SUNLI"].official_id)[0]


def demand(services: Services, world: World) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "privileged"}, "管理岗位")


def test_every_sensitive_command_is_a_function_of_the_platform() -> None:
    assert set(baseline().functions) >= SENSITIVE


def test_a_sensitive_command_runs_while_the_proof_is_fresh(
    services: Services, world: World, session: CurrentSession, clock: ManualClock
) -> None:
    actor, wang = acting(session), world.wang.official_id
    demand(services, world)
    clock.advance(timedelta(minutes=14))
    services.identity.unmask(actor, wang, "phone", "核对联系方式")
    clock.advance(timedelta(minutes=1, seconds=1))
    with pytest.raises(StepUpRequired):
        services.identity.unmask(actor, wang, "phone", "核对联系方式")


def test_nothing_of_a_refused_command_stays_or_is_held_against_anybody(
    services: Services, world: World, session: CurrentSession, clock: ManualClock
) -> None:
    demand(services, world)
    clock.advance(timedelta(minutes=16))
    before = len(services.audit_queries.newest(limit=500))
    with pytest.raises(StepUpRequired):
        services.identity.unmask(acting(session), world.wang.official_id, "phone", "核对联系方式")
    assert len(services.audit_queries.newest(limit=500)) == before


def test_who_may_not_is_told_so_and_not_led_to_a_proof(services: Services, world: World) -> None:
    demand(services, world)
    with pytest.raises(Denied):
        services.identity.unmask(world.wang.actor(), world.li.official_id, "phone", "核对联系方式")


def test_while_second_factors_are_optional_nothing_is_asked(services: Services, world: World) -> None:
    services.identity.unmask(acting(opened(services, "SUNLI")), world.wang.official_id, "phone", "核对联系方式")


def test_parts_of_the_platform_have_no_phone(services: Services, world: World) -> None:
    demand(services, world)
    account = services.identity_queries.account_of(world.wang.official_id)
    assert account is not None
    assert services.signon.issue_password(SEED, account.id)


def test_a_proof_in_another_session_does_not_count(services: Services, world: World, session: CurrentSession, clock: ManualClock) -> None:
    """The one at the desk was proven; the one that was stolen was not."""
    demand(services, world)
    clock.advance(timedelta(minutes=16))
    no_session = world.people["SUNLI"].actor()
    with pytest.raises(StepUpRequired):
        services.identity.unmask(no_session, world.wang.official_id, "phone", "核对联系方式")


def test_stepping_up_gives_a_fresh_token_and_the_same_session(
    services: Services, world: World, phone: Phone, session: CurrentSession, clock: ManualClock
) -> None:
    clock.advance(timedelta(minutes=20))
    token = services.step_up.by_factor(acting(session), session, "totp", phone.code())
    renewed = services.signon.current(token)
    assert renewed is not None
    assert renewed.session_id == session.session_id
    assert renewed.auth_time == renewed.second_factor_at == clock.now()
    assert (renewed.acr, renewed.amr) == (ACR_MFA, ("pwd", "otp", "mfa"))
    clock.advance(STEP)
    again = services.step_up.by_factor(acting(renewed), renewed, "totp", phone.code())
    assert services.signon.current(token) is None
    assert services.signon.current(again) is not None


def test_the_password_will_not_do_where_there_is_a_factor(services: Services, session: CurrentSession) -> None:
    assert services.step_up.offer(session).means is Means.FACTOR
    with pytest.raises(FactorRefused):
        services.step_up.by_password(acting(session), session, PASSWORD)


def test_without_a_factor_the_password_proves_the_moment_and_no_more(services: Services, world: World, clock: ManualClock) -> None:
    session = opened(services)
    assert services.step_up.offer(session).means is Means.PASSWORD
    clock.advance(timedelta(minutes=20))
    with pytest.raises(SignInRefused):
        services.step_up.by_password(acting(session), session, "wrong")
    renewed = services.signon.current(services.step_up.by_password(acting(session), session, PASSWORD))
    assert renewed is not None
    assert renewed.auth_time == clock.now()
    assert renewed.second_factor_at is None
    assert services.step_up.offer(session, factor=True).means is Means.ENROL


def test_guessing_at_step_up_locks(services: Services, world: World, phone: Phone, session: CurrentSession) -> None:
    for _ in range(5):
        with pytest.raises(FactorRefused):
            services.step_up.by_factor(acting(session), session, "totp", "000000")
    with pytest.raises(SignInLocked):
        services.step_up.by_factor(acting(session), session, "totp", phone.code())


def test_nobody_steps_anothers_session_up(services: Services, world: World, phone: Phone, session: CurrentSession) -> None:
    with pytest.raises(Denied):
        services.step_up.by_factor(world.wang.actor(), session, "totp", phone.code())


def checked_file(services: Services, world: World, folder: Path, **more: str) -> UUID:
    """Upload a file of one person and return its run, which waits to be confirmed."""
    path = write_csv(folder / "people.csv", [a_row(1, at="xihu_civil_affairs", **more)])
    order = Order("file", world.organisation.ids["xihu_civil_affairs"])
    run = services.importing.upload(OPERATOR, path, "people.csv", order, at_once=True)
    services.importing.check(run.id)
    return run.id


@pytest.mark.parametrize("secret", ["pbkdf2:sha256:1000$salt$" + "a" * 64, "clear text, which is a finding"])
def test_a_file_with_passwords_is_confirmed_by_a_recent_proof(
    *, services: Services, world: World, session: CurrentSession, clock: ManualClock, tmp_path: Path, secret: str
) -> None:
    """Whoever brings a hash may know the password behind it, and could sign in as another."""
    demand(services, world)
    run = checked_file(services, world, tmp_path, password_hash=secret)
    clock.advance(timedelta(minutes=16))
    with pytest.raises(StepUpRequired):
        services.importing.confirm(acting(session), run)
    assert services.import_queries.run(run).state == "checked"
    # Without passwords it is people alone, which takes no more than the right to bring them.
    services.importing.confirm(acting(session), checked_file(services, world, tmp_path))


def test_a_file_with_passwords_is_confirmed_while_the_proof_is_fresh(
    services: Services, world: World, session: CurrentSession, tmp_path: Path
) -> None:
    demand(services, world)
    run = checked_file(services, world, tmp_path, password_hash="pbkdf2:sha256:1000$salt$" + "a" * 64)
    services.importing.confirm(acting(session), run)
    assert services.import_queries.run(run).state == "queued"
