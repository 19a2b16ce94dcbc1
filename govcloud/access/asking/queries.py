"""Reads of asking: the search, one's basket, a matter as one would ask for it, a request that is asked for anew, and a submission."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.orm import Session

from govcloud.access import errors
from govcloud.access.asking.files_views import AttachmentView, view_of
from govcloud.access.asking.models import Attachment, BasketItem
from govcloud.access.asking.searching import Search
from govcloud.access.asking.standing import Standings
from govcloud.access.asking.views import AskedItem, AskedMatter, Hit
from govcloud.access.clocks.line_clock import Clocks
from govcloud.access.deciding.routing import nearest
from govcloud.access.facts import PersonFacts
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest
from govcloud.access.showing import Shower
from govcloud.access.views import PersonView, RequestView
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.finding.reach import Reach
from govcloud.identity.queries import Subject
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.errors import NotFound
from govcloud.kernel.messages import Message
from govcloud.kernel.validation import searchable

_MOST_HITS = 20


@dataclass(frozen=True)
class Chosen:
    """An item with what was chosen for it so far, and its place in a matter."""

    item_id: UUID
    scope: Scope | None = None
    days: int | None = None
    stage: int = 1
    duty: str | None = None


class AskingQueries:
    """Answers what somebody may ask for, and how they stand to it; it never writes. All of it is about the actor alone."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader, clock: Clock, clocks: Clocks) -> None:
        """Take the source of reading sessions, the loader of facts, the clock, and the clocks that run on departments."""
        self._read = read
        self._facts = facts
        self._clock = clock
        self._clocks = clocks

    def search(self, actor: Actor, text: str, limit: int = 8) -> tuple[Hit, ...]:
        """Return what holds every word of ``text`` in its name, pinyin or initials, at most so many of each kind; nothing for an empty one.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        now = self._clock.now()
        person = self._facts.acting(actor, now)
        if not searchable(text):
            return ()
        return Search(self._read, self._facts, person, now).hits(text, max(1, min(limit, _MOST_HITS)))

    def basket(self, actor: Actor) -> tuple[AskedItem, ...]:
        """Return what lies in the basket of the actor's duty, in the order in which it was put there.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        person = self._facts.acting(actor, self._clock.now())
        query = select(BasketItem).where(*_mine(person)).order_by(BasketItem.added_at, BasketItem.item_id)
        rows = self._read().scalars(query).all()
        return self.asked(
            actor, [Chosen(row.item_id, Scope.from_json(row.scope) if row.scope is not None else None, row.days) for row in rows]
        )

    def basket_count(self, actor: Actor) -> int:
        """Return how many items lie in the basket of the actor's duty; none without a duty."""
        if actor.official_id is None or actor.appointment_id is None:
            return 0
        mine = (BasketItem.official_id == actor.official_id, BasketItem.appointment_id == actor.appointment_id)
        return self._read().scalar(select(func.count()).select_from(BasketItem).where(*mine)) or 0

    def matter(self, actor: Actor, matter_id: UUID) -> AskedMatter:
        """Return a matter as the actor would ask for it.

        Raises:
            NotFound: there is none, or it has ended.
            Denied: the actor is not an official in an appointment.
        """
        view = self._facts.subsystems.matter(matter_id)
        if view is None or view.ended_at is not None:
            raise NotFound.of(Message("一件事"), matter_id)
        items = self.asked(actor, [Chosen(entry.item.id, stage=entry.stage, duty=entry.duty) for entry in view.items])
        lead = self._facts.department_names([self._facts.department_path(view.lead_department_id)], self._clock.now())
        return AskedMatter(view.id, view.code, view.name, "".join(lead), view.version, items)

    def asked(self, actor: Actor, chosen: Sequence[Chosen]) -> tuple[AskedItem, ...]:
        """Return items as the actor would ask for them, in the order of ``chosen``; what the catalogue never had is left out.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        now = self._clock.now()
        person = self._facts.acting(actor, now)
        known = self._facts.subsystems.items(one.item_id for one in chosen)
        wanted = [one for one in chosen if one.item_id in known]
        entries = {entry.id: entry for entry in Shower(self._read(), self._facts, now).catalogue([known[one.item_id] for one in wanted])}
        standings = Standings(self._read, self._facts, person, now)
        standing = standings.of([known[one.item_id] for one in wanted])
        waits = {one.item_id: self._waits_for(standings, one.item_id, now) for one in wanted}
        due = {one.item_id: self._clocks.lapses_at(known[one.item_id].tier, now) for one in wanted}
        by_case = self._facts.authorization.apart.tied_to_cases({known[one.item_id].function for one in wanted}) if wanted else frozenset()
        return tuple(
            AskedItem(
                entry=entries[one.item_id],
                standing=standing[one.item_id],
                waits_for=waits[one.item_id],
                due_at=due[one.item_id],
                scope=one.scope,
                days=one.days,
                stage=one.stage,
                duty=one.duty,
                by_case=known[one.item_id].function in by_case,
            )
            for one in wanted
        )

    def submission(self, actor: Actor, submission_id: UUID) -> tuple[RequestView, ...]:
        """Return the requests of a submission that the actor made or that were made for them, in the order in which they were made.

        Raises:
            NotFound: there is none such.
        """
        own = or_(AccessRequest.requester_official_id == actor.official_id, AccessRequest.beneficiary_official_id == actor.official_id)
        # The condition of the index stands here in its words.
        beside = and_(AccessRequest.submission_id == submission_id, AccessRequest.submission_id != AccessRequest.id)
        query = select(AccessRequest).where(or_(AccessRequest.id == submission_id, beside), own).order_by(AccessRequest.id)
        rows = self._read().scalars(query).all()
        if actor.official_id is None or not rows:
            raise errors.no_such_request(submission_id)
        return Shower(self._read(), self._facts, self._clock.now()).requests(rows, actor.official_id)

    def colleagues(self, actor: Actor, text: str, limit: int = 10, *, below: bool = True) -> tuple[PersonView, ...]:
        """Return people of the actor's department (and those below it) whose name, pinyin, initials or code begins with ``text``.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        now = self._clock.now()
        person = self._facts.acting(actor, now)
        reach = Reach((person.department_path,))
        found = self._facts.identity.search_officials(text, limit, reach=reach, status="active", at=now)
        order = {view.id: place for place, view in enumerate(found.rows)}
        subjects = [subject for subject in self._facts.identity.subjects_among(order, now) if _is_near(subject, person, below=below)]
        return tuple(
            _person(subject) for subject in sorted(subjects, key=lambda subject: (order[subject.official_id], subject.kind != "primary"))
        )

    def people(self, actor: Actor, appointments: Sequence[UUID]) -> tuple[PersonView, ...]:
        """Return those of ``appointments`` that the actor may ask for: live ones in the own department and below, in their order.

        Raises:
            Denied: the actor is not an official in an appointment.
        """
        now = self._clock.now()
        person = self._facts.acting(actor, now)
        found = self._facts.identity.subjects_asked((key, now) for key in appointments)
        subjects = (found.get((key, now)) for key in appointments)
        return tuple(_person(subject) for subject in subjects if subject is not None and _is_near(subject, person))

    def attachments(self, request: RequestView) -> tuple[AttachmentView, ...]:
        """Return what goes with the submission of a request, the first first; whoever asks has been shown the request."""
        mine = Attachment.submission_id == (request.submission_id or request.id)
        rows = self._read().scalars(select(Attachment).where(mine).order_by(Attachment.id))
        return tuple(view_of(row) for row in rows)

    def _waits_for(self, standings: Standings, item_id: UUID, now: datetime) -> tuple[str, ...]:
        """Return the departments whose senior administrators would be asked first."""
        path = standings.owner_path(item_id)
        paths = dict.fromkeys(holder.path for holder in nearest(path, standings.deciders(path)))
        return self._names(tuple(paths), now)

    def _names(self, paths: Iterable[str], now: datetime) -> tuple[str, ...]:
        return self._facts.department_names(tuple(paths), now)


def _is_near(subject: Subject, person: PersonFacts, *, below: bool = True) -> bool:
    """Return whether somebody else serves in the department of ``person``, or below it."""
    path, own = subject.department_path, person.department_path
    return subject.active and subject.official_id != person.official_id and (path.startswith(own) if below else path == own)


def _person(subject: Subject) -> PersonView:
    return PersonView(
        subject.official_id, subject.appointment_id, subject.name, subject.department_id, subject.department_name, subject.post
    )


def _mine(person: PersonFacts) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return (BasketItem.official_id == person.official_id, BasketItem.appointment_id == person.appointment_id)
