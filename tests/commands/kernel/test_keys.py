"""The key ring across processes: a key made or retired elsewhere is noticed within a minute, and retired ones stay published a while."""

from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import create_engine, text

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.errors import Unavailable
from govcloud.kernel.keys import PUBLISHED_AFTER_RETIREMENT, READ_AGAIN, KeyRing
from govcloud.kernel.provisioning import engine_url
from govcloud.services import Services


def elsewhere(url: str, statement: str, **values: object) -> None:
    """Change the keys behind the back of this process."""
    engine = create_engine(engine_url(url))
    with engine.begin() as connection:
        connection.execute(text(statement), values)
    engine.dispose()


def published(keys: KeyRing) -> set[str]:
    return {jwk["kid"] for jwk in keys.jwks()["keys"]}


@pytest.fixture
def rotated(app: Flask, services: Services, clock: ManualClock, superuser_url: str) -> tuple[str, str]:
    """Let another process rotate the key that this one has loaded; return the ids of the old one and the new one."""
    old = services.keys.signing_key().kid
    clock.advance(timedelta(seconds=1))
    elsewhere(superuser_url, "UPDATE signing_key SET retired_at = :now", now=clock.now())
    services.keys.ensure_signing_key(services.uow, Actor.system("operator"))
    [new] = published(services.keys) - {old}
    return old, new


def test_a_rotation_elsewhere_is_followed_within_a_minute(services: Services, clock: ManualClock, rotated: tuple[str, str]) -> None:
    old, new = rotated
    assert services.keys.signing_key().kid == old  # read a second ago
    clock.advance(READ_AGAIN)
    assert services.keys.signing_key().kid == new


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
        assert services.keys.signing_key().kid in published(services.keys)
        clock.advance(timedelta(seconds=30))


def test_without_a_live_key_nothing_is_signed(services: Services, clock: ManualClock, superuser_url: str) -> None:
    assert services.keys.signing_key()
    elsewhere(superuser_url, "UPDATE signing_key SET retired_at = :now", now=clock.now())
    clock.advance(READ_AGAIN)
    with pytest.raises(Unavailable):
        services.keys.signing_key()


def test_a_key_whose_time_has_not_come_is_published_and_does_not_sign(
    services: Services, clock: ManualClock, superuser_url: str, rotated: tuple[str, str]
) -> None:
    old, new = rotated
    elsewhere(superuser_url, "UPDATE signing_key SET retired_at = NULL WHERE kid = :kid", kid=old)
    elsewhere(superuser_url, "UPDATE signing_key SET signs_from = :at WHERE kid = :kid", at=clock.now() + timedelta(hours=1), kid=new)
    clock.advance(READ_AGAIN)
    assert services.keys.signing_key().kid == old
    assert published(services.keys) == {old, new}
    clock.advance(timedelta(hours=1))
    assert services.keys.signing_key().kid == new


def test_a_clock_set_back_does_not_keep_old_keys_in_use(
    services: Services, clock: ManualClock, superuser_url: str, rotated: tuple[str, str]
) -> None:
    clock.advance(timedelta(minutes=10))
    assert services.keys.signing_key().kid == rotated[1]
    clock.advance(timedelta(minutes=-5))
    elsewhere(superuser_url, "UPDATE signing_key SET retired_at = :now", now=clock.now())
    with pytest.raises(Unavailable):
        services.keys.signing_key()
