"""Makes evidence cards: gathers what an approver has to know about one line from the domains that know it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy import DateTime, Row, bindparam, select
from sqlalchemy.orm import Session

from govcloud.access.evidence.card import (
    ClearanceEvidence,
    EvidenceCard,
    ItemEvidence,
    LastUse,
    PastDecision,
    PersonEvidence,
    SeparationEvidence,
    SilenceEvidence,
    utc_text,
)
from govcloud.access.lifecycle import LineState
from govcloud.access.loading import FactsLoader
from govcloud.access.models import AccessRequest, Decision, RequestLine
from govcloud.access.naming import Names, named
from govcloud.access.tasks.presigned import rules_over, takes_silence
from govcloud.authorization.apart.views import Finding
from govcloud.authorization.scopes.scope import Scope
from govcloud.identity.queries import Subject
from govcloud.kernel.prepared import Look, one_of
from govcloud.signon.entries import last_entered
from govcloud.subsystems.queries import ItemView

_MOST_PAST = 5
_LOOKED_BACK = 200
_CHINA = ZoneInfo("Asia/Shanghai")


_PAST = Look(
    select(RequestLine.id, RequestLine.state)
    .where(RequestLine.item_id == bindparam("item"), RequestLine.state.in_((LineState.APPROVED, LineState.REJECTED)))
    .where(RequestLine.closed_at < bindparam("before", type_=DateTime(timezone=True)))
    .order_by(RequestLine.closed_at.desc(), RequestLine.id.desc())
    .limit(_LOOKED_BACK)
)


_DECIDED = Look(
    select(
        Decision.at,
        Decision.outcome,
        Decision.approved_days,
        Decision.approved_scope,
        AccessRequest.beneficiary_appointment_id.label("appointment_id"),
    )
    .join(RequestLine, RequestLine.id == Decision.line_id)
    .join(AccessRequest, AccessRequest.id == RequestLine.request_id)
    .where(one_of(Decision.line_id, "lines"))
    .order_by(Decision.at.desc(), Decision.id.desc())
    .limit(_MOST_PAST)
)


class CardMaker:
    """Makes the card of a line as the facts stand at a moment."""

    def __init__(self, read: Callable[[], Session], facts: FactsLoader) -> None:
        """Take the source of reading sessions and the loader of facts."""
        self._read = read
        self._facts = facts

    def card(self, request: AccessRequest, line: RequestLine, now: datetime, findings: Sequence[Finding] | None = None) -> EvidenceCard:
        """Return the card; the same facts give the same card, whenever it is made.

        ``findings`` are what the rules of separation of duty say, where that has been asked already.
        """
        if findings is None:
            findings = self._facts.authorization.apart.findings(
                request.beneficiary_official_id, [line.function], request.case_number, line.duty, now
            )
        names = Names(self._facts.identity)
        scope = Scope.from_json(line.requested_scope)
        other = request.requester_official_id != request.beneficiary_official_id
        known = self._facts.catalogue_item(line.item_id)
        current = self._facts.identity.subject(request.beneficiary_appointment_id, now)
        past = self._past_lines(line)
        outcomes = Counter(row.state for row in past)
        matter = self._facts.subsystems.matter(request.matter_id) if request.matter_id else None
        return EvidenceCard(
            line_id=str(line.id),
            request_number=request.number,
            beneficiary=self._person(request.beneficiary_official_id, request.beneficiary_appointment_id, line.submitted_at, current),
            requester=(
                self._person(
                    request.requester_official_id,
                    request.requester_appointment_id,
                    line.submitted_at,
                    self._facts.identity.subject(request.requester_appointment_id, now),
                )
                if other
                else None
            ),
            reason=request.reason,
            case_number=request.case_number,
            matter=matter.name if matter else None,
            item=self._item(line, known, now),
            scope=scope.to_json(),
            scope_names=names.divisions(scope),
            automatic_end_days=line.requested_days,
            cap_days=known.max_days,
            peers_holding=self._peers(request, line, current),
            held_now=self._held(request, line, now),
            approved_before=outcomes[LineState.APPROVED],
            rejected_before=outcomes[LineState.REJECTED],
            looked_back=_LOOKED_BACK,
            latest_decisions=self._latest([row.id for row in past[:_MOST_PAST]], names),
            last_use=self._last_use(request, line, known),
            separation=tuple(_separation(finding) for finding in findings),
            clearance=_clearance(known, current),
            silence=self._silence(line, known, current, now),
        )

    def _person(self, official_id: UUID, appointment_id: UUID, submitted_at: datetime, current: Subject | None) -> PersonEvidence:
        """Return a person in the duty of the request: as it stands now (``current``), or as it stood at the submission if it has ended."""
        identity = self._facts.identity
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

    def _item(self, line: RequestLine, item: ItemView, now: datetime) -> ItemEvidence:
        """Return what would be opened, as the catalogue describes it now."""
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

    def _peers(self, request: AccessRequest, line: RequestLine, subject: Subject | None) -> int:
        """Count the beneficiary's colleagues of the same department who can use the function now."""
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

    def _past_lines(self, line: RequestLine) -> Sequence[Row[UUID, str]]:
        """Return the latest lines of the same item that were decided before this one was submitted, the latest first.

        So many and no more: an item may have had hundreds of thousands, and this is read within each decision.
        """
        return _PAST.within(self._read(), {"item": line.item_id, "before": line.submitted_at})

    def _latest(self, line_ids: Sequence[UUID], names: Names) -> tuple[PastDecision, ...]:
        """Return the decisions on lines that were decided, the latest first, without names of persons."""
        rows = _DECIDED.within(self._read(), {"lines": line_ids})
        subjects = self._facts.identity.subjects_asked((row.appointment_id, row.at) for row in rows)
        return tuple(_past(row, subjects.get((row.appointment_id, row.at)), names) for row in rows)

    def _last_use(self, request: AccessRequest, line: RequestLine, item: ItemView) -> LastUse:
        """Return when the beneficiary last used the function before the line was submitted, as far as anybody wrote it down."""
        who, before = request.beneficiary_official_id, line.submitted_at
        used = self._facts.authorization.last_allowed(who, line.function, before)
        if used is not None:
            return LastUse("function", _day(used))
        clients = [client.client_id for client in self._facts.subsystems.clients_of(item.subsystem_id)]
        entered = last_entered(self._read(), who, clients, before)
        return LastUse("unknown", None) if entered is None else LastUse("subsystem", _day(entered))

    def _silence(self, line: RequestLine, item: ItemView, beneficiary: Subject | None, now: datetime) -> SilenceEvidence | None:
        """Return the rule that would take silence for a yes, as far as that shows beforehand: the first whose bounds hold the line."""
        answer_by = line.deputy_at
        if answer_by is None or beneficiary is None or line.round > 1 or not takes_silence(item):
            return None
        for rule in rules_over(self._read(), line, item, now):
            if rule.ends_at > answer_by and self._facts.lies_within(beneficiary.department_path, rule.departments, now):
                name = self._facts.identity.official_names([rule.official_id])[rule.official_id]
                return SilenceEvidence(str(rule.id), name, utc_text(rule.signed_at), utc_text(answer_by))
        return None


