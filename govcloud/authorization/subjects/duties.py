"""Roles that follow from a duty: which rules an appointment meets, worked out in memory at each decision.

The rules are compiled once for each state of theirs, into an index by position and business line; the rules without one stand
under ``None``. Nothing changes a compiled set: a rule that comes or goes makes another beside it (see ``live_duties.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple, Protocol, TypeAlias
from uuid import UUID

from govcloud.authorization.scopes.scope import PROVINCE, division_prefix
from govcloud.authorization.subjects.holding import HeldRoles
from govcloud.authorization.subjects.snapshot import Giver, Window, instant
from govcloud.identity.finding.criteria import AppointmentCriteria

_NEVER = Window(0, 0)
_NO_LINE: tuple[str | None, ...] = (None,)


class Serving(Protocol):
    """What duty rules read of somebody in an appointment: a ``Subject`` of identity, or its picture in the node's replica."""

    @property
    def position(self) -> str:
        """Return the kind of position."""
        ...

    @property
    def post(self) -> str:
        """Return the post's title."""
        ...

    @property
    def rank(self) -> str:
        """Return the person's rank."""
        ...

    @property
    def kind(self) -> str:
        """Return what kind of appointment it is."""
        ...

    @property
    def level(self) -> str:
        """Return the department's level."""
        ...

    @property
    def business_lines(self) -> tuple[str, ...]:
        """Return the department's business lines."""
        ...

    @property
    def division(self) -> str:
        """Return the department's division."""
        ...

    @property
    def department_path(self) -> str:
        """Return the department's path."""
        ...

    @property
    def starts_at(self) -> datetime:
        """Return when the appointment begins."""
        ...

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends."""
        ...


Check: TypeAlias = Callable[[Serving], bool]


@dataclass(frozen=True, slots=True)
class Duty:
    """A duty rule as the database has it: whoever meets ``criteria`` holds ``role_code`` in ``[starts_at, ends_at)``.

    ``bound`` delegates the role over the appointment's own department.
    """

    id: UUID
    role_code: str
    label: str
    criteria: AppointmentCriteria
    bound: bool
    starts_at: datetime
    ends_at: datetime | None = None

    def window_for(self, subject: Serving) -> Window | None:
        """Return when the appointment of ``subject``, which meets the criteria, holds the role; ``None``: at no moment.

        The rule and the appointment must both hold.
        """
        ends = [instant(end) for end in (self.ends_at, subject.ends_at) if end is not None]
        starts_at, ends_at = max(instant(self.starts_at), instant(subject.starts_at)), min(ends, default=None)
        if ends_at is not None and ends_at <= starts_at:
            return None
        return Window(starts_at, ends_at, PROVINCE, subject.department_path if self.bound else None, None, Giver.DUTY, self.id)


class _Served(NamedTuple):
    """A duty rule that an appointment meets, as what gives its role."""

    duty: Duty
    subject: Serving

    def window(self) -> Window:
        """Return when rule and appointment both hold; an empty window where they never do."""
        return self.duty.window_for(self.subject) or _NEVER


@dataclass(frozen=True, slots=True)
class _Compiled:
    """A rule with the checks that the index does not make already."""

    number: int
    duty: Duty
    checks: tuple[Check, ...]


@dataclass(frozen=True)
class CompiledDuties:
    """The duty rules of one state. Immutable."""

    duties: Mapping[UUID, Duty]
    _by_position: Mapping[str | None, Mapping[str | None, tuple[_Compiled, ...]]]
    _by_line: bool
    """Whether any rule names a business line."""

    def matching(self, subject: Serving) -> tuple[Duty, ...]:
        """Return the rules that the appointment of ``subject`` meets, whenever they hold."""
        found: dict[int, Duty] = {}
        lines = (*subject.business_lines, None) if self._by_line else _NO_LINE
        for position in (subject.position, None):
            by_line = self._by_position.get(position)
            if by_line is not None:
                for line in lines:
                    for rule in by_line.get(line, ()):
                        for check in rule.checks:
                            if not check(subject):
                                break
                        else:
                            found[rule.number] = rule.duty
        return tuple(found.values())

    def give(self, subject: Serving, held: HeldRoles) -> None:
        """Add the same as ``held`` to what a subject holds, with windows that are made when somebody looks at the role."""
        for duty in self.matching(subject):
            held.assign(duty.role_code, _Served(duty, subject))

    def held(self, subject: Serving) -> Iterator[tuple[str, Window]]:
        """Return the roles that follow from the duty of ``subject``, each with its window."""
        for duty in self.matching(subject):
            window = duty.window_for(subject)
            if window is not None:
                yield duty.role_code, window

    def giving(self, roles: Iterable[str], at: datetime) -> tuple[Duty, ...]:
        """Return the rules that give one of ``roles`` at ``at``."""
        wanted = frozenset(roles)
        return tuple(
            duty
            for duty in self.duties.values()
            if duty.role_code in wanted and duty.starts_at <= at and (duty.ends_at is None or at < duty.ends_at)
        )


def compile_duties(duties: Iterable[Duty]) -> CompiledDuties:
    """Make duty rules ready to decide.

    Raises:
        ValueError: a division is not twelve digits; the database holds none such.
    """
    index: dict[str | None, dict[str | None, list[_Compiled]]] = {}
    known: dict[UUID, Duty] = {}
    for number, duty in enumerate(duties):
        known[duty.id] = duty
        compiled = _Compiled(number, duty, tuple(_checks(duty.criteria)))
        for position in duty.criteria.positions or (None,):
            for line in duty.criteria.business_lines or (None,):
                index.setdefault(position, {}).setdefault(line, []).append(compiled)
    by_position = {position: {line: tuple(rules) for line, rules in by_line.items()} for position, by_line in index.items()}
    return CompiledDuties(MappingProxyType(known), by_position, any(by_line.keys() - {None} for by_line in by_position.values()))


def _checks(criteria: AppointmentCriteria) -> Iterator[Check]:
    """Return the checks for the criteria that are given, beyond position and business line; the cheap ones first."""
    if criteria.levels:
        levels = frozenset(criteria.levels)
        yield lambda subject: subject.level in levels
    if criteria.kinds:
        kinds = frozenset(criteria.kinds)
        yield lambda subject: subject.kind in kinds
    if criteria.posts:
        posts = frozenset(criteria.posts)
        yield lambda subject: subject.post in posts
    if criteria.ranks:
        ranks = frozenset(criteria.ranks)
        yield lambda subject: subject.rank in ranks
    if criteria.division_code is not None:
        prefix = division_prefix(criteria.division_code)
        yield lambda subject: subject.division.startswith(prefix)
    if criteria.department_id is not None:
        part = f"/{criteria.department_id.hex}/"
        yield lambda subject: part in subject.department_path


#: What decides for a subject that stands under no appointment.
NO_DUTIES = compile_duties(())
