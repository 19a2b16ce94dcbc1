"""How signing keys follow one another: published → waits → signs → retired → no longer published; and at once, when one leaked.

A new key is published for as long as others may go on with what they read of the keys (``SIGNS_AFTER``) before it signs, and a
retired one for as long as something that it signed may be valid, so nobody who verifies ever meets a key that they cannot know.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import ClassVar

from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.events import Event
from govcloud.kernel.keys import (
    READ_AGAIN,
    RETIRED,
    SIGNS_AFTER,
    TOKENS,
    WITHDRAWN,
    KeyRing,
    KeyView,
    SigningKeyEnd,
    SigningKeyRow,
    sealing_context,
)
from govcloud.kernel.locks import take
from govcloud.kernel.messages import Message
from govcloud.kernel.signing import ALGORITHMS, public_jwk, to_der
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

CREATE, RETIRE, WITHDRAW = (f"govcloud:signing_key:{verb}" for verb in ("create", "retire", "withdraw"))


@dataclass(frozen=True, kw_only=True)
class SigningKeyCreated(Event):
    """A signing key was made; it signs from ``signs_from`` on."""

    name: ClassVar[str] = "kernel:signing_key:created"

    purpose: str
    algorithm: str
    signs_from: datetime


@dataclass(frozen=True, kw_only=True)
class SigningKeyRetired(Event):
    """A signing key signs no more; what it signed holds as long as it would have."""

    name: ClassVar[str] = "kernel:signing_key:retired"

    purpose: str
    algorithm: str


@dataclass(frozen=True, kw_only=True)
class SigningKeyWithdrawn(Event):
    """A signing key is trusted no more: it signs nothing, is not published, and nothing that it signed holds."""

    name: ClassVar[str] = "kernel:signing_key:withdrawn"

    purpose: str
    algorithm: str


_ENDED: dict[str, type[SigningKeyRetired | SigningKeyWithdrawn]] = {RETIRED: SigningKeyRetired, WITHDRAWN: SigningKeyWithdrawn}


class KeyRotation:
    """Commands on the signing keys of one purpose; those of two processes at once happen one after the other."""

    def __init__(
        self, uow: UnitOfWork, keys: KeyRing, lives: timedelta, purpose: str = TOKENS, algorithms: Iterable[str] = tuple(ALGORITHMS)
    ) -> None:
        """Take the ring, how long a key signs before the next one is made, and what the keys are for and sign with."""
        self._uow = uow
        self._keys = keys
        self._lives = lives
        self._purpose = purpose
        self._algorithms = tuple(algorithms)

    def ensure(self, actor: Actor, algorithms: Iterable[str] | None = None) -> None:
        """Make a key for each of ``algorithms`` (by default all) that has none; of two processes at once one finds the other's.

        In a ring without any key there is nobody yet who could know others, so its first keys sign at once.
        """
        wanted = self._algorithms if algorithms is None else tuple(algorithms)
        if not _missing(wanted, self._keys.standing(self._purpose)):
            return
        with self._uow.begin(actor, CREATE) as tx:
            known = self._locked(tx)
            for algorithm in _missing(wanted, known):
                self._make(tx, algorithm, _next_signs_from(known, tx.now))

    def rotate(self, actor: Actor) -> tuple[KeyView, ...]:
        """Make the next key of every algorithm that has none waiting; return those that wait now, those from before too."""
        with self._uow.begin(actor, CREATE) as tx:
            known = self._locked(tx)
            for algorithm in self._algorithms:
                if not _waiting(known, algorithm, tx.now):
                    self._make(tx, algorithm, _next_signs_from(known, tx.now))
            return tuple(key for key in self._keys.standing(self._purpose) if not key.ended_at(tx.now) and key.signs_from > tx.now)

    def replace(self, actor: Actor) -> tuple[KeyView, ...]:
        """Withdraw every key that signs or waits and let new ones sign at once; return the new ones. For keys that leaked.

        Nothing that the old ones signed holds any more, and whoever has the old ones in a cache refuses the new ones until they
        read again. Other processes follow within ``READ_AGAIN``.
        """
        with self._uow.begin(actor, WITHDRAW) as tx:
            known = self._locked(tx)
            for key in known:
                if key.published_at(tx.now):
                    self._end(tx, key, WITHDRAWN)
            for algorithm in self._algorithms:
                self._make(tx, algorithm, tx.now)
            return tuple(key for key in self._keys.standing(self._purpose) if key.signs_at(tx.now))

    def retire(self, actor: Actor, kid: str) -> None:
        """Let a key sign no more, or never; what it signed holds as long as it would have.

        Raises:
            NotFound: there is no such key that has not stopped.
            Conflict: no other key of its algorithm has signed for long enough to be known everywhere.
        """
        with self._uow.begin(actor, RETIRE, Target("signing_key", kid)) as tx:
            known = self._locked(tx)
            key = next((key for key in known if key.kid == kid and not key.ended_at(tx.now)), None)
            self._end(tx, _replaceable(key, kid, known, tx.now), RETIRED)

    def withdraw(self, actor: Actor, kid: str) -> None:
        """Trust a key no more, at once: it signs nothing, is not published, and nothing that it signed holds.

        Raises:
            NotFound: there is no such key that is still published.
            Conflict: no other key of its algorithm could sign in its place; ``replace`` makes one.
        """
        with self._uow.begin(actor, WITHDRAW, Target("signing_key", kid)) as tx:
            known = self._locked(tx)
            key = next((key for key in known if key.kid == kid and key.published_at(tx.now)), None)
            self._end(tx, _replaceable(key, kid, known, tx.now), WITHDRAWN)

    def tend(self, actor: Actor) -> int:
        """Make keys that are missing or due, retire those whose successors sign; return how many keys changed.

        Safe to run at any time and in several processes.
        """
        with self._uow.begin(actor, CREATE) as tx:
            known = self._locked(tx)
            due = self._due(known, tx.now)
            for algorithm in due:
                self._make(tx, algorithm, _next_signs_from(known, tx.now))
            over = [key for key in known if not key.ended_at(tx.now) and _succeeded(key, known, tx.now)]
            for key in over:
                with self._uow.begin(actor, RETIRE, Target("signing_key", key.kid)) as nested:
                    self._end(nested, key, RETIRED)
            return len(due) + len(over)

    def needs_tending(self, now: datetime) -> bool:
        """Return whether ``tend`` would do something; a read without a lock."""
        known = self._keys.standing(self._purpose)
        return bool(self._due(known, now)) or any(not key.ended_at(now) and _succeeded(key, known, now) for key in known)

    # How the above work

    def _due(self, known: Sequence[KeyView], now: datetime) -> tuple[str, ...]:
        """Return the algorithms that want another key: they have none, or the newest has signed for long enough."""
        newest = {
            algorithm: max((key.signs_from for key in known if key.algorithm == algorithm and not key.ended_at(now)), default=None)
            for algorithm in self._algorithms
        }
        return tuple(algorithm for algorithm, since in newest.items() if since is None or now - since >= self._lives)

    def _locked(self, tx: Transaction) -> tuple[KeyView, ...]:
        """Return the keys as they stand, while nobody else can change them until ``tx`` ends."""
        take(tx.session, "govcloud signing key")
        tx.do_last(lambda: self._keys.forget(self._purpose))
        return self._keys.standing(self._purpose)

    def _make(self, tx: Transaction, algorithm: str, signs_from: datetime) -> None:
        private_key = ALGORITHMS[algorithm].generate()
        jwk = public_jwk(algorithm, private_key)
        kid = jwk["kid"]
        tx.session.add(
            SigningKeyRow(
                kid=kid,
                purpose=self._purpose,
                algorithm=algorithm,
                public_jwk=jwk,
                private_sealed=self._keys.seal(to_der(private_key), sealing_context(kid)),
                created_at=tx.now,
                signs_from=signs_from,
            )
        )
        tx.session.flush()
        tx.record(SigningKeyCreated(subject=f"signing_key:{kid}", purpose=self._purpose, algorithm=algorithm, signs_from=signs_from))

    def _end(self, tx: Transaction, key: KeyView, kind: str) -> None:
        tx.session.add(SigningKeyEnd(kid=key.kid, kind=kind, at=tx.now))
        tx.session.flush()
        tx.record(_ENDED[kind](subject=f"signing_key:{key.kid}", purpose=self._purpose, algorithm=key.algorithm))


def _next_signs_from(known: Iterable[KeyView], now: datetime) -> datetime:
    """Return when a key that is made now begins to sign: when every cache knows it, or at once when nothing else could be known."""
    return now + SIGNS_AFTER if any(not key.ended_at(now) for key in known) else now


def _missing(wanted: Iterable[str], known: Iterable[KeyView]) -> tuple[str, ...]:
    standing = {key.algorithm for key in known if key.retired_at is None and key.withdrawn_at is None}
    return tuple(algorithm for algorithm in wanted if algorithm not in standing)


def _waiting(known: Iterable[KeyView], algorithm: str, now: datetime) -> bool:
    return any(key.algorithm == algorithm and key.signs_from > now and not key.ended_at(now) for key in known)


def _succeeded(key: KeyView, known: Iterable[KeyView], now: datetime, *, newer: bool = True) -> bool:
    """Return whether another key of the algorithm (a ``newer`` one) has signed for so long that every process signs with it."""
    return any(
        other.algorithm == key.algorithm
        and other.kid != key.kid
        and not other.ended_at(now)
        and other.signs_from + READ_AGAIN <= now
        and (not newer or (other.signs_from, other.created_at) > (key.signs_from, key.created_at))
        for other in known
    )


def _replaceable(key: KeyView | None, kid: str, known: Iterable[KeyView], now: datetime) -> KeyView:
    """Return a key that may stop: it does not sign, or another one signs in its place."""
    if key is None:
        raise NotFound.of(Message("签名密钥"), kid)
    if key.signs_at(now) and not _succeeded(key, known, now, newer=False):
        raise Conflict(
            "only_signing_key",
            Message("没有其他 %(algorithm)s 密钥可以接替签名，不能停用。", algorithm=key.algorithm),
            remedy=Message("请先执行 govcloud keys rotate；密钥已泄露的，执行 govcloud keys rotate --now。"),
        )
    return key
