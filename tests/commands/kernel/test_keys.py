"""The key ring across processes and times: a key waits before it signs, stays published a while after, and never comes back."""

from __future__ import annotations

from datetime import timedelta

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text
from sqlalchemy.exc import IntegrityError, ProgrammingError

from govcloud.jobs.rotate_keys import ROTATE_KEYS
from govcloud.kernel import signing
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.crypto import read_master_key
from govcloud.kernel.errors import Conflict, Denied, NotFound, Unavailable
from govcloud.kernel.keys import JWKS_LIFE, PUBLISHED_AFTER_RETIREMENT, READ_AGAIN, SIGNS_AFTER, KeyRing, SigningKeyRow
from govcloud.kernel.provisioning import engine_url
from govcloud.kernel.signing import ALGORITHMS, ES256, RS256
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.wiring import wire
from tests.factories.racing import together

OPERATOR, JOBS = Actor.system("operator"), Actor.system("jobs")
SEASON = timedelta(days=90)


def elsewhere(url: str, statement: str, **values: object) -> None:
    """Change the keys behind the back of this process."""
    engine = create_engine(engine_url(url))
    try:
        with engine.begin() as connection:
            connection.execute(text(statement), values)
    finally:
        engine.dispose()


RETIRE_ALL = "INSERT INTO signing_key_end (kid, kind, at) SELECT kid, 'retired', :now FROM signing_key ON CONFLICT DO NOTHING"


def published(keys: KeyRing) -> set[str]:
    return {jwk["kid"] for jwk in keys.jwks()["keys"]}


def signs(services: Services, algorithm: str = ES256) -> str:
    return services.keys.signing_key(algorithm=algorithm).kid


@pytest.fixture
def rotated(services: Services, clock: ManualClock, superuser_url: str) -> tuple[str, str]:
    """Let another process rotate the key that this one has loaded; return the ids of the old one and the new one."""
    old = signs(services)
    clock.advance(timedelta(seconds=1))
    elsewhere(superuser_url, RETIRE_ALL, now=clock.now())
    process = another_process(services)
    process.key_rotation.ensure(OPERATOR, (ES256,))
    [new] = published(process.keys) - {old}
    return old, new


def another_process(services: Services) -> Services:
    """Return the services of a process that has read nothing yet."""
    return wire(services.settings, services.clock, read_master_key(services.settings.master_key_file))


def test_a_rotation_elsewhere_is_followed_within_a_minute(services: Services, clock: ManualClock, rotated: tuple[str, str]) -> None:
    old, new = rotated
    assert signs(services) == old  # read a second ago
    clock.advance(READ_AGAIN)
    assert signs(services) == new


def test_a_retired_key_stays_published_while_what_it_signed_may_live(
    services: Services, clock: ManualClock, rotated: tuple[str, str]
) -> None:
    old, new = rotated
    longest = timedelta(seconds=services.settings.access_token_seconds)
    assert READ_AGAIN + longest < PUBLISHED_AFTER_RETIREMENT
    clock.advance(READ_AGAIN + longest)
    assert published(services.keys) == {old, new}
    clock.advance(PUBLISHED_AFTER_RETIREMENT - READ_AGAIN - longest)
    assert published(services.keys) == {new}


def test_what_signs_is_always_published(services: Services, clock: ManualClock, rotated: tuple[str, str]) -> None:
    for _ in range(30):
        assert signs(services) in published(services.keys)
        clock.advance(timedelta(seconds=30))


def test_without_a_live_key_nothing_is_signed(services: Services, clock: ManualClock, superuser_url: str) -> None:
    assert signs(services)
    elsewhere(superuser_url, RETIRE_ALL, now=clock.now())
    clock.advance(READ_AGAIN)
    with pytest.raises(Unavailable):
        signs(services)


def test_a_key_whose_time_has_not_come_is_published_and_does_not_sign(services: Services, clock: ManualClock) -> None:
    old = signs(services)
    services.key_rotation.rotate(OPERATOR)
    [new] = {key.kid for key in services.keys.standing() if key.algorithm == ES256} - {old}
    assert published(services.keys) >= {old, new}
    clock.advance(SIGNS_AFTER - timedelta(seconds=1))
    assert signs(services) == old
    clock.advance(timedelta(seconds=1) + READ_AGAIN)
    assert signs(services) == new


def test_a_clock_set_back_does_not_keep_old_keys_in_use(
    services: Services, clock: ManualClock, superuser_url: str, rotated: tuple[str, str]
) -> None:
    clock.advance(timedelta(minutes=10))
    assert signs(services) == rotated[1]
    clock.advance(timedelta(minutes=-5))
    elsewhere(superuser_url, RETIRE_ALL, now=clock.now())
    with pytest.raises(Unavailable):
        signs(services)


