"""What the commands of identity share: their tools, and the place that a command is authorised for."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from govcloud.identity.paths import path_above_all
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork


class Commands:
    """The tools of a command: transactions, keys, and reads within the open transaction."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock) -> None:
        """Take the unit of work, the key ring and the clock."""
        self._uow = uow
        self._keys = keys
        self._clock = clock
        self._queries = IdentityQueries(uow.read, keys, clock)

    def _path_of_all(self, departments: Iterable[UUID]) -> str | None:
        """Return the path of the lowest department above all of ``departments``; ``None`` when there is none or one is unknown.

        Who administers that department may act on all of them; with ``None`` only an administrator of the whole province may.
        """
        wanted = set(departments)
        paths = [view.path for view in self._queries.departments(wanted).values()]
        return path_above_all(paths) if len(paths) == len(wanted) else None
