"""What happens to second factors."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar
from uuid import UUID

from govcloud.kernel.events import Event


@dataclass(frozen=True, kw_only=True)
class SecondFactorEnrolled(Event):
    """An account has a second factor from now on, confirmed by its first code, and ten recovery codes."""

    name: ClassVar[str] = "signon:second_factor:enrolled"

    account_id: UUID
    factor: str


@dataclass(frozen=True, kw_only=True)
class SecondFactorRemoved(Event):
    """The owner of an account took its second factor away, with the recovery codes."""

    name: ClassVar[str] = "signon:second_factor:removed"

    account_id: UUID


@dataclass(frozen=True, kw_only=True)
class SecondFactorReset(Event):
    """An administrator took an account's second factor away, as its owner lost it; the owner's sessions ended with it."""

    name: ClassVar[str] = "signon:second_factor:reset"
    personal: ClassVar[frozenset[str]] = frozenset({"reason"})

    account_id: UUID
    reason: str


@dataclass(frozen=True, kw_only=True)
class RecoveryCodesRenewed(Event):
    """An account got ten other recovery codes; the earlier ones are worth nothing."""

    name: ClassVar[str] = "signon:recovery_codes:renewed"

    account_id: UUID
