"""From lines that have been approved to access: the one place where decisions on requests open grants.

A line opens by itself, or (``atomic``) together with every other line of its request that was not withdrawn. What was approved of a
line that is held back stands on the line until then, or until it is given up: when another line of the request is not approved, or
when the last one that was waited for is withdrawn and the others can no longer be opened as they were approved. Every move of a line
holds the beneficiary's lock, and the lines of a request have one beneficiary, so two of them never decide at once that they were the last.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select

from govcloud.access import errors
from govcloud.access.asking import windows
from govcloud.access.events import OpeningGivenUp
from govcloud.access.facts import Wanted
from govcloud.access.lifecycle import ATOMIC, LineState, never_opens
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.commands import NewGrant
from govcloud.authorization.scopes.scope import Scope
from govcloud.authorization.service import Authorization
from govcloud.kernel.actor import Actor
from govcloud.kernel.errors import Refusal
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.subsystems.offers.holding import hold_item

_TOGETHER = Actor.system("reaction")
"""As whom lines are opened that were held back: their decisions are made."""
NOT_APPROVED = "not_approved"
"""Why lines are given up: another one was refused or lapsed, or its approval was taken back. Else it is the code of what refused them."""


@dataclass(frozen=True)
class Opened:
    """A grant that a decision opened, and its window ``[starts_at, ends_at)`` (UTC)."""

    grant_id: UUID
    starts_at: datetime
    ends_at: datetime


class Opening:
    """Opens what was approved, in the transaction of the decision, under the beneficiary's lock."""

    def __init__(self, uow: UnitOfWork, authorization: Authorization, facts: FactsLoader) -> None:
        """Take the unit of work, the owner of grants and the loader of facts."""
        self._uow = uow
        self._authorization = authorization
        self._facts = facts

    def open_for(self, tx: Transaction, request: AccessRequest, line: RequestLine, approved: Wanted) -> Opened | None:
        """Open the grant of a line that was approved just now; ``None``: it is held back for the others of its request.

        A grant runs for ``approved.days`` × 24 hours: from now, not from the request; from the moment that was wished for, if that lies
        ahead; or from the end of the grant that it extends.

        Raises:
            Conflict: the grant that it extends was ended, or another line of the request can no longer be opened.
        """
        if request.mode != ATOMIC:
            return self._open(tx, tx.actor, request, line, approved)
        line.held_scope, line.held_days = approved.scope.to_json(), approved.days
        tx.session.flush()
        if never_opens(LineState(one.state) for one in self._lines(tx, request)):
            self._give_up(tx, request, NOT_APPROVED)
            return None
        return self._open_together(tx, request, decided=line.id).get(line.id)

    def settle(self, tx: Transaction, request: AccessRequest) -> Refusal | None:
        """Look at a request again in which a line was withdrawn, refused or lapsed: what is held back may open now, or never will.

        Whoever takes a line back is not refused for the sake of the others: these open together, or not at all. Returned is why they
        do not, when that is not for a line that was not approved.
        """
        if request.mode != ATOMIC:
            return None
        lines = self._lines(tx, request)
        if never_opens(LineState(line.state) for line in lines):
            self._give_up(tx, request, NOT_APPROVED)
            return None
        if not any(line.held_days is not None for line in lines):
            return None
        refused = self._uow.attempt(tx, lambda: self._open_together(tx, request))
        if refused is None:
            return None
        self._give_up(tx, request, refused.code)
        return Refusal(refused.code, refused.message)

    def _give_up(self, tx: Transaction, request: AccessRequest, cause: str) -> None:
        """Let what is held back of a request stay shut for good: it stays approved, and holds nothing that could open any more."""
        held = [line for line in self._lines(tx, request) if line.held_days is not None]
        for line in held:
            line.held_scope = line.held_days = None
        tx.session.flush()
        if held:
            tx.record(_given_up(request, held, cause))

    def _open_together(self, tx: Transaction, request: AccessRequest, decided: UUID | None = None) -> Mapping[UUID, Opened]:
        """Open every line of a request that was not withdrawn, if all are approved; return what was opened, by line.

        ``decided`` is the line whose own rules have just been checked; the others were approved earlier, so the catalogue is asked again.
        """
        lines = self._lines(tx, request)
        if any(line.state != LineState.APPROVED for line in lines):
            return {}
        for line in lines:
            if line.id != decided:
                self._refuse_changed(request, line, tx.now)
        # Who approved each of them stands with its decision; the one whose command came last has no say over the others' subsystems.
        opened = {line.id: self._open(tx, _TOGETHER, request, line, _held(line)) for line in lines}
        for line in lines:
            line.held_scope = line.held_days = None
        tx.session.flush()
        return opened

    def _lines(self, tx: Transaction, request: AccessRequest) -> Sequence[RequestLine]:
        """Return the lines of a request that were not withdrawn, as they stand now."""
        tx.session.flush()
        asked = (RequestLine.request_id == request.id, RequestLine.state != LineState.WITHDRAWN)
        query = select(RequestLine).where(*asked).order_by(RequestLine.id)
        return tx.session.scalars(query.execution_options(populate_existing=True)).all()

    def _refuse_changed(self, request: AccessRequest, line: RequestLine, now: datetime) -> None:
        """Refuse to open what was approved some time ago if the item is another by now, or the row that it joins grew too long."""
        known, days = self._facts.catalogue_item(line.item_id), line.held_days or 0
        item = self._facts.item(known, now)
        carried = self._facts.carried_days(request, known, days, line.parent_line_id, asked_at=line.submitted_at, now=now)
        if item.live_version != line.item_version or carried + days > item.max_days:
            raise errors.together_changed(item.name)

    def _open(self, tx: Transaction, actor: Actor, request: AccessRequest, line: RequestLine, approved: Wanted) -> Opened:
        """Open the grant of one line.

        Raises:
            Conflict: the item was withdrawn meanwhile, or the grant that it extends was ended.
        """
        if not hold_item(tx.session, line.item_id, tx.now):
            raise errors.item_gone()
        starts_at = max(windows.starts_at(request, tx.now), self._parents_end(tx, line) or tx.now)
        ends_at = starts_at + timedelta(days=approved.days)
        new = NewGrant(
            line_id=line.id,
            official_id=request.beneficiary_official_id,
            appointment_id=request.beneficiary_appointment_id,
            subsystem_code=line.subsystem_code,
            function=line.function,
            scope=approved.scope,
            starts_at=starts_at,
            ends_at=ends_at,
            owner_department_id=line.owner_department_id,
            chain=str(line.request_id),
            case_number=request.case_number,
            duty=line.duty,
            grace_minutes=self._facts.catalogue_item(line.item_id).grace_minutes,
        )
        return Opened(self._authorization.open_grant(actor, new), starts_at, ends_at)

    def _parents_end(self, tx: Transaction, line: RequestLine) -> datetime | None:
        """Return when the grant ends that a line extends, which cannot be closed any more until this has committed.

        Raises:
            Conflict: it was closed before its time, or rests: what was taken away is not given back by extending it.
        """
        if line.parent_line_id is None:
            return None
        self._authorization.hold_grants(tx, line.beneficiary_official_id, line.subsystem_code)
        parent = self._facts.authorization.grant_of_line(line.parent_line_id)
        if parent is None or parent.closed_at is not None or parent.suspended:
            raise errors.parent_closed()
        return parent.ends_at


def _held(line: RequestLine) -> Wanted:
    """Return what was approved of a line that was held back."""
    return Wanted(Scope.from_json(line.held_scope), line.held_days or 0)


def _given_up(request: AccessRequest, held: Sequence[RequestLine], cause: str) -> OpeningGivenUp:
    """Return the event that says which approved lines of a request will not open, and why."""
    return OpeningGivenUp(
        subject=f"access_request:{request.id}",
        chain=str(request.id),
        line_ids=tuple(line.id for line in held),
        requester_official_id=request.requester_official_id,
        beneficiary_official_id=request.beneficiary_official_id,
        cause=cause,
    )
