"""Inputs that remember what they gave, for as long as one batch of questions lasts: each subject, function and item is read once.

A batch is decided as at one read of all of them. Nothing is kept beyond it: what is cached is inputs, for one answer, never decisions.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from govcloud.authorization.deciding.decisions import Decision, Reason
from govcloud.authorization.deciding.facts import PolicyState
from govcloud.authorization.deciding.inputs import Acting, Inputs
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.subjects.duties import CompiledDuties
from govcloud.authorization.subjects.snapshot import GrantFact, Snapshot
from govcloud.subsystems.levels import Traits

Until: TypeAlias = Callable[[], Callable[[Decision], bool]]
"""Begins a round of answers: gives what says after each of them whether it is the last. A round that a damaged source ended begins anew."""


def always_on() -> Callable[[Decision], bool]:
    """Let every question be answered."""
    return lambda _decision: False


class Remembering:
    """``Inputs`` for one batch, in one thread."""

    def __init__(self, inputs: Inputs) -> None:
        """Take where to read."""
        self._inputs = inputs
        self._state = inputs.state
        self._traits: dict[str, Traits | None] = {}
        self._items: dict[str, UUID | None] = {}

    @property
    def state(self) -> PolicyState:
        """Return the policy and the epoch of the whole batch."""
        return self._state

    def acting(self, official_id: UUID | None, appointment_id: UUID | None, at: datetime) -> Acting | Reason:
        """Return who the subject is; the batch asks once for each."""
        found = self._inputs.acting(official_id, appointment_id, at)
        return found if isinstance(found, Reason) else RememberedActing(found)

    def primary(self, official_id: UUID, at: datetime) -> UUID | None:
        """Return the official's primary appointment."""
        return self._inputs.primary(official_id, at)

    def traits_of(self, function: str, at: datetime) -> Traits | None:
        """Return the security label and the integration level of a function in the catalogue."""
        if function not in self._traits:
            self._traits[function] = self._inputs.traits_of(function, at)
        return self._traits[function]

    def traits(self, functions: Collection[str], at: datetime) -> Mapping[str, Traits]:
        """Return the security labels and integration levels of functions."""
        return self._inputs.traits(functions, at)

    def item_for(self, function: str, at: datetime) -> UUID | None:
        """Return the item that a refusal points to."""
        if function not in self._items:
            self._items[function] = self._inputs.item_for(function, at)
        return self._items[function]


class RememberedActing:
    """``Acting`` for one batch."""

    def __init__(self, acting: Acting) -> None:
        """Take the official."""
        self._acting = acting
        self._grants: dict[str, GrantFact | None] = {}

    @property
    def ends_at(self) -> datetime | None:
        """Return when the appointment ends."""
        return self._acting.ends_at

    def snapshot(self, policy: CompiledPolicy, duties: CompiledDuties) -> Snapshot:
        """Return what the engine reads of the official."""
        return self._acting.snapshot(policy, duties)

    def last_grant(self, function: str) -> GrantFact | None:
        """Return the newest grant of ``function``."""
        if function not in self._grants:
            self._grants[function] = self._acting.last_grant(function)
        return self._grants[function]
