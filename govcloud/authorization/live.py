"""The engine that is in force: made anew beside the old one when the policy changes, then swapped in by reference."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from uuid import UUID

from govcloud.authorization.engine import Engine
from govcloud.authorization.facts import DecisionFacts
from govcloud.authorization.policy import CompiledPolicy, compile_policy
from govcloud.authorization.shipped import baseline, model_text
from govcloud.authorization.surroundings import Surroundings


class LiveEngine:
    """Hands out the engine of a policy version; readers never wait for each other and never see one half made."""

    def __init__(self, facts: DecisionFacts, surroundings: Surroundings) -> None:
        """Take the reads, and the calendar and networks by which every policy decides here; an engine is made when it is asked for."""
        self._facts = facts
        self.surroundings = surroundings
        #: The newest two: questions that began before a change still find theirs. Replaced as a whole, never written into.
        self._engines: Mapping[UUID | None, Engine] = {}
        self._building = threading.Lock()

    def of(self, version_id: UUID | None) -> Engine:
        """Return the engine of the policy version that was read together with the subject.

        ``None`` is a database without a policy: there the shipped baseline decides, compiled the same way. That is how the
        first policy gets in: the baseline lets ``system:seed`` and ``system:operator`` install it, and nobody else can hold
        a role yet. A policy without rules is another thing: it is installed, has an id, and denies everyone.
        """
        engine = self._engines.get(version_id)
        if engine is not None:
            return engine
        with self._building:
            engine = self._engines.get(version_id)
            if engine is None:
                engine = self._make(version_id)
                newest = list(self._engines.items())[-1:]
                self._engines = dict([*newest, (version_id, engine)])
            return engine

    def as_of(self, version_id: UUID | None) -> Engine:
        """Return the engine of a version that decided once, for questions about the past; it takes nobody's place."""
        return self._engines.get(version_id) or self._make(version_id)

    def engine_for(self, policy: CompiledPolicy) -> Engine:
        """Return an engine of any policy, as it would decide here: for drafts that are compared with what is in force."""
        return Engine(model_text(), policy, self.surroundings)

    def _make(self, version_id: UUID | None) -> Engine:
        if version_id is None:
            shipped = baseline()
            return self.engine_for(compile_policy(0, shipped.roles, shipped.rules))
        return self.engine_for(compile_policy(*self._facts.policy(version_id)))
