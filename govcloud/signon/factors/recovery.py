"""Recovery codes: ten on paper for the day on which the phone is lost; shown once, kept as keyed digests, each good once."""

from __future__ import annotations

from typing import ClassVar
from uuid import UUID

from sqlalchemy import ColumnElement, func, insert, select, update
from sqlalchemy.orm import Session

from govcloud.kernel.ids import new_id
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.drawn_codes import drawn, read
from govcloud.signon.factors.models import RecoveryCode

HOW_MANY = 10
#: Letters and digits that are not taken for one another; thirty-one of them, ten times, are 49 bits.
_GROUPS = 2
_GROUP_LENGTH = 5


class RecoveryCodes:
    """Codes that stand in for a lost second factor (a one-time password in the sense of RFC 8176, so ``otp``)."""

    name: ClassVar[str] = "recovery"
    methods: ClassVar[tuple[str, ...]] = ("otp",)
    stands_in: ClassVar[bool] = True

    def __init__(self, keys: KeyRing) -> None:
        """Take what makes the digests."""
        self._keys = keys

    def held(self, session: Session, account_id: UUID) -> bool:
        """Return whether the account has a code left."""
        return self.left(session, account_id) > 0

    @staticmethod
    def left(session: Session, account_id: UUID) -> int:
        """Return how many codes are left."""
        return session.scalar(select(func.count()).select_from(RecoveryCode).where(*_unused(account_id))) or 0

    def proves(self, tx: Transaction, account_id: UUID, typed: str) -> bool:
        """Return whether ``typed`` is a code that is left; it is used up by this one statement."""
        code = (*_unused(account_id), RecoveryCode.digest == self._digest(account_id, typed))
        return tx.session.scalar(update(RecoveryCode).where(*code).values(used_at=tx.now).returning(RecoveryCode.id)) is not None

    def issue(self, tx: Transaction, account_id: UUID) -> tuple[str, ...]:
        """Make ten codes in place of all earlier ones and return them, which is the only time they can be read."""
        self.withdraw(tx, account_id)
        codes = tuple(drawn(_GROUPS, _GROUP_LENGTH) for _ in range(HOW_MANY))
        rows = [
            {"id": new_id(), "account_id": account_id, "digest": self._digest(account_id, code), "created_at": tx.now} for code in codes
        ]
        tx.session.execute(insert(RecoveryCode), rows)
        return codes

    @staticmethod
    def withdraw(tx: Transaction, account_id: UUID) -> None:
        """Make every code of the account worthless."""
        tx.session.execute(update(RecoveryCode).where(*_unused(account_id)).values(replaced_at=tx.now))

    def _digest(self, account_id: UUID, code: str) -> bytes:
        return self._keys.digest("recovery-code", f"{account_id}:{read(code)}".encode())


def _unused(account_id: UUID) -> tuple[ColumnElement[bool], ...]:
    return (RecoveryCode.account_id == account_id, RecoveryCode.used_at.is_(None), RecoveryCode.replaced_at.is_(None))
