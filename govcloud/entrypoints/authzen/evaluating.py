"""Deciding what was asked: one question, or the questions of a batch in their order, on one read of each subject."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Any, NamedTuple

from govcloud.authorization.deciding.decisions import Decision, Question, Reason, refusal
from govcloud.entrypoints.authzen.answers import Decided, answers
from govcloud.entrypoints.authzen.asking import Asker
from govcloud.entrypoints.authzen.batches import Batch, Semantic
from govcloud.entrypoints.authzen.errors import ForeignFunctionError, MalformedError, out_of_time
from govcloud.entrypoints.authzen.wire import Evaluation
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.trace import trace_id

#: A request that has been decided on for so long is given up: whoever asked has long stopped waiting.
BUDGET = timedelta(seconds=5)
#: After how many decisions it is looked at the clock.
LOOKED_AT_THE_CLOCK = 8


def evaluate(asked: Evaluation, client: ClientView) -> dict[str, Any]:
    """Return the answer to one question (section 6.2).

    Raises:
        ForeignFunctionError: it is about a function of another subsystem.
        Unavailable: it cannot be decided now, or not at the epoch that it names.
    """
    question, denial = Asker(client).question(asked)
    return _given_out([Decided(asked, question, denial or _settled(question, services().authorization.decide(question)))], client)[0]


def evaluate_all(batch: Batch, client: ClientView) -> dict[str, Any]:
    """Return the answers to a batch, in the order of its questions (section 7.2).

    An item that cannot be read or that this client may not ask is answered with no and an ``error`` of its own. With a semantic that
    ends early, what comes after the last answer is not decided at all.

    Raises:
        Unavailable: it cannot be decided now, not at an epoch that it names, or not in time.
    """
    asker = Asker(client)
    items = _as_far_as_it_goes([_prepared(item, asker) for item in batch.items], batch.semantic)
    found = _decided(items, batch.semantic)
    _note([entry for entry in found if isinstance(entry, _Failed)], client)
    answered = iter(_given_out([entry for entry in found if isinstance(entry, Decided)], client))
    return {"evaluations": [next(answered) if isinstance(entry, Decided) else entry.answer for entry in found]}


class _Prepared(NamedTuple):
    """A question for the engine; with ``denial`` it need not be asked."""

    asked: Evaluation
    question: Question
    denial: Decision | None


class _Failed(NamedTuple):
    """An item that cannot be asked: what of it can be told, why, and its answer."""

    question: Question
    decision: Decision
    answer: dict[str, Any]


def _prepared(item: Evaluation | MalformedError, asker: Asker) -> _Prepared | _Failed:
    """Return an item's question, or what becomes of one that cannot be asked."""
    if isinstance(item, MalformedError):
        return _failed(400, Reason.INVALID_REQUEST, item, asker.unread())
    try:
        return _Prepared(item, *asker.question(item))
    except ForeignFunctionError as error:
        return _failed(403, Reason.FOREIGN_FUNCTION, error, asker.unanswered(item))


def _failed(status: int, code: Reason, error: Exception, question: Question) -> _Failed:
    """Return an item that failed: closed, with what is wrong (section 7.2.1)."""
    answer = {"decision": False, "context": {"error": {"status": status, "code": str(code), "message": str(error)}}}
    return _Failed(question, refusal(code), answer)


def _as_far_as_it_goes(items: Sequence[_Prepared | _Failed], semantic: Semantic) -> Sequence[_Prepared | _Failed]:
    """Leave out what comes after an item that is denied beforehand and ends it all: a failure is a denial, too (section 7.1.2.1)."""
    if not semantic.ends_with(allowed=False):
        return items
    denied = (place for place, item in enumerate(items) if isinstance(item, _Failed) or item.denial is not None)
    return items[: next(denied, len(items)) + 1]


def _decided(items: Sequence[_Prepared | _Failed], semantic: Semantic) -> list[Decided | _Failed]:
    """Return the items with their decisions, up to the one that ends it all.

    The engine stops at what ends it all; where the session turns that yes into a no, what follows is decided one by one.
    """
    questions = [item.question for item in items if isinstance(item, _Prepared) and item.denial is None]
    decisions = iter(services().authorization.decide_all(questions, partial(_ends, semantic)))
    found: list[Decided | _Failed] = []
    for item in items:
        if isinstance(item, _Failed):
            found.append(item)
            continue
        decision = item.denial or _settled(item.question, next(decisions, None) or services().authorization.decide(item.question))
        found.append(Decided(item.asked, item.question, decision))
        if semantic.ends_with(allowed=decision.allowed):
            break
    return found


def _settled(question: Question, decision: Decision) -> Decision:
    """Return the decision as the session leaves it: what the engine opens may be closed by what the session used before."""
    return services().authorization.settle(question, decision)


def _ends(semantic: Semantic) -> Callable[[Decision], bool]:
    """Return what says after each decision whether it is the last; it gives up when there is no time left."""
    clock = services().clock
    until, left = clock.now() + BUDGET, LOOKED_AT_THE_CLOCK

    def ends(decision: Decision) -> bool:
        nonlocal left
        left -= 1
        if not left:
            left = LOOKED_AT_THE_CLOCK
            if clock.now() > until:
                raise out_of_time()
        return semantic.ends_with(allowed=decision.allowed)

    return ends


def _given_out(decided: Sequence[Decided], client: ClientView) -> list[dict[str, Any]]:
    """Return the answers, after noting that they were given."""
    given_out, number = services().given_out, trace_id()
    for entry in decided:
        given_out.note(entry.question, entry.decision, client.client_id, trace_id=number)
    return answers(decided, client)


def _note(failed: Sequence[_Failed], client: ClientView) -> None:
    """Put items that failed into the decision log: they were answered with no. No policy says anything of them, so no shadow does."""
    log, number = services().decision_log, trace_id()
    for entry in failed:
        log.note(entry.question, entry.decision, client.client_id, trace_id=number)
