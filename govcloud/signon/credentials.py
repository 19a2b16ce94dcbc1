"""Setting passwords: one's own, or issued for somebody else; those before stay as history, and other sessions end."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, true, update

from govcloud.authorization.service import Authorization
from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon import errors, events, passwords
from govcloud.signon.factors.models import RecoveryCode
from govcloud.signon.models import ActivationCode, Credential, Session
from govcloud.signon.password_rules import PasswordRules, refuse_repeated
from govcloud.signon.proving import PASSWORD, PasswordProof, Proving
from govcloud.signon.sessions import Sessions

_SET = "govcloud:password:set"
_ISSUE = "govcloud:password:issue"


class Credentials:
    """Sets and changes passwords."""

    def __init__(
        self,
        *,
        uow: UnitOfWork,
        identity: IdentityQueries,
        authorization: Authorization,
        sessions: Sessions,
        proof: PasswordProof,
        hashing: passwords.Hashing,
        rules: PasswordRules,
    ) -> None:
        """Take who the accounts belong to, what these people are entrusted with, and the sessions that a new password ends."""
        self._uow = uow
        self._identity = identity
        self._authorization = authorization
        self._sessions = sessions
        self._proof = proof
        self._hashing = hashing
        self._rules = rules

    def set_password(self, actor: Actor, account_id: UUID, password: str) -> None:
        """Set the password of an account in the actor's care; see ``SignOn.set_password``."""
        account = self._account(account_id)
        self._rules.check(password, account.login)
        secret_hash = self.hashed(account.id, password)
        with self._uow.begin(actor, _SET, self.target(account)) as tx:
            self.replace(tx, account, secret_hash, issued=False)

    def issue_password(self, actor: Actor, account_id: UUID) -> str:
        """Set a generated password and return it; see ``SignOn.issue_password``."""
        account = self._account(account_id)
        password = passwords.generate(self._rules.least_length)
        secret_hash = self._hash(password)
        with self._uow.begin(actor, _ISSUE, self.target(account)) as tx:
            self.replace(tx, account, secret_hash, issued=True)
        return password

    def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Change the actor's own password; see ``SignOn.change_password``."""
        account = self._identity.account_of(actor.official_id) if actor.official_id else None
        if account is None:
            raise errors.no_own_account()
        self._rules.check(new, account.login)
        target = self.target(account)
        proven = self._proof.prove(Proving(actor, _SET, target), account.login, current)
        # Only who knew the present password learns that the new one was there before; the try counts as a success either way.
        try:
            secret_hash = self.hashed(account.id, new)
        except Invalid:
            with self._uow.begin(actor, _SET, target) as tx:
                self._proof.accept(tx, proven)
            raise
        with self._uow.begin(actor, _SET, target) as tx:
            self._proof.accept(tx, proven)
            self.replace(tx, account, secret_hash, issued=False)

    def hashed(self, account_id: UUID, password: str) -> str:
        """Return the hash of a new password, once it is known to be none of the last ones; call it outside a transaction.

        Raises:
            Invalid: it was used before.
            Unavailable: too many at once.
        """
        with self._hashing.place():
            for secret_hash in self._earlier(account_id):
                if self._hashing.matches(secret_hash, password):
                    raise refuse_repeated(self._rules.history)
            return self._hashing.hash(password)

    def _earlier(self, account_id: UUID) -> Sequence[str]:
        """Return the hashes that count as history, the present one first."""
        held = select(Credential.secret_hash).where(Credential.account_id == account_id, Credential.kind == PASSWORD)
        newest = held.order_by(Credential.changed_at.desc(), Credential.id.desc()).limit(self._rules.history)
        found = [secret_hash for secret_hash in self._uow.read().scalars(newest) if secret_hash]
        # Nobody holds a database connection while hashing.
        self._uow.rest()
        return found

    def _account(self, account_id: UUID) -> AccountView:
        account = self._identity.account(account_id)
        if account is None:
            raise errors.no_such_account(account_id)
        return account

    def _hash(self, password: str) -> str:
        """Hash before the transaction opens: 30 ms are long for locks."""
        with self._hashing.place():
            return self._hashing.hash(password)

    def target(self, account: AccountView) -> Target:
        """Return the account with its owner, the place of the owner's main duty (it bounds delegated administration), and the trust.

        Whoever sets a password can sign in with it, so a rule has to be able to ask what that would open.
        """
        appointments = self._identity.appointments_of(account.official_id)
        return Target(
            "account",
            str(account.id),
            department_path=appointments[0].department_path if appointments else None,
            attributes={"official_id": str(account.official_id), "entrusted": self._authorization.entrusted(account.official_id)},
        )

    def replace(self, tx: Transaction, account: AccountView, secret_hash: str, *, issued: bool, own: bool = False) -> UUID:
        """Give the account another password within an open command and return its id.

        The one before stays as history, other sessions end. ``own``: the owner set it, though not from within a session.
        """
        # Two changes at once would both close the old one; under the person's lock the second closes the first's.
        lock_official(tx.session, account.official_id)
        live = (Credential.account_id == account.id, Credential.kind == PASSWORD, Credential.replaced_at.is_(None))
        tx.session.execute(update(Credential).where(*live).values(replaced_at=tx.now))
        fresh = Credential(
            id=new_id(),
            account_id=account.id,
            kind=PASSWORD,
            secret_hash=secret_hash,
            sealed=None,
            last_step=None,
            changed_at=tx.now,
            replaced_at=None,
        )
        tx.session.add(fresh)
        other = Session.id != tx.actor.session_id if tx.actor.session_id else true()
        self._sessions.end(tx, "password_changed", Session.account_id == account.id, other)
        own = own or tx.actor.official_id == account.official_id
        tx.record(events.PasswordSet(subject=f"official:{account.official_id}", account_id=account.id, issued=issued, own=own))
        return fresh.id

    def withdraw(self, tx: Transaction, official_id: UUID) -> None:
        """Take an account's password and its code away within an open command, whose caller holds the person's lock."""
        account = self._identity.account_of(official_id)
        if account is None:
            return
        known = (Credential.account_id == account.id, Credential.replaced_at.is_(None))
        unused = (ActivationCode.account_id == account.id, ActivationCode.used_at.is_(None), ActivationCode.replaced_at.is_(None))
        recovery = (RecoveryCode.account_id == account.id, RecoveryCode.replaced_at.is_(None))
        tx.session.execute(update(RecoveryCode).where(*recovery).values(replaced_at=tx.now))
        held = tx.session.execute(update(Credential).where(*known).values(replaced_at=tx.now).returning(Credential.id)).all()
        codes = tx.session.execute(update(ActivationCode).where(*unused).values(replaced_at=tx.now).returning(ActivationCode.id)).all()
        if held or codes:
            tx.record(events.PasswordWithdrawn(subject=f"official:{official_id}", account_id=account.id))
