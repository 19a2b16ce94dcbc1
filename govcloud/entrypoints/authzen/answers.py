"""From a decision to the wire: obligations with a yes; with a no, the reason for people and where to ask for access."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from flask_babel import force_locale

from govcloud.authorization.deciding.decisions import MESSAGES, Decision, Question, Reason
from govcloud.authorization.deciding.obligations import obligations_of
from govcloud.entrypoints.authzen.approvals import Approvals
from govcloud.entrypoints.authzen.remedies import Remedies
from govcloud.entrypoints.authzen.wire import Evaluation
from govcloud.kernel.messages import Message
from govcloud.subsystems.queries import ClientView
from govcloud.web.gate import services
from govcloud.web.locale import CHINESE, ENGLISH, say
from govcloud.web.trace import trace_id

#: The sentences of reasons never change while a process lives: kept once they have been said.
_SAID: dict[Reason, dict[str, str]] = {}


class Decided(NamedTuple):
    """What was asked, as the engine takes it, and the decision."""

    asked: Evaluation
    question: Question
    decision: Decision


def answers(decided: Sequence[Decided], client: ClientView) -> list[dict[str, Any]]:
    """Return the decisions as sections 5.5 and 6.2 have them; what would mend the denials is looked up for all of them at once."""
    remedies = Remedies(client, [entry.decision for entry in decided])
    approvals = Approvals([entry.asked.context for entry in decided])
    number = trace_id()
    return [_answer(entry, remedies, approvals, number) for entry in decided]


def _answer(entry: Decided, remedies: Remedies, approvals: Approvals, number: str) -> dict[str, Any]:
    decision = entry.decision
    context = _allowed(decision) if decision.allowed else _denied(entry, remedies, number)
    if "approval" in entry.asked.context.given:
        context |= approvals.of(entry.asked.context, entry.question, decision, context)
    return {"decision": decision.allowed, "context": context}


def _allowed(decision: Decision) -> dict[str, Any]:
    """Return what a yes obliges to, and until when it can last."""
    context: dict[str, Any] = {"reason": decision.code, "obligations": obligations_of(decision), "epoch": decision.epoch}
    if decision.ends_at is not None:
        context["ends_at"] = decision.ends_at.isoformat()
    return context


def _denied(entry: Decided, remedies: Remedies, number: str) -> dict[str, Any]:
    """Return why not, in both languages, and (Access Request & Approval Profile) where access can be requested."""
    decision = entry.decision
    context: dict[str, Any] = {
        "reason": decision.code,
        "reason_user": _sentences(decision),
        "epoch": decision.epoch,
        "trace_id": number,
    }
    if decision.code is Reason.INSUFFICIENT_USER_AUTHENTICATION:
        # A sign-in mends that of a session alone: without one there is nobody to send to it.
        return context | _step_up() if entry.asked.subject.sid is not None else context
    return context | remedies.of(entry.asked, entry.question, decision)


def _step_up() -> dict[str, Any]:
    """Return what the session has to be, by the names under which it is asked for at sign-in (RFC 9470 section 3)."""
    demand = services().step_up.demand()
    # The rule may have been dropped since it was decided: then the question has another answer already.
    return {} if demand is None else {"acr_values": demand.acr, "max_age": demand.max_age}


def _sentences(decision: Decision) -> dict[str, str]:
    """Return the sentence for people by language (BCP 47)."""
    if decision.message is not MESSAGES[decision.code]:
        return _say(decision.message)
    found = _SAID.get(decision.code)
    if found is None:
        found = _SAID[decision.code] = _say(decision.message)
    return found


def _say(message: Message) -> dict[str, str]:
    said = {}
    for name, locale in (("zh-CN", CHINESE), ("en", ENGLISH)):
        with force_locale(locale):
            said[name] = say(message)
    return said
