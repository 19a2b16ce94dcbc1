"""What the records of sign-out give out: stays in subsystems, notices and what came of them, and how each client keeps up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID


class NoticeState(StrEnum):
    """How far a client has been told."""

    ACKNOWLEDGED = "acknowledged"
    WAITING = "waiting"
    FAILING = "failing"
    GIVEN_UP = "given_up"
    SHOWN = "shown"
    UNSHOWN = "unshown"
    NONE = "none"


@dataclass(frozen=True)
class StayView:
    """A client's part in a session; ``participant_id`` is the ``sid`` that the client knows it by."""

    participant_id: UUID
    session_id: UUID
    client_id: str
    client_name: str
    subsystem_code: str
    subsystem_name: str
    protocol: str
    since: datetime
    ended_at: datetime | None


@dataclass(frozen=True)
class NoticeView:
    """A client's notice that a stay ended; ``answer`` is what it said last, ``next_at`` when it is tried again."""

    id: UUID
    session_id: UUID
    participant_id: UUID
    official_id: UUID
    client_id: str
    client_name: str
    subsystem_name: str
    protocol: str
    channel: str
    cause: str
    grant_id: UUID | None
    created_at: datetime
    acknowledged_at: datetime | None
    answer: str | None
    state: NoticeState
    attempts: int = 0
    next_at: datetime | None = None


@dataclass(frozen=True)
class DeliveryView:
    """How a client keeps up: what waits and fails now, what it acknowledged in the last day and how long that took (the middle one)."""

    client_id: str
    client_name: str
    subsystem_name: str
    channel: str
    waiting: int
    failing: int
    given_up: int
    acknowledged: int
    middle: timedelta | None
    oldest: datetime | None


@dataclass(frozen=True)
class NoticePage:
    """One page of notices; ``after`` asks for the next one and is ``None`` at the end."""

    rows: tuple[NoticeView, ...]
    after: UUID | None


@dataclass(frozen=True)
class Frame:
    """An address that the person's browser loads to sign out of a subsystem (OIDC Front-Channel Logout 1.0 section 3)."""

    url: str
    origin: str
    subsystem_name: str


@dataclass(frozen=True)
class PolicyEffect:
    """What other rules would do at once: how many sessions end as idle, and how many people have more sessions than allowed."""

    idle: int
    over: int


@dataclass(frozen=True)
class GrantEnding:
    """A grant that ended: stays that began before ``at`` (``None``: all) are over, where the subsystem cannot ask by itself."""

    grant_id: UUID
    official_id: UUID
    subsystem_code: str
    function: str
    at: datetime | None = None