def _past(decision: Any, subject: Subject | None, names: Names) -> PastDecision:  # noqa: ANN401 - a row of ``_DECIDED``
    """Return one earlier decision, on somebody in the duty of ``subject``."""
    scope = Scope.from_json(decision.approved_scope) if decision.approved_scope is not None else None
    return PastDecision(
        at=utc_text(decision.at),
        outcome=decision.outcome,
        department=subject.department_name if subject else "",
        days=decision.approved_days,
        scope_names=names.divisions(scope) if scope else (),
    )


def _separation(finding: Finding) -> SeparationEvidence:
    return SeparationEvidence(
        rule=finding.rule.code,
        version=finding.rule.version,
        name=finding.rule.name,
        kind=finding.rule.kind,
        state=str(finding.state),
        held=finding.held,
        held_names=finding.named(finding.held),
        exception_id=str(finding.exception_id) if finding.exception_id else None,
        until=utc_text(finding.until) if finding.until else None,
    )


def _clearance(item: ItemView, subject: Subject | None) -> ClearanceEvidence:
    """Return the label of the function beside that of the beneficiary; who serves no longer is cleared for nothing."""
    has = subject.label if subject is not None else 0
    return ClearanceEvidence(item.label, has, has >= item.label)


def _day(moment: datetime) -> str:
    """Return the day of ``moment`` in China."""
    return moment.astimezone(_CHINA).date().isoformat()
