"""The rules of the clock that runs on departments: working hours, and within how many of them an item of each tier is answered.

One document holds until the next one replaces it (``clock_policy``), set in one place by the security administrator or at the command
line. Each process reads it again every half minute; whoever sets it is heard at once. A line keeps the moments that it was given
when it was placed, so that another rule moves no deadline that somebody was told.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from govcloud.access.clocks.working_time import WorkingHours
from govcloud.access.events import ClockRulesSet
from govcloud.access.models import ClockPolicyVersion
from govcloud.kernel.actor import Actor
from govcloud.kernel.authorizer import Target
from govcloud.kernel.clock import Clock
from govcloud.kernel.ids import new_id
from govcloud.kernel.messages import Message
from govcloud.kernel.unit_of_work import UnitOfWork
from govcloud.kernel.validation import Fields

READ_AGAIN = timedelta(seconds=30)
REASON_MOST = 500
#: Two working days of six and a half hours.
_TWO_DAYS = 13
LEAST_HOURS, MOST_HOURS = 1, 260
_HOURS_OF = {"auto": "auto_hours", "one": "one_hours", "quorum": "quorum_hours", "two_units": "two_units_hours", "serial": "serial_hours"}
HOURS = tuple(_HOURS_OF.values())
TIMES = ("morning_from", "morning_to", "afternoon_from", "afternoon_to")


@dataclass(frozen=True, kw_only=True)
class ClockRules:
    """The rules, each with what it is without anybody's word.

    Attributes:
        morning_from, morning_to, afternoon_from, afternoon_to: the working day, as clocks in China show it (``HH:MM``).
        auto_hours, one_hours, quorum_hours, two_units_hours, serial_hours: working hours within which the department that owns an
            item of that tier answers. At half of it the approvers are reminded, when it is over the deputies may decide as well, at
            one and a half also the department above, and at twice the line lapses.
    """

    morning_from: str = "09:00"
    morning_to: str = "12:00"
    afternoon_from: str = "13:30"
    afternoon_to: str = "17:00"
    auto_hours: int = _TWO_DAYS
    one_hours: int = _TWO_DAYS
    quorum_hours: int = _TWO_DAYS
    two_units_hours: int = _TWO_DAYS
    serial_hours: int = _TWO_DAYS

    @property
    def hours(self) -> WorkingHours:
        """Return the working hours of a day.

        Raises:
            ValueError: they do not rise through the day.
        """
        moments = [time.fromisoformat(getattr(self, name)) for name in TIMES]
        return WorkingHours(((moments[0], moments[1]), (moments[2], moments[3])))

    def to_answer(self, tier: str) -> timedelta:
        """Return the working time within which an item of ``tier`` is answered; one without a rule counts as one approver's."""
        return timedelta(hours=getattr(self, _HOURS_OF.get(tier, "one_hours")))


@dataclass(frozen=True)
class RulesChange:
    """One change of the rules: when, by whom, why, and for each rule from what to what."""

    at: datetime
    set_by: str
    reason: str
    changes: Mapping[str, tuple[object, object]]


def differences(before: ClockRules, after: ClockRules) -> Mapping[str, tuple[object, object]]:
    """Return for each rule that differs from what to what."""
    old, new = asdict(before), asdict(after)
    return {name: (old[name], new[name]) for name in new if new[name] != old[name]}


