"""Placing lines: the rules of asking, then the row that waits for its owner, and the event that says so.

Whatever asks (one item, a basket, a matter, an extension) ends here, once for each line, inside the transaction of the request.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access.asking.blocked import line_blocked
from govcloud.access.asking.windows import starts_at
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.deciding.routing import Holder, satisfiable
from govcloud.access.events import RequestSubmitted
from govcloud.access.facts import ItemFacts, PersonFacts, RequestFacts, Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import SUBMIT, check
from govcloud.access.rules.separation import liftable
from govcloud.access.tasks.beginning import Beginning
from govcloud.authorization.apart.views import PER_CASE, Conflict, FindingState
from govcloud.authorization.case_numbers import same_case
from govcloud.kernel.errors import GovcloudError
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction
from govcloud.subsystems.approval import steps_of
from govcloud.subsystems.queries import ItemView


@dataclass(frozen=True)
class WantedLine:
    """One line as it is asked for: the item as the requester saw it, the extent, its part of the matter, the line that it extends."""

    item: ItemView
    wanted: Wanted
    duty: str | None = None
    extends: UUID | None = None


@dataclass(frozen=True)
class Placement:
    """Where a line goes: into which request, and for whom; ``number`` is the place of its item among those asked for, from 0.

    ``asked_at`` is when it was asked for first, of a line that was corrected.
    """

    request: AccessRequest
    beneficiary: PersonFacts
    line: WantedLine
    number: int = 0
    asked_at: datetime | None = None


@dataclass(frozen=True)
class Refused:
    """A line that the rules refuse, and why."""

    placement: Placement
    error: GovcloudError


@dataclass(frozen=True)
class _Placed:
    """A line whose row stands, with its item, who could decide on it, and the rules that keep it from being decided on."""

    request: AccessRequest
    row: RequestLine
    item: ItemView
    fit: Sequence[Holder]
    blocking: Sequence[Conflict]


class Placing:
    """Puts lines into requests whose rows stand already; the beneficiaries' locks and the tree's must be held."""

    def __init__(self, facts: FactsLoader, beginning: Beginning, clocks: Clocks) -> None:
        """Take the loader of facts, what puts a line up for decision, and the clocks that run on departments."""
        self._facts = facts
        self._beginning = beginning
        self._clocks = clocks

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
        if blocked := [line_blocked(one.row, one.blocking) for one in placed if one.blocking]:
            tx.record_all(blocked)
        for one in placed:
            if not one.blocking:
                self._beginning.begin(tx, one.request, one.row, one.item, one.fit)

    def begin(self, tx: Transaction, request: AccessRequest, row: RequestLine) -> None:
        """Put a line up for decision that was kept from it so far; its clock goes on with what its department has left to answer."""
        known = self._facts.catalogue_item(row.item_id)
        requester = self._facts.person(request.requester_official_id, request.requester_appointment_id, tx.now)
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, tx.now)
        fit = self.fit(self._facts.item(known, tx.now), requester, beneficiary, tx)
        self._clocks.resume(row, tx.now)
        tx.session.flush()
        self._beginning.begin(tx, request, row, known, fit)

    def _put(self, tx: Transaction, placement: Placement, requester: PersonFacts) -> _Placed:
        """Add the row of one line, if the rules of asking allow it."""
        request, beneficiary, line = placement.request, placement.beneficiary, placement.line
        item = self._facts.item(line.item, tx.now)
        fit = self.fit(item, requester, beneficiary, tx)
        waits_already = _open_line_number(tx.session, line.item, beneficiary)
        facts = self.facts(tx, placement, requester, item, fit, open_line_number=waits_already)
        check(SUBMIT, facts)
        blocking = liftable(facts)
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
            parent_line_id=line.extends,
            carried_days=facts.carried_days,
            submitted_at=tx.now,
        )
        self._clocks.start(row, item.tier, tx.now)
        if blocking:
            self._clocks.pause(row, tx.now)
        tx.session.add(row)
        tx.session.flush()
        return _Placed(request, row, line.item, fit, blocking)

    def facts(
        self,
        tx: Transaction,
        placement: Placement,
        requester: PersonFacts,
        item: ItemFacts,
        fit: Sequence[Holder],
        *,
        open_line_number: str | None,
    ) -> RequestFacts:
        """Return what the rules of asking see; ``fit`` are those who could decide."""
        request, beneficiary, line = placement.request, placement.beneficiary, placement.line
        asked_at, asked = placement.asked_at or tx.now, placement.asked_at is None and line.extends is None
        findings = self._facts.authorization.apart.findings(
            beneficiary.official_id, [line.item.function], request.case_number, line.duty, tx.now
        )
        return RequestFacts(
            item=item,
            requester=requester,
            beneficiary=beneficiary,
            wanted=line.wanted,
            case_number=request.case_number,
            open_line_number=open_line_number,
            has_decider=satisfiable(steps_of(line.item.tier, line.item.approval), item.owner_path, fit),
            held_until=None if line.extends else self._held_until(request, line, beneficiary, tx.now),
            carried_days=self._facts.carried_days(request, line.item, line.wanted.days, line.extends, asked_at=asked_at, now=tx.now),
            conflicts=tuple(finding for finding in findings if finding.state is not FindingState.CLEAR),
            duty=line.duty,
            # Nobody can state now what an earlier line that is extended or corrected left open; it counts as both parts.
            case_rules=tuple(finding.rule for finding in findings if asked and finding.rule.kind == PER_CASE),
        )

    def fit(self, item: ItemFacts, requester: PersonFacts, beneficiary: PersonFacts, tx: Transaction) -> Sequence[Holder]:
        """Return who could decide on a line about the item."""
        barred = {requester.official_id, beneficiary.official_id}
        return self._facts.deciders(item.owner_path, barred, tx.now, beneficiary)

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
            and (grant.case_number is None or same_case(grant.case_number, request.case_number))
        )
        return max(held, default=None)


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
