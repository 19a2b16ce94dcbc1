"""Running the statements of which every request runs many: those that return columns or nothing, and no objects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVarTuple, overload

from sqlalchemy import CursorResult, Executable
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import TypedReturnsRows

Columns = TypeVarTuple("Columns")


@overload
def run(session: Session, statement: TypedReturnsRows[*Columns], values: Mapping[str, Any] | None = None) -> CursorResult[*Columns]: ...
@overload
def run(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[*tuple[Any, ...]]: ...
def run(session: Session, statement: Executable, values: Mapping[str, Any] | None = None) -> CursorResult[*tuple[Any, ...]]:
    """Run a statement in the transaction of ``session``, with ``values`` for its parameters, and return its rows.

    ``Session.execute`` prepares for objects to come with every result, which takes half as long again as running the statement. What
    is written the way of objects and still waits is written first, as the session would do itself.
    """
    session.flush()
    return session.connection().execute(statement, values)
