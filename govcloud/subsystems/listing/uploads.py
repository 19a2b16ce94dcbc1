"""Uploads of lists: kept sealed between being looked at and being confirmed, so that nobody has to upload twice."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import cast
from uuid import UUID

from sqlalchemy import Table, insert, select, update

from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Conflict, NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.tables.pieces import Pieces
from govcloud.kernel.tables.sources import Source, examine
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields
from govcloud.subsystems.listing.editions import EditionNote, checked_note
from govcloud.subsystems.listing.importing import COMMAND, ListImports, ListOrder, Outcome
from govcloud.subsystems.listing.kinds import kind_of
from govcloud.subsystems.listing.models import ListPiece, ListUpload
from govcloud.subsystems.listing.planning import Plan

KEEP = timedelta(days=1)
_PIECES = Pieces(cast("Table", ListPiece.__table__), "upload_id")
_GONE = Message("上传的文件已按期清除。")


@dataclass(frozen=True)
class UploadView:
    """An upload: what it was called, how it is to be imported, and what became of it (``waiting``, ``applied``, ``discarded``)."""

    id: UUID
    kind: str
    name: str
    size: int
    order: ListOrder
    state: str
    edition_id: UUID | None
    created_at: datetime


class ListUploads(ListImports):
    """Keeps uploads until they are imported or thrown away; each is its uploader's own."""

    def keep_list(self, actor: Actor, kind: str, path: Path, name: str, order: ListOrder) -> UUID:
        """Keep a file to be looked at and confirmed, and return the id of the upload.

        Raises:
            Denied: the actor may not import that list there.
            Invalid: the file is of no kind that is read, or the edition's words are wrong.
        """
        found = kind_of(kind)
        source = examine(path, found.columns, name)
        target = self._list_target(found, order)
        with self._uow.begin(actor, COMMAND, target) as tx:
            fields = Fields()
            checked_note(EditionNote(order.title, order.note), fields)
            fields.done()
            _forget_old(tx)
            upload_id = new_id()
            values = {"id": upload_id, "kind": kind, "name": source.name[:200], "sha256": source.sha256, "size": source.size}
            stored = {"order": _stored(order), "actor_id": actor.id, "state": "waiting", "created_at": tx.now}
            tx.session.execute(insert(ListUpload).values(**values, **stored))
            _PIECES.keep(tx.session, self._keys, upload_id, path)
        return upload_id

    def kept_list(self, actor: Actor, upload_id: UUID) -> UploadView:
        """Return an upload of the actor's own.

        Raises:
            NotFound: there is none.
        """
        row = self._uow.read().scalar(select(ListUpload).where(ListUpload.id == upload_id, ListUpload.actor_id == actor.id))
        if row is None:
            raise NotFound.of(Message("上传的清单"), upload_id)
        return UploadView(row.id, row.kind, row.name, row.size, _order(row.order), row.state, row.edition_id, row.created_at)

    def plan_kept(self, actor: Actor, upload_id: UUID) -> Plan:
        """Return what a kept upload would do now; see ``plan_list``.

        Raises:
            Conflict: it is gone.
        """
        view = self.kept_list(actor, upload_id)
        with self._restored(view) as source:
            return self.plan_list(actor, view.kind, source, view.order)

    def import_kept(self, actor: Actor, upload_id: UUID, *, expected: str, skip_wrong: bool, allow_vanish: float | None = None) -> Outcome:
        """Import a kept upload as it was shown (``expected`` is the digest of that plan); see ``import_list``.

        Raises:
            Conflict: it was imported or thrown away meanwhile.
        """
        view = self.kept_list(actor, upload_id)
        order = replace(view.order, expected=expected, skip_wrong=skip_wrong)
        if allow_vanish is not None:
            order = replace(order, allow_vanish=allow_vanish)
        with self._restored(view) as source, self._uow.begin(actor, COMMAND, self._list_target(kind_of(view.kind), order)) as tx:
            # Two clicks on one button meet here, and the second finds it done.
            self._settle(tx, upload_id, "applied")
            outcome = self.import_list(actor, view.kind, source, order)
            tx.session.execute(update(ListUpload).where(ListUpload.id == upload_id).values(edition_id=outcome.edition_id))
        return outcome

    def discard_list(self, actor: Actor, upload_id: UUID) -> None:
        """Throw an upload away; raises ``Conflict`` when it is settled already."""
        view = self.kept_list(actor, upload_id)
        with self._uow.begin(actor, COMMAND, self._list_target(kind_of(view.kind), view.order)) as tx:
            self._settle(tx, upload_id, "discarded")

    # Parts of the commands above

    def _settle(self, tx: Transaction, upload_id: UUID, state: str) -> None:
        waiting = update(ListUpload).where(ListUpload.id == upload_id, ListUpload.state == "waiting")
        if tx.session.scalar(waiting.values(state=state).returning(ListUpload.id)) is None:
            raise Conflict("upload_settled", Message("这份清单已经导入或放弃。"), remedy=Message("请在版本记录中查看结果。"))
        _PIECES.forget(tx.session, upload_id)

    @contextmanager
    def _restored(self, view: UploadView) -> Iterator[Source]:
        with tempfile.TemporaryDirectory(prefix="govcloud-list-") as folder:
            path = Path(folder) / "upload"
            _PIECES.restore(self._uow.read(), self._keys, view.id, path)
            yield examine(path, kind_of(view.kind).columns, view.name)


def _forget_old(tx: Transaction) -> None:
    """Discard what nobody confirmed in time; whoever uploads next sweeps."""
    old = update(ListUpload).where(ListUpload.state == "waiting", ListUpload.created_at < tx.now - KEEP)
    gone = tx.session.scalars(old.values(state="discarded").returning(ListUpload.id)).all()
    if gone:
        _PIECES.forget(tx.session, *gone)


def _stored(order: ListOrder) -> dict[str, object]:
    return asdict(order) | {"department_id": str(order.department_id) if order.department_id else None}


def _order(row: dict[str, object]) -> ListOrder:
    order = ListOrder(**row)  # type: ignore[arg-type]
    return replace(order, department_id=UUID(str(order.department_id)) if order.department_id else None)
