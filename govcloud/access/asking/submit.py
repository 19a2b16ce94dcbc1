"""Asking for access, of one item or of many at once, and taking the question back."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from sqlalchemy import delete

from govcloud.access import errors
from govcloud.access.asking.models import BasketItem
from govcloud.access.asking.numbering import next_number
from govcloud.access.asking.placing import Placement, Placing, Refused, WantedLine
from govcloud.access.asking.refused import one_refused, several_refused
from govcloud.access.asking.submission_checks import checked, matter_entry
from govcloud.access.commands import (
    NewRequest,
    NewSubmission,
    Submission,
    Submitted,
    SubmittedLine,
    SubmittedRequest,
    WantedItem,
    Withdrawn,
)
from govcloud.access.events import LineWithdrawn
from govcloud.access.facts import PersonFacts, Wanted
from govcloud.access.life.opening import Opening
from govcloud.access.lifecycle import OPEN, LineState
from govcloud.access.lines import lock_line_to_open, move_line, read_line, why_closed
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.authorization.locking import APART, hold
from govcloud.identity.locking import hold_tree, lock_official, lock_officials
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.batches import one_place
from govcloud.kernel.errors import FieldError, Invalid, NotFound
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork
from govcloud.subsystems.queries import ItemView, MatterView

SUBMIT = "govcloud:request:submit"
Blame: TypeAlias = Callable[[Sequence[Refused]], Exception]
"""Makes one error of the lines that are refused."""


@dataclass(frozen=True)
class _Asked:
    """What a submission names, looked up: who asks, for whom, for which items, and in which matter."""

    new: NewSubmission
    requester: PersonFacts
    people: tuple[PersonFacts, ...]
    items: Mapping[UUID, ItemView]
    matter: MatterView | None

    def placements(self, requests: Sequence[AccessRequest]) -> tuple[Placement, ...]:
        """Return where every line goes: those of the first person, then those of the next."""
        lines = tuple(self._line(wanted) for wanted in self.new.items)
        pairs = zip(requests, self.people, strict=True)
        return tuple(Placement(request, person, line, number) for request, person in pairs for number, line in enumerate(lines))

    def _line(self, wanted: WantedItem) -> WantedLine:
        entry = matter_entry(self.matter, wanted.item_id)
        duty = wanted.duty or (entry.duty if entry else None)
        return WantedLine(self.items[wanted.item_id], Wanted(wanted.scope, wanted.days), duty)


class Submitting:
    """The commands of the requester."""

    def __init__(self, uow: UnitOfWork, facts: FactsLoader, placing: Placing, opening: Opening) -> None:
        """Take the unit of work, the loader of facts, what places lines, and what opens grants."""
        self._uow = uow
        self._facts = facts
        self._placing = placing
        self._opening = opening

    def submit(self, actor: Actor, new: NewRequest) -> Submitted:
        """Ask for one item; see ``Access.submit``. It is a submission of one item for one person, whose errors need not say which."""
        people = () if new.beneficiary_appointment_id is None else (new.beneficiary_appointment_id,)
        item = WantedItem(new.item_id, new.days, new.scope, new.duty)
        whole = NewSubmission((item,), new.reason, people, case_number=new.case_number, matter_id=new.matter_id)
        [request] = self._submit(actor, whole, one_refused).requests
        [line] = request.lines
        return Submitted(request.request_id, request.number, line.line_id, line.due_at)

    def submit_all(self, actor: Actor, new: NewSubmission) -> Submission:
        """Ask for several items, for one or several people; see ``Asking.submit``."""
        return self._submit(actor, new, several_refused)

    def withdraw(self, actor: Actor, line_id: UUID, version: int) -> Withdrawn:
        """Take a line back; see ``Access.withdraw``."""
        line = read_line(self._uow.read(), line_id)
        request = self._request(line)
        beneficiary_id = line.beneficiary_official_id
        own = actor.official_id in {request.requester_official_id, beneficiary_id}
        owner = actor.official_id if own else request.requester_official_id
        target = Target("request_line", str(line_id), attributes={"official_id": str(owner)})
        with self._uow.begin(actor, "govcloud:request:withdraw", target) as tx:
            hold(tx.session, APART)  # what waited for this line alone may open, and is asked about then
            lock_official(tx.session, beneficiary_id)
            line = lock_line_to_open(tx.session, line)
            if line.state == LineState.WITHDRAWN:
                return Withdrawn(line.id, line.version, line.closed_at or tx.now, replayed=True)
            if line.state not in OPEN:
                raise why_closed(tx.session, line, self._facts.identity)
            if line.version != version:
                raise errors.line_changed(version, line.version)
            move_line(tx.session, line, "withdraw", tx.now)
            tx.record(LineWithdrawn(subject=f"request_line:{line.id}", chain=str(line.request_id)))
            # What waited for this line alone opens now, or is given up: it is no reason to keep somebody to their question.
            not_opened = self._opening.settle(tx, tx.session.get_one(AccessRequest, line.request_id))
            return Withdrawn(line.id, line.version, tx.now, not_opened=not_opened)

    # How a submission is taken in

    def _submit(self, actor: Actor, new: NewSubmission, blame: Blame) -> Submission:
        target = Target("catalogue_item", one_place(str(wanted.item_id) for wanted in new.items))
        with self._uow.begin(actor, SUBMIT, target) as tx:
            new = checked(new, tx.now)
            hold_tree(tx.session)  # lines keep their owners' paths, which a move beside this would leave behind
            hold(tx.session, APART)
            requester = self._facts.acting(actor, tx.now)
            asked = _Asked(new, requester, self._people(tx, requester, new), self._items(new), self._matter(new))
            requests = self._requests(tx, asked)
            placements = asked.placements(requests)
            rows, refused = self._placing.place_all(tx, requester, placements)
            if refused:
                raise blame(refused)
            _take_out(tx, requester, new)
            return _submission(requests, rows)

    def _people(self, tx: Transaction, requester: PersonFacts, new: NewSubmission) -> tuple[PersonFacts, ...]:
        """Return for whom access is asked, each held until the end of the transaction and as they are then.

        Raises:
            Invalid: an appointment does not hold now.
        """
        places = [(requester.official_id, requester.appointment_id)]
        if new.beneficiaries:
            found = self._facts.identity.subjects_asked((appointment_id, tx.now) for appointment_id in new.beneficiaries)
            gone = [appointment_id for appointment_id in new.beneficiaries if (appointment_id, tx.now) not in found]
            if gone:
                wrong = Message("没有这项任职，或已经结束。")
                raise Invalid.of(*(FieldError("beneficiary_appointment_id", wrong, str(appointment_id)) for appointment_id in gone))
            places = [(found[appointment_id, tx.now].official_id, appointment_id) for appointment_id in new.beneficiaries]
        lock_officials(tx.session, {official_id for official_id, _ in places})
        return tuple(self._facts.person(official_id, appointment_id, tx.now) for official_id, appointment_id in places)

    def _items(self, new: NewSubmission) -> Mapping[UUID, ItemView]:
        """Return what is asked for, withdrawn or not; what may be had of it is the rules' to say.

        Raises:
            NotFound: the catalogue never had one.
        """
        found = self._facts.subsystems.items(wanted.item_id for wanted in new.items)
        for wanted in new.items:
            if wanted.item_id not in found:
                raise NotFound.of(Message("可申请项"), wanted.item_id)
        return found

    def _matter(self, new: NewSubmission) -> MatterView | None:
        """Return the matter that the submission names; the approver reads that it takes the items.

        Raises:
            Invalid: there is none, or no longer, or it does not take an item, or gives it another duty.
        """
        if new.matter_id is None:
            return None
        matter = self._facts.subsystems.matter(new.matter_id)
        if matter is None or matter.ended_at is not None:
            raise Invalid.of(FieldError("matter_id", Message("没有这件事，请重新选择。"), str(new.matter_id)))
        for wanted in new.items:
            entry = matter_entry(matter, wanted.item_id)
            if entry is None:
                wrong = Message("“%(name)s”不需要这个可申请项，请重新选择。", name=matter.name)
                raise Invalid.of(FieldError("matter_id", wrong, str(wanted.item_id)))
            if wanted.duty and entry.duty and wanted.duty != entry.duty:
                wrong = Message("“%(name)s”中“%(item)s”的环节与所选不同，请重新选择。", name=matter.name, item=entry.item.name)
                raise Invalid.of(FieldError("matter_id", wrong, wanted.duty))
        return matter

    def _requests(self, tx: Transaction, asked: _Asked) -> list[AccessRequest]:
        """Add a request for each person."""
        first = new_id()
        requests = [
            AccessRequest(
                id=new_id() if place else first,
                submission_id=first,
                number=next_number(tx),
                requester_official_id=asked.requester.official_id,
                requester_appointment_id=asked.requester.appointment_id,
                beneficiary_official_id=person.official_id,
                beneficiary_appointment_id=person.appointment_id,
                reason=asked.new.reason,
                case_number=asked.new.case_number,
                matter_id=asked.new.matter_id,
                matter_version=asked.matter.version if asked.matter else None,
                mode=asked.new.mode,
                starts_at=asked.new.starts_at,
                created_at=tx.now,
            )
            for place, person in enumerate(asked.people)
        ]
        tx.session.add_all(requests)
        tx.session.flush()
        return requests

    def _request(self, line: RequestLine) -> AccessRequest:
        """Return the request that a line belongs to."""
        return self._uow.read().get_one(AccessRequest, line.request_id)


def _submission(requests: Sequence[AccessRequest], rows: Sequence[RequestLine]) -> Submission:
    """Return what was taken in."""
    done = tuple(
        SubmittedRequest(
            request.id,
            request.number,
            request.beneficiary_official_id,
            tuple(SubmittedLine(row.id, row.item_id, row.due_at) for row in rows if row.request_id == request.id),
        )
        for request in requests
    )
    return Submission(requests[0].id, done)


def _take_out(tx: Transaction, requester: PersonFacts, new: NewSubmission) -> None:
    """Take what was asked for out of the requester's basket."""
    mine = (BasketItem.official_id == requester.official_id, BasketItem.appointment_id == requester.appointment_id)
    asked_for = BasketItem.item_id.in_([wanted.item_id for wanted in new.items])
    tx.session.execute(delete(BasketItem).where(*mine, asked_for).execution_options(synchronize_session=False))
