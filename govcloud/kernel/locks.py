"""Locks that stand for something that is no row: taken by name or number, let go when the transaction ends."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Function, func, literal, select
from sqlalchemy.orm import Session


def take(session: Session, lock: str | int) -> None:
    """Change what ``lock`` stands for alone, until the transaction ends."""
    session.execute(select(func.pg_advisory_xact_lock(_number(lock))))


def hold(session: Session, lock: str | int) -> None:
    """Keep what ``lock`` stands for as it is until the transaction ends, together with others who do."""
    session.execute(select(func.pg_advisory_xact_lock_shared(_number(lock))))


def _number(lock: str | int) -> ColumnElement[int] | Function[int]:
    return func.hashtext(lock) if isinstance(lock, str) else literal(lock)
