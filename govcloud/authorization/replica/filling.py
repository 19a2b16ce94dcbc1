"""From tables to records: all that decisions read, of everybody or of what a change touched, in one snapshot of the database."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from heapq import merge
from itertools import groupby
from operator import itemgetter
from typing import Any
from uuid import UUID

from sqlalchemy import and_, func, or_, select
from sqlalchemy.orm import Session

from govcloud.authorization.models import AccessGrant, GrantSuspension, RoleAssignment
from govcloud.authorization.replica.records import (
    DepartmentRecord,
    FunctionRecord,
    GrantRecord,
    PersonRecord,
    PlaceRecord,
    RoleRecord,
    StandingRecord,
    scope_text,
)
from govcloud.authorization.subjects.snapshot import door_of, instant
from govcloud.identity.facts import BATCH, DepartmentFact, IdentityFacts, PlaceFact, StandingFact
from govcloud.subsystems.facts import CatalogueFacts, FunctionFact, ItemFact

#: What ended this long ago is nobody's business any more, however far apart the clocks of machines are.
GRACE = timedelta(hours=1)
_STANDING, _PLACE, _ROLE, _GRANT = range(4)
Tagged = tuple[UUID, int, Any]


class Filling:
    """Reads records through ``session``, whose transaction shows one moment (REPEATABLE READ)."""

    def __init__(self, session: Session, now: datetime) -> None:
        """Take the session and the moment; what had ended an hour before is left out."""
        self._session = session
        self._since = now - GRACE
        self._identity = IdentityFacts(lambda: session)
        self._catalogue = CatalogueFacts(lambda: session)

    def people(self, officials: Collection[UUID] | None = None) -> Iterator[tuple[UUID, PersonRecord]]:
        """Give everybody, or some, in the order of their ids; who has nothing that lasts is left out."""
        streams: tuple[Iterator[Tagged], ...] = (
            ((fact.official_id, _STANDING, fact) for fact in self._identity.standings(self._since, officials)),
            ((fact.official_id, _PLACE, fact) for fact in self._identity.places(self._since, officials)),
            ((row[0], _ROLE, row) for row in self._roles(officials)),
            ((row[0], _GRANT, row) for row in self._grants(officials)),
        )
        rests = self._rests(officials)
        for official_id, tagged in groupby(merge(*streams, key=itemgetter(0)), key=itemgetter(0)):
            yield official_id, _person(tagged, rests)

    def departments(self, touched: Collection[UUID] | None = None) -> Iterator[tuple[UUID, tuple[DepartmentRecord, ...]]]:
        """Give where departments stand, all of them or those at and below ``touched``, in the order of their ids."""
        facts = self._identity.departments(self._since, touched)
        for department_id, versions in groupby(facts, key=itemgetter(0)):
            yield department_id, _joined([_department(fact) for fact in versions])

    def functions(self, codes: Collection[str] | None = None) -> Iterator[tuple[str, FunctionRecord]]:
        """Give the functions of all subsystems, or of some, in the order of their codes; the doors too, listed or not."""
        windows: dict[str, list[FunctionFact]] = {}
        for function in self._catalogue.functions(self._since, codes):
            windows.setdefault(function.code, []).append(function)
        items: dict[str, list[ItemFact]] = {}
        for item in self._catalogue.items(self._since, codes):
            items.setdefault(item.function, []).append(item)
        status = dict(self._catalogue.subsystems(codes))
        known = {code: facts[0].subsystem_code for code, facts in windows.items()} | {door_of(code): code for code in status}
        for code, subsystem in sorted(known.items()):
            door = code == door_of(subsystem)
            listed = tuple((*_window(fact.valid_from, fact.valid_to), *fact.traits) for fact in windows.get(code, ()))
            offered = tuple((*_window(item.valid_from, item.valid_to), item.id.bytes) for item in items.get(code, ()))
            yield code, FunctionRecord(status[subsystem], door, listed, offered)

    # What authorization's own tables hold

    def _roles(self, officials: Collection[UUID] | None) -> Iterable[Sequence[Any]]:
        table = RoleAssignment
        columns = (table.official_id, table.role_code, table.appointment_id, table.valid_from, table.valid_to, table.scope, table.id)
        query = select(*columns).where(or_(table.valid_to.is_(None), table.valid_to > self._since))
        query = query if officials is None else query.where(table.official_id.in_(officials))
        return self._stream(query.order_by(table.official_id, table.id))

    def _grants(self, officials: Collection[UUID] | None) -> Iterable[Sequence[Any]]:
        """Return the grants that last, and of each function under each appointment the newest one: a refusal says what became of it."""
        table = AccessGrant
        same = (table.official_id, table.appointment_id, table.function)
        place = func.row_number().over(partition_by=same, order_by=(table.valid_from.desc(), table.id.desc()))
        columns = (
            table.official_id,
            table.function,
            table.appointment_id,
            table.valid_from,
            table.valid_to,
            table.starts_at,
            table.ends_at,
            table.scope,
            table.id,
        )
        query = select(*columns, place.label("place"))
        found = (query if officials is None else query.where(table.official_id.in_(officials))).subquery()
        lasting = and_(found.c.ends_at > self._since, or_(found.c.valid_to.is_(None), found.c.valid_to > self._since))
        wanted = select(*[column for column in found.c if column.name != "place"]).where(or_(found.c.place == 1, lasting))
        return self._stream(wanted.order_by(found.c.official_id, found.c.id))

    def _rests(self, officials: Collection[UUID] | None) -> dict[UUID, list[tuple[int, int | None]]]:
        """Return when grants rest; few ever do."""
        table = GrantSuspension
        query = select(table.grant_id, table.valid_from, table.valid_to).order_by(table.grant_id, table.valid_from)
        query = query.where(or_(table.valid_to.is_(None), table.valid_to > self._since))
        if officials is not None:
            query = query.join(AccessGrant, AccessGrant.id == table.grant_id).where(AccessGrant.official_id.in_(officials))
        found: dict[UUID, list[tuple[int, int | None]]] = {}
        for row in self._session.execute(query):
            found.setdefault(row.grant_id, []).append(_window(row.valid_from, row.valid_to))
        return found

    def _stream(self, query: Any) -> Iterable[Sequence[Any]]:  # noqa: ANN401 - a selection of many columns
        found: Iterable[Sequence[Any]] = self._session.execute(query, execution_options={"yield_per": BATCH})
        return found


def _window(since: datetime, until: datetime | None) -> tuple[int, int | None]:
    return instant(since), None if until is None else instant(until)


def _person(tagged: Iterable[Tagged], rests: dict[UUID, list[tuple[int, int | None]]]) -> PersonRecord:
    parts: tuple[list[Any], list[Any], list[Any], list[Any]] = ([], [], [], [])
    for _, kind, fact in tagged:
        parts[kind].append(_MAKE[kind](fact) if kind != _GRANT else _grant(fact, rests))
    standings, places, roles, grants = parts
    return PersonRecord(_joined(standings), tuple(places), tuple(roles), tuple(grants))


def _standing(fact: StandingFact) -> StandingRecord:
    return StandingRecord(fact.status, fact.rank, fact.label, *_window(fact.valid_from, fact.valid_to))


def _place(fact: PlaceFact) -> PlaceRecord:
    handover = None if fact.handover_from is None else instant(fact.handover_from)
    window = _window(fact.valid_from, fact.valid_to)
    return PlaceRecord(fact.id.bytes, fact.department_id.bytes, fact.kind, fact.post, fact.position, *window, handover)


def _role(row: Sequence[Any]) -> RoleRecord:
    _, role, place, valid_from, valid_to, scope, assignment_id = row
    return RoleRecord(role, place and place.bytes, *_window(valid_from, valid_to), scope_text(scope), assignment_id.bytes)


def _grant(row: Sequence[Any], rests: dict[UUID, list[tuple[int, int | None]]]) -> GrantRecord:
    _, function, place, opened, closed, starts, ends, scope, grant_id = row
    at_rest = tuple(rests.get(grant_id, ()))
    held = _window(opened, closed)
    return GrantRecord(function, place and place.bytes, *held, instant(starts), instant(ends), scope_text(scope), grant_id.bytes, at_rest)


_MAKE: tuple[Callable[[Any], Any], ...] = (_standing, _place, _role)


def _department(fact: DepartmentFact) -> DepartmentRecord:
    window = _window(fact.valid_from, fact.valid_to)
    return DepartmentRecord(str(fact.department_id), fact.path, fact.division, fact.level, tuple(fact.business_lines), *window)


def _joined(records: list[Any]) -> tuple[Any, ...]:
    """Join neighbours in time that say the same: a name or an order that changed is nothing to decisions."""
    found: list[Any] = []
    for record in records:
        if found and found[-1].until == record.since and _without_window(found[-1]) == _without_window(record):
            found[-1] = type(record)(*_without_window(record), found[-1].since, record.until)
        elif record.until is None or record.until > record.since:
            found.append(record)
    return tuple(found)


def _without_window(record: Any) -> tuple[Any, ...]:  # noqa: ANN401 - a standing, or where a department stands
    """Return what a record says, but for its last two fields."""
    return tuple(getattr(record, name) for name in record.__struct_fields__[:-2])
