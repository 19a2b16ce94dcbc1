"""Who is concerned by a line: worked out for all lines of a command at once, however many there are."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session
from sqlalchemy.orm.util import identity_key

from govcloud.access.deciding.routing import DECIDING_ROLE, DEPUTY_ROLE, Holder, levels, nearest
from govcloud.access.lifecycle import WAITING
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.queries import IdentityQueries

People = frozenset[UUID]


@dataclass(frozen=True)
class LineFacts:
    """What is told about a line, and to whom: the request, who made it and for whom, and where its owner lies."""

    line_id: UUID
    request_id: UUID
    owner_path: str
    requester_id: UUID
    beneficiary_id: UUID
    state: str
    paused_at: datetime | None

    @property
    def askers(self) -> People:
        """Return who hears of the line's fate."""
        return frozenset({self.requester_id, self.beneficiary_id})


class Audiences:
    """Answers who is concerned, in the transaction that concerns them."""

    def __init__(self, identity: IdentityQueries, authorization: AuthorizationQueries) -> None:
        """Take the queries that know who holds which office."""
        self._identity = identity
        self._authorization = authorization

    def lines(self, session: Session, ids: Collection[UUID]) -> Mapping[UUID, LineFacts]:
        """Return the facts of lines; those that the command has at hand, as a decision has its own, are not read again."""
        found = {key: facts for key in ids if (facts := _at_hand(session, key)) is not None}
        if missing := set(ids) - found.keys():
            query = select(*_FACTS).join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            rows = session.execute(query.where(RequestLine.id.in_(missing)))
            found |= {row[0]: LineFacts(*row) for row in rows}
        return found

    def asked(self, lines: Iterable[LineFacts], now: datetime) -> Mapping[UUID, People]:
        """Return for each line that waits who is asked first: the senior administrators nearest to its owner.

        Of a line that is kept from them yet, as by separation of duty, they hear when it comes before them.
        """
        return self._holders([line for line in lines if line.state in WAITING], DECIDING_ROLE, now, lambda path: path)

    def deputies(self, lines: Iterable[LineFacts], now: datetime) -> Mapping[UUID, People]:
        """Return for each line the deputies nearest to its owner."""
        return self._holders(list(lines), DEPUTY_ROLE, now, lambda path: path)

    def superiors(self, lines: Iterable[LineFacts], now: datetime) -> Mapping[UUID, People]:
        """Return for each line the senior administrators of the nearest department above its owner; of the owner where there is none."""
        return self._holders(list(lines), DECIDING_ROLE, now, lambda path: next(iter(levels(path)[1:]), path))

    def _holders(self, lines: Sequence[LineFacts], role: str, now: datetime, start: Callable[[str], str]) -> Mapping[UUID, People]:
        """Return for each line who holds ``role`` nearest to where the search starts, but for whoever the line is for or from."""
        paths = sorted({above for line in lines for above in levels(start(line.owner_path))})
        holders = self._authorization.role_holders(role, paths, now) if paths else ()
        serving = {
            subject.official_id
            for subject in self._identity.subjects_among({holder.official_id for holder in holders}, now)
            if subject.active
        }
        live = [Holder(holder.official_id, holder.department_path) for holder in holders if holder.official_id in serving]
        return {
            line.line_id: frozenset(holder.official_id for holder in nearest(start(line.owner_path), live, line.askers)) for line in lines
        }


_FACTS = (
    RequestLine.id,
    RequestLine.request_id,
    RequestLine.owner_path,
    AccessRequest.requester_official_id,
    RequestLine.beneficiary_official_id,
    RequestLine.state,
    RequestLine.paused_at,
)


def _at_hand(session: Session, line_id: UUID) -> LineFacts | None:
    """Return the facts of a line that the session holds together with its request."""
    line = session.identity_map.get(identity_key(RequestLine, line_id))
    request = session.identity_map.get(identity_key(AccessRequest, line.request_id)) if line else None
    if line is None or request is None:
        return None
    asker, whom = request.requester_official_id, line.beneficiary_official_id
    return LineFacts(line.id, line.request_id, line.owner_path, asker, whom, line.state, line.paused_at)
