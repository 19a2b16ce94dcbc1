"""Writes the notices that follow from events, for a whole command at once; which, and to whom, says the table (``table.py``).

Notices are written in the transaction of what they tell of, so that none is lost and none tells of what was rolled back. With them
go the promises of mail, for those who want it.

Who is called to decide is worked out at the end of the transaction, when the tasks are open that the command opens. What tells of an
answer is written at once: a decision that opens a grant ends in a lock that everybody meets at, which is not to be held for longer.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, insert, select, tuple_, update

from govcloud.access.deciding.called import People
from govcloud.access.lifecycle import RELINQUISHED, WAITING
from govcloud.access.models import RequestLine
from govcloud.access.notices.audiences import Audiences, LineFacts
from govcloud.access.notices.kinds import CALLS, KINDS
from govcloud.access.notices.mailing import Mailing
from govcloud.access.notices.models import Notice
from govcloud.access.notices.table import ANSWERS, GRANTS, HANDED_ON, LINES, PEOPLE, Happened, LineTelling, Scene, fields_of
from govcloud.kernel.events import Event, type_registry
from govcloud.kernel.ids import new_id, new_ids
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True)
class Draft:
    """A notice before it is written."""

    official_id: UUID
    kind: str
    params: Mapping[str, Any]
    link: str
    event_id: UUID
    line_id: UUID | None = None
    grant_id: UUID | None = None


@dataclass
class _Later:
    """What a transaction has still to tell when everything else in it is written.

    ``handed_on`` are conditions for lines that came to another owner, ``recalled`` people who may be asked about less than before.
    """

    happened: list[Happened] = field(default_factory=list)
    handed_on: list[ColumnElement[bool]] = field(default_factory=list)
    recalled: set[UUID] = field(default_factory=set)


_LATER = "govcloud.notices.later"
#: Ends that the holder brought about, or that leave nobody who could read of them.
_UNTOLD = frozenset({RELINQUISHED, "leaver", "disabled"})


class Telling:
    """Writes the notices that follow from events."""

    def __init__(self, audiences: Audiences, mailing: Mailing) -> None:
        """Take what knows who is concerned, and what promises mail."""
        self._audiences = audiences
        self._mailing = mailing

    def subscribe(self, uow: UnitOfWork) -> None:
        """Tell of every event of the tables that some domain records."""
        for name in LINES:
            uow.subscribe_set(type_registry[name], self.tell_of_lines)
        for name in GRANTS:
            uow.subscribe_set(type_registry[name], self.tell_of_grants)
        for name in PEOPLE:
            uow.subscribe_set(type_registry[name], self.tell_people)

    def tell_of_lines(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Tell what ``events``, all of one name, mean to people: at once what was answered, else when the transaction has done its work."""
        happened = [Happened(event, tx.actor.official_id) for event in events]
        if events[0].name in ANSWERS:
            self._tell(tx, _by_line(happened), {})
        else:
            self._later(tx).happened.extend(happened)

    def hand_on(self, tx: Transaction, **owned: object) -> None:
        """Call those who are asked about lines that wait, now that somebody else owns them: the lines that a column picks out."""
        self._later(tx).handed_on.extend(getattr(RequestLine, name) == value for name, value in owned.items())

    def recall(self, tx: Transaction, officials: Iterable[UUID]) -> None:
        """Let the calls of people whose right to decide ended count as read, as far as they are not asked any more."""
        self._later(tx).recalled.update(officials)

    def tell_of_grants(self, tx: Transaction, events: Sequence[Any]) -> None:
        """Write what becomes of grants to those who hold them."""
        kind, wanted = GRANTS[events[0].name]
        drafts = [
            Draft(
                official_id=event.official_id,
                kind=kind,
                params=fields_of(event, wanted),
                link=KINDS[kind].link,
                event_id=new_id(),
                grant_id=event.grant_id,
            )
            for event in events
            if not _known_already(tx, event)
        ]
        self.write(tx, drafts)

    def tell_people(self, tx: Transaction, events: Sequence[Any]) -> None:
        """Write what happened to people who are named in the events, but to whoever did it."""
        telling = PEOPLE[events[0].name]
        drafts = [
            Draft(official_id, telling.kind, telling.params(event), KINDS[telling.kind].link, occurrence)
            for event, occurrence in zip(events, new_ids(len(events)), strict=True)
            for official_id in dict.fromkeys(telling.whom(event))
            if official_id != tx.actor.official_id
        ]
        self.write(tx, drafts)

    def write(self, tx: Transaction, drafts: Iterable[Draft]) -> None:
        """Add notices, and promise those by mail that are wanted by mail."""
        found = list(drafts)
        if not found:
            return
        letters = self._mailing.letters_for(tx, [(draft.official_id, draft.kind) for draft in found])
        rows = [
            {
                "id": key,
                "official_id": draft.official_id,
                "kind": draft.kind,
                "params": dict(draft.params),
                "link": draft.link,
                "event_id": draft.event_id,
                "line_id": draft.line_id,
                "grant_id": draft.grant_id,
                "letter_id": letter_id,
                "created_at": tx.now,
                "read_at": None,
            }
            for key, draft, letter_id in zip(new_ids(len(found)), found, letters, strict=True)
        ]
        tx.session.execute(insert(Notice), rows)

    # At the end of a transaction

    def _later(self, tx: Transaction) -> _Later:
        """Return what this transaction has still to tell; the first that asks sees to it that it is told."""
        known: _Later | None = tx.session.info.get(_LATER)
        if known is None:
            known = tx.session.info[_LATER] = _Later()
            tx.do_last(partial(self._tell_later, tx, known))
        return known

    def _tell_later(self, tx: Transaction, later: _Later) -> None:
        """Tell of all lines of a transaction whose people are known only now."""
        about: dict[UUID, list[tuple[Happened, Sequence[LineTelling]]]] = {}
        for line_id in self._recalled(tx, later.recalled):
            about[line_id] = []
        for which in later.handed_on:
            query = select(RequestLine.id).where(which, RequestLine.state.in_(WAITING))
            for line_id in tx.session.scalars(query):
                about.setdefault(line_id, []).append((Happened(None, None), HANDED_ON))
        for line_id, tellings in _by_line(later.happened).items():
            about.setdefault(line_id, []).extend(tellings)
        if about:
            self._tell(tx, about, self._audiences.called(tx.session, about.keys(), tx.now))

    def _recalled(self, tx: Transaction, officials: Collection[UUID]) -> Iterable[UUID]:
        """Return the lines about which people were called and have not read it."""
        if not officials:
            return ()
        unread = (Notice.official_id.in_(officials), Notice.read_at.is_(None), Notice.kind.in_(CALLS))
        found = tx.session.scalars(select(Notice.line_id).where(*unread).distinct())
        return [line_id for line_id in found if line_id is not None]

    def _tell(
        self, tx: Transaction, about: Mapping[UUID, Sequence[tuple[Happened, Sequence[LineTelling]]]], called: Mapping[UUID, People]
    ) -> None:
        """Settle the calls that no longer stand, and write what happened to each line, once to each person."""
        lines = self._audiences.lines(tx.session, about.keys())
        scene = Scene(tx, self._audiences, called, self._settle(tx, lines, called))
        drafts: dict[tuple[UUID, UUID], Draft] = {}
        for line_id, line in lines.items():
            occurrence = new_id()
            for happened, tellings in about[line_id]:
                for telling in tellings:
                    if telling.when(happened.event):
                        for official_id in sorted(telling.whom(scene, line, happened)):
                            draft = _about(line, telling, happened, official_id, occurrence)
                            drafts.setdefault((line_id, official_id), draft)
        self.write(tx, drafts.values())

    def _settle(self, tx: Transaction, lines: Collection[UUID], called: Mapping[UUID, People]) -> Mapping[UUID, Mapping[UUID, datetime]]:
        """Let calls to decide count as read of whoever is not asked any more; return for each line who was called, and when last.

        It waits for nobody who reads one just now.
        """
        standing = [(line_id, person) for line_id, people in called.items() for person in people]
        calls = select(Notice.id, Notice.line_id, Notice.official_id, Notice.created_at)
        calls = calls.where(Notice.line_id.in_(list(lines)), Notice.kind.in_(CALLS))
        over = calls.where(Notice.read_at.is_(None))
        if standing:
            over = over.where(tuple_(Notice.line_id, Notice.official_id).not_in(standing))
        unread = over.with_only_columns(Notice.id).with_for_update(skip_locked=True)
        settled = update(Notice).where(Notice.id.in_(unread)).values(read_at=tx.now).returning(Notice.id).cte("settled")
        found: dict[UUID, dict[UUID, datetime]] = {}
        for row in tx.session.execute(calls.order_by(Notice.created_at).add_cte(settled)):
            found.setdefault(row.line_id, {})[row.official_id] = row.created_at
        return found


