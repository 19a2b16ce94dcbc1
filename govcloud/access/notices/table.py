"""The table of who hears of what: by the event's name, which kinds of notices it means, and to whom.

Calls to decide go to exactly those in whose inbox a line is (``deciding/called.py``), and count as read when that is over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.access.deciding.called import People
from govcloud.access.errors import local_time
from govcloud.access.notices.audiences import Audiences, LineFacts
from govcloud.kernel.events import Event
from govcloud.kernel.unit_of_work import Transaction


@dataclass(frozen=True)
class Happened:
    """An event, and which person caused it, if one did."""

    event: Any
    by: UUID | None


@dataclass(frozen=True)
class Scene:
    """How the lines of a command stand when it is told of them.

    ``called`` is who is asked about each now, ``told`` who was called about it at any time, and when last.
    """

    tx: Transaction
    audiences: Audiences
    called: Mapping[UUID, People]
    told: Mapping[UUID, Mapping[UUID, datetime]]


Whom = Callable[[Scene, LineFacts, Happened], People]
NOBODY: People = frozenset()


def _always(_event: Any) -> bool:  # noqa: ANN401 - any event
    return True


@dataclass(frozen=True)
class LineTelling:
    """A kind of notice about lines, and who gets it, ``when`` the event is such; ``params`` are fields of it that the sentence needs."""

    kind: str
    whom: Whom
    params: tuple[str, ...] = ()
    when: Callable[[Any], bool] = _always


def _asked(scene: Scene, line: LineFacts, _happened: Happened) -> People:
    return scene.called.get(line.line_id, NOBODY)


def newly_asked(scene: Scene, line: LineFacts, _happened: Happened) -> People:
    """Return who is asked now and was not called since the line was put up for decision."""
    before = {person for person, at in scene.told.get(line.line_id, {}).items() if at >= line.since}
    return scene.called.get(line.line_id, NOBODY) - before


def _others_asked(scene: Scene, line: LineFacts, happened: Happened) -> People:
    return scene.called.get(line.line_id, NOBODY) - {happened.by}


def _new_holder(_scene: Scene, _line: LineFacts, happened: Happened) -> People:
    return frozenset({happened.event.official_id} - {happened.by})


def _old_holder(_scene: Scene, _line: LineFacts, happened: Happened) -> People:
    return frozenset({happened.event.former_id} - {None, happened.by, happened.event.official_id})


def _askers(_scene: Scene, line: LineFacts, _happened: Happened) -> People:
    return line.askers


def _beneficiary_of_another(_scene: Scene, line: LineFacts, _happened: Happened) -> People:
    return line.askers - {line.requester_id}


def _other_askers(_scene: Scene, line: LineFacts, happened: Happened) -> People:
    return line.askers - {happened.by}


def _peers(scene: Scene, line: LineFacts, happened: Happened) -> People:
    """Return who was called and did not do it: they hear that it is done.

    Whom this very moment called nobody has seen waiting: what a rule signed beforehand approves at once is no news to them.
    """
    return frozenset(person for person, at in scene.told.get(line.line_id, {}).items() if at < scene.tx.now) - {happened.by}


def _others_deciding(scene: Scene, line: LineFacts, happened: Happened) -> People:
    """Return who is asked or wrote something about a line, but for whoever wrote just now and those who asked for it."""
    writers = scene.audiences.writers(scene.tx.session, line.line_id)
    return (scene.called.get(line.line_id, NOBODY) | writers) - line.askers - {happened.by}


#: What is told about lines. The first kind that names somebody is the one they get: nobody is told of one thing twice.
LINES: Mapping[str, tuple[LineTelling, ...]] = {
    "access:request:submitted": (LineTelling("to_decide", _asked), LineTelling("asked_for_you", _beneficiary_of_another)),
    "access:line:resubmitted": (LineTelling("to_decide", _asked),),
    # A further step waits for others.
    "access:task:opened": (LineTelling("to_decide", _asked),),
    "access:task:claimed": (
        LineTelling("given_to_you", _new_holder, when=lambda event: event.reassigned),
        LineTelling("given_to_another", _old_holder, when=lambda event: event.reassigned),
    ),
    "access:task:released": (LineTelling("released", _others_asked),),
    # Where nobody is left at the nearest level, those above are asked for the next yes.
    "access:line:endorsed": (LineTelling("endorsed", _askers, ("given", "needed")), LineTelling("to_decide", newly_asked)),
    "access:line:commented": (LineTelling("commented", _other_askers), LineTelling("commented_deciding", _others_deciding)),
    "access:line:returned": (LineTelling("returned", _askers),),
    "access:line:blocked": (LineTelling("blocked", _askers),),
    "access:line:unblocked": (LineTelling("to_decide", _asked), LineTelling("unblocked", _askers)),
    "access:request:not_opened": (LineTelling("not_opened", _askers),),
    "access:line:approved": (
        LineTelling("approved", _askers, ("days",)),
        LineTelling("silent", _peers, when=lambda event: event.on_silence),
        LineTelling("settled", _peers),
    ),
    "access:line:retracted": (LineTelling("retracted", _askers),),
    "access:line:rejected": (LineTelling("rejected", _askers), LineTelling("settled", _peers)),
    "access:line:withdrawn": (LineTelling("settled", _peers),),
    "access:line:reminded": (LineTelling("reminded", _asked),),
    "access:line:deputised": (LineTelling("deputised", newly_asked),),
    "access:line:escalated": (LineTelling("escalated", newly_asked),),
    "access:line:lapsed": (
        LineTelling("lapsed_returned", _askers, when=lambda event: event.returned),
        LineTelling("lapsed_blocked", _askers, when=lambda event: event.blocked),
        LineTelling("lapsed", _askers),
        LineTelling("settled", _peers),
    ),
}
#: After these nobody is asked about the lines any more, whatever their tasks say while the command is still at work.
ANSWERS = frozenset(
    {
        "access:line:approved",
        "access:line:rejected",
        "access:line:withdrawn",
        "access:line:lapsed",
        "access:line:returned",
        "access:line:blocked",
        "access:request:not_opened",
    }
)
#: A line that came to other people without an event of its own: its owner changed.
HANDED_ON = (LineTelling("to_decide", newly_asked),)

#: What is told to the holder of a grant, with the fields of the event that the sentence needs.
GRANTS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    "authorization:grant:opened": ("granted", ("starts_at", "ends_at")),
    "authorization:grant:closed": ("revoked", ()),
    "authorization:grant:suspended": ("suspended", ()),
    "authorization:grant:resumed": ("resumed", ()),
}


@dataclass(frozen=True)
class PersonTelling:
    """A kind of notice about neither line nor grant: to whom of those whom the event names, and what the sentence needs."""

    kind: str
    whom: Callable[[Any], Sequence[UUID]]
    params: Callable[[Any], dict[str, Any]]


def _lending(event: Any) -> dict[str, Any]:  # noqa: ANN401 - an event about a delegation
    return {"delegation_id": str(event.delegation_id)}


PEOPLE: Mapping[str, PersonTelling] = {
    "access:authority:delegated": PersonTelling("lent_to_you", lambda event: (event.delegate_id,), _lending),
    "access:authority:returned": PersonTelling("lending_ended", lambda event: (event.delegator_id, event.delegate_id), _lending),
    "access:approval_rule:unbound": PersonTelling(
        "rule_unbound", lambda event: event.concerned, lambda event: {"item_name": event.item_name}
    ),
    "authorization:sod_exception:given": PersonTelling(
        "exception_given", lambda event: (event.official_id,), lambda event: {"until": local_time(event.ends_at)}
    ),
    "authorization:sod_exception:ended": PersonTelling(
        "exception_ended", lambda event: (event.official_id,), lambda event: {"count": len(event.grants)}
    ),
}


def fields_of(event: Event, wanted: Sequence[str]) -> dict[str, Any]:
    """Return fields of an event as they are kept with a notice."""
    if not wanted:
        return {}
    payload = event.payload()
    return {name: payload[name] for name in wanted}
