"""Proofs that may be shown once: each is remembered until it would no longer be believed anyway."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.dialects.postgresql import insert

from govcloud.kernel.unit_of_work import Transaction
from govcloud.signon.oauth.models import ShownProof


def show_once(tx: Transaction, digest: bytes, until: datetime) -> bool:
    """Remember a proof until ``until``; say whether it is shown for the first time. Of two at once, one is the first."""
    showing = insert(ShownProof).values(digest=digest, expires_at=until).on_conflict_do_nothing(index_elements=["digest"])
    return tx.session.scalar(showing.returning(ShownProof.digest)) is not None
