"""Who breaks a rule as things stand: looked up before a rule comes into force, and for all rules each night.

Only static rules can be broken by what is held; one on cases or on sessions is kept at each request and each use.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.orm import Session

from govcloud.authorization.apart.events import SodViolationFound, SodViolationGone
from govcloud.authorization.apart.holdings import Holdings
from govcloud.authorization.apart.models import SodViolation
from govcloud.authorization.apart.rules import exceptions_of, rules_of_kind
from govcloud.authorization.apart.views import STATIC, Breach, RulePreview, RuleView
from govcloud.authorization.deciding.decider import Decider
from govcloud.authorization.locking import APART, hold
from govcloud.kernel.actor import Actor
from govcloud.kernel.ids import new_id
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

LOOK = "govcloud:sod_violation:look"


class Breaches:
    """Finds who holds too much of a set."""

    def __init__(self, read: Callable[[], Session], decider: Decider) -> None:
        """Take the source of reading sessions and the decider."""
        self._read = read
        self.holdings = Holdings(read, decider)

    def of(self, code: str, kind: str, functions: tuple[str, ...], most: int, at: datetime) -> RulePreview:
        """Return who breaks a rule of this description, in the order of their ids."""
        if kind != STATIC:
            return RulePreview(0, ())
        people = self.holdings.candidates(functions, at)
        least = most + 1 - len(self.holdings.open_to_all(functions))
        suspects = [who for who, count in people.items() if count >= least]
        held = [(who, found) for who, found in self.holdings.in_batches(suspects, functions, at) if len(found) > most]
        given = exceptions_of(self._read(), [who for who, _found in held], [code], at)
        named: dict[UUID, list[frozenset[str]]] = {}
        for one in given:
            named.setdefault(one.official_id, []).append(frozenset(one.functions))
        breaches = (Breach(who, tuple(sorted(found)), any(found <= one for one in named.get(who, ()))) for who, found in held)
        return RulePreview(len(people), tuple(breaches))


class Nightly:
    """Writes down who breaks a rule, from the night it is found to the night it is gone."""

    def __init__(self, uow: UnitOfWork, breaches: Breaches) -> None:
        """Take the unit of work and what finds them."""
        self._uow = uow
        self._breaches = breaches

    def look(self, actor: Actor) -> int:
        """Look at every static rule, each in a transaction of its own; return how many violations came or went."""
        with self._uow.begin(actor, LOOK) as tx:
            rules = {rule.code: rule for rule in rules_of_kind(tx.session, STATIC)}
            known = set(tx.session.scalars(select(SodViolation.rule_code).where(SodViolation.valid_to.is_(None)).distinct()))
        return sum(self._look_at(actor, code, rules.get(code)) for code in sorted(rules.keys() | known))

    def _look_at(self, actor: Actor, code: str, rule: RuleView | None) -> int:
        """Compare one rule (``None``: it was ended) with what was found before."""
        with self._uow.begin(actor, LOOK) as tx:
            hold(tx.session, APART)
            found: Mapping[UUID, Breach] = {}
            if rule is not None:
                preview = self._breaches.of(rule.code, rule.kind, rule.functions, rule.most, tx.now)
                found = {breach.official_id: breach for breach in preview.broken}
            query = select(SodViolation).where(SodViolation.rule_code == code, SodViolation.valid_to.is_(None))
            standing = {row.official_id: row for row in tx.session.scalars(query.with_for_update())}
            gone = [row for who, row in sorted(standing.items()) if who not in found]
            for row in gone:
                row.valid_to = max(tx.now, row.valid_from)
            fresh = [found[who] for who in sorted(found.keys() - standing.keys())]
            if rule is not None:
                tx.session.add_all([_violation(tx, rule, breach) for breach in fresh])
            tx.session.flush()
            came = [_found(rule, breach) for breach in fresh] if rule is not None else []
            went = [SodViolationGone(subject=f"official:{row.official_id}", official_id=row.official_id, rule_code=code) for row in gone]
            if came or went:
                tx.record_all([*came, *went])
            return len(came) + len(went)


def _violation(tx: Transaction, rule: RuleView, breach: Breach) -> SodViolation:
    return SodViolation(
        id=new_id(),
        official_id=breach.official_id,
        rule_code=rule.code,
        rule_version=rule.version,
        functions=list(breach.functions),
        valid_from=tx.now,
        valid_to=None,
    )


def _found(rule: RuleView, breach: Breach) -> SodViolationFound:
    return SodViolationFound(
        subject=f"official:{breach.official_id}",
        official_id=breach.official_id,
        rule_code=rule.code,
        rule_version=rule.version,
        functions=breach.functions,
    )
