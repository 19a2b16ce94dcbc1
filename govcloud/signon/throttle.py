"""The brake on guessing: failures are counted by (what was typed as account, address), and the pair is locked for a while.

Locking the account alone would let anybody lock anybody out. Tries are counted before the password is checked and one pair's
tries are written one after the other, so guesses made at once get no further than guesses made in turn.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from uuid import UUID

from sqlalchemy import ColumnElement, func, select, update

from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.models import SignInAttempt
from govcloud.signon.policy import Policies

_LOCK_BYTES = 8
_SUBSCRIBER_BITS = 64


@dataclass(frozen=True)
class Attempt:
    """A counted try; ``locked_until`` is when the next one is possible, if this one fails and was one too many."""

    id: UUID
    locked_until: datetime | None


class Throttle:
    """Counts tries to sign in."""

    def __init__(self, keys: KeyRing, policies: Policies) -> None:
        """Take the key ring (what was typed is kept as a digest: it may be a password) and the rules."""
        self._keys = keys
        self._policies = policies

    @staticmethod
    def network_of(address: str) -> str:
        """Return what an address is counted as: itself, or the /64 of IPv6, which is what one subscriber has (RFC 6177)."""
        try:
            known = ip_address(address)
        except ValueError:
            return address
        if isinstance(known, IPv4Address):
            return str(known)
        return str(known.ipv4_mapped or ip_network((known, _SUBSCRIBER_BITS), strict=False))

    def login_digest(self, login: str) -> bytes:
        """Return the digest that stands for what was typed as account."""
        return self._keys.digest("login", login.encode("utf-8", "surrogatepass"))

    def locked_until(self, tx: Transaction, login_digest: bytes, address: str) -> datetime | None:
        """Return until when the pair is locked, or ``None``; other tries of the pair wait until ``tx`` ends."""
        pair = self._keys.digest("sign-in-pair", login_digest + address.encode("utf-8", "surrogatepass"))
        number = int.from_bytes(pair[:_LOCK_BYTES], "big", signed=True)
        tx.session.execute(select(func.pg_advisory_xact_lock(number)))
        query = select(func.max(SignInAttempt.locked_until)).where(*_of(login_digest, address), SignInAttempt.locked_until > tx.now)
        return tx.session.scalar(query)

    def count(self, tx: Transaction, login_digest: bytes, address: str) -> Attempt:
        """Write a try down as failed; ``succeeded`` takes that back."""
        policy = self._policies.current()
        window, most = timedelta(minutes=policy.lock_window_minutes), policy.lock_attempts - 1
        query = select(SignInAttempt.outcome, SignInAttempt.locked_until).where(
            *_of(login_digest, address), SignInAttempt.at > tx.now - window
        )
        recent = tx.session.execute(query.order_by(SignInAttempt.at.desc(), SignInAttempt.id.desc()).limit(most)).all()
        # A success or an earlier lock begins the count anew.
        in_a_row = all(row.outcome == "failed" and row.locked_until is None for row in recent)
        one_too_many = in_a_row and len(recent) == most
        attempt = SignInAttempt(
            id=new_id(),
            login_digest=login_digest,
            source_address=address,
            at=tx.now,
            outcome="failed",
            locked_until=tx.now + timedelta(minutes=policy.lock_minutes) if one_too_many else None,
        )
        tx.session.add(attempt)
        return Attempt(attempt.id, attempt.locked_until)

    def succeeded(self, tx: Transaction, attempt: Attempt) -> None:
        """Turn a counted try into a success."""
        change = update(SignInAttempt).where(SignInAttempt.id == attempt.id)
        tx.session.execute(change.values(outcome="succeeded", locked_until=None))


def _of(login_digest: bytes, address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SignInAttempt.login_digest == login_digest, SignInAttempt.source_address == address)
