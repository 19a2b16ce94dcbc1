"""Reads of separation of duty: rules with their versions, drafts with their previews, exceptions, violations; and what rules say."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.apart import errors
from govcloud.authorization.apart.breaches import Breaches
from govcloud.authorization.apart.findings import Separation
from govcloud.authorization.apart.models import SodDraft, SodException, SodViolation
from govcloud.authorization.apart.rules import all_rules, draft_view, exception_view, versions
from govcloud.authorization.apart.views import DraftView, ExceptionView, RulePreview, RuleView, Way
from govcloud.authorization.deciding.decider import Decider
from govcloud.kernel.clock import Clock
from govcloud.kernel.database import live_at

_MOST = 200


@dataclass(frozen=True, slots=True)
class ViolationView:
    """Who breaks which rule, with which functions, since when it is known."""

    id: UUID
    official_id: UUID
    rule_code: str
    rule_version: int
    functions: tuple[str, ...]
    found_at: datetime


class ApartQueries(Separation):
    """Answers questions about separation of duty; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider, clock: Clock) -> None:
        """Take the source of reading sessions, the decider and the clock."""
        super().__init__(read, decider)
        self._clock = clock
        self._breaches = Breaches(read, decider)

    def rules(self) -> tuple[RuleView, ...]:
        """Return the rules in force, in the order of their codes."""
        return all_rules(self._read())

    def versions(self, code: str) -> tuple[RuleView, ...]:
        """Return every version of a rule, the newest first.

        Raises:
            NotFound: there never was such a rule.
        """
        found = versions(self._read(), code)
        if not found:
            raise errors.no_such_rule(code)
        return found

    def drafts(self) -> tuple[DraftView, ...]:
        """Return the drafts that wait for a second person, the oldest first."""
        query = select(SodDraft).where(SodDraft.state == "open").order_by(SodDraft.id)
        return tuple(draft_view(row) for row in self._read().scalars(query))

    def draft(self, draft_id: UUID) -> DraftView:
        """Return a draft, decided or not.

        Raises:
            NotFound: there is no such draft.
        """
        row = self._read().get(SodDraft, draft_id)
        if row is None:
            raise errors.no_such_draft(draft_id)
        return draft_view(row)

    def preview(self, draft: DraftView) -> RulePreview:
        """Return who would break a draft's rule if it came into force now; its end is broken by nobody."""
        if draft.ends:
            return RulePreview(0, ())
        return self._breaches.of(draft.code, draft.kind, draft.functions, draft.most, self._clock.now())

    def breaches(self, rule: RuleView) -> RulePreview:
        """Return who breaks a rule now."""
        return self._breaches.of(rule.code, rule.kind, rule.functions, rule.most, self._clock.now())

    def ways(self, official_id: UUID, functions: tuple[str, ...]) -> tuple[Way, ...]:
        """Return from where an official holds each of ``functions`` now: roles, duties, temporary grants."""
        return self.holdings.ways(official_id, functions, self._clock.now())

    def exceptions(self, *, official_id: UUID | None = None, after: UUID | None = None, limit: int = _MOST) -> tuple[ExceptionView, ...]:
        """Return the exceptions that hold now, the oldest first; ``after`` is the last one of the page before."""
        now = self._clock.now()
        query = select(SodException).where(live_at(SodException, now), SodException.ends_at > now)
        if official_id is not None:
            query = query.where(SodException.official_id == official_id)
        if after is not None:
            query = query.where(SodException.id > after)
        rows = self._read().scalars(query.order_by(SodException.id).limit(max(1, min(limit, _MOST))))
        return tuple(exception_view(row) for row in rows)

    def violations(self, *, after: UUID | None = None, limit: int = _MOST) -> tuple[ViolationView, ...]:
        """Return what the last nightly look found and what stands still, the oldest first."""
        query = select(SodViolation).where(SodViolation.valid_to.is_(None))
        if after is not None:
            query = query.where(SodViolation.id > after)
        rows = self._read().scalars(query.order_by(SodViolation.id).limit(max(1, min(limit, _MOST))))
        return tuple(
            ViolationView(row.id, row.official_id, row.rule_code, row.rule_version, tuple(row.functions), row.valid_from) for row in rows
        )
