"""What a decision receipt says: the JSON object that is signed. ``receipt_checks.py`` reads it, of this version and of older ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from sqlalchemy.orm import Session

from govcloud.access.commands import Decided
from govcloud.access.deciding.routing import ids_of
from govcloud.access.evidence.card import EvidenceCard, utc_text
from govcloud.access.evidence.grounds import Grounds, Place, RuleGrounds
from govcloud.access.evidence.receipt_checks import FORM, VERSION
from govcloud.access.models import Decision
from govcloud.access.tasks.rights import Case
from govcloud.audit.queries import last_leaf
from govcloud.authorization.queries import AuthorizationQueries
from govcloud.identity.queries import IdentityQueries


class Payloads:
    """Makes what receipts say."""

    def __init__(self, read: Callable[[], Session], identity: IdentityQueries, authorization: AuthorizationQueries, issuer: str) -> None:
        """Take the reader, the queries that name people and policy, and our address."""
        self._read = read
        self._identity = identity
        self._authorization = authorization
        self._issuer = issuer

    def of(  # noqa: PLR0917 - the parts of one decision
        self, case: Case, decision: Decision, card: EvidenceCard, decided: Decided, grounds: Grounds, place: Place | None
    ) -> dict[str, Any]:
        """Return who decided what for whom, in whose right, as which of how many, to what extent, when, on which evidence and rules."""
        request, line = case.request, case.line
        leaf = last_leaf(self._read(), str(request.id))
        return {
            "form": FORM,
            "version": VERSION,
            "issuer": self._issuer,
            "at": utc_text(decision.at),
            "decision": {
                "id": str(decision.id),
                "outcome": decision.outcome,
                "reason_code": decision.reason_code,
                "extent": (
                    {"scope": decision.approved_scope, "days": decision.approved_days} if decision.approved_scope is not None else None
                ),
            },
            "decided_by": self._person(decision.official_id, decision.appointment_id, decision),
            "right": self._right(grounds, decision),
            "rule": _rule(grounds.rule),
            # An approval is taken back by one person, at no step.
            "step": {"number": place.task.step, "of": place.steps, "kind": place.task.kind, "round": decision.round} if place else None,
            "quorum": self._quorum(place, decision) if place else None,
            "beneficiary": {
                "official_id": card.beneficiary.official_id,
                "name": card.beneficiary.name,
                "department": card.beneficiary.department,
                "post": card.beneficiary.post,
            },
            "what": {
                "subsystem": line.subsystem_code,
                "function": line.function,
                "function_name": card.item.function_name,
                "item_id": str(line.item_id),
                "item_version": line.item_version,
            },
            "request": {"id": str(request.id), "number": request.number, "case_number": request.case_number, "line_id": str(line.id)},
            "grant": (
                {"id": str(decided.grant_id), "ends_at": utc_text(decided.ends_at)}
                if decided.grant_id is not None and decided.ends_at is not None
                else None
            ),
            "evidence": {"sha256": decision.evidence_hash},
            "rules": {
                "policy": self._authorization.policy().number,
                "separation": {item.rule: item.version for item in card.separation},
            },
            "audit": {"chain": str(request.id), "leaf": leaf.hex() if leaf is not None else None},
        }

    def _person(self, official_id: UUID, appointment_id: UUID, decision: Decision) -> dict[str, str]:
        """Return a person in an office, as both stood when it was decided."""
        office = self._identity.subject(appointment_id, decision.at)
        return {
            "official_id": str(official_id),
            "appointment_id": str(appointment_id),
            "name": office.name if office else "",
            "department": office.department_name if office else "",
            "post": office.post if office else "",
        }

    def _right(self, grounds: Grounds, decision: Decision) -> dict[str, Any]:
        """Return in whose right it was decided: as what, over which department (none: the whole province), and by what it was lent."""
        over = None
        if grounds.path != _EVERYTHING:
            [department_id] = ids_of([grounds.path])
            department = self._identity.department(department_id, decision.at)
            over = {"department_id": str(department_id), "department": department.name if department else ""}
        return {
            "capacity": str(grounds.capacity),
            "over": over,
            "principal": self._person(grounds.principal_id, grounds.appointment_id, decision),
            "delegation_id": str(grounds.delegation_id) if grounds.delegation_id else None,
        }

    def _quorum(self, place: Place, decision: Decision) -> dict[str, Any]:
        """Return how many have to agree at this step, how many do by now, and who did before, the first first."""
        names = self._identity.official_names({row.official_id for row in place.before}) if place.before else {}
        counted = [
            {
                "decision_id": str(row.id),
                "official_id": str(row.official_id),
                "principal_id": str(row.principal_id),
                "name": names.get(row.official_id, ""),
                "at": utc_text(row.at),
            }
            for row in place.before
        ]
        return {
            "needed": place.task.needed,
            "given": len(counted) + (decision.outcome == "approved"),
            "distinct_units": place.task.distinct_units,
            "counted": counted,
        }


_EVERYTHING = "/"


def _rule(rule: RuleGrounds | None) -> dict[str, Any] | None:
    """Return the rule that was signed in advance, with the version of the item for which it was."""
    if rule is None:
        return None
    return {
        "id": str(rule.id),
        "item_version": rule.item_version,
        "signed_at": utc_text(rule.signed_at),
        "ends_at": utc_text(rule.ends_at),
    }
