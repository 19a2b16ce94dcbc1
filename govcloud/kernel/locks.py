"""Locks that stand for something that is no row: taken by name or number, let go when the transaction ends."""

from __future__ import annotations

from sqlalchemy import BigInteger, Text, bindparam, func, select
from sqlalchemy.orm import Session

from govcloud.kernel.prepared import Prepared

_NAMED = func.hashtext(bindparam("lock", type_=Text()))
_NUMBERED = bindparam("lock", type_=BigInteger())
_TAKE = {
    str: Prepared(select(func.pg_advisory_xact_lock(_NAMED).label("taken"))),
    int: Prepared(select(func.pg_advisory_xact_lock(_NUMBERED).label("taken"))),
}
_HOLD = {
    str: Prepared(select(func.pg_advisory_xact_lock_shared(_NAMED).label("held"))),
    int: Prepared(select(func.pg_advisory_xact_lock_shared(_NUMBERED).label("held"))),
}


def take(session: Session, lock: str | int) -> None:
    """Change what ``lock`` stands for alone, until the transaction ends."""
    _TAKE[type(lock)].within(session, {"lock": lock})


def hold(session: Session, lock: str | int) -> None:
    """Keep what ``lock`` stands for as it is until the transaction ends, together with others who do."""
    _HOLD[type(lock)].within(session, {"lock": lock})
