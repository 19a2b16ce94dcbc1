"""What a receipt that holds says of the right by which it was decided, in sentences: for whoever reads one offline."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

_CAPACITIES: Mapping[str, str] = {
    "own": "by an office of their own over the department that owns the item",
    "superior": "by an office of their own over a department above the one that owns the item",
    "deputy": "as a deputy, called in because nobody had answered in time",
    "delegate": "in the right of {principal}, who had lent it",
    "stand_in": "in the right of {principal}, standing in while that person was out of office",
    "rule": "in advance, by a rule that {principal} had signed; nobody looked at this request",
    "silence": "by silence: nobody answered in time, for which case {principal} had signed a rule in advance",
}
_OLD = "in whose right, by which rule and at which step it was decided, receipts of version 1 do not say"


def sentences(payload: Mapping[str, Any]) -> tuple[str, ...]:
    """Return who decided and in whose right, by which rule, and at which step after whom; of an older receipt what it says of that.

    A payload that is signed but not of the usual form is the platform's own fault: what is missing is said as such.
    """
    if payload.get("version") == 1:
        return (f"decided by {_person(payload.get('decided_by'))}", _OLD)
    return tuple(_of_right(payload))


def _of_right(payload: Mapping[str, Any]) -> Iterator[str]:
    right, rule = _object(payload.get("right")), _object(payload.get("rule"))
    step, quorum = _object(payload.get("step")), _object(payload.get("quorum"))
    how = _CAPACITIES.get(str(right.get("capacity")), "in a capacity that this program does not know: {capacity}")
    how = how.format(principal=_person(right.get("principal")), capacity=right.get("capacity"))
    yield f"decided by {_person(payload.get('decided_by'))}, {how}"
    over = _object(right.get("over"))
    yield f"the right reached over: {over.get('department') or 'the whole province'}"
    if right.get("delegation_id"):
        yield f"delegation: {right['delegation_id']}"
    if rule:
        yield f"rule: {rule.get('id')}, for version {rule.get('item_version')} of the item, signed on {rule.get('signed_at')}"
    if payload.get("step") is None:
        yield "takes an approval back before access opened"
        return
    yield f"step {step.get('number')} of {step.get('of')}, put up for decision for the {_nth(step.get('round'))} time"
    units = ", of different departments" if quorum.get("distinct_units") else ""
    yield f"approvals at this step: {quorum.get('given')} of {quorum.get('needed')} needed{units}"
    for one in quorum.get("counted") or ():
        yield f"counted before: {_object(one).get('name')} on {_object(one).get('at')} (decision {_object(one).get('decision_id')})"


def _person(given: object) -> str:
    person = _object(given)
    return f"{person.get('name') or 'unnamed'} ({person.get('department') or 'no department'}, {person.get('post') or 'no post'})"


def _object(given: object) -> Mapping[str, Any]:
    return given if isinstance(given, Mapping) else {}


def _nth(number: object) -> str:
    return {1: "first", 2: "second", 3: "third"}.get(number, f"{number}th") if isinstance(number, int) else "?"
