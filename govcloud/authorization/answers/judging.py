"""One question on a subject that has been read: allowed as the engine decides, or what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import msgspec

from govcloud.authorization.answers.entries import State
from govcloud.authorization.deciding.answering import Catalogue, Seen, answer, asking_of, unanswerable
from govcloud.authorization.deciding.asking import Asking
from govcloud.authorization.deciding.decider import Standing
from govcloud.authorization.deciding.decisions import Decision, Question
from govcloud.authorization.deciding.engine import Verdict
from govcloud.authorization.deciding.lacking import lacking
from govcloud.authorization.subjects.snapshot import is_function
from govcloud.subsystems.levels import Traits


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of many subjects: the function, what it is used on, and the circumstances.

    ``client_address`` is that of the person's device, from whoever is trusted to tell it.
    """

    function: str
    resource: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)
    client_address: str | None = None

    def question(self) -> Question:
        """Return the question, of nobody in particular."""
        return Question(self.function, resource=self.resource, context=self.context, client_address=self.client_address)


class Judged(NamedTuple):
    """How it came out, the attributes that would settle it, and Casbin's verdict."""

    state: State
    missing: tuple[str, ...]
    verdict: Verdict


def judge(asked: Asked, traits: Traits, seen: Seen) -> Judged:
    """Return how a question that can be answered at all comes out for the subject that was ``seen``; ``traits`` are the function's."""
    asking = taken(asked, traits, seen)
    verdict = seen.engine.decide(asking, asked.function)
    if verdict.allowed:
        return Judged(State.ALLOWED, (), verdict)
    missing = tuple(sorted(lacking(seen.engine.policy, asking, asked.function)))
    return Judged(State.CONDITIONAL if missing else State.DENIED, missing, verdict)


def taken(asked: Asked, traits: Traits, seen: Seen) -> Asking:
    """Return the question as the engine takes it."""
    return asking_of(asked.question(), traits, seen)


def answerable(asked: Asked, traits: Traits | None) -> bool:
    """Return whether the question can be answered with yes for anybody: there is the function, and its place is one."""
    return is_function(asked.function) and unanswerable(asked.question(), traits) is None


def decided(asked: Asked, seen: Seen, standing: Standing, catalogue: Catalogue) -> Decision:
    """Return the decision as ``Decider.decide`` gives it: what hangs on a duty lasts no longer than the duty."""
    decision = answer(asked.question(), seen, catalogue)
    until = standing.subject.ends_at if standing.subject else None
    if not decision.allowed or until is None:
        return decision
    return msgspec.structs.replace(decision, ends_at=until if decision.ends_at is None else min(until, decision.ends_at))
