"""What happened in access; every event carries the request's id as its chain, so that one request reads as one story."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class RequestSubmitted(Event):
    """Somebody asked for temporary access."""

    name: ClassVar[str] = "access:request:submitted"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "case_number"})

    number: str
    line_id: UUID
    beneficiary_official_id: UUID
    beneficiary_appointment_id: UUID
    item_id: UUID
    item_version: int
    function: str
    scope: dict[str, Any]
    days: int
    due_at: datetime
    reason: str
    case_number: str | None
    submission_id: UUID | None
    mode: str
    starts_at: datetime | None
    matter_id: UUID | None
    matter_version: int | None
    duty: str | None


@dataclass(frozen=True, kw_only=True)
class LineApproved(Event):
    """Everybody whose word it takes said yes, perhaps to less than was asked; by `rule_id`: in advance, perhaps for silence."""

    name: ClassVar[str] = "access:line:approved"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})
    outbox: ClassVar[bool] = True

    decision_id: UUID
    subsystem_code: str
    function: str
    scope: dict[str, Any]
    days: int
    evidence_hash: str
    comment: str
    rule_id: UUID | None = None
    on_silence: bool = False


@dataclass(frozen=True, kw_only=True)
class LineRejected(Event):
    """A senior administrator said no; `alternative` is what they offer instead."""

    name: ClassVar[str] = "access:line:rejected"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})
    outbox: ClassVar[bool] = True

    decision_id: UUID
    subsystem_code: str
    function: str
    reason_code: str
    evidence_hash: str
    comment: str
    alternative: dict[str, Any] | None = None


@dataclass(frozen=True, kw_only=True)
class LineRetracted(Event):
    """Somebody who may refuse a line took its approval back while it was held back for others: it is refused, and so will not open."""

    name: ClassVar[str] = "access:line:retracted"
    personal: ClassVar[frozenset[str]] = frozenset({"comment"})

    decision_id: UUID
    reason_code: str
    evidence_hash: str
    comment: str


@dataclass(frozen=True, kw_only=True)
class LineBlocked(Event):
    """A line waits for an exception: rules of separation of duty keep what it asks for apart from what its beneficiary has."""

    name: ClassVar[str] = "access:line:blocked"

    line_id: UUID
    beneficiary_official_id: UUID
    function: str
    rules: dict[str, int]
    held: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class LineUnblocked(Event):
    """Nothing keeps a blocked line apart any more, so it waits for its owner; `exceptions` are those that lift what did."""

    name: ClassVar[str] = "access:line:unblocked"

    line_id: UUID
    beneficiary_official_id: UUID
    exceptions: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class LineWithdrawn(Event):
    """The requester or the beneficiary took the line back."""

    name: ClassVar[str] = "access:line:withdrawn"


@dataclass(frozen=True, kw_only=True)
class LineLapsed(Event):
    """Nobody decided in time, which stands against the department; or nobody corrected it (`returned`), lifted a conflict (`blocked`)."""

    name: ClassVar[str] = "access:line:lapsed"

    owner_department_id: UUID
    due_at: datetime
    returned: bool
    blocked: bool


@dataclass(frozen=True, kw_only=True)
class TaskOpened(Event):
    """A line waits for somebody: who is asked follows from the path, the kind of step, and the offices held at the moment."""

    name: ClassVar[str] = "access:task:opened"

    task_id: UUID
    line_id: UUID
    round: int
    step: int
    kind: str
    needed: int
    path: str
    asked_path: str


@dataclass(frozen=True, kw_only=True)
class TaskClaimed(Event):
    """Somebody who may decide took a line on, or was given it by another, with a reason; `former_id` is who had it until then."""

    name: ClassVar[str] = "access:task:claimed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    task_id: UUID
    line_id: UUID
    official_id: UUID
    former_id: UUID | None
    reassigned: bool
    reason: str


@dataclass(frozen=True, kw_only=True)
class TaskReleased(Event):
    """Whoever had taken a line on let it go again."""

    name: ClassVar[str] = "access:task:released"

    task_id: UUID
    line_id: UUID


@dataclass(frozen=True, kw_only=True)
class ApprovalRuleSigned(Event):
    """A senior administrator of the owner said yes in advance to requests of some departments, within bounds."""

    name: ClassVar[str] = "access:approval_rule:signed"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    rule_id: UUID
    item_id: UUID
    departments: tuple[UUID, ...]
    max_days: int
    scope: dict[str, Any]
    ends_at: datetime
    reason: str
    item_version: int = 0
    on_silence: bool = False
    replaces: UUID | None = None


@dataclass(frozen=True, kw_only=True)
class ApprovalRuleEnded(Event):
    """A rule that was signed in advance grants nothing any more."""

    name: ClassVar[str] = "access:approval_rule:ended"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    rule_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class ApprovalRuleUnbound(Event):
    """What a rule was signed for is another now: it grants nothing until one of ``concerned`` signs it again."""

    name: ClassVar[str] = "access:approval_rule:unbound"

    rule_id: UUID
    item_id: UUID
    item_name: str
    item_version: int
    signer_id: UUID
    concerned: tuple[UUID, ...]


@dataclass(frozen=True, kw_only=True)
class LineReminded(Event):
    """Half of the time to answer a line is over: its approvers are reminded."""

    name: ClassVar[str] = "access:line:reminded"

    owner_department_id: UUID
    submitted_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class LineDeputised(Event):
    """The time to answer a line is over; its department's deputies may decide on it as well."""

    name: ClassVar[str] = "access:line:deputised"

    owner_department_id: UUID
    submitted_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class LineEscalated(Event):
    """A line has waited for half as long again as its department has; the department above is asked as well."""

    name: ClassVar[str] = "access:line:escalated"

    owner_department_id: UUID
    submitted_at: datetime
    due_at: datetime


@dataclass(frozen=True, kw_only=True)
class ClockRulesSet(Event):
    """Working hours, or within how many of them departments answer, are others from now on."""

    name: ClassVar[str] = "access:clock_policy:set"

    changes: dict[str, Any]
    reason: str


@dataclass(frozen=True, kw_only=True)
class OpeningGivenUp(Event):
    """Approved lines of a request that opens as a whole will not open: another was `not_approved`, or (`cause`) what refused these."""

    name: ClassVar[str] = "access:request:not_opened"

    line_ids: tuple[UUID, ...]
    requester_official_id: UUID
    beneficiary_official_id: UUID
    cause: str


@dataclass(frozen=True, kw_only=True)
class RevocationOrdered(Event):
    """Somebody who answers for them ordered that many grants end: of a person, a subsystem, a matter, or the people of a department."""

    name: ClassVar[str] = "access:revocation:ordered"
    personal: ClassVar[frozenset[str]] = frozenset({"reason", "label"})

    revocation_id: UUID
    kind: str
    target: str
    label: str
    grants: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class RevocationDone(Event):
    """All grants of such an order have ended; ``grants`` is how many it ended itself."""

    name: ClassVar[str] = "access:revocation:done"

    revocation_id: UUID
    grants: int


@dataclass(frozen=True, kw_only=True)
class CalendarMissing(Event):
    """The days of a year that has come, or is near, were not imported: clocks suppose Monday to Friday, rules on such days open nothing."""

    name: ClassVar[str] = "access:work_calendar:missing"

    year: int
