"""The brake on guessing: tries are counted by (what was tried, address), by address, and by what was tried from everywhere.

=====================  =======================================================================================================
the pair               after ``lock_attempts`` failures in a row it is locked: the first to go, as it harms nobody else
the address            after ``address_attempts`` failures at whatever, it is locked: one machine that goes through many accounts
the account            ``account_attempts`` failures from everywhere lock nothing: addresses that have succeeded at this account
                       go on unhindered, all others together get so many tries a window. Nobody locks a colleague out from outside
=====================  =======================================================================================================

Tries are written down before anything is checked, and those at one account wait for each other, so guesses made at once get no
further than guesses made in turn, on however many processes. What was tried is known by a digest alone: it may be a password.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from ipaddress import IPv4Address, ip_address, ip_network
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, ColumnElement, bindparam, delete, func, or_, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.models import SignInAttempt
from govcloud.signon.policy import Policies, SignOnPolicy

COUNT = "govcloud:attempt:count"
_LOCK_BYTES = 8
_SUBSCRIBER_BITS = 64
# Every sign-in reads these: made once, as putting a statement together takes longer than running it.
_DIGEST: BindParameter[bytes] = bindparam("digest")
_ADDRESS: BindParameter[str] = bindparam("address")
_SINCE: BindParameter[datetime] = bindparam("since")
_MOST: BindParameter[int] = bindparam("most")
_LATELY = (SignInAttempt.outcome == "failed", SignInAttempt.at > _SINCE)
_CROWD = select(func.count()).select_from(
    select(SignInAttempt.id).where(SignInAttempt.source_address == _ADDRESS, *_LATELY).limit(_MOST).subquery()
)
_LOCKED_UNTIL = select(func.max(SignInAttempt.locked_until)).where(
    or_(SignInAttempt.login_digest == _DIGEST, SignInAttempt.login_digest == bindparam("every")),
    SignInAttempt.source_address == _ADDRESS,
    SignInAttempt.locked_until > bindparam("now"),
)
_MISSED = select(SignInAttempt.at).where(SignInAttempt.login_digest == _DIGEST, *_LATELY).order_by(SignInAttempt.at.desc()).limit(_MOST)
_OF_PAIR = (
    select(SignInAttempt.outcome, SignInAttempt.locked_until)
    .where(SignInAttempt.login_digest == _DIGEST, SignInAttempt.source_address == _ADDRESS, SignInAttempt.at > _SINCE)
    .order_by(SignInAttempt.at.desc(), SignInAttempt.id.desc())
    .limit(_MOST)
)
_TURN = select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)))
#: So close to an address's limit its tries wait for each other too; further off, a busy office does not wait for itself.
_CLOSE = 20


@dataclass(frozen=True)
class Attempt:
    """A counted try; ``locked_until`` is when the next one is possible, if this one fails and was one too many."""

    id: UUID
    locked_until: datetime | None
    address_lock_id: UUID | None = None


@dataclass(frozen=True)
class Held:
    """A try that is not made: too many went before; the next one is possible at ``until``."""

    until: datetime


class Throttle:
    """Counts tries, at passwords, codes and second factors alike."""

    def __init__(self, keys: KeyRing, policies: Policies) -> None:
        """Take the key ring (what was typed is kept as a digest: it may be a password) and the rules."""
        self._keys = keys
        self._policies = policies
        self._whole_address = keys.digest("login", b"\0every account")

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

    def digest_of(self, kind: str, subject: str) -> bytes:
        """Return the digest that stands for something else than an account at which is guessed, e.g. a client's secret."""
        return self._keys.digest("attempt", f"{kind}:{subject}".encode("utf-8", "surrogatepass"))

    def enter(self, tx: Transaction, digest: bytes, address: str) -> Attempt | Held:
        """Write a try down as failed (``succeeded`` takes that back), unless too many went before.

        Other tries at the same account wait until ``tx`` ends. The statements are the same for accounts that exist and others.
        """
        policy = self._policies.current()
        crowd = self._crowd(tx, address, policy)
        self._wait_turn(tx, digest)
        until = self._held_until(tx, digest, address, policy)
        if until is not None:
            return Held(until)
        return self._count(tx, digest, address, policy, last=crowd == policy.address_attempts - 1)

    def succeeded(self, tx: Transaction, attempt: Attempt) -> None:
        """Turn a counted try into a success, by which the address is known to the account from now on."""
        change = update(SignInAttempt).where(SignInAttempt.id == attempt.id).values(outcome="succeeded", locked_until=None)
        pair = tx.session.execute(change.returning(SignInAttempt.login_digest, SignInAttempt.source_address)).one_or_none()
        if pair is None:
            return
        # One success of a pair says as much as many, so the table grows with the pairs and not with the sign-ins.
        older = (*_of(pair.login_digest, pair.source_address), SignInAttempt.outcome == "succeeded", SignInAttempt.id != attempt.id)
        tx.session.execute(delete(SignInAttempt).where(*older))
        if attempt.address_lock_id is not None:
            tx.session.execute(delete(SignInAttempt).where(SignInAttempt.id == attempt.address_lock_id))

    @staticmethod
    def forget(tx: Transaction, attempt: Attempt) -> None:
        """Take a counted try back as if it had not been made: it was right, and says nothing about whose address this is."""
        tx.session.flush()
        tx.session.execute(delete(SignInAttempt).where(SignInAttempt.id.in_((attempt.id, attempt.address_lock_id))))

    def _crowd(self, tx: Transaction, address: str, policy: SignOnPolicy) -> int:
        """Return how many tries of an address failed lately, up to the limit; near it, its tries wait for each other."""
        counted = {"address": address, "since": _since(tx, policy), "most": policy.address_attempts}
        count = tx.session.scalar(_CROWD, counted) or 0
        if count < policy.address_attempts - _CLOSE:
            return count
        # Always before the lock of the account, so that two tries never wait for each other crosswise.
        self._wait_turn(tx, self._keys.digest("sign-in-address", address.encode("utf-8", "surrogatepass")))
        return tx.session.scalar(_CROWD, counted) or 0

    @staticmethod
    def _wait_turn(tx: Transaction, digest: bytes) -> None:
        number = int.from_bytes(digest[:_LOCK_BYTES], "big", signed=True)
        tx.session.execute(_TURN, {"number": number})

    def _held_until(self, tx: Transaction, digest: bytes, address: str, policy: SignOnPolicy) -> datetime | None:
        """Return until when no try is made: the pair or the address is locked, or the account is under attack and this a stranger."""
        until = tx.session.scalar(_LOCKED_UNTIL, {"digest": digest, "every": self._whole_address, "address": address, "now": tx.now})
        missed = {"digest": digest, "since": _since(tx, policy), "most": policy.account_attempts}
        moments = tx.session.scalars(_MISSED, missed).all()
        if until is not None or len(moments) < policy.account_attempts or self._known(tx, digest, address):
            return until
        return moments[-1] + timedelta(minutes=policy.lock_window_minutes)

    @staticmethod
    def _known(tx: Transaction, digest: bytes, address: str) -> bool:
        """Return whether somebody proved from this address to be the account's owner."""
        one = select(SignInAttempt.id).where(*_of(digest, address), SignInAttempt.outcome == "succeeded").limit(1)
        return tx.session.scalar(one) is not None

    def _count(self, tx: Transaction, digest: bytes, address: str, policy: SignOnPolicy, *, last: bool) -> Attempt:
        """Write the try down; ``last`` is the one too many of its address."""
        most = policy.lock_attempts - 1
        pair = {"digest": digest, "address": address, "since": _since(tx, policy), "most": most}
        recent = tx.session.execute(_OF_PAIR, pair).all()
        # A success or an earlier lock begins the count anew.
        in_a_row = all(row.outcome == "failed" and row.locked_until is None for row in recent)
        until = tx.now + timedelta(minutes=policy.lock_minutes)
        attempt = _row(tx, digest, address, until if in_a_row and len(recent) == most else None)
        tx.session.add(attempt)
        if not last or not address:
            return Attempt(attempt.id, attempt.locked_until)
        whole = _row(tx, self._whole_address, address, until)
        tx.session.add(whole)
        return Attempt(attempt.id, until, whole.id)


