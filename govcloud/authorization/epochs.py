"""The epoch feed: one row for each change that decisions may not miss, written in the transaction of the change.

A decision says the epoch at which it was made, and whoever keeps one asks later what has changed since; so a number must not
become visible before every lower one has. Numbers are therefore drawn at the very end of a transaction, under a lock that is
held until it has committed: their order is that of the commits. As nothing is waited for after that lock, it cannot be part
of a deadlock, and it is held for one short statement and the commit.

A row names what it touches, so that whoever keeps a copy reads that again and nothing else: people, departments, the subsystem
whose part of the catalogue changed. What a command notes of one kind becomes one row, however many people it touches: an import of
ten thousand writes one, and holds the lock no longer for it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, exists, func, or_, select, text
from sqlalchemy.orm import Session

from govcloud.authorization.models import EpochChange
from govcloud.kernel.locks import take
from govcloud.kernel.unit_of_work import Transaction

#: What a change is about. The first two stand in the state that every decision reads; the next touch people.
POLICY, DUTY = "policy", "duty"
PEOPLE = ("grant", "role", "official", "appointment")
DEPARTMENT, CATALOGUE = "department", "catalogue"

#: Whoever listens on this channel is woken by changes that reduce access.
CHANNEL = "govcloud_epoch"
#: Any fixed number: transactions that change rights meet at it (pg_advisory_xact_lock).
_LOCK = 0x65706F6368
#: Under this name a session keeps what its transaction has noted.
_NOTED = "govcloud epoch changes"
_MOST_CHANGES = 1_000


@dataclass(frozen=True, slots=True)
class _Note:
    """A change, as it was noted."""

    kind: str
    reduces: bool
    subsystem_code: str | None
    officials: tuple[UUID, ...]
    departments: tuple[UUID, ...]


def note_change(
    tx: Transaction,
    kind: str,
    *,
    reduces: bool,
    official_id: UUID | None = None,
    officials: Collection[UUID] = (),
    departments: Collection[UUID] = (),
    subsystem_code: str | None = None,
) -> None:
    """Write the next epoch when the transaction ends.

    Args:
        tx: the transaction of the change.
        kind: what changed, one of those above.
        reduces: whether somebody may now do less; such changes are urgent.
        official_id: whom it touches.
        officials: whom it touches, where that may be many; nobody at all: everybody.
        departments: which departments it touches, with all that stands below them; none: all of them.
        subsystem_code: which subsystem it touches; ``None``: all.
    """
    named = (*officials, official_id) if official_id is not None else tuple(officials)
    notes: list[_Note] = tx.session.info.setdefault(_NOTED, [])
    notes.append(_Note(kind, reduces, subsystem_code, named, tuple(departments)))
    if len(notes) == 1:
        tx.do_last(lambda: _write(tx))


@dataclass(frozen=True, slots=True)
class Reduced:
    """The last change, and whom changes touched that let somebody do less; ``None``: they may have touched anybody.

    ``subsystems`` are those whose part of the catalogue changed: there, too, they may have touched anybody.
    """

    epoch: int
    officials: frozenset[UUID] | None
    subsystems: frozenset[str] = frozenset()


def last_epoch(session: Session) -> int:
    """Return the number of the last change; 0: there was none."""
    return session.scalar(select(func.max(EpochChange.epoch))) or 0


def reduced_after(session: Session, epoch: int) -> Reduced:
    """Return whom changes after ``epoch`` touched that let somebody do less; a thousand and more changes have touched anybody."""
    table, last = EpochChange, last_epoch(session)
    new = (table.epoch > epoch, table.epoch <= last, table.reduces)
    nobody = and_(table.official_id.is_(None), func.coalesce(func.cardinality(table.official_ids), 0) == 0)
    of_a_subsystem = and_(table.kind == CATALOGUE, table.subsystem_code.is_not(None))
    anybody = or_(and_(table.kind.in_(PEOPLE), nobody), and_(table.kind.not_in(PEOPLE), ~of_a_subsystem))
    if session.scalar(select(exists().where(*new, anybody))):
        return Reduced(last, None)
    columns = (table.kind, table.official_id, table.official_ids, table.subsystem_code)
    rows = session.execute(select(*columns).where(*new).order_by(table.epoch).limit(_MOST_CHANGES + 1)).all()
    if len(rows) > _MOST_CHANGES:
        return Reduced(last, None)
    people = [row for row in rows if row.kind in PEOPLE]
    return Reduced(
        last,
        frozenset(named for row in people for named in (row.official_ids or [row.official_id])),
        frozenset(row.subsystem_code for row in rows if row.kind == CATALOGUE),
    )


def _write(tx: Transaction) -> None:
    """Draw the numbers of all that the transaction noted, and wake who waits for it when somebody may now do less."""
    rows = _rows(tx, tx.session.info.pop(_NOTED))
    take(tx.session, _LOCK)
    tx.session.add_all(rows)
    tx.session.flush()
    if any(row.reduces for row in rows):
        # Without a payload: who is woken reads the rows. It is sent when the transaction has committed.
        tx.session.execute(text(f"NOTIFY {CHANNEL}"))


def _rows(tx: Transaction, notes: Collection[_Note]) -> list[EpochChange]:
    """Return one row for each kind of change, in the order in which the kinds were first noted."""
    grouped: dict[tuple[str, bool, str | None], list[_Note]] = {}
    for note in notes:
        grouped.setdefault((note.kind, note.reduces, note.subsystem_code), []).append(note)
    return [_row(tx, *key, found) for key, found in grouped.items()]


def _row(tx: Transaction, kind: str, reduces: bool, subsystem_code: str | None, notes: Collection[_Note]) -> EpochChange:  # noqa: FBT001 - parts of one key
    officials = _all_or_none([note.officials for note in notes])
    departments = _all_or_none([note.departments for note in notes])
    one = officials[0] if officials is not None and len(officials) == 1 else None
    return EpochChange(
        kind=kind,
        reduces=reduces,
        subsystem_code=subsystem_code,
        official_id=one,
        official_ids=None if one else officials,
        department_ids=departments,
        at=tx.now,
    )


def _all_or_none(named: Collection[tuple[UUID, ...]]) -> list[UUID] | None:
    """Return everything that is named; ``None`` when one of the notes names nothing, which is all of them."""
    return None if not all(named) else sorted({item for items in named for item in items})
