"""Saying why not: what stands nearest to an allow, found after Casbin has denied. It explains, and decides nothing."""

from __future__ import annotations

from collections.abc import Callable

from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.decisions import Reason
from govcloud.authorization.deciding.engine import Verdict
from govcloud.authorization.deciding.policy import NEVER, CompiledPolicy
from govcloud.authorization.policies.document import ALLOW
from govcloud.authorization.subjects.snapshot import GrantFact, instant


def why_denied(policy: CompiledPolicy, verdict: Verdict, asking: Asking, last_grant: Callable[[], GrantFact | None]) -> Reason:
    """Return the reason for a denial.

    Args:
        policy: what decided.
        verdict: Casbin's answer.
        asking: the question, with the subject's snapshot.
        last_grant: gives the newest temporary grant of the function, closed or not.
    """
    if verdict.rule is not None and verdict.rule.effect != ALLOW:
        return Reason.FORBIDDEN_BY_RULE
    return _held_but_not_enough(policy, verdict, asking) or _what_became_of(last_grant(), asking.now) or Reason.NO_PERMISSION


def _held_but_not_enough(policy: CompiledPolicy, verdict: Verdict, asking: Asking) -> Reason | None:
    """Return what an allow rule of a live role lacks: the clearance, the rows, a level that keeps what it bounds, or its condition."""
    reason: Reason | None = None
    for row in verdict.considered:
        if row is NEVER or row[4] != ALLOW:
            continue
        role = asking.role_of(row[0])
        if not asking.holds_role(role):
            continue
        if asking.clearance < asking.label:
            # The mandatory control: neither rows nor conditions would help.
            return Reason.LABEL_TOO_LOW
        kept = asking.kept(role, policy.scopes[row[3]], policy.rules[row[5]].fields)
        if not kept:
            return Reason.OUT_OF_SCOPE if kept is None else Reason.LEVEL_CANNOT_ENFORCE
        reason = Reason.CONDITION_NOT_MET
    return reason


def _what_became_of(grant: GrantFact | None, now: int) -> Reason | None:
    if grant is None:
        return None
    if grant.closed_at is not None:
        return Reason.GRANT_REVOKED
    if now >= instant(grant.ends_at):
        return Reason.GRANT_EXPIRED
    if grant.suspended:
        return Reason.GRANT_SUSPENDED
    if now < instant(grant.starts_at):
        return Reason.GRANT_NOT_STARTED
    return None
