"""One-time codes of an app (TOTP, RFC 6238): six digits, thirty seconds, one step of grace to each side, none taken twice."""

from __future__ import annotations

import unicodedata
from datetime import datetime
from typing import ClassVar
from uuid import UUID

import pyotp
from sqlalchemy import BindParameter, ColumnElement, Uuid, bindparam, or_, select, update
from sqlalchemy.orm import Session

from govcloud.kernel import crypto
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.prepared import Prepared
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.factors.factor import STEP
from govcloud.signon.models import Credential

KIND = "totp"
#: 160 bits, the length of the digest that the codes are made with (RFC 4226 section 4, R6).
SECRET_BYTES = 20
_DIGITS = 6
_GRACE = 1
_LONGEST = 40


class Totp:
    """Codes of an app whose secret is sealed among the credentials."""

    name: ClassVar[str] = KIND
    methods: ClassVar[tuple[str, ...]] = ("otp",)
    stands_in: ClassVar[bool] = False

    def __init__(self, keys: KeyRing) -> None:
        """Take what opens the secrets."""
        self._keys = keys

    def held(self, session: Session, account_id: UUID) -> bool:
        """Return whether an app was confirmed for the account."""
        return bool(_HELD.within(session, {"account": account_id}))

    def proves(self, tx: Transaction, account_id: UUID, typed: str) -> bool:
        """Return whether ``typed`` is the code of this moment or a neighbouring one, later than the last that was taken."""
        row = tx.session.execute(select(Credential.id, Credential.sealed).where(*live(account_id))).one_or_none()
        if row is None or row.sealed is None:
            return False
        step = matching_step(self._keys.open(row.sealed, sealing_context(account_id)).decode("ascii"), typed, tx.now)
        if step is None:
            return False
        # Of two requests with the same code one finds the step taken.
        later = (Credential.id == row.id, or_(Credential.last_step.is_(None), Credential.last_step < step))
        return tx.session.scalar(update(Credential).where(*later).values(last_step=step).returning(Credential.id)) is not None


def matching_step(secret: str, typed: str, now: datetime) -> int | None:
    """Return the time step whose code ``typed`` is, if it is close enough to ``now``; every candidate costs the same."""
    code = "".join(char for char in unicodedata.normalize("NFKC", typed[:_LONGEST]) if char.isascii() and char.isdigit())
    if len(code) != _DIGITS:
        return None
    generator, step = pyotp.HOTP(secret, digits=_DIGITS), int(now.timestamp()) // int(STEP.total_seconds())
    candidates = range(step - _GRACE, step + _GRACE + 1)
    matching = [candidate for candidate in candidates if crypto.same(generator.at(candidate).encode(), code.encode())]
    return max(matching) if matching else None


def live(account_id: UUID | BindParameter[UUID]) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the account's present secret."""
    return (Credential.account_id == account_id, Credential.kind == KIND, Credential.replaced_at.is_(None))


def sealing_context(account_id: UUID) -> bytes:
    """Return what a secret is sealed with, so that it opens for its own account alone."""
    return f"credential.totp:{account_id}".encode()


#: Every sign-in asks it.
_HELD = Prepared(select(Credential.id).where(*live(bindparam("account", type_=Uuid()))))
