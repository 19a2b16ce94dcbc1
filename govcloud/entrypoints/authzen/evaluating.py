"""Deciding what was asked: one question, or the questions of a batch in their order, on one read of each subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any, TypeAlias

from govcloud.authorization.decisions import Decision, Question
from govcloud.entrypoints.authzen.answers import Decided, answers
from govcloud.entrypoints.authzen.asking import Asker
from govcloud.entrypoints.authzen.batches import Batch, Semantic
from govcloud.entrypoints.authzen.errors import ForeignFunctionError, MalformedError, out_of_time
from govcloud.entrypoints.authzen.wire import Evaluation
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services

#: A request that has been decided on for so long is given up: whoever asked has long stopped waiting.
BUDGET = timedelta(seconds=5)
#: What one item comes to before anything is decided: a question for the engine, a denial that needs no engine, an answer that is an error.
Asked: TypeAlias = "tuple[Evaluation, Question | Decision] | dict[str, Any]"


def evaluate(asked: Evaluation, client: ClientView) -> dict[str, Any]:
    """Return the answer to one question (section 6.2).

    Raises:
        ForeignFunctionError: it is about a function of another subsystem.
        Unavailable: it cannot be decided now, or not at the epoch that it names.
    """
    question = Asker(client).question(asked)
    if isinstance(question, Decision):
        return answers([Decided(asked, None, question)], client)[0]
    return answers([Decided(asked, question, services().authorization.decide(question))], client)[0]


def evaluate_all(batch: Batch, client: ClientView) -> dict[str, Any]:
    """Return the answers to a batch, in the order of its questions (section 7.2).

    An item that cannot be read or that this client may not ask is answered with no and an ``error`` of its own. With a semantic that
    ends early, what comes after the last answer is not decided at all.

    Raises:
        Unavailable: it cannot be decided now, not at an epoch that it names, or not in time.
    """
    asker = Asker(client)
    asker.learn(item.subject for item in batch.items if isinstance(item, Evaluation))
    asked = _as_far_as_it_goes([_asked(item, asker) for item in batch.items], batch.semantic)
    questions = [item[1] for item in asked if isinstance(item, tuple) and isinstance(item[1], Question)]
    decisions = iter(services().authorization.decide_all(questions, ends=_ends(batch.semantic)))
    found: list[Decided | dict[str, Any]] = []
    for item in asked:
        if isinstance(item, dict):
            found.append(item)
            continue
        evaluation, question = item
        entry = Decided(evaluation, None, question) if isinstance(question, Decision) else Decided(evaluation, question, next(decisions))
        found.append(entry)
        if batch.semantic.ends_with(allowed=entry.decision.allowed):
            break
    answered = iter(answers([entry for entry in found if isinstance(entry, Decided)], client))
    return {"evaluations": [next(answered) if isinstance(entry, Decided) else entry for entry in found]}


def _asked(item: Evaluation | MalformedError, asker: Asker) -> Asked:
    if isinstance(item, MalformedError):
        return _failed(400, "invalid_request", item)
    try:
        return item, asker.question(item)
    except ForeignFunctionError as error:
        return _failed(403, "foreign_function", error)


def _failed(status: int, code: str, error: Exception) -> dict[str, Any]:
    """Return the answer to an item that failed: closed, with what is wrong (section 7.2.1)."""
    return {"decision": False, "context": {"error": {"status": status, "code": code, "message": str(error)}}}


def _as_far_as_it_goes(asked: Sequence[Asked], semantic: Semantic) -> Sequence[Asked]:
    """Leave out what comes after an item whose answer is known to be the last: a failure is a denial, too (section 7.1.2.1)."""
    if semantic is not Semantic.DENY_ON_FIRST_DENY:
        return asked
    last = next((place for place, item in enumerate(asked) if isinstance(item, dict) or isinstance(item[1], Decision)), len(asked))
    return asked[: last + 1]


def _ends(semantic: Semantic) -> Callable[[Decision], bool]:
    """Return what says after each decision whether it is the last; it gives up when there is no time left."""
    clock = services().clock
    until = clock.now() + BUDGET

    def ends(decision: Decision) -> bool:
        if clock.now() > until:
            raise out_of_time()
        return semantic.ends_with(allowed=decision.allowed)

    return ends
