"""Writing the replica: all of it once, then what changes touched, each time in one transaction with the head that belongs to it."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice
from pathlib import Path
from typing import TypeVar
from uuid import UUID

import lmdb

from govcloud.authorization.replica.feed import Touched
from govcloud.authorization.replica.filling import Filling
from govcloud.authorization.replica.head import HEAD, Head
from govcloud.authorization.replica.place import Store, Table
from govcloud.authorization.replica.records import PersonRecord, encode
from govcloud.authorization.subjects.snapshot import subsystem_of

#: How many people are read at a time where some are touched, and written at a time where everybody is.
_SOME, _MANY = 1_000, 50_000
ItemT = TypeVar("ItemT")


class Writing:
    """Writes into an open replica."""

    def __init__(self, store: Store) -> None:
        """Take the open file."""
        self._store = store

    def fill(self, filling: Filling, head: Head) -> tuple[int, int, int]:
        """Write everything into an empty replica, the head last; return how many people, departments and functions there were."""
        people = self.people(filling.people())
        departments = self._fill(self._store.departments, ((key.bytes, encode(record)) for key, record in filling.departments()))
        functions = self._fill(self._store.functions, ((code.encode(), encode(record)) for code, record in filling.functions()))
        self.begin(head)
        return people, departments, functions

    def people(self, people: Iterable[tuple[UUID, PersonRecord]]) -> int:
        """Write people, who come in the order of their ids, into an empty replica; return how many there were."""
        written = 0
        places: list[tuple[bytes, bytes]] = []
        for some in _pieces(people, _MANY):
            with self._store.env.begin(write=True) as txn:
                for official_id, record in some:
                    key = official_id.bytes
                    txn.put(key, encode(record), db=self._store.people, append=True)
                    places += [(place.id, key) for place in record.places]
            written += len(some)
        self._fill(self._store.places, iter(sorted(places)))
        return written

    def begin(self, head: Head) -> None:
        """Write the head of a replica whose contents are complete."""
        with self._store.env.begin(write=True) as txn:
            txn.put(HEAD, head.pack())
        self._reach_the_end()

    def update(self, filling: Filling, touched: Touched, head: Head) -> None:
        """Write again what changes touched, with the head that says so, in one transaction."""
        assert touched.officials is not None  # noqa: S101 - then everything is built anew
        with self._store.env.begin(write=True) as txn:
            for some in _pieces(sorted(touched.officials), _SOME):
                self._update_people(txn, filling, some)
            if touched.departments is None or touched.departments:
                self._update_departments(txn, filling, touched.departments)
            if touched.subsystems is None or touched.subsystems:
                self._update_functions(txn, filling, touched.subsystems)
            txn.put(HEAD, head.pack())
        self._reach_the_end()

    def beat(self, head: Head, beat: int) -> None:
        """Say that nothing had changed at ``beat``."""
        with self._store.env.begin(write=True) as txn:
            txn.put(HEAD, replace(head, beat=beat).pack())
        self._reach_the_end()

    def forget_the_dead(self) -> None:
        """Free the places of readers whose processes are gone."""
        self._store.env.reader_check()

    # Parts of the above

    def _fill(self, table: Table, items: Iterable[tuple[bytes, bytes]]) -> int:
        """Write items, which come in the order of their keys, into an empty table; return how many there were."""
        written = 0
        for some in _pieces(items, _MANY):
            with self._store.env.begin(write=True, db=table) as txn:
                for key, value in some:
                    txn.put(key, value, append=True)
            written += len(some)
        return written

    def _update_people(self, txn: lmdb.Transaction, filling: Filling, officials: Sequence[UUID]) -> None:
        gone = set(officials)
        for official_id, record in filling.people(officials):
            gone.discard(official_id)
            key = official_id.bytes
            txn.put(key, encode(record), db=self._store.people)
            for place in record.places:
                # Whose an appointment is never changes, so what has ended may stay: the person's record says that it is over.
                txn.put(place.id, key, db=self._store.places)
        for official_id in gone:
            txn.delete(official_id.bytes, db=self._store.people)

    def _update_departments(self, txn: lmdb.Transaction, filling: Filling, touched: Collection[UUID] | None) -> None:
        gone = {key.bytes for key in touched} if touched is not None else set(_keys(txn, self._store.departments))
        for department_id, record in filling.departments(touched):
            gone.discard(department_id.bytes)
            txn.put(department_id.bytes, encode(record), db=self._store.departments)
        for key in gone:
            txn.delete(key, db=self._store.departments)

    def _update_functions(self, txn: lmdb.Transaction, filling: Filling, subsystems: Collection[str] | None) -> None:
        known = _keys(txn, self._store.functions)
        gone = {key for key in known if subsystems is None or subsystem_of(key.decode()) in subsystems}
        for code, record in filling.functions(subsystems):
            gone.discard(code.encode())
            txn.put(code.encode(), encode(record), db=self._store.functions)
        for key in gone:
            txn.delete(key, db=self._store.functions)

    def _reach_the_end(self) -> None:
        """Let the file reach as far as its pages: one that does not was cut short, and is recognised by that (``place.py``)."""
        env = self._store.env
        file = Path(env.path()) / "data.mdb"
        size = (env.info()["last_pgno"] + 1) * env.stat()["psize"]
        if file.stat().st_size < size:
            os.truncate(file, size)


def _keys(txn: lmdb.Transaction, table: Table) -> list[bytes]:
    """Return every key of a table that is small."""
    with txn.cursor(db=table) as cursor:
        return [bytes(key) for key in cursor.iternext(keys=True, values=False)]


def _pieces(items: Iterable[ItemT], size: int) -> Iterator[list[ItemT]]:
    """Give the items a piece at a time."""
    waiting = iter(items)
    while some := list(islice(waiting, size)):
        yield some
