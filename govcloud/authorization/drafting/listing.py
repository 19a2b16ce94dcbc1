"""Who is touched, by name, page by page: people of groups by duty are found anew as of the moment at which they were counted."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.drafting.apart import Apart, People
from govcloud.authorization.drafting.effects import Effect
from govcloud.authorization.drafting.measuring import Gathered, Measured
from govcloud.authorization.drafting.models import PolicyImpact, PolicyImpactGroup, PolicyImpactMember, PolicyImpactPlace
from govcloud.authorization.drafting.views import GroupView, Touched, TouchedPage
from govcloud.identity.finding.grouping import Grouping, GroupQueries, Key, sets_of
from govcloud.identity.queries import Subject

_PEOPLE = ("direct", "duty", "unplaced")
_BATCH = 200


class Listing:
    """Lists the people of an impact; reads only."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider."""
        self._read = read
        self._decider = decider
        self._groups = GroupQueries(read)
        self._people = People(read, decider, self._groups)

    def page(self, impact: PolicyImpact, groups: Sequence[GroupView], *, after: str | None, limit: int) -> TouchedPage:
        """Return a page of the people in ``groups``, group after group; ``after`` is that of the page before."""
        number, place = _cursor(after)
        rows: list[tuple[Touched, GroupView]] = []
        for group in groups:
            if group.kind not in _PEOPLE or group.number < number:
                continue
            begin = place if group.number == number else None
            left = limit + 1 - len(rows)
            rows += [(person, group) for person in self._of_group(impact, group, begin, left)]
            if len(rows) > limit:
                last, its = rows[limit - 1]
                return TouchedPage(tuple(rows[:limit]), f"{its.number}.{last.appointment_id or last.official_id}")
        return TouchedPage(tuple(rows), None)

    def of_measured(self, measured: Measured, group: Gathered, limit: int) -> list[Touched]:
        """Return the first people of a group that was measured and not kept."""
        at = measured.grouping.at
        if group.kind == "duty":
            numbers = {key[0] for key in group.classes}
            departments = {number: ids for number, ids in sets_of(measured.grouping.numbers) if number in numbers}
            return self._in_classes(group.classes, departments, measured.grouping, measured.apart, after=None, limit=limit)
        members = group.members[:limit]
        names = self._groups.people({official for _, official, _ in members})
        subjects = {row.appointment_id: row for row in self._decider.identity.subjects_among(names, at)}
        return [_touched(official, subjects.get(place), names) for place, official, _ in members]

    def groups(self, impact_id: UUID, *, function: str | None = None, effects: Iterable[Effect] = ()) -> tuple[GroupView, ...]:
        """Return the groups of an impact in their order: all of them, or those to whom something happens with one function."""
        query = select(PolicyImpactGroup).where(PolicyImpactGroup.impact_id == impact_id).order_by(PolicyImpactGroup.number)
        wanted = frozenset(effects)
        found = (_group_view(row) for row in self._read().scalars(query))
        if function is None:
            return tuple(group for group in found if not wanted or wanted & frozenset(group.effects.values()))
        return tuple(group for group in found if function in group.effects and (not wanted or group.effects[function] in wanted))

    def _of_group(self, impact: PolicyImpact, group: GroupView, after: UUID | None, limit: int) -> list[Touched]:
        if group.kind == "direct":
            return self._by_name(impact, group.number, after, limit)
        if group.kind == "unplaced":
            return self._unplaced(impact, after, limit)
        return self._by_duty(impact, group.number, after, limit)

    def _by_name(self, impact: PolicyImpact, number: int, after: UUID | None, limit: int) -> list[Touched]:
        query = select(PolicyImpactMember).where(PolicyImpactMember.impact_id == impact.id, PolicyImpactMember.number == number)
        if after is not None:
            query = query.where(PolicyImpactMember.place_id > after)
        members = self._read().scalars(query.order_by(PolicyImpactMember.place_id).limit(limit)).all()
        people = {member.official_id for member in members}
        names = self._groups.people(people)
        subjects = {subject.appointment_id: subject for subject in self._decider.identity.subjects_among(people, impact.at)}
        return [_touched(member.official_id, subjects.get(member.place_id), names) for member in members]

    def _by_duty(self, impact: PolicyImpact, number: int, after: UUID | None, limit: int) -> list[Touched]:
        """Find the people of a group's classes, but those who stood apart and were looked at by themselves."""
        session = self._read()
        row = session.get(PolicyImpactGroup, (impact.id, number))
        keys: list[Key] = [(int(key[0]), *key[1:]) for key in row.classes] if row else []
        places = select(PolicyImpactPlace.number, PolicyImpactPlace.departments).where(PolicyImpactPlace.impact_id == impact.id)
        numbers = sorted({key[0] for key in keys})
        departments = {found.number: found.departments for found in session.execute(places.where(PolicyImpactPlace.number.in_(numbers)))}
        grouping, apart = Grouping(tuple(impact.grouped_by), {}, impact.at), Apart.from_json(impact.summary["apart"])
        return self._in_classes(keys, departments, grouping, apart, after=after, limit=limit)

    def _in_classes(
        self,
        keys: Sequence[Key],
        departments: Mapping[int, Sequence[UUID]],
        grouping: Grouping,
        apart: Apart,
        *,
        after: UUID | None,
        limit: int,
    ) -> list[Touched]:
        """Return people of classes, but those who stood apart and were looked at by themselves."""
        found: list[Touched] = []
        size = max(_BATCH, limit)
        while len(found) < limit:
            page = self._groups.members(keys, departments, grouping, after=after, limit=size)
            found += [_touched(subject.official_id, subject, {}) for subject in self._not_apart(page, apart, grouping.at)]
            if len(page) < size:
                break
            after = page[-1].appointment_id
        return found[:limit]

    def _not_apart(self, subjects: Sequence[Subject], apart: Apart, at: datetime) -> Iterator[Subject]:
        people = {subject.official_id for subject in subjects}
        facts_of = self._people.facts_of(list(people), apart, at)
        places = {person: len(found) for person, found in self._people.subjects_of(list(people), at).items()} if apart.everywhere else {}
        for subject in subjects:
            facts = facts_of(subject.official_id, subject.appointment_id)
            if not apart.stands(subject, facts, places.get(subject.official_id, 1)):
                yield subject

    def _unplaced(self, impact: PolicyImpact, after: UUID | None, limit: int) -> list[Touched]:
        apart = Apart.from_json(impact.summary["apart"])
        found: list[UUID] = []
        while len(found) < limit:
            page = self._groups.unplaced(impact.at, after=after, limit=max(_BATCH, limit))
            facts_of = self._people.facts_of(page, apart, impact.at)
            found += [person for person in page if not facts_of(person, None) and person not in apart.named]
            if len(page) < max(_BATCH, limit):
                break
            after = page[-1]
        names = self._groups.people(found[:limit])
        return [_touched(person, None, names) for person in found[:limit]]


def _cursor(after: str | None) -> tuple[int, UUID | None]:
    """Return the group and the place behind which the page begins; what is no cursor begins at the first."""
    number, _, place = (after or "").partition(".")
    try:
        return int(number), UUID(place)
    except ValueError:
        return -1, None


def _group_view(row: PolicyImpactGroup) -> GroupView:
    effects = {function: Effect(effect) for function, effect in row.effects}
    return GroupView(row.number, row.kind, row.size, tuple(row.label["roles"]), dict(row.label["attributes"]), effects)


def _touched(official_id: UUID, subject: Subject | None, names: Mapping[UUID, tuple[str, str]]) -> Touched:
    if subject is not None:
        return Touched(official_id, subject.appointment_id, subject.name, subject.employee_code, subject.department_name, subject.position)
    name, code = names.get(official_id, ("", ""))
    return Touched(official_id, None, name, code, "", "")
