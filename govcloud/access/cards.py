"""Makes evidence cards: gathers what an approver has to know about one line from the domains that know it."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from govcloud.access.evidence import EvidenceCard, ItemEvidence, PastDecision, PersonEvidence, utc_text
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.naming import Names, named
from govcloud.authorization.scope import Scope
from govcloud.identity.queries import Subject

_MOST_PAST = 5


class CardMaker:
    """Makes the card of a line as the facts stand at a moment."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader) -> None:
        """Take the source of reading sessions and the loader of facts."""
        self._read = read
        self._facts = facts

    def card(self, request: AccessRequest, line: RequestLine, now: datetime) -> EvidenceCard:
        """Return the card; the same facts give the same card, whenever it is made."""
        names = Names(self._facts.identity)
        scope = Scope.from_json(line.requested_scope)
        other = request.requester_official_id != request.beneficiary_official_id
        outcomes = self._outcomes(line)
        matter = self._facts.subsystems.matter(request.matter_id) if request.matter_id else None
        return EvidenceCard(
            line_id=str(line.id),
            request_number=request.number,
            beneficiary=self._person(request.beneficiary_official_id, request.beneficiary_appointment_id, line.submitted_at, now),
            requester=(
                self._person(request.requester_official_id, request.requester_appointment_id, line.submitted_at, now) if other else None
            ),
            reason=request.reason,
            case_number=request.case_number,
            matter=matter.name if matter else None,
            item=self._item(line, now),
            scope=scope.to_json(),
            scope_names=names.divisions(scope),
            automatic_end_days=line.requested_days,
            cap_days=self._facts.catalogue_item(line.item_id).max_days,
            peers_holding=self._peers(request, line, now),
            held_now=self._held(request, line, now),
            approved_before=outcomes.get("approved", 0),
            rejected_before=outcomes.get("rejected", 0),
            latest_decisions=self._latest(line, names),
        )

    def _person(self, official_id: UUID, appointment_id: UUID, submitted_at: datetime, now: datetime) -> PersonEvidence:
        """Return a person in the duty of the request: as it stands now, or as it stood at the submission if it has ended."""
        identity = self._facts.identity
        current = identity.subject(appointment_id, now)
        subject = current or identity.subject(appointment_id, submitted_at)
        if subject is None:
            name = identity.official_names([official_id]).get(official_id, "")
            return PersonEvidence(str(official_id), name, "", "", "", "", "", "", None, active=False)
        return PersonEvidence(
            official_id=str(official_id),
            name=subject.name,
            employee_code=subject.employee_code,
            department=subject.department_name,
            post=subject.post,
            position=subject.position,
            rank=subject.rank,
            appointment_kind=subject.kind,
            appointment_ends_at=utc_text(subject.ends_at) if subject.ends_at else None,
            active=current is not None and current.active,
        )

    def _item(self, line: RequestLine, now: datetime) -> ItemEvidence:
        """Return what would be opened, as the catalogue describes it now."""
        item = self._facts.catalogue_item(line.item_id)
        live = self._facts.subsystems.item(line.item_id, now)
        function = self._facts.subsystems.function(line.function, now)
        owner = self._facts.identity.department(line.owner_department_id, now)
        return ItemEvidence(
            name=item.name,
            function=item.function,
            function_name=item.function_name,
            subsystem=item.subsystem_name,
            exposes=item.exposes,
            sensitive=function is None or function.sensitive,
            integration_level=function.integration_level if function else 0,
            tier=item.tier,
            requested_version=line.item_version,
            live_version=live.version if live else None,
            owner_department=owner.name if owner else "",
            service_items=named(self._facts.subsystems.bases_of([item.function_id], now).get(item.function_id, ())),
            grace_minutes=item.grace_minutes,
        )

    def _peers(self, request: AccessRequest, line: RequestLine, now: datetime) -> int:
        """Count the beneficiary's colleagues of the same department who can use the function now."""
        subject = self._facts.identity.subject(request.beneficiary_appointment_id, now)
        if subject is None:
            return 0
        holders = set(self._facts.authorization.holders_in_department(line.function, subject.department_id))
        return len(holders - {request.beneficiary_official_id})

    def _held(self, request: AccessRequest, line: RequestLine, now: datetime) -> int:
        """Count the beneficiary's live grants of the function."""
        grants = self._facts.authorization.grants_of(request.beneficiary_official_id)
        return sum(
            grant.function == line.function and grant.closed_at is None and grant.starts_at <= now < grant.ends_at for grant in grants
        )

    def _outcomes(self, line: RequestLine) -> dict[str, int]:
        """Count the decisions on the same item before this line was submitted, by outcome."""
        query = (
            select(Decision.outcome, func.count())
            .join(RequestLine, RequestLine.id == Decision.line_id)
            .where(RequestLine.item_id == line.item_id, Decision.at < line.submitted_at)
            .group_by(Decision.outcome)
        )
        return {row[0]: row[1] for row in self._read().execute(query)}

    def _latest(self, line: RequestLine, names: Names) -> tuple[PastDecision, ...]:
        """Return the latest of those decisions, without names of persons."""
        query = (
            select(Decision, AccessRequest.beneficiary_appointment_id)
            .join(RequestLine, RequestLine.id == Decision.line_id)
            .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
            .where(RequestLine.item_id == line.item_id, Decision.at < line.submitted_at)
            .order_by(Decision.at.desc(), Decision.id.desc())
            .limit(_MOST_PAST)
        )
        rows = self._read().execute(query).all()
        subjects = self._facts.identity.subjects_asked((row[1], row[0].at) for row in rows)
        return tuple(self._past(row[0], subjects.get((row[1], row[0].at)), names) for row in rows)

    def _past(self, decision: Decision, subject: Subject | None, names: Names) -> PastDecision:
        """Return one earlier decision, on somebody in the duty of ``subject``."""
        scope = Scope.from_json(decision.approved_scope) if decision.approved_scope is not None else None
        return PastDecision(
            at=utc_text(decision.at),
            outcome=decision.outcome,
            department=subject.department_name if subject else "",
            days=decision.approved_days,
            scope_names=names.divisions(scope) if scope else (),
        )