class ClockPolicies:
    """Gives the rules that hold now, and sets others."""

    def __init__(self, uow: UnitOfWork, read: Callable[[], Session], clock: Clock) -> None:
        """Take the unit of work, the source of reading sessions, and the clock."""
        self._uow = uow
        self._read = read
        self._clock = clock
        self._known: tuple[datetime, ClockRules] | None = None
        self._lock = threading.Lock()

    def current(self) -> ClockRules:
        """Return the rules as they stood half a minute ago at the most."""
        now, known = self._clock.now(), self._known
        if known is not None and timedelta(0) <= now - known[0] < READ_AGAIN:
            return known[1]
        with self._lock:
            rules = self._stored()
            self._known = (now, rules)
        return rules

    def set(self, actor: Actor, changes: Mapping[str, object], reason: str) -> ClockRules:
        """Change the rules that ``changes`` names (fields of ``ClockRules``) and return all; the others stay as they are.

        Raises:
            Denied: the actor may not.
            Invalid: a field is unknown or out of its bounds, the hours do not rise through the day, or there is no reason.
        """
        with self._uow.begin(actor, "govcloud:clock_policy:set", Target("clock_policy", "clocks")) as tx:
            before = self._stored()
            checked, reason = _checked(before, changes, reason)
            if checked != before:
                tx.session.execute(update(ClockPolicyVersion).where(ClockPolicyVersion.valid_to.is_(None)).values(valid_to=tx.now))
                tx.session.add(
                    ClockPolicyVersion(
                        id=new_id(),
                        document=asdict(checked),
                        set_by=f"{tx.actor.kind}:{tx.actor.id}",
                        reason=reason,
                        valid_from=tx.now,
                        valid_to=None,
                    )
                )
                changed = {name: list(pair) for name, pair in differences(before, checked).items()}
                tx.record(ClockRulesSet(subject="access:clocks", changes=changed, reason=reason))
        self._known = None
        return checked

    def tried(self, changes: Mapping[str, object], reason: str) -> ClockRules:
        """Return the rules as they would be after ``changes``, and change nothing.

        Raises:
            Invalid: as for ``set``.
        """
        return _checked(self._stored(), changes, reason)[0]

    def history(self, limit: int = 20) -> tuple[RulesChange, ...]:
        """Return the latest changes, the newest first."""
        query = select(ClockPolicyVersion).order_by(ClockPolicyVersion.valid_from.desc(), ClockPolicyVersion.id.desc())
        rows = self._read().scalars(query.limit(limit + 1)).all()
        documents = [_read_back(row.document) for row in rows]
        if len(rows) <= limit:
            documents.append(ClockRules())
        return tuple(
            RulesChange(row.valid_from, row.set_by, row.reason, differences(documents[place + 1], documents[place]))
            for place, row in enumerate(rows[:limit])
        )

    def _stored(self) -> ClockRules:
        document = self._read().scalar(select(ClockPolicyVersion.document).where(ClockPolicyVersion.valid_to.is_(None)))
        return _read_back(document) if document else ClockRules()


def _read_back(document: Mapping[str, Any]) -> ClockRules:
    """Return what of a stored document is still a rule."""
    names = {item.name for item in fields(ClockRules)}
    return replace(ClockRules(), **{name: value for name, value in document.items() if name in names})


def _checked(before: ClockRules, changes: Mapping[str, object], reason: str) -> tuple[ClockRules, str]:
    form = Fields()
    values: dict[str, Any] = {}
    for name, value in changes.items():
        if name in HOURS:
            values[name] = _whole(form, name, value)
        elif name in TIMES:
            values[name] = _moment(form, name, value)
        else:
            form.fail(name, Message("没有这条规则。"), name)
    clean = form.text("reason", reason, most=REASON_MOST, multiline=True)
    form.done()
    rules = replace(before, **values)
    try:
        _ = rules.hours
    except ValueError:
        form.fail(
            "morning_to", Message("各时刻须依次推后，例如 09:00、12:00、13:30、17:00。"), " ".join(getattr(rules, name) for name in TIMES)
        )
        form.done()
    return rules, clean


def _whole(form: Fields, name: str, value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        form.fail(name, Message("应为整数。"), value)
        return LEAST_HOURS
    return form.number(name, value, least=LEAST_HOURS, most=MOST_HOURS)


def _moment(form: Fields, name: str, value: object) -> str:
    """Return a time of day as ``HH:MM``."""
    try:
        return f"{time.fromisoformat(str(value).strip()):%H:%M}"
    except ValueError:
        form.fail(name, Message("应为时刻，例如 09:00。"), value)
        return "00:00"
