"""What access shows: frozen records of requests, lines, decisions, the inbox and held access, with names beside ids."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from govcloud.access.asking.views import ScopeChoice
from govcloud.access.evidence.card import EvidenceCard
from govcloud.access.lifecycle import OPEN, WAITING, GrantState, LineState, RequestState
from govcloud.authorization.scopes.scope import Scope
from govcloud.kernel.errors import Refusal

T = TypeVar("T")


@dataclass(frozen=True)
class PersonView:
    """An official in one duty, as pages name them; ``appointment_id`` is ``None`` for what hangs on the person alone."""

    official_id: UUID
    appointment_id: UUID | None
    name: str
    department_id: UUID | None
    department_name: str
    post: str


@dataclass(frozen=True)
class AlternativeView:
    """What a refusal offers instead: an item (``item_id`` and its name), rows and days, as far as it says."""

    item_id: UUID
    item_name: str
    scope: Scope
    scope_names: tuple[str, ...]
    days: int


@dataclass(frozen=True)
class DecisionView:
    """What was decided on a line, by whom and when."""

    id: UUID
    outcome: str
    decided_by: PersonView
    at: datetime
    scope: Scope | None
    scope_names: tuple[str, ...]
    days: int | None
    reason_code: str | None
    comment: str
    evidence_hash: str
    principal: PersonView | None = None
    """In whose right it was made, if somebody else lent it."""
    by_rule: bool = False
    """Whether it was made in advance, by the rule that ``decided_by`` signed."""
    by_silence: bool = False
    """Whether that rule spoke because nobody answered in time."""
    alternative: AlternativeView | None = None
    """What a refusal offers instead."""
    has_receipt: bool = False
    """Whether a signed receipt can be downloaded; decisions from before there were any have none."""
    round: int = 1
    """In which round of the line it was made; of an earlier one than the line's it no longer counts."""


@dataclass(frozen=True)
class TaskView:
    """What an open line waits for: step ``step`` of ``steps``, at which ``given`` of ``needed`` people have said yes.

    ``kind`` is whose step it is (``owner`` or ``superior``); ``holder`` is who has taken it on, until ``held_until``.
    """

    step: int
    steps: int
    kind: str
    given: int
    needed: int
    distinct_units: bool
    holder_id: UUID | None = None
    holder: str = ""
    held_until: datetime | None = None


@dataclass(frozen=True)
class GrantView:
    """A temporary grant: what, for which rows, from when until when, and where it stands now."""

    id: UUID
    line_id: UUID | None
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    scope: Scope
    scope_names: tuple[str, ...]
    starts_at: datetime
    ends_at: datetime
    state: GrantState
    closed_at: datetime | None
    close_reason: str | None
    integration_level: int = 0
    """How the function is enforced now (``subsystems/levels.py``); one that was withdrawn is as its subsystem is."""
    finish_until: datetime | None = None
    """Until when work in progress may be finished, while the grant is in the grace after its end."""


@dataclass(frozen=True)
class LineView:
    """One line of a request with its decision and its grant, as far as there are any.

    ``waits_for`` names the departments whose senior administrators may act, the nearest first (only while the line is open).
    """

    id: UUID
    request_id: UUID
    state: LineState
    version: int
    item_id: UUID
    item_name: str
    function: str
    function_name: str
    subsystem_code: str
    subsystem_name: str
    owner_department_id: UUID
    owner_department_name: str
    requested_scope: Scope
    scope_names: tuple[str, ...]
    requested_days: int
    submitted_at: datetime
    due_at: datetime
    closed_at: datetime | None
    waits_for: tuple[str, ...]
    decision: DecisionView | None
    grant: GrantView | None
    integration_level: int = 0
    service_items: tuple[str, ...] = ()
    round: int = 1
    task: TaskView | None = None
    decisions: tuple[DecisionView, ...] = ()
    """Everything that was decided on it, in every round, the oldest first; ``decision`` is the one that closed it."""
    missing: str = ""
    """What was missing when it was last sent back."""
    returned_by: PersonView | None = None
    returned_at: datetime | None = None
    correct_by: datetime | None = None
    """By when a line that was sent back has to be corrected, else it lapses."""
    duty: str | None = None
    conflicts: tuple[Refusal, ...] = ()
    """Why a blocked line waits: the rules of separation of duty that keep it apart, as they stand now."""
    answer_by: datetime | None = None
    """By when its department answers; ``due_at`` is when the line lapses."""
    escalation: int = 0
    """How far the clock has carried it: 1 reminded, 2 also the deputies, 3 also the department above."""
    held_back: str | None = None
    """Why a line that was approved has no grant: others of its request are still ``waiting``, or the whole will not open (``given_up``)."""
    extends: UUID | None = None
    """The line whose grant this one extends."""
    lapses_at: datetime | None = None
    """When it lapses if nothing happens: while its clock stands, for want of a correction or an exception, else of an answer."""

    @property
    def is_open(self) -> bool:
        """Whether the line still waits for somebody."""
        return self.state in OPEN

    @property
    def next_at(self) -> datetime:
        """When an open line's department has to have answered, or whoever else it waits for to have done their part."""
        return (self.answer_by if self.state in WAITING else self.lapses_at) or self.due_at

    @property
    def agreed(self) -> tuple[DecisionView, ...]:
        """Who said yes in the present round, the first first."""
        return tuple(one for one in self.decisions if one.round == self.round and one.outcome == "approved")


