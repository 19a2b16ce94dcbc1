"""Direct roles on a person's page: 授予角色 within the ceiling, with what it opens shown first, and 结束 with what it closes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC
from typing import TYPE_CHECKING, Any
from uuid import UUID

from flask import Response, flash, make_response, redirect, request, url_for
from flask_admin import expose

from govcloud.authorization.commands import DELEGATED_ROLES, NewAssignment, checked_assignment
from govcloud.authorization.rights.giving import ASSIGN, END, Held, Offer, Touched
from govcloud.entrypoints.console.parts.people_reach import department_named, person_within, reach
from govcloud.entrypoints.console.parts.typed import checked_reason
from govcloud.entrypoints.console.people.change_forms import Filled, day_of
from govcloud.entrypoints.console.rights.authorization import role_choice, role_name
from govcloud.kernel.errors import Denied, FieldError, GovcloudError, Invalid, NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import Fields
from govcloud.web.errors import status_of
from govcloud.web.gate import current_actor, may, no_permission, services
from govcloud.web.locale import own_words, say
from govcloud.web.standing import PLATFORM

if TYPE_CHECKING:
    from govcloud.authorization.queries import AssignmentView
    from govcloud.identity.views import AppointmentView, OfficialView

#: In the form, the place that stands for all of them.
_EVERY = "all"
_FIELDS = ("appointment", "role_code", "department", "ends_on", "reason")
LABELS = {
    "role_code": Message("角色"),
    "department": Message("管理范围（部门及其下级）"),
    "ends_on": Message("结束日期"),
    "reason": Message("原因"),
}
#: Refusals of the whole command that are about one field.
_REFUSED_ON = {"above_ceiling": "role_code", "officers_exclusive": "role_code"}


@dataclass(frozen=True)
class RoleRow:
    """A directly given role as the person's page lists it; ``place`` is where it holds (``None``: under every appointment)."""

    held: AssignmentView
    place: AppointmentView | None
    may_end: bool


@dataclass(frozen=True)
class Giving:
    """A person to whom a role is to be given, at a place (``None``: under every appointment), with what may be chosen."""

    person: OfficialView
    places: Sequence[AppointmentView]
    place: AppointmentView | None
    everywhere: bool
    offer: Offer

    @property
    def appointment(self) -> str:
        """Return the place as the form carries it."""
        return str(self.place.id) if self.place else _EVERY

    def new(self, values: Mapping[str, str]) -> NewAssignment:
        """Return what the form asks for, checked as far as can be told before the command.

        Raises:
            Invalid: names every field that is wrong.
        """
        found: list[FieldError] = []
        fields, role = Fields(), values["role_code"]
        if role not in {one.code for one in self.offer.roles}:
            fields.fail("role_code", Message("请从可授予的角色中选择。"), role)
        until, scope = None, None
        try:
            until = day_of("ends_on", values)
        except Invalid as error:
            found += error.fields
        if until is None and not found and self.offer.bounded:
            fields.fail("ends_on", Message("单独授予的角色必须有结束时间。"))
        try:
            scope = {"department_path": department_named("department", values["department"]).path} if values["department"] else None
        except Invalid as error:
            found += error.fields
        try:
            checked_reason(values["reason"])
        except Invalid as error:
            found += error.fields
        under = self.place.id if self.place else None
        new = NewAssignment(self.person.id, role, under, scope, values["reason"], until)
        if role and not fields.findings and not (values["department"] and scope is None):
            checked_assignment(new, services().clock.now(), services().authorization_queries.policy().roles, fields)
        if found or fields.findings:
            raise Invalid.of(*fields.findings, *found)
        return replace(new, until=until.astimezone(UTC)) if until else new


