"""Devices without a browser: one shows a code, somebody lets it in from their own browser, and it fetches its tokens (RFC 8628).

The device then takes part in that person's session like every other client, and ends with it. Codes that people type are short, so
whoever types wrong ones is held up; those that the device keeps are as long as every secret.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Invalid, NotFound, Unavailable
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.entering import Entering
from govcloud.signon.errors import NotAdmitted, no_such_session
from govcloud.signon.oauth import device_events as events
from govcloud.signon.oauth.families import end_family
from govcloud.signon.oauth.issuing import Issuing, NewRefresh, Stay, TokenRequest
from govcloud.signon.oauth.models import DeviceAuthorization
from govcloud.signon.oauth.user_codes import DeviceCodeLocked, Guesses, drawn, shown, typed
from govcloud.signon.sessions import Sessions
from govcloud.signon.tickets import take_part
from govcloud.signon.views import CurrentSession, TokenSet
from govcloud.subsystems.protocols import REFRESH_TOKEN
from govcloud.subsystems.queries import ClientView

LIFE = timedelta(minutes=10)
INTERVAL = 5
"""Seconds between two polls; one that comes sooner makes it five longer (section 3.5)."""
MOST_WAITING = 20
"""So many devices of one client may wait at once behind one address."""
APPROVED, DENIED = "approved", "denied"
PENDING, SLOW_DOWN, ACCESS_DENIED, EXPIRED = "authorization_pending", "slow_down", "access_denied", "expired_token"
REUSED = "reused"
_SECRET_BYTES = 32
_TRIES = 5


@dataclass(frozen=True)
class DeviceCodes:
    """What a device gets to show and to keep; times in seconds."""

    device_code: str
    user_code: str
    expires_in: int
    interval: int


@dataclass(frozen=True)
class WaitingDevice:
    """A device that waits to be let in: of which client, for what, since when and from where."""

    client_id: str
    scope: tuple[str, ...]
    created_at: datetime
    source_address: str | None


class DeviceRefused(Invalid):
    """A device gets no tokens (yet); ``reason`` is an error of RFC 8628 section 3.5, or for the log alone."""

    def __init__(self, reason: str) -> None:
        """Keep the reason: one of the four of the RFC, or unknown, reused, wrong_proof or session_ended."""
        super().__init__("device_refused", Message("设备登录尚未完成或已失效。"))
        self.reason = reason


def no_such_device() -> NotFound:
    """Return the error for a code that no waiting device shows."""
    return NotFound("no_such_device", Message("没有设备在等待这个代码，或代码已过期。"), remedy=Message("请核对设备上显示的代码后重试。"))


class Devices:
    """Lets devices in."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self, uow: UnitOfWork, sessions: Sessions, entering: Entering, keys: KeyRing, guesses: Guesses, issuing: Issuing
    ) -> None:
        """Take the sessions that devices join, who asks at doors, what holds up guessing, and what makes tokens."""
        self._uow = uow
        self._sessions = sessions
        self._entering = entering
        self._keys = keys
        self._guesses = guesses
        self._issuing = issuing

    def begin(self, actor: Actor, client: ClientView, scope: str, confirmation: Mapping[str, Any] | None = None) -> DeviceCodes:
        """Return the codes of a device that wants in (RFC 8628 section 3.2).

        Args:
            actor: the client as an actor.
            client: the client, which proved who it is as well as it can.
            scope: what the tokens will open.
            confirmation: the key that the device showed, in the form of the claim ``cnf``: the tokens go to that key alone.

        Raises:
            Unavailable: too many devices of this client wait behind this address.
        """
        with self._uow.begin(actor, "govcloud:device:begin", Target("client", client.client_id)) as tx:
            waiting = select(func.count()).where(
                DeviceAuthorization.client_id == client.client_id,
                DeviceAuthorization.source_address == actor.source_address,
                DeviceAuthorization.decided_at.is_(None),
                DeviceAuthorization.expires_at > tx.now,
            )
            if (tx.session.scalar(waiting) or 0) >= MOST_WAITING:
                turned_away = events.DeviceTurnedAway(
                    subject=f"client:{client.client_id}",
                    client_id=client.client_id,
                    reason="too_many_devices",
                    source_address=actor.source_address,
                )
                tx.remember(turned_away)
                raise Unavailable("too_many_devices", Message("等待登录的设备过多，请稍后重试。"), retry_after=int(LIFE.total_seconds()))
            device_code = secrets.token_urlsafe(_SECRET_BYTES)
            for _ in range(_TRIES):
                user_code = drawn()
                row = insert(DeviceAuthorization).values(
                    id=new_id(),
                    device_digest=self._digest("device", device_code),
                    user_digest=self._digest("device-user", user_code),
                    client_id=client.client_id,
                    scope=scope,
                    confirmation=dict(confirmation) if confirmation else None,
                    source_address=actor.source_address,
                    created_at=tx.now,
                    expires_at=tx.now + LIFE,
                    interval_seconds=INTERVAL,
                )
                # Two devices with one code would be one too many; the longer code is never drawn twice.
                if tx.session.scalar(row.on_conflict_do_nothing().returning(DeviceAuthorization.id)):
                    return DeviceCodes(device_code, shown(user_code), int(LIFE.total_seconds()), INTERVAL)
            raise Unavailable("no_device_code", Message("等待登录的设备过多，请稍后重试。"), retry_after=1)

    def look(self, actor: Actor, user_code: str) -> WaitingDevice:
        """Return the device that shows ``user_code``, as the person who typed it is to see it before deciding.

        Raises:
            NotFound: no device waits with this code.
            DeviceCodeLocked: too many wrong codes; ``retry_after`` says when.
        """
        with self._uow.begin(actor, "govcloud:device:decide", Target("device", "code")) as tx:
            device = self._tried(tx, user_code)
        return _known(device)

    def approve(self, actor: Actor, session: CurrentSession, client: ClientView, user_code: str) -> None:
        """Let the device in that shows ``user_code``: ``client`` takes part in the session.

        Raises:
            NotFound: no device of this client waits with this code, or the session ended meanwhile.
            NotAdmitted: the door is closed; that is on record.
            DeviceCodeLocked: too many wrong codes.
        """
        with self._uow.begin(actor, "govcloud:device:decide", Target("client", client.client_id)) as tx:
            if session.official_id != actor.official_id:
                raise no_such_session()
            held = self._entering.hold(tx, session, client)
            outcome = held if isinstance(held, NotAdmitted) else self._tried(tx, user_code, client.client_id)
            if isinstance(held, CurrentSession) and isinstance(outcome, _Device):
                participant_id = take_part(tx, held.session_id, client.client_id)
                self._decide(tx, held, outcome, APPROVED, participant_id)
        if isinstance(outcome, NotAdmitted):
            raise outcome
        _known(outcome)

    def deny(self, actor: Actor, session: CurrentSession, user_code: str) -> None:
        """Turn the device away that shows ``user_code``.

        Raises:
            NotFound: no device waits with this code.
            DeviceCodeLocked: too many wrong codes.
        """
        with self._uow.begin(actor, "govcloud:device:decide", Target("device", "code")) as tx:
            device = self._tried(tx, user_code)
            if isinstance(device, _Device):
                self._decide(tx, session, device, DENIED, None)
        _known(device)

    def redeem(self, actor: Actor, client: ClientView, device_code: str, *, confirmation: Mapping[str, Any] | None = None) -> TokenSet:
        """Return the tokens of a device that was let in (RFC 8628 section 3.4); they are given once.

        Args:
            actor: the client as an actor.
            client: the client, which proved who it is.
            device_code: what the device kept.
            confirmation: the key that it showed; the one that it began with, if it began with one.

        Raises:
            DeviceRefused: nobody has decided yet, it asks too often, it was turned away, or its code is not (or no longer) worth anything.
        """
        with self._uow.begin(actor, "govcloud:device:redeem", Target("client", client.client_id)) as tx:
            outcome = self._polled(tx, client, device_code, dict(confirmation) if confirmation else None)
            if isinstance(outcome, TokenSet):
                return outcome
        # Raised after the commit: that it was asked counts, and so does a family that was ended.
        raise DeviceRefused(outcome)

    # How the above work

    def _polled(self, tx: Transaction, client: ClientView, device_code: str, confirmation: dict[str, Any] | None) -> TokenSet | str:
        mine = (DeviceAuthorization.device_digest == self._digest("device", device_code), DeviceAuthorization.client_id == client.client_id)
        row = tx.session.scalar(select(DeviceAuthorization).where(*mine).with_for_update())
        if row is None:
            return "unknown"
        reason = _stands_against(row, tx.now, confirmation)
        if reason == REUSED and row.redeemed_at and tx.now - row.redeemed_at > timedelta(seconds=row.interval_seconds):
            # A poll that crossed the one before gets nothing and harms nothing; later, the code must be in the hands of two.
            end_family(tx, row.id, client.client_id, "device_code_reused")
        if reason is not None:
            return _waited(tx, row) if reason == PENDING else reason
        session = self._sessions.behind(row.participant_id, held=True) if row.participant_id else None
        if session is None or row.participant_id is None:
            return "session_ended"
        row.redeemed_at = tx.now
        return self._issued(tx, client, row, Stay(row.participant_id, session), confirmation)

    def _issued(
        self, tx: Transaction, client: ClientView, row: DeviceAuthorization, stay: Stay, confirmation: dict[str, Any] | None
    ) -> TokenSet:
        request = TokenRequest(
            client=client,
            family_id=row.id,
            scope=row.scope,
            stay=stay,
            confirmation=confirmation,
            refresh=NewRefresh() if REFRESH_TOKEN in client.oidc.grant_types else None,
        )
        tokens = self._issuing.issue(tx, request)
        subject = f"official:{stay.session.official_id}"
        tx.record(events.DeviceRedeemed(subject=subject, device_id=row.id, client_id=client.client_id, jti=request.jti))
        return tokens

    def _tried(self, tx: Transaction, user_code: str, client_id: str | None = None) -> _Device | DeviceCodeLocked | None:
        """Return the device that waits with a code, and hold up whoever guesses; ``tx`` must be committed whatever comes of it."""
        guess = self._guesses.enter(tx)
        if isinstance(guess, DeviceCodeLocked):
            return guess
        waiting = select(DeviceAuthorization).where(
            DeviceAuthorization.user_digest == self._digest("device-user", typed(user_code)),
            DeviceAuthorization.decided_at.is_(None),
            DeviceAuthorization.expires_at > tx.now,
        )
        row = tx.session.scalar(waiting.with_for_update())
        if row is None or client_id not in {None, row.client_id}:
            return None
        self._guesses.take_back(tx, guess)
        return _Device(row.id, WaitingDevice(row.client_id, tuple(row.scope.split()), row.created_at, row.source_address))

    def _decide(self, tx: Transaction, session: CurrentSession, device: _Device, decision: str, participant_id: UUID | None) -> None:
        change = update(DeviceAuthorization).where(DeviceAuthorization.id == device.id, DeviceAuthorization.decided_at.is_(None))
        tx.session.execute(change.values(decision=decision, decided_at=tx.now, participant_id=participant_id))
        tx.record(
            events.DeviceDecided(
                subject=f"official:{session.official_id}",
                session_id=session.session_id,
                device_id=device.id,
                client_id=device.waiting.client_id,
                appointment_id=session.appointment_id,
                decision=decision,
                source_address=device.waiting.source_address,
            )
        )

    def _digest(self, purpose: str, code: str) -> bytes:
        return self._keys.digest(purpose, code.encode("utf-8", "surrogatepass"))


