"""From what happens to who is told: one table, by the event's name, and what writes the notices of a whole command at once.

Notices are written in the transaction of what they tell of, so that none is lost and none tells of what was rolled back. With them
go the promises of mail, for those who want it.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID

from sqlalchemy import insert, select, update

from govcloud.access.events import ApprovalRuleUnbound, TaskOpened
from govcloud.access.lifecycle import RELINQUISHED
from govcloud.access.models import RequestLine
from govcloud.access.notices.audiences import Audiences, LineFacts, People
from govcloud.access.notices.kinds import KINDS
from govcloud.access.notices.mailing import Mailing
from govcloud.access.notices.models import Notice
from govcloud.access.tasks.lending import redirected
from govcloud.kernel.events import Event, type_registry
from govcloud.kernel.ids import new_id, new_ids
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork


@dataclass(frozen=True)
class Scene:
    """What happened to lines, as whoever works out the audience sees it; ``told`` is who was called to decide on what is settled now."""

    audiences: Audiences
    tx: Transaction
    lines: Sequence[LineFacts]
    told: Mapping[UUID, People]


Whom = Callable[[Scene], Mapping[UUID, People]]


@dataclass(frozen=True)
class LineTelling:
    """A kind of notice about lines, and who gets it; ``params`` are fields of the event that the sentence needs.

    ``where`` names a field of the event without which this is not what is told.
    """

    kind: str
    whom: Whom
    params: tuple[str, ...] = ()
    where: str = ""


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


def _asked(scene: Scene) -> Mapping[UUID, People]:
    return _standing_in(scene, scene.audiences.asked(scene.lines, scene.tx.now))


def _deputies(scene: Scene) -> Mapping[UUID, People]:
    return _standing_in(scene, scene.audiences.deputies(scene.lines, scene.tx.now))


def _superiors(scene: Scene) -> Mapping[UUID, People]:
    return _standing_in(scene, scene.audiences.superiors(scene.lines, scene.tx.now))


def _standing_in(scene: Scene, called: Mapping[UUID, People]) -> Mapping[UUID, People]:
    """Return who is called to decide, with whoever is out of office replaced by who stands in for them, unless the line is theirs."""
    instead = redirected(scene.tx.session, frozenset().union(*called.values()), scene.tx.now) if any(called.values()) else {}
    if not instead:
        return called
    askers = {line.line_id: line.askers for line in scene.lines}
    return {key: frozenset(instead.get(person, person) for person in people) - askers[key] for key, people in called.items()}


def _askers(scene: Scene) -> Mapping[UUID, People]:
    return {line.line_id: line.askers for line in scene.lines}


def _askers_of_waiting(scene: Scene) -> Mapping[UUID, People]:
    """Return whom it concerns that a department did not answer: not those whose line had a clock that stood, so that none was to."""
    return {line.line_id: line.askers for line in scene.lines if line.paused_at is None}


def _beneficiary_of_another(scene: Scene) -> Mapping[UUID, People]:
    return {line.line_id: line.askers - {line.requester_id} for line in scene.lines}


def _peers(scene: Scene) -> Mapping[UUID, People]:
    """Return who was asked and did not do it: they hear that it is done."""
    doer = {scene.tx.actor.official_id} if scene.tx.actor.official_id else set()
    return {key: people - doer for key, people in scene.told.items()}


#: What is told about lines. The first kind that names somebody is the one they get: nobody is told of one thing twice.
LINES: Mapping[str, tuple[LineTelling, ...]] = {
    "access:request:submitted": (LineTelling("to_decide", _asked), LineTelling("asked_for_you", _beneficiary_of_another)),
    "access:line:resubmitted": (LineTelling("to_decide", _asked),),
    # A further step waits for others; the event names where they are.
    "access:task:opened": (LineTelling("to_decide", _asked),),
    "access:line:returned": (LineTelling("returned", _askers),),
    "access:line:blocked": (LineTelling("blocked", _askers),),
    "access:line:unblocked": (LineTelling("to_decide", _asked),),
    "access:request:not_opened": (LineTelling("not_opened", _askers),),
    "access:line:approved": (
        LineTelling("approved", _askers, ("days",)),
        LineTelling("silent", _peers, where="on_silence"),
        LineTelling("settled", _peers),
    ),
    "access:line:rejected": (LineTelling("rejected", _askers), LineTelling("settled", _peers)),
    "access:line:retracted": (LineTelling("retracted", _askers),),
    "access:line:withdrawn": (LineTelling("settled", _peers),),
    "access:line:reminded": (LineTelling("reminded", _asked),),
    "access:line:deputised": (LineTelling("deputised", _deputies),),
    "access:line:escalated": (LineTelling("escalated", _superiors),),
    "access:line:lapsed": (LineTelling("lapsed", _askers_of_waiting), LineTelling("left_lying", _askers), LineTelling("settled", _peers)),
}
#: After these nobody is asked any more: what said so counts as read.
SETTLES = frozenset({"access:line:approved", "access:line:rejected", "access:line:withdrawn", "access:line:lapsed", "access:line:returned"})
#: What is told to the holder of a grant, with the fields of the event that the sentence needs.
GRANTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "authorization:grant:opened": ("granted", ("starts_at", "ends_at")),
    "authorization:grant:closed": ("revoked", ()),
    "authorization:grant:suspended": ("suspended", ()),
    "authorization:grant:resumed": ("resumed", ()),
}
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
            if name in type_registry:
                uow.subscribe_set(type_registry[name], self.tell_of_lines)
        uow.subscribe_set(ApprovalRuleUnbound, self.tell_of_rules)
        for name in GRANTS:
            uow.subscribe_set(type_registry[name], self.tell_of_grants)

    def tell_of_lines(self, tx: Transaction, events: Sequence[Event]) -> None:
        """Write what ``events``, all of one name, mean to people."""
        name = events[0].name
        by_line = {line_id: event for event in events for line_id in _lines_of(event)}
        lines = {key: _at_its_step(facts, by_line[key]) for key, facts in self._audiences.lines(tx.session, by_line.keys()).items()}
        told = self._settle(tx, by_line.keys()) if name in SETTLES else {}
        scene = Scene(self._audiences, tx, list(lines.values()), told)
        occurrences = {key: new_id() for key in lines}
        drafts: dict[tuple[UUID, UUID], Draft] = {}
        for telling in LINES[name]:
            for line_id, people in telling.whom(scene).items():
                if telling.where and not getattr(by_line[line_id], telling.where):
                    continue
                for official_id in sorted(people):
                    draft = _about(lines[line_id], telling, by_line[line_id], official_id, occurrences[line_id])
                    drafts.setdefault((line_id, official_id), draft)
        self.write(tx, drafts.values())

    def tell_of_grants(self, tx: Transaction, events: Sequence[Any]) -> None:
        """Write what becomes of grants to those who hold them."""
        kind, wanted = GRANTS[events[0].name]
        drafts = [
            Draft(
                official_id=event.official_id,
                kind=kind,
                params=_fields(event, wanted),
                link=KINDS[kind].link,
                event_id=new_id(),
                grant_id=event.grant_id,
            )
            for event in events
            if not _known_already(tx, event)
        ]
        self.write(tx, drafts)

    def tell_of_rules(self, tx: Transaction, events: Sequence[ApprovalRuleUnbound]) -> None:
        """Write that rules wait to be signed again to whoever signed them, and who could."""
        kind = "rule_unbound"
        self.write(
            tx,
            [
                Draft(who, kind, {"item_name": event.item_name}, KINDS[kind].link, event_id)
                for event, event_id in ((event, new_id()) for event in events)
                for who in event.concerned
            ],
        )

    def write(self, tx: Transaction, drafts: Iterable[Draft]) -> None:
        """Add notices, and promise those by mail that are wanted by mail."""
        found = list(drafts)
        if not found:
            return
        keyed = list(zip(new_ids(len(found)), found, strict=True))
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
                "created_at": tx.now,
                "read_at": None,
            }
            for key, draft in keyed
        ]
        tx.session.execute(insert(Notice), rows)
        self._mailing.promise(tx, [(key, draft.official_id, draft.kind) for key, draft in keyed])

    def _settle(self, tx: Transaction, lines: Collection[UUID]) -> Mapping[UUID, People]:
        """Let the call to decide on ``lines`` count as read, waiting for nobody who reads one just now; return for each who was called.

        Whom this very transaction called nobody has seen waiting: a line that a rule signed beforehand approves at once is no news to them.
        """
        asked = select(Notice.id, Notice.line_id, Notice.official_id, Notice.created_at).where(
            Notice.line_id.in_(lines), Notice.kind == "to_decide"
        )
        unread = asked.where(Notice.read_at.is_(None)).with_only_columns(Notice.id).with_for_update(skip_locked=True)
        settled = update(Notice).where(Notice.id.in_(unread)).values(read_at=tx.now).returning(Notice.id).cte("settled")
        found: dict[UUID, set[UUID]] = {}
        for row in tx.session.execute(asked.add_cte(settled)):
            if row.created_at < tx.now:
                found.setdefault(row.line_id, set()).add(row.official_id)
        return {key: frozenset(people) for key, people in found.items()}


def _lines_of(event: Any) -> tuple[UUID, ...]:  # noqa: ANN401 - an event about lines
    """Return the lines that an event is about: those that it names, else its subject."""
    if named := getattr(event, "line_ids", None):
        return tuple(named)
    return (getattr(event, "line_id", None) or UUID(event.subject.partition(":")[2]),)


def _at_its_step(line: LineFacts, event: Event) -> LineFacts:
    """Return a line as it stands at the step that the event opens: with those who are asked there."""
    return replace(line, owner_path=event.asked_path) if isinstance(event, TaskOpened) else line


def _about(line: LineFacts, telling: LineTelling, event: Event, official_id: UUID, occurrence: UUID) -> Draft:
    return Draft(
        official_id=official_id,
        kind=telling.kind,
        params=_fields(event, telling.params),
        link=KINDS[telling.kind].link.format(line_id=line.line_id, request_id=line.request_id),
        event_id=occurrence,
        line_id=line.line_id,
    )


def _fields(event: Event, wanted: Sequence[str]) -> dict[str, Any]:
    if not wanted:
        return {}
    payload = event.payload()
    return {name: payload[name] for name in wanted}


def _known_already(tx: Transaction, event: Any) -> bool:  # noqa: ANN401 - an event about a grant
    """Return whether the holder need not be told: they ended it themselves, or were told just now that their line was approved."""
    if getattr(event, "reason", None) in _UNTOLD or tx.actor.official_id == event.official_id:
        return True
    if event.name != "authorization:grant:opened" or event.line_id is None or event.starts_at > tx.now:
        return False
    line = tx.session.get(RequestLine, event.line_id)
    return line is not None and line.closed_at == tx.now