class PersonRoles:
    """The routes of a person's direct roles; a part of the view of people."""

    if TYPE_CHECKING:

        def render(self, template: str, **kwargs: Any) -> str: ...  # noqa: D102, ANN401 - the view's

    @expose("/give-role/<official_id>", methods=("GET", "POST"))
    def give_role_view(self, official_id: str) -> Response:
        """Choose a role, look at what it opens, and give it when that is confirmed."""
        person = person_within(official_id)
        giving = _giving(person, request.values.get("appointment", ""))
        filled = Filled({name: request.form.get(name, "").strip() for name in _FIELDS})
        preview: NewAssignment | None = None
        status = 200
        if request.method == "POST":
            try:
                new = giving.new(filled.values)
                if "confirmed" in request.form:
                    services().authorization.assign_role(
                        current_actor(),
                        person.id,
                        new.role_code,
                        new.appointment_id,
                        scope=new.scope,
                        reason=new.reason,
                        until=new.until,
                    )
                    said = Message("已授予%(name)s“%(role)s”角色，立即生效。", name=person.name, role=role_name(new.role_code))
                    flash(say(said), "success")
                    return make_response(redirect(url_for(".details_view", id=person.id), 303))
                preview = None if "back" in request.form else new
            except GovcloudError as error:
                _take(filled, error)
                status = status_of(error)
        return make_response(self._give_page(giving, filled, preview), status)

    @expose("/end-role/<uuid:assignment_id>", methods=("GET", "POST"))
    def end_role_view(self, assignment_id: UUID) -> Response:
        """Show what a direct role opens that nothing else does, and end it when that is confirmed with a reason."""
        held, person, place = _held_within(assignment_id)
        filled, status = Filled({"reason": request.form.get("reason", "").strip()}), 200
        if request.method == "POST":
            try:
                ended = services().authorization.end_assignment(current_actor(), held.id, checked_reason(filled.values["reason"]))
            except GovcloudError as error:
                filled.take(error)
                status = status_of(error)
            else:
                role = role_name(held.role_code)
                said = (
                    Message("“%(role)s”角色已结束，立即生效。", role=role) if ended else Message("“%(role)s”角色此前已经结束。", role=role)
                )
                flash(say(said), "success" if ended else "info")
                return make_response(redirect(url_for(".details_view", id=person.id), 303))
        under = held.appointment_id or _first_place(person.id)
        lost = services().authorization_queries.giving.lost(person.id, under, held.id) or ()
        page = self.render(
            "console/end_role.html",
            person=person,
            held=held,
            place=place,
            filled=filled,
            role_name=role_name,
            lost=_grouped(item for item in lost if not item.partly),
            narrowed=_grouped(item for item in lost if item.partly),
        )
        return make_response(page, status)

    def _give_page(self, giving: Giving, filled: Filled, new: NewAssignment | None) -> str:
        gained: tuple[Touched, ...] | None = ()
        role = next((one for one in giving.offer.roles if new and one.code == new.role_code), None)
        if new is not None:
            under = new.appointment_id or _first_place(giving.person.id)
            gained = services().authorization_queries.giving.gained(giving.person.id, under, new.role_code, new.scope)
        roles = [(one.code, role_choice(one.code)) for one in giving.offer.roles]
        return self.render(
            "console/give_role.html",
            giving=giving,
            person=giving.person,
            place_options=_place_options(giving),
            role_options=[("", say(Message("请选择"))), *roles],
            delegated=any(one.code in DELEGATED_ROLES for one in giving.offer.roles),
            filled=filled,
            labels=LABELS,
            preview=new,
            role=role,
            role_name=role_name,
            description=own_words(role.description) if role else "",
            inactive=gained is None,
            gained=_grouped(one for one in gained or () if not one.partly),
            widened=_grouped(one for one in gained or () if one.partly),
        )


def role_rows(official_id: UUID, places: Sequence[AppointmentView]) -> list[RoleRow]:
    """Return a person's direct roles that hold now, and which of them the reader may end."""
    known = {place.id: place for place in places}
    held = services().authorization_queries.assignments_of(official_id)
    asked = [Held(row.id, row.appointment_id, row.role_code) for row in held]
    may_end: frozenset[UUID] = frozenset()
    if asked and reach(END).paths:
        may_end = services().authorization_queries.giving.endable(current_actor(), official_id, asked, places)
    return [RoleRow(row, known.get(row.appointment_id) if row.appointment_id else None, row.id in may_end) for row in held]


def may_give(person: OfficialView, places: Sequence[AppointmentView]) -> bool:
    """Return whether the reader may give the person a role at any of ``places``, whatever the ceiling there has."""
    within = [place for place in places if reach(ASSIGN).covers(place.department_path)]
    return bool(within) and may(ASSIGN, {"official_id": str(person.id), "department_path": within[0].department_path})


