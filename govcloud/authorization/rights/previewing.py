"""What a change to the duty rules would do, before it is made: how many appointments match, who gains the role and who loses it.

Everything is counted by the database over today's appointments; a rule that begins later is previewed on who serves today.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.facts import duty_of
from govcloud.authorization.errors import no_such_duty_rule
from govcloud.authorization.models import DutyRule, RoleAssignment
from govcloud.authorization.rights.duty_inputs import DutyChange, checked_rule
from govcloud.authorization.subjects.duties import Duty
from govcloud.identity.finding.criteria import AppointmentCriteria
from govcloud.identity.queries import SubjectPage, Wanted
from govcloud.kernel.database import live_at
from govcloud.kernel.validation import Fields

_NOBODY = SubjectPage((), None)


@dataclass(frozen=True)
class DutyPreview:
    """What a change would do: ``matching`` appointments meet the new criteria (of a rule that ends: met the old ones).

    ``gains`` and ``losses`` count those whose right differs; ``gainers`` and ``losers`` are one page of each.
    """

    role_code: str
    matching: int
    gains: int
    losses: int
    gainers: SubjectPage
    losers: SubjectPage


@dataclass(frozen=True, slots=True)
class _Side:
    """A rule as the preview compares it."""

    role_code: str
    criteria: AppointmentCriteria
    bound: bool


class Previewing:
    """Computes previews; reads only."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider."""
        self._read = read
        self._decider = decider

    def preview(
        self, change: DutyChange, now: datetime, limit: int, *, gainers_after: UUID | None = None, losers_after: UUID | None = None
    ) -> DutyPreview:
        """Return what ``change`` would do; see ``DutyQueries.preview``."""
        old, new = self._old(change.rule_id), self._new(change, now)
        shown = new or old
        if shown is None:
            raise no_such_duty_rule("")
        gaining = self._differing(new, old, change.rule_id, now)
        losing = self._differing(old, new, change.rule_id, now)
        identity = self._decider.identity
        return DutyPreview(
            role_code=shown.role_code,
            matching=identity.count_wanted(Wanted((shown.criteria,)), now),
            gains=identity.count_wanted(gaining, now) if gaining else 0,
            losses=identity.count_wanted(losing, now) if losing else 0,
            gainers=identity.subjects_wanted(gaining, limit, gainers_after, at=now) if gaining else _NOBODY,
            losers=identity.subjects_wanted(losing, limit, losers_after, at=now) if losing else _NOBODY,
        )

    def _old(self, rule_id: UUID | None) -> _Side | None:
        if rule_id is None:
            return None
        row = self._read().get(DutyRule, rule_id)
        if row is None:
            raise no_such_duty_rule(rule_id)
        return _side(duty_of(row))

    def _new(self, change: DutyChange, now: datetime) -> _Side | None:
        """Return the new rule; what is wrong with it is said here already."""
        if change.new is None:
            return None
        fields = Fields()
        # Between the preview and its confirmation some time passes; whether the rule would begin too early is the command's to say.
        begins = change.new.starts_at if change.new.starts_at and change.new.starts_at >= now else None
        checked = checked_rule(replace(change.new, starts_at=begins), self._decider.policy(), self._decider.identity, now, fields)
        fields.done()
        return _Side(checked.role_code, checked.criteria, checked.bound)

    def _differing(self, having: _Side | None, other: _Side | None, rule_id: UUID | None, now: datetime) -> Wanted | None:
        """Return the appointments that hold the role of ``having`` by it alone: not by ``other``, another rule or an assignment."""
        if having is None:
            return None
        closure = self._decider.policy().closure
        giving = frozenset(role for role, included in closure.items() if having.role_code in included)
        standing = [_side(duty) for duty in self._decider.duties().giving(giving, now) if duty.id != rule_id]
        if other is not None and other.role_code in giving:
            standing.append(other)
        # A role without bounds suffices for one that is bounded by the department, and not the other way round.
        enough = tuple(side.criteria for side in standing if having.bound or not side.bound)
        assigned = select(RoleAssignment.official_id, RoleAssignment.appointment_id).where(
            RoleAssignment.role_code.in_(giving), RoleAssignment.scope.is_(None), live_at(RoleAssignment, now)
        )
        direct = self._read().execute(assigned).all()
        return Wanted(
            (having.criteria,),
            enough,
            not_officials=frozenset(row.official_id for row in direct if row.appointment_id is None),
            not_appointments=frozenset(row.appointment_id for row in direct if row.appointment_id is not None),
        )


def _side(duty: Duty) -> _Side:
    return _Side(duty.role_code, duty.criteria, duty.bound)
