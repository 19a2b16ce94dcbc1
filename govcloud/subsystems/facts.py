"""What decisions read of the catalogue, as facts with their windows: all that hold or will, to be copied.

A copy that compares the windows itself gives at every moment what the queries give then (``SubsystemQueries.function``,
``item_for_function``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from govcloud.kernel.database import Temporal, lasts_beyond
from govcloud.subsystems.levels import Traits
from govcloud.subsystems.models import CatalogueItem, CatalogueItemVersion, Subsystem, SubsystemFunction, SubsystemFunctionVersion
from govcloud.subsystems.sensitive import SENSITIVE


class SubsystemFact(NamedTuple):
    """A subsystem and its state."""

    code: str
    status: str


class FunctionFact(NamedTuple):
    """A function is in the catalogue in ``[valid_from, valid_to)``, and is like one of its versions."""

    subsystem_code: str
    code: str
    traits: Traits
    valid_from: datetime
    valid_to: datetime | None


class ItemFact(NamedTuple):
    """An item can be requested for a function in ``[valid_from, valid_to)``, while the subsystem is published."""

    subsystem_code: str
    function: str
    id: UUID
    valid_from: datetime
    valid_to: datetime | None


class CatalogueFacts:
    """Reads the facts that have not ended by a moment, of every subsystem or of some."""

    def __init__(self, read: Callable[[], Session]) -> None:
        """Take the source of reading sessions."""
        self._read = read

    def subsystems(self, codes: Collection[str] | None = None) -> Iterator[SubsystemFact]:
        """Give the subsystems, in the order of their codes."""
        query = select(Subsystem.code, Subsystem.status).order_by(Subsystem.code)
        for row in self._read().execute(query if codes is None else query.where(Subsystem.code.in_(codes))):
            yield SubsystemFact(*row)

    def functions(self, since: datetime, codes: Collection[str] | None = None) -> Iterator[FunctionFact]:
        """Give the functions, in the order of their codes and of time."""
        version = SubsystemFunctionVersion
        tables = (SubsystemFunction, version)
        query = (
            select(Subsystem.code, SubsystemFunction.code, version.label, version.integration_level, SENSITIVE, *_common(tables))
            .join(SubsystemFunction, SubsystemFunction.subsystem_id == Subsystem.id)
            .join(SubsystemFunctionVersion, SubsystemFunctionVersion.function_id == SubsystemFunction.id)
            .where(*(lasts_beyond(table, since) for table in tables))
            .order_by(SubsystemFunction.code, SubsystemFunctionVersion.valid_from)
        )
        for row in self._read().execute(query if codes is None else query.where(Subsystem.code.in_(codes))):
            subsystem_code, code, label, level, sensitive, valid_from, valid_to = row
            yield FunctionFact(subsystem_code, code, Traits(label, level, sensitive), valid_from, valid_to)

    def items(self, since: datetime, codes: Collection[str] | None = None) -> Iterator[ItemFact]:
        """Give the items, function by function and in the order in which they are offered."""
        tables = (CatalogueItem, CatalogueItemVersion, SubsystemFunction, SubsystemFunctionVersion)
        query = (
            select(Subsystem.code, SubsystemFunction.code, CatalogueItem.id, *_common(tables))
            .join(SubsystemFunction, SubsystemFunction.subsystem_id == Subsystem.id)
            .join(SubsystemFunctionVersion, SubsystemFunctionVersion.function_id == SubsystemFunction.id)
            .join(CatalogueItem, CatalogueItem.function_id == SubsystemFunction.id)
            .join(CatalogueItemVersion, CatalogueItemVersion.item_id == CatalogueItem.id)
            .where(*(lasts_beyond(table, since) for table in tables))
            .order_by(SubsystemFunction.code, CatalogueItem.valid_from, CatalogueItem.id)
        )
        for row in self._read().execute(query if codes is None else query.where(Subsystem.code.in_(codes))):
            yield ItemFact(*row)


def _common(tables: Collection[type[Temporal]]) -> tuple[ColumnElement[datetime], ColumnElement[datetime | None]]:
    """Return the window in which all of ``tables`` hold: PostgreSQL's LEAST takes no notice of an open end."""
    return func.greatest(*(table.valid_from for table in tables)), func.least(*(table.valid_to for table in tables))
