"""Placing a line: the rules of asking, then the row that waits for its owner, and the event that says so.

Whatever asks (one item, a basket, a matter, an extension) ends here, once for each line, inside the transaction of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.events import RequestSubmitted
from govcloud.access.facts import PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import SUBMIT, check
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.queries import ItemView

PENDING_DAYS = 10
"""How long a line waits for an answer before it lapses; apart from how long the access lasts."""


@dataclass(frozen=True)
class Extended:
    """The line whose grant is extended, and for how many days that and those before it in an unbroken row last."""

    line_id: UUID
    days: int


@dataclass(frozen=True)
class WantedLine:
    """One line as it is asked for: the item as the requester saw it, the extent, the part of the matter that it serves, what it extends."""

    item: ItemView
    wanted: Wanted
    duty: str | None = None
    extends: Extended | None = None


class Placing:
    """Puts lines into a request whose row stands already; the beneficiary's lock and the tree's must be held."""

    def __init__(self, facts: FactsLoader) -> None:
        """Take the loader of facts."""
        self._facts = facts

    def place(
        self, tx: Transaction, request: AccessRequest, requester: PersonFacts, beneficiary: PersonFacts, line: WantedLine
    ) -> RequestLine:
        """Add one line and record it.

        Raises:
            Invalid, Conflict, Denied: rules of asking refuse; the error carries all refusals.
        """
        item = self._facts.item(line.item, tx.now)
        barred = {requester.official_id, beneficiary.official_id}
        facts = RequestFacts(
            item=item,
            requester=requester,
            beneficiary=beneficiary,
            wanted=line.wanted,
            case_number=request.case_number,
            open_line_number=_open_line_number(tx.session, line.item, beneficiary),
            has_decider=bool(self._facts.deciders(item.owner_path, barred, tx.now)),
            carried_days=line.extends.days if line.extends else 0,
        )
        check(SUBMIT, facts)
        row = RequestLine(
            id=new_id(),
            request_id=request.id,
            beneficiary_official_id=beneficiary.official_id,
            item_id=line.item.id,
            item_version=line.item.version,
            function=line.item.function,
            subsystem_code=line.item.subsystem_code,
            owner_department_id=line.item.owner_department_id,
            owner_path=item.owner_path,
            state=LineState.PENDING,
            version=1,
            requested_scope=line.wanted.scope.to_json(),
            requested_days=line.wanted.days,
            duty=line.duty,
            parent_line_id=line.extends.line_id if line.extends else None,
            carried_days=line.extends.days if line.extends else 0,
            submitted_at=tx.now,
            due_at=tx.now + timedelta(days=PENDING_DAYS),
        )
        tx.session.add(row)
        tx.session.flush()
        tx.record(_submitted(request, row))
        return row


def _open_line_number(session: Session, item: ItemView, beneficiary: PersonFacts) -> str | None:
    """Return the number of the request in which the person waits for the item already."""
    return session.scalar(
        select(AccessRequest.number)
        .join(RequestLine, RequestLine.request_id == AccessRequest.id)
        .where(RequestLine.beneficiary_official_id == beneficiary.official_id)
        .where(RequestLine.item_id == item.id, RequestLine.state.in_(OPEN))
    )


def _submitted(request: AccessRequest, line: RequestLine) -> RequestSubmitted:
    """Return the event of a line that was asked for."""
    return RequestSubmitted(
        subject=f"access_request:{request.id}",
        chain=str(request.id),
        number=request.number,
        line_id=line.id,
        beneficiary_official_id=request.beneficiary_official_id,
        beneficiary_appointment_id=request.beneficiary_appointment_id,
        item_id=line.item_id,
        item_version=line.item_version,
        function=line.function,
        scope=line.requested_scope,
        days=line.requested_days,
        due_at=line.due_at,
        reason=request.reason,
        case_number=request.case_number,
    )
