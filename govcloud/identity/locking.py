"""The locks of identity: on the department tree, and on a person.

Whoever changes what somebody may do takes the person's lock first, before the locks of lines and grants; the tree's comes before all.
The whole order stands in ``authorization/locking.py``.
"""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session

from govcloud.identity import errors
from govcloud.identity.models import Department, Official
from govcloud.kernel.locks import hold, take
from govcloud.kernel.prepared import Prepared

_TREE = "govcloud department tree"
#: Every sign-in takes this lock.
_ONE = Prepared(select(Official.id).where(Official.id == bindparam("official")).with_for_update(key_share=True))


def lock_tree(session: Session) -> None:
    """Let one change of the department tree happen at a time: two moves at once could make a circle that neither sees."""
    take(session, _TREE)


def hold_tree(session: Session) -> None:
    """Keep the tree as it is until the transaction ends; for whoever writes down the path of a department. Taken before other locks."""
    hold(session, _TREE)


def lock_official(session: Session, official_id: UUID) -> None:
    """Hold the person's row until the transaction ends; rows that merely refer to the person are not held up.

    Raises:
        NotFound: there is no such official.
    """
    if not _ONE.within(session, {"official": official_id}):
        raise errors.official_missing(official_id)


def lock_officials(session: Session, officials: Iterable[UUID]) -> None:
    """Hold the rows of several people until the transaction ends, in one order, so that nobody waits in a circle."""
    query = select(Official.id).where(Official.id.in_(sorted(officials))).order_by(Official.id)
    session.execute(query.with_for_update(key_share=True)).all()


def hold_departments(session: Session, departments: Iterable[UUID]) -> None:
    """Keep departments from being dissolved until the transaction ends; whoever places people there takes this before looking."""
    wanted = sorted(departments)
    query = select(Department.id).where(Department.id.in_(wanted)).order_by(Department.id)
    session.execute(query.with_for_update(read=True, key_share=True)).all()


def seize_departments(session: Session, departments: Iterable[UUID]) -> None:
    """Wait for those who are placing people in departments, and keep others from it until the transaction ends."""
    query = select(Department.id).where(Department.id.in_(sorted(departments))).order_by(Department.id)
    session.execute(query.with_for_update()).all()
