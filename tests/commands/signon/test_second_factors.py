"""Second factors: an app that shows codes, codes on paper, and who may take them away."""

from __future__ import annotations

import base64
from datetime import timedelta

import psycopg
import pytest
from flask import Flask

from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Conflict, Denied, GovcloudError, Invalid
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.ceremony import MoreToProve, Step
from govcloud.signon.errors import CeremonyOver, FactorDemanded, FactorRefused, SignInLocked
from govcloud.signon.opening import Browser
from govcloud.signon.step_up import StepUpRequired
from govcloud.signon.views import ACR_MFA, ACR_PASSWORD, CurrentSession, SignedIn
from tests.commands.signon.conftest import ADDRESS, AGENT
from tests.factories.factors import STEP, Phone, acting, code_of, enrolled, opened
from tests.factories.racing import together
from tests.factories.world import PASSWORD, World

BROWSER = Browser(ADDRESS, AGENT)
NEW = "Another-2026-word"


def begin(services: Services, login: str = "WANGFANG", password: str = PASSWORD) -> MoreToProve:
    """Prove the password and return what is wanted next."""
    with pytest.raises(MoreToProve) as more:
        services.signon.sign_in(login, password, ADDRESS, AGENT)
    return more.value


def go_on(services: Services, token: str, typed: str, factor: str = "totp", browser: Browser = BROWSER) -> SignedIn:
    """Prove a second factor in a ceremony."""
    return services.ceremony.by_factor(token, factor, typed, browser, None)


def session_of(services: Services, signed: SignedIn) -> CurrentSession:
    session = services.signon.current(signed.token)
    assert session is not None
    return session


def through(services: Services, phone: Phone, login: str = "WANGFANG") -> CurrentSession:
    """Sign in with both factors."""
    session = session_of(services, go_on(services, begin(services, login).token, phone.code()))
    phone.clock.advance(STEP)
    return session


def names(services: Services, world: World) -> list[str]:
    return [entry.name for entry in services.audit_queries.by_subject(f"official:{world.wang.official_id}")]


# Setting up


def test_a_secret_waits_for_its_first_code(services: Services, world: World, clock: ManualClock) -> None:
    session = opened(services)
    first = services.second_factors.pending(session)
    assert services.second_factors.pending(session) == first  # a page that is loaded again shows the same
    assert f"secret={first.secret}" in first.uri
    assert opened(services).acr == ACR_PASSWORD  # not confirmed, so nothing is asked for
    done = services.second_factors.enrol(acting(session), session, code_of(first.secret, clock))
    assert len(set(done.codes)) == 10
    assert services.signon.current(done.token) is not None
    assert services.second_factors.standing(world.wang.official_id).codes_left == 10
    assert begin(services).step is Step.SECOND_FACTOR


def test_no_other_session_confirms_a_waiting_secret(services: Services, world: World, clock: ManualClock) -> None:
    mine, other = opened(services), opened(services)
    secret = services.second_factors.pending(mine).secret
    assert services.second_factors.pending(other).secret != secret
    with pytest.raises(Invalid):
        services.second_factors.enrol(acting(other), other, code_of(secret, clock))
    assert services.second_factors.standing(world.wang.official_id).since is None


def test_a_session_left_open_sets_up_nothing(services: Services, world: World, clock: ManualClock) -> None:
    """Whoever finds an unlocked screen must not bind a phone of their own to the account."""
    session = opened(services)
    secret = services.second_factors.pending(session).secret
    clock.advance(timedelta(minutes=16))
    with pytest.raises(StepUpRequired) as wanted:
        services.second_factors.enrol(acting(session), session, code_of(secret, clock))
    assert not wanted.value.factor
    fresh = services.step_up.by_password(acting(session), session, PASSWORD)
    renewed = services.signon.current(fresh)
    assert renewed is not None
    assert services.signon.current("x") is None
    services.second_factors.enrol(acting(renewed), renewed, code_of(secret, clock))  # the secret on the screen is still the one


