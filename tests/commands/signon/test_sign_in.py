"""Signing in by password: one answer for every failure, each on record, with a brake on guessing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from flask import Flask

from govcloud.identity.inputs import NewAppointment, NewOfficial
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import GovcloudError
from govcloud.services import Services
from govcloud.signon.errors import SignInLocked, SignInRefused
from tests.commands.signon.conftest import ADDRESS, AGENT, CountQueries, sign_in
from tests.factories.people import an_official
from tests.factories.world import PASSWORD, SEED, World, give_password

WRONG = "Not-the-password-1"


def attempt(services: Services, login: str, password: str, address: str | None = ADDRESS) -> GovcloudError:
    """Try to sign in, which must fail, and return the refusal."""
    with pytest.raises(GovcloudError) as refused:
        services.signon.sign_in(login, password, address, AGENT)
    return refused.value


def failures(services: Services, subject: str) -> list[tuple[str, str | None]]:
    """Return reason and address of each failure on record, newest first."""
    entries = services.audit_queries.by_subject(subject)
    return [(entry.data["reason"], entry.data.get("source_address")) for entry in entries if entry.name == "signon:sign_in:failed"]


def test_the_right_password_opens_a_session(services: Services, world: World) -> None:
    signed_in = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT, "trace-0001")
    session = services.signon.current(signed_in.token)
    assert session is not None
    assert (session.official_id, session.appointment_id) == (world.wang.official_id, world.wang.appointment_id)
    assert (session.name, session.employee_code) == ("王芳", "WANGFANG")
    assert (session.source_address, session.user_agent, session.amr) == (ADDRESS, AGENT, ("pwd",))
    assert signed_in.appointment_id == world.wang.appointment_id
    newest = services.audit_queries.by_subject(f"official:{world.wang.official_id}")[0]
    assert (newest.name, newest.trace_id, newest.source_address) == ("signon:session:started", "trace-0001", ADDRESS)
    assert signed_in.token not in str(newest)


def test_case_space_and_invisible_characters_of_the_login_do_not_matter(services: Services, world: World) -> None:
    for login in ("wangfang", "  WangFang\t", "WANGFANG\0"):
        assert sign_in(services, login).official_id == world.wang.official_id


def test_several_appointments_have_to_be_chosen_from(services: Services, world: World, clock: ManualClock) -> None:
    second = NewAppointment(world.organisation.ids["xihu"], "联络员", "科员", kind="concurrent")
    services.identity.appoint(SEED, world.wang.official_id, second)
    clock.advance(timedelta(minutes=1))
    signed_in = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT)
    assert signed_in.appointment_id is None
    assert {item.id for item in signed_in.appointments} == {world.wang.appointment_id, second.id}
    assert signed_in.last_appointment_id is None
    services.signon.choose_appointment(world.wang.actor(session_id=signed_in.session_id), signed_in.session_id, second.id)
    clock.advance(timedelta(minutes=1))
    assert services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT).last_appointment_id == second.id


def without_password(services: Services, world: World) -> NewOfficial:
    """Return an official who has an account and no password yet."""
    official = an_official(world.wang.department_id)
    services.identity.register_officials(SEED, [official])
    return official


def test_every_failure_gets_the_same_answer_and_its_own_record(services: Services, world: World) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.li.official_id, "离职")
    fresh = without_password(services, world)
    answers = [
        attempt(services, "NOBODY", WRONG, "192.0.2.1"),
        attempt(services, "WANGFANG", WRONG, "192.0.2.2"),
        attempt(services, "LIQIANG", PASSWORD, "192.0.2.3"),
        attempt(services, fresh.employee_code, PASSWORD, "192.0.2.4"),
        attempt(services, "", "", "192.0.2.5"),
        attempt(services, "x" * 10_000, "\0" * 10_000, "192.0.2.6"),
        attempt(services, "' OR 1=1 --", "<script>alert(1)</script>", None),
    ]
    assert {(type(answer), answer.code, str(answer.message), str(answer.remedy)) for answer in answers} == {
        (SignInRefused, "sign_in_refused", str(answers[0].message), str(answers[0].remedy))
    }
    assert failures(services, f"official:{world.wang.official_id}") == [("wrong_password", "192.0.2.2")]
    assert failures(services, f"official:{world.li.official_id}") == [("disabled", "192.0.2.3")]
    assert failures(services, f"official:{fresh.id}") == [("no_password", "192.0.2.4")]
    unknown = [entry for entry in services.audit_queries.newest(limit=500) if entry.subject.startswith("login:")]
    assert {entry.data["reason"] for entry in unknown} == {"unknown_account"}
    assert "NOBODY" not in str(unknown)


def test_every_failure_costs_one_hash_and_the_same_statements(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch, count_queries: CountQueries
) -> None:
    services.identity.disable_official(world.system_admin.actor(), world.li.official_id, "离职")
    hashing = services.signon._ceremony._proof._hashing
    matches = hashing.matches
    services.signon_policies.current()  # read once in half a minute, by whoever comes first
    costs = []
    fresh = without_password(services, world)
    tries = [("NOBODY", WRONG), ("WANGFANG", WRONG), (fresh.employee_code, WRONG), ("LIQIANG", PASSWORD)]
    for login, password in tries:
        hashed: list[str] = []
        monkeypatch.setattr(hashing, "matches", lambda secret, given, to=hashed: to.append(given) or matches(secret, given))
        with count_queries() as statements:
            attempt(services, login, password)
        costs.append((len(hashed), statements))
    assert costs[0][0] == 1
    assert costs == [costs[0]] * len(tries)


def test_five_failures_lock_the_pair_for_half_an_hour(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(5):
        assert isinstance(attempt(services, "WANGFANG", WRONG), SignInRefused)
    locked = attempt(services, "WANGFANG", PASSWORD)
    assert isinstance(locked, SignInLocked)
    assert locked.retry_after == 30 * 60
    assert failures(services, f"official:{world.wang.official_id}")[0] == ("locked", ADDRESS)
    # Neither her other addresses nor other accounts from this one are locked: a lock is no weapon.
    assert services.signon.sign_in("WANGFANG", PASSWORD, "198.51.100.9", AGENT).official_id == world.wang.official_id
    assert sign_in(services, "LIQIANG").official_id == world.li.official_id
    clock.advance(timedelta(minutes=29, seconds=59))
    assert attempt(services, "WANGFANG", PASSWORD).retry_after == 1
    clock.advance(timedelta(seconds=1))
    assert sign_in(services).official_id == world.wang.official_id


def test_an_unknown_account_locks_just_the_same(services: Services, world: World) -> None:
    answers = [attempt(services, "NOBODY", WRONG) for _ in range(6)]
    assert [type(answer) for answer in answers] == [SignInRefused] * 5 + [SignInLocked]


def test_failures_further_apart_do_not_lock(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(4):
        attempt(services, "WANGFANG", WRONG)
    clock.advance(timedelta(minutes=5))
    for _ in range(4):
        assert isinstance(attempt(services, "WANGFANG", WRONG), SignInRefused)
    assert sign_in(services).official_id == world.wang.official_id


def test_a_success_begins_the_count_anew(services: Services, world: World, clock: ManualClock) -> None:
    for _ in range(3):
        for _ in range(4):
            attempt(services, "WANGFANG", WRONG)
            clock.advance(timedelta(milliseconds=1))
        assert sign_in(services).official_id == world.wang.official_id
        clock.advance(timedelta(milliseconds=1))


def test_guesses_made_at_once_get_no_further_than_guesses_in_turn(app: Flask, services: Services, world: World) -> None:
    def guess(number: int) -> type[GovcloudError]:
        with app.app_context():
            return type(attempt(services, "WANGFANG", f"{WRONG}{number}"))

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(12)))
    assert sorted(answer.__name__ for answer in answers) == ["SignInLocked"] * 7 + ["SignInRefused"] * 5


def test_signing_in_again_renews_the_session(services: Services, world: World, clock: ManualClock) -> None:
    first = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT)
    clock.advance(timedelta(minutes=10))
    current = services.signon.current(first.token)
    second = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT, current=current)
    assert (second.session_id, second.appointment_id) == (first.session_id, first.appointment_id)
    assert services.signon.current(first.token) is None
    renewed = services.signon.current(second.token)
    assert renewed is not None
    assert current is not None
    assert renewed.auth_time - current.auth_time == timedelta(minutes=10)


def test_somebody_else_signing_in_ends_the_session_before(services: Services, world: World) -> None:
    first = services.signon.sign_in("WANGFANG", PASSWORD, ADDRESS, AGENT)
    current = services.signon.current(first.token)
    second = services.signon.sign_in("LIQIANG", PASSWORD, ADDRESS, AGENT, current=current)
    assert second.session_id != first.session_id
    assert services.signon.current(first.token) is None


def test_an_account_disabled_while_its_password_is_checked_opens_nothing(
    services: Services, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashing = services.signon._ceremony._proof._hashing
    matches = hashing.matches

    def disabled_meanwhile(secret: str | None, password: str) -> bool:
        services.identity.disable_official(world.system_admin.actor(), world.wang.official_id, "离职")
        return matches(secret, password)

    monkeypatch.setattr(hashing, "matches", disabled_meanwhile)
    assert isinstance(attempt(services, "WANGFANG", PASSWORD), SignInRefused)
    assert services.signon.sessions_of(world.wang.official_id) == ()
    assert failures(services, f"official:{world.wang.official_id}") == [("disabled", ADDRESS)]


def test_a_password_replaced_while_it_is_checked_opens_nothing(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashing = services.signon._ceremony._proof._hashing
    matches = hashing.matches

    def replaced_meanwhile(secret: str | None, password: str) -> bool:
        matched = matches(secret, password)
        monkeypatch.undo()  # the new password is compared with the earlier ones in the same way
        give_password(services, world.wang, "Another-2026-word")
        return matched

    monkeypatch.setattr(hashing, "matches", replaced_meanwhile)
    assert isinstance(attempt(services, "WANGFANG", PASSWORD), SignInRefused)
    assert services.signon.sessions_of(world.wang.official_id) == ()
    assert failures(services, f"official:{world.wang.official_id}") == [("wrong_password", ADDRESS)]


def test_one_subscriber_of_ipv6_is_one_address(services: Services, world: World) -> None:
    for number in range(5):
        with pytest.raises(SignInRefused):
            services.signon.sign_in("WANGFANG", "wrong", f"2001:db8:0:7::{number:x}", AGENT)
    with pytest.raises(SignInLocked):
        services.signon.sign_in("WANGFANG", PASSWORD, "2001:db8:0:7:ffff::1", AGENT)
    assert services.signon.sign_in("WANGFANG", PASSWORD, "2001:db8:0:8::1", AGENT)
    assert services.signon.sign_in("WANGFANG", PASSWORD, "::ffff:192.0.2.9", AGENT)


def test_a_hash_of_old_costs_is_replaced_at_sign_in(services: Services, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    hashing = services.signon._ceremony._proof._hashing
    monkeypatch.setattr(hashing, "outdated", lambda _secret: True)
    sign_in(services)
    monkeypatch.undo()
    assert sign_in(services).official_id == world.wang.official_id
