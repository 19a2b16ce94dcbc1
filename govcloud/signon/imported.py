"""Passwords that were hashed elsewhere: kept as they came for accounts that have none, and made anew at the first sign-in."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from sqlalchemy import text

from govcloud.authorization.commands import NOTHING
from govcloud.authorization.service import Authorization
from govcloud.kernel.actor import ActorKind
from govcloud.kernel.events import Event
from govcloud.kernel.ids import new_id
from govcloud.kernel.password_hashes import scheme_of
from govcloud.kernel.unit_of_work import Transaction

# Whoever has a password keeps it: an old system's export must not open an account that was activated meanwhile.
_INSERT = text(
    """
    INSERT INTO credential (id, account_id, kind, secret_hash, changed_at)
    SELECT new.id, account.id, 'password', new.secret_hash, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:people AS uuid[]), CAST(:hashes AS text[])) AS new (id, official_id, secret_hash)
    JOIN account ON account.official_id = new.official_id
    WHERE NOT EXISTS (SELECT 1 FROM credential AS held WHERE held.account_id = account.id)
    RETURNING account_id, secret_hash, (SELECT official_id FROM account WHERE account.id = account_id)
    """
)


@dataclass(frozen=True, kw_only=True)
class PasswordAccepted(Event):
    """An account without a password got one that another system had hashed; ``scheme`` says how."""

    name: ClassVar[str] = "signon:password:accepted"

    account_id: UUID
    scheme: str


def accept_hashes(authorization: Authorization, tx: Transaction, hashes: Sequence[tuple[UUID, str]]) -> None:
    """Keep the hashes (by official) for accounts that never had a password.

    Whoever brings a hash may know the password behind it, so nobody but the platform's operator brings one for an account that
    is entrusted with more than everybody's: as with issued passwords. Such a person gets a code.
    """
    if tx.actor.kind is not ActorKind.SYSTEM:
        trust = authorization.entrusted_among([official_id for official_id, _ in hashes])
        hashes = [(official_id, secret_hash) for official_id, secret_hash in hashes if trust[official_id] == NOTHING]
    values = {
        "ids": [new_id() for _ in hashes],
        "people": [official_id for official_id, _ in hashes],
        "hashes": [secret_hash for _, secret_hash in hashes],
        "now": tx.now,
    }
    kept = tx.session.execute(_INSERT, values).all()
    if kept:
        tx.record_all(
            [
                PasswordAccepted(subject=f"official:{official_id}", account_id=account_id, scheme=scheme_of(secret_hash) or "")
                for account_id, secret_hash, official_id in kept
            ]
        )
