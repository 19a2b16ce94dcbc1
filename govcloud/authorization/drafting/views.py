"""What reads of the life of a policy give out: frozen pictures of drafts, reviews, versions and impacts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from govcloud.authorization.drafting.effects import GAINS, LOSSES, Effect
from govcloud.kernel.messages import Message


@dataclass(frozen=True, slots=True)
class DraftView:
    """A draft without its text. ``stale``: another version than its base is in force."""

    id: UUID
    title: str
    reason: str
    maker_id: UUID | None
    created_by: str
    base_number: int
    rollback_of: int | None
    source: str
    checksum: str
    revision: int
    state: str
    created_at: datetime
    updated_at: datetime
    live_number: int

    @property
    def stale(self) -> bool:
        """Say whether another version came in since the draft was written."""
        return self.base_number != self.live_number


@dataclass(frozen=True, slots=True)
class ReviewView:
    """What a second person said about one revision; ``counts`` says whether a yes is of the draft as it stands."""

    id: UUID
    draft_id: UUID
    reviewer_id: UUID
    maker_id: UUID
    revision: int
    checksum: str
    base_number: int
    impact_id: UUID | None
    verdict: str
    comment: str
    at: datetime


@dataclass(frozen=True, slots=True)
class VersionView:
    """One version that is or was in force, with how it came in; ``maker_id`` and ``reviewer_id`` of one that was approved."""

    number: int
    source: str
    checksum: str
    installed_at: datetime
    installed_by: str
    basis: str
    note: str
    maker_id: UUID | None
    reviewer_id: UUID | None


@dataclass(frozen=True, slots=True)
class FunctionImpact:
    """One function with how many appointments each effect touches."""

    function: str
    name: str
    counts: Mapping[Effect, int]

    @property
    def gains(self) -> int:
        """Return how many gain something, for certain or in some situations."""
        return sum(self.counts.get(effect, 0) for effect in GAINS)

    @property
    def losses(self) -> int:
        """Return how many lose something, for certain or in some situations."""
        return sum(self.counts.get(effect, 0) for effect in LOSSES)

    @property
    def altered(self) -> int:
        """Return for how many the rows, the fields or the conditions are others."""
        return self.counts.get(Effect.ALTERED, 0)


@dataclass(frozen=True, slots=True)
class Totals:
    """How many appointments a text touches at all, and of them how many gain, lose, or have something altered."""

    population: int = 0
    touched: int = 0
    gains: int = 0
    losses: int = 0
    altered: int = 0


@dataclass(frozen=True, slots=True)
class ImpactView:
    """What one text would change; while it is worked out, ``done`` of ``total`` steps. ``digest`` names it for an approval."""

    id: UUID
    draft_id: UUID
    checksum: str
    base_number: int
    state: str
    at: datetime
    done: int
    total: int
    digest: str | None
    error: Message | None
    totals: Totals
    functions: tuple[FunctionImpact, ...] = ()
    unknown: tuple[str, ...] = ()
    """Functions whose rules change and which the catalogue does not have: nobody can use them."""
    roles_lost: tuple[str, ...] = ()
    """Roles that the text drops although somebody holds them: it cannot be put in force."""
    finished_at: datetime | None = None

    @property
    def percent(self) -> int:
        """Return how much of the work is done."""
        return min(100, self.done * 100 // self.total) if self.total else 0


@dataclass(frozen=True, slots=True)
class GroupView:
    """People to whom a text does the same. ``roles`` and ``attributes`` say who they are, ``effects`` what happens."""

    number: int
    kind: str
    size: int
    roles: tuple[str, ...]
    attributes: Mapping[str, str]
    effects: Mapping[str, Effect]


@dataclass(frozen=True, slots=True)
class Touched:
    """Somebody whom a text touches: the person under an appointment, or under none."""

    official_id: UUID
    appointment_id: UUID | None
    name: str
    employee_code: str
    department_name: str
    position: str


@dataclass(frozen=True, slots=True)
class TouchedPage:
    """A page of people with the effects on each; ``after`` asks for the next page and is ``None`` at the end."""

    rows: tuple[tuple[Touched, GroupView], ...]
    after: str | None


@dataclass(frozen=True, slots=True)
class ShadowView:
    """A text that decides, or decided, beside the live policy; the counts are of sampled questions."""

    id: UUID
    draft_id: UUID
    checksum: str
    started_by: str
    started_at: datetime
    until: datetime
    ended_at: datetime | None
    checked: int
    different: int
    dropped: int
    differences: tuple[ShadowDifference, ...] = ()
    samples: tuple[ShadowSample, ...] = field(default=())


@dataclass(frozen=True, slots=True)
class ShadowDifference:
    """How often one function was answered otherwise; ``live`` and ``shadow`` are codes of reasons."""

    function: str
    live: str
    shadow: str
    times: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class ShadowSample:
    """One question on which the two differed."""

    at: datetime
    official_id: UUID | None
    appointment_id: UUID | None
    function: str
    division: str | None
    live: str
    shadow: str
