"""Who is concerned by a line: worked out for all lines of a command at once, however many there are."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from govcloud.access.deciding.called import Called, People
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.tasks.models import LineComment


@dataclass(frozen=True)
class LineFacts:
    """What is told about a line, and to whom: the request, who made it and for whom; ``since`` is when it was last put up for decision."""

    line_id: UUID
    request_id: UUID
    requester_id: UUID
    beneficiary_id: UUID
    since: datetime

    @property
    def askers(self) -> People:
        """Return who hears of the line's fate."""
        return frozenset({self.requester_id, self.beneficiary_id})


class Audiences:
    """Answers who is concerned, in the transaction that concerns them."""

    def __init__(self, called: Called) -> None:
        """Take what knows who is asked about lines."""
        self._called = called

    def lines(self, session: Session, ids: Collection[UUID]) -> Mapping[UUID, LineFacts]:
        """Return the facts of lines; those that the command has at hand, as a decision has its own, are not read again."""
        found = {key: facts for key in ids if (facts := _at_hand(session, key)) is not None}
        if missing := set(ids) - found.keys():
            query = select(*_FACTS).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            rows = session.execute(query.where(RequestLine.id.in_(missing)))
            found |= {row[0]: LineFacts(*row) for row in rows}
        return found

    def called(self, session: Session, ids: Collection[UUID], now: datetime) -> Mapping[UUID, People]:
        """Return who is asked about lines now: in whose inbox they are."""
        return self._called.of(session, ids, now)

    def writers(self, session: Session, line_id: UUID) -> People:
        """Return who wrote a comment on a line."""
        return frozenset(session.scalars(select(LineComment.official_id).where(LineComment.line_id == line_id)))


_FACTS = (
    RequestLine.id,
    RequestLine.request_id,
    AccessRequest.requester_official_id,
    RequestLine.beneficiary_official_id,
    func.coalesce(RequestLine.counted_from, RequestLine.submitted_at),
)


def _at_hand(session: Session, line_id: UUID) -> LineFacts | None:
    """Return the facts of a line that the session holds together with its request."""
    line = session.identity_map.get(identity_key(RequestLine, line_id))
    request = session.identity_map.get(identity_key(AccessRequest, line.request_id)) if line else None
    if line is None or request is None:
        return None
    since = line.counted_from or line.submitted_at
    return LineFacts(line.id, line.request_id, request.requester_official_id, line.beneficiary_official_id, since)
