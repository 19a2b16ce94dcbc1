"""Names beside ids: divisions, departments and people, each looked up once for a page."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from govcloud.access.views import PersonView
from govcloud.authorization.scope import Scope
from govcloud.identity.queries import IdentityQueries


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
        wanted = scope.divisions or ()
        missing = [code for code in wanted if code not in self._divisions]
        if missing:
            self._divisions.update(self._identity.division_names(missing))
        return tuple(self._divisions.get(code, code) for code in wanted)

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
            self._people[key] = PersonView(
                official_id=official_id,
                appointment_id=appointment_id,
                name=subject.name if subject else self._identity.official_names([official_id]).get(official_id, ""),
                department_id=subject.department_id if subject else None,
                department_name=subject.department_name if subject else "",
                post=subject.post if subject else "",
            )
        return self._people[key]
