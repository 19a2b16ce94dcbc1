"""What a second factor is to the ceremony, whatever it is made of; each kind is a class of its own, listed in ``table.py``.

A passkey or a certificate joins with a class and a line there: its challenge is made of the ceremony's ``binding``, its answer
comes as ``typed``.
"""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar, Protocol
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.kernel.unit_of_work import Transaction

#: One step of RFC 6238; clocks may be off by one.
STEP = timedelta(seconds=30)


class Factor(Protocol):
    """One kind of second factor."""

    name: ClassVar[str]
    """What forms and records call it."""
    methods: ClassVar[tuple[str, ...]]
    """What it adds to ``amr`` (RFC 8176)."""
    stands_in: ClassVar[bool]
    """It only stands in for another one: whoever has nothing else has no second factor."""

    def held(self, session: Session, account_id: UUID) -> bool:
        """Return whether the account can use it."""
        ...

    def proves(self, tx: Transaction, account_id: UUID, typed: str) -> bool:
        """Return whether ``typed`` proves it now, once: the same will not prove it again."""
        ...
