"""Placing lines: the rules of asking, then the row that waits for its owner, and the event that says so.

Whatever asks (one item, a basket, a matter, an extension) ends here, once for each line, inside the transaction of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.events import RequestSubmitted
from govcloud.access.facts import ItemFacts, PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.routing import Holder, satisfiable
from govcloud.access.rules import SUBMIT, check
from govcloud.access.tasks.beginning import Beginning
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.approval import steps_of
from govcloud.subsystems.queries import ItemView

PENDING_DAYS = 10
"""How long a line waits for an answer before it lapses; apart from how long the access lasts."""


@dataclass(frozen=True)
class WantedLine:
    """One line as it is asked for: the item as the requester saw it, the extent, and the part of the matter that it serves."""

    item: ItemView
    wanted: Wanted
    duty: str | None = None


@dataclass(frozen=True)
class Placement:
    """Where a line goes: into which request, and for whom; ``number`` is the place of its item among those asked for, from 0."""

    request: AccessRequest
    beneficiary: PersonFacts
    line: WantedLine
    number: int = 0


@dataclass(frozen=True)
class Refused:
    """A line that the rules refuse, and why."""

    placement: Placement
    error: GovcloudError


@dataclass(frozen=True)
class _Placed:
    """A line whose row stands, with its item and who could decide on it."""

    request: AccessRequest
    row: RequestLine
    item: ItemView
    fit: Sequence[Holder]


class Placing:
    """Puts lines into requests whose rows stand already; the beneficiaries' locks and the tree's must be held."""

    def __init__(self, facts: FactsLoader, beginning: Beginning) -> None:
        """Take the loader of facts, and what puts a line up for decision."""
        self._facts = facts
        self._beginning = beginning

    def place(
        self, tx: Transaction, request: AccessRequest, requester: PersonFacts, beneficiary: PersonFacts, line: WantedLine
    ) -> RequestLine:
        """Add one line and record it.

        Raises:
            Invalid, Conflict, Denied: rules of asking refuse; the error carries all refusals.
        """
        placed = self._put(tx, Placement(request, beneficiary, line), requester)
        self._stand(tx, [placed])
        return placed.row

    def place_all(
        self, tx: Transaction, requester: PersonFacts, placements: Sequence[Placement]
    ) -> tuple[tuple[RequestLine, ...], tuple[Refused, ...]]:
        """Add many lines and record them as a set; return them, and those that the rules refuse, for which nothing is recorded.

        Every line is tried, so that all that is wrong is said at once; where one is refused, the caller takes none of them.
        """
        placed: list[_Placed] = []
        refused: list[Refused] = []
        for placement in placements:
            try:
                placed.append(self._put(tx, placement, requester))
            except GovcloudError as error:
                refused.append(Refused(placement, error))
        if not refused:
            self._stand(tx, placed)
        return tuple(one.row for one in placed), tuple(refused)

    def _stand(self, tx: Transaction, placed: Sequence[_Placed]) -> None:
        """Record lines that stand; what follows from a line that was asked for, follows here, behind its event."""
        tx.record_all([_submitted(one.request, one.row) for one in placed])
        for one in placed:
            self._beginning.begin(tx, one.request, one.row, one.item, one.fit)

    def _put(self, tx: Transaction, placement: Placement, requester: PersonFacts) -> _Placed:
        """Add the row of one line, if the rules of asking allow it."""
        request, beneficiary, line = placement.request, placement.beneficiary, placement.line
        item = self._facts.item(line.item, tx.now)
        fit = self.fit(item, requester, beneficiary, tx)
        facts = RequestFacts(
            item=item,
            requester=requester,
            beneficiary=beneficiary,
            wanted=line.wanted,
            case_number=request.case_number,
            open_line_number=_open_line_number(tx.session, line.item, beneficiary),
            has_decider=satisfiable(steps_of(line.item.tier, line.item.approval), item.owner_path, fit),
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
            submitted_at=tx.now,
            due_at=tx.now + timedelta(days=PENDING_DAYS),
        )
        tx.session.add(row)
        tx.session.flush()
        return _Placed(request, row, line.item, fit)

    def fit(self, item: ItemFacts, requester: PersonFacts, beneficiary: PersonFacts, tx: Transaction) -> Sequence[Holder]:
        """Return who could decide on a line about the item."""
        barred = {requester.official_id, beneficiary.official_id}
        return self._facts.deciders(item.owner_path, barred, tx.now, beneficiary)


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
        submission_id=request.submission_id,
        mode=request.mode,
        starts_at=request.starts_at,
        matter_id=request.matter_id,
        matter_version=request.matter_version,
        duty=line.duty,
    )