@pytest.mark.parametrize("typed", ["", "000000", "12345", "1234567", "abcdef", "１２３４５６", "0" * 10_000, "\0", "-12345"])
def test_a_wrong_first_code_sets_up_nothing(services: Services, world: World, typed: str) -> None:
    session = opened(services)
    with pytest.raises(Invalid) as refused:
        services.second_factors.enrol(acting(session), session, typed)
    assert [item.field for item in refused.value.fields] == ["code"]


def test_two_confirmations_at_once_make_one_factor(
    app: Flask, services: Services, settings: Settings, world: World, clock: ManualClock
) -> None:
    session = opened(services)
    code = code_of(services.second_factors.pending(session).secret, clock)
    answers = together(
        app,
        settings,
        f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE",
        *[lambda: services.second_factors.enrol(acting(session), session, code)] * 2,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["Conflict", "SetUp"]


def test_the_secret_is_sealed_and_the_codes_are_digests(services: Services, world: World, clock: ManualClock, superuser_url: str) -> None:
    phone = enrolled(services, clock)
    with psycopg.connect(superuser_url.replace("postgresql+psycopg://", "postgresql://")) as connection:
        stored = connection.execute("SELECT sealed FROM credential WHERE kind = 'totp'").fetchone()
        codes = connection.execute("SELECT digest FROM recovery_code").fetchall()
    assert stored is not None
    assert phone.secret.encode() not in stored[0]
    assert base64.b32decode(phone.secret) not in stored[0]
    assert all(code.encode() not in row[0] for row in codes for code in phone.recovery)
    record = str(services.audit_queries.by_subject(f"official:{world.wang.official_id}"))
    assert phone.secret not in record
    assert all(code not in record for code in phone.recovery)


# Signing in


def test_both_factors_open_a_session_that_says_so(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    assert (session.amr, session.acr) == (("pwd", "otp", "mfa"), ACR_MFA)
    assert session.second_factor_at == session.auth_time == session.started_at
    assert names(services, world)[0] == "signon:session:started"


def test_the_password_alone_opens_nothing(services: Services, world: World, clock: ManualClock) -> None:
    enrolled(services, clock)
    before = len(services.signon.sessions_of(world.wang.official_id))
    more = begin(services)
    assert services.signon.current(more.token) is None
    assert len(services.signon.sessions_of(world.wang.official_id)) == before
    assert PASSWORD not in more.token
    assert str(world.wang.official_id) not in more.token


def test_codes_of_the_neighbouring_steps_pass_and_no_further(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    clock.advance(timedelta(minutes=10))
    for steps in (-2, 2, 3, -3):
        with pytest.raises(FactorRefused):
            go_on(services, begin(services).token, phone.code(steps))
    clock.advance(timedelta(minutes=6))
    go_on(services, begin(services).token, phone.code(-1))
    go_on(services, begin(services).token, phone.code(0))
    go_on(services, begin(services).token, phone.code(1))


def test_no_code_is_taken_twice_nor_an_earlier_one(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    token, code = begin(services).token, phone.code()
    go_on(services, token, code)
    for again in (code, phone.code(-1)):
        with pytest.raises(FactorRefused):
            go_on(services, begin(services).token, again)
    clock.advance(STEP)
    go_on(services, begin(services).token, phone.code())


def test_the_first_code_of_all_cannot_be_replayed(services: Services, world: World, clock: ManualClock) -> None:
    """Whoever looked over the shoulder at set-up has nothing."""
    session = opened(services)
    secret = services.second_factors.pending(session).secret
    code = code_of(secret, clock)
    services.second_factors.enrol(acting(session), session, code)
    with pytest.raises(FactorRefused):
        go_on(services, begin(services).token, code)


def test_one_code_at_once_from_two_places_opens_one_session(
    app: Flask, services: Services, settings: Settings, world: World, clock: ManualClock
) -> None:
    phone = enrolled(services, clock)
    tokens, code = [begin(services).token for _ in range(2)], phone.code()
    answers = together(
        app,
        settings,
        f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE",
        *[lambda token=token: go_on(services, token, code) for token in tokens],
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["FactorRefused", "SignedIn"]


def test_wrong_codes_lock_like_wrong_passwords(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    token = begin(services).token
    for _ in range(5):
        with pytest.raises(FactorRefused):
            go_on(services, token, "000000")
    for typed, factor in ((phone.code(), "totp"), (phone.recovery[0], "recovery")):
        with pytest.raises(SignInLocked) as locked:
            go_on(services, begin(services).token, typed, factor)
        assert locked.value.retry_after == 30 * 60
    # Beginning anew with the password does not begin the count anew; another address is another pair.
    go_on(services, begin(services).token, phone.code(), browser=Browser("198.51.100.9", AGENT))
    failures = [
        entry.data["reason"] for entry in services.audit_queries.by_subject(f"official:{world.wang.official_id}") if "failed" in entry.name
    ]
    assert failures == ["locked"] * 2 + ["wrong_code"] * 5


@pytest.mark.parametrize(("factor", "typed"), [("password", PASSWORD), ("", ""), ("nothing", "000000"), ("totp", ""), ("recovery", "")])
def test_what_is_no_factor_proves_nothing(services: Services, world: World, clock: ManualClock, factor: str, typed: str) -> None:
    enrolled(services, clock)
    with pytest.raises(FactorRefused):
        go_on(services, begin(services).token, typed, factor)


# The ceremony's token


def test_a_ceremony_ends_after_ten_minutes(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    token = begin(services).token
    clock.advance(timedelta(minutes=9, seconds=59))
    assert services.ceremony.waiting(token).step is Step.SECOND_FACTOR
    clock.advance(timedelta(seconds=1))
    with pytest.raises(CeremonyOver):
        go_on(services, token, phone.code())


@pytest.mark.parametrize("token", [None, "", "x", "AAAA", "é", "A" * 5000, "=" * 8])
def test_what_is_no_ceremony_begins_none(services: Services, world: World, token: str | None) -> None:
    for act in (services.ceremony.waiting, services.ceremony.enrolment):
        with pytest.raises(CeremonyOver):
            act(token)
    with pytest.raises(CeremonyOver):
        services.ceremony.by_factor(token, "totp", "000000", BROWSER, None)


def test_an_altered_token_is_none(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    token = begin(services).token
    for place in range(0, len(token), 37):
        altered = token[:place] + ("A" if token[place] != "A" else "B") + token[place + 1 :]
        with pytest.raises(CeremonyOver):
            go_on(services, altered, phone.code())


def test_a_ceremony_ends_with_the_account_and_with_its_password(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    token = begin(services).token
    account = services.identity_queries.account_of(world.wang.official_id)
    assert account is not None
    services.signon.issue_password(world.system_admin.actor(), account.id)
    with pytest.raises(CeremonyOver):
        go_on(services, token, phone.code())
    other = enrolled(services, clock, "LIQIANG")
    token = begin(services, "LIQIANG").token
    services.identity.disable_official(world.system_admin.actor(), world.li.official_id, "离职")
    with pytest.raises(CeremonyOver):
        go_on(services, token, other.code())


def test_each_step_gives_another_token(services: Services, world: World, clock: ManualClock) -> None:
    enrolled(services, clock)
    assert begin(services).token != begin(services).token


# Who must have one


def test_who_must_have_one_sets_it_up_before_the_session_opens_anything(services: Services, world: World, clock: ManualClock) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "everybody"}, "等保三级")
    more = begin(services)
    assert more.step is Step.ENROL
    assert services.signon.sessions_of(world.wang.official_id) == ()
    secret = services.ceremony.enrolment(more.token).secret
    assert services.ceremony.enrolment(more.token).secret == secret
    assert services.ceremony.enrolment(begin(services).token).secret != secret
    with pytest.raises(Invalid):
        services.ceremony.by_enrolment(more.token, "000000", BROWSER, None)
    done = services.ceremony.by_enrolment(more.token, code_of(secret, clock), BROWSER, None)
    assert isinstance(done.outcome, SignedIn)
    assert len(done.codes) == 10
    assert session_of(services, done.outcome).acr == ACR_MFA
    # The same ceremony does not set up a second one, and asks for the code now.
    assert services.ceremony.waiting(more.token).step is Step.SECOND_FACTOR
    with pytest.raises(CeremonyOver):
        services.ceremony.by_enrolment(more.token, code_of(secret, clock, 1), BROWSER, None)


def test_administrators_and_approvers_alone_when_the_rules_say_so(services: Services, world: World) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "privileged"}, "管理岗位")
    for login in ("LIQIANG", "SUNLI", "ZHOUJIANJUN", "WUXIAOYAN"):
        assert begin(services, login).step is Step.ENROL
    assert opened(services, "WANGFANG").acr == ACR_PASSWORD


def test_with_a_rule_for_nobody_whoever_wants_one_has_one(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    services.second_factors.remove(acting(session), session)
    assert names(services, world)[0] == "signon:second_factor:removed"
    assert opened(services).acr == ACR_PASSWORD
    assert services.second_factors.standing(world.wang.official_id).codes_left == 0


def test_it_cannot_be_taken_away_where_the_rules_want_it(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    services.signon_policies.set(world.security_admin.actor(), {"second_factor": "everybody"}, "等保三级")
    with pytest.raises(FactorDemanded):
        services.second_factors.remove(acting(session), session)


def test_taking_it_away_takes_a_fresh_proof(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    clock.advance(timedelta(minutes=16))
    for act in (services.second_factors.remove, services.second_factors.renew_codes):
        with pytest.raises(StepUpRequired) as wanted:
            act(acting(session), session)
        assert wanted.value.factor
    token = services.step_up.by_factor(acting(session), session, "totp", phone.code())
    renewed = services.signon.current(token)
    assert renewed is not None
    services.second_factors.remove(acting(renewed), renewed)


def test_after_taking_it_away_the_next_secret_is_another(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    services.second_factors.remove(acting(session), session)
    assert services.second_factors.pending(session).secret != phone.secret


# Recovery codes


def test_a_recovery_code_stands_in_once(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    code = phone.recovery[3]
    session = session_of(services, go_on(services, begin(services).token, code.lower().replace("-", " "), "recovery"))
    assert (session.amr, session.acr) == (("pwd", "otp", "mfa"), ACR_MFA)
    assert services.second_factors.standing(world.wang.official_id).codes_left == 9
    with pytest.raises(FactorRefused):
        go_on(services, begin(services).token, code, "recovery")


def test_nobody_elses_recovery_code_is_any_good(services: Services, world: World, clock: ManualClock) -> None:
    enrolled(services, clock)
    others = enrolled(services, clock, "LIQIANG")
    with pytest.raises(FactorRefused):
        go_on(services, begin(services).token, others.recovery[0], "recovery")


def test_one_recovery_code_at_once_from_two_places_opens_one_session(
    app: Flask, services: Services, settings: Settings, world: World, clock: ManualClock
) -> None:
    phone = enrolled(services, clock)
    tokens = [begin(services).token for _ in range(2)]
    answers = together(
        app,
        settings,
        f"SELECT 1 FROM official WHERE id = '{world.wang.official_id}' FOR UPDATE",
        lambda: go_on(services, tokens[0], phone.recovery[0], "recovery"),
        lambda: go_on(services, tokens[1], phone.recovery[0], "recovery", Browser("198.51.100.9", AGENT)),
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["FactorRefused", "SignedIn"]


def test_other_codes_make_the_earlier_ones_worthless(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    fresh = services.second_factors.renew_codes(acting(session), session)
    assert not set(fresh) & set(phone.recovery)
    with pytest.raises(FactorRefused):
        go_on(services, begin(services).token, phone.recovery[0], "recovery")
    go_on(services, begin(services).token, fresh[0], "recovery")


# Resetting


def test_an_administrator_resets_what_was_lost(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    services.second_factors.reset(world.people["SUNLI"].actor(), world.wang.official_id, "手机丢失，已当面核实")
    assert services.signon.session_by_sid(session.session_id, "x") is None
    assert services.signon.sessions_of(world.wang.official_id) == ()
    assert opened(services).acr == ACR_PASSWORD
    entry = next(
        e for e in services.audit_queries.by_subject(f"official:{world.wang.official_id}") if e.name == "signon:second_factor:reset"
    )
    assert entry.data["reason"] == "手机丢失，已当面核实"
    with pytest.raises(Conflict):
        services.second_factors.reset(world.people["SUNLI"].actor(), world.wang.official_id, "再来一次吧")


@pytest.mark.parametrize(
    ("who", "whose"),
    [
        ("SUNLI", "SHANXUEMEI"),  # another district's
        ("SUNLI", "LIQIANG"),  # entrusted with more
        ("ZHOUJIANJUN", "WUXIAOYAN"),  # an officer
        ("WUXIAOYAN", "WANGFANG"),  # does not keep accounts
        ("WANGFANG", "WANGFANG"),
        ("WANGFANG", "CHENJIE"),
    ],
)
def test_nobody_resets_beyond_their_reach(services: Services, world: World, clock: ManualClock, who: str, whose: str) -> None:
    enrolled(services, clock, whose)
    with pytest.raises(Denied):
        services.second_factors.reset(world.people[who].actor(), world.people[whose].official_id, "手机丢失")
    assert services.second_factors.standing(world.people[whose].official_id).since is not None


def test_a_reset_needs_a_reason(services: Services, world: World, clock: ManualClock) -> None:
    enrolled(services, clock)
    with pytest.raises(Invalid):
        services.second_factors.reset(world.system_admin.actor(), world.wang.official_id, "  ")
    assert services.second_factors.standing(world.wang.official_id).since is not None


def test_nobody_touches_anothers_factor_from_an_own_session(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    session = through(services, phone)
    for act in (services.second_factors.remove, services.second_factors.renew_codes):
        with pytest.raises(GovcloudError):
            act(world.li.actor(), session)


# Passwords that are too old


def test_an_old_password_is_changed_on_the_way_in(services: Services, world: World, clock: ManualClock) -> None:
    services.signon_policies.set(world.security_admin.actor(), {"password_most_days": 90}, "等保三级")
    assert opened(services)
    clock.advance(timedelta(days=91))
    more = begin(services)
    assert more.step is Step.CHANGE_PASSWORD
    for bad in (PASSWORD, "short", "P@ssw0rd123"):
        with pytest.raises(Invalid):
            services.ceremony.by_new_password(more.token, bad, BROWSER, None)
    signed = services.ceremony.by_new_password(more.token, NEW, BROWSER, None)
    assert session_of(services, signed).official_id == world.wang.official_id
    with pytest.raises(CeremonyOver):  # the password that began it is no more
        services.ceremony.by_new_password(more.token, "Yet-2026-another", BROWSER, None)
    event = next(e for e in services.audit_queries.by_subject(f"official:{world.wang.official_id}") if e.name == "signon:password:set")
    assert event.data["own"] is True


def test_the_factor_comes_before_the_new_password(services: Services, world: World, clock: ManualClock) -> None:
    phone = enrolled(services, clock)
    services.signon_policies.set(world.security_admin.actor(), {"password_most_days": 90}, "等保三级")
    clock.advance(timedelta(days=91))
    more = begin(services)
    assert more.step is Step.SECOND_FACTOR
    with pytest.raises(CeremonyOver):
        services.ceremony.by_new_password(more.token, NEW, BROWSER, None)
    with pytest.raises(MoreToProve) as further:
        go_on(services, more.token, phone.code())
    assert further.value.step is Step.CHANGE_PASSWORD
    assert further.value.token != more.token
    signed = services.ceremony.by_new_password(further.value.token, NEW, BROWSER, None)
    assert session_of(services, signed).acr == ACR_MFA
