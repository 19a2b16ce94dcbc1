"""Extending access without a gap: a new line whose grant begins where the one that is held ends.

The grant that is held stays as it is: the extension is a request like any other, decided by the same rules, and effective access is
the union of both. Between ``[…, end)`` and ``[end, …)`` there is no moment in which neither holds.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.numbering import next_number
from govcloud.access.asking.placing import Placing, WantedLine
from govcloud.access.commands import REASON_MOST, Submitted
from govcloud.access.facts import Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.locking import APART, hold
from govcloud.authorization.queries import AuthorizationQueries, GrantView
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields


class Extending:
    """The command of a holder who needs longer, and what can be said before it is given."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, placing: Placing, clock: Clock) -> None:
        """Take the unit of work, the loader of facts, what places lines, and the clock."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._placing = placing

    def extend(self, actor: Actor, grant_id: UUID, days: int, reason: str) -> Submitted:
        """Ask for ``days`` × 24 hours more of one's own grant, for the same rows and the same case.

        Raises:
            Invalid: the reason is wrong, or the grants together would last longer than the item allows.
            NotFound: there is no such grant, or it is somebody else's.
            Conflict: it has ended, cannot be requested, or is being extended already.
            Denied: the actor may not ask for access.
        """
        fields = Fields()
        reason = fields.text("reason", reason, most=REASON_MOST, multiline=True)
        fields.done()
        seen = self._facts.authorization.grant(grant_id)
        if seen is None or seen.official_id != actor.official_id:
            raise errors.no_such_grant(grant_id)
        with self._uow.begin(actor, "govcloud:request:submit", Target("access_grant", str(grant_id))) as tx:
            hold_tree(tx.session)
            hold(tx.session, APART)
            lock_official(tx.session, seen.official_id)
            grant = self._facts.authorization.grant(grant_id) or seen
            line = _line_of(tx.session, grant)
            if grant.closed_at is not None or grant.ends_at <= tx.now:
                raise errors.grant_over(min(grant.closed_at or grant.ends_at, grant.ends_at))
            standing = extensions(tx.session, self._facts.authorization, [line.id])
            if line.id in standing:
                raise errors.extended_already(tx.session.get_one(AccessRequest, standing[line.id].request_id).number)
            before = tx.session.get_one(AccessRequest, line.request_id)
            requester = self._facts.acting(actor, tx.now)
            # A reorganisation lets a grant go on under another appointment than the request was made for.
            under = grant.appointment_id or before.beneficiary_appointment_id
            beneficiary = self._facts.person(grant.official_id, under, tx.now)
            key = new_id()
            request = AccessRequest(
                id=key,
                submission_id=key,
                number=next_number(tx),
                requester_official_id=requester.official_id,
                requester_appointment_id=requester.appointment_id,
                beneficiary_official_id=beneficiary.official_id,
                beneficiary_appointment_id=beneficiary.appointment_id,
                reason=reason,
                case_number=before.case_number,
                matter_id=before.matter_id,
                created_at=tx.now,
            )
            tx.session.add(request)
            tx.session.flush()
            item = self._facts.catalogue_item(line.item_id)
            wanted = WantedLine(item, Wanted(grant.scope, days), line.duty, extends=line.id)
            placed = self._placing.place(tx, request, requester, beneficiary, wanted)
            return Submitted(request.id, request.number, placed.id, placed.due_at)

    def offer(self, grant: GrantView) -> ExtensionOffer | None:
        """Return for how long a grant can be extended; ``None``: it was not requested, has ended, or is not offered any more."""
        session, now = self._uow.read(), self._clock.now()
        line = session.get(RequestLine, grant.line_id) if grant.line_id else None
        item = self._facts.subsystems.item(line.item_id, now) if line else None
        if line is None or item is None or grant.closed_at is not None or grant.ends_at <= now:
            return None
        request = session.get_one(AccessRequest, line.request_id)
        carried = self._facts.carried_days(request, item, 1, line.id, asked_at=now, now=now)
        return ExtensionOffer(item.id, item.max_days - carried, grant.ends_at)

    def extended_in(self, lines: Sequence[UUID]) -> Mapping[UUID, ExtendedIn]:
        """Return for each of ``lines`` the request that extends its grant, if there is one."""
        session = self._uow.read()
        found = extensions(session, self._facts.authorization, lines)
        numbers: dict[UUID, str] = {}
        if found:
            wanted = AccessRequest.id.in_({row.request_id for row in found.values()})
            numbers = {row.id: row.number for row in session.execute(select(AccessRequest.id, AccessRequest.number).where(wanted))}
        return {key: ExtendedIn(row.request_id, numbers[row.request_id], row.state in OPEN) for key, row in found.items()}


@dataclass(frozen=True)
class ExtensionOffer:
    """For how many days one's own grant can be extended (``most``; less than 1: not at all), and when the extension would begin."""

    item_id: UUID
    most: int
    starts_at: datetime


@dataclass(frozen=True)
class ExtendedIn:
    """The request in which a grant is extended, or was."""

    request_id: UUID
    number: str
    waiting: bool


def extensions(session: Session, authorization: AuthorizationQueries, lines: Sequence[UUID]) -> dict[UUID, RequestLine]:
    """Return for each of ``lines`` the line that extends its grant: one that waits, or one that was approved and not ended since."""
    standing = (RequestLine.parent_line_id.in_(lines), RequestLine.state.in_(OPEN | {LineState.APPROVED}))
    rows = session.scalars(select(RequestLine).where(*standing).order_by(RequestLine.id)).all() if lines else ()
    ended = {grant.line_id for grant in authorization.grants_of_lines([row.id for row in rows]) if grant.closed_at} if rows else set()
    return {row.parent_line_id: row for row in rows if row.parent_line_id is not None and row.id not in ended}


def following(session: Session, lines: Sequence[UUID]) -> list[UUID]:
    """Return the approved lines that extend ``lines``, those that extend these in turn, and so on."""
    found: list[UUID] = []
    known = list(lines)
    while known:
        query = select(RequestLine.id).where(RequestLine.parent_line_id.in_(known), RequestLine.state == LineState.APPROVED)
        known = list(session.scalars(query))
        found += known
    return found


def _line_of(session: Session, grant: GrantView) -> RequestLine:
    """Return the line that led to a grant.

    Raises:
        Conflict: none did: what was opened otherwise is not extended by a request.
    """
    line = session.get(RequestLine, grant.line_id) if grant.line_id else None
    if line is None:
        raise errors.not_requested()
    return line
