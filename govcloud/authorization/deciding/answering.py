"""From a subject and a question to a decision: no database here, so policy cases run exactly what production runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from govcloud.authorization.around.surroundings import Context
from govcloud.authorization.deciding.asking import ANYTHING, BEYOND, SHOWN, Asking, label_of
from govcloud.authorization.deciding.decisions import MESSAGES, Decision, Question, Reason, refusal
from govcloud.authorization.deciding.engine import Engine, Verdict
from govcloud.authorization.deciding.policy import all_of
from govcloud.authorization.deciding.reasons import why_denied
from govcloud.authorization.scopes.fields import View
from govcloud.authorization.scopes.scope import MAX_CASE_NUMBER, PROVINCE, division_prefix
from govcloud.authorization.subjects.holding import without_grace
from govcloud.authorization.subjects.snapshot import GrantFact, Snapshot, Window, grant_role, instant, is_door, is_function, moment
from govcloud.subsystems.levels import OWN, Traits, keeps_rows


class Catalogue(NamedTuple):
    """What a decision asks of the catalogue and of history; each is asked only when it matters.

    ``traits_of`` gives what a function is like (security label, integration level, care), and ``None`` for one that there is not.
    """

    traits_of: Callable[[str], Traits | None]
    last_grant: Callable[[str], GrantFact | None]
    item_for: Callable[[str], UUID | None]


class Seen(NamedTuple):
    """A subject as it is at one moment, with the engine and the epoch that were read together with it."""

    snapshot: Snapshot
    engine: Engine
    epoch: int
    now: datetime

    def asking(
        self,
        function: str,
        traits: Traits,
        *,
        resource: Mapping[str, Any] | None = None,
        context: Mapping[str, Any] | None = None,
        client_address: str | None = None,
        bounded: bool = False,
    ) -> Asking:
        """Return a question of the subject, as the engine takes it; by default about the function as such: on some row at least.

        Args:
            function: the function asked for.
            traits: its security label and its integration level, as the catalogue has them.
            resource: attributes of what is acted on.
            context: what the caller tells of the request.
            client_address: the address of the person's device, from a source that is trusted to tell it.
            bounded: whether it is about a particular thing; see ``Asking``.
        """
        surroundings = self.engine.surroundings
        return Asking(
            self.snapshot,
            function,
            instant(self.now),
            label=traits.label,
            level=traits.level,
            resource=resource or {},
            context=Context(self.now, context or {}, surroundings, client_address),
            bounded=bounded,
        )

    def naming(self) -> Callable[[str], bool]:
        """Return what says whether a rule of a held role, or a grant, names a function: one that none names is closed for certain."""
        held = self.snapshot.roles
        named = self.engine.policy.functions_of(held)
        return lambda function: function in named or all_of(function) in named or grant_role(function) in held


_ALLOWED = MESSAGES[Reason.ALLOWED]
_WHOLE = (View(PROVINCE, SHOWN),)
#: Reasons that a new request can mend; for the others a request would not help.
MENDABLE = frozenset(
    {
        Reason.OUT_OF_SCOPE,
        Reason.GRANT_REVOKED,
        Reason.GRANT_EXPIRED,
        Reason.NO_PERMISSION,
        Reason.CONDITION_NOT_MET,
        Reason.LEVEL_CANNOT_ENFORCE,
    }
)


def answer(question: Question, seen: Seen, catalogue: Catalogue) -> Decision:
    """Return the decision on ``question`` by the subject that was ``seen``."""
    function = question.function
    traits = catalogue.traits_of(function) if is_function(function) else None
    reason = unanswerable(question, traits)
    if reason is not None or traits is None:
        return refusal(reason or Reason.UNKNOWN_FUNCTION, seen.epoch)
    asking = asking_of(question, traits, seen)
    verdict = seen.engine.decide(asking, function)
    if not verdict.allowed:
        return _denied(verdict, asking, function, seen, catalogue)
    if traits.sensitive and _finishing(verdict):
        # What is sensitive is not finished after the end; whatever else opens it still does.
        return answer(question, seen._replace(snapshot=without_grace(seen.snapshot)), catalogue)
    # Last of all: nobody is sent to prove anything for what would stay closed. What is asked of the session is no right, so no rule and
    # no grant can open it.
    if question.strong is False and traits.sensitive:
        return refusal(Reason.INSUFFICIENT_USER_AUTHENTICATION, seen.epoch)
    if is_door(function):
        return _allowed(_without_rows(verdict), seen.epoch)
    return _allowed(verdict, seen.epoch, asking.clearance if keeps_rows(asking.level) else None)


def asking_of(question: Question, traits: Traits, seen: Seen) -> Asking:
    """Return the question as the engine takes it, asked by the subject that was ``seen``; ``traits`` are the function's."""
    return seen.asking(
        question.function,
        traits,
        resource=question.resource,
        context=question.context,
        client_address=question.client_address,
        bounded=is_particular(question.resource),
    )


