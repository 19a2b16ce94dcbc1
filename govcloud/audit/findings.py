"""What verification finds: the kinds of damage, the report, and the check of a single event against its own bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from govcloud.audit.canonical import PersonalValue, moment, read_canonical
from govcloud.audit.checkpoint import Checkpoint
from govcloud.audit.merkle import leaf_hash

MOST_KEPT = 100
"""A report keeps this many findings; all are counted."""


class Kind(StrEnum):
    """Every kind of damage that verification names."""

    EVENT_EDITED = "event_edited"
    EVENT_MISSING = "event_missing"
    COLUMN_EDITED = "column_edited"
    SEQUENCE_EDITED = "sequence_edited"
    SEQUENCE_GAP = "sequence_gap"
    NOT_SEQUENCED = "not_sequenced"
    NODE_WRONG = "node_wrong"
    CHECKPOINT_WRONG = "checkpoint_wrong"
    CHECKPOINT_MISSING = "checkpoint_missing"
    TRUNCATED = "truncated"
    HISTORY_REWRITTEN = "history_rewritten"
    CHAIN_BROKEN = "chain_broken"
    PERSONAL_EDITED = "personal_edited"
    TIME_WRONG = "time_wrong"
    GUARD_MISSING = "guard_missing"
    PROOF_WRONG = "proof_wrong"
    EVENT_REPEATED = "event_repeated"
    BUNDLE_INCOMPLETE = "bundle_incomplete"


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold: what, where (a place in the sequence, an event, a chain) and why."""

    kind: Kind
    where: str
    detail: str


@dataclass
class Report:
    """The result of one verification; ``anchored`` says that it was held against a checkpoint kept elsewhere."""

    checkpoint: Checkpoint | None = None
    anchored: bool = False
    events: int = 0
    waiting: int = 0
    checkpoints: int = 0
    personal_values: int = 0
    personal_erased: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    findings: list[Finding] = field(default_factory=list)

    def add(self, *found: Finding) -> None:
        """Count findings, and keep the first hundred."""
        for finding in found:
            self.counts[finding.kind] += 1
            if len(self.findings) < MOST_KEPT:
                self.findings.append(finding)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.counts


@dataclass(frozen=True)
class StoredEvent:
    """A row of the record as it lies in the database."""

    id: UUID
    at: datetime
    name: str
    actor_kind: str
    actor_id: str
    subject: str
    chain: str | None
    chain_position: int | None
    prev_leaf: bytes | None
    canonical: bytes
    leaf_hash: bytes


def check_event(event: StoredEvent, personal: Iterable[PersonalValue], where: str, report: Report) -> None:
    """Check one event: its leaf hash, the columns beside its bytes, and its personal values against their commitments."""
    if leaf_hash(event.canonical) != event.leaf_hash:
        report.add(Finding(Kind.EVENT_EDITED, where, f"event {event.id}: its bytes do not give its leaf hash"))
    try:
        document = read_canonical(event.canonical)
        columns = list(_edited_columns(event, document))
        commitments = dict(document["personal"])
    except (ValueError, KeyError, TypeError) as error:
        report.add(Finding(Kind.EVENT_EDITED, where, f"event {event.id}: its bytes are not an event ({error})"))
        return
    if columns:
        report.add(Finding(Kind.COLUMN_EDITED, where, f"event {event.id}: {', '.join(columns)} differ from its bytes"))
    check_personal(event.id, commitments, personal, where, report)


def check_personal(
    event_id: UUID | str, commitments: dict[str, str], personal: Iterable[PersonalValue], where: str, report: Report
) -> None:
    """Check kept personal values against the commitments of the event; those without a value were erased."""
    kept = 0
    for value in personal:
        kept += 1
        if commitments.get(value.field) != value.commitment():
            report.add(Finding(Kind.PERSONAL_EDITED, where, f"event {event_id}: the value kept for {value.field} is not the one recorded"))
    report.personal_values += kept
    report.personal_erased += max(0, len(commitments) - kept)


def _edited_columns(event: StoredEvent, document: dict[str, Any]) -> Iterator[str]:
    """Give the names of the columns that say something else than the bytes."""
    link = document["chain"]
    recorded = {
        "id": document["id"],
        "at": document["at"],
        "name": document["name"],
        "actor_kind": document["actor"]["kind"],
        "actor_id": document["actor"]["id"],
        "subject": document["subject"],
        "chain": link and link["id"],
        "chain_position": link and link["position"],
        "prev_leaf": link and link["prev_leaf"],
    }
    stored = {
        "id": str(event.id),
        "at": moment(event.at),
        "name": event.name,
        "actor_kind": event.actor_kind,
        "actor_id": event.actor_id,
        "subject": event.subject,
        "chain": event.chain,
        "chain_position": event.chain_position,
        "prev_leaf": event.prev_leaf.hex() if event.prev_leaf else None,
    }
    return (column for column in recorded if recorded[column] != stored[column])
