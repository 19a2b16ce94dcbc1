"""Commands on a person's working life: 调动, 兼职, 挂职, 借调, 停职, 复职, 离职 and its undoing; each is one transaction.

All of them work for a day that lies ahead without anybody switching anything on that day: the windows are written now, and
whoever asks compares the clock. What only follows (sessions and grants that end, the record of it) is done by ``settling.py``.
入职 is ``register_officials`` of ``people.py``; 重新入职 stands in ``rejoining.py``.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select, update

from govcloud.identity import errors
from govcloud.identity.events import LeaveUndone, OfficialDisabled, OfficialLeft, OfficialRestored, PersonnelChangeCancelled
from govcloud.identity.inputs import checked_reason
from govcloud.identity.locking import lock_official
from govcloud.identity.models import Appointment, Official, PersonnelChange
from govcloud.identity.working_life import changes, standings
from govcloud.identity.working_life.changes import LEAVE, REJOIN, STATUS_CHANGES, TRANSFER, UNDO_LEAVE, Closed
from govcloud.identity.working_life.disabling import Disabling
from govcloud.identity.working_life.orders import CHANGE_NAMES, MOST_HANDOVER_DAYS, Duty, Order, Recorded, checked_duty, checked_order
from govcloud.identity.working_life.people import CHINA
from govcloud.identity.working_life.putting_back import hold_places, put_back
from govcloud.identity.working_life.settling import settle
from govcloud.identity.working_life.standings import Stretch
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields

#: What is planned for later and builds on a change of a kind: that is cancelled first.
_BUILT_ON = {TRANSFER: (TRANSFER,), REJOIN: tuple(CHANGE_NAMES)}


class Lifecycle(Disabling):
    """Commands that change what a person does, or whether the person may act at all."""

    def transfer(self, actor: Actor, official_id: UUID, duty: Duty, order: Order, *, handover_days: int = 0) -> Recorded:
        """Move a person to another primary appointment (调动); what the old duty gave is lost at that moment.

        Args:
            actor: needs authority over the old place and the new one.
            official_id: who moves.
            duty: the new place.
            order: when and why.
            handover_days: for how many days of 24 hours the old appointment still holds, to hand over; at most 30.

        Raises:
            Invalid: a field is wrong, or the department or office unknown.
            NotFound: there is no such person.
            Conflict: the person will have left by then, another transfer is planned for later, or the place is held already.
        """
        with self._uow.begin(actor, "govcloud:official:transfer", self._person(official_id, duty.department_id)) as tx:
            fields = Fields()
            clean = checked_order(order, tx.now, fields)
            at = clean.effective_at or tx.now
            days = fields.number("handover_days", handover_days, least=0, most=MOST_HANDOVER_DAYS)
            row = self._new_place(tx, official_id, duty, kind="primary", at=at, fields=fields)
            self._refuse_planned(tx, official_id, at, (TRANSFER,))
            closed = self._leave_primary(tx, official_id, at, days, clean.reason)
            changes.begin(tx, row)
            change = changes.record(tx, official_id, TRANSFER, at, clean.reason, appointment_id=row.id, closed=closed)
            return _recorded(change, tx)

    def concurrent(self, actor: Actor, official_id: UUID, duty: Duty, order: Order) -> Recorded:
        """Give a person another place beside the present ones (兼职); see ``transfer`` for the errors."""
        return self._take(actor, official_id, duty, order, "concurrent")

    def attach(self, actor: Actor, official_id: UUID, duty: Duty, order: Order) -> Recorded:
        """Attach a person to a department for a term (挂职); see ``transfer`` for the errors."""
        return self._take(actor, official_id, duty, order, "attachment")

    def second(self, actor: Actor, official_id: UUID, duty: Duty, order: Order) -> Recorded:
        """Second a person to a department for a term (借调); see ``transfer`` for the errors."""
        return self._take(actor, official_id, duty, order, "secondment")

    def suspend(self, actor: Actor, official_id: UUID, order: Order) -> Recorded:
        """Stop a person from acting (停职) until reinstated; sessions and temporary grants end then.

        Raises:
            Invalid: the reason or the moment is wrong.
            NotFound: there is no such person.
            Conflict: the person is suspended then, or will have left.
        """
        return self._restate(actor, official_id, order, "suspend", standings.SUSPENDED)

    def reinstate(self, actor: Actor, official_id: UUID, order: Order) -> Recorded:
        """Let a suspended person act again (复职); what ended stays ended. See ``suspend`` for the errors."""
        return self._restate(actor, official_id, order, "reinstate", standings.ACTIVE)

    def leave(self, actor: Actor, official_id: UUID, order: Order) -> Recorded:
        """End all of a person's duties (离职): appointments, standing, sessions, grants and direct roles, in this transaction.

        For a day that lies ahead, the windows end then. Changes that were planned for later fall away.

        Raises:
            Invalid: the reason or the moment is wrong.
            NotFound: there is no such person.
            Conflict: the person has left already.
        """
        with self._uow.begin(actor, "govcloud:official:leave", self._person(official_id)) as tx:
            fields = Fields()
            clean = checked_order(order, tx.now, fields)
            fields.done()
            at = clean.effective_at or tx.now
            lock_official(tx.session, official_id)
            settle(tx, official_id)
            if standings.status_at(tx.session, official_id, tx.now) == standings.LEFT:
                raise errors.has_left(self._name(tx, official_id))
            earlier = changes.planned_leave(tx.session, official_id, tx.now)
            if earlier is not None:
                self._cancel(tx, earlier, clean.reason)
            rows = changes.held_after(tx.session, official_id, at)
            closed = [Closed(row.id, row.valid_to, max(at, row.valid_from), row.handover_from) for row in rows]
            before = standings.stretches(tx.session, official_id, at)
            fallen = [change.id for change in changes.planned(tx.session, official_id, tx.now) if change.effective_at > at]
            standings.restate(tx.session, official_id, Stretch(standings.LEFT, at, None))
            change = changes.record(tx, official_id, LEAVE, at, clean.reason, closed=closed, standings=before)
            falling = update(PersonnelChange).where(PersonnelChange.id.in_(fallen))
            tx.session.execute(falling.values(cancelled_at=tx.now, superseded_by=change.id))
            if at <= tx.now:
                tx.record(_left(change))
            for row in rows:
                changes.end(tx, row, at, clean.reason)
            return _recorded(change, tx)

    def undo_leave(self, actor: Actor, official_id: UUID, reason: str) -> Recorded:
        """Undo a leave that was a mistake: appointments, status and direct roles go on as they were.

        An appointment that ended goes on in a new one, so that the record still says that the person was away in between.
        Sessions and temporary grants stay ended. A leave that lies ahead is cancelled.

        Raises:
            Invalid: the reason is wrong.
            NotFound: there is no such person.
            Conflict: the person has not left, has come back or is about to, or an appointment that would go on meets another one.
        """
        seen = self._last_leave(official_id)
        with self._uow.begin(actor, "govcloud:official:undo_leave", self._target_of_leave(official_id, seen)) as tx:
            clean = checked_reason(reason)
            if seen is not None:
                hold_places(tx, seen)
            lock_official(tx.session, official_id)
            settle(tx, official_id)
            self._refuse_planned(tx, official_id, tx.now, (REJOIN,))
            change = self._last_leave(official_id)
            if change is None:
                raise errors.no_leave(self._name(tx, official_id))
            if change.effective_at > tx.now:
                self._cancel(tx, change, clean)
                return _recorded(change, tx)
            change.undone_at = tx.now
            tx.session.flush()
            restored = put_back(tx, change)
            undone = changes.record(tx, official_id, UNDO_LEAVE, tx.now, clean)
            tx.record(
                LeaveUndone(
                    subject=f"official:{official_id}",
                    official_id=official_id,
                    change_id=change.id,
                    restored={str(old): str(new) for old, new in restored.items()},
                    reason=clean,
                )
            )
            return _recorded(undone, tx)

    def cancel_change(self, actor: Actor, change_id: UUID, reason: str) -> None:
        """Cancel a change that lies ahead: what it would have ended goes on, what it would have begun never holds.

        Raises:
            Invalid: the reason is wrong.
            NotFound: there is no such change.
            Conflict: it holds already, was cancelled before, or another planned change builds on it.
        """
        seen = self._uow.read().execute(select(PersonnelChange.official_id).where(PersonnelChange.id == change_id)).one_or_none()
        if seen is None:
            raise errors.change_missing(change_id)
        official_id = seen.official_id
        with self._uow.begin(actor, "govcloud:personnel_change:cancel", self._person(official_id)) as tx:
            clean = checked_reason(reason)
            lock_official(tx.session, official_id)
            change = next((item for item in changes.planned(tx.session, official_id, tx.now) if item.id == change_id), None)
            if change is None:
                raise errors.change_over()
            if change.kind in _BUILT_ON:
                self._refuse_planned(tx, official_id, change.effective_at, _BUILT_ON[change.kind], but=change.id)
            self._cancel(tx, change, clean)

    # Parts of the commands above

    def _take(self, actor: Actor, official_id: UUID, duty: Duty, order: Order, kind: str) -> Recorded:
        with self._uow.begin(actor, "govcloud:appointment:begin", self._person(official_id, duty.department_id)) as tx:
            fields = Fields()
            clean = checked_order(order, tx.now, fields)
            at = clean.effective_at or tx.now
            row = self._new_place(tx, official_id, duty, kind=kind, at=at, fields=fields)
            changes.begin(tx, row)
            return _recorded(changes.record(tx, official_id, kind, at, clean.reason, appointment_id=row.id), tx)

    def _new_place(self, tx: Transaction, official_id: UUID, duty: Duty, *, kind: str, at: datetime, fields: Fields) -> Appointment:
        """Return the place that an order gives, checked; from here on the person is locked.

        Raises:
            Invalid: a field is wrong.
            Conflict: the person will have left by then.
        """
        checked = checked_duty(duty, kind, at, fields)
        self._check_places(tx, [(fields, checked)])
        fields.done()
        lock_official(tx.session, official_id)
        self._refuse_left(tx, official_id, at)
        return Appointment(
            id=checked.id,
            official_id=official_id,
            department_id=checked.department_id,
            office_id=checked.office_id,
            kind=kind,
            post=checked.post,
            position=checked.position,
            valid_from=at,
            valid_to=checked.ends_at,
            handover_from=None,
            end_noted_at=None,
        )

    def _leave_primary(self, tx: Transaction, official_id: UUID, at: datetime, days: int, reason: str) -> Sequence[Closed]:
        """End the primary appointment that holds at ``at``, after the days for handing over; return what was closed."""
        held = changes.held_after(tx.session, official_id, at)
        old = next((row for row in held if row.kind == "primary" and row.handover_from is None and row.valid_from <= at), None)
        if old is None:
            return ()
        until = at + timedelta(days=days)
        until = until if old.valid_to is None else min(until, old.valid_to)
        closed = Closed(old.id, old.valid_to, max(until, old.valid_from))
        old.handover_from = at if days else None
        changes.end(tx, old, until, reason)
        return (closed,)

    def _restate(self, actor: Actor, official_id: UUID, order: Order, kind: str, status: str) -> Recorded:
        with self._uow.begin(actor, f"govcloud:official:{kind}", self._person(official_id)) as tx:
            fields = Fields()
            clean = checked_order(order, tx.now, fields)
            fields.done()
            at = clean.effective_at or tx.now
            lock_official(tx.session, official_id)
            self._refuse_left(tx, official_id, at)
            stretch = Stretch(status, at, self._next_status_change(tx, official_id, at))
            if standings.status_at(tx.session, official_id, at) == status:
                raise errors.wrong_status(self._name(tx, official_id), CHANGE_NAMES[kind])
            standings.restate(tx.session, official_id, stretch, keeping=(standings.LEFT,))
            change = changes.record(tx, official_id, kind, at, clean.reason)
            if at <= tx.now:
                event = OfficialDisabled if kind == "suspend" else OfficialRestored
                tx.record(event(subject=f"official:{official_id}", official_id=official_id, reason=clean.reason))
            return _recorded(change, tx)

    def _cancel(self, tx: Transaction, change: PersonnelChange, reason: str) -> None:
        """Take a planned change back; the caller holds the person's lock."""
        change.cancelled_at = tx.now
        tx.session.flush()
        if change.kind == REJOIN:
            self._stay_away(tx, change, reason)
        elif change.appointment_id is not None:
            begun = tx.session.get_one(Appointment, change.appointment_id, with_for_update=True, populate_existing=True)
            changes.end(tx, begun, begun.valid_from, reason)
        if change.kind in STATUS_CHANGES:
            before = standings.status_before(tx.session, change.official_id, change.effective_at) or standings.ACTIVE
            stretch = Stretch(before, change.effective_at, self._next_status_change(tx, change.official_id, change.effective_at))
            standings.restate(tx.session, change.official_id, stretch, keeping=(standings.LEFT,))
        put_back(tx, change)
        tx.record(
            PersonnelChangeCancelled(
                subject=f"official:{change.official_id}",
                change_id=change.id,
                official_id=change.official_id,
                kind=change.kind,
                effective_at=change.effective_at,
                reason=reason,
            )
        )

    def _stay_away(self, tx: Transaction, change: PersonnelChange, reason: str) -> None:
        """Let nothing begin of a return that was cancelled; the leave before it can be undone again."""
        for row in changes.held_after(tx.session, change.official_id, tx.now):
            changes.end(tx, row, row.valid_from, reason)
        left = update(PersonnelChange).where(PersonnelChange.superseded_by == change.id, PersonnelChange.kind == LEAVE)
        tx.session.execute(left.values(superseded_by=None))

    def _refuse_planned(self, tx: Transaction, official_id: UUID, at: datetime, kinds: Sequence[str], *, but: UUID | None = None) -> None:
        """Refuse while a change of ``kinds`` is planned for ``at`` or later.

        Raises:
            Conflict: names it.
        """
        ahead = changes.planned(tx.session, official_id, tx.now)
        stands = next((item for item in ahead if item.kind in kinds and item.effective_at >= at and item.id != but), None)
        if stands is not None:
            raise errors.change_stands(CHANGE_NAMES[stands.kind], f"{stands.effective_at.astimezone(CHINA):%Y-%m-%d}")

    def _next_status_change(self, tx: Transaction, official_id: UUID, at: datetime) -> datetime | None:
        """Return until when a status that begins at ``at`` holds: the next change of it that is planned."""
        ahead = changes.planned(tx.session, official_id, tx.now)
        return next((item.effective_at for item in ahead if item.kind in STATUS_CHANGES and item.effective_at > at), None)

    def _last_leave(self, official_id: UUID) -> PersonnelChange | None:
        """Return the leave that holds or lies ahead; one that the person has come back from is over."""
        query = select(PersonnelChange).where(
            PersonnelChange.official_id == official_id,
            PersonnelChange.kind == LEAVE,
            PersonnelChange.cancelled_at.is_(None),
            PersonnelChange.undone_at.is_(None),
            PersonnelChange.superseded_by.is_(None),
        )
        ordered = query.order_by(PersonnelChange.effective_at.desc()).limit(1)
        return self._uow.read().scalar(ordered.execution_options(populate_existing=True))

    def _target_of_leave(self, official_id: UUID, leave: PersonnelChange | None) -> Target:
        """Return where somebody served who has left: who administers all of that may bring the person back."""
        person = self._person(official_id)
        if leave is None or person.department_path is not None:
            return person
        ended = [item.appointment_id for item in changes.closed_by(leave)]
        places = self._uow.read().scalars(select(Appointment.department_id).where(Appointment.id.in_(ended)))
        return Target(person.type, person.id, self._path_of_all(places), attributes=person.attributes)

    def _name(self, tx: Transaction, official_id: UUID) -> str:
        return tx.session.scalars(select(Official.name).where(Official.id == official_id)).one()


def _recorded(change: PersonnelChange, tx: Transaction) -> Recorded:
    return Recorded(change.id, change.effective_at, change.effective_at > tx.now, change.appointment_id)


def _left(change: PersonnelChange) -> OfficialLeft:
    return OfficialLeft(subject=f"official:{change.official_id}", official_id=change.official_id, change_id=change.id, reason=change.reason)
