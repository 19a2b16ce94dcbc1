"""Setting up an app that shows codes: a secret that waits for its first code, and counts only then.

The waiting secret is stored nowhere. It is derived from the account, from what asks for it (a session, or a ceremony of signing in)
and from the secret before, so a page that is loaded again shows the same one, and no other session can confirm it.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

import pyotp
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from govcloud.identity.locking import lock_official
from govcloud.identity.queries import AccountView
from govcloud.kernel.errors import Conflict, FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.factors.events import SecondFactorEnrolled
from govcloud.signon.factors.recovery import RecoveryCodes
from govcloud.signon.factors.totp import KIND, SECRET_BYTES, Totp, live, matching_step, sealing_context
from govcloud.signon.models import Credential

_ISSUER = "政务云"
_GROUP_LENGTH = 4


@dataclass(frozen=True)
class Enrolment:
    """A secret that waits: in groups to type in, and as the address that a QR code carries."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def groups(self) -> str:
        """Return the secret in groups of four, to be typed by hand."""
        return " ".join(self.secret[start : start + _GROUP_LENGTH] for start in range(0, len(self.secret), _GROUP_LENGTH))


class Enrolments:
    """Shows waiting secrets and confirms them."""

    def __init__(self, keys: KeyRing, read: Callable[[], Session]) -> None:
        """Take what derives and seals, and where the secret before is found."""
        self._keys = keys
        self._read = read
        self._recovery = RecoveryCodes(keys)

    def pending(self, account: AccountView, binding: str) -> Enrolment:
        """Return the secret that waits for ``account`` in ``binding`` (a session or a ceremony)."""
        former = select(Credential.id).where(Credential.account_id == account.id, Credential.kind == KIND)
        last = self._read().scalar(former.order_by(Credential.changed_at.desc(), Credential.id.desc()).limit(1))
        derived = self._keys.digest("totp-enrolment", f"{account.id}:{binding}:{last}".encode())[:SECRET_BYTES]
        secret = base64.b32encode(derived).decode("ascii")
        return Enrolment(secret, pyotp.TOTP(secret).provisioning_uri(name=account.login, issuer_name=_ISSUER))

    def confirm(self, tx: Transaction, account: AccountView, binding: str, code: str) -> tuple[str, ...]:
        """Let the waiting secret count from now on and return ten recovery codes, which is the only time they can be read.

        Raises:
            Conflict: the account has an app already.
            Invalid: ``code`` is not what the app shows now.
        """
        lock_official(tx.session, account.official_id)
        if Totp(self._keys).held(tx.session, account.id):
            raise Conflict(
                "already_enrolled", Message("这个账号已经绑定了动态口令。"), remedy=Message("如需更换手机，请先解除原来的绑定。")
            )
        secret = self.pending(account, binding).secret
        step = matching_step(secret, code, tx.now)
        if step is None:
            message = Message("动态口令不正确，请填写应用中当前显示的 6 位数字，并确认手机时间准确。")
            raise Invalid.of(FieldError("code", message))
        tx.session.add(
            Credential(
                id=new_id(),
                account_id=account.id,
                kind=KIND,
                secret_hash=None,
                sealed=self._keys.seal(secret.encode("ascii"), sealing_context(account.id)),
                last_step=step,
                changed_at=tx.now,
                replaced_at=None,
            )
        )
        tx.session.flush()
        tx.record(SecondFactorEnrolled(subject=f"official:{account.official_id}", account_id=account.id, factor=KIND))
        return self._recovery.issue(tx, account.id)

    def renew_codes(self, tx: Transaction, account_id: UUID) -> tuple[str, ...]:
        """Return ten other recovery codes; the earlier ones are worth nothing from now on."""
        return self._recovery.issue(tx, account_id)

    def codes_left(self, account_id: UUID) -> int:
        """Return how many recovery codes an account has left."""
        return self._recovery.left(self._read(), account_id)

    def since(self, account_id: UUID) -> datetime | None:
        """Return since when the account has an app, if it has one."""
        return self._read().scalar(select(Credential.changed_at).where(*live(account_id)))

    def withdraw(self, tx: Transaction, account_id: UUID) -> bool:
        """Take app and recovery codes away, under the person's lock; return whether there was an app."""
        change = update(Credential).where(*live(account_id)).values(replaced_at=tx.now)
        found = tx.session.scalar(change.returning(Credential.id))
        self._recovery.withdraw(tx, account_id)
        return found is not None