class FailureLimits:
    """Limits what programs get wrong: only failures are counted, so whoever does it right pays nothing for it."""

    def __init__(self, uow: UnitOfWork, throttle: Throttle) -> None:
        """Take the unit of work and the one count of tries."""
        self._uow = uow
        self._throttle = throttle

    def failed(self, kind: str, subject: str, address: str | None) -> int | None:
        """Count a failure.

        Args:
            kind: what was tried, e.g. ``client``.
            subject: at which one, e.g. the ``client_id``; it is kept as a digest.
            address: where the request comes from.

        Returns:
            After how many seconds the next try is welcome when there were too many, else ``None``.
        """
        with self._uow.begin(Actor.system("signon"), COUNT) as tx:
            counted = self._throttle.enter(tx, self._throttle.digest_of(kind, subject), self._throttle.network_of(address or ""))
            until = counted.until if isinstance(counted, Held) else counted.locked_until
            return None if until is None else max(1, round((until - tx.now).total_seconds()))


def _row(tx: Transaction, digest: bytes, address: str, locked_until: datetime | None) -> SignInAttempt:
    return SignInAttempt(id=new_id(), login_digest=digest, source_address=address, at=tx.now, outcome="failed", locked_until=locked_until)


def _since(tx: Transaction, policy: SignOnPolicy) -> datetime:
    """Return since when failures count."""
    return tx.now - timedelta(minutes=policy.lock_window_minutes)


def _of(login_digest: bytes, address: str) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (SignInAttempt.login_digest == login_digest, SignInAttempt.source_address == address)