# Following one another


def test_a_key_waits_for_every_cache_before_it_signs(services: Services, clock: ManualClock) -> None:
    """Hydra 2535, Zitadel 7714: whoever has just read the keys can verify all that they are shown until they read again."""
    assert SIGNS_AFTER >= JWKS_LIFE + READ_AGAIN
    readers = {clock.now(): published(services.keys)}
    services.key_rotation.rotate(OPERATOR)
    processes = [services, another_process(services)]
    for _ in range(40):
        clock.advance(timedelta(seconds=25))
        readers[clock.now()] = published(services.keys)
        ROTATE_KEYS.run(services)
        for process in processes:
            signer = signs(process)
            cached = [known for at, known in readers.items() if clock.now() - at < JWKS_LIFE]
            assert all(signer in known for known in cached)


def test_the_job_makes_the_next_key_in_time_and_retires_the_one_before(services: Services, clock: ManualClock) -> None:
    first = signs(services)
    assert ROTATE_KEYS.run(services) == 2  # the one of RSA, which this platform did not have, and that of receipts
    assert ROTATE_KEYS.run(services) == 0
    clock.advance(SEASON - timedelta(seconds=1))
    assert ROTATE_KEYS.run(services) == 0
    clock.advance(timedelta(seconds=1))
    assert ROTATE_KEYS.run(services) == 2
    assert signs(services) == first
    clock.advance(SIGNS_AFTER)
    assert ROTATE_KEYS.run(services) == 1  # that of RSA is six minutes younger
    second = signs(services)
    assert second != first
    clock.advance(READ_AGAIN)
    assert ROTATE_KEYS.run(services) == 2
    [retired] = [key for key in services.keys.standing() if key.retired_at]
    assert retired.kid == first
    clock.advance(PUBLISHED_AFTER_RETIREMENT)
    assert first not in published(services.keys)


@given(steps=st.lists(st.tuples(st.sampled_from(["rotate", "tend", "replace", "retire"]), st.integers(0, 500)), max_size=12))
def test_whatever_happens_the_set_is_never_empty_and_one_key_signs(steps: list[tuple[str, int]]) -> None:
    """The states alone, without a database: what the commands look at is the same function."""
    from govcloud.kernel.key_rotation import _replaceable, _succeeded  # noqa: PLC0415
    from govcloud.kernel.keys import KeyView  # noqa: PLC0415
    from tests.conftest import START  # noqa: PLC0415

    now, keys = START, [KeyView("0", ES256, START, START, None, None)]
    for number, (step, seconds) in enumerate(steps, 1):
        now += timedelta(seconds=seconds)
        fresh = KeyView(str(number), ES256, now, now + (timedelta(0) if step == "replace" else SIGNS_AFTER), None, None)
        ends: set[str] = set()
        if step in {"rotate", "replace"}:
            ends = {key.kid for key in keys} if step == "replace" else set()
            keys.append(fresh)
        elif step == "tend":
            ends = {key.kid for key in keys if _succeeded(key, keys, now)}
        else:
            for key in keys:
                try:
                    ends = {_replaceable(key, key.kid, keys, now).kid}
                except Conflict:
                    continue
                break
        keys = [
            KeyView(key.kid, ES256, key.created_at, key.signs_from, now, None) if key.kid in ends and key is not fresh else key
            for key in keys
        ]
        assert [key for key in keys if key.signs_at(now)]
        assert [key for key in keys if key.published_at(now)]


def test_two_processes_at_once_make_one_key(app: Flask, services: Services, settings: Settings, clock: ManualClock) -> None:
    clock.advance(SEASON)
    others = [another_process(services) for _ in range(2)]
    lock = "SELECT pg_advisory_xact_lock(hashtext('govcloud signing key'))"
    made = together(app, settings, lock, *(lambda process=process: process.key_rotation.tend(JOBS) for process in others))
    assert sorted(str(count) for count in made) == ["0", "2"]
    assert len([key for key in services.keys.standing() if key.algorithm == ES256]) == 2


def test_a_rotation_that_is_asked_for_twice_makes_one_key(services: Services) -> None:
    first = services.key_rotation.rotate(OPERATOR)
    assert {key.algorithm for key in first} == set(ALGORITHMS)
    assert services.key_rotation.rotate(OPERATOR) == first


