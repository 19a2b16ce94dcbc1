"""Dynamic separation of duty: of a rule's functions one session uses no more than it allows, whatever the person may hold.

A yes that was decided for a session counts as a use, whether or not the subsystem then goes on; lists of what somebody could use do
not count. Functions that no dynamic rule names cost one look into a small table in memory, which is read again after a second: a rule
that comes into force is kept in every process within that time.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from govcloud.authorization.apart.findings import lifted, static_finding
from govcloud.authorization.apart.models import SodUse
from govcloud.authorization.apart.rules import exceptions_of, rules_of_kind
from govcloud.authorization.apart.views import DYNAMIC, FindingState, RuleView
from govcloud.authorization.deciding.decisions import Decision, Question, Reason, refusal
from govcloud.kernel.actor import Actor
from govcloud.kernel.clock import Clock
from govcloud.kernel.recent import Recent
from govcloud.kernel.unit_of_work import Transaction, UnitOfWork

READ_AGAIN = timedelta(seconds=1)
#: No session lives so long.
KEPT = timedelta(days=31)
NOTE = "govcloud:sod_use:note"
_BATCH = 10_000
_PLATFORM = Actor.system("signon")


class SessionSeparation:
    """Remembers which functions of dynamic rules a session has used, and refuses what they close."""

    def __init__(self, uow: UnitOfWork, clock: Clock) -> None:
        """Take the unit of work and the clock."""
        self._uow = uow
        self._rules = Recent(self._by_function, clock, READ_AGAIN)

    def settle(self, question: Question, decision: Decision) -> Decision:
        """Return the decision as the session leaves it: a yes that a dynamic rule closes becomes a no, any other yes is noted as a use."""
        if not decision.allowed or question.session_id is None:
            return decision
        rules = self._rules.get().get(question.function)
        if not rules:
            return decision
        used = select(SodUse.session_id).where(SodUse.session_id == question.session_id, SodUse.function == question.function)
        # What was used once stays open: nothing that came later can have been let in beside it.
        if self._uow.read().scalar(used) is not None:
            return decision
        with self._uow.begin(_PLATFORM, NOTE) as tx:
            tx.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(f"govcloud sod use {question.session_id}", 0))))
            if self._closed(tx, question, rules):
                return refusal(Reason.USED_APART, decision.epoch)
            row = insert(SodUse).values(session_id=question.session_id, function=question.function, at=tx.now)
            tx.session.execute(row.on_conflict_do_nothing())
        return decision

    def purge(self, actor: Actor) -> int:
        """Forget one batch of uses in sessions that ended long ago; return how many."""
        with self._uow.begin(actor, NOTE) as tx:
            old = select(SodUse.session_id, SodUse.function).where(SodUse.at < tx.now - KEPT).limit(_BATCH).subquery()
            gone = delete(SodUse).where(SodUse.session_id == old.c.session_id, SodUse.function == old.c.function)
            return len(tx.session.execute(gone.returning(SodUse.function)).all())

    def _closed(self, tx: Transaction, question: Question, rules: tuple[RuleView, ...]) -> bool:
        """Return whether what the session has used closes the function, and no exception lifts that."""
        named = sorted({function for rule in rules for function in rule.functions})
        used = set(tx.session.scalars(select(SodUse.function).where(SodUse.session_id == question.session_id, SodUse.function.in_(named))))
        who = [question.official_id] if question.official_id is not None else []
        exceptions = exceptions_of(tx.session, who, [rule.code for rule in rules], tx.now) if who else ()
        found = (lifted(static_finding(rule, [question.function], used), exceptions) for rule in rules)
        return any(finding.state is FindingState.CONFLICT for finding in found)

    def _by_function(self) -> Mapping[str, tuple[RuleView, ...]]:
        """Return the dynamic rules in force by the functions that they name."""
        about: dict[str, tuple[RuleView, ...]] = {}
        for rule in rules_of_kind(self._uow.read(), DYNAMIC):
            for function in rule.functions:
                about[function] = (*about.get(function, ()), rule)
        return about
