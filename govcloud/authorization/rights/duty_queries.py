"""Reads on duty rules and ceilings, for pages, the API and the command line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.deciding.facts import duty_of
from govcloud.authorization.models import OFFICER_ROLES, DutyRule
from govcloud.authorization.policies.document import RoleSpec
from govcloud.authorization.rights.ceilings import CeilingFacts, CeilingView
from govcloud.authorization.rights.duty_inputs import DutyChange, may_be_given
from govcloud.authorization.rights.previewing import DutyPreview, Previewing
from govcloud.authorization.subjects.duties import Duty
from govcloud.authorization.subjects.snapshot import instant
from govcloud.identity.queries import Subject
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import lasts_beyond

_MOST_ROWS = 200


@dataclass(frozen=True)
class DutyPage:
    """One page of rules, in the order in which they were made; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[Duty, ...]
    after: UUID | None


@dataclass(frozen=True)
class DutyView:
    """A rule with who made it and why."""

    duty: Duty
    reason: str
    created_by: str


class DutyQueries:
    """Answers questions about duty rules and ceilings; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the source of reading sessions, the decider and the clock."""
        self._read = read
        self._decider = decider
        self._clock = clock
        self._previewing = Previewing(read, decider)
        self._ceilings = CeilingFacts(read)

    def rules(self, limit: int = 50, after: UUID | None = None, *, role: str | None = None, ended: bool = False) -> DutyPage:
        """Return a page of the rules that hold or will hold (``ended``: of all), those of one role if it is named."""
        query = select(DutyRule)
        if not ended:
            query = query.where(lasts_beyond(DutyRule, self._clock.now()))
        if role is not None:
            query = query.where(DutyRule.role_code == role)
        if after is not None:
            query = query.where(DutyRule.id > after)
        most = max(1, min(limit, _MOST_ROWS))
        found = self._read().scalars(query.order_by(DutyRule.id).limit(most + 1)).all()
        page = tuple(duty_of(row) for row in found[:most])
        return DutyPage(page, page[-1].id if len(found) > most else None)

    def rule(self, rule_id: UUID) -> DutyView | None:
        """Return one rule, ended or not."""
        row = self._read().get(DutyRule, rule_id)
        return DutyView(duty_of(row), row.reason, row.created_by) if row else None

    def preview(
        self, change: DutyChange, limit: int = 10, *, gainers_after: UUID | None = None, losers_after: UUID | None = None
    ) -> DutyPreview:
        """Return what ``change`` would do to those who serve now, with one page of who gains the role and of who loses it.

        Raises:
            Invalid: the new rule is wrong.
            NotFound: there is no such rule.
        """
        return self._previewing.preview(change, self._clock.now(), limit, gainers_after=gainers_after, losers_after=losers_after)

    def roles(self) -> tuple[RoleSpec, ...]:
        """Return the roles that a duty, or an administrator of a department, may give, in the order of their codes."""
        policy = self._decider.policy()
        given = (role for role in policy.roles.values() if may_be_given(role.code))
        return tuple(sorted((role for role in given if not policy.closure[role.code] & set(OFFICER_ROLES)), key=lambda role: role.code))

    def following(self, subject: Subject, at: datetime) -> frozenset[tuple[str, str | None]]:
        """Return the roles that follow from a duty at ``at``, each with the department that bounds it; the duty need not exist yet."""
        held = self._decider.duties().held(subject)
        return frozenset((role, window.department_path) for role, window in held if window.live(instant(at)))

    def ceiling(self, path: str, at: datetime | None = None) -> CeilingView:
        """Return what may be given directly in the department at ``path``."""
        return self._ceilings.at(path, at or self._clock.now())

    def departments_with_ceiling(self, limit: int = 50, after: UUID | None = None) -> tuple[UUID, ...]:
        """Return departments on which a ceiling was set, in the order of their ids, beginning behind ``after``."""
        return self._ceilings.wherever_set(self._clock.now(), limit, after)
