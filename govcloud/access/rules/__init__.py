"""The rules of access, one a file: what stands against a request, an approval or a refusal.

``check`` asks every rule of a stage and shows all refusals together. To add a rule: one file here, one line below, one row in
the table of cases in the tests.
"""

from __future__ import annotations

from govcloud.access.rules.authority import DeciderHasAuthority
from govcloud.access.rules.beneficiary import BeneficiaryIsActive, BeneficiaryStaysInPlace
from govcloud.access.rules.case_number import CaseNumberWhereAsked
from govcloud.access.rules.clearance import BeneficiaryIsCleared
from govcloud.access.rules.colleague import BeneficiaryIsColleague
from govcloud.access.rules.decidable import SomebodyDecides
from govcloud.access.rules.duplicate import OneOpenLine
from govcloud.access.rules.duty import DutyStated
from govcloud.access.rules.enforceable import ApprovedScopeIsEnforceable, EndIsFelt, ScopeIsEnforceable
from govcloud.access.rules.held import NotHeldAlready
from govcloud.access.rules.narrower import ApprovedWithinRequested
from govcloud.access.rules.own_request import NotOwnRequest
from govcloud.access.rules.parent import ParentStands
from govcloud.access.rules.reciprocal import NotReciprocal
from govcloud.access.rules.registry import Fault, Registry, Rule, check
from govcloud.access.rules.requestable import ItemIsRequestable
from govcloud.access.rules.scope_kind import ApprovedScopeFitsItem, ScopeFitsItem
from govcloud.access.rules.separation import ConflictCanBeLifted, DutiesStayApart, ExceptionOutlasts
from govcloud.access.rules.subordinate import NotSubordinate
from govcloud.access.rules.term import ApprovedWithinCap, RequestedWithinCap
from govcloud.access.rules.version import ItemUnchanged

SUBMIT = Registry(
    ItemIsRequestable(),
    BeneficiaryIsActive(),
    BeneficiaryIsColleague(),
    SomebodyDecides(),
    OneOpenLine(),
    NotHeldAlready(),
    RequestedWithinCap(),
    ScopeFitsItem(),
    ScopeIsEnforceable(),
    EndIsFelt(),
    CaseNumberWhereAsked(),
    DutyStated(),
    BeneficiaryIsCleared(),
    ConflictCanBeLifted(),
)
APPROVE = Registry(
    NotOwnRequest(),
    DeciderHasAuthority(),
    NotSubordinate(),
    NotReciprocal(),
    BeneficiaryStaysInPlace(),
    ItemUnchanged(),
    ParentStands(),
    ApprovedWithinRequested(),
    ApprovedScopeFitsItem(),
    ApprovedScopeIsEnforceable(),
    EndIsFelt(),
    ApprovedWithinCap(),
    BeneficiaryIsCleared(),
    DutiesStayApart(),
    ExceptionOutlasts(),
)
REJECT = Registry(
    NotOwnRequest(),
    DeciderHasAuthority(),
)
HOLD = Registry(
    NotOwnRequest(),
    DeciderHasAuthority(),
    NotSubordinate(),
    NotReciprocal(),
)
"""Who may hold a line alone, or hand it to somebody: whoever could say yes. A hold keeps others from answering, so the right to refuse is
too little for it. What stands against an approval by anybody (an item that changed) is no question here: somebody has to take the no on."""

__all__ = ["APPROVE", "HOLD", "REJECT", "SUBMIT", "Fault", "Registry", "Rule", "check"]
