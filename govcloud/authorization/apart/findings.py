"""What the rules say of somebody who asks for functions: clear, in conflict, or lifted by an exception.

Static: what is held (``holdings.py``) with what is asked. For a case: who handled (经办) it does not review (复核) it and the reverse,
where a part that was not stated counts as both; and of a rule's functions nobody has more than it allows for one case; what somebody
had for it counts for ever. A dynamic rule says nothing here: it looks at one session (``sessions.py``).

Every caller that goes on to give something holds ``APART`` and the person's lock, so that two at once are seen one after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from govcloud.authorization.apart.holdings import Holdings
from govcloud.authorization.apart.rules import exceptions_of, rules_about
from govcloud.authorization.apart.views import DYNAMIC, PER_CASE, STATIC, Conflict, ExceptionView, Finding, FindingState, RuleView
from govcloud.authorization.case_numbers import case_key
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.models import AccessGrant


class Separation:
    """Asks the rules about one person; it never writes."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider."""
        self._read = read
        self._decider = decider
        self.holdings = Holdings(read, decider)

    def findings(
        self, official_id: UUID, functions: Collection[str], case_number: str | None, duty: str | None, now: datetime
    ) -> tuple[Finding, ...]:
        """Return what each rule about ``functions`` says if the official gets them now, in the order of the rules' codes.

        Where no rule is about them this is one look at an index.

        Args:
            official_id: who would get them.
            functions: what is asked for.
            case_number: the case for whose sake, if there is one.
            duty: the part in the case: ``handle``, ``review`` or none.
            now: the moment; exceptions count that hold then.
        """
        rules = [rule for rule in rules_about(self._read(), functions) if rule.kind != DYNAMIC]
        if not rules:
            return ()
        asked = frozenset(functions)
        static = sorted({function for rule in rules if rule.kind == STATIC for function in rule.functions})
        held = self.holdings.of([official_id], static, now)[official_id] if static else frozenset()
        handled = self._handled(official_id, case_number) if any(rule.kind == PER_CASE for rule in rules) and case_number else ()
        exceptions = exceptions_of(self._read(), [official_id], [rule.code for rule in rules], now)
        found = (_of_case(rule, asked, duty, handled) if rule.kind == PER_CASE else static_finding(rule, asked, held) for rule in rules)
        return self._named([lifted(finding, exceptions) for finding in found])

    def conflicts(
        self, official_id: UUID, functions: Collection[str], case_number: str | None, duty: str | None, now: datetime
    ) -> tuple[Conflict, ...]:
        """Return those of the ``findings`` that are not clear; one that an exception lifts says so."""
        found = self.findings(official_id, functions, case_number, duty, now)
        return tuple(finding for finding in found if finding.state is not FindingState.CLEAR)

    def conflicts_of_each(self, official_id: UUID, functions: Collection[str], now: datetime) -> Mapping[str, tuple[Conflict, ...]]:
        """Return of each function, were it asked for alone, what static rules have against it; what nothing stands against is left out.

        What a rule on cases says hangs on the case. It takes a handful of statements, however many functions there are.
        """
        rules = [rule for rule in rules_about(self._read(), functions) if rule.kind == STATIC]
        if not rules:
            return {}
        held = self.holdings.of([official_id], sorted({function for rule in rules for function in rule.functions}), now)[official_id]
        exceptions = exceptions_of(self._read(), [official_id], [rule.code for rule in rules], now)
        asked = [(function, rule) for function in sorted(functions) for rule in rules if rule.concerns(function)]
        found = self._named([lifted(static_finding(rule, {function}, held), exceptions) for function, rule in asked])
        each: dict[str, tuple[Conflict, ...]] = {}
        for (function, _rule), finding in zip(asked, found, strict=True):
            if finding.state is not FindingState.CLEAR:
                each[function] = (*each.get(function, ()), finding)
        return each

    def tied_to_cases(self, functions: Collection[str]) -> frozenset[str]:
        """Return those of ``functions`` that a rule on cases is about: whoever asks for them says which part in the case it is for."""
        rules = [rule for rule in rules_about(self._read(), functions) if rule.kind == PER_CASE]
        return frozenset(function for function in functions if any(rule.concerns(function) for rule in rules))

    def _named(self, findings: Sequence[Finding]) -> tuple[Finding, ...]:
        """Return findings, conflicts with the names of their functions; what is clear needs none."""
        unclear = [finding for finding in findings if finding.state is not FindingState.CLEAR]
        codes = {code for finding in unclear for code in (*finding.asked, *finding.held)}
        names = self._decider.subsystems.function_names(codes) if codes else {}
        return tuple(finding if finding.state is FindingState.CLEAR else replace(finding, names=names) for finding in findings)

    def _handled(self, official_id: UUID, case_number: str) -> Sequence[tuple[str, str | None]]:
        """Return the functions that the person ever had for a case, each with the part that it was for."""
        had = or_(AccessGrant.valid_to.is_(None), AccessGrant.valid_to > AccessGrant.starts_at)
        number = AccessGrant.scope["case_number"].astext
        query = select(AccessGrant.function, AccessGrant.duty, number.label("number"))
        mine = query.where(AccessGrant.official_id == official_id, number.is_not(None), had)
        wanted = case_key(case_number)
        rows = self._read().execute(mine.order_by(AccessGrant.id)).all()
        return [(row.function, row.duty) for row in rows if case_key(row.number) == wanted]


