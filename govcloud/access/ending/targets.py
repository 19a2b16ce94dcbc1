"""What many grants can be ended of: one person, one subsystem, one matter, the people of one department."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.lifecycle import LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.rights.closing import among
from govcloud.authorization.rights.selecting import GrantSelection, Overseen, SelectedGrants
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import identifier

EVERYWHERE = "/"
_LONGEST = timedelta(days=2 * 366)
"""No grant lasts longer from its approval on, a wished-for start included: older lines have none that is open."""


class Kind(StrEnum):
    """What the grants have in common."""

    PERSON = "person"
    SUBSYSTEM = "subsystem"
    MATTER = "matter"
    DEPARTMENT = "department"


@dataclass(frozen=True)
class Found:
    """A target as people call it, and the grants that belong to it."""

    label: str
    selection: GrantSelection


class Targets:
    """Turns what somebody names into a selection of grants, within what they answer for."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, selected: SelectedGrants, clock: Clock) -> None:
        """Take the source of reading sessions, the loader of facts, what reads selections, and the clock."""
        self._read = read
        self._facts = facts
        self._selected = selected
        self._clock = clock
        self._finders: Mapping[Kind, Callable[[str], Found | None]] = {
            Kind.PERSON: self._person,
            Kind.SUBSYSTEM: self._subsystem,
            Kind.MATTER: self._matter,
            Kind.DEPARTMENT: self._department,
        }

    def find(self, kind: Kind, target: str, paths: tuple[str, ...]) -> Found:
        """Return the grants of a target that departments at or below ``paths`` answer for.

        Raises:
            NotFound: there is no such person, subsystem, matter or department.
        """
        found = self._finders[kind](target)
        if found is None:
            raise NotFound("no_such_target", Message("没有找到所选的对象，请重新选择。"))
        bounds = self.within(paths).overseen
        return replace(found, selection=replace(found.selection, overseen=bounds))

    def within(self, paths: tuple[str, ...]) -> GrantSelection:
        """Return all grants that departments at or below ``paths`` answer for."""
        return GrantSelection() if EVERYWHERE in paths else GrantSelection(overseen=overseen(self._facts, paths))

    def of_item(self, item_id: UUID) -> GrantSelection:
        """Return what was granted of an item; other items may open the same function, and what they led to stays."""
        # By what is open, which is little; an item may have had hundreds of thousands of lines.
        opened = self._selected.lines(GrantSelection(function=self._facts.catalogue_item(item_id).function))
        found = self._read().scalars(select(RequestLine.id).where(among(RequestLine.id, opened), RequestLine.item_id == item_id))
        return GrantSelection(lines=tuple(found))

    def _person(self, target: str) -> Found | None:
        key = identifier(target)
        name = self._facts.identity.official_names([key]).get(key) if key else None
        return Found(name, GrantSelection(official_id=key)) if name else None

    def _subsystem(self, target: str) -> Found | None:
        view = self._facts.subsystems.subsystem(target)
        return Found(view.name, GrantSelection(subsystem_code=view.code)) if view else None

    def _matter(self, target: str) -> Found | None:
        key = identifier(target)
        matter = self._facts.subsystems.matter(key) if key else None
        if matter is None:
            return None
        query = select(RequestLine.id).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
        lately = RequestLine.closed_at > self._clock.now() - _LONGEST
        lines = self._read().scalars(query.where(AccessRequest.matter_id == key, RequestLine.state == LineState.APPROVED, lately))
        return Found(matter.name, GrantSelection(lines=tuple(lines)))

    def _department(self, target: str) -> Found | None:
        key = identifier(target)
        view = self._facts.identity.department(key) if key else None
        return Found(view.name, GrantSelection(holders_within=view.path)) if view else None


def overseen(facts: FactsLoader, paths: tuple[str, ...]) -> Overseen:
    """Return whose grants departments at or below ``paths`` answer for, with the subsystems that they own."""
    views = facts.subsystems.all()
    owners = facts.identity.departments({view.owner_department_id for view in views if view.owner_department_id})
    mine = {key for key, owner in owners.items() if owner.path.startswith(paths)}
    return Overseen(paths, tuple(view.code for view in views if view.owner_department_id in mine))
