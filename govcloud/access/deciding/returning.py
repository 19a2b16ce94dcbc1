"""Correction (补正): an approver sends a line back with what is missing, the requester mends it and puts it up again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.attachments import RESUBMIT, resubmitted_target
from govcloud.access.asking.blocked import line_blocked
from govcloud.access.asking.placing import Placement, Placing, WantedLine
from govcloud.access.asking.submission_checks import checked_case_number
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.commands import REASON_MOST, Correction, Resubmitted, Returned
from govcloud.access.deciding.events import LineResubmitted, LineReturned
from govcloud.access.facts import Wanted
from govcloud.access.lifecycle import RETURNED, WAITING, LineState
from govcloud.access.lines import lock_line, lock_line_to_open, move_line, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules import REJECT, SUBMIT, check
from govcloud.access.rules.separation import liftable
from govcloud.access.tasks.beginning import Beginning
from govcloud.access.tasks.models import LineReturn
from govcloud.access.tasks.rights import Case, Rights, approver_target
from govcloud.access.tasks.standing import claimant, open_task
from govcloud.authorization.apart.views import Conflict
from govcloud.authorization.case_numbers import same_case
from govcloud.authorization.locking import APART, hold
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.kernel.validation import Fields

MOST_MISSING = 500
MOST_RETURNS = 2
"""How often a line may be sent back: a line that bounces for ever is a refusal that nobody signs."""


class Returning:
    """The two commands of a correction; each is one transaction."""

    def __init__(  # noqa: PLR0917 - the parts of a correction
        self, uow: UnitOfWork, clock: Clock, facts: FactsLoader, placing: Placing, beginning: Beginning, clocks: Clocks
    ) -> None:
        """Take the unit of work, the clock, the facts, what places lines and puts them up for decision, and the departments' clocks."""
        self._uow = uow
        self._clock = clock
        self._facts = facts
        self._placing = placing
        self._beginning = beginning
        self._clocks = clocks
        self._rights = Rights(facts)

    def send_back(self, actor: Actor, line_id: UUID, version: int, missing: str) -> Returned:
        """Send a line back with what is missing; approvals of this round will not count, and its clock stops.

        Raises:
            NotFound: there is no such line.
            Invalid: it is not said what is missing.
            Conflict: the line no longer waits, changed since, was taken on by somebody else, or was sent back often enough.
            Denied: the actor may not decide on it.
        """
        fields = Fields()
        text = fields.text("missing", missing, most=MOST_MISSING, multiline=True)
        fields.done()
        seen = read_line(self._uow.read(), line_id)
        with self._uow.begin(actor, "govcloud:line:return", approver_target(self._facts, actor, seen, self._clock.now())) as tx:
            decider = self._facts.acting(actor, tx.now)
            lock_official(tx.session, seen.beneficiary_official_id)
            line = lock_line(tx.session, line_id)
            task = open_task(tx.session, line_id)
            if line.state not in WAITING or task is None:
                raise why_closed(tx.session, line, self._facts.identity)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            case = Case(tx.session, tx.session.get_one(AccessRequest, line.request_id), line, task, tx.now)
            right = self._rights.of(case, decider)
            # Less than a no, which would end the line: whoever may refuse it may send it back.
            self._rights.ask(REJECT, case, right, None)
            holder = claimant(task, tx.now)
            if holder is not None and holder not in {decider.official_id, right.principal.official_id}:
                raise errors.claimed_by_another(self._facts.identity.official_names([holder])[holder])
            if line.round > MOST_RETURNS:
                raise errors.returned_often(MOST_RETURNS)
            tx.session.add(
                LineReturn(
                    id=new_id(),
                    line_id=line.id,
                    round=line.round,
                    official_id=decider.official_id,
                    appointment_id=decider.appointment_id,
                    missing=text,
                    at=tx.now,
                )
            )
            move_line(tx.session, line, "return", tx.now)
            self._clocks.pause(line, tx.now)
            tx.session.flush()
            tx.record(LineReturned(subject=f"request_line:{line.id}", chain=str(line.request_id), round=line.round, missing=text))
            return Returned(line.id, line.version, tx.now)

    def resubmit(self, actor: Actor, line_id: UUID, version: int, correction: Correction) -> Resubmitted:
        """Put a returned line up for decision again, as corrected, under all rules of asking: a new version and a new round.

        Raises:
            NotFound: there is no such line.
            Invalid: a field is wrong, or the item cannot be requested any more.
            Conflict: the line was not returned, was withdrawn or lapsed, changed since, or nobody could decide.
            Denied: the actor is neither requester nor beneficiary.
        """
        fields = Fields()
        reason = fields.text("reason", correction.reason, most=REASON_MOST, multiline=True)
        case_number = checked_case_number(correction.case_number, fields)
        fields.done()
        given = replace(correction, reason=reason, case_number=case_number)
        seen = read_line(self._uow.read(), line_id)
        request = self._uow.read().get_one(AccessRequest, seen.request_id)
        with self._uow.begin(actor, RESUBMIT, resubmitted_target(actor, request, line_id)) as tx:
            hold_tree(tx.session)  # the line keeps its owner's path, as when it was asked for
            hold(tx.session, APART)
            lock_official(tx.session, seen.beneficiary_official_id)
            line = lock_line_to_open(tx.session, seen)
            if line.state not in RETURNED:
                raise errors.not_returned() if line.state in WAITING else why_closed(tx.session, line, self._facts.identity)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            return self._put_up(tx, tx.session.get_one(AccessRequest, line.request_id), line, given)

    def _put_up(self, tx: Transaction, request: AccessRequest, line: RequestLine, given: Correction) -> Resubmitted:
        """Write the correction down and begin the new round, if the rules of asking allow it."""
        known = self._facts.catalogue_item(line.item_id)
        item = self._facts.item(known, tx.now)
        requester = self._facts.person(request.requester_official_id, request.requester_appointment_id, tx.now)
        beneficiary = self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, tx.now)
        fit = self._placing.fit(item, requester, beneficiary, tx)
        if request.reason != given.reason or not _of_one_case(request.case_number, given.case_number):
            _refuse_if_others_rest_on_it(tx.session, line)
        request.reason, request.case_number = given.reason, given.case_number
        wanted = WantedLine(known, Wanted(given.scope, given.days), line.duty, extends=line.parent_line_id)
        facts = self._placing.facts(
            tx, Placement(request, beneficiary, wanted, asked_at=line.submitted_at), requester, item, fit, open_line_number=None
        )
        check(SUBMIT, facts)
        line.round += 1
        line.item_version, line.owner_department_id, line.owner_path = known.version, known.owner_department_id, item.owner_path
        line.requested_scope, line.requested_days, line.carried_days = given.scope.to_json(), given.days, facts.carried_days
        tx.session.flush()
        if blocking := liftable(facts):
            self._block(tx, request, line, blocking)
        else:
            move_line(tx.session, line, "resubmit", tx.now)
            self._clocks.resume(line, tx.now)
            tx.session.flush()
            tx.record(_resubmitted(request, line))
            self._beginning.begin(tx, request, line, known, fit)
        return Resubmitted(line.id, line.version, line.due_at, blocked=bool(blocking))

    def _block(self, tx: Transaction, request: AccessRequest, line: RequestLine, blocking: Sequence[Conflict]) -> None:
        """Let a corrected line wait for an exception, as a new one would: it comes before its approvers when nothing keeps it apart."""
        move_line(tx.session, line, "resubmit_blocked", tx.now)
        self._clocks.pause(line, tx.now)
        tx.session.flush()
        tx.record(_resubmitted(request, line))
        tx.record(line_blocked(line, blocking))


def _of_one_case(before: str | None, given: str | None) -> bool:
    """Return whether a correction leaves the case as it was, however its number was written before."""
    return before is given is None or same_case(before, given)


def _refuse_if_others_rest_on_it(session: Session, line: RequestLine) -> None:
    """Go on when no other line of the request was or can still be decided on by its reason and case.

    Raises:
        Conflict: one was, or can.
    """
    others = (RequestLine.request_id == line.request_id, RequestLine.id != line.id)
    over = (LineState.WITHDRAWN, LineState.REJECTED, LineState.LAPSED)
    if session.scalar(select(RequestLine.id).where(*others, RequestLine.state.not_in(over)).limit(1)) is not None:
        raise errors.others_rest_on_it()


def _resubmitted(request: AccessRequest, line: RequestLine) -> LineResubmitted:
    """Return the event of a line that waits again."""
    return LineResubmitted(
        subject=f"request_line:{line.id}",
        chain=str(line.request_id),
        round=line.round,
        item_version=line.item_version,
        scope=line.requested_scope,
        days=line.requested_days,
        due_at=line.due_at,
        reason=request.reason,
        case_number=request.case_number,
    )
