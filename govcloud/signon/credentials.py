"""Setting passwords: one's own, or issued for somebody else; the one before stays as history, and other sessions end."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import true, update

from govcloud.authorization.service import Authorization
from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView, IdentityQueries
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.signon import errors, events, passwords
from govcloud.signon.models import ActivationCode, Credential, Session
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
    ) -> None:
        """Take who the accounts belong to, what these people are entrusted with, and the sessions that a new password ends."""
        self._uow = uow
        self._identity = identity
        self._authorization = authorization
        self._sessions = sessions
        self._proof = proof
        self._hashing = hashing

    def set_password(self, actor: Actor, account_id: UUID, password: str) -> None:
        """Set the password of an account in the actor's care; see ``SignOn.set_password``."""
        account = self._account(account_id)
        passwords.check_policy(password, account.login)
        secret_hash = self._hash(password)
        with self._uow.begin(actor, _SET, self._target(account)) as tx:
            self.replace(tx, account, secret_hash, issued=False)

    def issue_password(self, actor: Actor, account_id: UUID) -> str:
        """Set a generated password and return it; see ``SignOn.issue_password``."""
        account = self._account(account_id)
        password = passwords.generate()
        secret_hash = self._hash(password)
        with self._uow.begin(actor, _ISSUE, self._target(account)) as tx:
            self.replace(tx, account, secret_hash, issued=True)
        return password

    def change_password(self, actor: Actor, current: str, new: str) -> None:
        """Change the actor's own password; see ``SignOn.change_password``."""
        account = self._identity.account_of(actor.official_id) if actor.official_id else None
        if account is None:
            raise errors.no_own_account()
        passwords.check_policy(new, account.login)
        target = self._target(account)
        proven = self._proof.prove(Proving(actor, _SET, target), account.login, current)
        secret_hash = self._hash(new)
        with self._uow.begin(actor, _SET, target) as tx:
            self._proof.accept(tx, proven)
            self.replace(tx, account, secret_hash, issued=False)

    def _account(self, account_id: UUID) -> AccountView:
        account = self._identity.account(account_id)
        if account is None:
            raise errors.no_such_account(account_id)
        return account

    def _hash(self, password: str) -> str:
        """Hash before the transaction opens: 30 ms are long for locks."""
        with self._hashing.place():
            return self._hashing.hash(password)

    def _target(self, account: AccountView) -> Target:
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

    def replace(self, tx: Transaction, account: AccountView, secret_hash: str, *, issued: bool) -> None:
        """Give the account another password within an open command; the one before stays as history, other sessions end."""
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
        own = tx.actor.official_id == account.official_id
        tx.record(events.PasswordSet(subject=f"official:{account.official_id}", account_id=account.id, issued=issued, own=own))

    def withdraw(self, tx: Transaction, official_id: UUID) -> None:
        """Take an account's password and its code away within an open command, whose caller holds the person's lock."""
        account = self._identity.account_of(official_id)
        if account is None:
            return
        known = (Credential.account_id == account.id, Credential.replaced_at.is_(None))
        unused = (ActivationCode.account_id == account.id, ActivationCode.used_at.is_(None), ActivationCode.replaced_at.is_(None))
        held = tx.session.execute(update(Credential).where(*known).values(replaced_at=tx.now).returning(Credential.id)).all()
        codes = tx.session.execute(update(ActivationCode).where(*unused).values(replaced_at=tx.now).returning(ActivationCode.id)).all()
        if held or codes:
            tx.record(events.PasswordWithdrawn(subject=f"official:{official_id}", account_id=account.id))
