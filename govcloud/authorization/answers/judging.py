"""One question on a subject that has been read: allowed as the engine decides, or what it lacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

from govcloud.authorization.answering import Catalogue, Seen, answer, unanswerable
from govcloud.authorization.answers.entries import State
from govcloud.authorization.answers.missing import undetermined
from govcloud.authorization.asking import Asking
from govcloud.authorization.decider import Standing
from govcloud.authorization.decisions import Decision, Question
from govcloud.authorization.engine import Verdict
from govcloud.authorization.snapshot import instant
from govcloud.authorization.subjects import moment_context


@dataclass(frozen=True, slots=True)
class Asked:
    """What is asked of many subjects: the function, what it is used on, and the circumstances."""

    function: str
    resource: Mapping[str, Any] = field(default_factory=dict)
    context: Mapping[str, Any] = field(default_factory=dict)


class Judged(NamedTuple):
    """How it came out, the attributes that would settle it, and Casbin's verdict."""

    state: State
    missing: tuple[str, ...]
    verdict: Verdict


def judge(asked: Asked, seen: Seen) -> Judged:
    """Return how a question that can be answered at all comes out for the subject that was ``seen``."""
    asking = asking_of(asked, seen)
    verdict = seen.engine.decide(asking, asked.function)
    if verdict.allowed:
        return Judged(State.ALLOWED, (), verdict)
    missing = undetermined(seen.engine.policy, asking, asked.function)
    return Judged(State.CONDITIONAL if missing else State.DENIED, missing, verdict)


def asking_of(asked: Asked, seen: Seen) -> Asking:
    """Return the question as the engine takes it: exactly as ``answering.answer`` does."""
    return Asking(
        seen.snapshot,
        asked.function,
        instant(seen.now),
        resource=asked.resource,
        context=moment_context(seen.now, asked.context),
        bounded=bool(asked.resource),
    )


def answerable(asked: Asked, knows: bool) -> bool:  # noqa: FBT001 - whether the catalogue knows the function
    """Return whether the question can be answered with yes for anybody: there is the function, and its place is one."""
    catalogue = Catalogue(knows=lambda _function: knows, last_grant=lambda _function: None, item_for=lambda _function: None)
    return unanswerable(Question(asked.function, resource=asked.resource, context=asked.context), catalogue) is None


def decided(asked: Asked, seen: Seen, standing: Standing, catalogue: Catalogue) -> Decision:
    """Return the decision as ``Decider.decide`` gives it: what hangs on a duty lasts no longer than the duty."""
    decision = answer(Question(asked.function, resource=asked.resource, context=asked.context), seen, catalogue)
    until = standing.subject.ends_at if standing.subject else None
    if not decision.allowed or until is None:
        return decision
    return replace(decision, ends_at=until if decision.ends_at is None else min(until, decision.ends_at))
