"""One search over everything that one may need, which says of each thing: had already, to be asked for, or neither and why."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.access.asking.standing import Standings
from govcloud.access.asking.views import Hit, HitKind, Standing
from govcloud.access.facts import PersonFacts
from govcloud.access.loading import FactsLoader
from govcloud.identity.queries import DepartmentView
from govcloud.kernel.errors import Refusal
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import FoundServiceItem, FunctionView, ItemView, MatterView, SubsystemView

_NOT_OFFERED = Refusal("not_offered", Message("主管部门没有开放申请。"))


@dataclass(frozen=True)
class _Found:
    """What was found, and the items that lead to it."""

    matters: Sequence[MatterView]
    items: Sequence[ItemView]
    functions: Sequence[FunctionView]
    service_items: Sequence[FoundServiceItem]
    subsystems: Sequence[SubsystemView]
    open: Mapping[UUID, ItemView]

    def is_shown(self, view: FunctionView) -> bool:
        """Return whether an item that opens a function is found as well, and so says all that there is to say of it."""
        return any(item.function_id == view.id for item in self.items)

    def of_function(self, function_id: UUID) -> tuple[ItemView, ...]:
        """Return the items that open a function."""
        return tuple(item for item in self.open.values() if item.function_id == function_id)


class Search:
    """One search by one person; made for it, and thrown away."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, person: PersonFacts, now: datetime) -> None:
        """Take the source of reading sessions, the loader of facts, who searches, and the moment."""
        self._facts = facts
        self._standings = Standings(read, facts, person, now)
        self._now = now
        self._departments: Mapping[UUID, DepartmentView] = {}
        self._places: Mapping[UUID, SubsystemView] = {}
        self._standing: Mapping[UUID, Standing] = {}
        self._held: Mapping[str, datetime | None] = {}

    def hits(self, text: str, limit: int) -> tuple[Hit, ...]:
        """Return what holds every word of ``text``, at most so many of each kind: matters first, subsystems last."""
        found = self._found(text, limit)
        asked = {item.id: item for item in found.open.values()}
        of_subsystems = {view.id for view in found.subsystems}
        looked_at = [item for item in asked.values() if item.subsystem_id not in of_subsystems or item.id in self._named(found)]
        self._standing = self._standings.of(looked_at)
        self._held = self._standings.held({*(view.code for view in found.functions), *(_door(view) for view in found.subsystems)})
        self._places = self._facts.subsystems.subsystems_among(view.subsystem_id for view in found.functions)
        self._departments = self._facts.identity.departments(set(self._owners(found)), self._now)
        return (
            *(self._matter(view) for view in found.matters),
            *(self._item(view) for view in found.items),
            *(self._function(view, found.of_function(view.id)) for view in found.functions if not found.is_shown(view)),
            *(
                self._service_item(view, [item for key in view.functions for item in found.of_function(key)])
                for view in found.service_items
            ),
            *(self._subsystem(view, found) for view in found.subsystems),
        )

    def _found(self, text: str, limit: int) -> _Found:
        catalogue = self._facts.subsystems
        matters, items = catalogue.matters_named(text, limit), catalogue.items_named(text, limit)
        functions, subsystems = catalogue.functions_named(text, limit), catalogue.subsystems_named(text, limit)
        services = catalogue.service_items_named(text, limit)
        behind = catalogue.requestable_among(
            (*(entry.item.id for view in matters for entry in view.items), *(item.id for item in items)),
            functions=(*(view.id for view in functions), *(key for view in services for key in view.functions)),
            subsystems=(view.id for view in subsystems),
        )
        return _Found(matters, items, functions, services, subsystems, behind)

    @staticmethod
    def _named(found: _Found) -> frozenset[UUID]:
        """Return the items that something else than a subsystem led to: of a subsystem they are only counted."""
        functions = {*(view.id for view in found.functions), *(key for view in found.service_items for key in view.functions)}
        listed = (entry.item.id for view in found.matters for entry in view.items)
        return frozenset(
            [*listed, *(item.id for item in found.items), *(item.id for item in found.open.values() if item.function_id in functions)]
        )

    def _owners(self, found: _Found) -> Iterator[UUID]:
        yield from (view.lead_department_id for view in found.matters)
        yield from (item.owner_department_id for item in found.open.values())
        owned = (*found.subsystems, *self._places.values())
        yield from (view.owner_department_id for view in owned if view.owner_department_id is not None)

    def _owner(self, department_id: UUID | None) -> str:
        found = self._departments.get(department_id) if department_id else None
        return found.name if found else ""

    def _matter(self, view: MatterView) -> Hit:
        items = [entry.item for entry in view.items if entry.item.id in self._standing]
        standing = [self._standing[item.id] for item in items]
        held = len(items) == len(view.items) and all(one.held for one in standing)
        ends = [one.until for one in standing if one.until is not None]
        place, owner = view.code, self._owner(view.lead_department_id)
        # What one has already is not wanted again, unless all of it is.
        wanted = [item for item in items if not self._standing[item.id].held]
        return self._hit(HitKind.MATTER, view, (place, owner), wanted, held=(held, min(ends, default=None)), of=len(view.items))

    def _item(self, view: ItemView) -> Hit:
        standing = self._standing.get(view.id)
        held = (standing.held, standing.until) if standing else (False, None)
        place = (view.subsystem_name, self._owner(view.owner_department_id))
        return self._hit(HitKind.ITEM, view, place, [view], held=held, of=1)

    def _function(self, view: FunctionView, items: Sequence[ItemView]) -> Hit:
        subsystem = self._places.get(view.subsystem_id)
        place = (subsystem.name if subsystem else "", self._owner(subsystem.owner_department_id if subsystem else None))
        held = (view.code in self._held, self._held.get(view.code))
        return self._hit(HitKind.FUNCTION, view, place, items, held=held, of=len(items))

    def _service_item(self, view: FoundServiceItem, items: Sequence[ItemView]) -> Hit:
        standing = [self._standing[item.id] for item in items if item.id in self._standing]
        ends = [one.until for one in standing if one.until is not None]
        held = (bool(standing) and all(one.held for one in standing), min(ends, default=None))
        place = (
            "、".join(dict.fromkeys(item.subsystem_name for item in items)),
            self._owner(items[0].owner_department_id if items else None),
        )
        return self._hit(HitKind.SERVICE_ITEM, view, place, items, held=held, of=len(items))

    def _subsystem(self, view: SubsystemView, found: _Found) -> Hit:
        door = _door(view)
        items = tuple(item.id for item in found.open.values() if item.subsystem_id == view.id)
        return Hit(
            kind=HitKind.SUBSYSTEM,
            id=view.id,
            code=view.code,
            name=view.name,
            place="",
            owner=self._owner(view.owner_department_id),
            held=door in self._held,
            until=self._held.get(door),
            items=items,
            of=len(items),
            why=() if items else (_NOT_OFFERED,),
            level=view.integration_level,
        )

    def _hit(
        self,
        kind: HitKind,
        view: MatterView | ItemView | FunctionView | FoundServiceItem,
        place: tuple[str, str],
        items: Iterable[ItemView],
        *,
        held: tuple[bool, datetime | None],
        of: int,
    ) -> Hit:
        """Return a hit with what of its items may be asked for, or else the first reason why nothing may."""
        standing = [(item.id, self._standing[item.id]) for item in items if item.id in self._standing]
        open_to_ask = tuple(item_id for item_id, one in standing if one.may_ask)
        waiting = next((one.waiting for _, one in standing if one.waiting is not None), None)
        refusals = next((one.refusals for _, one in standing if one.refusals), (_NOT_OFFERED,))
        why = () if open_to_ask or held[0] else refusals
        code = view.function if isinstance(view, ItemView) else view.code
        level = view.integration_level if isinstance(view, ItemView | FunctionView) else None
        apart = tuple({refusal.code: refusal for _, one in standing if one.may_ask for refusal in one.conflicts}.values())
        return Hit(kind, view.id, code, view.name, place[0], place[1], held[0], held[1], open_to_ask, of, waiting, why, level, apart)


def _door(view: SubsystemView) -> str:
    return f"{view.code}:door:enter"