@dataclass(frozen=True)
class _Device:
    """A device that waits, with its row."""

    id: UUID
    waiting: WaitingDevice


def _known(device: _Device | DeviceCodeLocked | None) -> WaitingDevice:
    if isinstance(device, DeviceCodeLocked):
        raise device
    if device is None:
        raise no_such_device()
    return device.waiting


def _stands_against(row: DeviceAuthorization, now: datetime, confirmation: dict[str, Any] | None) -> str | None:
    """Return why a device gets no tokens, the first of the reasons in this order."""
    reasons = (
        # Every key that was shown at the beginning is shown again; others may come to it.
        ("wrong_proof", not (row.confirmation or {}).items() <= (confirmation or {}).items()),
        (REUSED, row.redeemed_at is not None),
        (EXPIRED, row.expires_at <= now),
        (PENDING, row.decision is None),
        (ACCESS_DENIED, row.decision == DENIED),
    )
    return next((reason for reason, holds in reasons if holds), None)


def _waited(tx: Transaction, row: DeviceAuthorization) -> str:
    """Note that a device asked while nobody had decided; say whether it asks too often."""
    too_soon = row.polled_at is not None and tx.now - row.polled_at < timedelta(seconds=row.interval_seconds)
    row.polled_at = tx.now
    if too_soon:
        row.interval_seconds += INTERVAL
    return SLOW_DOWN if too_soon else PENDING
