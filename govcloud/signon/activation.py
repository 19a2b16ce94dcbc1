"""One-time codes: how an account gets its first password, or a new one, without anybody else ever knowing it.

A code is shown once, to whoever issues it, and kept as a keyed digest; it expires, it is used once (one UPDATE decides), and
guessing it is braked like guessing a password. Unknown account, wrong, used and expired code cannot be told apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, update

from govcloud.authorization.commands import DELEGATED, NOTHING, OFFICE
from govcloud.authorization.service import Authorization
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.finding.matching import Wanted
from govcloud.identity.locking import lock_officials
from govcloud.identity.paths import path_above_all
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import searchable
from govcloud.settings import Settings
from govcloud.signon import errors, events
from govcloud.signon.drawn_codes import drawn, read
from govcloud.signon.models import ActivationCode, Credential
from govcloud.signon.parts import Parts
from govcloud.signon.proving import PASSWORD
from govcloud.signon.throttle import Attempt

ISSUE = "govcloud:activation:issue"
REDEEM = "govcloud:activation:redeem"
MOST_AT_ONCE = 1_000
#: Letters and digits that are not taken for one another; thirty-one of them, twelve times, are 59 bits.
_GROUPS = 3
_GROUP_LENGTH = 4
_LONGEST = 100
_PAGE = 200
_NOBODY = UUID(int=0)
_SUBJECT_LENGTH = 32


@dataclass(frozen=True)
class IssuedCode:
    """A code as it is handed over: whom it is for, and until when it can be used."""

    official_id: UUID
    employee_code: str
    name: str
    expires_at: datetime
    code: str = field(repr=False)


@dataclass(frozen=True)
class _Try:
    """One counted try: whose account it may be, and the way to the record."""

    account: AccountView | None
    subject: str
    attempt: Attempt


class Activation:
    """Issues and redeems one-time codes."""

    def __init__(  # noqa: PLR0917 - all that it rests on, in the order of the house
        self,
        uow: UnitOfWork,
        identity: IdentityQueries,
        keys: KeyRing,
        parts: Parts,
        authorization: Authorization,
        settings: Settings,
        clock: Clock,
    ) -> None:
        """Take the parts; the settings say how long a code can be used."""
        self._rules = parts.rules
        self._clock = clock
        self._uow = uow
        self._identity = identity
        self._keys = keys
        self._throttle = parts.throttle
        self._hashing = parts.hashing
        self._credentials = parts.credentials
        self._authorization = authorization
        self._lifetime = timedelta(hours=settings.activation_hours)

    def issue(self, actor: Actor, officials: Sequence[UUID]) -> tuple[IssuedCode, ...]:
        """Make codes; see ``SignOn.issue_activation_codes``."""
        if len(officials) > MOST_AT_ONCE:
            message = Message("一次最多签发 %(most)s 个激活码，请分批。", most=MOST_AT_ONCE)
            raise Invalid.of(FieldError("officials", message, str(len(officials))))
        accounts = [view for view in self._identity.accounts_of(officials).values() if view.active]
        with self._uow.begin(actor, ISSUE, self._target(officials)) as tx:
            expires_at = tx.now + self._lifetime
            issued = [
                IssuedCode(view.official_id, view.employee_code, view.name, expires_at, drawn(_GROUPS, _GROUP_LENGTH))
                for view in sorted(accounts, key=lambda view: view.employee_code)
            ]
            own = {view.official_id: view.id for view in accounts}
            if not issued:
                return ()
            live = (ActivationCode.account_id.in_(own.values()), ActivationCode.used_at.is_(None), ActivationCode.replaced_at.is_(None))
            tx.session.execute(update(ActivationCode).where(*live).values(replaced_at=tx.now))
            tx.session.execute(
                insert(ActivationCode),
                [
                    {
                        "id": new_id(),
                        "account_id": own[item.official_id],
                        "digest": self._digest(own[item.official_id], item.code),
                        "created_at": tx.now,
                        "expires_at": expires_at,
                    }
                    for item in issued
                ],
            )
            tx.record_all(
                [
                    events.ActivationIssued(subject=f"official:{item.official_id}", account_id=own[item.official_id], expires_at=expires_at)
                    for item in issued
                ]
            )
        return tuple(issued)

    def without_password(self, officials: Iterable[UUID]) -> frozenset[UUID]:
        """Return whose active accounts have no password."""
        accounts = {view.id: view for view in self._identity.accounts_of(officials).values() if view.active}
        held = select(Credential.account_id).where(
            Credential.account_id.in_(accounts), Credential.kind == PASSWORD, Credential.replaced_at.is_(None)
        )
        with_one = set(self._uow.read().scalars(held))
        return frozenset(view.official_id for key, view in accounts.items() if key not in with_one)

    def to_activate(self, department_id: UUID, most: int | None) -> tuple[UUID, ...]:
        """Return who has no password of those who serve in a department or below; see ``SignOn.to_activate``."""
        wanted = Wanted((AppointmentCriteria(department_id=department_id),))
        found: set[UUID] = set()
        after = None
        while True:
            page = self._identity.subjects_wanted(wanted, _PAGE, after)
            found |= self.without_password({subject.official_id for subject in page.rows})
            after = page.after
            if after is None or (most is not None and len(found) >= most):
                return tuple(sorted(found)[:most])

    def redeem(self, actor: Actor, login: str, code: str, password: str) -> None:
        """Set a password by a code; see ``SignOn.activate``."""
        clean = searchable(login[:_LONGEST]).upper()
        # The policy looks at nothing but what was typed, so it tells nothing of the account.
        self._rules.check(password, clean)
        with self._hashing.place():
            counted = self._count(actor, clean)
            # Hashed whatever comes of it: a try on an account that does not exist takes as long.
            secret_hash = self._hashing.hash(password)
        self._check_history(actor, counted, code, password)
        self._use(actor, counted, code, secret_hash)

    def _check_history(self, actor: Actor, counted: _Try, code: str, password: str) -> None:
        """Look for the password among the earlier ones; only whoever holds a code that opens the account learns of them.

        Raises:
            Invalid: it was used before; the code stays good.
        """
        account = counted.account
        good = self._good(account.id if account else _NOBODY, code, self._clock.now())
        if self._uow.read().scalar(select(ActivationCode.id).where(*good)) is None or account is None:
            return
        try:
            self._credentials.hashed(account.id, password)
        except Invalid:
            with self._uow.begin(actor, REDEEM, Target("account", str(account.id))) as tx:
                self._throttle.succeeded(tx, counted.attempt)
            raise

    def _good(self, account_id: UUID, code: str, now: datetime) -> tuple[ColumnElement[bool], ...]:
        """Return what holds of a code that opens the account."""
        return (
            ActivationCode.account_id == account_id,
            ActivationCode.digest == self._digest(account_id, code),
            ActivationCode.used_at.is_(None),
            ActivationCode.replaced_at.is_(None),
            ActivationCode.expires_at > now,
        )

    def _use(self, actor: Actor, counted: _Try, code: str, secret_hash: str) -> None:
        account = counted.account
        account_id, official_id = (account.id, account.official_id) if account else (_NOBODY, _NOBODY)
        used = False
        with self._uow.begin(actor, REDEEM, Target("account", str(account_id))) as tx:
            # Of nobody, too: who is unknown takes the same statements.
            lock_officials(tx.session, [official_id])
            taken = tx.session.scalar(
                update(ActivationCode).where(*self._good(account_id, code, tx.now)).values(used_at=tx.now).returning(ActivationCode.id)
            )
            standing = self._identity.account(account_id) if taken else None
            if standing is not None and standing.active:
                self._throttle.succeeded(tx, counted.attempt)
                self._credentials.replace(tx, standing, secret_hash, issued=False)
                tx.record(events.ActivationRedeemed(subject=counted.subject, account_id=standing.id, source_address=actor.source_address))
                used = True
            else:
                tx.record(
                    events.SignInFailed(
                        subject=counted.subject,
                        reason="wrong_code" if taken is None else "disabled",
                        locked_until=counted.attempt.locked_until,
                        source_address=actor.source_address,
                    )
                )
        if not used:
            raise errors.ActivationRefused

    def _count(self, actor: Actor, login: str) -> _Try:
        """Count the try with those of signing in.

        Raises:
            SignInLocked: the pair of account and address is locked; that it was tried is on record.
        """
        address, digest = self._throttle.network_of(actor.source_address or ""), self._throttle.login_digest(login)
        with self._uow.begin(actor, REDEEM) as tx:
            account = self._identity.account_by_login(login)
            subject = f"official:{account.official_id}" if account else f"login:{digest.hex()[:_SUBJECT_LENGTH]}"
            counted = self._throttle.enter(tx, digest, address)
            if isinstance(counted, Attempt):
                return _Try(account, subject, counted)
            tx.record(
                events.SignInFailed(subject=subject, reason="locked", locked_until=counted.until, source_address=actor.source_address)
            )
            seconds = math.ceil((counted.until - tx.now).total_seconds())
        raise errors.SignInLocked(seconds)

    def _target(self, officials: Sequence[UUID]) -> Target:
        """Return the accounts with the place of their owners' duties, which bounds delegated administration, and the highest trust.

        Whoever has a code can sign in with it, so a rule has to be able to ask what that would open, as with passwords.
        """
        paths = self._identity.paths_of(officials)
        place = path_above_all([path for found in paths.values() for path in found]) if len(paths) == len(set(officials)) else None
        trust = set(self._authorization.entrusted_among(officials).values())
        attributes = {"entrusted": next(level for level in (OFFICE, DELEGATED, NOTHING) if level in trust or level == NOTHING)}
        return Target("account", str(officials[0]) if len(officials) == 1 else "batch", place, attributes=attributes)

    def _digest(self, account_id: UUID, code: str) -> bytes:
        return self._keys.digest("activation", f"{account_id}:{read(code)}".encode())
