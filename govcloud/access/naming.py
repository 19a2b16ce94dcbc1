"""Names beside ids: divisions, departments and people, each looked up once for a page."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from govcloud.access.views import PersonView
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.queries import IdentityQueries, Subject
from govcloud.subsystems.queries import ServiceItemView


class Names:
    """Remembers what it has looked up; made for one page and thrown away."""

    def __init__(self, identity: IdentityQueries) -> None:
        """Take the queries of identity."""
        self._identity = identity
        self._divisions: dict[str, str] = {}
        self._departments: dict[UUID, str] = {}
        self._people: dict[UUID, PersonView] = {}

    def divisions(self, scope: Scope) -> tuple[str, ...]:
        """Return the names of a scope's divisions; none for the whole province."""
        self.learn_divisions([scope])
        return tuple(self._divisions.get(code, code) for code in scope.divisions or ())

    def department(self, department_id: UUID, at: datetime) -> str:
        """Return a department's name now, or what it was called at ``at`` if it is no longer."""
        if department_id not in self._departments:
            found = self._identity.department(department_id) or self._identity.department(department_id, at)
            self._departments[department_id] = found.name if found else ""
        return self._departments[department_id]

    def person(self, official_id: UUID, appointment_id: UUID | None, at: datetime) -> PersonView:
        """Return a person in a duty as it stood at ``at``; without an appointment, the person alone."""
        key = appointment_id or official_id
        if key not in self._people:
            subject = self._identity.subject(appointment_id, at) if appointment_id else None
            self._people[key] = _in_duty(subject) if subject else self._alone(official_id, appointment_id)
        return self._people[key]

    def learn_divisions(self, scopes: Iterable[Scope]) -> None:
        """Look up at once the divisions of a list that is about to be shown."""
        missing = {code for scope in scopes for code in scope.divisions or () if code not in self._divisions}
        if missing:
            self._divisions.update(self._identity.division_names(missing))

    def learn_people(self, wanted: Iterable[tuple[UUID | None, datetime]]) -> None:
        """Look up at once the people of a list that is about to be shown: appointments, each with the moment that counts."""
        missing: dict[UUID, datetime] = {}
        for appointment_id, at in wanted:
            if appointment_id is not None and appointment_id not in self._people:
                missing.setdefault(appointment_id, at)
        found = self._identity.subjects_asked(missing.items())
        self._people.update((appointment_id, _in_duty(subject)) for (appointment_id, _at), subject in found.items())

    def learn_officials(self, wanted: Iterable[UUID]) -> None:
        """Look up at once people who are about to be shown by name alone."""
        missing = {official_id for official_id in wanted if official_id not in self._people}
        found = self._identity.official_names(missing) if missing else {}
        for official_id, name in found.items():
            self._people[official_id] = PersonView(official_id, None, name, department_id=None, department_name="", post="")

    def _alone(self, official_id: UUID, appointment_id: UUID | None) -> PersonView:
        name = self._identity.official_names([official_id]).get(official_id, "")
        return PersonView(official_id, appointment_id, name, department_id=None, department_name="", post="")


def named(items: Iterable[ServiceItemView]) -> tuple[str, ...]:
    """Return service items as people read them, each with its implementation code."""
    return tuple(f"{item.name}（{item.code}）" for item in items)


def _in_duty(subject: Subject) -> PersonView:
    return PersonView(
        official_id=subject.official_id,
        appointment_id=subject.appointment_id,
        name=subject.name,
        department_id=subject.department_id,
        department_name=subject.department_name,
        post=subject.post,
    )
