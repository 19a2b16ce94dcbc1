"""From a subject and a question to a decision: no database here, so policy cases run exactly what production runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from govcloud.authorization.asking import Asking
from govcloud.authorization.decisions import MESSAGES, Decision, Question, Reason, refusal
from govcloud.authorization.engine import Engine, Verdict
from govcloud.authorization.reasons import why_denied
from govcloud.authorization.scope import division_prefix
from govcloud.authorization.snapshot import GrantFact, Snapshot, Window, instant, is_function, moment
from govcloud.authorization.subjects import moment_context


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What a decision asks of the catalogue and of history; each is asked only when it matters."""

    knows: Callable[[str], bool]
    last_grant: Callable[[str], GrantFact | None]
    item_for: Callable[[str], UUID | None]


@dataclass(frozen=True, slots=True)
class Seen:
    """A subject as it is at one moment, with the engine and the epoch that were read together with it."""

    snapshot: Snapshot
    engine: Engine
    epoch: int
    now: datetime


#: Reasons that a new request can mend; for the others a request would not help.
MENDABLE = frozenset({Reason.OUT_OF_SCOPE, Reason.GRANT_REVOKED, Reason.GRANT_EXPIRED, Reason.NO_PERMISSION, Reason.CONDITION_NOT_MET})


def answer(question: Question, seen: Seen, catalogue: Catalogue) -> Decision:
    """Return the decision on ``question`` by the subject that was ``seen``."""
    reason = unanswerable(question, catalogue)
    if reason is not None:
        return refusal(reason, seen.epoch)
    asking = Asking(
        seen.snapshot,
        question.function,
        instant(seen.now),
        resource=question.resource,
        context=moment_context(seen.now, question.context),
        bounded=bool(question.resource),
    )
    verdict = seen.engine.decide(asking, question.function)
    if verdict.allowed:
        return _allowed(verdict, seen.epoch)
    return _denied(verdict, asking, question.function, seen, catalogue)


def command_refusal(command: str, resource: Mapping[str, Any], seen: Seen) -> Reason | None:
    """Return why the subject may not run a command of the platform on ``resource``; ``None``: it may.

    The command is always about a particular thing, so a delegated role (one bounded by a department path) reaches only
    resources that say under which department they stand.
    """
    context = moment_context(seen.now, {})
    asking = Asking(seen.snapshot, command, instant(seen.now), resource=resource, context=context, bounded=True)
    verdict = seen.engine.decide(asking, command)
    return None if verdict.allowed else why_denied(seen.engine.policy, verdict, asking, command, None)


def opens(function: str, seen: Seen) -> bool:
    """Return whether the engine opens a function that the catalogue has, on some row at least."""
    context = moment_context(seen.now, {})
    asking = Asking(seen.snapshot, function, instant(seen.now), resource={}, context=context, bounded=False)
    return seen.engine.decide(asking, function).allowed


def unanswerable(question: Question, catalogue: Catalogue) -> Reason | None:
    """Return why the question itself cannot be answered with yes: no such function, or a place that is none."""
    if not is_function(question.function) or not catalogue.knows(question.function):
        return Reason.UNKNOWN_FUNCTION
    division = question.resource.get("division")
    path = question.resource.get("department_path")
    if (division is not None and not _is_division(division)) or (path is not None and not isinstance(path, str)):
        return Reason.BAD_RESOURCE
    return None


def _is_division(code: object) -> bool:
    if not isinstance(code, str):
        return False
    try:
        division_prefix(code)
    except ValueError:
        return False
    return True


def _allowed(verdict: Verdict, epoch: int) -> Decision:
    """Return the yes, with the rows and the end that its windows give, and the grant when grants alone gave it."""
    ends = [window.ends_at for window in verdict.windows]
    last = None if not ends or None in ends else max(end for end in ends if end is not None)
    return Decision(
        allowed=True,
        code=Reason.ALLOWED,
        message=MESSAGES[Reason.ALLOWED],
        epoch=epoch,
        role=verdict.rule.role if verdict.rule else None,
        rule=verdict.rule.label if verdict.rule else None,
        grant_id=_lasting_grant(verdict.windows),
        scope=verdict.rows,
        ends_at=None if last is None else moment(last),
    )


def _lasting_grant(windows: Iterable[Window]) -> UUID | None:
    """Return the grant that lasts longest, if temporary grants alone opened this."""
    found = list(windows)
    if not found or any(window.grant_id is None for window in found):
        return None
    return max(found, key=lambda window: window.ends_at or 0).grant_id


def _denied(verdict: Verdict, asking: Asking, function: str, seen: Seen, catalogue: Catalogue) -> Decision:
    """Say what stands nearest to an allow, and which item would open a request for it."""
    reason = why_denied(seen.engine.policy, verdict, asking, function, catalogue.last_grant(function))
    return Decision(
        allowed=False,
        code=reason,
        message=MESSAGES[reason],
        epoch=seen.epoch,
        role=verdict.rule.role if verdict.rule else None,
        rule=verdict.rule.label if verdict.rule else None,
        remedy_item_id=catalogue.item_for(function) if reason in MENDABLE else None,
    )
