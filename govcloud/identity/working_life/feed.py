"""What a personnel system reports: one event at a time, by employee code and unified social credit code, once however often it is sent.

An event and its effect are one transaction with the answer that is kept under the sender's event id: sent again it is answered
again, and nothing happens twice. A refused event leaves nothing behind, so it can be mended and sent under the same id.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert

from govcloud.identity import errors
from govcloud.identity.inputs import STAFFING_TYPES, NewAppointment, NewOfficial
from govcloud.identity.models import PersonnelEvent
from govcloud.identity.working_life.orders import Duty, Order, Recorded
from govcloud.identity.working_life.rejoining import JOINED_AGAIN, Rejoining
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.errors import FieldError, Invalid
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

EVENT_KINDS = ("join", "transfer", "concurrent", "attachment", "secondment", "suspend", "reinstate", "leave", "undo_leave")
_PLACED = frozenset({"join", "transfer", "concurrent", "attachment", "secondment"})
_REPORT = "govcloud:personnel_event:report"
_EVENT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:-]{0,63}")


@dataclass(frozen=True)
class PersonnelReport:
    """One event as it was sent; which fields an event of a kind needs stands in the guide to the feed."""

    id: str
    kind: str
    employee_code: str
    reason: str = ""
    effective_at: datetime | None = None
    department_uscc: str = ""
    position: str = ""
    post: str = ""
    ends_at: datetime | None = None
    handover_days: int = 0
    name: str = ""
    id_number: str = ""
    phone: str | None = None
    rank: str = ""
    staffing_type: str = STAFFING_TYPES[0]
    security_label: int = 0


@dataclass(frozen=True)
class Reported:
    """What came of an event; ``replayed`` says that it had been taken in before, and this is the answer of then."""

    official_id: UUID
    change_id: UUID | None
    effective_at: datetime
    planned: bool
    replayed: bool = False


class Feed(Rejoining):
    """The commands of the feed."""

    def admit_sender(self, actor: Actor) -> None:
        """Return when the actor may send events at all.

        Raises:
            Denied: the client was not entrusted with provisioning.
        """
        with self._uow.begin(actor, _REPORT, Target("personnel_event", "batch")):
            pass

    def report(self, actor: Actor, event: PersonnelReport) -> Reported:
        """Take one event in.

        Raises:
            Invalid: a field is wrong, or the id stood before over another event.
            NotFound: nobody has the employee code.
            Conflict: the person's duty does not allow it; see the commands of ``lifecycle.py``.
        """
        with self._uow.begin(actor, _REPORT, Target("personnel_event", event.id)) as tx:
            fields = Fields()
            fields.matching("id", event.id, _EVENT_ID, Message("事件编号应为 1 至 64 位字母、数字或 . _ : -，以字母或数字开头。"))
            fields.choice("kind", event.kind, EVENT_KINDS)
            fields.done()
            said = json.dumps(asdict(event), default=str, ensure_ascii=False, sort_keys=True)
            digest = self._keys.digest("personnel-event", said.encode("utf-8", "surrogatepass"))
            known = self._claim(tx, event.id, digest)
            if known is not None:
                return known
            done = self._take_in(actor, event, tx)
            answer = {**asdict(done), "official_id": str(done.official_id), "effective_at": done.effective_at.isoformat()}
            answer["change_id"] = str(done.change_id) if done.change_id else None
            tx.session.execute(
                update(PersonnelEvent).where(PersonnelEvent.sender == actor.id, PersonnelEvent.event_id == event.id).values(answer=answer)
            )
            return done

    def _claim(self, tx: Transaction, event_id: str, digest: bytes) -> Reported | None:
        """Take the event's id, or return what was answered under it; whoever takes it at the same moment waits for the other.

        Raises:
            Invalid: it was taken by another event.
        """
        claim = insert(PersonnelEvent).values(sender=tx.actor.id, event_id=event_id, digest=digest, answer={}, received_at=tx.now)
        if tx.session.scalar(claim.on_conflict_do_nothing().returning(PersonnelEvent.event_id)) is not None:
            return None
        mine = (PersonnelEvent.sender == tx.actor.id, PersonnelEvent.event_id == event_id)
        known = tx.session.execute(select(PersonnelEvent.digest, PersonnelEvent.answer).where(*mine)).one()
        if known.digest != digest:
            raise Invalid(
                "event_id_reused",
                Message("该事件编号此前报送的是另一内容，本次未予处理。"),
                remedy=Message("请为新的事件使用新的编号；重报同一事件时内容应与首次完全一致。"),
                fields=(FieldError("id", Message("编号已用于另一事件。"), event_id),),
            )
        answer = known.answer
        return Reported(
            UUID(answer["official_id"]),
            UUID(answer["change_id"]) if answer["change_id"] else None,
            datetime.fromisoformat(answer["effective_at"]),
            answer["planned"],
            replayed=True,
        )

    def _take_in(self, actor: Actor, event: PersonnelReport, tx: Transaction) -> Reported:
        """Run the command that the event stands for."""
        department_id = self._department_of(event) if event.kind in _PLACED else None
        if department_id is not None and event.kind == "join":
            return self._join(actor, event, department_id, tx)
        official = self._queries.official_by_code(event.employee_code)
        if official is None:
            raise errors.official_missing(event.employee_code)
        order = Order(event.reason, event.effective_at)
        if department_id is None:
            return _reported(official.id, self._status(actor, official.id, event.kind, order))
        duty = Duty(department_id, event.position, event.post, ends_at=event.ends_at)
        if event.kind == "transfer":
            return _reported(official.id, self.transfer(actor, official.id, duty, order, handover_days=event.handover_days))
        taking = {"concurrent": self.concurrent, "attachment": self.attach, "secondment": self.second}
        return _reported(official.id, taking[event.kind](actor, official.id, duty, order))

    def _status(self, actor: Actor, official_id: UUID, kind: str, order: Order) -> Recorded:
        if kind == "undo_leave":
            return self.undo_leave(actor, official_id, order.reason)
        return {"suspend": self.suspend, "reinstate": self.reinstate, "leave": self.leave}[kind](actor, official_id, order)

    def _join(self, actor: Actor, event: PersonnelReport, department_id: UUID, tx: Transaction) -> Reported:
        at = event.effective_at
        if at is not None and at.tzinfo is None:
            raise Invalid.of(FieldError("effective_at", Message("生效时间应带时区，例如 2026-12-01T00:00:00+08:00。"), at.isoformat()))
        begins = max(at or tx.now, tx.now)
        row = NewOfficial(
            employee_code=event.employee_code,
            name=event.name,
            id_number=event.id_number,
            phone=event.phone,
            rank=event.rank,
            staffing_type=event.staffing_type,
            security_label=event.security_label,
            appointments=(NewAppointment(department_id, event.position, event.post, starts_at=begins),),
        )
        joined = self.join(actor, row, Order(event.reason or JOINED_AGAIN, begins))
        return Reported(joined.official_id, joined.again.change_id if joined.again else None, begins, begins > tx.now)

    def _department_of(self, event: PersonnelReport) -> UUID:
        department = self._queries.department_by_uscc(event.department_uscc)
        if department is None:
            wrong = Message("没有这个统一社会信用代码的部门，请先登记部门。")
            raise Invalid.of(FieldError("department_uscc", wrong, event.department_uscc))
        return department.id


def _reported(official_id: UUID, done: Recorded) -> Reported:
    return Reported(official_id, done.change_id, done.effective_at, done.planned)
