"""The checks of a subsystem before it goes into service, a small class each.

To add one: a class beside those of its kind, one line below, one row in the table of cases in the tests.
"""

from __future__ import annotations

from govcloud.subsystems.checks.connection import (
    AddressesAreSafe,
    ChecksAreAsked,
    GrantsCanBeEnded,
    LaunchIsAnswered,
    LogoutReaches,
    OwnerIsLive,
)
from govcloud.subsystems.checks.facts import SubsystemFacts
from govcloud.subsystems.checks.functions import (
    FunctionsAreDescribed,
    HasDoor,
    LevelWithinSubsystem,
    PromisesAreKept,
    RestsOnServiceItems,
    ScopeIsKept,
    SensitiveIsApproved,
    SensitiveIsRequestable,
)
from govcloud.subsystems.checks.registry import Check, Checked, Checklist, Checks

CHECKS = Checks(
    OwnerIsLive(),
    HasDoor(),
    AddressesAreSafe(),
    LaunchIsAnswered(),
    ChecksAreAsked(),
    LogoutReaches(),
    GrantsCanBeEnded(),
    LevelWithinSubsystem(),
    ScopeIsKept(),
    PromisesAreKept(),
    SensitiveIsApproved(),
    SensitiveIsRequestable(),
    RestsOnServiceItems(),
    FunctionsAreDescribed(),
)

__all__ = ["CHECKS", "Check", "Checked", "Checklist", "Checks", "SubsystemFacts"]