def static_finding(rule: RuleView, asked: Iterable[str], held: Collection[str]) -> Finding:
    """Return what a static rule says of somebody who holds ``held`` and gets what is ``asked`` besides."""
    of_set = frozenset(rule.functions)
    wanted, beside = of_set.intersection(asked), of_set.intersection(held).difference(asked)
    state = FindingState.CONFLICT if len(wanted) + len(beside) > rule.most else FindingState.CLEAR
    return Finding(rule, tuple(sorted(wanted)), tuple(sorted(beside)), state)


def _of_case(rule: RuleView, asked: Iterable[str], duty: str | None, handled: Iterable[tuple[str, str | None]]) -> Finding:
    """Return what a rule on cases says of somebody who had ``handled`` for the case."""
    wanted = {function for function in asked if rule.concerns(function)}
    mine = [(function, part) for function, part in handled if rule.concerns(function)]
    crossing = {function for function, part in mine if not _is_same_part(function, part, wanted, duty)}
    beside = {function for function, _part in mine} - wanted
    too_many = bool(rule.functions) and len(wanted | beside) > rule.most
    state = FindingState.CONFLICT if crossing or too_many else FindingState.CLEAR
    return Finding(rule, tuple(sorted(wanted)), tuple(sorted(crossing | (beside if too_many else set()))), state)


def _is_same_part(function: str, part: str | None, wanted: Collection[str], duty: str | None) -> bool:
    """Return whether somebody goes on in the part in a case that they had; a part that nobody stated is both, handling and reviewing.

    The same function, with as little stated as before, adds nothing.
    """
    return part == duty and (duty is not None or function in wanted)


def lifted(finding: Finding, exceptions: Iterable[ExceptionView]) -> Finding:
    """Return the finding as the exceptions leave it: a conflict is lifted by one that names all functions in it; the longest counts."""
    if finding.state is not FindingState.CONFLICT or not finding.rule.liftable:
        return finding
    wanted = {*finding.asked, *finding.held}
    # One without functions is from a rule that is about every function.
    fit = [one for one in exceptions if one.rule_code == finding.rule.code and (not one.functions or wanted <= set(one.functions))]
    if not fit:
        return finding
    best = max(fit, key=lambda one: (one.ends_at, one.id))
    return Finding(finding.rule, finding.asked, finding.held, FindingState.LIFTED, best.id, best.ends_at)
