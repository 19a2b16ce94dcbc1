"""What is delivered: a leased message, the request or letter that carries it, and who composes such and hears what came of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Protocol
from uuid import UUID

from govcloud.kernel.unit_of_work import Transaction


@dataclass(frozen=True)
class Letter:
    """A message that this worker may send until its lease ends; ``attempt`` tells its lease from a later one, ``at`` is when it began."""

    id: UUID
    topic: str
    payload: dict[str, Any]
    destination: str
    created_at: datetime
    attempt: int
    at: datetime


@dataclass(frozen=True)
class Request:
    """One POST to send; ``accepts`` are the statuses that mean received (none named: every 2xx)."""

    url: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    accepts: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Mail:
    """One letter to hand to the mail server: the envelope, and the whole message as it is sent (RFC 5322)."""

    sender: str
    recipient: str
    message: bytes


@dataclass(frozen=True)
class Unsendable:
    """Why there is no request for a message; ``for_good``: there will never be one."""

    reason: str
    for_good: bool = False


@dataclass(frozen=True)
class Outcome:
    """What came of a message: received when there is no ``error``; ``status`` is what HTTP or SMTP answered, if anything."""

    status: int | None
    error: str | None
    for_good: bool = False

    @property
    def received(self) -> bool:
        """Say whether the receiver has it."""
        return self.error is None


class Correspondence(Protocol):
    """Writes the requests or letters for one kind of destination (what stands before the colon) when they are sent, so that they are fresh.

    ``keep_trying`` is how long after its making a message is still tried; ``None``: as long as it takes.
    """

    keep_trying: timedelta | None

    def compose(self, destination: str, letters: Sequence[Letter]) -> Sequence[Request | Mail | Unsendable]:
        """Return for each letter to one destination what is to be sent; it may read within the open transaction."""
        ...

    def settled(self, tx: Transaction, outcomes: Sequence[tuple[Letter, Outcome, bool]]) -> None:
        """Take in, in the transaction that settles them, what came of letters, and whether each was given up."""
        ...
