"""The way of a subsystem into service and out of it, as a table; nothing here reads a database or a clock."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from govcloud.kernel.moves import moves


class Status(StrEnum):
    """Where a subsystem stands; stored."""

    REGISTERED = "registered"
    SUBMITTED = "submitted"
    CHECKED = "checked"
    PUBLISHED = "published"
    RETIRED = "retired"


class Place(StrEnum):
    """For which department a move is authorised."""

    OWNER = "owner"
    PUBLISHER = "publisher"
    """The department that publishes what the owner brings: its lead department, else the one above it, else the owner itself."""
    WAITING = "waiting"
    """The publisher when the subsystem waits to be published, before that the owner."""


@dataclass(frozen=True)
class Move:
    """One allowed step: its name, from which states, to which, the function that opens it, and where that is asked.

    A step that is ``apart`` is taken by somebody who has taken none of the others since the subsystem was last registered or
    returned; one that is ``sound`` is refused while a blocking finding stands; one with a ``reason`` needs it said.
    """

    name: str
    sources: frozenset[Status]
    target: Status
    function: str
    place: Place
    apart: bool = False
    sound: bool = False
    reason: bool = False


UNDER_REVIEW = frozenset({Status.SUBMITTED, Status.CHECKED})
"""What is looked at does not change meanwhile: what is checked is what will be published."""

ONBOARDING = moves(
    Move("submit", frozenset({Status.REGISTERED}), Status.SUBMITTED, "govcloud:subsystem:submit", Place.OWNER, sound=True),
    Move("return", UNDER_REVIEW, Status.REGISTERED, "govcloud:subsystem:return", Place.WAITING, reason=True),
    Move("check", frozenset({Status.SUBMITTED}), Status.CHECKED, "govcloud:subsystem:check", Place.OWNER, apart=True, sound=True),
    Move("publish", frozenset({Status.CHECKED}), Status.PUBLISHED, "govcloud:subsystem:publish", Place.PUBLISHER, apart=True, sound=True),
    Move(
        "retire",
        frozenset({Status.REGISTERED, Status.PUBLISHED}),
        Status.RETIRED,
        "govcloud:subsystem:retire",
        Place.PUBLISHER,
        reason=True,
    ),
)


def allowed_moves(status: Status) -> tuple[Move, ...]:
    """Return the moves from ``status``, in the table's order."""
    return tuple(move for move in ONBOARDING.values() if status in move.sources)