def _by_line(happened: Iterable[Happened]) -> Mapping[UUID, list[tuple[Happened, Sequence[LineTelling]]]]:
    """Return what happened, by the lines that it happened to."""
    found: dict[UUID, list[tuple[Happened, Sequence[LineTelling]]]] = {}
    for item in happened:
        for line_id in _lines_of(item.event):
            found.setdefault(line_id, []).append((item, LINES[item.event.name]))
    return found


def _lines_of(event: Any) -> tuple[UUID, ...]:  # noqa: ANN401 - an event about lines
    """Return the lines that an event is about: those that it names, else its subject."""
    if named := getattr(event, "line_ids", None):
        return tuple(named)
    return (getattr(event, "line_id", None) or UUID(event.subject.partition(":")[2]),)


def _about(line: LineFacts, telling: LineTelling, happened: Happened, official_id: UUID, occurrence: UUID) -> Draft:
    return Draft(
        official_id=official_id,
        kind=telling.kind,
        params=fields_of(happened.event, telling.params),
        link=KINDS[telling.kind].link.format(line_id=line.line_id, request_id=line.request_id),
        event_id=occurrence,
        line_id=line.line_id,
    )


def _known_already(tx: Transaction, event: Any) -> bool:  # noqa: ANN401 - an event about a grant
    """Return whether the holder need not be told: they ended it themselves, or were told just now that their line was approved."""
    if getattr(event, "reason", None) in _UNTOLD or tx.actor.official_id == event.official_id:
        return True
    if event.name != "authorization:grant:opened" or event.line_id is None or event.starts_at > tx.now:
        return False
    line = tx.session.get(RequestLine, event.line_id)
    return line is not None and line.closed_at == tx.now
