"""What stands nearest to a yes: the few things that would mend a denial, found after the engine has said no; they decide nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from functools import cached_property

from govcloud.authorization.answers.entries import State
from govcloud.authorization.answers.faring import fared
from govcloud.authorization.answers.judging import Asked, Judged, judge, taken
from govcloud.authorization.answers.moments import Moment, Moments
from govcloud.authorization.around.surroundings import CHINA
from govcloud.authorization.deciding.answering import MENDABLE, Seen
from govcloud.authorization.deciding.asking import SHOWN, Asking
from govcloud.authorization.deciding.decider import Decider, Standing
from govcloud.authorization.deciding.decisions import Decision, Reason
from govcloud.authorization.deciding.policy import NEVER
from govcloud.authorization.policies.document import ALLOW
from govcloud.authorization.scopes.scope import ROW_KEYS, Scope
from govcloud.authorization.subjects.snapshot import moment
from govcloud.identity.queries import Subject
from govcloud.subsystems.levels import CHECK, FILTER, Traits
from govcloud.subsystems.queries import ItemView

#: How far ahead it is looked for a time at which conditions on time of day, weekday and working day would be met: the longest holiday
#: (nine days of Spring Festival in 2026), with a working week on either side of it that may be exchanged.
AHEAD_DAYS = 15
_CLOCK_TIME = re.compile(r"""["']([01]\d|2[0-3]):([0-5]\d)["']""")
_PLACES = frozenset(ROW_KEYS)
_MOST_ITEMS = 5
_MOST_MOMENTS = 1_000


class RemedyKind(StrEnum):
    """What kind of thing would turn the denial into a yes."""

    REQUEST = "request"
    OTHER_APPOINTMENT = "other_appointment"
    WAIT = "wait"
    CONDITION = "condition"
    MISSING = "missing"
    ROWS = "rows"
    LABEL = "label"
    RULE = "rule"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Remedy:
    """One thing that would mend a denial; which fields are set follows from ``kind``.

    * ``request``: ``item`` can be requested.
    * ``other_appointment``: ``subject``, the same person under another appointment, may.
    * ``wait``: it is open in ``[at, until)`` (``until`` ``None``: no end is in sight), if nothing else changes.
    * ``condition``: ``condition`` of the rule ``rule`` is not met.
    * ``missing``: the question lacks ``missing``, which the rule reads.
    * ``rows``: only the rows of ``rows`` are open.
    * ``label``: the subject's label ``has`` is below ``needs``.
    * ``level``: the rule ``rule`` opens some rows or fields only, which the function's level ``has`` cannot keep; ``needs`` can.
    * ``rule``: the rule ``rule`` forbids it, under ``condition`` if it has one; whoever is responsible for the policy can change it.
    """

    kind: RemedyKind
    rule: str = ""
    condition: str = ""
    missing: tuple[str, ...] = ()
    at: datetime | None = None
    until: datetime | None = None
    rows: Scope | None = None
    item: ItemView | None = None
    subject: Subject | None = None
    needs: int | None = None
    has: int | None = None


@dataclass(frozen=True)
class _Trial:
    """A question to a subject that was seen, to be asked again under other circumstances."""

    asked: Asked
    traits: Traits
    seen: Seen

    @cached_property
    def asking(self) -> Asking:
        """Return the question as the engine takes it."""
        return taken(self.asked, self.traits, self.seen)

    def numbers(self) -> list[int]:
        """Return the numbers of the rules about the function whose roles the subject has in some window."""
        rows = self.seen.engine.policy.slice_for(self.asked.function, self.seen.snapshot.roles, self.asking.grant)
        return [row[5] for row in rows if row != NEVER]

    def by(self, seen: Seen) -> Judged:
        """Return how it comes out for another subject."""
        return judge(self.asked, self.traits, seen)

    def at(self, at: datetime) -> Judged:
        """Return how it comes out for the same subject at another moment."""
        return self.by(self.seen._replace(now=at))


class Nearest:
    """Finds what would mend a denial; reads only."""

    def __init__(self, decider: Decider, moments: Moments) -> None:
        """Take the decider's reads, and what decides when."""
        self._decider = decider
        self._moments = moments

    def remedies(self, asked: Asked, traits: Traits, standing: Standing, when: Moment, decision: Decision) -> tuple[Remedy, ...]:
        """Return what would mend ``decision``, a denial of ``asked`` to somebody who stands so; the nearest first."""
        seen = when.seen(self._moments.held(standing, when))
        trial = _Trial(asked, traits, seen)
        found = [
            *_forbidding(decision, seen),
            *_uncleared(trial, decision),
            *_unkept(trial),
            *_lacking(trial),
            *_waiting(trial),
            *_open_rows(trial),
            *self._elsewhere(trial, standing, when),
            *self._requests(asked, when, decision),
        ]
        return tuple(found)

    def _elsewhere(self, trial: _Trial, standing: Standing, when: Moment) -> Iterator[Remedy]:
        """Give the person's other appointments under which the answer is yes."""
        for subject in self._decider.identity.subjects_of(standing.official_id, when.at):
            if subject.appointment_id != standing.appointment_id and subject.active:
                snapshot = self._moments.held(Standing(standing.official_id, subject), when)
                if trial.by(when.seen(snapshot)).state is State.ALLOWED:
                    yield Remedy(RemedyKind.OTHER_APPOINTMENT, subject=subject)

    def _requests(self, asked: Asked, when: Moment, decision: Decision) -> Iterator[Remedy]:
        """Give the items that could be requested; where a request would not help, there are none."""
        if decision.code in MENDABLE or decision.code is Reason.GRANT_SUSPENDED:
            for item in self._decider.subsystems.items_for_function(asked.function, when.at)[:_MOST_ITEMS]:
                yield Remedy(RemedyKind.REQUEST, item=item)


def _forbidding(decision: Decision, seen: Seen) -> Iterator[Remedy]:
    """Give the rule that forbids it."""
    if decision.code is Reason.FORBIDDEN_BY_RULE:
        rules = (
            rule for rule in seen.engine.policy.rules if (rule.role, rule.label) == (decision.role, decision.rule) and rule.effect != ALLOW
        )
        condition = next((rule.condition for rule in rules), "")
        yield Remedy(RemedyKind.RULE, rule=decision.rule or "", condition=condition)


def _uncleared(trial: _Trial, decision: Decision) -> Iterator[Remedy]:
    """Give the label that is needed."""
    if decision.code is Reason.LABEL_TOO_LOW:
        yield Remedy(RemedyKind.LABEL, needs=trial.asking.label, has=trial.asking.clearance)


def _unkept(trial: _Trial) -> Iterator[Remedy]:
    """Give the rules that would open it, were it connected closely enough to keep what they bound."""
    policy = trial.seen.engine.policy
    for number in trial.numbers():
        rule, how = policy.rules[number], fared(policy, trial.asking, number)
        if rule.effect == ALLOW and how.held and how.cleared and how.reaches is not False and not how.kept:
            needs = CHECK if rule.fields == SHOWN else FILTER
            yield Remedy(RemedyKind.LEVEL, rule=rule.label, needs=needs, has=trial.traits.level)


def _lacking(trial: _Trial) -> Iterator[Remedy]:
    """Give what the allow rules of held roles lack: attributes of the question, or a condition that is not met."""
    policy = trial.seen.engine.policy
    for number in trial.numbers():
        rule, how = policy.rules[number], fared(policy, trial.asking, number)
        if rule.effect != ALLOW or not how.held or not how.cleared or how.reaches is False or not how.kept:
            continue
        if how.missing:
            yield Remedy(RemedyKind.MISSING, rule=rule.label, condition=rule.condition, missing=tuple(sorted(how.missing)))
        elif how.holds is False:
            yield Remedy(RemedyKind.CONDITION, rule=rule.label, condition=rule.condition)


def _waiting(trial: _Trial) -> Iterator[Remedy]:
    """Give the next time at which the very same question is answered with yes, and until when."""
    later = [at for at in _turning_points(trial) if at > trial.seen.now][:_MOST_MOMENTS]
    opens = next((at for at in later if trial.at(at).state is State.ALLOWED), None)
    if opens is not None:
        closes = next((at for at in later if at > opens and trial.at(at).state is not State.ALLOWED), None)
        yield Remedy(RemedyKind.WAIT, at=opens, until=closes)


def _turning_points(trial: _Trial) -> list[datetime]:
    """Return the moments at which the answer may change by itself: begins and ends of windows, and times of day in conditions."""
    policy, roles = trial.seen.engine.policy, trial.seen.snapshot.roles
    numbers = trial.numbers()
    held = {trial.asking.role_of(policy.rules[number].role) for number in numbers}
    ends = {value for role in held for window in roles.get(role, ()) for value in (window.starts_at, window.ends_at) if value is not None}
    found = {moment(value) for value in ends}
    conditions = [policy.rules[number].condition for number in numbers]
    if any("context." in condition for condition in conditions):
        found |= set(_clock_times(conditions, trial.seen.now))
    return sorted(found)


def _clock_times(conditions: Sequence[str], now: datetime) -> Iterator[datetime]:
    """Give midnight and the times of day that conditions name, and the minute after each, for the days ahead."""
    named = {(0, 0)} | {(int(hour), int(minute)) for text in conditions for hour, minute in _CLOCK_TIME.findall(text)}
    midnight = now.astimezone(CHINA).replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(AHEAD_DAYS + 1):
        for hour, minute in sorted(named):
            at = midnight + timedelta(days=day, hours=hour, minutes=minute)
            yield at.astimezone(UTC)
            yield (at + timedelta(minutes=1)).astimezone(UTC)


def _open_rows(trial: _Trial) -> Iterator[Remedy]:
    """Give the rows that are open, where the row asked about is not among them."""
    asked = trial.asked
    if not _PLACES & asked.resource.keys():
        return
    anywhere = {name: value for name, value in asked.resource.items() if name not in _PLACES}
    judged = judge(replace(asked, resource=anywhere), trial.traits, trial.seen)
    if judged.state is State.ALLOWED:
        yield Remedy(RemedyKind.ROWS, rows=judged.verdict.rows)
