"""How a replica is doing: what `govcloud replica status` and `govcloud doctor` say of it."""

from __future__ import annotations

from dataclasses import dataclass

import lmdb
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.authorization.models import EpochChange
from govcloud.authorization.replica.database import identity_of
from govcloud.authorization.replica.head import HEAD, Head, now_ns
from govcloud.authorization.replica.place import Place, ReplicaError, open_to_read

_NANOSECONDS = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Status:
    """What a replica holds, and how far it is behind.

    ``silent_for`` is how many seconds ago its keeper was there; ``epoch`` and ``database_epoch`` are the last changes of each.
    """

    ours: bool
    silent_for: float
    epoch: int
    database_epoch: int
    people: int
    departments: int
    functions: int
    bytes: int

    def fault(self, bound: float) -> str | None:
        """Return why workers do not use it when they accept ``bound`` seconds of silence; ``None``: they do."""
        if not self.ours:
            return "it is of another database: govcloud replica rebuild"
        if not 0 <= self.silent_for <= bound:
            return f"its keeper has been silent for {self.silent_for:.0f} s: is `govcloud replica keep` running?"
        return None


def status_of(place: Place, session: Session) -> Status:
    """Return how the replica at ``place`` is doing, beside the database that ``session`` reads.

    Raises:
        ReplicaError: there is none, it is not ours alone, or it is damaged.
    """
    store = open_to_read(place.current)
    try:
        with store.env.begin() as txn:
            value = txn.get(HEAD)
            head = Head.unpack(value or b"")
            tables = (store.people, store.departments, store.functions)
            people, departments, functions = (txn.stat(db=table)["entries"] for table in tables)
    except (lmdb.Error, ValueError) as error:
        raise ReplicaError(f"the replica at {place.current} cannot be read: {error}; govcloud replica rebuild") from error
    finally:
        store.env.close()
    return Status(
        head.identity == identity_of(session),
        (now_ns() - head.beat) / _NANOSECONDS,
        head.state.epoch,
        session.scalar(select(func.coalesce(func.max(EpochChange.epoch), 0))) or 0,
        people,
        departments,
        functions,
        (place.current / "data.mdb").stat().st_size,
    )
