"""Devices without a browser: let in once, by one person, for one client; whoever guesses codes is held up (RFC 8628)."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import jwt
import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text

from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import ManualClock
from govcloud.kernel.crypto import read_master_key
from govcloud.kernel.errors import Denied, NotFound, Unavailable
from govcloud.services import Services
from govcloud.settings import Settings
from govcloud.signon.oauth.devices import INTERVAL, LIFE, MOST_WAITING, DeviceCodes, DeviceRefused
from govcloud.signon.oauth.user_codes import ALPHABET, DeviceCodeLocked, shown, typed
from govcloud.signon.sessions import CurrentSession
from govcloud.signon.views import TokenSet
from govcloud.subsystems.protocols import AUTHORIZATION_CODE, DEVICE_CODE, PUBLIC, REFRESH_TOKEN, OidcSettings
from govcloud.wiring import wire
from tests.commands.signon.conftest import sign_in
from tests.commands.signon.oauth.conftest import Refresher, refresher
from tests.factories.racing import together
from tests.factories.world import World

KEY, OTHER_KEY = {"jkt": "a"}, {"jkt": "b"}
GRANTS = (AUTHORIZATION_CODE, REFRESH_TOKEN, DEVICE_CODE)


@pytest.fixture
def screen(services: Services, world: World) -> Refresher:
    """Return a client for the screens in the halls."""
    return refresher(services, "assistance-screen", OidcSettings(grant_types=GRANTS), PUBLIC)


def own(session: CurrentSession, address: str = "192.0.2.7") -> Actor:
    return Actor.official(
        session.official_id, session.name, appointment_id=session.appointment_id, session_id=session.session_id, source_address=address
    )


def begin(screen: Refresher, **options: dict[str, str]) -> DeviceCodes:
    actor = Actor.subsystem(screen.client.client_id, screen.client.name, source_address="198.51.100.4")
    return screen.services.devices.begin(actor, screen.client, "openid profile", **options)


def approve(screen: Refresher, session: CurrentSession, codes: DeviceCodes) -> None:
    screen.services.devices.approve(own(session), session, screen.client, codes.user_code)


def poll(screen: Refresher, codes: DeviceCodes, **options: dict[str, str]) -> TokenSet:
    return screen.services.devices.redeem(screen.actor, screen.client, codes.device_code, **options)


def refused(screen: Refresher, codes: DeviceCodes, **options: dict[str, str]) -> str:
    with pytest.raises(DeviceRefused) as error:
        poll(screen, codes, **options)
    return error.value.reason


def test_from_code_to_tokens(services: Services, screen: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    codes = begin(screen)
    assert re.fullmatch(f"[{ALPHABET}]{{4}}-[{ALPHABET}]{{4}}", codes.user_code)
    assert (codes.expires_in, codes.interval) == (600, 5)
    assert refused(screen, codes) == "authorization_pending"
    waiting = services.devices.look(own(session), codes.user_code.lower().replace("-", " "))
    assert (waiting.client_id, waiting.scope, waiting.source_address) == ("assistance-screen", ("openid", "profile"), "198.51.100.4")
    approve(screen, session, codes)
    tokens = poll(screen, codes)
    live = services.signon.live_token(tokens.access_token)
    assert live.session.session_id == session.session_id
    assert tokens.id_token is not None
    assert jwt.decode(tokens.id_token, options={"verify_signature": False})["name"] == "王芳"
    assert screen.alive(screen.refresh(tokens.refresh_token))
    assert {"signon:device:decided", "signon:device:redeemed"} <= {
        event.name for event in services.audit_queries.by_subject(f"official:{session.official_id}")
    }


def test_the_device_leaves_with_the_session(services: Services, screen: Refresher, session: CurrentSession) -> None:
    codes, late = begin(screen), begin(screen)
    approve(screen, session, codes)
    approve(screen, session, late)
    tokens = poll(screen, codes)
    services.signon.sign_out(own(session), session.session_id)
    assert not screen.alive(tokens)
    assert screen.refused(tokens.refresh_token) == "session_ended"
    assert refused(screen, late) == "session_ended"


def test_who_asks_too_often_waits_longer(screen: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    codes = begin(screen)
    assert refused(screen, codes) == "authorization_pending"
    clock.advance(timedelta(seconds=INTERVAL - 1))
    assert refused(screen, codes) == "slow_down"
    clock.advance(timedelta(seconds=2 * INTERVAL - 1))
    assert refused(screen, codes) == "slow_down"
    clock.advance(timedelta(seconds=3 * INTERVAL))
    assert refused(screen, codes) == "authorization_pending"
    approve(screen, session, codes)
    assert poll(screen, codes)


def test_nobody_decides_for_ever(services: Services, screen: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    codes = begin(screen)
    clock.advance(LIFE)
    assert refused(screen, codes) == "expired_token"
    fresh = sign_in(services)
    with pytest.raises(NotFound):
        approve(screen, fresh, codes)


def test_a_device_that_was_turned_away_stays_so(services: Services, screen: Refresher, session: CurrentSession) -> None:
    codes = begin(screen)
    services.devices.deny(own(session), session, codes.user_code)
    assert refused(screen, codes) == "access_denied"
    with pytest.raises(NotFound):
        approve(screen, session, codes)
    assert refused(screen, codes) == "access_denied"


def test_tokens_are_given_once_and_a_later_reuse_ends_them(screen: Refresher, session: CurrentSession, clock: ManualClock) -> None:
    codes = begin(screen)
    approve(screen, session, codes)
    tokens = poll(screen, codes)
    assert refused(screen, codes) == "reused"
    assert screen.alive(tokens)
    clock.advance(timedelta(seconds=INTERVAL + 1))
    assert refused(screen, codes) == "reused"
    assert not screen.alive(tokens)
    assert screen.refused(tokens.refresh_token) == "revoked"


def test_two_polls_at_once_redeem_once(
    app: Flask, screen: Refresher, session: CurrentSession, settings: Settings, clock: ManualClock
) -> None:
    codes = begin(screen)
    approve(screen, session, codes)
    others = [wire(settings, clock, read_master_key(settings.master_key_file)) for _ in range(2)]
    polls: list[Callable[[], object]] = [
        lambda process=process: process.devices.redeem(screen.actor, screen.client, codes.device_code)  # type: ignore[misc]
        for process in others
    ]
    came = together(app, settings, "SELECT 1 FROM device_authorization FOR UPDATE", *polls)
    [tokens] = [outcome for outcome in came if isinstance(outcome, TokenSet)]
    assert [outcome.reason for outcome in came if isinstance(outcome, DeviceRefused)] == ["reused"]
    assert screen.alive(tokens)


def test_two_people_at_once_let_it_in_once(
    app: Flask, screen: Refresher, session: CurrentSession, settings: Settings, clock: ManualClock
) -> None:
    codes = begin(screen)
    sessions = [session, sign_in(screen.services, "SHANXUEMEI")]
    others = [wire(settings, clock, read_master_key(settings.master_key_file)) for _ in sessions]
    decisions: list[Callable[[], object]] = [
        lambda process=process, who=who: process.devices.approve(own(who), who, screen.client, codes.user_code)  # type: ignore[misc]
        for process, who in zip(others, sessions, strict=True)
    ]
    came = together(app, settings, "SELECT 1 FROM device_authorization FOR UPDATE", *decisions)
    assert sorted(isinstance(outcome, NotFound) for outcome in came) == [False, True]


# Attacks


def test_another_clients_device_code_is_worth_nothing(services: Services, screen: Refresher, session: CurrentSession) -> None:
    codes = begin(screen)
    approve(screen, session, codes)
    other = refresher(services, "assistance-kiosk", OidcSettings(grant_types=GRANTS), PUBLIC)
    assert refused(other, codes) == "unknown"
    assert poll(screen, codes)


def test_a_person_lets_in_the_client_that_they_were_shown(services: Services, screen: Refresher, session: CurrentSession) -> None:
    """The page asked about one client; the code stands for another by now."""
    codes = begin(screen)
    other = refresher(services, "assistance-kiosk", OidcSettings(grant_types=GRANTS), PUBLIC)
    with pytest.raises(NotFound):
        services.devices.approve(own(session), session, other.client, codes.user_code)
    assert refused(screen, codes) == "authorization_pending"


def test_the_tokens_go_to_the_key_that_began(screen: Refresher, session: CurrentSession) -> None:
    codes = begin(screen, confirmation=KEY)
    approve(screen, session, codes)
    assert refused(screen, codes) == "wrong_proof"
    assert refused(screen, codes, confirmation=OTHER_KEY) == "wrong_proof"
    assert poll(screen, codes, confirmation=KEY).token_type == "DPoP"


def test_guessing_is_held_up_and_a_device_of_ones_own_does_not_help(
    services: Services, screen: Refresher, session: CurrentSession, clock: ManualClock
) -> None:
    bait, target = begin(screen), begin(screen)
    for number in range(services.signon_policies.current().lock_attempts):
        with pytest.raises(NotFound):
            services.devices.look(own(session), f"BBBB-BBB{ALPHABET[number]}")
        if number < services.signon_policies.current().lock_attempts - 1:
            services.devices.look(own(session), bait.user_code)
    with pytest.raises(DeviceCodeLocked) as locked:
        services.devices.look(own(session), target.user_code)
    assert locked.value.retry_after
    with pytest.raises(DeviceCodeLocked):
        approve(screen, session, target)
    with pytest.raises(DeviceCodeLocked):
        services.devices.deny(own(session), session, target.user_code)
    other = sign_in(services, "SHANXUEMEI")
    assert services.devices.look(own(other), target.user_code)
    clock.advance(timedelta(minutes=services.signon_policies.current().lock_minutes))
    with pytest.raises(NotFound):  # the code has expired meanwhile, the lock too
        services.devices.look(own(sign_in(services)), target.user_code)


def test_somebody_elses_session_lets_nobody_in(services: Services, screen: Refresher, session: CurrentSession) -> None:
    codes, other = begin(screen), sign_in(services, "SHANXUEMEI")
    with pytest.raises(NotFound):
        services.devices.approve(own(other), session, screen.client, codes.user_code)
    assert refused(screen, codes) == "authorization_pending"


def test_who_has_not_signed_in_decides_nothing(services: Services, screen: Refresher, session: CurrentSession) -> None:
    codes = begin(screen)
    for actor in (Actor.anonymous("192.0.2.7"), screen.actor):
        with pytest.raises(Denied):
            services.devices.look(actor, codes.user_code)
        with pytest.raises(Denied):
            services.devices.approve(actor, session, screen.client, codes.user_code)


def test_one_address_does_not_fill_the_table(services: Services, screen: Refresher, clock: ManualClock) -> None:
    for _ in range(MOST_WAITING):
        begin(screen)
    with pytest.raises(Unavailable):
        begin(screen)
    turned_away = text("SELECT subject, convert_from(canonical, 'UTF8') FROM audit_event WHERE name = 'signon:device:refused'")
    [(subject, said)] = services.uow.read().execute(turned_away).all()
    assert (subject, "too_many_devices" in said) == (f"client:{screen.client.client_id}", True)
    clock.advance(LIFE)
    assert begin(screen)


def test_the_database_alone_opens_nothing(services: Services, screen: Refresher) -> None:
    from sqlalchemy import select  # noqa: PLC0415

    from govcloud.signon.oauth.models import DeviceAuthorization  # noqa: PLC0415

    codes = begin(screen)
    row = services.uow.read().scalars(select(DeviceAuthorization)).one()
    assert codes.device_code.encode() not in row.device_digest
    assert typed(codes.user_code).encode() not in row.user_digest


@given(st.text(max_size=100))
def test_whatever_is_typed_has_a_form(text: str) -> None:
    assert typed(typed(text)) == typed(text)
    assert len(typed(text)) <= 16 * 3  # some letters grow when they are made capitals


@given(st.text(ALPHABET, min_size=8, max_size=8))
def test_a_code_is_read_back_as_it_is_shown(code: str) -> None:
    assert typed(shown(code)) == code
    assert typed(f"  {shown(code).lower()} ") == code