def _giving(person: OfficialView, appointment: str) -> Giving:
    """Return what may be given to ``person`` at the place named, by default at the first within reach.

    Raises:
        Denied: the reader may give this person no role.
        NotFound: the person has no such appointment within reach.
    """
    if not reach(ASSIGN).paths:
        raise no_permission()
    held = services().identity_queries.appointments_of(person.id)
    places = tuple(place for place in held if reach(ASSIGN).covers(place.department_path))
    if not may_give(person, places):
        raise Denied(
            "no_permission",
            Message("您不能为此人授予角色。"),
            remedy=Message("此人须有现任的任职在您的管理范围内；任何人都不能为自己授予角色。如确需办理，请联系安全管理员。"),
        )
    everywhere = reach(ASSIGN).everywhere
    place = next((one for one in places if str(one.id) == appointment), places[0] if not appointment else None)
    if place is None and not (everywhere and appointment == _EVERY):
        raise NotFound.of(Message("任职"), appointment)
    offer = services().authorization_queries.giving.offer(current_actor(), person.id, place)
    return Giving(person, places, place, everywhere, offer)


def _held_within(assignment_id: UUID) -> tuple[AssignmentView, OfficialView, AppointmentView | None]:
    """Return a direct role that the reader may end, whose it is, and where it holds.

    Raises:
        NotFound: there is no such role within reach.
        Denied: the reader may not end it.
    """
    held = services().authorization_queries.assignment(assignment_id)
    if held is None:
        raise NotFound.of(Message("角色授予"), assignment_id)
    person, within = person_within(held.official_id), reach(END)
    if not within.paths:
        raise no_permission()
    places = services().identity_queries.appointments_of(person.id)
    place = next((one for one in places if one.id == held.appointment_id), None)
    if held.appointment_id and not within.everywhere and not (place and within.covers(place.department_path)):
        raise NotFound.of(Message("角色授予"), assignment_id)
    one = Held(held.id, held.appointment_id, held.role_code)
    if not services().authorization_queries.giving.endable(current_actor(), person.id, [one], places):
        raise Denied(
            "no_permission",
            Message("您不能结束这项角色。"),
            remedy=Message("部门管理员只能结束落在本部门任职上、且在授予上限之内的角色，自己的除外。请联系安全管理员办理。"),
        )
    return held, person, place


def _take(filled: Filled, error: GovcloudError) -> None:
    """Put a refusal on the field that it is about; the rest stands on top of the form."""
    field = _REFUSED_ON.get(error.code)
    if field is None:
        filled.take(error)
    else:
        filled.errors[field] = " ".join(say(part) for part in (error.message, error.remedy) if part is not None)


def _first_place(official_id: UUID) -> UUID | None:
    """Return the appointment under which to show what a role of the person, not of an appointment, does."""
    held = services().identity_queries.appointments_of(official_id)
    return held[0].id if held else None


def _place_options(giving: Giving) -> list[tuple[str, str]]:
    own = [(str(place.id), f"{place.department_name} · {place.position}") for place in giving.places]
    return [*own, (_EVERY, say(Message("全部任职")))] if giving.everywhere else own


def _grouped(found: Iterable[Touched]) -> list[tuple[str, list[str]]]:
    """Return functions by name under the name of their subsystem."""
    names = {item.code: own_words(item.name) if item.code == PLATFORM else item.name for item in services().subsystem_queries.all()}
    grouped: dict[str, list[str]] = {}
    for item in found:
        own = item.subsystem_code == PLATFORM
        grouped.setdefault(names.get(item.subsystem_code, item.subsystem_code), []).append(own_words(item.name) if own else item.name)
    return list(grouped.items())


def withheld_rows(official_id: UUID) -> tuple[AssignmentView, ...]:
    """Return the roles that an undone leave did not give back, as they conflict with what the person holds by now."""
    undone = [change.id for change in services().identity_queries.changes_of(official_id) if change.state == "undone"]
    return services().authorization_queries.withheld_of(official_id, undone) if undone else ()
