"""Identity's locks: on a person (taken before the locks of lines and grants), and on the department tree (taken before both)."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.identity import errors
from govcloud.identity.models import Official


def lock_official(session: Session, official_id: UUID) -> None:
    """Hold the person's row until the transaction ends; rows that merely refer to the person are not held up.

    Raises:
        NotFound: there is no such official.
    """
    row = select(Official.id).where(Official.id == official_id).with_for_update(key_share=True)
    if session.scalar(row) is None:
        raise errors.official_missing(official_id)


def lock_tree(session: Session) -> None:
    """Let one change of the tree happen at a time: two moves at once could make a circle that neither sees."""
    session.execute(select(func.pg_advisory_xact_lock(func.hashtext("govcloud department tree"))))
