"""What the commands of the catalogue share: their tools, and the place that a command is authorised for."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from govcloud.identity.paths import path_above_all
from govcloud.identity.queries import IdentityQueries
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.subsystems import errors
from govcloud.subsystems.queries import SubsystemQueries
from govcloud.subsystems.views import SubsystemView


class Commands:
    """The tools of a command: transactions, keys, and reads within the open transaction."""

    def __init__(self, uow: UnitOfWork, keys: KeyRing, clock: Clock) -> None:
        """Take the unit of work, the key ring and the clock."""
        self._uow = uow
        self._keys = keys
        self._queries = SubsystemQueries(uow.read, keys, clock)
        self._identity = IdentityQueries(uow.read, keys, clock)

    def _target(self, kind: str, thing: str, departments: Iterable[UUID | None]) -> Target:
        """Return a target that lies in the lowest department above all ``departments``.

        When one is unknown or missing it lies in none, and only who administers the whole province may act on it.
        """
        wanted = set(departments)
        views = self._identity.departments(department for department in wanted if department)
        path = path_above_all([view.path for view in views.values()]) if len(views) == len(wanted) else None
        return Target(kind, thing, path)

    def _subsystem(self, key: str | UUID) -> SubsystemView:
        view = self._queries.subsystem(key)
        if view is None:
            raise errors.subsystem_missing(key)
        return view
