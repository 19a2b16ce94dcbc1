"""The duty rules that are in force: compiled anew beside the old ones when a rule comes or goes, then swapped in by reference."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import datetime

from govcloud.authorization.deciding.facts import DecisionFacts
from govcloud.authorization.subjects.duties import CompiledDuties, compile_duties


class LiveDuties:
    """Hands out the rules of one state, the number that ``DecisionFacts.state`` reads together with the policy's."""

    def __init__(self, facts: DecisionFacts) -> None:
        """Take the reads; nothing is read before it is asked for."""
        self._facts = facts
        #: The newest two: questions that began before a change still find theirs. Replaced as a whole, never written into.
        self._compiled: Mapping[int, CompiledDuties] = {}
        self._building = threading.Lock()

    def of(self, state: int, now: datetime) -> CompiledDuties:
        """Return the rules of ``state``, those included that begin later: their windows are compared at each decision."""
        compiled = self._compiled.get(state)
        if compiled is not None:
            return compiled
        with self._building:
            compiled = self._compiled.get(state)
            if compiled is None:
                # Another change may have come between: what was read then is kept under the number that was read with it.
                found, rules = self._facts.duty_rules(now)
                compiled = compile_duties(rules)
                newest = list(self._compiled.items())[-1:]
                self._compiled = dict([*newest, (found, compiled)])
            return compiled

    def as_of(self, at: datetime) -> CompiledDuties:
        """Return the rules that held at ``at``, kept nowhere."""
        return compile_duties(self._facts.duty_rules_at(at))
