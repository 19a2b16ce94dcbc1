"""The last look before somebody gets something: whatever was checked before, nothing that a rule keeps apart is given here.

The person's lock is held by the caller; the rules stay as they are until the transaction ends.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from uuid import UUID

from govcloud.authorization.apart import errors
from govcloud.authorization.apart.findings import Separation, lifted, static_finding
from govcloud.authorization.apart.holdings import opened_by
from govcloud.authorization.apart.rules import exceptions_of, rules_of_kind
from govcloud.authorization.apart.views import STATIC, ExceptionView, Finding, FindingState, RuleView
from govcloud.authorization.commands import NewAssignment, NewGrant
from govcloud.authorization.deciding.policy import CompiledPolicy
from govcloud.authorization.locking import APART, hold
from govcloud.kernel.unit_of_work import Transaction


def refuse_grant(tx: Transaction, separation: Separation, new: NewGrant) -> None:
    """Refuse to open a grant that a rule keeps apart from what the person holds, or that would outlast the exception it rests on.

    Raises:
        Conflict: names the rule and what stands against it.
    """
    hold(tx.session, APART)
    for finding in separation.conflicts(new.official_id, [new.function], new.case_number, new.duty, tx.now):
        if finding.state is FindingState.CONFLICT:
            raise errors.apart(finding)
        if finding.until is not None and finding.until < new.ends_at:
            raise errors.outlasts(finding.until)


def refuse_roles(
    tx: Transaction, separation: Separation, policy: CompiledPolicy, assignments: Collection[NewAssignment], now: datetime
) -> None:
    """Refuse roles that would bring together in one person what a static rule keeps apart; ``APART`` must be held already.

    Raises:
        Conflict: names the rule and what stands against it.
    """
    rules = rules_of_kind(tx.session, STATIC)
    if not rules:
        return
    named = sorted({function for rule in rules for function in rule.functions})
    asked: dict[UUID, set[str]] = {}
    for new in assignments:
        asked.setdefault(new.official_id, set()).update(opened_by(policy, {new.role_code}, named))
    people = sorted(official for official, functions in asked.items() if functions)
    if not people:
        return
    held = separation.holdings.of(people, named, now)
    exceptions = exceptions_of(tx.session, people, [rule.code for rule in rules], now)
    for official in people:
        own = [one for one in exceptions if one.official_id == official]
        if found := _stands_against(rules, own, asked[official], held[official]):
            raise errors.apart(found[0])


def withheld_roles(
    tx: Transaction, separation: Separation, policy: CompiledPolicy, official_id: UUID, roles: Collection[str], *, now: datetime
) -> Mapping[str, Finding]:
    """Return those of ``roles``, tried in their order, that a static rule keeps apart from what the official holds or gets before them.

    ``APART`` must be held already. Each comes with the first rule that stands against it.
    """
    rules = rules_of_kind(tx.session, STATIC)
    if not rules:
        return {}
    named = sorted({function for rule in rules for function in rule.functions})
    held = separation.holdings.of([official_id], named, now)[official_id]
    exceptions = exceptions_of(tx.session, [official_id], [rule.code for rule in rules], now)
    kept: dict[str, Finding] = {}
    for role in roles:
        asked = opened_by(policy, {role}, named)
        if found := _stands_against(rules, exceptions, asked, held):
            kept[role] = found[0]
        else:
            held |= asked
    return kept


def _stands_against(
    rules: Iterable[RuleView], exceptions: Collection[ExceptionView], asked: Collection[str], held: frozenset[str]
) -> list[Finding]:
    """Return what static rules have against somebody who holds ``held`` and is to hold ``asked`` by a role."""
    findings = [static_finding(rule, asked, held) for rule in rules]
    # A role has no end that an exception could bound, unless one is planned; so it is given on no exception.
    return [
        finding
        for finding in findings
        if finding.asked and lifted(finding, exceptions).state is not FindingState.CLEAR and set(finding.asked) - held
    ]
