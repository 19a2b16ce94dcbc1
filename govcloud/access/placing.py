"""Placing a line: the rules of asking, then the row that waits for its owner, and the event that says so.

Whatever asks (one item, a basket, a matter, an extension) ends here, once for each line, inside the transaction of the request.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.blocked import line_blocked
from govcloud.access.events import RequestSubmitted
from govcloud.access.facts import PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import SUBMIT, check
from govcloud.access.weighing import starts_at
from govcloud.authorization.apart.inputs import case_key
from govcloud.authorization.apart.views import FindingState
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.queries import ItemView

PENDING_DAYS = 10
"""How long a line waits for an answer before it lapses; apart from how long the access lasts."""


@dataclass(frozen=True)
class WantedLine:
    """One line as it is asked for: the item as the requester saw it, the extent, and the part of the matter that it serves."""

    item: ItemView
    wanted: Wanted
    duty: str | None = None


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
            held_until=self._held_until(request, line, beneficiary, tx.now),
            conflicts=self._facts.authorization.apart.conflicts(
                beneficiary.official_id, [line.item.function], request.case_number, line.duty, tx.now
            ),
        )
        check(SUBMIT, facts)
        blocking = [conflict for conflict in facts.conflicts if conflict.state is FindingState.CONFLICT]
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
            state=LineState.BLOCKED_SOD if blocking else LineState.PENDING,
            version=1,
            requested_scope=line.wanted.scope.to_json(),
            requested_days=line.wanted.days,
            duty=line.duty,
            submitted_at=tx.now,
            due_at=tx.now + timedelta(days=PENDING_DAYS),
        )
        tx.session.add(row)
        tx.session.flush()
        tx.record(_submitted(request, row))
        if blocking:
            tx.record(line_blocked(row, blocking))
        return row

    def _held_until(self, request: AccessRequest, line: WantedLine, beneficiary: PersonFacts, now: datetime) -> datetime | None:
        """Return the end of a grant that gives as much as is asked for, for as long, under the appointment of the request."""
        if not 1 <= line.wanted.days <= line.item.max_days:
            return None  # a rule of its own says so, and there is no such moment to compare with
        begins = starts_at(request, now)
        ends = begins + timedelta(days=line.wanted.days)
        held = (
            grant.ends_at
            for grant in self._facts.authorization.grants_of(beneficiary.official_id)
            if grant.function == line.item.function
            and grant.state(now) in {"active", "scheduled"}
            and grant.starts_at <= begins
            and grant.ends_at >= ends
            and grant.appointment_id in {None, beneficiary.appointment_id}
            and grant.scope.covers(line.wanted.scope)
            and (grant.case_number is None or _same_case(grant.case_number, request.case_number))
        )
        return max(held, default=None)


def _same_case(held: str, asked: str | None) -> bool:
    return asked is not None and case_key(held) == case_key(asked)


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
