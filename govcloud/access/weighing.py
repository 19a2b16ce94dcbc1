"""Gathers what the rules see when somebody decides, in one place for the command, under its locks, and for the page that offers it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from govcloud.access.facts import DecisionFacts, PersonFacts, Wanted
from govcloud.access.lines import approved_for
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, RequestLine
from govcloud.access.rules.reciprocal import WINDOW
from govcloud.authorization.scope import Scope


class Weighing:
    """Loads the facts of a decision; it never writes."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader) -> None:
        """Take the source of reading sessions and the loader of facts."""
        self._read = read
        self._facts = facts

    def facts(
        self, request: AccessRequest, line: RequestLine, decider: PersonFacts, approved: Wanted | None, now: datetime
    ) -> DecisionFacts:
        """Return what stands when ``decider`` answers a line at ``now``; ``approved`` is ``None`` for a refusal."""
        deciding = [decider.official_id]
        return DecisionFacts(
            item=self._facts.item(self._facts.catalogue_item(line.item_id), now),
            requester_id=request.requester_official_id,
            beneficiary=self._facts.person(request.beneficiary_official_id, request.beneficiary_appointment_id, now),
            wanted=Wanted(Scope.from_json(line.requested_scope), line.requested_days),
            requested_version=line.item_version,
            decider=decider,
            authority=self._facts.authority(decider, now),
            approved=approved,
            owed=approved_for(self._read(), request.beneficiary_official_id, deciding, now - WINDOW),
            findings=self._facts.authorization.apart.findings(
                request.beneficiary_official_id, [line.function], request.case_number, line.duty, now
            ),
            # More than was asked for is refused by a rule of its own.
            ends_at=ends_at(request, min(approved.days, line.requested_days), now) if approved is not None else None,
        )


def starts_at(request: AccessRequest, now: datetime) -> datetime:
    """Return when what is approved at ``now`` begins: at once, or when the request wants it."""
    return now if request.starts_at is None else max(now, request.starts_at)


def ends_at(request: AccessRequest, days: int, now: datetime) -> datetime:
    """Return when what is approved at ``now`` for so many days of 24 hours ends."""
    return starts_at(request, now) + timedelta(days=days)
