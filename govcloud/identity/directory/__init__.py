"""Reads for programs that keep a copy of people and departments in step: whole records, page by page, in the order of their making.

Columns are read, not objects: a record read again after its row was locked is what stands in the database then.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlalchemy.orm import Session

from govcloud.audit.changes import Change, Changes
from govcloud.identity.directory.departments import DepartmentDirectory
from govcloud.identity.directory.people import PeopleDirectory
from govcloud.identity.directory.views import DOMAIN, DepartmentRecord, Member, PersonRecord, Place
from govcloud.kernel.clock import Clock
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.paging import Cursor

__all__ = ["Change", "Cursor", "DepartmentRecord", "Directory", "Member", "PersonRecord", "Place"]


class Directory:
    """Whole records of people and of departments, and what changed since; it never writes."""

    def __init__(self, read: Callable[[], Session], keys: KeyRing, clock: Clock) -> None:
        """Take the source of reading sessions, the key ring (masked and compared numbers) and the clock."""
        self._changes = Changes(read)
        self.people = PeopleDirectory(read, keys, clock, self._changes)
        self.departments = DepartmentDirectory(read, clock, self._changes)

    def changed(self, kind: str, start: datetime, limit: int, *, after: Cursor | None = None) -> list[Change]:
        """Return what of ``kind`` (``"official"``, ``"department"``) changed at ``start`` or later, by its newest change."""
        return self._changes.since(DOMAIN, kind, start, after=after, limit=limit)