def unanswerable(question: Question, traits: Traits | None) -> Reason | None:
    """Return why the question itself cannot be answered with yes: no such function (no ``traits``), or a place or label that is none."""
    if traits is None:
        return Reason.UNKNOWN_FUNCTION
    return None if _well_formed(question.resource) else Reason.BAD_RESOURCE


def command_refusal(command: str, resource: Mapping[str, Any], seen: Seen, *, client_address: str | None = None) -> Reason | None:
    """Return why the subject may not run a command of the platform on ``resource``; ``None``: it may.

    The command is always about a particular thing, so a delegated role (one bounded by a department path) reaches only
    resources that say under which department they stand. The platform's own functions have no label, and it
    keeps all that is decided about them.
    """
    asking = seen.asking(command, OWN, resource=resource, client_address=client_address, bounded=True)
    verdict = seen.engine.decide(asking, command)
    return None if verdict.allowed else why_denied(seen.engine.policy, verdict, asking, _no_grant)


def _no_grant() -> None:
    """Say that a command of the platform is never granted for a while."""


def opens(function: str, traits: Traits, seen: Seen, client_address: str | None = None) -> bool:
    """Return whether the engine opens a function that the catalogue has, with its ``traits``, on some row at least."""
    return seen.engine.decide(seen.asking(function, traits, client_address=client_address), function).allowed


def is_particular(resource: Mapping[str, Any]) -> bool:
    """Return whether a question is about a particular thing.

    No resource, or ``*`` as its id and no attribute, is the function as such. A type alone is some thing of that type that does not
    say where it stands, so delegated roles do not reach it.
    """
    return bool(resource) and not (resource.keys() <= {"type", "id"} and resource.get("id") == ANYTHING)


def _well_formed(resource: Mapping[str, Any]) -> bool:
    """Return whether what the resource says of its place and its label can be judged at all."""
    if not resource:
        return True
    division, path, case = resource.get("division"), resource.get("department_path"), resource.get("case_number")
    return (
        (division is None or _is_division(division))
        and (path is None or isinstance(path, str))
        and (case is None or (isinstance(case, str) and len(case) <= MAX_CASE_NUMBER))
        and label_of(resource, otherwise=BEYOND) < BEYOND
    )


def _is_division(code: object) -> bool:
    if not isinstance(code, str):
        return False
    try:
        division_prefix(code)
    except ValueError:
        return False
    return True


def _finishing(verdict: Verdict) -> bool:
    """Return whether a grant helped to open this that has ended, so that work in progress may be finished."""
    return any(window.finishing for window in verdict.windows)


def _without_rows(verdict: Verdict) -> Verdict:
    """Return the yes to a door, behind which there are no rows: bounds say whether it opens, and oblige nobody to anything."""
    return msgspec.structs.replace(verdict, rows=PROVINCE, views=_WHOLE)


def _allowed(verdict: Verdict, epoch: int, label_at_most: int | None = None) -> Decision:
    """Return the yes, with the rows and the end that its windows give, and the grant when grants alone gave it.

    ``label_at_most`` is the subject's clearance, against which a question about each single row would hold the label of that row.
    """
    last = _last_end(verdict.windows)
    code = Reason.FINISHING if _finishing(verdict) and all(window.finishing for window in verdict.windows) else Reason.ALLOWED
    return Decision(
        allowed=True,
        code=code,
        message=_ALLOWED if code is Reason.ALLOWED else MESSAGES[code],
        epoch=epoch,
        role=verdict.rule.role if verdict.rule else None,
        rule=verdict.rule.label if verdict.rule else None,
        grant_id=_lasting_grant(verdict.windows),
        scope=verdict.rows,
        ends_at=None if last is None else moment(last),
        views=verdict.views,
        label_at_most=label_at_most,
    )


def _last_end(windows: Iterable[Window]) -> int | None:
    """Return when the last of the windows ends; ``None``: never, or there are none."""
    last: int | None = None
    for window in windows:
        if window.ends_at is None:
            return None
        if last is None or window.ends_at > last:
            last = window.ends_at
    return last


def _lasting_grant(windows: Iterable[Window]) -> UUID | None:
    """Return the grant that lasts longest, if temporary grants alone opened this."""
    longest: Window | None = None
    for window in windows:
        if window.grant_id is None:
            return None
        if longest is None or (window.ends_at or 0) > (longest.ends_at or 0):
            longest = window
    return longest.grant_id if longest is not None else None


def _denied(verdict: Verdict, asking: Asking, function: str, seen: Seen, catalogue: Catalogue) -> Decision:
    """Say what stands nearest to an allow, and which item would open a request for it."""
    reason = why_denied(seen.engine.policy, verdict, asking, partial(catalogue.last_grant, function))
    return Decision(
        allowed=False,
        code=reason,
        message=MESSAGES[reason],
        epoch=seen.epoch,
        role=verdict.rule.role if verdict.rule else None,
        rule=verdict.rule.label if verdict.rule else None,
        remedy_item_id=catalogue.item_for(function) if reason in MENDABLE else None,
    )
