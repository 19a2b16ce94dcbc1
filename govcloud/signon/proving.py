"""Proving who one is by password: counted first, checked between two short transactions, refused in the same words for all.

Unknown account, wrong password, no password and disabled account are told apart in the record only, and every try costs one hash.
Nobody holds a database connection while hashing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import timedelta
from typing import NoReturn
from uuid import UUID

from sqlalchemy import bindparam, select, update

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import searchable
from govcloud.signon import errors, events
from govcloud.signon.models import Credential
from govcloud.signon.passwords import Hashing
from govcloud.signon.policy import Policies
from govcloud.signon.throttle import Attempt, Throttle

PASSWORD = "password"  # noqa: S105 - the kind of a credential
_LONGEST_LOGIN = 100
#: No account has this id: who is unknown costs the same look-ups as who is known.
_NOBODY = UUID(int=0)
_SUBJECT_LENGTH = 32


@dataclass(frozen=True)
class Proving:
    """For which command of which actor a password is checked."""

    actor: Actor
    command: str
    target: Target | None = None


@dataclass(frozen=True)
class Proven:
    """An account whose password was given; ``fresh_hash`` replaces one that was made with other costs than today's."""

    account: AccountView
    attempt: Attempt
    credential_id: UUID
    fresh_hash: str | None


@dataclass(frozen=True)
class _Known:
    """The password that an account has, as it is stored."""

    id: UUID
    secret_hash: str


@dataclass(frozen=True)
class _Try:
    """One try after it was counted: whom it is about and what it is checked against."""

    subject: str
    account: AccountView | None
    credential: _Known | None
    attempt: Attempt


_PASSWORD_OF = Prepared(
    select(Credential.id, Credential.secret_hash).where(
        Credential.account_id == bindparam("account"), Credential.kind == PASSWORD, Credential.replaced_at.is_(None)
    )
)


class PasswordProof:
    """Checks passwords, with the brake on guessing."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self, uow: UnitOfWork, identity: IdentityQueries, throttle: Throttle, hashing: Hashing, policies: Policies, clock: Clock
    ) -> None:
        """Take the parts; the rules name the limits that a refusal tells."""
        self._clock = clock
        self._uow = uow
        self._identity = identity
        self._throttle = throttle
        self._hashing = hashing
        self._policies = policies

    def prove(self, proving: Proving, login: str, password: str) -> Proven:
        """Return the active account that ``login`` names and ``password`` opens; hand it to ``accept`` in the transaction that follows.

        Raises:
            SignInRefused: one text for every reason.
            SignInLocked: the pair of what was typed and address is locked.
            Unavailable: more are waiting than this machine can check soon.
        """
        with self._hashing.place():
            counted = self._count(proving, searchable(login[:_LONGEST_LOGIN]).upper())
            account, credential = counted.account, counted.credential
            matches = self._hashing.matches(credential.secret_hash if credential else None, password)
            if account is None or credential is None or not matches or not account.active:
                self._record(proving, counted, _reason(counted, matches=matches))
                raise self.refusal()
            # The password is at hand only now.
            fresh_hash = self._hashing.hash(password) if self._hashing.outdated(credential.secret_hash) else None
        return Proven(account, counted.attempt, credential.id, fresh_hash)

    def accept(self, tx: Transaction, proven: Proven) -> None:
        """Turn the counted try into a success, under the person's lock.

        Raises:
            SignInRefused: the account was disabled, or its password replaced, while the password was being checked.
        """
        # Disabling somebody and setting a password take the same lock and then end the sessions, so nothing may be opened beside it.
        lock_official(tx.session, proven.account.official_id)
        standing = self._identity.account(proven.account.id)
        known = _password(tx, proven.account.id)
        if standing is None or not standing.active:
            self._remember(tx, proven, "disabled")
        if known is None or known.id != proven.credential_id:
            self._remember(tx, proven, "wrong_password")
        self._throttle.succeeded(tx, proven.attempt)
        if proven.fresh_hash is not None:
            same = Credential.id == proven.credential_id
            tx.session.execute(update(Credential).where(same).values(secret_hash=proven.fresh_hash))

    def _remember(self, tx: Transaction, proven: Proven, reason: str) -> NoReturn:
        """Refuse a try that did not hold until the end, and keep that it was made."""
        subject = f"official:{proven.account.official_id}"
        tx.remember(events.SignInFailed(subject=subject, reason=reason, locked_until=None, source_address=tx.actor.source_address))
        raise self.refusal()

    def stands(self, account_id: UUID, credential_id: UUID) -> bool:
        """Return whether the account's password still is the one that was proven."""
        live = (Credential.id == credential_id, Credential.account_id == account_id, Credential.replaced_at.is_(None))
        return self._uow.read().scalar(select(Credential.id).where(*live)) is not None

    def outdated(self, credential_id: UUID) -> bool:
        """Return whether a password is older than the rules allow."""
        most = self._policies.current().password_most_days
        if not most:
            return False
        changed_at = self._uow.read().scalar(select(Credential.changed_at).where(Credential.id == credential_id))
        return changed_at is not None and self._clock.now() - changed_at > timedelta(days=most)

    def refusal(self) -> errors.SignInRefused:
        """Return the one refusal."""
        policy = self._policies.current()
        return errors.SignInRefused(policy.lock_attempts, policy.lock_minutes)

    def _count(self, proving: Proving, login: str) -> _Try:
        """Count the try and read what it is checked against.

        Raises:
            SignInLocked: the pair is locked; that it was tried is on record.
        """
        address = self._throttle.network_of(proving.actor.source_address or "")
        digest = self._throttle.login_digest(login)
        with self._uow.begin(proving.actor, proving.command, proving.target) as tx:
            account = self._identity.account_by_login(login)
            known = _password(tx, account.id if account else _NOBODY)
            # What was typed as account may be a password, so of an unknown one only the digest is kept.
            subject = f"official:{account.official_id}" if account else f"login:{digest.hex()[:_SUBJECT_LENGTH]}"
            counted = self._throttle.enter(tx, digest, address)
            if isinstance(counted, Attempt):
                return _Try(subject, account, known, counted)
            tx.record(
                events.SignInFailed(
                    subject=subject, reason="locked", locked_until=counted.until, source_address=proving.actor.source_address
                )
            )
            seconds = math.ceil((counted.until - tx.now).total_seconds())
        raise errors.SignInLocked(seconds)

    def _record(self, proving: Proving, counted: _Try, reason: str) -> None:
        """Put a failure on record, in a transaction of its own so that it stays."""
        with self._uow.begin(proving.actor, proving.command, proving.target) as tx:
            tx.record(
                events.SignInFailed(
                    subject=counted.subject,
                    reason=reason,
                    locked_until=counted.attempt.locked_until,
                    source_address=proving.actor.source_address,
                )
            )


def _password(tx: Transaction, account_id: UUID) -> _Known | None:
    """Return the account's password as it is stored, if it has one."""
    found = tx.run(_PASSWORD_OF, account=account_id)
    return _Known(found[0].id, found[0].secret_hash) if found else None


def _reason(counted: _Try, *, matches: bool) -> str:
    """Return what stands against the try, for the record."""
    if counted.account is None:
        return "unknown_account"
    if counted.credential is None:
        return "no_password"
    return "disabled" if matches else "wrong_password"
