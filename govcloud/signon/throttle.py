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
from typing import Any, cast
from uuid import UUID

from sqlalchemy import BigInteger, BindParameter, Table, Text, bindparam, case, delete, func, insert, null, or_, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon.models import SignInAttempt
from govcloud.signon.policy import Policies, SignOnPolicy

COUNT = "govcloud:attempt:count"
_LOCK_BYTES = 8
_SUBSCRIBER_BITS = 64
# Every sign-in runs these.
_ATTEMPT = cast("Table", SignInAttempt.__table__)
_KEEP = Prepared(insert(_ATTEMPT), ("id", "login_digest", "source_address", "at", "outcome", "locked_until"))
_DIGEST: BindParameter[bytes] = bindparam("digest")
_ADDRESS: BindParameter[str] = bindparam("address")
_SINCE: BindParameter[datetime] = bindparam("since")
_LATELY = (_ATTEMPT.c.outcome == "failed", _ATTEMPT.c.at > _SINCE)
_PAIR = (_ATTEMPT.c.login_digest == _DIGEST, _ATTEMPT.c.source_address == _ADDRESS)
_TRIES = select(_ATTEMPT.c.id).where(_ATTEMPT.c.source_address == _ADDRESS, *_LATELY).limit(bindparam("address_attempts"))
_COUNT = select(func.count().label("tries")).select_from(_TRIES.subquery())
_CROWD = Prepared(_COUNT)
_TURN = Prepared(select(func.pg_advisory_xact_lock(bindparam("number", type_=BigInteger)).label("turn")))
_COUNTED = _COUNT.subquery()
_TAKE_TURN = func.pg_advisory_xact_lock(bindparam("turn", type_=BigInteger)).cast(Text)
#: Far from the limit of its address, a try counts and takes its turn at the account at once.
_TURN_FAR_OFF = Prepared(select(_COUNTED.c.tries, case((_COUNTED.c.tries < bindparam("close"), _TAKE_TURN)).label("turn")))
_LOCKED_UNTIL = select(func.max(_ATTEMPT.c.locked_until)).where(
    or_(_ATTEMPT.c.login_digest == _DIGEST, _ATTEMPT.c.login_digest == bindparam("every")),
    _ATTEMPT.c.source_address == _ADDRESS,
    _ATTEMPT.c.locked_until > bindparam("now"),
)
#: The failure of the account, counted back from the latest, with which further addresses begin to be slowed down.
_ONE_TOO_MANY = (
    select(_ATTEMPT.c.at)
    .where(_ATTEMPT.c.login_digest == _DIGEST, *_LATELY)
    .order_by(_ATTEMPT.c.at.desc())
    .offset(bindparam("account_attempts") - 1)
    .limit(1)
)
_OF_PAIR = (
    select(_ATTEMPT.c.outcome, _ATTEMPT.c.locked_until)
    .where(*_PAIR, _ATTEMPT.c.at > _SINCE)
    .order_by(_ATTEMPT.c.at.desc(), _ATTEMPT.c.id.desc())
    .limit(bindparam("in_a_row"))
    .subquery()
)
#: How many of the pair's latest are failures in a row: a success or an earlier lock among them begins the count anew.
_IN_A_ROW = select(func.count()).select_from(_OF_PAIR).where(_OF_PAIR.c.outcome == "failed", _OF_PAIR.c.locked_until.is_(None))
_SEEN = Prepared(
    select(
        _LOCKED_UNTIL.scalar_subquery().label("locked_until"),
        _ONE_TOO_MANY.scalar_subquery().label("one_too_many"),
        _IN_A_ROW.scalar_subquery().label("in_a_row"),
    )
)
_KNOWN = Prepared(select(_ATTEMPT.c.id).where(*_PAIR, _ATTEMPT.c.outcome == "succeeded").limit(1))
_WON = (
    update(_ATTEMPT)
    .where(_ATTEMPT.c.id == bindparam("attempt"))
    .values(outcome="succeeded", locked_until=null())
    .returning(_ATTEMPT.c.id, _ATTEMPT.c.login_digest, _ATTEMPT.c.source_address)
    .cte("won")
)
#: One success of a pair says as much as many, so the table grows with the pairs and not with the sign-ins.
_SUCCEED = Prepared(
    delete(_ATTEMPT)
    .where(
        _ATTEMPT.c.login_digest == _WON.c.login_digest,
        _ATTEMPT.c.source_address == _WON.c.source_address,
        _ATTEMPT.c.outcome == "succeeded",
        _ATTEMPT.c.id != _WON.c.id,
    )
    .add_cte(_WON)
)
_FORGET = Prepared(delete(_ATTEMPT).where(or_(_ATTEMPT.c.id == bindparam("attempt"), _ATTEMPT.c.id == bindparam("address_lock"))))
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
        asked = self._asked(tx, digest, address, policy)
        crowd = self._wait_turn(tx, asked)
        # After the lock and in a statement of its own, so that it sees what the try before has written.
        seen = tx.run(_SEEN, **asked)[0]
        if seen.locked_until is not None:
            return Held(seen.locked_until)
        if seen.one_too_many is not None and not tx.run(_KNOWN, **asked):
            # The account is under attack, and nobody proved from this address to be its owner.
            return Held(seen.one_too_many + timedelta(minutes=policy.lock_window_minutes))
        return self._count(tx, asked, policy, locks=seen.in_a_row == asked["in_a_row"], last=crowd == policy.address_attempts - 1)

    @staticmethod
    def succeeded(tx: Transaction, attempt: Attempt) -> None:
        """Turn a counted try into a success, by which the address is known to the account from now on."""
        tx.run(_SUCCEED, attempt=attempt.id)
        if attempt.address_lock_id is not None:
            tx.run(_FORGET, attempt=attempt.address_lock_id, address_lock=None)

    @staticmethod
    def forget(tx: Transaction, attempt: Attempt) -> None:
        """Take a counted try back as if it had not been made: it was right, and says nothing about whose address this is."""
        tx.run(_FORGET, attempt=attempt.id, address_lock=attempt.address_lock_id)

    def _asked(self, tx: Transaction, digest: bytes, address: str, policy: SignOnPolicy) -> dict[str, Any]:
        """Return what the statements about a try compare with."""
        return {
            "digest": digest,
            "turn": _lock_number(digest),
            "every": self._whole_address,
            "address": address,
            "now": tx.now,
            "since": tx.now - timedelta(minutes=policy.lock_window_minutes),
            "in_a_row": policy.lock_attempts - 1,
            "account_attempts": policy.account_attempts,
            "address_attempts": policy.address_attempts,
            "close": policy.address_attempts - _CLOSE,
        }

    def _wait_turn(self, tx: Transaction, asked: dict[str, Any]) -> int:
        """Wait for other tries at the account, and return how many of the address failed lately, up to its limit.

        Near the limit the tries of an address wait for each other too.
        """
        count: int = tx.run(_TURN_FAR_OFF, **asked)[0].tries
        if count < asked["close"]:
            return count
        # Always before the lock of the account, so that two tries never wait for each other crosswise.
        of_address = self._keys.digest("sign-in-address", asked["address"].encode("utf-8", "surrogatepass"))
        tx.run(_TURN, number=_lock_number(of_address))
        count = tx.run(_CROWD, **asked)[0].tries
        tx.run(_TURN, number=asked["turn"])
        return count

    def _count(self, tx: Transaction, asked: dict[str, Any], policy: SignOnPolicy, *, locks: bool, last: bool) -> Attempt:
        """Write the try down; ``locks``: it is the one too many of its pair, ``last``: that of its address."""
        until, address = tx.now + timedelta(minutes=policy.lock_minutes), asked["address"]
        locked_until = until if locks else None
        attempt = _keep(tx, asked["digest"], address, locked_until)
        if not last or not address:
            return Attempt(attempt, locked_until)
        return Attempt(attempt, until, _keep(tx, self._whole_address, address, until))


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


def _lock_number(digest: bytes) -> int:
    """Return the number of the advisory lock that stands for a digest."""
    return int.from_bytes(digest[:_LOCK_BYTES], "big", signed=True)


def _keep(tx: Transaction, digest: bytes, address: str, locked_until: datetime | None) -> UUID:
    """Write a failed try down and return its id."""
    attempt_id = new_id()
    row = {
        "id": attempt_id,
        "login_digest": digest,
        "source_address": address,
        "at": tx.now,
        "outcome": "failed",
        "locked_until": locked_until,
    }
    tx.run(_KEEP, **row)
    return attempt_id
