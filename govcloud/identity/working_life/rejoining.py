"""重新入职: somebody who left comes back; the same person under the same account, in a new period of service.

It undoes nothing: appointments, roles and grants of the earlier period stay ended, and the password has to be set anew
(``OfficialRejoined``). A leave that was a mistake is undone instead (``Lifecycle.undo_leave``), which brings these back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from govcloud.identity import errors, inputs
from govcloud.identity.events import OfficialRejoined
from govcloud.identity.inputs import NewAppointment, NewOfficial, OfficialChange
from govcloud.identity.locking import lock_official
from govcloud.identity.models import Appointment
from govcloud.identity.views import OfficialView
from govcloud.identity.working_life import changes, standings
from govcloud.identity.working_life.changes import REJOIN
from govcloud.identity.working_life.lifecycle import Lifecycle
from govcloud.identity.working_life.orders import CHANGE_NAMES, Order, Recorded, checked_order
from govcloud.identity.working_life.settling import settle
from govcloud.identity.working_life.standings import Stretch
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.unit_of_work import Transaction
from govcloud.kernel.validation import Fields, searchable

COMMAND = "govcloud:official:rejoin"
#: The reason of a return for which nobody gave one: joining takes none.
JOINED_AGAIN = str(CHANGE_NAMES[REJOIN])


@dataclass(frozen=True)
class Joined:
    """Who joined; ``again`` is the change of somebody who came back, ``None`` for somebody new."""

    official_id: UUID
    again: Recorded | None = None


class Rejoining(Lifecycle):
    """The commands by which people who left come back."""

    def rejoin(self, actor: Actor, official_id: UUID, places: Sequence[NewAppointment], order: Order) -> Recorded:
        """Let a person who left serve again, under the account that there is, with new appointments and nothing else.

        Args:
            actor: needs authority over the new places, as for somebody new; who left lies in nobody's department.
            official_id: who comes back.
            places: the appointments; none begins before the return, however its start is written.
            order: when and why. Until then the person may not sign in.

        Raises:
            Invalid: a field is wrong, or a department or office unknown.
            NotFound: there is no such person.
            Conflict: the person has not left, the return is planned already, or two places do not go together.
        """
        if self._queries.official(official_id) is None:
            raise errors.official_missing(official_id)
        with self._uow.begin(actor, COMMAND, self._arrival(official_id, places)) as tx:
            fields = Fields()
            clean = checked_order(order, tx.now, fields)
            at = clean.effective_at or tx.now
            own = [fields.row(index) if len(places) > 1 else fields for index in range(len(places))]
            checked = [_checked(place, noted, at) for place, noted in zip(places, own, strict=True)]
            self._check_places(tx, list(zip(own, checked, strict=True)))
            fields.done()
            lock_official(tx.session, official_id)
            # A leave whose day has come may not have been settled yet: what it ends must have ended before anything begins anew.
            settle(tx, official_id)
            self._refuse_planned(tx, official_id, tx.now, (REJOIN,))
            if standings.status_at(tx.session, official_id, tx.now) != standings.LEFT:
                raise errors.not_left(self._name(tx, official_id))
            return self._return(tx, official_id, checked, Order(clean.reason, at))

    def join(self, actor: Actor, official: NewOfficial, order: Order) -> Joined:
        """Take a person on (入职): register somebody new, or let somebody who left come back; one person has one account.

        Somebody who left is known by the ID number, and comes back under the employee code of then. What the form says of name,
        rank, staffing type and security label holds from then on; a phone number or rank that it leaves out stays.

        Raises:
            Invalid: a field is wrong.
            Conflict: the person serves already, left under another employee code, or the code is somebody else's.
        """
        leaver = self._leaver(official)
        if leaver is None:
            return Joined(self.register_official(actor, official))
        with self._uow.begin(actor, COMMAND, self._arrival(leaver.id, official.appointments)):
            # Under which code somebody was here before is told to nobody who may not take the person on.
            if official.employee_code.strip().upper() != leaver.employee_code:
                raise errors.left_under(leaver.employee_code, official.employee_code)
            again = self.rejoin(actor, leaver.id, official.appointments, order)
            self.change_official(actor, leaver.id, _facts(official))
        return Joined(leaver.id, again)

    def _leaver(self, official: NewOfficial) -> OfficialView | None:
        """Return the person of the ID number, if they have left."""
        known = self._queries.official_by_id_number(searchable(official.id_number).strip().upper())
        return known if known is not None and known.status == standings.LEFT else None

    def _arrival(self, official_id: UUID, places: Sequence[NewAppointment]) -> Target:
        """Return the person as a target, who lies where the new places lie."""
        path = self._path_of_all(place.department_id for place in places) if places else None
        return Target("official", str(official_id), path, attributes={"official_id": str(official_id)})

    def _return(self, tx: Transaction, official_id: UUID, places: Sequence[NewAppointment], order: Order) -> Recorded:
        """Write the new period of service; the caller holds the person's lock."""
        at = order.effective_at or tx.now
        left = self._last_leave(official_id)
        away = standings.stretches(tx.session, official_id, at)
        standings.restate(tx.session, official_id, Stretch(standings.ACTIVE, at, None))
        rows = [_row(official_id, place) for place in places]
        for row in rows:
            changes.begin(tx, row)
        foremost = next((row for row in rows if row.kind == "primary"), rows[0] if rows else None)
        place_id = foremost.id if foremost is not None else None
        change = changes.record(tx, official_id, REJOIN, at, order.reason, appointment_id=place_id, standings=away)
        if left is not None:
            # From here on it is no mistake to be undone: that would bring back what the return does not.
            left.superseded_by = change.id
        tx.session.flush()
        tx.record(
            OfficialRejoined(
                subject=f"official:{official_id}", official_id=official_id, change_id=change.id, effective_at=at, reason=order.reason
            )
        )
        return Recorded(change.id, at, at > tx.now, place_id)


def _checked(place: NewAppointment, fields: Fields, at: datetime) -> NewAppointment:
    return inputs.checked_appointment(replace(place, starts_at=max(place.starts_at or at, at)), fields, at)


def _facts(official: NewOfficial) -> OfficialChange:
    """Return what a form for somebody new says of a person who is known."""
    return OfficialChange(
        name=official.name,
        phone=(official.phone or "").strip() or None,
        rank=official.rank.strip() or None,
        staffing_type=official.staffing_type,
        security_label=official.security_label,
    )


def _row(official_id: UUID, place: NewAppointment) -> Appointment:
    return Appointment(
        id=place.id,
        official_id=official_id,
        department_id=place.department_id,
        office_id=place.office_id,
        kind=place.kind,
        post=place.post,
        position=place.position,
        valid_from=place.starts_at,
        valid_to=place.ends_at,
        handover_from=None,
        end_noted_at=None,
    )
