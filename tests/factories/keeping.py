"""A replica that is kept within the test's process and on the test's clock: a step takes in what has changed, and nothing waits."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, NullPool, create_engine

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.replica.database import known_identity
from govcloud.authorization.replica.keeper import Keeper
from govcloud.authorization.replica.place import Place, Store, open_to_read
from govcloud.authorization.replica.reading import Replica
from govcloud.authorization.replica.records import FunctionRecord, PersonRecord, decode_department, decode_function, decode_person
from govcloud.authorization.subjects.snapshot import instant
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import db
from govcloud.services import Services
from govcloud.settings import Settings

Contents = dict[str, dict[bytes, Any]]


@dataclass
class Kept:
    """A keeper at work, and a decider that reads its replica."""

    keeper: Keeper
    connection: Connection
    replica: Replica
    decider: Decider
    place: Place
    _services: Services
    _settings: Settings

    def step(self) -> None:
        """Take in what has changed."""
        self.keeper.step(self.connection)

    def decide(self, question: Question) -> Decision:
        """Ask the replica, which has to be in use."""
        look = self.replica.look(question.min_epoch)
        assert look is not None, "the replica is not in use"
        look.close()
        return self.decider.decide(question)

    def agrees(self, questions: Iterable[Question]) -> None:
        """Take in what has changed, and see that the replica answers as the database does, and holds what a fresh build holds."""
        # Nothing waits in a transaction while something else takes its time.
        self._services.uow.rest()
        self.step()
        for question in questions:
            ours, theirs = self.decide(question), self._services.authorization.decide(question)
            assert ours == theirs, question
        self._services.uow.rest()
        assert self.keeper.store is not None
        assert contents(self.keeper.store, self._now()) == self.fresh()

    def fresh(self) -> Contents:
        """Return what a replica holds that is built now."""
        place = Place(self.place.folder.parent / "fresh")
        with _engine(self._settings) as engine:
            Keeper(engine, place, self._services.clock).rebuild()
        store = open_to_read(place.current)
        try:
            return contents(store, self._now())
        finally:
            store.env.close()

    def _now(self) -> int:
        return instant(self._services.clock.now())


@contextmanager
def keeping(services: Services, settings: Settings, clock: Clock, folder: Path, *, bound: float = 3600) -> Iterator[Kept]:
    """Keep a replica in ``folder``."""
    place = Place(folder / "replica")
    with _engine(settings) as engine:
        keeper = Keeper(engine, place, clock)

        def opened(_folder: Path) -> Store:
            # An environment is opened once in a process.
            assert keeper.store is not None
            return keeper.store

        replica = Replica(
            place.folder, bound, identity=partial(known_identity, services.uow.read), busy=services.uow.at_work, opener=opened
        )
        decider = Decider(services.uow.read, services.identity_queries, services.subsystem_queries, clock, source=replica)
        with place.held(), keeper.connected() as connection:
            keeper.begin(connection)
            try:
                yield Kept(keeper, connection, replica, decider, place, services, settings)
            finally:
                db.session.rollback()
                assert keeper.store is not None
                keeper.store.env.close()


def questions(services: Services, people: Iterable[UUID], places: Iterable[UUID], rows: Iterable[dict[str, Any]] = ()) -> list[Question]:
    """Return questions of all these people and under all these appointments; functions and rows come in turn."""
    functions = cycle(
        [
            *(
                "housing:register:read",
                "housing:door:enter",
                "nowhere:door:enter",
                "housing:nothing:read",
                "govcloud:role:assign",
                "no function",
            ),
            *(view.code for view in services.subsystem_queries.functions()),
        ]
    )
    resources = cycle([{}, *rows])
    officials = list(people)
    asked = [Question(next(functions), None, official, next(resources)) for official in officials]
    for number, place in enumerate(places):
        asked += [Question(next(functions), place, None, next(resources)) for _ in range(4)]
        asked.append(Question("housing:register:read", place, officials[number % len(officials)]))
    return asked


def contents(store: Store, now: int) -> Contents:
    """Return what a replica holds and decisions can still read at ``now``: what has ended is left out, and what began has begun."""
    with store.env.begin() as txn:
        tables: Contents = {
            "people": {bytes(key): _person(decode_person(value), now) for key, value in txn.cursor(db=store.people)},
            "departments": {bytes(key): _lasting(decode_department(value), now) for key, value in txn.cursor(db=store.departments)},
            "functions": {bytes(key): _function(decode_function(value), now) for key, value in txn.cursor(db=store.functions)},
        }
    return {name: {key: value for key, value in table.items() if value} for name, table in tables.items()}


def _lasting(records: Iterable[Any], now: int) -> list[tuple[Any, ...]]:
    found = []
    for record in records:
        if record.until is None or record.until > now:
            facts = {name: getattr(record, name) for name in record.__struct_fields__}
            found.append(tuple((facts | {"since": max(record.since, now)}).items()))
    return found


def _person(record: PersonRecord, now: int) -> object:
    newest: dict[Any, Any] = {}
    for grant in record.grants:
        key = (grant.place, grant.function)
        if key not in newest or (newest[key].opened, newest[key].id) < (grant.opened, grant.id):
            newest[key] = grant
    grants = [
        (grant.id, grant.closed, grant.ends, [rest for rest in grant.rests if rest[1] is None or rest[1] > now])
        for grant in record.grants
        if newest[grant.place, grant.function] is grant or (grant.ends > now and (grant.closed is None or grant.closed > now))
    ]
    parts = (_lasting(record.standings, now), _lasting(record.places, now), _lasting(record.roles, now), sorted(grants))
    return parts if any(parts) else None


def _function(record: FunctionRecord, now: int) -> object:
    versions = sorted({(max(since, now), until, *said) for since, until, *said in record.versions if until is None or until > now}, key=str)
    return record.status, record.is_door, versions, [item for item in record.items if item[1] is None or item[1] > now]


def everyone(services: Services, at: datetime) -> tuple[list[UUID], list[UUID]]:
    """Return everybody there is, and every appointment that holds."""
    people = [row.id for row in services.identity_queries.search_officials("", limit=200).rows]
    return people, [subject.appointment_id for subject in services.identity_queries.subjects_among(people, at)]


@contextmanager
def _engine(settings: Settings) -> Iterator[Any]:
    engine = create_engine(settings.database_url, poolclass=NullPool)
    try:
        yield engine
    finally:
        engine.dispose()
