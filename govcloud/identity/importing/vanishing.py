"""Who is missing from a complete list, how many may be; they are disabled a few hundred a command."""

from __future__ import annotations

from collections.abc import Container
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.orm import Session

from govcloud.kernel.errors import Conflict
from govcloud.kernel.messages import Message

BATCH = 500
#: How many of those who would be disabled a page names.
MOST_NAMED = 20
_PAGE = 5_000
REASON = "同步：完整名单中已无此人"

# Who may not act yet (a planned return or reinstatement) is none of those who act now.
# A person belongs to a source by the import that saw them last; within a department, by a live appointment below it.
_OF_SOURCE = """
    FROM import_member AS member
    JOIN official_version AS version
      ON version.official_id = member.official_id AND version.valid_from <= :now AND version.valid_to IS NULL AND version.status = 'active'
    WHERE member.source = :source
"""
_OF_SUBTREE = """
    FROM official_version AS version
    LEFT JOIN import_member AS member ON member.official_id = version.official_id
    WHERE version.valid_from <= :now AND version.valid_to IS NULL AND version.status = 'active'
      AND EXISTS (
        SELECT 1 FROM appointment
        JOIN department_version AS place ON place.department_id = appointment.department_id
        WHERE appointment.official_id = version.official_id
          AND appointment.valid_from <= :now AND (appointment.valid_to IS NULL OR appointment.valid_to > :now)
          AND place.valid_from <= :now AND (place.valid_to IS NULL OR place.valid_to > :now)
          AND starts_with(place.path, :path))
"""


@dataclass(frozen=True)
class Extent:
    """Whom a complete list is about: everybody of ``source``, or everybody who serves below ``path``."""

    source: str
    path: str | None

    def managed(self, session: Session, now: object) -> int:
        """Return how many active people that is."""
        return int(session.scalar(text(f"SELECT count(*) {self._from()}"), self._values(now)) or 0)

    def missing(self, session: Session, now: object, run_id: UUID, limit: int) -> list[UUID]:
        """Return up to ``limit`` of them whom the run did not see."""
        query = f"SELECT version.official_id {self._from()} AND member.run_id IS DISTINCT FROM :run_id ORDER BY 1 LIMIT :limit"  # noqa: S608
        return list(session.scalars(text(query), self._values(now) | {"run_id": run_id, "limit": limit}))

    def first_missing(self, session: Session, now: object, named: Container[bytes], limit: int) -> list[UUID]:
        """Return up to ``limit`` of them who are not ``named`` (ids as bytes), read page by page; a dry run has written nothing to ask."""
        query = text(f"SELECT version.official_id {self._from()} AND version.official_id > :after ORDER BY 1 LIMIT {_PAGE}")
        found: list[UUID] = []
        after = UUID(int=0)
        while len(found) < limit:
            page = list(session.scalars(query, self._values(now) | {"after": after}))
            found += [official_id for official_id in page if official_id.bytes not in named]
            if len(page) < _PAGE:
                break
            after = page[-1]
        return found[:limit]

    def count_missing(self, session: Session, now: object, run_id: UUID) -> int:
        """Return how many of them the run did not see."""
        query = f"SELECT count(*) {self._from()} AND member.run_id IS DISTINCT FROM :run_id"  # noqa: S608 - constants
        return int(session.scalar(text(query), self._values(now) | {"run_id": run_id}) or 0)

    def _from(self) -> str:
        return _OF_SOURCE if self.path is None else _OF_SUBTREE

    def _values(self, now: object) -> dict[str, object]:
        return {"source": self.source, "now": now} if self.path is None else {"path": self.path, "now": now}


def check_share(vanished: int, managed: int, allow: float) -> None:
    """Return nothing when so many may be gone.

    Raises:
        Conflict: names the number and what to do.
    """
    if managed == 0 or vanished * 100 <= allow * managed:
        return
    share = vanished * 100 / managed
    raise Conflict(
        "too_many_vanish",
        Message(
            "名单中少了 %(vanished)s 人（占 %(managed)s 人的 %(share)s%%），超过安全阈值 %(allow)s%%，没有停用任何人。",
            vanished=vanished,
            managed=managed,
            share=f"{share:.1f}",
            allow=f"{allow:g}",
        ),
        remedy=Message(
            "请核对名单是否完整；确认无误后，把允许停用的比例调到 %(share)s%%（命令行为 --allow-vanish）再试。", share=f"{share + 0.05:.1f}"
        ),
    )
