"""Proving a second factor: counted and locked like a password, with the same words for every reason."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView
from govcloud.kernel.errors import Denied
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon import errors
from govcloud.signon.events import SignInFailed
from govcloud.signon.factors.factor import Factor
from govcloud.signon.policy import Policies
from govcloud.signon.throttle import Held, Throttle


@dataclass(frozen=True)
class FactorProven:
    """What was proven: the methods for ``amr``."""

    methods: tuple[str, ...]


class FactorProof:
    """Checks second factors, with the brake on guessing."""

    def __init__(self, throttle: Throttle, factors: Mapping[str, Factor], policies: Policies) -> None:
        """Take the parts; the rules name the limits that a refusal tells."""
        self._throttle = throttle
        self._factors = factors
        self._policies = policies

    def prove(self, tx: Transaction, account: AccountView, name: str, typed: str) -> FactorProven | Denied:
        """Return what was proven, or the refusal, which the caller raises after ``tx``: that it was tried has to stay.

        It takes the person's lock, after that of the count.
        """
        address = self._throttle.network_of(tx.actor.source_address or "")
        counted = self._throttle.enter(tx, self._throttle.digest_of("second-factor", str(account.id)), address)
        lock_official(tx.session, account.official_id)
        if isinstance(counted, Held):
            self._record(tx, account, "locked", counted)
            return errors.SignInLocked(math.ceil((counted.until - tx.now).total_seconds()))
        factor = self._factors.get(name)
        if factor is None or not factor.proves(tx, account.id, typed):
            self._record(tx, account, "wrong_code", Held(counted.locked_until) if counted.locked_until else None)
            policy = self._policies.current()
            return errors.FactorRefused(policy.lock_attempts, policy.lock_minutes)
        self._throttle.succeeded(tx, counted)
        return FactorProven(factor.methods)

    @staticmethod
    def _record(tx: Transaction, account: AccountView, reason: str, held: Held | None) -> None:
        tx.record(
            SignInFailed(
                subject=f"official:{account.official_id}",
                reason=reason,
                locked_until=held.until if held else None,
                source_address=tx.actor.source_address,
            )
        )
