"""Asking for access, and taking the question back."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from govcloud.access import errors
from govcloud.access.commands import CASE_NUMBER_MOST, REASON_MOST, NewRequest, Submitted, Withdrawn
from govcloud.access.events import LineWithdrawn
from govcloud.access.facts import PersonFacts, Wanted
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.lines import lock_line, move_line, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.numbering import next_number
from govcloud.access.opening import Opening
from govcloud.access.placing import Placing, WantedLine
from govcloud.identity.locking import hold_tree, lock_official
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields


class Submitting:
    """The commands of the requester."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, placing: Placing, opening: Opening) -> None:
        """Take the unit of work, the loader of facts, what places lines, and what opens grants."""
        self._uow = uow
        self._facts = facts
        self._placing = placing
        self._opening = opening

    def submit(self, actor: Actor, new: NewRequest) -> Submitted:
        """Ask for one item; see ``Access.submit``."""
        checked = self._checked(new)
        with self._uow.begin(actor, "govcloud:request:submit", Target("catalogue_item", str(new.item_id))) as tx:
            hold_tree(tx.session)  # the line keeps its owner's path, which a move beside this would leave behind
            requester = self._facts.acting(actor, tx.now)
            beneficiary = self._beneficiary(requester, new, tx.now)
            lock_official(tx.session, beneficiary.official_id)
            request = AccessRequest(
                id=new_id(),
                number=next_number(tx),
                requester_official_id=requester.official_id,
                requester_appointment_id=requester.appointment_id,
                beneficiary_official_id=beneficiary.official_id,
                beneficiary_appointment_id=beneficiary.appointment_id,
                reason=checked.reason,
                case_number=checked.case_number,
                matter_id=checked.matter_id,
                created_at=tx.now,
            )
            tx.session.add(request)
            tx.session.flush()
            known = self._facts.catalogue_item(new.item_id)
            wanted = WantedLine(known, Wanted(checked.scope, checked.days))
            line = self._placing.place(tx, request, requester, beneficiary, wanted)
            return Submitted(request.id, request.number, line.id, line.due_at)

    def withdraw(self, actor: Actor, line_id: UUID, version: int) -> Withdrawn:
        """Take a line back; see ``Access.withdraw``."""
        line = read_line(self._uow.read(), line_id)
        request = self._request(line)
        beneficiary_id = line.beneficiary_official_id
        own = actor.official_id in {request.requester_official_id, beneficiary_id}
        owner = actor.official_id if own else request.requester_official_id
        target = Target("request_line", str(line_id), attributes={"official_id": str(owner)})
        with self._uow.begin(actor, "govcloud:request:withdraw", target) as tx:
            lock_official(tx.session, beneficiary_id)
            line = lock_line(tx.session, line_id)
            if line.state == LineState.WITHDRAWN:
                return Withdrawn(line.id, line.version, line.closed_at or tx.now, replayed=True)
            if line.state not in OPEN:
                raise why_closed(tx.session, line, self._facts.identity)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            move_line(tx.session, line, "withdraw", tx.now)
            tx.record(LineWithdrawn(subject=f"request_line:{line.id}", chain=str(line.request_id)))
            # What waited for this line alone opens now.
            self._opening.settle(tx, tx.session.get_one(AccessRequest, line.request_id))
            return Withdrawn(line.id, line.version, tx.now)

    def _checked(self, new: NewRequest) -> NewRequest:
        """Return the request with its texts in their stored form.

        Raises:
            Invalid: a text is empty, too long or has control characters; the matter is unknown, has ended, or does not take the item.
        """
        fields = Fields()
        reason = fields.text("reason", new.reason, most=REASON_MOST, multiline=True)
        case_number = fields.text("case_number", new.case_number or "", most=CASE_NUMBER_MOST, least=0) or None
        if new.matter_id is not None:
            self._note_wrong_matter(new.matter_id, new.item_id, fields)
        fields.done()
        return NewRequest(new.item_id, reason, new.days, new.scope, case_number, new.matter_id, new.beneficiary_appointment_id)

    def _note_wrong_matter(self, matter_id: UUID, item_id: UUID, fields: Fields) -> None:
        """Note a matter that there is not, or no longer, or that does not take the item: the approver reads that it does."""
        matter = self._facts.subsystems.matter(matter_id)
        if matter is None or matter.ended_at is not None:
            fields.fail("matter_id", Message("没有这件事，请重新选择。"), matter_id)
        elif all(entry.item.id != item_id for entry in matter.items):
            fields.fail("matter_id", Message("“%(name)s”不需要这个可申请项，请重新选择。", name=matter.name), matter_id)

    def _beneficiary(self, requester: PersonFacts, new: NewRequest, now: datetime) -> PersonFacts:
        """Return for whom access is asked.

        Raises:
            Invalid: there is no such appointment now.
        """
        if new.beneficiary_appointment_id in {None, requester.appointment_id}:
            return requester
        subject = self._facts.identity.subject(new.beneficiary_appointment_id, now)
        if subject is None:
            wrong = Message("没有这项任职，或已经结束。")
            raise Invalid.of(FieldError("beneficiary_appointment_id", wrong, str(new.beneficiary_appointment_id)))
        return self._facts.person(subject.official_id, subject.appointment_id, now)

    def _request(self, line: RequestLine) -> AccessRequest:
        """Return the request that a line belongs to."""
        return self._uow.read().get_one(AccessRequest, line.request_id)
