"""From the difference between an official as he is and as a client wants him to commands; the caller's transaction holds them all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from govcloud.entrypoints.scim.users import WantedPerson, WantedPlace, same_place
from govcloud.identity.directory import Directory, PersonRecord, Place
from govcloud.identity.inputs import NewAppointment, NewOfficial, OfficialChange
from govcloud.identity.service import Identity
from govcloud.identity.working_life.orders import Order
from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields


class PeopleWriter:
    """Runs the commands that make officials what a client wants them to be."""

    def __init__(self, identity: Identity, directory: Directory, actor: Actor) -> None:
        """Take the commands, the reads between them, and who runs them."""
        self._identity = identity
        self._directory = directory
        self._actor = actor
        self._reason = f"SCIM: {actor.name}"

    def register(self, wanted: WantedPerson) -> UUID:
        """Enter a person and return the id; somebody who left comes back under the one account that there is (重新入职).

        Raises:
            Invalid: an attribute is wrong.
            Conflict: the employee code or the ID number is registered already, or the person left under another code.
        """
        departments = self._departments(wanted.places)
        returning = self._directory.people.suspended_without_place(wanted.employee_code)
        if returning is not None and self._directory.people.has_id_number(returning, wanted.id_number or ""):
            self._directory.people.locked(returning, left_too=True)
            self._identity.restore_official(self._actor, returning, self._reason)
            self.change(self._directory.people.locked(returning), wanted)
            return returning
        row = NewOfficial(
            employee_code=wanted.employee_code,
            name=wanted.name,
            id_number=wanted.id_number or "",
            phone=wanted.phone or None,
            rank=wanted.rank,
            staffing_type=wanted.staffing_type,
            security_label=wanted.security_label,
            appointments=tuple(_new(place, departments[place.uscc]) for place in wanted.places),
        )
        official_id = self._identity.join(self._actor, row, Order(self._reason)).official_id
        if not wanted.active:
            self._identity.disable_official(self._actor, official_id, self._reason)
        return official_id

    def change(self, held: PersonRecord, wanted: WantedPerson) -> None:
        """Change a person: restore first and suspend last, so that what lies between is done to somebody who may act.

        Raises:
            Invalid: an attribute is wrong.
            Conflict: the ID number is somebody else's, or two appointments would be primary at a time.
        """
        departments = self._departments(wanted.places)
        if wanted.active and not held.active:
            self._identity.restore_official(self._actor, held.id, self._reason)
        if wanted.id_number and not self._directory.people.has_id_number(held.id, wanted.id_number):
            self._identity.correct_id_number(self._actor, held.id, wanted.id_number)
        change = OfficialChange(
            name=_other(wanted.name, held.name),
            phone=wanted.phone,
            rank=_other(wanted.rank, held.rank),
            staffing_type=_other(wanted.staffing_type, held.staffing_type),
            security_label=None if wanted.security_label == held.security_label else wanted.security_label,
        )
        if change != OfficialChange():
            self._identity.change_official(self._actor, held.id, change)
        self._change_places(held, wanted.places, departments)
        if held.active and not wanted.active:
            self._identity.disable_official(self._actor, held.id, self._reason)

    def remove(self, held: PersonRecord) -> None:
        """Let a person leave (离职): all that was held ends; nothing is erased, and who comes back has the account of then."""
        self._identity.leave(self._actor, held.id, Order(self._reason))

    def _change_places(self, held: PersonRecord, wanted: Sequence[WantedPlace], departments: Mapping[str, UUID]) -> None:
        """End what is no longer wanted, then begin what is new: a primary place is free before another one takes it."""
        standing = {place.id: place for place in held.places}
        kept = {place.id for place in wanted if place.id in standing and same_place(place, standing[place.id])}
        for place_id in standing.keys() - kept:
            self._identity.end_appointment(self._actor, place_id, self._reason)
        for place in wanted:
            if place.id not in kept:
                self._identity.appoint(self._actor, held.id, _new(_following(place, standing), departments[place.uscc]))

    def _departments(self, places: Sequence[WantedPlace]) -> Mapping[str, UUID]:
        """Return the departments that are named, by unified social credit code.

        Raises:
            Invalid: names every one that there is not.
        """
        codes = {place.uscc for place in places}
        found = self._directory.departments.by_uscc(codes) if codes else {}
        fields = Fields()
        for index, place in enumerate(places):
            if place.uscc not in found:
                fields.fail(f"appointments[{index}].department", Message("没有这个部门，请核对。"), place.uscc)
        fields.done()
        return found


def _other(wanted: str, held: str) -> str | None:
    return None if wanted == held else wanted


def _following(place: WantedPlace, standing: Mapping[UUID, Place]) -> WantedPlace:
    """Return the appointment that follows one whose facts changed: under another id, and from now on unless it lies ahead."""
    before = standing.get(place.id) if place.id else None
    if before is None:
        return place
    start = None if before.live and place.starts_at == before.starts_at else place.starts_at
    return WantedPlace(None, place.uscc, place.position, place.post, place.kind, start, place.ends_at)


def _new(place: WantedPlace, department_id: UUID) -> NewAppointment:
    return NewAppointment(
        department_id,
        place.position,
        place.post,
        kind=place.kind,
        starts_at=place.starts_at,
        ends_at=place.ends_at,
        id=place.id or new_id(),
    )
