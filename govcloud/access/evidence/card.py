"""The evidence card: what an approver is shown, in one fixed form whose SHA-256 is kept with the decision.

The card holds no moment of its own and looks back only as far as the submission of the line, so the same facts give the same hash.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any

import rfc8785


@dataclass(frozen=True)
class PersonEvidence:
    """Who, in which duty."""

    official_id: str
    name: str
    employee_code: str
    department: str
    post: str
    position: str
    rank: str
    appointment_kind: str
    appointment_ends_at: str | None
    active: bool


@dataclass(frozen=True)
class ItemEvidence:
    """What would be opened, and exactly what that exposes."""

    name: str
    function: str
    function_name: str
    subsystem: str
    exposes: str
    sensitive: bool
    integration_level: int
    tier: str
    requested_version: int
    live_version: int | None
    owner_department: str
    service_items: tuple[str, ...] = ()
    """The service items that the function serves, each with its implementation code."""
    grace_minutes: int = 0
    """So long after the end work in progress may be finished."""


@dataclass(frozen=True)
class PastDecision:
    """One earlier decision on the same item, without names of persons."""

    at: str
    outcome: str
    department: str
    days: int | None
    scope_names: tuple[str, ...]


@dataclass(frozen=True)
class LastUse:
    """When the beneficiary last used the function: by the day, and as far as that is known at all.

    ``source``: ``function`` where the decision log has a yes to it, ``subsystem`` where only an entry into the subsystem is known,
    ``unknown`` where neither is; the log keeps a part of what is decided, so that unknown does not mean never.
    """

    source: str
    on: str | None


@dataclass(frozen=True)
class SeparationEvidence:
    """What one rule of separation of duty says: ``clear``, ``conflict`` or ``lifted`` (by an exception, until a day)."""

    rule: str
    version: int
    name: str
    kind: str
    state: str
    held: tuple[str, ...]
    held_names: tuple[str, ...]
    exception_id: str | None
    until: str | None


@dataclass(frozen=True)
class ClearanceEvidence:
    """The security label that the function needs, and the one that the beneficiary has."""

    needs: int
    has: int
    suffices: bool


@dataclass(frozen=True)
class SilenceEvidence:
    """The rule by which silence is a yes to this line, if nobody answers it by ``answer_by``, and who signed it when."""

    rule_id: str
    signed_by: str
    signed_at: str
    answer_by: str


@dataclass(frozen=True)
class EvidenceCard:
    """Everything that speaks for or against a line.

    ``peers_holding`` counts the colleagues in the beneficiary's department who can use the function now. ``held_now`` counts the
    beneficiary's own live grants of it. The earlier decisions are those made before the line was submitted, counted among the
    latest ``looked_back`` lines of the item that were decided. ``separation`` has every rule about the function. Access ends by
    itself ``automatic_end_days`` × 24 hours after an approval as requested. ``silence`` is there where no answer would be a yes.
    """

    line_id: str
    request_number: str
    beneficiary: PersonEvidence
    requester: PersonEvidence | None
    reason: str
    case_number: str | None
    matter: str | None
    item: ItemEvidence
    scope: dict[str, Any]
    scope_names: tuple[str, ...]
    automatic_end_days: int
    cap_days: int
    peers_holding: int
    held_now: int
    approved_before: int
    rejected_before: int
    looked_back: int
    latest_decisions: tuple[PastDecision, ...]
    last_use: LastUse
    separation: tuple[SeparationEvidence, ...]
    clearance: ClearanceEvidence
    silence: SilenceEvidence | None = None
    version: int = 3

    def to_json(self) -> dict[str, Any]:
        """Return the card in the types of JSON, as it is stored with the decision."""
        return asdict(self, dict_factory=_json_object)

    def digest(self) -> str:
        """Return the SHA-256 (hex) of the card's canonical form (RFC 8785)."""
        return evidence_digest(self.to_json())


def evidence_digest(card: dict[str, Any]) -> str:
    """Return the SHA-256 (hex) of a stored card: recomputed from a decision's row, it must equal the stored hash."""
    return hashlib.sha256(rfc8785.dumps(card)).hexdigest()


def utc_text(moment: datetime) -> str:
    """Return ``moment`` in ISO 8601, in UTC: a connection's own time zone must not change the hash."""
    return moment.astimezone(UTC).isoformat()


def _json_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return one record as a JSON object; tuples become lists."""
    return {key: list(value) if isinstance(value, tuple) else value for key, value in pairs}