def test_the_only_key_cannot_be_retired_and_one_that_waits_can(services: Services, clock: ManualClock) -> None:
    first = signs(services)
    [waiting] = [key.kid for key in services.key_rotation.rotate(OPERATOR) if key.algorithm == ES256]
    for stop in (services.key_rotation.retire, services.key_rotation.withdraw):
        with pytest.raises(Conflict):
            stop(OPERATOR, first)
    services.key_rotation.retire(OPERATOR, waiting)
    clock.advance(SIGNS_AFTER + READ_AGAIN)
    assert signs(services) == first
    with pytest.raises(NotFound):
        services.key_rotation.retire(OPERATOR, waiting)
    with pytest.raises(NotFound):
        services.key_rotation.retire(OPERATOR, "nobody")


def test_a_key_that_leaked_is_worth_nothing_at_once(services: Services) -> None:
    leaked = services.keys.signing_key()
    made = services.key_rotation.replace(OPERATOR)
    assert {key.algorithm for key in made} == set(ALGORITHMS)
    assert leaked.kid not in published(services.keys)
    assert signs(services) != leaked.kid
    assert published(services.keys) == {key.kid for key in made}


def test_a_retired_key_that_leaks_is_withdrawn(services: Services, clock: ManualClock) -> None:
    first = signs(services)
    services.key_rotation.rotate(OPERATOR)
    clock.advance(SIGNS_AFTER + READ_AGAIN)
    services.key_rotation.retire(OPERATOR, first)
    assert first in published(services.keys)
    services.key_rotation.withdraw(OPERATOR, first)
    assert first not in published(services.keys)


@pytest.mark.parametrize("command", ["replace", "withdraw", "retire", "rotate", "tend"])
def test_only_the_operator_and_the_jobs_touch_keys(services: Services, command: str) -> None:
    arguments = (signs(services),) if command in {"withdraw", "retire"} else ()
    with pytest.raises(Denied):
        getattr(services.key_rotation, command)(Actor.anonymous(), *arguments)
    if command in {"replace", "withdraw"}:
        with pytest.raises(Denied):
            getattr(services.key_rotation, command)(JOBS, *arguments)


def test_the_application_cannot_bring_a_key_back(services: Services, database_url: str, clock: ManualClock) -> None:
    services.key_rotation.replace(OPERATOR)
    for statement in (
        "DELETE FROM signing_key_end",
        "UPDATE signing_key_end SET at = at + interval '1 year'",
        "UPDATE signing_key SET signs_from = now()",
    ):
        with pytest.raises(ProgrammingError, match="permission denied"):
            elsewhere(database_url, statement)
    with pytest.raises(IntegrityError):
        elsewhere(database_url, "INSERT INTO signing_key_end SELECT kid, kind, at + interval '1 year' FROM signing_key_end")


# RS256


def test_a_key_of_rsa_verifies_with_what_is_published(services: Services, clock: ManualClock) -> None:
    with pytest.raises(Unavailable):
        signs(services, RS256)
    services.key_rotation.ensure(OPERATOR)
    with pytest.raises(Unavailable):  # it waits like every other: somebody may have read the keys a moment ago
        signs(services, RS256)
    clock.advance(SIGNS_AFTER)
    key = services.keys.signing_key(algorithm=RS256)
    token = jwt.encode({"sub": "x"}, key.private_key, algorithm=RS256, headers={"kid": key.kid})
    [jwk] = [jwk for jwk in services.keys.jwks()["keys"] if jwk["kid"] == key.kid]
    assert jwt.decode(token, jwt.PyJWK.from_dict(jwk), algorithms=[RS256]) == {"sub": "x"}
    assert "d" not in jwk
    assert signs(services, ES256) != key.kid


def test_the_keys_of_a_new_platform_sign_at_once(services: Services, clock: ManualClock, superuser_url: str) -> None:
    elsewhere(superuser_url, "DELETE FROM signing_key")
    fresh = another_process(services)
    fresh.key_rotation.ensure(OPERATOR)
    assert {signs(fresh, algorithm) for algorithm in ALGORITHMS} == published(fresh.keys)


def test_a_private_key_is_opened_once_a_process(services: Services, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[bytes] = []

    def counting(der: bytes) -> signing.PrivateKey:
        opened.append(der)
        return signing.from_der(der)

    monkeypatch.setattr("govcloud.kernel.keys.from_der", counting)
    for _ in range(5):
        assert signs(services)
        clock.advance(READ_AGAIN)
    assert len(opened) == 1


def test_private_keys_are_sealed(services: Services) -> None:
    key = services.keys.signing_key()
    stored = services.uow.read().scalars(select(SigningKeyRow.private_sealed)).one()
    der = key.private_key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    assert der not in stored
