"""Uploads kept in sealed pieces until somebody confirms them, so that whichever process goes on with one can read it."""

from __future__ import annotations

from pathlib import Path
from uuid import UUID

from sqlalchemy import Table, delete, insert, select
from sqlalchemy.orm import Session

from govcloud.kernel.errors import Conflict
from govcloud.kernel.keys import KeyRing
from govcloud.kernel.messages import Message

_CHUNK = 1 << 20


class Pieces:
    """The pieces of uploads in one table of the form (owner, ``position``, ``sealed``)."""

    def __init__(self, table: Table, owner: str) -> None:
        """Take the table, and the name of the column that says whose upload a piece is of."""
        self._table = table
        self._owner = table.c[owner]
        self._position = table.c["position"]
        self._sealed = table.c["sealed"]

    def keep(self, session: Session, keys: KeyRing, owner_id: UUID, path: Path) -> None:
        """Keep the file at ``path``."""
        with path.open("rb") as file:
            position = 0
            while piece := file.read(_CHUNK):
                sealed = keys.seal(piece, self._context(owner_id, position))
                session.execute(insert(self._table), [{self._owner.name: owner_id, "position": position, "sealed": sealed}])
                position += 1

    def restore(self, session: Session, keys: KeyRing, owner_id: UUID, path: Path) -> None:
        """Write a kept file to ``path``.

        Raises:
            Conflict: it was not kept, or is gone.
        """
        mine = self._owner == owner_id
        positions = session.scalars(select(self._position).where(mine).order_by(self._position)).all()
        if not positions:
            raise Conflict("upload_gone", Message("上传的文件已按期清除。"), remedy=Message("请重新上传。"))
        with path.open("wb") as file:
            for position in positions:
                sealed = session.scalars(select(self._sealed).where(mine, self._position == position)).one()
                file.write(keys.open(sealed, self._context(owner_id, position)))

    def forget(self, session: Session, *owner_ids: UUID) -> None:
        """Delete uploads of which nothing more will be read."""
        session.execute(delete(self._table).where(self._owner.in_(owner_ids)))

    def _context(self, owner_id: UUID, position: int) -> bytes:
        """Return what a piece is sealed to: it opens at its own place only."""
        return f"{self._table.name}:{owner_id}:{position}".encode()