@dataclass(frozen=True)
class RequestView:
    """A whole request; ``state`` is derived from its lines, ``submission_id`` names the first of those that were sent off together."""

    id: UUID
    number: str
    state: RequestState
    requester: PersonView
    beneficiary: PersonView
    reason: str
    case_number: str | None
    matter_id: UUID | None
    matter_name: str | None
    created_at: datetime
    lines: tuple[LineView, ...]
    may_withdraw: bool
    mode: str = "progressive"
    starts_at: datetime | None = None
    matter_version: int | None = None
    submission_id: UUID | None = None

    @property
    def next_due(self) -> datetime | None:
        """When the next answer is due; ``None`` when nothing waits for a department, as what was returned does not."""
        return min((line.answer_by or line.due_at for line in self.lines if line.state in WAITING), default=None)


@dataclass(frozen=True)
class Route:
    """Where a request for an item would go now: the departments asked first, and by when they answer."""

    waits_for: tuple[str, ...]
    due_at: datetime


@dataclass(frozen=True)
class DecisionPage:
    """All that a decision page shows: the request, the line, the card with its hash, and what the reader may do.

    ``refusals`` stand against any decision of the reader on this line; ``approval_refusals`` stand against an approval as
    requested; both are empty when nothing does.
    """

    request: RequestView
    line: LineView
    card: EvidenceCard
    evidence_hash: str
    scope_choices: tuple[ScopeChoice, ...]
    max_days: int
    refusals: tuple[Refusal, ...]
    approval_refusals: tuple[Refusal, ...]
    principal: str = ""
    """In whose right the reader would decide, if somebody lent it."""
    answered: bool = False
    """Whether the reader has answered in this round already, or somebody in their right."""
    answered_by: str = ""
    """Who answered in the reader's right, if it was somebody else."""
    held_by: str = ""
    """Who else has taken it on."""
    may_hold: bool = False
    """Whether the reader may take it on alone, or hand it to somebody."""
    others: tuple[DecisionPage, ...] = ()
    """The same of the other lines of the request that the reader may decide, for one act."""

    @property
    def may_decide(self) -> bool:
        """Whether the line waits and the reader may answer it."""
        return self.line.state in WAITING and not self.refusals and not self.answered and not self.held_by


@dataclass(frozen=True)
class HeldAccess:
    """A temporary grant as its holder and the owning department see it: the grant, for whom, and the request behind it."""

    grant: GrantView
    holder: PersonView
    request_id: UUID | None
    request_number: str | None
    reason: str

    @property
    def ended_at(self) -> datetime:
        """When the grant stops working, or stopped."""
        closed_at = self.grant.closed_at
        return self.grant.ends_at if closed_at is None else min(closed_at, self.grant.ends_at)

    @property
    def is_live(self) -> bool:
        """Whether the grant can still be used, now or later."""
        return self.grant.state in {GrantState.ACTIVE, GrantState.SCHEDULED, GrantState.SUSPENDED}


@dataclass(frozen=True)
class Page(Generic[T]):
    """One page of a list, newest first; ``cursor`` asks for the next one (``None``: this is the last)."""

    entries: tuple[T, ...]
    cursor: str | None
