"""Who may use a function: candidates from the database page by page, each decided by the engine."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.authorization.answers.candidates import Candidates, roles_about
from govcloud.authorization.answers.entries import PeopleCount, PeoplePage, PersonEntry, State
from govcloud.authorization.answers.groups import ID, Search, reads_about, scopes_about
from govcloud.authorization.answers.judging import Asked, answerable
from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.subjects.holding import EVERY_OFFICIAL
from govcloud.authorization.subjects.snapshot import is_function
from govcloud.identity.queries import Wanted

#: A page looks at so many candidates at most; one that finds too few among them says where it stopped.
MOST_CANDIDATES = 50_000
MOST_PEOPLE = 100_000
_GROWTH = 8


class People:
    """Lists and counts who may use a function."""

    def __init__(self, read: Callable[[], Session], decider: Decider, moments: Moments) -> None:
        """Take the source of reading sessions, the decider's reads of identity, and what decides when."""
        self._read = read
        self._decider = decider
        self._moments = moments

    def page(
        self,
        asked: Asked,
        moment: Moment,
        *,
        department_id: UUID | None,
        every_appointment: bool,
        limit: int,
        after: UUID | None,
    ) -> PeoplePage:
        """Return one page; see ``Answers.list_people``."""
        search = self._search(asked, moment, department_id, every_appointment=every_appointment)
        if search is None:
            return PeoplePage((), None, 0)
        most = max(1, min(limit, MOST_PEOPLE))
        found: list[PersonEntry] = []
        chunk, looked_at, start = most + 1, 0, after
        while True:
            until = self._read().scalar(search.candidates.boundary(start, chunk))
            found += search.entries(search.between(self._read(), start, until), most + 1 - len(found))
            looked_at += chunk
            start = until
            if until is None or len(found) > most or looked_at >= MOST_CANDIDATES:
                break
            chunk *= _GROWTH
        last = found[most - 1].id if len(found) > most else start
        return PeoplePage(tuple(found[:most]), last, search.moment.epoch)

    def count(self, asked: Asked, moment: Moment, *, department_id: UUID | None) -> PeopleCount:
        """Return how many may use it under some appointment; see ``Answers.count_people``."""
        search = self._search(asked, moment, department_id, every_appointment=True)
        if search is None:
            return PeopleCount(0, 0)
        if search.candidates.everybody and department_id is None:
            return PeopleCount(0, 0, everybody=True)
        until = self._read().scalar(search.candidates.boundary(None, MOST_PEOPLE))
        found = search.between(self._read(), None, until)
        allowed = {subject[:ID] for subject, come in found.items() if come.state is State.ALLOWED}
        return PeopleCount(len(allowed), len({subject[:ID] for subject in found} - allowed), more=until is not None)

    def _search(self, asked: Asked, moment: Moment, department_id: UUID | None, *, every_appointment: bool) -> Search | None:
        """Return the search, or ``None`` when the question has no answer for anybody."""
        traits = self._moments.traits_of(asked.function, moment) if is_function(asked.function) else None
        if traits is None or not answerable(asked, traits):
            return None
        within: tuple[str, ...] | None = None
        if department_id is not None:
            department = self._decider.identity.department(department_id, moment.at)
            if department is None:
                return None
            within = (department.path,)
        about, opening = roles_about(moment.policy, asked.function)
        duties = moment.duties.giving(about, moment.at)
        candidates = Candidates(
            function=asked.function,
            at=moment.at,
            roles=tuple(sorted(about - {EVERY_OFFICIAL})),
            duties=duties,
            everybody=EVERY_OFFICIAL in opening,
            opening=opening,
            paths=self._paths(Wanted(tuple(duty.criteria for duty in duties)).roots, moment.at),
            reads_cases=any(scope.reads_cases for scope in scopes_about(moment, asked.function)),
        )
        if candidates.nobody:
            return None
        return Search(asked, traits, moment, candidates, reads_about(asked, traits.label, moment, duties), within, every_appointment)

    def _paths(self, departments: frozenset[UUID], at: datetime) -> dict[UUID, str]:
        """Return where the departments that duties name stand then."""
        if not departments:
            return {}
        return {found.id: found.path for found in self._decider.identity.departments(departments, at).values()}
