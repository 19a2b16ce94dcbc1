"""The editions of the lists: each change of a list is one, numbered list by list."""

from __future__ import annotations

from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import func, insert, select, update

from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems.listing.kinds import ListKind
from govcloud.subsystems.listing.models import ListEdition
from govcloud.subsystems.listing.planning import Plan

MOST_TITLE = 100
MOST_NOTE = 500


@dataclass(frozen=True)
class EditionNote:
    """What an edition is called, why it is made, from which file, and within which subtree; without a title it gets its number."""

    title: str = ""
    note: str = ""
    file_name: str | None = None
    sha256: str | None = None
    department_path: str = "/"
    complete: bool = False
    id: UUID = field(default_factory=new_id)


def checked_note(note: EditionNote, fields: Fields) -> EditionNote:
    """Check the words of an edition."""
    return EditionNote(
        fields.text("title", note.title, least=0, most=MOST_TITLE),
        fields.text("note", note.note, least=0, most=MOST_NOTE, multiline=True),
        note.file_name,
        note.sha256,
        note.department_path,
        note.complete,
        note.id,
    )


def open_edition(tx: Transaction, kind: ListKind, note: EditionNote, plan: Plan) -> tuple[int, str]:
    """Enter an edition with the counts of ``plan``; return its number and title. The lock on the lists is held."""
    number = (tx.session.scalar(select(func.max(ListEdition.number)).where(ListEdition.kind == kind.code)) or 0) + 1
    title = note.title or f"{tx.now.year} 年第 {number} 版"
    values = {
        "id": note.id,
        "kind": kind.code,
        "number": number,
        "title": title,
        "note": note.note,
        "file_name": note.file_name,
        "sha256": note.sha256,
        "department_path": note.department_path,
        "complete": note.complete,
        "actor_id": tx.actor.id,
        "actor_name": tx.actor.name,
        "recorded_at": tx.now,
    }
    tx.session.execute(insert(ListEdition).values(**values, **plan.counts()))
    return number, title


def continue_edition(tx: Transaction, edition_id: UUID, plan: Plan) -> tuple[int, str]:
    """Add the counts of a further part; return the edition's number and title."""
    grown = {name: getattr(ListEdition, name) + count for name, count in plan.counts().items()}
    moved = update(ListEdition).where(ListEdition.id == edition_id).values(grown)
    row = tx.session.execute(moved.returning(ListEdition.number, ListEdition.title)).one()
    return row.number, row.title
